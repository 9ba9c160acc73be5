"""Severity: proposed by rules, set by people, lowered only with a second person."""

from __future__ import annotations

import pytest

from bot import rooms
from bot.errors import BadInput, NotAllowed, NotReady, Refusal
from bot.house import House
from bot.incident import assessing, roles
from bot.incident.opening import channel_made, open_incident
from bot.incident.queries import get
from bot.incident.severity import Answers
from bot.playbook import approvals
from bot.record.tx import Tx
from tests.support.houses import Run

pytestmark = pytest.mark.usefixtures("proven")
ADA, MAX, PRIYA = "U01ADA", "U02MLE", "U04PRV"
TOXIC = Answers(
    harm=4, likelihood=3, people=1, reversibility=1, vulnerable=0, ongoing=1, families=("a",)
)


@pytest.fixture(autouse=True)
def incident(run: Run) -> None:
    run(ADA, lambda tx: open_incident(tx, "It insults people"))
    run("system", lambda tx: channel_made(tx, 1, "C1", "inc-1"))


def _do(run: Run, person: str, verb, *args: object, **more: object):  # type: ignore[no-untyped-def]
    def job(tx: Tx) -> object:
        return verb(tx, get(tx.session, 1), *args, **more)

    return run(person, job, channel="C1")


def test_the_rules_propose_and_the_commander_confirms(house: House, run: Run) -> None:
    proposal = _do(run, ADA, assessing.answer, TOXIC)
    assert str(proposal.assessment.severity) == "SEV2"
    assert [rule.id for rule in proposal.assessment.fired] == ["R1"]
    _do(run, ADA, assessing.set_severity, "SEV2")
    row = house.read_sync(lambda s: get(s, 1))
    assert (row.severity, row.tempo, row.families) == ("SEV2", "rolling", ["a"])


def test_another_than_proposed_needs_a_reason(run: Run) -> None:
    _do(run, ADA, assessing.answer, TOXIC)
    with pytest.raises(BadInput, match="SEV2"):
        _do(run, ADA, assessing.set_severity, "SEV1")
    _do(run, ADA, assessing.set_severity, "SEV1", reason="a child is involved")


def test_less_than_proposed_is_the_commanders_alone(run: Run) -> None:
    _do(run, ADA, assessing.answer, TOXIC)
    with pytest.raises(NotAllowed, match=ADA):
        _do(run, MAX, assessing.set_severity, "SEV3", reason="looks small")
    _do(run, ADA, assessing.set_severity, "SEV3", reason="test traffic only")


def test_a_downgrade_takes_time_reason_evidence_and_a_second_person(house: House, run: Run) -> None:
    _do(run, ADA, assessing.set_severity, "SEV1")
    _do(run, PRIYA, roles.take, "privacy")
    with pytest.raises(NotReady, match="60 minutes"):
        _do(run, ADA, assessing.ask_downgrade, "SEV2", "contained", "entry 4")
    run.later(minutes=61)
    with pytest.raises(NotReady, match="why"):
        _do(run, ADA, assessing.ask_downgrade, "SEV2", "", "entry 4")
    with pytest.raises(NotReady, match="SEV2 first"):
        _do(run, ADA, assessing.ask_downgrade, "SEV3", "contained", "entry 4")
    _do(run, ADA, assessing.ask_downgrade, "SEV2", "contained", "entry 4")
    assert house.read_sync(lambda s: get(s, 1)).severity == "SEV1"
    waiting = house.read_sync(lambda s: approvals.waiting_for(s, PRIYA))[0]
    with pytest.raises(Refusal):
        _do(
            run,
            ADA,
            approvals.give,
            waiting.number,
            waiting.digest,
            subjects=rooms.approval_subjects(),
        )
    _do(
        run,
        PRIYA,
        approvals.give,
        waiting.number,
        waiting.digest,
        subjects=rooms.approval_subjects(),
    )
    assert house.read_sync(lambda s: get(s, 1)).severity == "SEV2"


@pytest.mark.parametrize("typed", ["sev2", "2", "SEV-2", "Sev 2", " SEV2 "])
def test_severity_is_read_however_it_is_typed(typed: str) -> None:
    assert assessing.parse_severity(typed) == "SEV2"


@pytest.mark.parametrize("typed", ["", "5", "sev0", "high"])
def test_what_is_no_severity_is_refused(typed: str) -> None:
    with pytest.raises(BadInput):
        assessing.parse_severity(typed)
