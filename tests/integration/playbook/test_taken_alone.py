"""Roles that somebody took alone: said aloud, and not enough for what is hardest to take back."""

from __future__ import annotations

from typing import Any

import pytest

from bot import rooms, sheet
from bot.errors import Conflict, NotAllowed
from bot.incident import roles, tenure
from bot.playbook import approvals, step_approval, walk
from bot.postmortem.export import export_document
from bot.record import catalogue as c
from bot.record import freeze, timeline
from bot.record.read import entries
from bot.slack import approvals as words
from db.tables import Approval
from tests.integration.playbook.conftest import ADA, AGENT, EXEC, MAX, PROD, SAM, SEC, Story

pytestmark = pytest.mark.usefixtures("proven")
TOOL_OFF, KILL = f"{AGENT}/tool-off", f"{AGENT}/agent-off"


@pytest.fixture
def acting(story: Story) -> Story:
    return story.take(sre=SAM).assess("SEV2")


def _ask(story: Story, key: str) -> Approval:
    rung = story.step(key).rung
    if rung in freeze.DESTRUCTIVE:
        story.do(SAM, freeze.freeze, {"model": "7b"}, rung=rung)
    row = story.do(SAM, step_approval.ask_for_step, key, what="Do it now", why="harm")
    return story.approval(row.number)


def _give(story: Story, person: str, row: Approval) -> approvals.Given:
    return story.do(
        person, approvals.give, row.number, row.digest, subjects=rooms.approval_subjects()
    )


def _yes(story: Story) -> list[Any]:
    return story.house.read_sync(
        lambda s: list(entries(s, story.number, kinds=[c.ApprovalGiven.kind]))
    )


def _text(story: Story, word: Any, number: int, to: str = "") -> str:
    params = {
        "number": number,
        "to": to,
        "role": "product",
        "name": "Product owner",
        "holder": PROD,
    }
    params["names"] = {}
    return str(story.house.read_sync(lambda s: word(s, story.incident, params)))


def test_the_record_and_the_message_say_how_the_role_came(acting: Story) -> None:
    acting.do(ADA, roles.assign, "product", PROD)
    acting.do(PROD, roles.accept, "product")
    row = _ask(acting, KILL)
    _give(acting, ADA, row)
    _give(acting, PROD, row)
    opened, given = (one.entry for one in _yes(acting))
    assert [(one["role"], one["how"]) for one in opened.came] == [("commander", "opened")]
    assert [(one["role"], one["how"]) for one in given.came] == [("product", "given")]
    assert (opened.given_by, given.given_by) == ([], [ADA])
    assert acting.approval(row.number).given[1]["came"][0]["by"] == ADA
    assert "themselves" not in _text(acting, words.complete_wording, row.number)


def test_a_role_taken_before_counts_and_is_said_aloud(acting: Story) -> None:
    acting.take(product=PROD)
    row = _ask(acting, KILL)
    _give(acting, PROD, row)
    partly = _text(acting, words.partly_wording, row.number)
    assert f"<@{PROD}> (took the role themselves at <!date^" in partly
    waits = acting.house.read_sync(lambda s: words.card_lines(s, acting.incident, acting.house.env))
    assert "took the role themselves at" in str(waits), "the card says it as well"
    shown = acting.house.read_sync(lambda s: sheet.approvals_of(s, acting.number, acting.house.env))
    assert f"said yes: @{PROD} (took the role themselves at" in shown[0].waits_for
    assert _give(acting, ADA, row).complete
    document = export_document(acting.house, acting.number, "md").decode()
    assert "Product owner (took the role themselves at" in document and PROD not in document
    yes = _yes(acting)[0]
    assert yes.entry.came[0]["how"] == "taken" and yes.entry.given_by == []
    at = yes.entry.came[0]["since"][11:16]
    assert f"(took the role themselves at {at} UTC)" in timeline.words(yes)


