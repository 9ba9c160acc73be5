"""The card: the one message of the channel that always shows how things stand."""

from __future__ import annotations

from sqlmodel import Session

from bot.effects.slack import Message
from bot.incident import queries
from bot.incident.names import ref
from bot.record.tx import Env
from bot.slack import kit
from db.tables import Incident


def render(session: Session, incident: Incident, env: Env) -> Message:
    """The card as it stands now."""
    mark = "DRILL · " if incident.kind == "drill" else ""
    blocks = [kit.header(f"{mark}{ref(incident.number)} {incident.title}")]
    blocks.append(_state(session, incident))
    blocks.append(_buttons(incident))
    text = f"{mark}{ref(incident.number)} {kit.esc(incident.title)}: {incident.severity or 'severity not assessed'}"
    return Message(text, blocks)


def _state(session: Session, incident: Incident) -> kit.Block:
    commander = queries.holder_of(session, incident.number, "commander")
    return kit.fields(
        [
            f"*Severity*\n{incident.severity or 'not assessed yet'}",
            f"*Status*\n{incident.status}",
            f"*Commander*\n{kit.person(commander)}",
            f"*Tempo*\n{incident.tempo}",
        ]
    )


def _buttons(incident: Incident) -> kit.Block:
    here = kit.pack(i=incident.number)
    return kit.actions(
        kit.button("Assess severity", "severity_form", here, style="primary"),
        kit.button("My steps", "next_steps", here),
        kit.button("Add to the record", "record_form", here),
    )
