"""Ending a response at the command line: exit criteria, what is still open, resolve, close."""

from __future__ import annotations

import pytest

from bot.house import House
from bot.record import catalogue as c
from bot.record.entry import Recorded
from bot.record.read import entries
from tests.integration.offline.conftest import Here

ADA, MAX, EVE = "U01ADA", "U02MAX", "U09EVE"


@pytest.fixture
def house(sqlite_house: House, here: Here) -> House:
    """Ada commands INC-1; afterwards its record is proven."""
    here(ADA, "incident", "open", "Leaks names", "--severity", "sev3")
    return sqlite_house


def kept(house: House, kind: type[c.Entry]) -> list[Recorded]:
    return house.read_sync(lambda session: list(entries(session, 1, kinds=[kind.kind])))


def test_exit_criteria_are_confirmed_waived_and_opened_again(here: Here, house: House) -> None:
    listed = here(ADA, "incident", "exit", "list", "INC-1").out
    assert listed.startswith("[ ]  1 ") and "Confirmed by: " in listed and "stands in" in listed
    nothing = here(ADA, "incident", "exit", "met", "INC-1", "1", code=1).err
    assert "Say how we know" in nothing and "again with the evidence at the end" in nothing
    nobody = here(EVE, "incident", "exit", "met", "INC-1", "1", "I say so", code=1).err
    assert "Only" in nobody and "@U01ADA" in nobody and "steadyhand incident role INC-1" in nobody
    unknown = here(ADA, "incident", "exit", "met", "INC-1", "77", "1 of 1000", code=1).err
    assert "No single exit criterion fits «77»" in unknown
    assert "`steadyhand incident exit list INC-1` lists them" in unknown
    assert "holds." in here(ADA, "incident", "exit", "met", "INC-1", "1", "0 of 1,000 replies").out
    again = here(ADA, "incident", "exit", "met", "INC-1", "1", "once more", code=1).err
    assert "confirmed already" in again
    assert "is waived" in here(ADA, "incident", "exit", "waive", "INC-1", "2", "no such case").out
    listed = here(ADA, "incident", "exit", "list", "INC-1").out
    assert "[x]  1 " in listed and "@U01ADA: 0 of 1,000 replies" in listed
    assert "[-]  2 " in listed and "@U01ADA: no such case" in listed
    assert "Exit criteria: 2 of " in here(ADA, "incident", "show", "INC-1").out
    here(ADA, "incident", "exit", "reopen", "INC-1", "1", "a new case at noon")
    assert "[ ]  1 " in here(ADA, "incident", "exit", "list", "INC-1").out
    assert kept(house, c.CriterionMet)[0].actor == ADA
    assert [one.entry.reason for one in kept(house, c.CriterionReopened)] == ["a new case at noon"]
    assert [one.entry.topic for one in kept(house, c.DecisionMade)] == ["waiver"]
    assert {one.actor for one in kept(house, c.PermissionDenied)} == {EVE}


def test_what_is_open_is_named_before_it_is_resolved_and_closed(here: Here, house: House) -> None:
    early = here(ADA, "incident", "close", "INC-1", code=1).err
    assert "is not resolved yet" in early and "steadyhand incident resolve INC-1" in early
    stopped = here(ADA, "incident", "resolve", "INC-1", code=1).err
    assert "Still open:" in stopped and "• Exit criterion: " in stopped
    assert 'steadyhand incident resolve INC-1 --reason "WHY"' in stopped
    assert not kept(house, c.IncidentResolved)
    here(ADA, "incident", "resolve", "INC-1", "--summary", "A lost rule", "--reason", "v41 is live")
    ended = kept(house, c.IncidentResolved)[0].entry
    assert ended.reason == "v41 is live" and ended.open_criteria and ended.open_steps

    lacking = here(ADA, "incident", "close", "INC-1", code=1).err
    assert "Before it can be closed:" in lacking and "postmortem is not reviewed" in lacking
    assert 'steadyhand incident close INC-1 --reason "WHY"' in lacking
    refused = here(EVE, "incident", "close", "INC-1", "--reason", "x", code=1).err
    assert "@U01ADA" in refused
    assert (
        "Closed." in here(ADA, "incident", "close", "INC-1", "--reason", "it goes on in INC-2").out
    )
    assert "closed already" in here(ADA, "incident", "close", "INC-1", code=1).err
    assert [one.entry.reason for one in kept(house, c.IncidentClosed)] == ["it goes on in INC-2"]
    assert "SEV3, closed" in here(ADA, "incident", "show", "INC-1").out
    assert "is open again" in here(MAX, "incident", "reopen", "INC-1", "a customer reports it").out


