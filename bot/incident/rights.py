"""Who may do what. The table is content; the last word is spoken here, at the moment of the act."""

from __future__ import annotations

from collections.abc import Iterable

from bot.errors import NotAllowed
from bot.incident import queries
from bot.record.tx import Tx, roles_held
from db.tables import Incident


def may(tx: Tx, verb: str, incident: Incident) -> bool:
    """Whether the actor has the right to ``verb`` on this incident now."""
    if tx.by.is_system:
        return True
    wanted = allowed(tx, verb, incident)
    if "anyone" in wanted:
        return True
    held = roles_held(tx.session, incident.number, tx.by.id)
    if "responder" in wanted and (held or _in_channel(tx, incident)):
        return True
    return any(role in wanted for role in held)


def require(tx: Tx, verb: str, incident: Incident) -> None:
    """Raises ``NotAllowed`` with a sentence that says who has the right."""
    if not may(tx, verb, incident):
        raise NotAllowed(
            f"Only {who_may(tx, verb, incident)} can do this.",
            instead="Ask them, or take the role first: `/incident role`.",
        )


def who_may(tx: Tx, verb: str, incident: Incident) -> str:
    """The holders of the right, in words: ``the commander (<@U1>) or the comms lead (nobody yet)``."""
    return people_of(tx, incident, allowed(tx, verb, incident))


def people_of(tx: Tx, incident: Incident, roles: Iterable[str]) -> str:
    """Roles and who holds them, in words."""
    names = []
    for role in roles:
        if role == "responder":
            names.append("somebody in the incident's channel or with a role in it")
            continue
        holder = queries.holder_of(tx.session, incident.number, role)
        who = f"<@{holder}>" if holder and holder[0] in "UW" else (holder or "nobody yet")
        names.append(f"the {role_title(tx, role)} ({who})")
    return " or ".join(names) or "nobody"


def role_title(tx: Tx, role: str) -> str:
    """A role's title as content names it."""
    found = tx.env.content.roles.get(role)
    return found.title if found is not None else role


def allowed(tx: Tx, verb: str, incident: Incident) -> tuple[str, ...]:
    """Roles that may ``verb`` on this kind of incident; ``anyone`` and ``responder`` are special."""
    kind = "drill" if incident.kind == "drill" else "private" if incident.private else "default"
    found: tuple[str, ...] = tx.env.content.who_may(verb, kind)
    return found


def _in_channel(tx: Tx, incident: Incident) -> bool:
    here = tx.by.channel is not None and tx.by.channel == incident.channel_id
    return here or tx.by.source == "cli"
