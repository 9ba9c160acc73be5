"""What comes after a response, at the command line: action items with their proof, the postmortem."""

from __future__ import annotations

import asyncio
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlmodel import select

from bot.effects import kinds
from bot.house import House
from bot.record import catalogue as c
from bot.record.entry import SYSTEM, Recorded
from bot.record.read import entries
from bot.sandbox.people import Person
from db.tables import ActionItem, EffectRow, Postmortem
from tests.integration.offline.conftest import Cli, Here
from tests.support.world import World, opened

ADA, MAX, EVE = "U01ADA", "U02MAX", "U09EVE"


@pytest.fixture
def house(sqlite_house: House, here: Here) -> House:
    """INC-1 is resolved, Ada commanded it, Max is the safety lead; afterwards its record is proven."""
    here(ADA, "incident", "open", "Leaks names", "--severity", "sev3")
    here(MAX, "incident", "role", "INC-1", "safety")
    here(ADA, "incident", "resolve", "INC-1", "--summary", "A rule was lost", "--reason", "a story")
    return sqlite_house


def kept(house: House, kind: type[c.Entry]) -> list[Recorded]:
    return house.read_sync(lambda session: list(entries(session, 1, kinds=[kind.kind])))


def item(house: House, number: int = 1, incident: int = 1) -> ActionItem:
    found = house.read_sync(lambda session: session.get(ActionItem, (incident, number)))
    assert found is not None
    return found


def test_an_action_item_from_the_first_word_to_the_proof(here: Here, house: House) -> None:
    added = here(
        ADA, "incident", "action", "add", "INC-1", "Test the filter on German", "--owner", MAX,
        "--due", "in 2 weeks", "--kind", "detect", "--proof", "a test that fails without it",
    ).out  # fmt: skip
    assert "1 Test the filter on German" in added and "detect, @U02MAX, due " in added
    row = item(house)
    assert (row.owner, row.kind, row.proof_wanted) == (
        MAX,
        "detect",
        "a test that fails without it",
    )
    days = row.due_at.date() - datetime.now(UTC).date()
    assert days in (timedelta(days=14), timedelta(days=13))
    assert _told(house, "action_given") == [MAX]

    nothing = here(MAX, "incident", "action", "done", "INC-1", "1", code=1).err
    assert "Wanted was: a test that fails without it" in nothing
    assert '`steadyhand incident action done INC-1 1 "PROOF"`' in nothing
    done = here(MAX, "incident", "action", "done", "INC-1", "1", "https://ci.example/7").out
    assert "the proof waits for acceptance" in done and "Proof: https://ci.example/7" in done
    own = here(MAX, "incident", "action", "accept", "INC-1", "1", code=1).err
    assert "Nobody accepts their own proof" in own
    stranger = here(EVE, "incident", "action", "accept", "INC-1", "1", code=1).err
    assert "Only" in stranger and item(house).state == "done"
    here(ADA, "incident", "action", "reopen", "INC-1", "1", "the test never ran")
    here(MAX, "incident", "action", "done", "INC-1", "1", "https://ci.example/8")
    assert "proven" in here(ADA, "incident", "action", "accept", "INC-1", "1", "saw it fail").out
    ended = item(house)
    assert (ended.state, ended.accepted_by, ended.proof) == ("proven", ADA, "https://ci.example/8")
    assert "None is open" in here(ADA, "incident", "action", "list", "INC-1").out
    assert "proven" in here(ADA, "incident", "action", "list", "INC-1", "--all").out


def _told(house: House, message: str) -> list[str]:
    """Who is told this as soon as Slack answers."""
    rows = house.read_sync(lambda session: list(session.exec(select(EffectRow))))
    told = [row.payload for row in rows if row.kind == kinds.TELL]
    return [one["user"] for one in told if one["message"] == message]


