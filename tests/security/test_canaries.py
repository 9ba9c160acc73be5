"""Secrets and private words planted everywhere, and then looked for where they must not be."""

from __future__ import annotations

import asyncio
import io
import logging
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest
from click.testing import CliRunner
from pydantic import SecretStr
from sqlalchemy import select
from sqlmodel import Session

from bot import logs
from bot.comms import approving, notices
from bot.incident import roles
from bot.incident.opening import open_incident
from bot.incident.queries import get, may_see
from bot.postmortem.export import export_document
from bot.record.tx import Tx
from bot.settings import Settings
from bot.slack.render import SlackRenderer
from bot.slack.surfaces import card_parts
from db.tables import EffectRow
from tests.security.desk import (
    ADA,
    BEN,
    EVE,
    PUBLIC,
    Desk,
    click,
    command,
    event,
    furnish,
    open_desk,
    submit,
)
from tests.support.houses import Run
from tests.support.outside import Outside

SECRETS = {
    "SLACK_BOT_TOKEN": "xoxb-canary-bot-1111",
    "SLACK_SIGNING_SECRET": "s3cret-of-the-tests",
    "SLACK_APP_TOKEN": "xapp-1-A0OURS-canary-app-2222",
}
HOOK = "http://127.0.0.1:9/commands/T0/canary-hook-3333"
WORDS = [
    "canary-note-4444",
    "canary-title-5555",
    "canary-message-6666",
    "canary-form-7777",
    "canary-typo-8888",
]
PRIVATE_WORDS = ["canary-private-9999", "canary-sealed-0000", "canary-privileged-1212"]
#: In the texts of notices that nobody approved, of a public and of the private incident.
NOTICE_WORDS = ["canary-notice-1212", "canary-headline-1313"]
PRIVATE_NOTICE = "canary-hidden-notice-1414"


@pytest.fixture
def written() -> Iterator[io.StringIO]:
    """What the process logs, at its most talkative."""
    root = logging.getLogger()
    before, level = root.handlers[:], root.level
    stream = io.StringIO()
    yield stream
    root.handlers[:] = before
    root.setLevel(level)


async def _story(desk: Desk) -> None:
    run = Run(desk.house)
    with_hook = {"response_url": HOOK}
    await desk.payload({**command(ADA, f"note {WORDS[0]}", PUBLIC), **with_hook})
    await desk.payload({**command(ADA, f"open {WORDS[1]}"), **with_hook})
    await desk.payload(event(ADA, "message", subtype="message_changed", channel=PUBLIC,
                             message={"ts": "1700000001.000100", "text": WORDS[2]},
                             previous_message={"ts": "1700000001.000100", "text": WORDS[2]}))  # fmt: skip
    await desk.payload(submit(ADA, "record_submit", {"text": {"value": WORDS[3]}}, '{"i":1}'))
    await desk.payload(command(ADA, f"nonsense {WORDS[4]}", PUBLIC))
    await desk.payload({**click(EVE, "timeline", WORDS[4]), **with_hook})
    await desk.payload({**click(EVE, "timeline", WORDS[4]), "user": WORDS[4]})
    await desk.send(b"payload=" + WORDS[4].encode())
    note = {"text": {"value": PRIVATE_WORDS[2]},
            "readers": {"selected_options": [{"value": "legal"}]}}  # fmt: skip
    await desk.payload(submit(ADA, "privileged_submit", note, '{"i":1}'))
    await desk.payload({**command(ADA, f"privileged {PRIVATE_WORDS[2]}", PUBLIC), **with_hook})
    run(ADA, lambda tx: open_incident(tx, PRIVATE_WORDS[0], private=True))
    await desk.payload(command(ADA, f"INC-2 note {PRIVATE_WORDS[1]}", "C0INC2"))
    await desk.quiet()
    Outside(desk.house).settle()
    _unpublished(run, 1, *NOTICE_WORDS)
    _unpublished(run, 2, PRIVATE_NOTICE, PRIVATE_NOTICE)
    run(ADA, lambda tx: _tell_of_roles(tx, 2), channel="C0INC2")
    Outside(desk.house).settle()


def _unpublished(run: Run, number: int, body: str, title: str) -> None:
    """A notice that waits for approval."""

    def verb(tx: Tx) -> None:
        row = get(tx.session, number)
        made = notices.draft(tx, row, "status_page", "first").number
        text = (
            f"We are looking into a problem with our assistant: {body}. Some people saw wrong "
            "answers. You need to do nothing. We will write again by 18:00 UTC today."
        )
        notices.edit(tx, row, made, f"Trouble {title}", text)
        tx.batch.flush()
        approving.submit(tx, row, made)

    run(ADA, verb, channel=f"C0INC{number}")


def _tell_of_roles(tx: Tx, number: int) -> None:
    """Direct messages about the private incident, to one who is in it from then on."""
    roles.assign(tx, get(tx.session, number), "comms", BEN)


def test_every_secret_of_the_settings_is_planted() -> None:
    """A new secret fails here until a canary stands for it."""
    secret = {
        str(field.validation_alias)
        for field in Settings.model_fields.values()
        if field.annotation is SecretStr
    }
    assert secret == set(SECRETS)


