"""What gets through the door: signatures, times, sizes, kinds, shapes, workspaces, repeats."""

from __future__ import annotations

import asyncio
import json
import time
from typing import Any
from urllib.parse import urlencode

import pytest
from sqlalchemy import func, select

from bot.slack import payload as shapes
from bot.web import guard
from db.tables import EntryRow, Incident
from tests.security.desk import (
    ADA,
    APP,
    EVE,
    PUBLIC,
    Desk,
    click,
    command,
    event,
    shortcut,
    submit,
)

BODY = urlencode(command(EVE, "open Trouble")).encode()
FORM, JSON = guard.FORM, guard.JSON


def now() -> int:
    """Seconds now: never at import, since a test may run long after it was collected."""
    return int(time.time())


def _entries(desk: Desk) -> int:
    count = select(func.count()).select_from(EntryRow)
    return desk.house.read_sync(lambda session: session.execute(count).scalar_one())


@pytest.mark.parametrize(
    ("given", "status"),
    [
        ({"signature": "v0=" + "0" * 64}, 401),  # somebody else's secret
        ({"signature": ""}, 401),
        ({"signature": "v0="}, 401),
        ({"signature": "v1=" + "0" * 64}, 401),
        ({"signature": "v0=ü"}, 401),  # not ASCII
        ({"at": -301}, 401),  # older than five minutes
        ({"at": +900}, 401),  # from the future
        ({"at": ""}, 401),
        ({"at": "soon"}, 401),
        ({"at": "1e9"}, 401),
        ({"at": "-5"}, 401),
        ({"at": "²"}, 401),  # a digit to str.isdigit, no number
        ({"at": "9" * 30}, 401),
        ({"content_type": "text/plain"}, 415),
        ({"content_type": "multipart/form-data; boundary=x"}, 415),
        ({"content_type": ""}, 415),
        ({"content_type": "application/json"}, 400),  # signed, but no JSON
        ({"headers": {"content-length": "-1"}}, 413),
        ({"headers": {"content-length": "99999999"}}, 413),
        ({}, 200),
    ],
    ids=lambda value: str(value)[:40],
)
async def test_what_is_not_certainly_from_slack_goes_no_further(
    desk: Desk, given: dict[str, Any], status: int
) -> None:
    before = _entries(desk)
    given = dict(given)
    content_type = given.pop("content_type", FORM)
    if isinstance(given.get("at"), int):
        given["at"] += now()
    if isinstance(given.get("at"), str) or "ü" in given.get("signature", ""):
        given.setdefault("signature", "v0=" + "0" * 64)
        headers = [
            (b"content-type", content_type.encode()),
            (b"x-slack-request-timestamp", str(given.get("at", now())).encode()),
            (b"x-slack-signature", given["signature"].encode()),
        ]
        answer = await desk.http.post("/slack/events", content=BODY, headers=headers)
    else:
        answer = await desk.send(BODY, content_type, **given)
    assert answer.status_code == status
    assert (_entries(desk) > before) == (status == 200)
    assert not desk.troubles()


async def test_a_changed_body_does_not_fit_its_signature(desk: Desk) -> None:
    from bot.sandbox.delivery_http import sign
    from tests.security.desk import SECRET

    at = now()
    signature = sign(SECRET, at, BODY)
    answer = await desk.send(BODY.replace(b"Trouble", b"Treuble"), at=at, signature=signature)
    assert answer.status_code == 401


async def test_a_body_beyond_the_limit_is_cut_off_even_without_its_length(desk: Desk) -> None:
    async def pieces():  # type: ignore[no-untyped-def]
        for _ in range(30):
            yield b"x" * 65536

    answer = await desk.http.post("/slack/events", content=pieces(), headers={"content-type": FORM})
    assert answer.status_code == 413


