"""Shared pieces of the tables: naming of constraints, column helpers."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from sqlalchemy import CheckConstraint, Column, Text
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


def one_of(column: str, values: Iterable[str]) -> CheckConstraint:
    """The database itself refuses any other word in ``column`` (NULL passes)."""
    words = ", ".join(f"'{value}'" for value in values)
    return CheckConstraint(f"{column} IN ({words})", name=f"{column}_known")
