"""The incident's channel, when the world changes it or does not give it."""

from __future__ import annotations

from bot.effects import kinds
from bot.effects.outcome import hash_of
from bot.incident import queries
from bot.record import catalogue as c
from bot.record.read import entries
from bot.record.tx import Tx, roles_held
from db.tables import Incident, Member


def lost(tx: Tx, channel_id: str, what: str, name: str = "") -> Incident | None:
    """The channel was archived, renamed or deleted by somebody; the commander is told."""
    incident = queries.by_channel(tx.session, channel_id)
    if incident is None or (what == "renamed" and incident.channel_name == name):
        return None
    entry = tx.append(c.ChannelLost(what=what, channel_name=name), incident.number)
    commander = queries.holder_of(tx.session, incident.number, "commander")
    if what != "renamed" and commander and incident.status in queries.OPEN_STATUSES:
        key = f"lost:{incident.number}:{entry.n}"
        tx.effect(kinds.tell(commander, key, "channel_lost", incident=incident.number, what=what))
    return incident


def joined(tx: Tx, channel_id: str, person: str) -> None:
    """Somebody came into a channel; into that of a private incident, they belong to it."""
    incident = queries.by_channel(tx.session, channel_id)
    if incident is None or not incident.private or not _is_out(tx, incident, person):
        return
    tx.append(c.PersonJoined(person=person), incident.number)


def left(tx: Tx, channel_id: str, person: str) -> None:
    """Somebody left the channel of a private incident; without a role they see it no longer.

    With one they see it until they are relieved (:func:`relieved`).
    """
    incident = queries.by_channel(tx.session, channel_id)
    if incident is None or tx.session.get(Member, (incident.number, person)) is None:
        return
    held = bool(roles_held(tx.session, incident.number, person))
    tx.append(c.PersonLeft(person=person, in_role=held), incident.number)


def _is_out(tx: Tx, incident: Incident, person: str) -> bool:
    """Whether they are not in it, or left its channel while they held a role."""
    return not queries.may_see(tx.session, incident, person) or _left_in_role(tx, incident, person)


def _left_in_role(tx: Tx, incident: Incident, person: str) -> bool:
    kinds_ = [c.PersonJoined.kind, c.PersonLeft.kind]
    moves = [e.entry for e in entries(tx.session, incident.number, kinds=kinds_)]
    last = next((entry for entry in reversed(moves) if entry.person == person), None)
    return isinstance(last, c.PersonLeft) and last.in_role


def relieved(tx: Tx, incident: Incident, person: str) -> None:
    """The person's role ended. Who had left the private channel before sees it no longer."""
    if not incident.private:
        return
    tx.batch.flush()
    if roles_held(tx.session, incident.number, person):
        return
    if _left_in_role(tx, incident, person):
        tx.append(c.PersonLeft(person=person), incident.number)


def not_done(tx: Tx, number: int, kind: str, error: str) -> None:
    """Something will not happen by waiting: the commander is told, once an hour for one reason.

    The card says it as well, but the card may be what fails, or stand where nobody can look.
    """
    incident = queries.get(tx.session, number)
    person = queries.holder_of(tx.session, number, "commander") or incident.opened_by
    key = f"failed:{number}:{hash_of(error)}:{tx.now:%Y%m%d%H}"
    tx.effect(kinds.tell(person, key, "effect_failed", incident=number, effect=kind, error=error))


def not_told(tx: Tx, number: int, person: str, error: str) -> None:
    """Somebody cannot be written to (no account any more): the commander is told, once an hour.

    If it is the commander, it is said in the channel, where somebody can take over.
    """
    incident = queries.get(tx.session, number)
    commander = queries.holder_of(tx.session, number, "commander") or incident.opened_by
    key = f"untold:{number}:{person}:{hash_of(error)}:{tx.now:%Y%m%d%H}"
    if commander == person:
        tx.effect(kinds.say(number, key, "person_untold", whom=person, error=error))
    else:
        effect = kinds.tell(
            commander, key, "person_untold", incident=number, whom=person, error=error
        )
        tx.effect(effect)


def not_made(tx: Tx, number: int, error: str, attempts: int) -> None:
    """Slack did not give a channel: whoever opened the incident is told. No other kind is made."""
    incident = queries.get(tx.session, number)
    key = f"nochannel:{number}:{attempts}"
    tx.effect(kinds.tell(incident.opened_by, key, "channel_failed", incident=number, error=error))