async def test_a_sender_that_dawdles_is_let_go(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(guard, "BODY_WITHIN_S", 0.05)

    async def pieces():  # type: ignore[no-untyped-def]
        yield b"payload="
        await asyncio.sleep(1)
        yield b"{}"

    answer = await desk.http.post("/slack/events", content=pieces(), headers={"content-type": FORM})
    assert answer.status_code == 408


async def test_repeats_inside_the_window_are_carried_out_once(desk: Desk) -> None:
    for payload in (
        command(ADA, "note seen once", PUBLIC),
        event(ADA, "reaction_added", reaction="pushpin",
              item={"type": "message", "channel": PUBLIC, "ts": "1700000001.000100"}, item_user=EVE),
        submit(ADA, "record_submit", {"text": {"value": "from a form"}}, '{"i":1}'),
    ):  # fmt: skip
        first = await desk.payload(payload)
        after = _entries(desk)
        again = await asyncio.gather(*[desk.payload(payload) for _ in range(5)])
        assert {one.status_code for one in again} == {first.status_code} == {200}
        assert _entries(desk) == after
    assert len({one.text for one in again}) == 1


HOSTILE: list[tuple[str, Any]] = [
    ("no object", [1, 2]),
    ("a word", "hello"),
    ("nothing", {}),
    ("no type", {"user": {"id": EVE}}),
    ("unknown type", {"type": "surprise"}),
    ("type is a list", {"type": ["block_actions"]}),
    ("user is a word", {**click(EVE, "timeline"), "user": "U66EVE"}),
    ("user without id", {**click(EVE, "timeline"), "user": {}}),
    ("user id with a space", {**click(EVE, "timeline"), "user": {"id": "U 1"}}),
    ("no actions", {**click(EVE, "timeline"), "actions": []}),
    ("action is null", {**click(EVE, "timeline"), "actions": [None]}),
    ("view is a list", {**submit(EVE, "open_submit", {}), "view": []}),
    ("state is a word", {**submit(EVE, "open_submit", {}), "view": {"id": "V1", "state": "x"}}),
    ("year 300000", submit(EVE, "record_submit", {"at": {"selected_date_time": 10**13}})),
    ("time is a word", submit(EVE, "record_submit", {"at": {"selected_date_time": "noon"}})),
    ("option without value", submit(EVE, "open_submit", {"severity": {"selected_option": {}}})),
    ("people are numbers", submit(EVE, "open_submit", {"people": {"selected_users": [1]}})),
    ("event is a word", {**event(EVE, "message"), "event": "message"}),
    ("event without type", {**event(EVE, "message"), "event": {}}),
    ("ts is no time", event(EVE, "reaction_added", item={"type": "message", "ts": "now"})),
    ("trigger of a mile", {**shortcut(EVE, "open_incident"), "trigger_id": "9" * 5000}),
    ("message is null", {**shortcut(EVE, "add_to_record", "x"), "message": None}),
    ("answer by gopher", {**click(EVE, "timeline"), "response_url": "gopher://127.0.0.1/x"}),
    ("too deep", {**click(EVE, "timeline"), "x": json.loads("[" * 60 + "]" * 60)}),
    ("too many", {**click(EVE, "timeline"), "x": list(range(60_000))}),
]


@pytest.mark.parametrize(("name", "payload"), HOSTILE, ids=[name for name, _ in HOSTILE])
async def test_signed_nonsense_is_refused_with_400_and_logged_once(
    desk: Desk, name: str, payload: Any
) -> None:
    before = _entries(desk)
    answer = await desk.send(urlencode({"payload": json.dumps(payload)}).encode())
    assert answer.status_code == 400 and len(answer.text) < 60
    refused = [one for one in desk.logged if one.getMessage() == "payload_refused"]
    assert len(refused) == 1 and not desk.troubles()
    assert _entries(desk) == before


@pytest.mark.parametrize(
    "raw",
    [
        b"\xff\xfe", b"payload=%FF{", b"payload={", b"payload=" + b"[" * 200_000, b"payload=NaN",
        b'payload={"type":' + b"9" * 100_000 + b"}", b"payload=null", b"&".join([b"a=b"] * 500),
        b"{", b"", b"=&=&",
    ],
)  # fmt: skip
async def test_signed_bytes_that_are_no_payload(desk: Desk, raw: bytes) -> None:
    refused = (400, 401) if raw.startswith(b"\xff") else (400,)  # what is not text cannot be signed
    assert (await desk.send(raw)).status_code in refused
    assert (await desk.send(raw, JSON)).status_code in refused
    assert not desk.troubles()


async def test_unknown_fields_nul_and_halves_of_characters_do_no_harm(desk: Desk) -> None:
    payload = {**command(ADA, "note a\x00b", PUBLIC), "brand_new": "field"}
    assert (await desk.payload(payload)).status_code == 200
    form = submit(ADA, "record_submit", {"text": {"value": "half \ud800 of it \x00"}}, '{"i":1}')
    assert (await desk.payload(form)).status_code == 200
    assert not desk.troubles()


async def test_only_our_workspace_and_our_app(desk: Desk) -> None:
    await desk.door.workspace.learn({"team_id": "T0HOME"})
    desk.door.workspace.app = APP
    ours = command(ADA, "note ours", PUBLIC)
    other = {"id": "T0OTHER", "domain": "x"}
    stranger = {"id": EVE, "team_id": "T0OTHER"}
    assert (await desk.payload(ours)).status_code == 200
    before = _entries(desk)
    for payload in (
        {**command(ADA, "note x", PUBLIC), "team_id": "T0OTHER"},
        {**command(ADA, "note x", PUBLIC), "api_app_id": "A0OTHER"},
        {**click(ADA, "timeline"), "team": other},
        {**click(EVE, "step_done", '{"i":1}', PUBLIC), "user": stranger},  # Slack Connect
        {**submit(EVE, "record_submit", {}), "user": stranger},
        {**shortcut(EVE, "open_incident"), "user": stranger},
        event(EVE, "message", user_team="T0OTHER", channel=PUBLIC),
        {**event(EVE, "message", channel=PUBLIC), "team_id": "T0OTHER", "authorizations": []},
    ):
        answer = await desk.payload(payload)
        assert answer.status_code == 403, payload
        assert "INC" not in answer.text
    assert _entries(desk) == before
    refused = [one for one in desk.logged if one.getMessage() == "stranger_refused"]
    assert len(refused) == 8 and EVE not in str([vars(one) for one in refused])


async def test_the_workspace_is_known_again_after_a_restart(desk: Desk) -> None:
    from bot.slack.workspace import Workspace

    await desk.door.workspace.learn({"team_id": "T0HOME"})
    assert Workspace(desk.house).team == "T0HOME"
    friends = Workspace(desk.house, frozenset({"T0SISTER"}))
    friends.admit({**click(EVE, "x"), "user": {"id": EVE, "team_id": "T0SISTER"}})


def test_every_payload_of_the_tests_is_one_that_slack_sends() -> None:
    for payload in (
        command(EVE, ""), click(EVE, "a"), submit(EVE, "a", {}), shortcut(EVE, "a"),
        shortcut(EVE, "a", "x"), event(EVE, "message"),
    ):  # fmt: skip
        shapes.check(payload)


async def test_an_unsealed_form_gives_nobody_the_rights_of_the_channel(desk: Desk) -> None:
    forged = f'{{"i":1,"c":"{PUBLIC}"}}'
    hypothesis = {"kind": {"selected_option": {"value": "hypothesis"}}, "text": {"value": "mine"}}
    answer = await desk.payload(submit(EVE, "record_submit", hypothesis, forged))
    assert "errors" in answer.json()
    await desk.payload(command(EVE, "hypothesis", PUBLIC))  # somebody who is in the channel
    await desk.quiet()
    sealed = desk.slack.views()[-1]["private_metadata"]
    stolen = submit(ADA, "record_submit", hypothesis, sealed.replace('"i":1', '"i":3'))
    honest = submit(EVE, "record_submit", hypothesis, sealed)
    assert (await desk.payload(honest)).text == ""
    assert (await desk.payload(stolen)).status_code == 200
    row = desk.house.read_sync(lambda session: session.get(Incident, 1))
    assert row is not None


async def test_slow_headers_end_the_connection() -> None:
    import uvicorn
    from starlette.applications import Starlette

    from bot.web import patience

    patience_s, patience.HEADERS_WITHIN_S = patience.HEADERS_WITHIN_S, 0.1
    config = uvicorn.Config(
        Starlette(), host="127.0.0.1", port=0, log_level="error", lifespan="off",
        http=patience.Patient,
    )  # fmt: skip
    server = uvicorn.Server(config)
    task = asyncio.create_task(server.serve())
    try:
        while not server.started:
            await asyncio.sleep(0.01)
        port = server.servers[0].sockets[0].getsockname()[1]
        for said in (
            b"",
            b"GET / HTTP/1.1\r\nhost: x\r\n",
            b"GET / HTTP/1.1\r\n" + b"x: y\r\n" * 90_000,
        ):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(said)
            ended = await asyncio.wait_for(_ended(reader), 3)
            writer.close()
            assert ended == b""
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"GET / HTTP/1.1\r\nhost: x\r\n\r\n")
        assert b"404" in await asyncio.wait_for(reader.readline(), 3)
        writer.close()
    finally:
        patience.HEADERS_WITHIN_S = patience_s
        server.should_exit = True
        await task


async def _ended(reader: asyncio.StreamReader) -> bytes:
    try:
        return await reader.read()
    except ConnectionResetError:
        return b""
