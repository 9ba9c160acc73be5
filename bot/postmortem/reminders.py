"""The postmortem is not forgotten: a day before it is due, when it is due, every two days until done.

The times are those of ``levels.yaml``, counted from the end of the response. A reminder looks at the
state when it fires; one of an earlier end (the incident was reopened meanwhile) does nothing.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import select
from sqlmodel import Session, col

from bot.effects import kinds
from bot.effects.dispatcher import Task
from bot.effects.store import Claimed
from bot.incident.queries import get
from bot.playbook.load import Content
from bot.playbook.steps import LIVE
from bot.playbook.telling import commander_of, tell
from bot.playbook.values import Severity
from bot.record import catalogue as c
from bot.record.tx import Tx
from bot.timing import rfc3339
from db.tables import Incident, Postmortem, Step

BEFORE = timedelta(days=1)
AGAIN = timedelta(days=2)
#: From this reminder after the due time on the commander hears of it as well.
ESCALATE_FROM = 2
DRAFT, REVIEW = "draft", "review"


def due(content: Content, incident: Incident) -> dict[str, datetime]:
    """When the draft and the review are due; empty before the end, and where none is asked for."""
    if incident.resolved_at is None or incident.severity is None:
        return {}
    demand = content.level(Severity(incident.severity)).postmortem
    if not demand.required:
        return {}
    spans = {DRAFT: demand.draft, REVIEW: demand.review}
    if demand.review is None:  # one time for both
        spans = {REVIEW: demand.draft}
    return {
        what: incident.resolved_at + timedelta(minutes=span.minutes)
        for what, span in spans.items()
        if span is not None
    }


def waits(session: Session, incident: Incident, what: str) -> bool:
    """Whether this is still to be done: a draft is one when something is written, a review says so."""
    row = session.get(Postmortem, incident.number)
    if row is None:
        return True
    written = bool(row.sections or row.factors)
    return row.state != "reviewed" and not (what == DRAFT and written)


def schedule(tx: Tx, incident: Incident) -> None:
    """Store the first reminders of this end of the response."""
    for what, at in due(tx.env.content, incident).items():
        if at - BEFORE > tx.now:
            _remind(tx, incident, what, at - BEFORE, 0)
        _remind(tx, incident, what, at, 1)


def _remind(tx: Tx, incident: Incident, what: str, at: datetime, round_: int) -> None:
    assert incident.resolved_at is not None
    end = rfc3339(incident.resolved_at)
    tx.effect(
        kinds.house(
            "postmortem_due", incident.number,
            key=f"postmortem-due:{incident.number}:{what}:{end}:{round_}", at=at, what=what, end=end,
            round=round_,
        )
    )  # fmt: skip


def due_task(tx: Tx, effect: Claimed) -> None:
    """Tell the writer, later the commander too, and look again until it is done."""
    assert effect.incident is not None
    incident, payload = get(tx.session, effect.incident), effect.payload
    same = incident.resolved_at is not None and rfc3339(incident.resolved_at) == payload["end"]
    if incident.status != "resolved" or not same:
        return
    what, round_ = payload["what"], payload["round"]
    at = due(tx.env.content, incident).get(what)
    if at is None or not waits(tx.session, incident, what):
        return
    commander = commander_of(tx, incident)
    people = [writer(tx, incident)] + ([commander] if round_ >= ESCALATE_FROM else [])
    for person in dict.fromkeys(people):
        key = f"postmortem-due:{incident.number}:{what}:{payload['end']}:{round_}"
        tell(tx, person, key, "postmortem_due", incident, what=what, due=rfc3339(at))
    if round_:
        _remind(tx, incident, what, tx.now + AGAIN, round_ + 1)
        tx.refresh_card(incident.number)


def writer(tx: Tx, incident: Incident) -> str | None:
    """Whoever took a step that the postmortem completes, else the commander."""
    statement = (
        select(Step)
        .where(
            col(Step.incident) == incident.number, col(Step.phase) == "learn",
            col(Step.state).in_(LIVE), col(Step.owner).is_not(None),
        )
        .order_by(col(Step.position))
    )  # fmt: skip
    for row in tx.session.execute(statement).scalars():
        if any(one["entry"] == c.PostmortemReviewed.kind for one in row.plan.get("done_by", ())):
            owner: str | None = row.owner
            return owner
    return commander_of(tx, incident)


TASKS: dict[str, Task] = {"house.postmortem_due": due_task}
