"""The cadence: internal updates, when the next one is due, and who is reminded.

A reminder is a stored effect. When it fires it looks at the state again: an update that came, a
severity that changed or an incident that ended makes it do nothing.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from bot.effects import kinds
from bot.effects.kinds import Effect
from bot.effects.store import Claimed
from bot.errors import BadInput, Conflict
from bot.incident import queries as incidents
from bot.incident.rights import may, require
from bot.playbook.load import Content
from bot.playbook.values import Severity
from bot.record import catalogue as c
from bot.record.tx import Tx
from bot.timing import from_rfc3339, rfc3339
from db.tables import Incident

#: Before anybody has set a severity, the first update is due this long after the opening.
UNASSESSED = timedelta(minutes=30)
#: A new deadline is never nearer than this: people need time to write.
BREATH = timedelta(minutes=5)
#: How long before the deadline people are told, at most; a third of a short cadence.
HEADS_UP = timedelta(minutes=10)
#: An update that does not come is asked for this often, then it stays on the card.
MOST_REMINDERS = 4
LATENT_MOST = timedelta(days=1)
UPDATE_MAX = 2500
OPEN = ("investigating", "contained")


def post_update(
    tx: Tx, incident: Incident, text: str, *, unknown: str = "", next_at: datetime | None = None
) -> str:
    """Post an internal update; the next one is due after the severity's cadence or at ``next_at``.

    Raises ``NotAllowed``, ``BadInput`` for an empty text or a time the severity does not allow,
    ``Conflict`` for a closed incident.
    """
    _may_update(tx, incident)
    if incident.status == "closed":
        raise Conflict("The incident is closed.", instead="Reopen it first: `/incident reopen WHY`")
    text, unknown = _fits(text, "text"), _fits(unknown, "unknown", empty=True)
    due = _next(tx, incident, next_at) if incident.status in OPEN else None
    entry = tx.append(
        c.UpdatePosted(next_update_at=rfc3339(due) if due else None, text=text, unknown=unknown),
        incident.number,
    )
    tx.effect(
        kinds.say(
            incident.number, f"update:{entry.n}", "update", text=text, unknown=unknown, by=tx.by.id,
            next_at=rfc3339(due) if due else None,
        ),
        Effect(
            "announce.update", f"announce:{incident.number}:{entry.n}",
            f"announced:{incident.number}", {}, incident.number,
            f"announce:{incident.number}" if incident.announced_ts else None,
        ),
    )  # fmt: skip
    _remind(tx, incident)
    tx.refresh_card(incident.number)
    return "The update is posted." + (
        " The next one is due in time; you are reminded." if due else ""
    )


def plan(tx: Tx, incident: Incident, why: str = "") -> datetime | None:
    """Set when the next update is due for the severity as it is now, and store the reminders.

    Call it after the severity changed and after reopening; safe to call at any time. A time that
    was promised in an update stays when it is earlier. Returns the time, or None when none is due.
    """
    due = _planned(tx, incident)
    if due == incident.next_update_at:
        return due
    why = why or f"severity {incident.severity or 'not assessed yet'}"
    tx.append(c.UpdateDue(next_update_at=rfc3339(due) if due else None, why=why), incident.number)
    _remind(tx, incident)
    tx.refresh_card(incident.number)
    return due


def cadence_of(content: Content, incident: Incident) -> timedelta:
    """How often this incident is to be spoken of."""
    if incident.severity is None:
        return UNASSESSED
    return timedelta(minutes=content.level(Severity(incident.severity)).cadence.minutes)


def longest(content: Content, incident: Incident) -> timedelta:
    """The longest time until the next update that may be promised; latent harm may wait a day."""
    cadence = cadence_of(content, incident)
    return max(cadence, LATENT_MOST) if incident.tempo == "latent" else cadence


# --- later ------------------------------------------------------------------------------------


def cadence_task(tx: Tx, effect: Claimed) -> None:
    """After opening and after a change of severity: plan anew."""
    assert effect.incident is not None
    plan(tx, incidents.get(tx.session, effect.incident))


def soon_task(tx: Tx, effect: Claimed) -> None:
    """The update is due in a few minutes: tell those who write it."""
    incident = _still_due(tx, effect)
    if incident is None or incident.next_update_at is None:
        return
    for person in _writers(tx, incident):
        _tell(tx, incident, person, "update_soon")


def overdue_task(tx: Tx, effect: Claimed) -> None:
    """The update did not come: put it on the record, say it, and look again later."""
    incident = _still_due(tx, effect)
    if incident is None or incident.next_update_at is None:
        return
    due, times = incident.next_update_at, int(effect.payload.get("times", 1))
    tx.append(c.UpdateMissed(due_at=rfc3339(due), times=times), incident.number)
    people = _writers(tx, incident)
    tx.effect(
        kinds.say(
            incident.number, f"update_overdue:{int(due.timestamp())}:{times}", "update_overdue",
            due=rfc3339(due), people=people,
        )
    )  # fmt: skip
    if times == 1:
        for person in people:
            _tell(tx, incident, person, "update_overdue_you")
    if times < MOST_REMINDERS:
        again = max(BREATH, cadence_of(tx.env.content, incident) / 2)
        tx.effect(_house("update_overdue", incident, due, tx.now + again, times + 1))
    tx.refresh_card(incident.number)


# --- parts ------------------------------------------------------------------------------------


def _planned(tx: Tx, incident: Incident) -> datetime | None:
    if incident.status not in OPEN:
        return None
    content: Content = tx.env.content
    if incident.last_update_at is not None:
        due = incident.last_update_at + cadence_of(content, incident)
        promised = incident.next_update_at
        if promised is not None and promised > tx.now:
            due = min(due, promised)
    elif incident.severity is None:
        due = incident.opened_at + UNASSESSED
    else:
        first = content.level(Severity(incident.severity)).first_update
        due = incident.opened_at + timedelta(minutes=first.minutes)
    earliest = tx.now + BREATH
    if due >= earliest:
        return due
    # Already late: a deadline that is being missed is left as it is, a new one leaves time to write.
    old = incident.next_update_at
    return old if old is not None and old <= earliest else earliest


def _next(tx: Tx, incident: Incident, wanted: datetime | None) -> datetime:
    most = longest(tx.env.content, incident)
    if wanted is None:
        return tx.now + cadence_of(tx.env.content, incident)
    if wanted <= tx.now:
        raise BadInput("The next update must be later than now.", field="next_at")
    # A minute is granted: the picker shows whole minutes.
    if wanted > tx.now + most + timedelta(minutes=1):
        minutes = int(most.total_seconds() // 60)
        asks = f"{minutes} minutes" if minutes < 180 else f"{minutes // 60} hours"
        raise BadInput(
            f"{incident.severity or 'An incident without a severity'} asks for an update within {asks}.",
            instead="Choose an earlier time, or change the severity.", field="next_at",
        )  # fmt: skip
    return wanted


def _remind(tx: Tx, incident: Incident) -> None:
    due = incident.next_update_at
    if due is None:
        return
    lead = min(HEADS_UP, cadence_of(tx.env.content, incident) / 3)
    if due - lead > tx.now:
        tx.effect(_house("update_soon", incident, due, due - lead, 1))
    tx.effect(_house("update_overdue", incident, due, max(due, tx.now), 1))


def _house(task: str, incident: Incident, due: datetime, at: datetime, times: int) -> Effect:
    # The entry's number is in the key: the same time may be planned again after it was left.
    key = f"{task}:{incident.number}:{incident.version}:{int(due.timestamp())}:{times}"
    return kinds.house(task, incident.number, key=key, at=at, due=rfc3339(due), times=times)


def _still_due(tx: Tx, effect: Claimed) -> Incident | None:
    assert effect.incident is not None
    incident = incidents.get(tx.session, effect.incident)
    if incident.status not in OPEN or incident.next_update_at is None:
        return None
    return incident if incident.next_update_at == from_rfc3339(effect.payload["due"]) else None


def _writers(tx: Tx, incident: Incident) -> list[str]:
    """The comms lead and the commander, each once."""
    found = [
        incidents.holder_of(tx.session, incident.number, role) for role in ("comms", "commander")
    ]
    return list(dict.fromkeys(person for person in found if person and person[0] in "UW"))


def _tell(tx: Tx, incident: Incident, person: str, message: str) -> None:
    due = incident.next_update_at
    assert due is not None
    key = f"{message}:{incident.number}:{int(due.timestamp())}"
    tx.effect(kinds.tell(person, key, message, incident=incident.number, due=rfc3339(due)))


def _may_update(tx: Tx, incident: Incident) -> None:
    """Whoever may mark a step done may say how things stand; comms leads need not be in the channel."""
    if not may(tx, "draft_notice", incident):
        require(tx, "complete_step", incident)


def _fits(text: str, field: str, *, empty: bool = False) -> str:
    text = text.strip()
    if not text and not empty:
        raise BadInput(
            "What do we know? The text is empty.", instead="`/incident update WHAT WE KNOW`",
            field=field,
        )  # fmt: skip
    if len(text) > UPDATE_MAX:
        raise BadInput(
            f"The text has {len(text)} characters; {UPDATE_MAX} is the most.", field=field
        )
    return text