async def test_no_canary_sings(
    db_url: str, tmp_path: Path, written: io.StringIO, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = db_url
    monkeypatch.setenv("STEADYHAND_LOG_LEVEL", "DEBUG")
    async with open_desk(url, tmp_path, **SECRETS) as desk:
        logs.configure(desk.settings, written)
        furnish(desk.house)
        await _story(desk)

        # A crash in the middle of a request, with words and secrets in its message.
        async def crash(body: object) -> None:
            raise RuntimeError(f"{WORDS[0]} {SECRETS['SLACK_BOT_TOKEN']} {PRIVATE_WORDS[0]}")

        monkeypatch.setattr(desk.door, "_action", crash)
        answer = await desk.payload(click(ADA, "timeline", "{}"))
        assert answer.status_code == 500 and answer.text == ""
        token = (tmp_path / "local-token").read_text().strip()
        secret = [*SECRETS.values(), "canary-hook-3333", token, *_password(url)]
        hidden = [*PRIVATE_WORDS, PRIVATE_NOTICE]
        everything = [*secret, *WORDS, *NOTICE_WORDS, *hidden]
        text = written.getvalue()
        assert "request_failed" in text and "payload_refused" in text
        _silent("the log", text, everything)
        for path in ("/healthz", "/readyz", "/metrics", "/status", "/status.json", "/status/feed"):
            page = await desk.http.get(path)
            _silent(path, page.text + str(page.headers), everything)
        for verb in ("status INC-1", "timeline", "list", "help", "search canary", "mine", ""):
            shown = await desk.payload(command(EVE, verb))
            _silent(verb, shown.text, [*secret, *hidden])
        for form in ("md", "html", "json"):
            made = export_document(desk.house, 1, form).decode()
            _silent(form, made, [*secret, *hidden, *NOTICE_WORDS])
        _silent("settings", f"{desk.settings!r} {desk.settings.model_dump()}", secret[:3])
        await _at_the_local_page(desk, token, secret, hidden)
        _in_messages(desk, secret, hidden)
        rows = desk.house.read_sync(lambda s: list(s.execute(select(EffectRow)).scalars()))
        for row in rows:
            _silent(row.key, f"{row.key} {row.error} {row.payload} {row.result}", secret)
            _silent(row.key, f"{row.key} {row.payload}", [*NOTICE_WORDS, PRIVATE_NOTICE])
            if row.incident not in (2, 4, 5):
                _silent(row.key, f"{row.payload}", PRIVATE_WORDS)
    said = await asyncio.to_thread(_said_by_commands, url, tmp_path)
    _silent("the command line", said, secret)


def _password(url: str) -> list[str]:
    found = urlsplit(url).password
    return [found] if found else []


async def _at_the_local_page(desk: Desk, token: str, secret: list[str], hidden: list[str]) -> None:
    """The operator signs in: what is private stays so, and no secret is in a page."""
    transport = desk.http._transport
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:3000") as browser:
        assert (await browser.get("/local")).status_code == 200
        await browser.post("/local/sign-in", data={"token": token})
        for path in ("/local", "/local/1", "/local/2", "/local/3", "/local/local.css"):
            page = await browser.get(path)
            _silent(path, page.text, [*secret, *hidden])
            assert (page.status_code == 404) == (path == "/local/2")
        assert WORDS[0] in (await browser.get("/local/1")).text, "he is signed in"


def _in_messages(desk: Desk, secret: list[str], hidden: list[str]) -> None:
    """Every message that was or will be posted, as people would read it."""
    house = desk.house
    renderer = SlackRenderer(desk.door._surface.wordings, house.env, card_parts())

    def look(session: Session) -> None:
        kinds = ("channel.say", "person.tell")
        wanted = select(EffectRow).where(EffectRow.kind.in_(kinds))  # type: ignore[attr-defined]
        rows = list(session.execute(wanted).scalars())
        assert {row.kind for row in rows} == set(kinds)
        for row in rows:
            about = get(session, row.incident) if row.incident else None
            name, params = row.payload["message"], row.payload["params"]
            shown = str(renderer.message(session, about, name, params))
            _silent(row.key, shown, secret)
            person = row.payload.get("user")
            if about is None or not about.private or not may_see(session, about, person or ADA):
                _silent(row.key, shown, hidden)
            if person is None:  # in the channel: that there is a notice, never its text
                _silent(row.key, shown, [*NOTICE_WORDS, PRIVATE_NOTICE])

    house.read_sync(look)


def _said_by_commands(url: str, folder: Path) -> str:
    from bot.cli import cli

    env = {"DATABASE_URL": url, "STEADYHAND_DATA_DIR": str(folder), **SECRETS,
           "SLACK_API_URL": "http://127.0.0.1:9/api/"}  # fmt: skip
    said = ""
    for call in (["settings"], ["doctor"], ["verify"], ["effects", "list", "--all"]):
        done = CliRunner().invoke(cli, call, env=env)
        said += done.output + repr(done.exception)
    away = {**env, "DATABASE_URL": "postgresql://ada:canary-password-1234@127.0.0.1:9/x"}
    for call in (["settings"], ["doctor"], ["verify"]):
        done = CliRunner().invoke(cli, call, env=away)
        text = done.output + repr(done.exception)
        assert "canary-password-1234" not in text, (call, text)
        said += text
    return said


def _silent(where: str, text: str, canaries: list[str]) -> None:
    heard = [canary for canary in canaries if canary in text]
    assert not heard, f"{where}: {heard}"
