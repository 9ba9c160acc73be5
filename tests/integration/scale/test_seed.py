"""A made-up past is a real record: it verifies, and the state follows from it."""

from __future__ import annotations

import pytest
from sqlmodel import func, select

from bot.cli.seed import FILLED, PEOPLE, fill
from bot.errors import Conflict
from bot.house import House
from bot.incident.opening import open_incident
from bot.record import search
from bot.record.query import parse
from db.tables import EntryRow, EntryText, Incident
from tests.support.houses import Run, assert_proven


def count(house: House, table: type) -> int:
    return house.read_sync(lambda s: s.exec(select(func.count()).select_from(table)).one())


def test_two_hundred_incidents_verify_and_rebuild(house: House, run: Run) -> None:
    assert list(fill(house, 210, 2_100)) == [200, 210]
    assert count(house, Incident) == 210 and count(house, EntryRow) == 2_100
    assert count(house, EntryText) == 2_100 and all(count(house, table) for table in FILLED)
    assert_proven(house)
    opened = run("U01ADA", lambda tx: open_incident(tx, "The real thing"))
    assert opened.number == 211
    assert_proven(house)
    query = parse("the real thing", house.clock.now())
    assert len(house.read_sync(lambda s: search.find(s, query, PEOPLE[0]))[0]) == 1


def test_the_same_number_makes_the_same_past(house: House) -> None:
    list(fill(house, 3, 30, 7))
    titles = house.read_sync(lambda s: list(s.exec(select(Incident.title))))
    list(fill(house, 3, 30, 7, yes=True))
    again = house.read_sync(
        lambda s: list(s.exec(select(Incident.title).where(Incident.number > 3)))
    )
    assert titles == again


def test_a_database_with_incidents_is_left_alone(house: House, run: Run) -> None:
    run("U01ADA", lambda tx: open_incident(tx, "Real"))
    with pytest.raises(Conflict, match="holds incidents"):
        next(fill(house, 1, 10))
    assert count(house, Incident) == 1
