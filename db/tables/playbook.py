"""Steps, approvals and exit criteria of an incident's playbook."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Index
from sqlmodel import Field

from db.tables.base import Table, json_column, one_of, text_column, time_column

STEP_STATES = ("open", "done", "not_needed", "blocked", "not_required")


class Step(Table, table=True):
    """One step of the playbook as this incident walks it. ``plan`` is the composed definition.

    ``number`` is what people type and never changes; ``position`` orders and may.
    """

    __tablename__ = "step"
    __table_args__ = (
        one_of("state", STEP_STATES),
        Index("ix_step_owner_state", "owner", "state"),
    )

    incident: int = Field(primary_key=True)
    key: str = Field(primary_key=True, max_length=120)
    number: int
    position: int
    title: str = Field(sa_column=text_column())
    phase: str = Field(max_length=16)
    kind: str = Field(max_length=16)
    role: str = Field(max_length=32)
    owner: str | None = Field(default=None, max_length=64)
    state: str = Field(default="open", max_length=16)
    rung: str | None = Field(default=None, max_length=4)
    due_at: datetime | None = Field(default=None, sa_column=time_column())
    overdue: bool = False
    plan: dict[str, Any] = Field(sa_column=json_column())
    waived: list[str] = Field(default_factory=list, sa_column=json_column())
    evidence: dict[str, Any] = Field(default_factory=dict, sa_column=json_column())
    outcome: str | None = Field(default=None, max_length=80)
    reason: str = Field(default="", sa_column=text_column())
    changed_by: str | None = Field(default=None, max_length=64)
    changed_at: datetime | None = Field(default=None, sa_column=time_column())


class Approval(Table, table=True):
    """A request to people with a named right, bound by hash to one text or action."""

    __tablename__ = "approval"
    __table_args__ = (
        one_of("state", ("waiting", "approved", "refused", "expired", "void")),
        one_of("subject", ("step", "notice", "downgrade", "waiver")),
        Index("ix_approval_state_incident", "state", "incident"),
        Index("ix_approval_subject", "incident", "subject", "subject_key"),
    )

    incident: int = Field(primary_key=True)
    number: int = Field(primary_key=True)
    subject: str = Field(max_length=16)
    subject_key: str = Field(max_length=120)
    title: str = Field(sa_column=text_column())
    digest: str = Field(max_length=64)
    rule: dict[str, Any] = Field(sa_column=json_column())
    details: dict[str, Any] = Field(default_factory=dict, sa_column=json_column())
    asked_by: str = Field(max_length=64)
    asked_at: datetime = Field(sa_column=time_column(nullable=False))
    expires_at: datetime | None = Field(default=None, sa_column=time_column())
    given: list[dict[str, Any]] = Field(default_factory=list, sa_column=json_column())
    state: str = Field(default="waiting", max_length=16)
    comment: str = Field(default="", sa_column=text_column())
    ratified: list[dict[str, Any]] = Field(default_factory=list, sa_column=json_column())
    settled_at: datetime | None = Field(default=None, sa_column=time_column())


class ExitCriterion(Table, table=True):
    """What must hold before the incident may be resolved."""

    __tablename__ = "exit_criterion"
    __table_args__ = (one_of("state", ("open", "met", "waived", "not_required")),)

    incident: int = Field(primary_key=True)
    key: str = Field(primary_key=True, max_length=120)
    title: str = Field(sa_column=text_column())
    plan: dict[str, Any] = Field(sa_column=json_column())
    state: str = Field(default="open", max_length=16)
    evidence: str = Field(default="", sa_column=text_column())
    changed_by: str | None = Field(default=None, max_length=64)
    changed_at: datetime | None = Field(default=None, sa_column=time_column())