def test_action_items_are_changed_dropped_and_listed(here: Here, house: House) -> None:
    typed = "Canary for names by 2099-12-01 #process proof: the alert rings"
    here(ADA, "incident", "action", "add", "INC-1", typed)
    row = item(house)
    assert (row.text, row.kind, row.owner) == ("Canary for names", "process", ADA)
    assert (row.due_at.year, row.proof_wanted) == (2099, "the alert rings")
    twin = here(ADA, "incident", "action", "add", "INC-1", "Canary for names", code=1).err
    assert "says the same already" in twin
    for words, wrong in (
        (("--due", "someday"), "«someday» is not a day. A day looks like"),
        (("--due", "2001-01-01"), "is in the past"),
        (("--owner", "bob"), "«bob» is not a Slack user id"),
        (("--kind", "magic"), "«magic» is not a type. One of: prevent"),
        ((), "is like that already"),
    ):
        said = here(ADA, "incident", "action", "change", "INC-1", "1", *words, code=1).err
        assert wrong in " ".join(said.split()), said
    here(ADA, "incident", "action", "change", "INC-1", "1", "--owner", MAX, "--due", "2098-01-02",
         "--reason", "she has the keys")  # fmt: skip
    assert (item(house).owner, item(house).due_at.year) == (MAX, 2098)
    assert "Because: she has the keys" in here(ADA, "incident", "action", "list", "INC-1").out
    missing = here(ADA, "incident", "action", "done", "INC-1", "9", "x y z", code=1).err
    assert "no action item 9" in missing and "steadyhand incident action list INC-1" in missing
    assert (
        "Say in a sentence why" in here(ADA, "incident", "action", "drop", "INC-1", "1", code=1).err
    )
    here(ADA, "incident", "action", "drop", "INC-1", "1", "the vendor does it")
    assert item(house).state == "dropped"
    here(ADA, "incident", "open", "Exercise", "--drill")
    here(ADA, "incident", "action", "add", "INC-1", "Real work")
    here(ADA, "incident", "action", "add", "INC-2", "Practised work")
    everywhere = here(ADA, "incident", "action", "list").out
    assert "INC-1   2 Real work" in everywhere and "Practised" not in everywhere
    assert "INC-2   1 Practised work" in here(ADA, "incident", "action", "list", "--drills").out


def test_the_owner_of_an_item_reaches_it_in_a_private_incident(here: Here, house: House) -> None:
    here(ADA, "incident", "open", "Payroll in answers", "--private", "--invite", MAX)
    here(ADA, "incident", "action", "add", "INC-2", "Purge the cache", "--owner", MAX)
    outside = here(ADA, "incident", "action", "change", "INC-2", "1", "--owner", EVE, code=1).err
    assert "is not in this private incident" in outside
    house.change_sync(SYSTEM, lambda tx: tx.append(c.PersonLeft(person=MAX), 2))
    hidden = here(EVE, "incident", "action", "done", "INC-2", "1", "https://x.example", code=1).err
    unknown = here(EVE, "incident", "action", "done", "INC-8", "1", "https://x.example", code=1).err
    assert hidden == unknown.replace("INC-8", "INC-2")
    nowhere = here(EVE, "incident", "action", "done", "what", "1", "https://x.example", code=1).err
    assert "There is no what" in nowhere
    assert item(house, 1, 2).state == "open"
    assert "There is no INC-2" in here(MAX, "incident", "show", "INC-2", code=1).err
    here(MAX, "incident", "action", "done", "INC-2", "1", "https://ci.example/9")
    assert item(house, 1, 2).state == "done"


