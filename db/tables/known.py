"""What was learnt from outside and can be asked for again: our workspace, people of user groups."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlmodel import Field

from db.tables.base import Table, json_column, time_column


class Known(Table, table=True):
    """One thing learnt, and when. No part of the record: losing it costs one question to Slack."""

    __tablename__ = "known"

    key: str = Field(primary_key=True, max_length=100)
    value: dict[str, Any] = Field(sa_column=json_column(nullable=False))
    at: datetime = Field(sa_column=time_column(nullable=False))
