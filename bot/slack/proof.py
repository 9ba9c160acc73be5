"""Checkpoints as people see them: small print, with the whole signed text to keep."""

from __future__ import annotations

from typing import Any

from sqlmodel import Session

from bot.record.notes import read_notes
from bot.slack import kit
from bot.slack.router import Surface
from bot.slack.wording import Message
from db.tables import Incident


def _checkpoint(session: Session, incident: Incident | None, params: dict[str, Any]) -> Message:
    note = read_notes(params["note"])[0]
    text = f"Record signed at {note.size} entries.\n```{kit.esc(params['note'].strip())}```"
    return Message(f"Checkpoint of the record at {note.size} entries", [kit.context(text)])


SURFACE = Surface(wordings={"checkpoint": _checkpoint})
