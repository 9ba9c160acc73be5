"""The yes of another person at the command line: the rules of Slack's buttons, proven by a key."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from sqlmodel import Session

from bot import rooms, sheet
from bot.cli import cli
from bot.errors import Conflict, NotAllowed, Refusal
from bot.house import House
from bot.incident import people, roles
from bot.incident.opening import open_incident
from bot.incident.queries import get
from bot.playbook import approvals, step_approval, steps
from bot.record import freeze
from bot.record.entry import Actor
from bot.record.read import entries
from db.tables import Approval, Step
from tests.support.houses import Run
from tests.support.outside import Outside

pytestmark = pytest.mark.usefixtures("proven")

ADA, MAX, EVE = "U01ADA", "U02MAX", "U09EVE"
Cli = Callable[..., str]


@pytest.fixture
def keys(house: House) -> dict[str, str]:
    """Private keys of Ada and Max, who are enrolled."""
    made = {}
    for person in (ADA, MAX):
        made[person], public = people.new_key()
        house.change_sync(
            Actor("cli:op", "cli"),
            lambda tx, who=person, public=public: people.enrol(tx, who, public, f"token-{who}"),
        )
    return made


@pytest.fixture
def call(db_url: str, tmp_path: Path) -> Cli:
    """``call("U01ADA", "incident", …)``: what it printed, or the refusal that it ended with."""
    env = {"DATABASE_URL": db_url, "STEADYHAND_DATA_DIR": str(tmp_path)}

    def run(person: str, *words: str) -> str:
        done = CliRunner().invoke(cli, [*words], env={**env, "STEADYHAND_AS": person})
        assert done.exception is None or isinstance(done.exception, Refusal), repr(done.exception)
        return str(done.exception) if done.exception else done.output

    return run


@pytest.fixture
def incident(house: House, run: Run) -> int:
    """Ada commands, Max is the privacy lead, it is SEV3."""
    run(ADA, lambda tx: open_incident(tx, "It leaks names", severity="SEV3"))
    Outside(house).settle()
    for person, role in ((MAX, "privacy"), (MAX, "ml")):
        run(person, lambda tx, w=person, r=role: roles.assign(tx, get(tx.session, 1), r, w),
            source="cli")  # fmt: skip
    Outside(house).settle()
    return 1


def _asked(text: str) -> str:
    found = re.search(r"^approve:\S+$", text, re.MULTILINE)
    assert found is not None, text
    return found[0]


def _kinds(house: House) -> list[str]:
    return house.read_sync(lambda s: [one.entry.kind for one in entries(s, 1)])


def test_a_lower_severity_is_agreed_to_with_a_key(
    house: House, incident: int, keys: dict[str, str], call: Cli
) -> None:
    asking = (
        "incident",
        "severity",
        "INC-1",
        "sev4",
        "--reason",
        "nobody saw it",
        "--evidence",
        "log",
    )
    assert "approval 1" in call(ADA, *asking)
    assert "Lower the severity" in call(ADA, "incident", "approvals", "list", "INC-1")
    assert "Approval 1 waits for" in call(ADA, "incident", "show", "INC-1")
    yes = ("incident", "approvals", "approve", "INC-1", "1")
    shown = call(MAX, *yes)
    assert "SEV3" in shown and "nobody saw it" in shown
    question = _asked(shown)
    assert f":{MAX}:INC-1:approval-1:" in question
    # Nobody else's key, no key, and nobody who lacks the right.
    assert "does not prove" in call(MAX, *yes, "--code", people.answer(question, keys[ADA]))
    mine = people.answer(_asked(call(ADA, *yes)), keys[ADA])
    assert "Only" in call(ADA, *yes, "--code", mine)
    assert "not enrolled" in call(EVE, *yes)
    assert house.read_sync(lambda s: get(s, 1).severity) == "SEV3"
    said = call(MAX, *yes, "--code", people.answer(question, keys[MAX]))
    assert "complete" in said
    assert house.read_sync(lambda s: get(s, 1).severity) == "SEV4"
    last = house.read_sync(lambda s: list(entries(s, 1, kinds=["approval.given"])))[-1]
    public = house.read_sync(lambda s: people.enrolled(s, MAX)).public
    assert last.source == "cli" and people.verified(public, question, last.entry.proof["signature"])
    assert "permission.denied" in _kinds(house)


def _risky(house: House) -> Step:
    """A step that takes the commander's yes and destroys no evidence."""

    def look(session: Session) -> list[Step]:
        return [
            row for row in steps.of_incident(session, 1)
            if (rule := step_approval.asked_of(steps.plan_of(row))) is not None
            and all("commander" in group for group in rule.groups)
            and not (row.rung and freeze.needed_before(session, get(session, 1), row.rung))
        ]  # fmt: skip

    return house.read_sync(look)[0]


