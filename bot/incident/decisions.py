"""What a decision names has to be there; and when it is to be looked at again, somebody is told."""

from __future__ import annotations

from collections.abc import Iterable

from sqlmodel import Session, col, select

from bot.effects import kinds
from bot.effects.store import Claimed
from bot.errors import BadInput
from bot.incident.people import is_person
from bot.incident.queries import OPEN_STATUSES, get, holder_of
from bot.record import catalogue as c
from bot.record.entry import Recorded
from bot.record.tx import Tx, roles_held
from bot.timing import from_rfc3339
from db.tables import EntryRow, Incident, RecordItem

REVERSIBILITY = ("unknown", "read-only", "reversible", "external-reversible", "irreversible")
CONFIDENCE = ("unknown", "suspected", "likely", "confirmed")
#: Moments of a decision, as fields of its entry.
_MOMENTS = ("review_at", "expires_at")


def check(tx: Tx, incident: Incident, entry: c.DecisionMade) -> None:
    """Raises ``BadInput`` under the field that names what is not there, or a moment that is over."""
    _one_of(entry.reversibility, REVERSIBILITY, "reversibility")
    _one_of(entry.confidence, CONFIDENCE, "confidence")
    missing = _missing(tx.session, incident, entry.facts)
    if missing:
        raise BadInput(
            f"There is no entry {missing[0]}.", instead="`/incident timeline` shows the numbers.",
            field="facts",
        )  # fmt: skip
    for field, kind in (("hypothesis", "hypothesis"), ("supersedes", "decision")):
        n = getattr(entry, field)
        if n is not None and not _is(tx.session, incident, n, kind):
            raise BadInput(
                f"Entry {n} is no {kind}.", instead="`/incident timeline` shows the numbers.",
                field=field,
            )  # fmt: skip
    for field in _MOMENTS:
        at = getattr(entry, field)
        if at is not None and from_rfc3339(at) <= tx.now:
            raise BadInput("That moment is over.", instead="Name a later one.", field=field)


def _one_of(value: str, known: Iterable[str], field: str) -> None:
    if value not in known:
        raise BadInput(
            f"«{value}» cannot be said here.", instead="Use: " + ", ".join(known), field=field
        )


def _missing(session: Session, incident: Incident, numbers: list[int]) -> list[int]:
    wanted = [n for n in numbers if 0 < n <= incident.version]
    statement = select(EntryRow.n).where(
        col(EntryRow.incident) == incident.number, col(EntryRow.n).in_(wanted)
    )
    there = set(session.exec(statement)) if wanted else set()
    return [n for n in numbers if n not in there]


def _is(session: Session, incident: Incident, n: int, kind: str) -> bool:
    there = 0 < n <= incident.version
    row = session.get(RecordItem, (incident.number, n)) if there else None
    return row is not None and row.kind == kind


def role_of_decider(tx: Tx, incident: Incident, person: str) -> str:
    """The role in which somebody decided: the first that they hold now, commander before others.

    Raises ``BadInput`` for what is no person.
    """
    if not is_person(person):
        raise BadInput("Choose the person who decided.", field="decider")
    held = roles_held(tx.session, incident.number, person)
    return held[0] if held else ""


def remind(tx: Tx, incident: Incident, recorded: Recorded) -> None:
    """Store the reminders of a decision that is to be looked at again, or holds for a time."""
    for field in _MOMENTS:
        at = getattr(recorded.entry, field)
        if at is not None:
            key = f"decision-due:{incident.number}:{recorded.n}:{field}"
            tx.effect(
                kinds.house(
                    "decision_due", incident.number, key=key, at=from_rfc3339(at), n=recorded.n,
                    over=field == "expires_at",
                )
            )  # fmt: skip


def due_task(tx: Tx, effect: Claimed) -> None:
    """The moment came: whoever decided and the commander are told, unless it no longer matters."""
    assert effect.incident is not None
    incident, n = get(tx.session, effect.incident), effect.payload["n"]
    row = tx.session.get(RecordItem, (incident.number, n))
    if row is None or row.withdrawn or incident.status not in OPEN_STATUSES:
        return
    if _replaced(tx.session, incident.number, n):
        return
    people = {
        row.details.get("decider") or row.author,
        holder_of(tx.session, incident.number, "commander"),
    }
    for person in sorted(one for one in people if one and kinds.slack_knows(one)):
        tx.effect(
            kinds.tell(
                person, effect.key, "decision_due", incident=incident.number, n=n,
                over=effect.payload["over"],
            )
        )  # fmt: skip


def _replaced(session: Session, incident: int, n: int) -> bool:
    statement = select(RecordItem).where(
        col(RecordItem.incident) == incident,
        col(RecordItem.kind) == "decision",
        col(RecordItem.n) > n,
    )
    return any(row.details.get("supersedes") == n for row in session.exec(statement))


TASKS = {"house.decision_due": due_task}