def test_a_role_taken_after_the_question_is_not_enough_until_somebody_gives_it(
    acting: Story,
) -> None:
    row = _ask(acting, KILL)
    _give(acting, ADA, row)
    acting.take(product=PROD)
    assert PROD not in acting.told("approval_asked")
    assert set(acting.told("approval_taken")) == {ADA, PROD}, "both hear what is to be done"
    assert "role product @you" in _text(acting, words.taken_wording, row.number, PROD)
    assert f"<@{PROD}> took the role" in _text(acting, words.taken_wording, row.number, ADA)
    with pytest.raises(NotAllowed, match=r"yourself at \d\d:\d\d UTC, after this was asked") as no:
        _give(acting, PROD, row)
    assert no.value.verb and "role product @you" in no.value.instead
    acting.run.later(minutes=16)
    acting.work()
    assert PROD not in acting.told("approval_asked"), "nor is it asked of them again"
    assert "now it is given by you" in acting.do(ADA, roles.assign, "product", PROD)
    assert PROD in acting.told("approval_asked")
    assert _give(acting, PROD, row).complete
    came = acting.approval(row.number).given[-1]["came"]
    assert [(one["how"], one["by"]) for one in came] == [("given", ADA)]


def test_whoever_takes_over_command_cannot_push_a_waiting_rung_through(acting: Story) -> None:
    acting.take(product=PROD)
    row = _ask(acting, KILL)
    assert not _give(acting, PROD, row).complete
    acting.do(MAX, roles.take, "commander", "Ada sleeps")
    with pytest.raises(NotAllowed, match="does not count"):
        _give(acting, MAX, row)
    assert acting.approval(row.number).state == "waiting"
    # No is always heard; then whoever asked asks again, knowing who commands.
    acting.do(
        MAX, approvals.refuse, row.number, row.digest, "I command now: ask me again",
        subjects=rooms.approval_subjects(),
    )  # fmt: skip
    again = _ask(acting, KILL)
    _give(acting, PROD, again)
    assert _give(acting, MAX, again).complete
    assert [one["how"] for one in _yes(acting)[-1].entry.came] == ["taken"]


def test_what_is_easily_taken_back_does_not_wait(acting: Story) -> None:
    row = _ask(acting, TOOL_OFF)
    assert acting.step(TOOL_OFF).rung == "C3"
    acting.do(MAX, roles.take, "commander", "Ada sleeps")
    assert _give(acting, MAX, row).complete
    assert f"<@{MAX}> (took the role themselves at" in _text(
        acting, words.complete_wording, row.number
    )


def test_an_emergency_does_not_wait_but_its_confirmation_does(acting: Story) -> None:
    acting.take(security=SEC)
    live = acting.step(f"{AGENT}/live").plan["options"]
    destroys = next(one["id"] for one in live if one["sets"].get("destructive_live") is True)
    acting.do(SEC, walk.done, f"{AGENT}/live", outcome=destroys)
    acting.work()
    row = _ask(acting, KILL)
    assert row.rule["emergency"]
    acting.do(MAX, roles.take, "commander", "Ada sleeps")
    assert _give(acting, MAX, row).complete
    acting.take(exec=EXEC)
    with pytest.raises(NotAllowed, match="does not count"):
        acting.do(EXEC, approvals.ratify, row.number, row.digest)
    acting.do(MAX, roles.assign, "exec", EXEC)
    acting.do(EXEC, approvals.ratify, row.number, row.digest)
    with pytest.raises(Conflict):
        acting.do(EXEC, approvals.ratify, row.number, row.digest)


def test_how_roles_come_and_go(story: Story) -> None:
    """Opened, given, taken over, given afterwards, handed back: each in turn."""

    def how(person: str) -> dict[str, tuple[str, str | None]]:
        found = story.house.read_sync(lambda s: tenure.tenures(s, story.incident, person))
        return {role: (one.how, one.by) for role, one in found.items()}

    assert how(ADA) == {"commander": ("opened", None)}
    story.do(ADA, roles.take, "commander")
    assert how(ADA) == {"commander": ("opened", None)}, "accepting command is not taking it"
    story.do(ADA, roles.assign, "commander", MAX)
    assert how(MAX) == {}
    story.do(MAX, roles.accept, "commander")
    assert (how(MAX), how(ADA)) == ({"commander": ("given", ADA)}, {})
    story.do(SAM, roles.take, "commander", "Max sleeps")
    assert how(SAM) == {"commander": ("taken", None)}
    story.do(SAM, roles.take, "ml")
    story.do(SAM, roles.release, "ml")
    assert how(SAM) == {"commander": ("taken", None)}
