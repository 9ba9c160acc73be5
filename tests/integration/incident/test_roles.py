"""Roles: offered, accepted, handed over; instructions once, and to nobody else."""

from __future__ import annotations

import pytest
from sqlmodel import col, select

from bot.errors import BadInput, Conflict, NotAllowed
from bot.house import House
from bot.incident import rights, roles
from bot.incident.opening import channel_made, open_incident
from bot.incident.queries import get, holder_of
from bot.record import timeline
from bot.record.read import entries
from bot.record.tx import Tx
from db.tables import EffectRow, Incident
from tests.support.houses import Run

pytestmark = pytest.mark.usefixtures("proven")
ADA, MAX, CLEO = "U01ADA", "U02MLE", "U03COM"


@pytest.fixture
def incident(run: Run) -> int:
    number = run(ADA, lambda tx: open_incident(tx, "It insults people")).number
    run("system", lambda tx: channel_made(tx, number, "C1", "inc-1"))
    return number


def _do(run: Run, person: str, verb, *args: object, **how: object):  # type: ignore[no-untyped-def]
    def job(tx: Tx) -> object:
        row: Incident = get(tx.session, 1)
        return verb(tx, row, *args)

    return run(person, job, **how)


def _told(house: House, person: str) -> list[str]:
    found = house.read_sync(
        lambda s: list(s.exec(select(EffectRow).where(col(EffectRow.kind) == "person.tell")))
    )
    return [e.payload["message"] for e in found if e.payload["user"] == person]


def test_an_offer_changes_nothing_until_it_is_accepted(
    house: House, run: Run, incident: int
) -> None:
    _do(run, ADA, roles.assign, "comms", CLEO)
    assert house.read_sync(lambda s: holder_of(s, 1, "comms")) is None
    assert _told(house, CLEO) == ["role_offer"]
    _do(run, CLEO, roles.accept, "comms")
    assert house.read_sync(lambda s: holder_of(s, 1, "comms")) == CLEO
    assert _told(house, CLEO) == ["role_offer", "role_instructions"]


def test_accepting_twice_does_one_thing(house: House, run: Run, incident: int) -> None:
    _do(run, ADA, roles.assign, "comms", CLEO)
    _do(run, CLEO, roles.accept, "comms")
    _do(run, CLEO, roles.accept, "comms")
    assert _told(house, CLEO).count("role_instructions") == 1


def test_command_is_handed_over_when_the_other_accepts(
    house: House, run: Run, incident: int
) -> None:
    _do(run, ADA, roles.assign, "commander", MAX)
    assert house.read_sync(lambda s: holder_of(s, 1, "commander")) == ADA
    _do(run, MAX, roles.accept, "commander")
    assert house.read_sync(lambda s: holder_of(s, 1, "commander")) == MAX


def test_taking_command_over_takes_a_reason(house: House, run: Run, incident: int) -> None:
    with pytest.raises(BadInput, match="why you take over") as problem:
        _do(run, MAX, roles.take, "commander", channel="C1")
    assert problem.value.field == "reason"
    _do(run, MAX, roles.take, "commander", "Ada does not answer", channel="C1")
    assert house.read_sync(lambda s: holder_of(s, 1, "commander")) == MAX
    last = house.read_sync(lambda s: list(entries(s, 1, kinds=["role.handed_over"])))[-1]
    assert last.entry.note == "Ada does not answer"
    assert "(Ada does not answer)" in timeline.line(last).text


def test_only_who_was_asked_can_accept(run: Run, incident: int) -> None:
    _do(run, ADA, roles.assign, "comms", CLEO)
    with pytest.raises(Conflict):
        _do(run, MAX, roles.accept, "comms")


def test_a_stranger_cannot_give_roles_away_and_hears_who_can(run: Run, incident: int) -> None:
    with pytest.raises(NotAllowed, match=f"<@{ADA}>"):
        _do(run, MAX, roles.assign, "comms", CLEO)


def test_a_responder_takes_a_free_role_but_not_a_held_one(run: Run, incident: int) -> None:
    _do(run, CLEO, roles.take, "comms", channel="C1")
    with pytest.raises(NotAllowed, match=f"<@{CLEO}>"):
        _do(run, MAX, roles.take, "comms", channel="C1")


def test_the_commander_cannot_just_leave(run: Run, incident: int) -> None:
    with pytest.raises(BadInput, match="commander"):
        _do(run, ADA, roles.release, "commander")


def test_a_role_counts_for_the_gravest_only_when_it_was_given(
    house: House, run: Run, incident: int
) -> None:
    """Whoever comes into the channel can take a free role; wiping the record takes two people."""

    def may(person: str) -> bool:
        return run(person, lambda tx: rights.may(tx, "erase_personal", get(tx.session, incident)))

    run(MAX, lambda tx: roles.assign(tx, get(tx.session, incident), "legal", MAX), source="cli")
    assert not may(MAX)
    run(ADA, lambda tx: roles.assign(tx, get(tx.session, incident), "legal", MAX))
    assert may(MAX)
    run(ADA, lambda tx: roles.assign(tx, get(tx.session, incident), "privacy", CLEO))
    assert not may(CLEO), "offered, not accepted"
    run(CLEO, lambda tx: roles.accept(tx, get(tx.session, incident), "privacy"))
    assert may(CLEO) and not may(ADA)


def test_declining_is_said_in_the_channel(house: House, run: Run, incident: int) -> None:
    _do(run, ADA, roles.assign, "legal", MAX)
    _do(run, MAX, roles.decline, "legal", "on holiday")
    said = house.read_sync(
        lambda s: list(s.exec(select(EffectRow).where(col(EffectRow.kind) == "channel.say")))
    )
    assert [e.payload["message"] for e in said] == ["role_declined"]


@pytest.mark.parametrize(
    ("word", "role"),
    [
        ("comms", "comms"),
        ("IC", "commander"),
        ("Incident Commander", "commander"),
        ("domain expert", "domain_expert"),
    ],
)
def test_roles_are_found_by_any_of_their_names(
    run: Run, incident: int, word: str, role: str
) -> None:
    assert run(ADA, lambda tx: roles.find_role(tx, word)) == role


def test_a_slip_gets_a_suggestion(run: Run, incident: int) -> None:
    with pytest.raises(BadInput) as refused:
        run(ADA, lambda tx: roles.find_role(tx, "privcy"))
    assert "privacy" in refused.value.instead
