"""Small helpers for worded messages."""

from __future__ import annotations

from bot.effects.message import Message
from bot.slack import kit
from db.tables import Incident

__all__ = ["Message", "mark", "simple"]


def mark(incident: Incident | None) -> str:
    """``DRILL`` before everything that belongs to a drill."""
    return "*DRILL* · " if incident is not None and incident.kind == "drill" else ""


def simple(incident: Incident | None, text: str, notification: str = "") -> Message:
    """One paragraph. ``notification`` is what lock screens show: no detail in it."""
    body = mark(incident) + text
    return Message(notification or kit.clip(body, 300), [kit.section(body)])
