"""The outbox: everything that must happen outside the database, as rows."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Column, Index, Integer, text
from sqlmodel import Field, SQLModel

from db.tables.base import json_column, one_of, text_column, time_column

EFFECT_STATES = ("pending", "inflight", "done", "failed", "given_up")
_failed = text("state = 'failed'")
_open = text("state IN ('pending', 'inflight')")


class EffectRow(SQLModel, table=True):
    """One stored effect.

    ``lane`` orders: within a lane, effects happen one after the other. ``after`` waits for another
    effect's success. ``doubt`` means that an earlier attempt may have succeeded unseen.
    """

    __tablename__ = "effect"
    __table_args__ = (
        one_of("state", EFFECT_STATES),
        Index("ix_effect_open", "next_at", sqlite_where=_open, postgresql_where=_open),
        Index("ix_effect_open_lane", "lane", "id", sqlite_where=_open, postgresql_where=_open),
        Index("ix_effect_failed", "incident", sqlite_where=_failed, postgresql_where=_failed),
        Index("ix_effect_lane_done", "lane", "done_at"),
        Index("ix_effect_incident_state", "incident", "state"),
    )

    id: int | None = Field(
        default=None, sa_column=Column(Integer, primary_key=True, autoincrement=True)
    )
    key: str = Field(max_length=200, unique=True)
    incident: int | None = None
    kind: str = Field(max_length=48)
    lane: str = Field(max_length=120)
    after: str | None = Field(default=None, max_length=200)
    payload: dict[str, Any] = Field(sa_column=json_column())
    pace_ms: int = 0
    state: str = Field(default="pending", max_length=16)
    attempts: int = 0
    doubt: bool = False
    next_at: datetime = Field(sa_column=time_column(nullable=False))
    lease_until: datetime | None = Field(default=None, sa_column=time_column())
    owner: str | None = Field(default=None, max_length=120)
    result: dict[str, Any] | None = Field(default=None, sa_column=json_column(nullable=True))
    error: str = Field(default="", sa_column=text_column())
    created_at: datetime = Field(sa_column=time_column(nullable=False))
    first_try_at: datetime | None = Field(default=None, sa_column=time_column())
    done_at: datetime | None = Field(default=None, sa_column=time_column())
    trace: str = Field(default="", max_length=64)
