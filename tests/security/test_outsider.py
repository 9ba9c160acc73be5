"""An outsider with a forged click, form or command learns nothing of a private incident."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from sqlalchemy import func, select

from bot.incident import roles
from bot.incident.queries import get, may_see
from bot.record import catalogue as c
from bot.record.read import entries
from db.tables import EffectRow
from tests.security.desk import (
    ADA,
    BEN,
    EVE,
    PRIVATE,
    PUBLIC,
    Desk,
    click,
    command,
    event,
    submit,
)
from tests.support.houses import Run

#: Whatever the handlers carry, in every combination that Ada's incident has.
CARRIED = [
    {"a": 1, "k": 1, "n": 1, "f": 1, "r": "comms", "s": "summary", "d": "0" * 64, "v": "x"},
    {"a": "users", "k": "card:{n}", "n": 1, "s": "first", "r": "commander", "t": "status"},
    {
        "k": "base.first-15/take-command",
        "e": "1",
        "t": "timeline",
        "p": EVE,
        "q": "in:inc-{n} case",
    },
]
FIELDS = {
    "text": {"value": "x"}, "reason": {"value": "x"}, "summary": {"value": "x"},
    "title": {"value": "x"}, "body": {"value": "x"}, "statement": {"value": "x"},
    "comment": {"value": "x"}, "override": {"value": "x"}, "what": {"value": "x"},
    "why": {"value": "x"}, "evidence": {"value": "x"}, "value": {"value": "yes"},
    "phrase": {"value": "Case"}, "role": {"selected_option": {"value": "comms"}},
    "person": {"selected_user": EVE}, "kind": {"selected_option": {"value": "note"}},
    "severity": {"selected_option": {"value": "SEV1"}},
    "fact": {"selected_option": {"value": "personal_data"}},
    "audience": {"selected_option": {"value": "users"}},
    "stage": {"selected_option": {"value": "first"}},
    "families": {"selected_options": [{"value": "a"}]},
    "readers": {"selected_options": [{"value": "legal"}]},
    "owner": {"selected_user": EVE}, "proof": {"value": "https://x.example"},
}  # fmt: skip
#: Of a private incident, and of one that there never was.
THERE, NEVER = 2, 98
#: These open another incident, whatever is carried.
OPENS = {"open_submit", "open", "drill"}


def _carried(which: dict[str, Any], number: int) -> str:
    found = {
        k: v.replace("{n}", str(number)) if isinstance(v, str) else v for k, v in which.items()
    }
    return json.dumps({"i": number, **found})


async def _all_that_is_read(desk: Desk, payload: dict[str, Any], number: int) -> str:
    desk.slack.asked.clear()
    answer = await desk.payload(payload)
    await desk.quiet()
    told = [(method, body) for method, body in desk.slack.asked]
    text = f"{answer.status_code} {answer.text} {json.dumps(told, sort_keys=True)}"
    text = re.sub(r'"trigger_id": "[^"]*"|\d+\.[12]\.abc', "T", text)
    return re.sub(rf"INC-{number}\b|inc-{number}\b", "INC-#", text).replace(
        f"card:{number}", "card:#"
    )


@pytest.mark.parametrize("which", range(len(CARRIED)))
async def test_forged_clicks_and_forms_tell_nothing(desk: Desk, which: int) -> None:
    surface = desk.door._surface
    wrong = []
    for kind, names in (("click", surface.actions), ("submit", surface.views)):
        for name in set(names) - OPENS:
            seen = []
            for number in (THERE, NEVER):
                value = _carried(CARRIED[which], number)
                payload = (
                    click(EVE, name, value) if kind == "click" else submit(EVE, name, FIELDS, value)
                )
                seen.append(await _all_that_is_read(desk, payload, number))
            if seen[0] != seen[1]:
                wrong.append(f"{kind} {name}:\n  {seen[0][:600]}\n  {seen[1][:600]}")
    assert not wrong, "\n".join(wrong)
    assert not desk.house.read_sync(lambda s: may_see(s, get(s, THERE), EVE))
    left = {
        e.entry.kind
        for e in desk.house.read_sync(lambda s: list(entries(s, THERE)))
        if e.actor == EVE
    }
    assert left == {c.PermissionDenied.kind}


async def test_forged_commands_tell_nothing(desk: Desk) -> None:
    for name in set(desk.door._surface.verbs) - OPENS:
        for words in (
            "",
            "1",
            "1 x",
            "list",
            "done 1 x",
            f"comms <@{EVE}|e>",
            "because x",
            "sev1 x",
        ):
            seen = [
                await _all_that_is_read(desk, command(EVE, f"INC-{n} {name} {words}"), n)
                for n in (THERE, NEVER)
            ]
            assert seen[0] == seen[1], (name, words, seen)


# --- those who were in it and are no longer -------------------------------------------------------


def _sees(desk: Desk, person: str) -> bool:
    return desk.house.read_sync(lambda s: may_see(s, get(s, THERE), person))


async def _moves(desk: Desk, person: str, kind: str) -> None:
    await desk.payload(event(person, f"member_{kind}_channel", channel=PRIVATE))
    await desk.quiet()


async def test_a_form_that_stayed_open_does_not_let_somebody_back_in(each_desk: Desk) -> None:
    desk = each_desk
    await _moves(desk, EVE, "joined")
    await desk.payload(command(EVE, "contain", PRIVATE))
    await desk.quiet()
    meta = desk.slack.views()[-1]["private_metadata"]
    assert PRIVATE in meta, "sealed with the channel"
    await _moves(desk, EVE, "left")
    fill = {"statement": {"value": "it is over"}}
    for payload in (submit(EVE, "contain_submit", fill, meta),
                    {**click(EVE, "timeline", '{"i":2}', channel=None),
                     "view": {"callback_id": "contain_submit", "private_metadata": meta,
                              "state": {"values": {}}}}):  # fmt: skip
        told = await _all_that_is_read(desk, payload, THERE)
        assert "There is no INC-#" in told and "Case 2" not in told
    kinds = desk.house.read_sync(lambda s: [e.entry.kind for e in entries(s, THERE)])
    assert "incident.contained" not in kinds and kinds[-1] == c.PermissionDenied.kind


async def test_who_left_while_in_a_role_sees_it_until_they_are_relieved(each_desk: Desk) -> None:
    desk, run = each_desk, Run(each_desk.house)

    def assign(by: str, to: str) -> None:
        run(by, lambda tx: roles.assign(tx, get(tx.session, THERE), "comms", to), channel=PRIVATE)

    await _moves(desk, BEN, "joined")
    assign(BEN, BEN)
    await _moves(desk, BEN, "left")
    assert _sees(desk, BEN), "he still has to do it"
    assign(ADA, ADA)
    assert not _sees(desk, BEN)
    await _moves(desk, BEN, "joined")
    assign(ADA, BEN)
    run(BEN, lambda tx: roles.accept(tx, get(tx.session, THERE), "comms"))
    await _moves(desk, BEN, "left")
    await _moves(desk, BEN, "joined")  # he came back
    run(BEN, lambda tx: roles.release(tx, get(tx.session, THERE), "comms"), channel=PRIVATE)
    assert _sees(desk, BEN)
    assert _sees(desk, ADA)


async def test_who_acts_in_the_channel_belongs_to_it_from_then_on(desk: Desk) -> None:
    """Slack's word that they joined got lost; their command from inside is as good."""
    assert not _sees(desk, BEN)
    await desk.payload(command(BEN, "status", PRIVATE))
    await desk.quiet()
    assert _sees(desk, BEN) and not _sees(desk, EVE)


async def test_what_nobody_did_is_not_done_as_the_bot(desk: Desk) -> None:
    """The bot itself has every right, so an event without a person must not be its doing."""
    for kind, more in (
        ("reaction_added", {"reaction": desk.settings.capture_emoji,
                            "item": {"type": "message", "channel": PRIVATE, "ts": "1700000000.000100"}}),
        ("member_joined_channel", {"channel": PRIVATE}), ("app_mention", {"channel": PUBLIC, "text": "x"}),
        ("app_home_opened", {"tab": "home"}),
    ):  # fmt: skip
        payload = event(EVE, kind, **more)
        del payload["event"]["user"]
        before = desk.house.read_sync(
            lambda s: s.execute(select(func.count(EffectRow.id))).scalar()
        )
        assert (await desk.payload(payload)).status_code == 200
        await desk.quiet()
        after = desk.house.read_sync(lambda s: s.execute(select(func.count(EffectRow.id))).scalar())
        assert before == after, kind
    assert not _sees(desk, EVE) and not desk.troubles()