def test_steps_are_given_and_let_go_ahead(here: Here, house: House) -> None:
    given = here(ADA, "incident", "step", "INC-1", "give", "1", "--to", f"@{MAX}").out
    assert "with @U02MAX now" in given
    for words in (("give", "1"), ("take", "1", "--to", MAX)):
        assert "give takes --to" in here(ADA, "incident", "step", "INC-1", *words, code=2).err
    stranger = here(ADA, "incident", "step", "INC-1", "give", "2", "--to", "bob", code=1).err
    assert "«bob» is not a Slack user id" in stranger
    assert [one.entry.owner for one in kept(house, c.StepAssigned)] == [MAX]

    early = here(ADA, "incident", "step", "INC-1", "done", "2", code=1).err
    assert "comes after Step 1" in early
    assert 'steadyhand incident step INC-1 waive 2 --reason "WHY"' in early
    waive = ("incident", "step", "INC-1", "waive", "2")
    assert "Only the Incident commander" in here(MAX, *waive, "--reason", "x", code=1).err
    assert 'Type it again with --reason "…"' in here(ADA, *waive, code=1).err
    assert "free to go ahead" in here(ADA, *waive, "--reason", "a doctor is there").out
    assert "is done" in here(ADA, "incident", "step", "INC-1", "done", "2").out
    assert kept(house, c.StepPreconditionsWaived)[0].entry.reason == "a doctor is there"


def test_roles_and_notices_are_given_back(here: Here, house: House) -> None:
    here(MAX, "incident", "role", "INC-1", "comms")
    here(
        MAX,
        "incident",
        "notice",
        "draft",
        "INC-1",
        "--title",
        "Wrong answers",
        "--text",
        "We look.",
    )
    empty = here(MAX, "incident", "notice", "withdraw", "INC-1", "1", code=1).err
    assert "why it is given up" in empty
    here(MAX, "incident", "notice", "withdraw", "INC-1", "1", "--reason", "nobody outside saw it")
    missing = here(MAX, "incident", "notice", "draft", "INC-1", "--text", "@gone.txt", code=1).err
    assert "gone.txt cannot be read" in missing
    both = here(MAX, "incident", "role", "INC-1", "comms", ADA, "--release", code=2).err
    assert "one of USERID" in both
    assert "Nobody is" in here(MAX, "incident", "role", "INC-1", "comms", "--release").out
    here(ADA, "incident", "role", "INC-1", "ml", EVE)
    here(EVE, "incident", "role", "INC-1", "ml", "--decline", "I am on leave")
    assert [one.entry.reason for one in kept(house, c.RoleDeclined)] == ["I am on leave"]
    assert [one.actor for one in kept(house, c.RoleReleased)] == [MAX]


def test_an_entry_is_corrected_by_a_new_one(here: Here, house: House) -> None:
    here(ADA, "incident", "note", "INC-1", "First seen at 10:40")
    n = kept(house, c.NoteAdded)[-1].n
    here(MAX, "incident", "correct", "INC-1", str(n), "First seen at 10:04", "--reason", "a typo")
    fixed = kept(house, c.ItemCorrected)[0]
    assert (fixed.corrects, fixed.entry.text, fixed.actor) == (n, "First seen at 10:04", MAX)
    wrong = here(MAX, "incident", "correct", "INC-1", "1", "x", code=1).err
    assert "steadyhand incident timeline INC-1" in wrong


def test_a_refusal_says_what_to_type_instead(here: Here, house: House) -> None:
    """Where a room names a field of a form, the command line names the option or the place."""
    for words, again in (
        (("step", "INC-1", "done", "1"), "again with one of: --outcome yes (Yes, or we"),
        (("step", "INC-1", "done", "12"), 'again with --evidence model_version="…".'),
        (("step", "INC-1", "skip", "3"), 'again with --reason "…".'),
        (("cancel", "INC-1", " "), 'again with the reason at the end: "…".'),
        (("approvals", "ask", "INC-1", "19"), 'again with --what "…".'),
        (("severity", "INC-1", "sev4"), "`steadyhand incident severity --help` shows how"),
        (("action", "add", "INC-1", " "), '`steadyhand incident action add INC-1 "WHAT"`'),
    ):
        assert again in here(ADA, "incident", *words, code=1).err, words
    assert here(ADA, "incident", "list", "--mine").out.count("INC-1") == 1
    assert "Nothing is open" in here(EVE, "incident", "list", "--mine").out
