"""Rebuild every incident's state from the record alone, and compare it with the state we use."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Engine, create_engine, delete, inspect, select
from sqlmodel import Session, col

from bot.record.batch import Projector
from bot.record.read import entries
from bot.record.tx import project
from db.tables import STATE_TABLES, Incident, metadata


@dataclass(frozen=True)
class Difference:
    """One value that the record does not lead to."""

    incident: int
    table: str
    row: str
    column: str
    stored: Any
    rebuilt: Any

    def __str__(self) -> str:
        return (
            f"INC-{self.incident} {self.table} {self.row} {self.column}: "
            f"stored {self.stored!r}, the record says {self.rebuilt!r}"
        )


def check_incident(
    session: Session,
    projectors: Mapping[str, Projector],
    number: int,
    scratch: Engine | None = None,
) -> list[Difference]:
    """Replay the entries of one incident in an empty database and compare all state rows."""
    scratch = scratch or scratch_engine()
    with Session(scratch) as replay:
        for table in STATE_TABLES:
            replay.execute(delete(table))
        for recorded in entries(session, number):
            project(replay, projectors, recorded)
            replay.flush()
        replay.commit()
        return [
            difference
            for table in STATE_TABLES
            for difference in _compare(number, table, session, replay)
        ]


def check_all(
    session: Session, projectors: Mapping[str, Projector]
) -> tuple[int, list[Difference]]:
    """Check every incident. Returns how many there are and every difference."""
    scratch = scratch_engine()
    numbers = list(session.execute(select(col(Incident.number))).scalars())
    found: list[Difference] = []
    for number in numbers:
        found += check_incident(session, projectors, number, scratch)
    return len(numbers), found


def scratch_engine() -> Engine:
    """An empty database in memory with the state tables."""
    engine = create_engine("sqlite://")
    metadata.create_all(engine, tables=[inspect(table).local_table for table in STATE_TABLES])
    return engine


def _compare(number: int, table: type, stored: Session, rebuilt: Session) -> list[Difference]:
    before, after = _rows(stored, table, number), _rows(rebuilt, table, number)
    name = str(inspect(table).local_table.name)
    out = []
    for key in sorted(before.keys() | after.keys(), key=str):
        one, two = before.get(key), after.get(key)
        if one is None or two is None:
            out.append(Difference(number, name, str(key), "*", one, two))
            continue
        out += [
            Difference(number, name, str(key), column, one[column], two[column])
            for column in one
            if one[column] != two[column]
        ]
    return out


def _rows(session: Session, table: Any, number: int) -> dict[tuple[Any, ...], dict[str, Any]]:
    owner = table.number if table is Incident else table.incident
    keys = [column.name for column in inspect(table).primary_key]
    names = [column.key for column in inspect(table).columns]
    session.expire_all()
    out = {}
    for row in session.execute(select(table).where(col(owner) == number)).scalars():
        values = {name: getattr(row, name) for name in names}
        out[tuple(values[key] for key in keys)] = values
    return out
