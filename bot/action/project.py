"""How entries about action items change state. Used live and when rebuilding, nowhere else."""

from __future__ import annotations

from sqlmodel import Session

from bot.record import catalogue as c
from bot.record.batch import Projector
from bot.record.entry import Recorded
from bot.timing import from_rfc3339
from db.tables import ActionItem


def _row(session: Session, e: Recorded) -> ActionItem:
    row = session.get(ActionItem, (e.incident, e.entry.number))
    assert row is not None, f"entry {e.seq} speaks of an action item that was never added"
    return row


def _moved(session: Session, e: Recorded, state: str, reason: str = "") -> ActionItem:
    row = _row(session, e)
    row.state, row.reason, row.changed_at = state, reason, e.at
    return row


def added(session: Session, e: Recorded) -> None:
    entry: c.ActionAdded = e.entry
    assert e.incident is not None and e.n is not None
    session.add(
        ActionItem(
            incident=e.incident, number=entry.number, text=entry.text, kind=entry.action_kind,
            owner=entry.owner, due_at=from_rfc3339(entry.due_at), proof_wanted=entry.proof_wanted,
            planned_n=e.n, created_by=e.actor, created_at=e.at,
        )
    )  # fmt: skip


def changed(session: Session, e: Recorded) -> None:
    entry: c.ActionChanged = e.entry
    assert e.n is not None
    row = _row(session, e)
    row.owner, row.text, row.due_at = entry.owner, entry.text, from_rfc3339(entry.due_at)
    row.kind = entry.action_kind or row.kind
    row.reason, row.changed_at, row.planned_n = entry.reason, e.at, e.n
    row.overdue = row.overdue and row.due_at <= e.at


def done(session: Session, e: Recorded) -> None:
    row = _moved(session, e, "done")
    row.proof, row.done_by, row.overdue = e.entry.proof, e.actor, False


def proven(session: Session, e: Recorded) -> None:
    row = _moved(session, e, "proven", e.entry.comment)
    row.accepted_by, row.accepted_role = e.actor, e.role


def reopened(session: Session, e: Recorded) -> None:
    assert e.n is not None
    row = _moved(session, e, "open", e.entry.reason)
    # The proof that did not hold stays readable; the next one replaces it.
    row.done_by = row.accepted_by = row.accepted_role = None
    row.planned_n = e.n


def overdue(session: Session, e: Recorded) -> None:
    _row(session, e).overdue = True


def dropped(session: Session, e: Recorded) -> None:
    _moved(session, e, "dropped", e.entry.reason).overdue = False


PROJECTORS: dict[str, Projector] = {
    c.ActionAdded.kind: added,
    c.ActionChanged.kind: changed,
    c.ActionDone.kind: done,
    c.ActionProven.kind: proven,
    c.ActionReopened.kind: reopened,
    c.ActionOverdue.kind: overdue,
    c.ActionDropped.kind: dropped,
}