def test_a_postmortem_is_written_reviewed_and_posted(
    here: Here, house: House, tmp_path: Path
) -> None:
    shown = here(ADA, "incident", "postmortem", "show", "INC-1").out
    assert "Draft. Nobody has reviewed it yet." in shown and "A rule was lost" in shown
    assert "What went well [went_well]\n(empty)" in shown and "Question of the playbook" in shown
    wrong = here(ADA, "incident", "postmortem", "write", "INC-1", "luck", "x", code=1).err
    assert "There is no section «luck»" in wrong and "lucky" in wrong
    saved = here(
        ADA,
        "incident",
        "postmortem",
        "write",
        "INC-1",
        "hard",
        "The engineer should have seen the alert",
    ).out
    assert "Saved as entry" in saved and "A thought on the wording:" in saved
    again = here(
        MAX, "incident", "postmortem", "write", "INC-1", "hard", "No alert rang", code=1
    ).err
    n = re.search(r"has another text by now, entry (\d+)", again)
    assert n is not None and "steadyhand incident postmortem show INC-1" in again
    assert "--over" in again and f"What was hard [hard, entry {n[1]}]" in here(
        MAX, "incident", "postmortem", "show", "INC-1").out  # fmt: skip
    (tmp_path / "hard.txt").write_text("No alert rang for 40 minutes.", encoding="utf-8")
    here(MAX, "incident", "postmortem", "write", "INC-1", "hard", "@hard.txt", "--over", n[1])
    row = house.read_sync(lambda s: s.get(Postmortem, 1))
    assert row is not None and row.sections["hard"]["text"] == "No alert rang for 40 minutes."

    none = here(
        ADA, "incident", "postmortem", "factor", "INC-1", "One check", "--entry", "9999", code=1
    )
    assert "no entry 9999" in none.err
    here(ADA, "incident", "postmortem", "factor", "INC-1", "One check guarded it", "--entry", "1")
    here(ADA, "incident", "postmortem", "factor", "INC-1", "Nobody was paged")
    here(ADA, "incident", "postmortem", "withdraw", "INC-1", "2", "--reason", "somebody was")
    shown = here(MAX, "incident", "postmortem", "show", "INC-1").out
    assert "1. One check guarded it (entry 1)" in shown and "Nobody was paged" not in shown

    digest = re.search(r"Digest of all of it: ([0-9a-f]{64})", shown)
    assert digest is not None
    review = ("incident", "postmortem", "review", "INC-1")
    assert "Read it first" in here(MAX, *review, code=2).err
    blank = here(
        MAX, "incident", "postmortem", "write", "INC-1", "lucky", "x", "--over", "5", code=1
    )
    assert "«Where we were lucky» has no text yet" in blank.err
    old = here(MAX, *review, "--digest", "0" * 64, code=1).err
    assert "The document changed while you were reading" in old
    own = here(ADA, *review, "--digest", digest[1], code=1).err
    assert "does not review their own incident" in own
    assert "Reviewed;" in here(MAX, *review, "--digest", digest[1], "--comment", "clear").out
    assert "It is posted" in here(ADA, "incident", "postmortem", "post", "INC-1").out
    twice = here(ADA, "incident", "postmortem", "post", "INC-1", code=1).err
    assert "posted to the channel already" in twice
    lacking = here(ADA, "incident", "close", "INC-1", code=1).err
    assert "No action item is on the record" in lacking and "not reviewed" not in lacking
    assert [one.actor for one in kept(house, c.PostmortemReviewed)] == [MAX]


async def test_slack_and_the_command_line_work_on_one_record(world: World, cli: Cli) -> None:
    """An item given at the command line is proven in Slack, and accepted at the command line."""
    (ada, _), cleo = await opened(world), world.person("cleo")

    async def typed(person: Person, *words: str) -> str:
        return (await asyncio.to_thread(cli, "incident", *words, "--as", person.id)).stdout

    await typed(ada, "action", "add", "INC-1", "Test the filter", "--owner", cleo.id)
    told = await cleo.waits_for("gave you action item", "dm")
    await cleo.click(told, "Done")
    form = await cleo.modal()
    assert (await form.fill("proof", "https://ci.example/7").submit()).ok
    asked = await ada.waits_for("The proof of action item", "dm")
    assert "Accept the proof" in asked.buttons
    assert "Proven" in await typed(ada, "action", "accept", "INC-1", "1", "saw it fail")
    await world.quiet()
    again = next(seen for seen in ada.sees("dm") if seen.ts == asked.ts)
    assert "Accept the proof" not in again.buttons
