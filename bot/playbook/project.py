"""How entries of the playbook change state. Used live and when rebuilding, nowhere else."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select
from sqlmodel import Session

from bot.incident import tenure
from bot.record import catalogue as c
from bot.record.batch import Projector
from bot.record.entry import Recorded
from bot.timing import from_rfc3339
from db import pending
from db.tables import Approval, ExitCriterion, Incident, Step

# --- the composed playbook ----------------------------------------------------------------------


def composed(session: Session, e: Recorded) -> None:
    entry: c.PlaybookComposed = e.entry
    incident = session.get(Incident, e.incident)
    assert incident is not None
    incident.modules = [dict(module) for module in entry.modules]
    steps = _steps(session, e)
    position = {key: number for number, key in enumerate(entry.order)}
    for plan in entry.added:
        row = steps.get(plan["key"])
        if row is None:
            pending.add(session, Step, _new_step(e, plan, position.get(plan["key"], 0)))
        else:
            _required_again(row, plan, e)
    for plan in entry.changed:
        _planned(steps[plan["key"]], plan, e)
    for gone in entry.not_required:
        row = steps[gone["key"]]
        row.state, row.reason = "not_required", gone["why"]
        row.changed_by, row.changed_at = e.actor, e.at
    for key, row in steps.items():
        row.position = position.get(key, row.position)
    _criteria(session, e, entry.criteria)


def _steps(session: Session, e: Recorded) -> dict[str, Step]:
    found = session.execute(select(Step).where(Step.incident == e.incident))  # type: ignore[arg-type]
    return {row.key: row for row in found.scalars()}


def _new_step(e: Recorded, plan: dict[str, Any], position: int) -> dict[str, Any]:
    return {
        "incident": e.incident, "key": plan["key"], "number": plan["number"],
        "position": position, "title": plan["title"], "phase": plan["phase"],
        "kind": plan["type"], "role": plan["role"], "rung": plan["rung"], "plan": plan,
        "due_at": from_rfc3339(plan["due_at"]) if plan["due_at"] else None,
    }  # fmt: skip


def _required_again(row: Step, plan: dict[str, Any], e: Recorded) -> None:
    """A step that was not required for a while and is again."""
    if row.state == "not_required":
        row.state, row.reason = "open", ""
        row.changed_by, row.changed_at = e.actor, e.at
    _planned(row, plan, e)


def _planned(row: Step, plan: dict[str, Any], e: Recorded) -> None:
    row.plan, row.title, row.phase, row.kind = plan, plan["title"], plan["phase"], plan["type"]
    row.role, row.rung = plan["role"], plan["rung"]
    row.due_at = from_rfc3339(plan["due_at"]) if plan["due_at"] else None
    # A later time gives the step a new chance; an earlier one is found overdue by its reminder.
    row.overdue = row.overdue and row.due_at is not None and row.due_at <= e.at


def _criteria(session: Session, e: Recorded, plans: list[dict[str, Any]]) -> None:
    found = session.execute(
        select(ExitCriterion).where(ExitCriterion.incident == e.incident)  # type: ignore[arg-type]
    )
    rows = {row.key: row for row in found.scalars()}
    for plan in plans:
        row = rows.pop(plan["key"], None)
        if row is None:
            new = {"incident": e.incident, "key": plan["key"], "title": plan["title"], "plan": plan}
            pending.add(session, ExitCriterion, new)
            continue
        row.title, row.plan = plan["title"], plan
        if row.state == "not_required":
            row.state = "open"
    for row in rows.values():
        if row.state == "open":
            row.state = "not_required"


# --- steps ----------------------------------------------------------------------------------------


def _row(session: Session, e: Recorded) -> Step:
    row = session.get(Step, (e.incident, e.entry.key))
    assert row is not None, f"entry {e.seq} speaks of a step that was never composed"
    return row


def _moved(session: Session, e: Recorded, state: str, reason: str) -> Step:
    row = _row(session, e)
    row.state, row.reason, row.changed_by, row.changed_at = state, reason, e.actor, e.at
    return row


def step_done(session: Session, e: Recorded) -> None:
    row = _moved(session, e, "done", e.entry.comment)
    row.outcome, row.evidence = e.entry.outcome, dict(e.entry.evidence)


def step_not_needed(session: Session, e: Recorded) -> None:
    _moved(session, e, "not_needed", e.entry.reason)


def step_blocked(session: Session, e: Recorded) -> None:
    _moved(session, e, "blocked", e.entry.reason)


def step_reopened(session: Session, e: Recorded) -> None:
    # What was attached stays, so that nobody types it twice.
    _moved(session, e, "open", e.entry.reason).outcome = None


def step_assigned(session: Session, e: Recorded) -> None:
    _row(session, e).owner = e.entry.owner


def preconditions_waived(session: Session, e: Recorded) -> None:
    row = _row(session, e)
    row.waived = sorted({*row.waived, *e.entry.preconditions})


def steps_overdue(session: Session, e: Recorded) -> None:
    for key in e.entry.keys:
        row = session.get(Step, (e.incident, key))
        if row is not None:
            row.overdue = True


def facts_set(session: Session, e: Recorded) -> None:
    incident = session.get(Incident, e.incident)
    assert incident is not None
    facts = {**incident.facts, **e.entry.facts}
    incident.facts = {name: value for name, value in facts.items() if value is not None}


# --- approvals ------------------------------------------------------------------------------------


def approval_asked(session: Session, e: Recorded) -> None:
    entry: c.ApprovalAsked = e.entry
    assert e.incident is not None
    session.add(
        Approval(
            incident=e.incident, number=entry.number, subject=entry.subject,
            subject_key=entry.subject_key, title=entry.title, digest=entry.digest,
            rule=dict(entry.rule), details=dict(entry.details), asked_by=e.actor, asked_at=e.at,
            expires_at=from_rfc3339(entry.expires_at) if entry.expires_at else None,
        )
    )  # fmt: skip


def _approval(session: Session, e: Recorded) -> Approval:
    row = session.get(Approval, (e.incident, e.entry.number))
    assert row is not None, f"entry {e.seq} speaks of an approval that nobody asked for"
    return row


def approval_given(session: Session, e: Recorded) -> None:
    row = _approval(session, e)
    one = {"by": e.actor, "roles": list(e.entry.roles), "comment": e.entry.comment, "n": e.n}
    one |= tenure.in_state(e.entry)
    row.given = [*row.given, one]
    if e.entry.complete:
        row.state, row.settled_at = "approved", e.at


def approval_refused(session: Session, e: Recorded) -> None:
    row = _approval(session, e)
    row.state, row.settled_at, row.comment = "refused", e.at, e.entry.comment


def approval_ended(session: Session, e: Recorded) -> None:
    row = _approval(session, e)
    row.state, row.settled_at, row.comment = e.entry.state, e.at, e.entry.why


def approval_ratified(session: Session, e: Recorded) -> None:
    row = _approval(session, e)
    row.ratified = [*row.ratified, {"by": e.actor, "role": e.entry.role, "n": e.n}]


# --- exit criteria --------------------------------------------------------------------------------


def _criterion(session: Session, e: Recorded, state: str, words: str) -> None:
    row = session.get(ExitCriterion, (e.incident, e.entry.key))
    assert row is not None, f"entry {e.seq} speaks of a criterion that was never composed"
    row.state, row.evidence, row.changed_by, row.changed_at = state, words, e.actor, e.at


def criterion_met(session: Session, e: Recorded) -> None:
    _criterion(session, e, "met", e.entry.evidence)


def criterion_waived(session: Session, e: Recorded) -> None:
    _criterion(session, e, "waived", e.entry.reason)


def criterion_reopened(session: Session, e: Recorded) -> None:
    _criterion(session, e, "open", e.entry.reason)


PROJECTORS: dict[str, Projector] = {
    c.PlaybookComposed.kind: composed,
    c.StepDone.kind: step_done,
    c.StepNotNeeded.kind: step_not_needed,
    c.StepBlocked.kind: step_blocked,
    c.StepReopened.kind: step_reopened,
    c.StepAssigned.kind: step_assigned,
    c.StepPreconditionsWaived.kind: preconditions_waived,
    c.StepsOverdue.kind: steps_overdue,
    c.FactsSet.kind: facts_set,
    c.ApprovalAsked.kind: approval_asked,
    c.ApprovalGiven.kind: approval_given,
    c.ApprovalRefused.kind: approval_refused,
    c.ApprovalEnded.kind: approval_ended,
    c.ApprovalRatified.kind: approval_ratified,
    c.CriterionMet.kind: criterion_met,
    c.CriterionWaived.kind: criterion_waived,
    c.CriterionReopened.kind: criterion_reopened,
}
