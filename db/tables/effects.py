"""The outbox: everything that must happen outside the database, as rows."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Column, Index, Integer
from sqlmodel import Field

from db.tables.base import Table, json_column, one_of, partial, text_column, time_column

EFFECT_STATES = ("pending", "inflight", "done", "failed", "given_up")
_OPEN = "state IN ('pending', 'inflight')"


class EffectRow(Table, table=True):
    """One stored effect.

    ``lane`` orders: within a lane, effects happen one after the other. ``after`` waits for another
    effect's success. ``doubt`` means that an earlier attempt may have succeeded unseen. ``blocked``
    only keeps claims short: it was seen to wait for another effect, and is not looked at before that
    one is settled; whether it may go is always judged by lane and ``after``.
    """

    __tablename__ = "effect"
    __table_args__ = (
        one_of("state", EFFECT_STATES),
        partial(
            "ix_effect_next", "next_at", "id", where=f"{_OPEN} AND blocked IS 0",
            postgresql=f"{_OPEN} AND blocked IS false",
        ),
        partial("ix_effect_open_lane", "lane", "id", where=_OPEN),
        partial("ix_effect_failed", "incident", where="state = 'failed'"),
        partial("ix_effect_lane_done", "lane", "done_at", where="done_at IS NOT NULL"),
        Index("ix_effect_incident_state", "incident", "state"),
    )  # fmt: skip

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
    blocked: bool = False
    next_at: datetime = Field(sa_column=time_column(nullable=False))
    lease_until: datetime | None = Field(default=None, sa_column=time_column())
    owner: str | None = Field(default=None, max_length=120)
    result: dict[str, Any] | None = Field(default=None, sa_column=json_column(nullable=True))
    error: str = Field(default="", sa_column=text_column())
    created_at: datetime = Field(sa_column=time_column(nullable=False))
    first_try_at: datetime | None = Field(default=None, sa_column=time_column())
    done_at: datetime | None = Field(default=None, sa_column=time_column())
    trace: str = Field(default="", max_length=64)
