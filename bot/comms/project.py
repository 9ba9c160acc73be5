"""How entries about notices and updates change state. Used live and when rebuilding, nowhere else."""

from __future__ import annotations

from sqlmodel import Session

from bot.incident import tenure
from bot.record import catalogue as c
from bot.record.batch import Projector
from bot.record.entry import Recorded
from bot.timing import from_rfc3339
from db.tables import Incident, Notice


def _notice(session: Session, e: Recorded) -> Notice:
    found = session.get(Notice, (e.incident, e.entry.number))
    assert found is not None, f"entry {e.seq} speaks of a notice that was never drafted"
    return found


def drafted(session: Session, e: Recorded) -> None:
    entry: c.NoticeDrafted = e.entry
    assert e.incident is not None
    session.add(
        Notice(
            incident=e.incident, number=entry.number, audience=entry.audience, stage=entry.stage,
            template=entry.template, template_sha256=entry.template_sha256, title=entry.title,
            body=entry.body, digest=entry.digest, author=e.actor, authors=[e.actor],
            facts=dict(entry.facts), corrects=entry.corrects, drafted_at=e.at, changed_at=e.at,
        )
    )  # fmt: skip


def edited(session: Session, e: Recorded) -> None:
    entry: c.NoticeEdited = e.entry
    row = _notice(session, e)
    row.title, row.body, row.digest = entry.title, entry.body, entry.digest
    row.facts = dict(entry.facts)
    row.changed_at = e.at
    _add_author(row, e.actor)
    _back_to(row, "draft")


def submitted(session: Session, e: Recorded) -> None:
    entry: c.NoticeSubmitted = e.entry
    row = _notice(session, e)
    row.state, row.asked_of, row.advice = "submitted", list(entry.asked_of), list(entry.advice)
    row.approvals, row.comment = [], ""
    row.asked_at, row.expires_at, row.settled_at = e.at, from_rfc3339(entry.expires_at), None
    _add_author(row, e.actor)


def returned(session: Session, e: Recorded) -> None:
    row = _notice(session, e)
    _back_to(row, "returned")
    row.comment, row.settled_at = e.entry.comment, e.at


def approved(session: Session, e: Recorded) -> None:
    entry: c.NoticeApproved = e.entry
    row = _notice(session, e)
    yes = {"by": e.actor, "roles": list(entry.roles), "digest": entry.digest}
    yes |= tenure.in_state(entry)
    row.approvals = [*row.approvals, yes]
    if entry.complete:
        row.state, row.settled_at = "approved", e.at
        row.expires_at = from_rfc3339(entry.expires_at) if entry.expires_at else None


def released(session: Session, e: Recorded) -> None:
    row = _notice(session, e)
    row.state, row.expires_at = "publishing", None
    row.places = [{**place, "done": False} for place in e.entry.places]


def placed(session: Session, e: Recorded) -> None:
    row = _notice(session, e)
    here = e.entry.place
    row.places = [
        {**place, **here, "done": True} if place["place"] == here["place"] else place
        for place in row.places
    ]
    if here["place"] == "status_page":
        row.on_page_at = e.at


def published(session: Session, e: Recorded) -> None:
    row = _notice(session, e)
    row.state, row.published_at = "published", e.at
    if row.corrects is not None:
        earlier = session.get(Notice, (e.incident, row.corrects))
        if earlier is not None:
            earlier.corrected_by = row.number


def withdrawn(session: Session, e: Recorded) -> None:
    row = _notice(session, e)
    _back_to(row, "withdrawn")
    row.comment, row.settled_at = e.entry.reason, e.at


def update_due(session: Session, e: Recorded) -> None:
    row = session.get(Incident, e.incident)
    assert row is not None
    due = e.entry.next_update_at
    row.next_update_at = from_rfc3339(due) if due else None


def _back_to(row: Notice, state: str) -> None:
    """Whatever was asked for or given for the former text no longer counts."""
    row.state, row.approvals, row.asked_of, row.advice = state, [], [], []
    row.asked_at, row.expires_at, row.settled_at = None, None, None


def _add_author(row: Notice, person: str) -> None:
    if person not in row.authors:
        row.authors = [*row.authors, person]


PROJECTORS: dict[str, Projector] = {
    c.NoticeDrafted.kind: drafted,
    c.NoticeEdited.kind: edited,
    c.NoticeSubmitted.kind: submitted,
    c.NoticeReturned.kind: returned,
    c.NoticeApproved.kind: approved,
    c.NoticeReleased.kind: released,
    c.NoticePlaced.kind: placed,
    c.NoticePublished.kind: published,
    c.NoticeWithdrawn.kind: withdrawn,
    c.UpdateDue.kind: update_due,
}
