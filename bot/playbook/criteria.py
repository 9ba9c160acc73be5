"""Exit criteria: what must hold before the response may end, and who says that it does."""

from __future__ import annotations

import difflib
import re

from sqlalchemy import select
from sqlmodel import Session

from bot.errors import BadInput, Conflict, NotAllowed, NotFound
from bot.incident import queries
from bot.incident.rights import may, need_reason, people_of, require
from bot.playbook.plan import CriterionPlan
from bot.record import catalogue as c
from bot.record.tx import Tx, roles_held
from db.tables import ExitCriterion, Incident


def of_incident(session: Session, incident: int) -> list[ExitCriterion]:
    """The criteria that count now, in a settled order."""
    statement = (
        select(ExitCriterion)
        .where(ExitCriterion.incident == incident, ExitCriterion.state != "not_required")  # type: ignore[arg-type]
        .order_by(ExitCriterion.key)
    )
    return list(session.execute(statement).scalars())


def still_open(session: Session, incident: int) -> list[ExitCriterion]:
    """Criteria that neither hold nor were waived."""
    return [row for row in of_incident(session, incident) if row.state == "open"]


def progress(session: Session, incident: int) -> tuple[int, int]:
    """How many are settled, of how many."""
    rows = of_incident(session, incident)
    return sum(row.state != "open" for row in rows), len(rows)


def plan_of(row: ExitCriterion) -> CriterionPlan:
    """The composed criterion behind a row."""
    return CriterionPlan.model_validate(row.plan)


def gate(plan: CriterionPlan) -> str:
    """The measure that must be reached, in words; empty when there is none."""
    metric = plan.metric
    if metric is None:
        return ""
    parts = [f"{metric.name.replace('_', ' ')} {metric.op} {metric.value} {metric.unit}".strip()]
    if metric.n:
        parts.append(f"on at least {metric.n} observations")
    if metric.max_failures is not None:
        parts.append(f"with at most {metric.max_failures} failures")
    if metric.window:
        parts.append(f"over {metric.window}")
    if metric.confidence:
        parts.append(f"at confidence {metric.confidence}")
    return ", ".join(parts)


def find(session: Session, incident: int, key: str) -> ExitCriterion:
    """The criterion with this key. Raises ``NotFound``."""
    row = session.get(ExitCriterion, (incident, key))
    if row is None or row.state == "not_required":
        raise NotFound("There is no such exit criterion.", instead="`/incident exit` lists them.")
    return row


def search(session: Session, incident: int, words: str) -> ExitCriterion:
    """The criterion meant by its number in the list or by words of its title."""
    rows = of_incident(session, incident)
    wanted = words.strip().lower().lstrip("#")
    if re.fullmatch(r"\d{1,6}", wanted) and 1 <= int(wanted) <= len(rows):
        return rows[int(wanted) - 1]
    fits = [row for row in rows if wanted and wanted in row.title.lower()]
    if len(fits) == 1:
        return fits[0]
    near = difflib.get_close_matches(wanted, [row.title.lower() for row in rows], n=1)
    hint = f"Did you mean «{near[0]}»?" if near else "`/incident exit` lists them."
    raise NotFound(f"No single exit criterion fits «{words.strip()}».", instead=hint)


def met(tx: Tx, incident: Incident, key: str, evidence: str) -> ExitCriterion:
    """Confirm that a criterion holds, with the evidence. The role that the criterion names does it.

    While nobody holds that role, the commander stands in.
    """
    require(tx, "confirm_exit", incident)
    row = find(tx.session, incident.number, key)
    _approver(tx, incident, row)
    if row.state == "met":
        raise Conflict(f"«{row.title}» is confirmed already.")
    evidence = evidence.strip()
    if not evidence:
        raise BadInput(
            "Say how we know: a measurement with its numbers, or a link.", field="evidence"
        )
    tx.append(c.CriterionMet(key=key, title=row.title, evidence=evidence), incident.number)
    tx.refresh_card(incident.number)
    return row


def waive(tx: Tx, incident: Incident, key: str, reason: str) -> ExitCriterion:
    """End the response without this criterion, with the reason, as a decision on the record."""
    row = find(tx.session, incident.number, key)
    held = roles_held(tx.session, incident.number, tx.by.id)
    if plan_of(row).approver not in held and not may(tx, "waive_exit", incident):
        require(tx, "waive_exit", incident)
    if row.state == "waived":
        raise Conflict(f"«{row.title}» is waived already.")
    reason = need_reason(reason, "Say in a sentence why it is not needed.")
    tx.append(c.CriterionWaived(key=key, title=row.title, reason=reason), incident.number)
    tx.append(
        c.DecisionMade(
            topic="waiver", statement=f"Exit criterion waived: {row.title}", rationale=reason
        ),
        incident.number,
    )
    tx.refresh_card(incident.number)
    return row


def reopen(tx: Tx, incident: Incident, key: str, reason: str) -> ExitCriterion:
    """A criterion no longer holds, or was confirmed by mistake."""
    require(tx, "confirm_exit", incident)
    row = find(tx.session, incident.number, key)
    if row.state == "open":
        raise Conflict(f"«{row.title}» is open already.")
    reason = need_reason(reason, "Say in a sentence why it no longer holds.")
    tx.append(c.CriterionReopened(key=key, title=row.title, reason=reason), incident.number)
    tx.refresh_card(incident.number)
    return row


def approver_of(session: Session, incident: int, row: ExitCriterion, commander: str) -> str:
    """The role that confirms a criterion now: its own, or the commander while nobody holds it."""
    role = plan_of(row).approver
    return role if queries.holder_of(session, incident, role) else commander


def _approver(tx: Tx, incident: Incident, row: ExitCriterion) -> None:
    role = approver_of(tx.session, incident.number, row, tx.env.content.commander.id)
    if role not in roles_held(tx.session, incident.number, tx.by.id):
        raise NotAllowed(
            f"Only {people_of(tx, incident, [role])} can confirm «{row.title}».",
            instead="Ask them, or take the role first: `/incident role`.",
            verb="confirm_exit", incident=incident.number, needs=role,
        )  # fmt: skip
