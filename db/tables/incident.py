"""The incident itself, who holds which role, and what people put on the record."""

from __future__ import annotations

from datetime import datetime
from typing import Any, ClassVar

from sqlalchemy import Column, Index, Integer
from sqlmodel import Field

from db.tables.base import Table, json_column, one_of, partial, text_column, time_column

SEVERITIES = ("SEV1", "SEV2", "SEV3", "SEV4")
STATUSES = ("investigating", "contained", "resolved", "closed")
TEMPOS = ("acute", "rolling", "latent")

_version: Column[Any] = Column("version", Integer, nullable=False)


class Incident(Table, table=True):
    """One incident or drill. ``version`` is the number of its last entry: the optimistic lock."""

    __tablename__ = "incident"
    __table_args__ = (
        one_of("severity", SEVERITIES),
        one_of("status", STATUSES),
        one_of("tempo", TEMPOS),
        one_of("kind", ("real", "drill")),
        # Closed incidents grow without end, the others stay few: what people look at every day.
        partial("ix_incident_live", "number", where="status <> 'closed'"),
    )
    __mapper_args__: ClassVar[dict[str, Any]] = {
        "version_id_col": _version,
        "version_id_generator": False,
    }

    number: int = Field(sa_column=Column(Integer, primary_key=True, autoincrement=False))
    kind: str = Field(default="real", max_length=8)
    private: bool = False
    title: str = Field(sa_column=text_column())
    summary: str = Field(default="", sa_column=text_column())
    status: str = Field(default="investigating", max_length=16)
    severity: str | None = Field(default=None, max_length=4)
    severity_floor: str | None = Field(default=None, max_length=4)
    severity_at: datetime | None = Field(default=None, sa_column=time_column())
    tempo: str = Field(default="acute", max_length=8)
    families: list[str] = Field(default_factory=list, sa_column=json_column())
    answers: dict[str, Any] = Field(default_factory=dict, sa_column=json_column())
    facts: dict[str, Any] = Field(default_factory=dict, sa_column=json_column())
    modules: list[dict[str, Any]] = Field(default_factory=list, sa_column=json_column())
    opened_by: str = Field(max_length=64)
    opened_at: datetime = Field(sa_column=time_column(nullable=False))
    origin_channel: str | None = Field(default=None, max_length=32)
    channel_id: str | None = Field(default=None, max_length=32, index=True)
    channel_name: str = Field(default="", max_length=80)
    card_ts: str | None = Field(default=None, max_length=32)
    announced_channel: str | None = Field(default=None, max_length=32)
    announced_ts: str | None = Field(default=None, max_length=32)
    last_update: str = Field(default="", sa_column=text_column())
    last_update_at: datetime | None = Field(default=None, sa_column=time_column())
    next_update_at: datetime | None = Field(default=None, sa_column=time_column())
    contained_at: datetime | None = Field(default=None, sa_column=time_column())
    resolved_at: datetime | None = Field(default=None, sa_column=time_column())
    closed_at: datetime | None = Field(default=None, sa_column=time_column())
    version: int = Field(default=1, sa_column=_version)


class RoleHolder(Table, table=True):
    """Who holds a role in an incident now. Earlier holders are in the record."""

    __tablename__ = "role_holder"
    __table_args__ = (
        one_of("state", ("offered", "accepted")),
        Index("ix_role_holder_holder", "holder", "incident"),
    )

    incident: int = Field(primary_key=True)
    role: str = Field(primary_key=True, max_length=32)
    holder: str = Field(max_length=64)
    state: str = Field(default="offered", max_length=16)
    given_by: str = Field(default="", max_length=64)
    since: datetime = Field(sa_column=time_column(nullable=False))


class Member(Table, table=True):
    """Who was brought into a private incident: they know that it exists, with or without a role."""

    __tablename__ = "member"
    __table_args__ = (Index("ix_member_person", "person", "incident"),)

    incident: int = Field(primary_key=True)
    person: str = Field(primary_key=True, max_length=64)


class RecordItem(Table, table=True):
    """What a person put on the record: a note, decision, hypothesis or piece of evidence.

    ``n`` is the number of its entry in the incident. A correction replaces ``text`` here and
    keeps the old entry in the record.
    """

    __tablename__ = "record_item"
    __table_args__ = (
        one_of("kind", ("note", "decision", "hypothesis", "evidence", "message")),
        one_of("status", ("open", "supported", "refuted")),
        Index("ix_record_item_source", "source_channel", "source_ts"),
    )

    incident: int = Field(primary_key=True)
    n: int = Field(primary_key=True)
    kind: str = Field(max_length=16)
    text: str = Field(sa_column=text_column())
    author: str = Field(max_length=64)
    author_role: str | None = Field(default=None, max_length=32)
    at: datetime = Field(sa_column=time_column(nullable=False))
    status: str | None = Field(default=None, max_length=16)
    details: dict[str, Any] = Field(default_factory=dict, sa_column=json_column())
    source_channel: str | None = Field(default=None, max_length=32)
    source_ts: str | None = Field(default=None, max_length=32)
    corrected_by: int | None = None
    withdrawn: bool = False
