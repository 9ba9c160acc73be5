"""Inserting many rows with few calls into the driver.

Every step of a statement lets go of the interpreter's lock and has to win it back, against the
threads that serve requests. A statement that inserts sixteen rows does that once, sixteen
statements do it sixteen times; under load that is most of what writing costs. PostgreSQL's driver
sends many rows in one go by itself.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cache, lru_cache
from typing import Any

from sqlalchemy import Connection, Dialect, Table, insert

from db.types import UtcDateTime

#: Rows in one statement. A few sizes only, so that the driver keeps the prepared statements.
SIZES = (32, 8, 2, 1)
Row = Mapping[str, Any]


def insert_rows(
    conn: Connection, table: Table, rows: Sequence[Row], *, unless_known: str | None = None
) -> None:
    """Insert ``rows``, which all name the same columns, in their order.

    ``unless_known``: a unique column; a row whose value is there already is left out.
    """
    if not rows:
        return
    if conn.dialect.name == "sqlite":
        _sqlite(conn, table, rows, unless_known)
    else:
        conn.execute(_postgresql(table, unless_known), [dict(row) for row in rows])


def _sqlite(conn: Connection, table: Table, rows: Sequence[Row], unless_known: str | None) -> None:
    columns = tuple(rows[0])
    to_driver = _to_driver(table, columns, conn.dialect)
    for part in _parts(rows):
        values: list[Any] = []
        for row in part:
            values += [
                value if turn is None else turn(value)
                for turn, value in zip(to_driver, row.values(), strict=True)
            ]
        conn.exec_driver_sql(_statement(table, columns, len(part), unless_known), tuple(values))


def _parts(rows: Sequence[Row]) -> Iterator[Sequence[Row]]:
    done = 0
    for size in SIZES:
        while len(rows) - done >= size:
            yield rows[done : done + size]
            done += size


@cache
def _to_driver(
    table: Table, columns: tuple[str, ...], dialect: Dialect
) -> tuple[Callable[[Any], Any] | None, ...]:
    """For each column what makes its value one that the driver takes; None: it is one already."""
    found = []
    for name in columns:
        kind = table.c[name].type
        turn = kind.dialect_impl(dialect).bind_processor(dialect)
        # Rows of one transaction share its moment.
        remembers = isinstance(kind, UtcDateTime) and turn is not None
        found.append(lru_cache(maxsize=8)(turn) if remembers and turn is not None else turn)
    return tuple(found)


@cache
def _statement(table: Table, columns: tuple[str, ...], rows: int, unless_known: str | None) -> str:
    names = ", ".join(f'"{name}"' for name in columns)
    one = "(" + ", ".join("?" for _ in columns) + ")"
    end = f' ON CONFLICT ("{unless_known}") DO NOTHING' if unless_known else ""
    return f'INSERT INTO "{table.name}" ({names}) VALUES {", ".join([one] * rows)}{end}'  # noqa: S608 - our names


@cache
def _postgresql(table: Table, unless_known: str | None) -> Any:
    if unless_known is None:
        return insert(table)
    from sqlalchemy.dialects import postgresql

    return postgresql.insert(table).on_conflict_do_nothing(index_elements=[unless_known])
