"""Shared pieces of the tables: naming of constraints, column helpers."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from sqlalchemy import CheckConstraint, Column, Index, Text, text
from sqlmodel import SQLModel

from db.types import JsonDoc, UtcDateTime

#: Named constraints, so that a migration can find them on every database.
SQLModel.metadata.naming_convention = {
    "ix": "ix_%(column_0_N_label)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}
metadata = SQLModel.metadata


def time_column(*, nullable: bool = True) -> Column[Any]:
    """A UTC moment."""
    return Column(UtcDateTime(), nullable=nullable)


def json_column(*, nullable: bool = False) -> Column[Any]:
    """A JSON document; replace it whole, an in-place change would not be saved."""
    return Column(JsonDoc(), nullable=nullable)


def text_column(*, nullable: bool = False) -> Column[Any]:
    """Text without a length limit in the database; the doors limit it."""
    return Column(Text(), nullable=nullable)


def partial(name: str, *columns: str, where: str, postgresql: str = "") -> Index:
    """An index over the rows of which ``where`` is true; ``postgresql``: the same in its words.

    Its words for PostgreSQL are set by :func:`for_postgresql`, when a migration needs them: to name
    them here would load that dialect, some megabytes, into every bot on SQLite.
    """
    return Index(
        name, *columns, sqlite_where=text(where), info={"postgresql_where": postgresql or where}
    )


def for_postgresql() -> None:
    """Give the partial indexes their conditions on PostgreSQL."""
    for table in metadata.tables.values():
        for index in table.indexes:
            if where := index.info.get("postgresql_where"):
                index.dialect_options["postgresql"]["where"] = text(where)


def one_of(column: str, values: Iterable[str]) -> CheckConstraint:
    """The database itself refuses any other word in ``column`` (NULL passes)."""
    words = ", ".join(f"'{value}'" for value in values)
    return CheckConstraint(f"{column} IN ({words})", name=f"{column}_known")


class Table(SQLModel):
    """A table's rows are judged by the database's own checks, never by pydantic.

    So no validator is built for them, which spares every process memory and time at its start.
    """

    model_config = {"defer_build": True}
