"""The record: entries in one chain, their private halves, deliveries seen, content pinned."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, Column, Index, Integer
from sqlmodel import Field

from db.tables.base import Table, json_column, text_column, time_column


class Head(Table, table=True):
    """The end of the chain, one row. Locking it makes a writer the only one.

    It also hands out incident numbers, so that numbers have no gaps and are never reused.
    """

    __tablename__ = "head"
    __table_args__ = (CheckConstraint("id = 1", name="single"),)

    id: int = Field(default=1, sa_column=Column(Integer, primary_key=True, autoincrement=False))
    seq: int = 0
    hash: str = Field(default="", max_length=64)
    incidents: int = 0


class EntryRow(Table, table=True):
    """One entry of the record. Append-only: triggers refuse every change and deletion."""

    __tablename__ = "entry"
    __table_args__ = (
        Index("ix_entry_incident_n", "incident", "n", unique=True),
        Index("ix_entry_kind_seq", "kind", "seq"),
    )

    seq: int = Field(sa_column=Column(Integer, primary_key=True, autoincrement=False))
    incident: int | None = None
    n: int | None = None
    kind: str = Field(max_length=64)
    recorded_at: datetime = Field(sa_column=time_column(nullable=False))
    doc: str = Field(sa_column=text_column())
    hash: str = Field(max_length=64, unique=True)


class EntryPrivate(Table, table=True):
    """The erasable half of an entry: name -> [salt, value]. The chain holds only commitments."""

    __tablename__ = "entry_private"

    seq: int = Field(sa_column=Column(Integer, primary_key=True, autoincrement=False))
    incident: int | None = Field(default=None, index=True)
    body: dict[str, Any] = Field(sa_column=json_column())


class EntryText(Table, table=True):
    """The words under which an entry is found; erased with its private half.

    Its index is made by ``db.fulltext``. It can be filled again from the entries at any time.
    """

    __tablename__ = "entry_text"

    seq: int = Field(sa_column=Column(Integer, primary_key=True, autoincrement=False))
    words: str = Field(sa_column=text_column())


class Checkpoint(Table, table=True):
    """A signed statement of how long the record was and what it hashed to. Append-only."""

    __tablename__ = "checkpoint"

    seq: int = Field(sa_column=Column(Integer, primary_key=True, autoincrement=False))
    size: int = Field(index=True)
    root: str = Field(max_length=64)
    key_id: str = Field(max_length=8)
    at: datetime = Field(sa_column=time_column(nullable=False))
    reason: str = Field(max_length=32)
    incident: int | None = None
    note: str = Field(sa_column=text_column())


class TreeNode(Table, table=True):
    """Hash of a full subtree of 256, 65,536 … entries; can be made again from the entries.

    ``height`` counts steps of 256: node 0 of height 1 stands for entries 1 to 256.
    """

    __tablename__ = "tree_node"

    height: int = Field(primary_key=True)
    place: int = Field(primary_key=True)
    hash: str = Field(max_length=64)


class Delivery(Table, table=True):
    """A request that was carried out, and what was answered, so that a second copy does nothing."""

    __tablename__ = "delivery"
    __table_args__ = ({"sqlite_with_rowid": False},)  # one tree to write, not two

    key: str = Field(primary_key=True, max_length=200)
    received_at: datetime = Field(sa_column=time_column(nullable=False))
    answer: dict[str, Any] | None = Field(default=None, sa_column=json_column(nullable=True))


class ContentRow(Table, table=True):
    """A playbook module or template exactly as an incident ran with it, by its hash."""

    __tablename__ = "content"

    sha256: str = Field(primary_key=True, max_length=64)
    kind: str = Field(max_length=32)
    name: str = Field(max_length=120)
    version: str = Field(max_length=32)
    body: dict[str, Any] = Field(sa_column=json_column())
