"""Notices, action items and the postmortem."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Index
from sqlmodel import Field

from db.tables.base import Table, json_column, one_of, text_column, time_column

NOTICE_STATES = (
    "draft", "submitted", "returned", "approved", "publishing", "published", "withdrawn",
)  # fmt: skip
ACTION_STATES = ("open", "done", "proven", "dropped")


class Notice(Table, table=True):
    """A text for people outside the response. Approval is bound to ``digest``, its exact bytes.

    ``authors`` are all who wrote on the text and whoever asked for its approval: none of them may
    approve it. ``on_page_at`` is when it appeared on the status page.
    """

    __tablename__ = "notice"
    __table_args__ = (
        one_of("state", NOTICE_STATES),
        Index("ix_notice_state", "state"),
        Index("ix_notice_on_page", "on_page_at"),
    )

    incident: int = Field(primary_key=True)
    number: int = Field(primary_key=True)
    audience: str = Field(max_length=32)
    stage: str = Field(max_length=32)
    template: str = Field(max_length=80)
    template_sha256: str = Field(default="", max_length=64)
    title: str = Field(sa_column=text_column())
    body: str = Field(sa_column=text_column())
    digest: str = Field(max_length=64)
    state: str = Field(default="draft", max_length=16)
    author: str = Field(max_length=64)
    authors: list[str] = Field(default_factory=list, sa_column=json_column())
    asked_of: list[str] = Field(default_factory=list, sa_column=json_column())
    approvals: list[dict[str, Any]] = Field(default_factory=list, sa_column=json_column())
    advice: list[str] = Field(default_factory=list, sa_column=json_column())
    comment: str = Field(default="", sa_column=text_column())
    facts: dict[str, Any] = Field(default_factory=dict, sa_column=json_column())
    corrects: int | None = None
    corrected_by: int | None = None
    places: list[dict[str, Any]] = Field(default_factory=list, sa_column=json_column())
    drafted_at: datetime = Field(sa_column=time_column(nullable=False))
    changed_at: datetime = Field(sa_column=time_column(nullable=False))
    asked_at: datetime | None = Field(default=None, sa_column=time_column())
    expires_at: datetime | None = Field(default=None, sa_column=time_column())
    settled_at: datetime | None = Field(default=None, sa_column=time_column())
    on_page_at: datetime | None = Field(default=None, sa_column=time_column())
    published_at: datetime | None = Field(default=None, sa_column=time_column())


class ActionItem(Table, table=True):
    """A follow-up that stays open until its proof is on the record.

    ``planned_n`` is the entry that set the present owner and due time: reminders of an earlier
    plan look at it and do nothing.
    """

    __tablename__ = "action_item"
    __table_args__ = (
        one_of("state", ACTION_STATES),
        Index("ix_action_item_owner_state", "owner", "state"),
        Index("ix_action_item_state_due", "state", "due_at"),
    )

    incident: int = Field(primary_key=True)
    number: int = Field(primary_key=True)
    text: str = Field(sa_column=text_column())
    kind: str = Field(default="prevent", max_length=16)
    owner: str = Field(max_length=64)
    due_at: datetime = Field(sa_column=time_column(nullable=False))
    proof_wanted: str = Field(default="", sa_column=text_column())
    proof: str = Field(default="", sa_column=text_column())
    state: str = Field(default="open", max_length=16)
    overdue: bool = False
    planned_n: int
    done_by: str | None = Field(default=None, max_length=64)
    accepted_by: str | None = Field(default=None, max_length=64)
    accepted_role: str | None = Field(default=None, max_length=32)
    created_by: str = Field(max_length=64)
    created_at: datetime = Field(sa_column=time_column(nullable=False))
    changed_at: datetime | None = Field(default=None, sa_column=time_column())
    reason: str = Field(default="", sa_column=text_column())


class Postmortem(Table, table=True):
    """What people wrote into the postmortem; everything else in it is read from the record.

    ``sections`` and ``factors`` hold the text and the number of the entry that set it.
    """

    __tablename__ = "postmortem"
    __table_args__ = (one_of("state", ("draft", "reviewed")),)

    incident: int = Field(primary_key=True)
    state: str = Field(default="draft", max_length=16)
    sections: dict[str, Any] = Field(default_factory=dict, sa_column=json_column())
    factors: list[dict[str, Any]] = Field(default_factory=list, sa_column=json_column())
    generated_at: datetime = Field(sa_column=time_column(nullable=False))
    reviewed_by: str | None = Field(default=None, max_length=64)
    reviewed_role: str | None = Field(default=None, max_length=32)
    reviewed_at: datetime | None = Field(default=None, sa_column=time_column())
    reviewed_sha256: str = Field(default="", max_length=64)
    review_comment: str = Field(default="", sa_column=text_column())
