"""How many openings of one person are let in within an hour."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from bot.incident import flood
from bot.incident.flood import Openings

NOW = datetime(2026, 3, 1, 2, 0, tzinfo=UTC)


def test_one_too_many_is_held_back_until_the_hour_is_over() -> None:
    openings = Openings(2)
    assert openings.let_in("U1", False, "a", NOW)
    assert openings.let_in("U1", False, "b", NOW + timedelta(minutes=30))
    assert not openings.let_in("U1", False, "c", NOW + timedelta(minutes=59))
    assert openings.let_in("U2", False, "d", NOW + timedelta(minutes=59)), (
        "others are not held back"
    )
    assert openings.let_in("U1", True, "e", NOW + timedelta(minutes=59)), "drills are counted apart"
    assert openings.let_in("U1", False, "f", NOW + timedelta(minutes=60))
    assert not openings.let_in("U1", False, "g", NOW + timedelta(minutes=61))


def test_the_same_request_counts_once_and_comes_through_again() -> None:
    openings = Openings(1)
    assert all(openings.let_in("U1", False, "a", NOW) for _ in range(5))
    assert not openings.let_in("U1", False, "b", NOW)
    assert openings.let_in("U1", False, "a", NOW), "a redelivery gets the answer of the first"


def test_no_limit_keeps_nothing_in_mind() -> None:
    openings = Openings(0)
    assert all(openings.let_in("U1", False, str(n), NOW) for n in range(100))
    assert not openings._lately


def test_it_forgets_whoever_opened_nothing_for_an_hour() -> None:
    openings = Openings(5)
    for n in range(flood.PEOPLE):
        openings.let_in(f"U{n}", False, "a", NOW)
    openings.let_in("ULATE", False, "a", NOW + flood.WITHIN)
    assert list(openings._lately) == [("ULATE", False)]