def test_a_step_is_asked_for_refused_and_approved(
    house: House, incident: int, keys: dict[str, str], call: Cli
) -> None:
    step = _risky(house)
    ask = ("incident", "approvals", "ask", "INC-1", str(step.number), "--what")
    assert "Say exactly what" in call(MAX, *ask, " ")
    assert "Roll back to v41" in call(MAX, *ask, "Roll back to v41")
    no = ("incident", "approvals", "refuse", "INC-1", "1", "--reason")
    assert "why not" in call(ADA, *no, " ")
    assert "Only the Incident commander" in call(EVE, *no, "no")
    assert "is refused" in call(ADA, *no, "v41 leaks as well")
    call(MAX, *ask, "Roll back to v40")
    view = house.read_sync(lambda s: sheet.step_view(s, step, house.env, house.clock.now()))
    assert view.approval == "Approval 2 is awaited."
    yes = ("incident", "approvals", "approve", "INC-1", "2")
    shown = call(ADA, *yes)
    assert "Roll back to v40" in shown
    assert "complete" in call(ADA, *yes, "--code", people.answer(_asked(shown), keys[ADA]))
    states = [house.read_sync(lambda s, n=n: s.get(Approval, (1, n))).state for n in (1, 2)]
    assert states == ["refused", "approved"]


def test_past_slack_nobody_says_yes_without_a_code(
    house: House, run: Run, incident: int, keys: dict[str, str], call: Cli
) -> None:
    call(ADA, "incident", "severity", "INC-1", "sev4", "--reason", "x", "--evidence", "log")
    digest = house.read_sync(lambda s: s.get(Approval, (1, 1))).digest

    def give(tx: Any, code: str = "") -> Any:
        return approvals.give(
            tx, get(tx.session, 1), 1, digest, subjects=rooms.approval_subjects(), code=code
        )

    for door in ("cli", "web"):
        with pytest.raises(NotAllowed, match="not prove"):
            run(MAX, give, source=door)
    # A question about something else answers nothing here: a notice, a confirmation, another number.
    for what in ("notice-1", "ratify-1", "approval-2"):
        question = house.change_sync(
            Actor(MAX, "cli"), lambda tx, w=what: people.question(tx, get(tx.session, 1), w, digest)
        )
        with pytest.raises(NotAllowed, match="not prove"):
            run(MAX, lambda tx, q=question: give(tx, people.answer(q, keys[MAX])), source="cli")
    question = house.change_sync(
        Actor(MAX, "cli"), lambda tx: people.question(tx, get(tx.session, 1), "approval-1", digest)
    )
    code = people.answer(question, keys[MAX])
    assert run(MAX, lambda tx: give(tx, code), source="cli").complete
    with pytest.raises(Conflict):
        run(MAX, lambda tx: give(tx, code), source="cli")


def test_nobody_acts_as_the_bot_or_as_another_operator(
    house: House, incident: int, call: Cli
) -> None:
    before = _kinds(house)
    for who in ("system", "cli:somebody", "u01ada", "U01ADA\n", "<@U01ADA>"):
        said = call(who, "incident", "resolve", "INC-1", "--reason", "x")
        assert "is not a Slack user id" in said
    assert _kinds(house) == before


def test_a_terminal_does_not_obey_what_people_wrote(
    house: House, run: Run, incident: int, call: Cli
) -> None:
    call(ADA, "incident", "note", "INC-1", "\x1b]0;owned\x07 \x1b[2J \u202egnp.exe")
    for words in (("timeline", "INC-1"), ("show", "INC-1")):
        said = call(ADA, "incident", *words)
        assert "\x1b" not in said and "\x07" not in said and "\u202e" not in said
    assert r"\x1b[2J" in call(ADA, "incident", "timeline", "INC-1")
