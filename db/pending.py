"""New rows that wait to be written many at a time, without anybody noticing that they wait.

Inserting through the ORM one object after the other costs more than everything else that opening
an incident does. Rows given to :func:`add` are written in one statement a table: before the first
read of the session, or right before the commit.
"""

from __future__ import annotations

from functools import cache
from typing import Any

from sqlalchemy import event, inspect
from sqlalchemy.orm import ORMExecuteState
from sqlmodel import Session, SQLModel

from db.bulk import insert_rows

_KEY = "pending_rows"


def add(session: Session, table: type[SQLModel], values: dict[str, Any]) -> None:
    """Insert a row of ``table`` soon; columns that are not named get their field's default."""
    row = {**_defaults(table), **values}
    session.info.setdefault(_KEY, {}).setdefault(table, []).append(row)


@cache
def _defaults(table: type[SQLModel]) -> dict[str, Any]:
    # Shared by all rows, so a default list or dict is never changed in place: see json_column.
    return {
        name: field.get_default(call_default_factory=True, validated_data={})
        for name, field in table.model_fields.items()
        if not field.is_required()
    }


def write(session: Session) -> None:
    """Write what waits."""
    waiting = session.info.pop(_KEY, None)
    if not waiting:
        return
    connection = session.connection()
    for table, rows in waiting.items():
        insert_rows(connection, inspect(table).local_table, rows)


@event.listens_for(Session, "do_orm_execute")
def _before_reading(state: ORMExecuteState) -> None:
    if state.session.info.get(_KEY):
        write(state.session)  # type: ignore[arg-type]


@event.listens_for(Session, "before_flush")
def _before_flush(session: Any, _context: Any, _instances: Any) -> None:
    write(session)
