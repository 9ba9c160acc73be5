"""Writing to the people of an incident, where they are people whom Slack knows."""

from __future__ import annotations

from typing import Any

from bot.effects import kinds
from bot.incident import queries
from bot.record.tx import Tx
from db.tables import Incident


def commander_of(tx: Tx, incident: Incident) -> str | None:
    """Who commands the incident now."""
    return queries.holder_of(tx.session, incident.number, tx.env.content.commander.id)


def tell(
    tx: Tx, person: str | None, key: str, message: str, incident: Incident, **params: Any
) -> None:
    """Write to a person privately; nobody, the bot and the command line are left out."""
    if person and person[0] in "UW":
        tx.effect(kinds.tell(person, key, message, incident=incident.number, **params))


def tell_commander(tx: Tx, key: str, message: str, incident: Incident, **params: Any) -> None:
    """The same, to whoever commands now."""
    tell(tx, commander_of(tx, incident), key, message, incident, **params)
