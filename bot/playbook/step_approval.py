"""The yes that a risky step takes before it may be carried out, and what follows from it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from sqlmodel import Session

from bot.errors import BadInput, Conflict, NotReady
from bot.incident.rights import require
from bot.playbook import approvals
from bot.playbook.plan import ApprovalPlan, StepPlan
from bot.playbook.steps import describe, find, open_before, plan_of
from bot.record import catalogue as c
from bot.record import freeze
from bot.record.tx import Tx
from bot.timing import rfc3339
from db.tables import Approval, Incident, Step

#: At these rungs the people who act decide by themselves, unless a step asks for somebody else.
LOW_RUNGS = ("C0", "C1", "C2")
#: A request for a step that nobody answered for this long lapses.
LAPSES = timedelta(hours=4)
#: Rungs whose way back does not restore everything.
HARD_TO_UNDO = ("C7", "C9")


def asked_of(plan: StepPlan) -> ApprovalPlan | None:
    """The rule under which others must say yes; None when the step's own role may act alone."""
    rule = plan.approval
    if rule is None or not rule.groups:
        return None
    own = all(plan.role in group for group in rule.groups) and rule.quorum <= 1
    return None if plan.rung in LOW_RUNGS and own else rule


def step_digest(plan: StepPlan, details: dict[str, Any]) -> str:
    """The hash of exactly what is approved: the step, its effects and what the asker wrote."""
    return approvals.digest_of(
        {
            "key": plan.key,
            "title": plan.title,
            "rung": plan.rung,
            "effect": plan.effect.model_dump(mode="json", exclude={"expires"})
            if plan.effect
            else None,
            "expires_minutes": plan.expires_minutes,
            "what": details.get("what", ""),
            "why": details.get("why", ""),
        }
    )


def ask_for_step(tx: Tx, incident: Incident, key: str, *, what: str, why: str = "") -> Approval:
    """Ask the people named for a step. ``what`` says exactly what will be done.

    Raises ``BadInput`` without ``what``, ``Conflict`` when it is approved or asked already,
    ``NotReady`` when its rung destroys evidence that nobody froze.
    """
    require(tx, "request_approval", incident)
    row = find(tx.session, incident.number, key)
    plan = plan_of(row)
    rule = asked_of(plan)
    if rule is None:
        raise Conflict(f"{describe(row)} needs nobody's approval.", instead="Carry it out.")
    if row.state not in ("open", "blocked"):
        raise Conflict(f"{describe(row)} is {row.state.replace('_', ' ')} already.")
    if not what.strip():
        raise BadInput("Say exactly what will be done, so that it can be approved.", field="what")
    details = {"what": what.strip(), "why": why.strip()} | _effect(plan)
    if approved(tx.session, row) is not None:
        raise Conflict(f"{describe(row)} is approved already.", instead="Carry it out.")
    freeze.before_asking(tx, incident, plan.rung)
    frozen = freeze.in_words(tx.session, incident, plan.rung)
    details |= {"evidence": frozen} if frozen else {}
    return approvals.ask(
        tx, incident, subject="step", key=row.key, title=plan.title,
        digest=step_digest(plan, details), rule=rule, details=details,
        expires_at=tx.now + LAPSES,
    )  # fmt: skip


def _effect(plan: StepPlan) -> dict[str, Any]:
    """What approvers are shown of the step itself."""
    out: dict[str, Any] = {"rung": plan.rung or ""}
    if plan.effect is not None:
        out |= plan.effect.model_dump(mode="json", include={"expected", "side_effects", "rollback"})
    return out


def approved(session: Session, row: Step) -> Approval | None:
    """The approval that covers the step as it stands now, if there is one."""
    found = approvals.latest(session, row.incident, "step", row.key)
    if found is None or found.state != "approved":
        return None
    return found if found.digest == step_digest(plan_of(row), found.details) else None


def require_approval(tx: Tx, row: Step) -> None:
    """Raises ``NotReady`` when a step that takes a yes has none."""
    if asked_of(plan_of(row)) is None or approved(tx.session, row) is not None:
        return
    last = approvals.latest(tx.session, row.incident, "step", row.key)
    if last is not None and last.state == "waiting":
        raise NotReady(f"{describe(row)} still waits for approval {last.number}.")
    raise NotReady(
        f"{describe(row)} needs approval before it is carried out.",
        instead="Press «Ask for approval» on it: `/incident next`.",
    )


def step_approved(tx: Tx, incident: Incident, row: Approval) -> None:
    """Complete: the decision goes on the record, with its effect, side effects and way back."""
    step = find(tx.session, incident.number, row.subject_key)
    plan, details = plan_of(step), row.details
    until = tx.now + timedelta(minutes=plan.expires_minutes) if plan.expires_minutes else None
    tx.append(
        c.DecisionMade(
            topic="containment",
            reversibility="irreversible" if plan.rung in HARD_TO_UNDO else "reversible",
            expires_at=rfc3339(until) if until else None,
            approval=row.number,
            approved_as=_yes_of(row)[0],
            approvers=_yes_of(row)[1],
            statement=f"{plan.title}: {details['what']}",
            options=_options(plan, details["what"]),
            chosen=details["what"],
            rationale=details.get("why", ""),
            rollback=details.get("rollback", ""),
        ),
        incident.number,
    )
    skipped = open_before(tx.session, step, plan.skipped_snapshots)
    if skipped:
        names = ", ".join(describe(one) for one in skipped)
        tx.append(
            c.DecisionMade(
                topic="preservation", reversibility="irreversible",
                statement=f"Contained before preserving: {names}.",
                rationale="Under the emergency rule waiting would have added harm.",
            ),
            incident.number,
        )  # fmt: skip


def _yes_of(row: Approval) -> tuple[list[str], list[str]]:
    """The roles that said yes, and the people."""
    roles = dict.fromkeys(role for one in row.given for role in one["roles"])
    return list(roles), [one["by"] for one in row.given]


def _options(plan: StepPlan, what: str) -> list[c.DecisionOption]:
    """What was chosen, with the effect and side effects that its approvers were shown."""
    if plan.effect is None:
        return []
    effect = plan.effect
    return [
        c.DecisionOption(
            label=what, harm_reduction=effect.expected, side_effects=effect.side_effects
        )
    ]


def step_ready(tx: Tx, incident: Incident, row: Approval) -> None:
    """Nobody approves a rung that destroys evidence before that was frozen, or waived."""
    freeze.require_answer(tx, incident, find(tx.session, incident.number, row.subject_key).rung)


SUBJECT = approvals.Subject(approved=step_approved, ready=step_ready)
