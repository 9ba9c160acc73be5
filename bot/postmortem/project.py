"""How entries about the postmortem change state. Used live and when rebuilding, nowhere else."""

from __future__ import annotations

from sqlmodel import Session

from bot.record import catalogue as c
from bot.record.batch import Projector
from bot.record.entry import Recorded
from db.tables import Postmortem


def _row(session: Session, e: Recorded) -> Postmortem:
    row = session.get(Postmortem, e.incident)
    assert row is not None, f"entry {e.seq} speaks of a postmortem that was never begun"
    return row


def _written(session: Session, e: Recorded) -> Postmortem:
    """A change of the text ends a review: it was given for another text."""
    row = _row(session, e)
    row.state, row.reviewed_by, row.reviewed_role, row.reviewed_at = "draft", None, None, None
    row.reviewed_sha256, row.review_comment = "", ""
    return row


def started(session: Session, e: Recorded) -> None:
    assert e.incident is not None
    session.add(Postmortem(incident=e.incident, generated_at=e.at))


def edited(session: Session, e: Recorded) -> None:
    row = _written(session, e)
    row.sections = {**row.sections, e.entry.section: {"text": e.entry.text, "n": e.n}}


def factor(session: Session, e: Recorded) -> None:
    row = _written(session, e)
    one = {"number": e.entry.number, "text": e.entry.text, "entries": e.entry.entries, "n": e.n}
    others = [each for each in row.factors if each["number"] != e.entry.number]
    row.factors = sorted([*others, one], key=lambda each: int(each["number"]))


def factor_withdrawn(session: Session, e: Recorded) -> None:
    row = _written(session, e)
    row.factors = [each for each in row.factors if each["number"] != e.entry.number]


def reviewed(session: Session, e: Recorded) -> None:
    row = _row(session, e)
    row.state, row.reviewed_by, row.reviewed_role = "reviewed", e.actor, e.entry.role
    row.reviewed_at, row.reviewed_sha256 = e.at, e.entry.sha256
    row.review_comment = e.entry.comment


PROJECTORS: dict[str, Projector] = {
    c.PostmortemStarted.kind: started,
    c.PostmortemEdited.kind: edited,
    c.FactorNamed.kind: factor,
    c.FactorWithdrawn.kind: factor_withdrawn,
    c.PostmortemReviewed.kind: reviewed,
}
