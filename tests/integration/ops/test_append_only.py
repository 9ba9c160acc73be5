"""The database itself refuses to change or lose an entry, whoever asks."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator

import pytest
from sqlalchemy import make_url
from sqlalchemy.exc import DBAPIError
from sqlmodel import Session, select

from bot.house import House
from bot.incident.opening import open_incident
from bot.record.verify import verify_chain
from db.engine import Engines, open_engines
from db.tables import EntryRow
from tests.needs import needs_postgres
from tests.support.houses import Run

COPY = "INSERT OR REPLACE INTO entry SELECT * FROM entry WHERE seq = 1"
BOTH = {
    "update": "UPDATE entry SET doc = '{}' WHERE seq = 1",
    "update all": "UPDATE entry SET incident = NULL",
    "delete": "DELETE FROM entry WHERE seq = 1",
    "delete all": "DELETE FROM entry",
}
ONE = {
    "sqlite": {"replace": COPY},
    "postgres": {"truncate": "TRUNCATE entry", "truncate cascade": "TRUNCATE entry CASCADE"},
}
CASES = [
    pytest.param(engine, statement, id=f"{engine} {name}", marks=marks)
    for engine, marks in (("sqlite", ()), ("postgres", needs_postgres))
    for name, statement in {**BOTH, **ONE[engine]}.items()
]


@pytest.fixture
def engines(db_url: str, house: House, run: Run) -> Iterator[Engines]:
    """A database with a record, reached past the house."""
    run("U01ADA", lambda tx: open_incident(tx, "Model insults customers"))
    made = open_engines(db_url)
    yield made
    made.dispose()


@pytest.mark.parametrize(("engine_name", "statement"), CASES, indirect=["engine_name"])
def test_entries_cannot_be_changed_or_removed(statement: str, engines: Engines) -> None:
    """Every way that SQL knows."""
    before = _rows(engines)
    with pytest.raises(DBAPIError, match="append-only"), engines.write.begin() as conn:
        conn.exec_driver_sql(statement)
    assert _rows(engines) == before


@pytest.mark.parametrize("engine_name", ["sqlite"], indirect=True)
def test_a_client_that_leaves_recursive_triggers_off_cannot_replace(
    engines: Engines, house: House
) -> None:
    """INSERT OR REPLACE deletes without asking the delete trigger unless a pragma is on."""
    path = make_url(engines.url).database
    assert path
    raw = sqlite3.connect(path)
    with pytest.raises(sqlite3.IntegrityError, match="append-only"):
        raw.execute(COPY)
    raw.close()
    assert house.read_sync(verify_chain).whole


def test_readers_cannot_write_at_all(engines: Engines) -> None:
    """The engine that only looks is held to it by the database."""
    with pytest.raises(DBAPIError), engines.read.begin() as conn:
        conn.exec_driver_sql("UPDATE head SET incidents = 99")


def _rows(engines: Engines) -> list[tuple[int, str, str]]:
    with Session(engines.read) as session:
        rows = session.exec(select(EntryRow.seq, EntryRow.doc, EntryRow.hash)).all()
    return [tuple(row) for row in rows]
