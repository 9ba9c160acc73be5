"""Walking the playbook: a step is done, not needed, blocked, taken, open again.

Each verb is called with the step's key, says by a refusal what is missing, and changes nothing
when somebody else was faster.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

from bot.effects import kinds
from bot.errors import BadInput, Conflict, NotAllowed, NotReady
from bot.incident import queries
from bot.incident.rights import need_reason, people_of, require
from bot.playbook import reminders
from bot.playbook.asked import holders as role_holders
from bot.playbook.composing import learn
from bot.playbook.load import Content
from bot.playbook.module import Option
from bot.playbook.plan import StepPlan
from bot.playbook.rules import EvidenceKind
from bot.playbook.step_approval import asked_of, require_approval
from bot.playbook.steps import (
    LIVE,
    describe,
    find,
    plan_of,
    steps_in,
    steps_of,
    unmet,
)
from bot.playbook.telling import tell
from bot.record import catalogue as c
from bot.record import freeze
from bot.record.tx import Tx, roles_held
from db.tables import Incident, Step

__all__ = [
    "assign", "block", "done", "evidence_wanted", "needs_form", "not_needed", "reopen",
    "require_ready", "steps_in", "steps_of", "take", "waive_preconditions",
]  # fmt: skip

TEXT_MAX = 3000
_SHA256 = re.compile(r"(?:sha256:)?([0-9a-f]{64})\Z", re.IGNORECASE)
_WORDS = {
    "done": "done", "not_needed": "not needed", "not_required": "no longer required",
    "blocked": "blocked", "open": "open",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Wanted:
    """A piece of evidence that a step asks for."""

    kind: EvidenceKind
    must: bool


def evidence_wanted(content: Content, plan: StepPlan) -> list[Wanted]:
    """Evidence that the step asks for, with how to keep it; what is only wished for comes last."""
    wishes = [key for key in plan.evidence_if_possible if key not in plan.evidence]
    pairs = [(key, True) for key in plan.evidence] + [(key, False) for key in wishes]
    return [Wanted(content.evidence.get(key) or _unknown(key), must) for key, must in pairs]


def _unknown(key: str) -> EvidenceKind:
    """A kind that was taken out of the content since: asked for by its name, as text."""
    title = key.replace("_", " ").capitalize()
    return EvidenceKind(id=key, title=title, keep="As text.", form="text")


def needs_form(plan: StepPlan) -> bool:
    """Whether saying «done» takes more than a click."""
    return bool(plan.options or plan.evidence)


# --- done -----------------------------------------------------------------------------------------


def done(
    tx: Tx,
    incident: Incident,
    key: str,
    *,
    outcome: str | None = None,
    evidence: Mapping[str, str] | None = None,
    comment: str = "",
) -> Step:
    """Say that a step is done, with its answer and the evidence it asks for.

    Raises ``Conflict`` when it is settled already, ``NotReady`` while a step before it is open, a
    yes is missing or evidence was not frozen, ``BadInput`` with the field (``outcome``, ``e.KEY``)
    that is wrong.
    """
    require(tx, "complete_step", incident)
    row = find(tx.session, incident.number, key)
    movable(incident, row)
    plan = plan_of(row)
    require_ready(tx, row)
    require_approval(tx, row)
    freeze.require_answer(tx, incident, row.rung)
    option = _option(plan, outcome)
    attached = _evidence(tx, plan, evidence or {})
    recorded = tx.append(
        c.StepDone(key=key, title=row.title, outcome=option.id if option else None, evidence=attached,
                   comment=comment.strip()),
        incident.number,
    )  # fmt: skip
    assert recorded.n is not None
    _keep_evidence(tx, incident, row, attached)
    if option is not None:
        _decided(tx, incident, plan, option, comment)
    _afterwards(tx, incident, plan, recorded.n)
    tx.refresh_card(incident.number)
    return row


def require_ready(tx: Tx, row: Step) -> None:
    """Raises ``NotReady`` naming the steps that must come first."""
    before = unmet(tx.session, row)
    if before:
        names = ", ".join(describe(one) for one in before)
        raise NotReady(
            f"{describe(row)} comes after {names}.",
            instead="Finish that first. The commander can let it go ahead with a reason: "
            f"`/incident step waive {row.number} because …`",
        )


def movable(incident: Incident, row: Step) -> None:
    """Raises ``Conflict`` when the step, or its whole incident, is over. Forms ask it first."""
    if incident.status == "closed":
        raise Conflict("The incident is closed.", instead="`/incident reopen because …` opens it.")
    if row.state not in LIVE:
        by = f" (<@{row.changed_by}>)" if (row.changed_by or " ")[0] in "UW" else ""
        raise Conflict(
            f"{describe(row)} is {_WORDS[row.state]} already{by}.",
            instead=f"To undo that: `/incident step reopen {row.number}`",
        )


def _option(plan: StepPlan, outcome: str | None) -> Option | None:
    if not plan.options:
        return None
    found = next((option for option in plan.options if option.id == outcome), None)
    if found is None:
        labels = ", ".join(f"«{option.label}»" for option in plan.options)
        raise BadInput("This step needs an answer.", instead=f"One of: {labels}.", field="outcome")
    return found


def _evidence(tx: Tx, plan: StepPlan, given: Mapping[str, str]) -> dict[str, str]:
    """What was attached, checked. Raises ``BadInput`` under the field ``e.KEY``."""
    out = {}
    for wanted in evidence_wanted(tx.env.content, plan):
        value = given.get(wanted.kind.id, "").strip()
        if value:
            out[wanted.kind.id] = _checked(wanted.kind, value)
        elif wanted.must:
            raise BadInput(
                f"«{wanted.kind.title}» is still missing.", instead=wanted.kind.keep,
                field=f"e.{wanted.kind.id}",
            )  # fmt: skip
    return out


def _checked(kind: EvidenceKind, value: str) -> str:
    field = f"e.{kind.id}"
    if len(value) > TEXT_MAX:
        raise BadInput(f"At most {TEXT_MAX} characters; put the rest behind a link.", field=field)
    if kind.form == "sha256":
        match = _SHA256.match(value)
        if match is None:
            raise BadInput(
                "This is not a SHA-256: 64 characters, 0-9 and a-f.",
                instead="`sha256sum FILE` prints it.", field=field,
            )  # fmt: skip
        return match.group(1).lower()
    if kind.form == "link" and not re.match(r"https?://\S+\Z", value):
        raise BadInput("This is not a link; it starts with https://", field=field)
    if kind.form == "number" and not re.search(r"\d", value):
        raise BadInput("Give a number or a range, such as 120 or 100-150.", field=field)
    return value


def _keep_evidence(tx: Tx, incident: Incident, row: Step, attached: dict[str, str]) -> None:
    """Each piece becomes evidence of the incident, where the record and its exports find it."""
    for key, value in attached.items():
        kind = tx.env.content.evidence.get(key) or _unknown(key)
        tx.append(
            c.EvidenceAdded(
                evidence_kind=key,
                sha256=value if kind.form == "sha256" else None,
                text=f"{kind.title} (step {row.number}): {value}",
                location=value if kind.form == "link" else "",
            ),
            incident.number,
        )


def _decided(tx: Tx, incident: Incident, plan: StepPlan, option: Option, comment: str) -> None:
    tx.append(
        c.DecisionMade(
            topic="containment" if plan.phase == "contain" else "scope",
            step=plan.key,
            statement=f"{plan.title} {option.label}".strip(),
            options=[
                c.DecisionOption(
                    label=one.label,
                    harm_reduction=one.harm_reduction or "",
                    side_effects=one.side_effects or "",
                )
                for one in plan.options
            ],
            chosen=option.label,
            rationale=comment.strip(),
        ),
        incident.number,
    )
    if option.sets:
        learn(tx, incident, option.sets)


def _afterwards(tx: Tx, incident: Incident, plan: StepPlan, n: int) -> None:
    if plan.expires_minutes:
        at = tx.now + timedelta(minutes=plan.expires_minutes)
        reminders.look_again(tx, incident, plan.key, n, at)
    if asked_of(plan) is None and plan.approval is not None:
        # Nobody had to be asked; those whom the rule wants to know hear of it now.
        told = role_holders(tx.session, incident.number, plan.approval.inform)
        for person in sorted(set(told.values()) - {tx.by.id}):
            key = f"informed:{incident.number}:{n}"
            tell(tx, person, key, "step_informed", incident, step=plan.key)


# --- the other ways -------------------------------------------------------------------------------


def not_needed(tx: Tx, incident: Incident, key: str, reason: str) -> Step:
    """Leave a step out, with the reason."""
    require(tx, "skip_step", incident)
    row = find(tx.session, incident.number, key)
    movable(incident, row)
    tx.append(
        c.StepNotNeeded(key=key, title=row.title, reason=need_reason(reason, most=TEXT_MAX)),
        incident.number,
    )
    tx.refresh_card(incident.number)
    return row


def block(tx: Tx, incident: Incident, key: str, reason: str) -> Step:
    """Say that a step cannot go on, and why; the commander is told."""
    require(tx, "complete_step", incident)
    row = find(tx.session, incident.number, key)
    movable(incident, row)
    reason = need_reason(reason, most=TEXT_MAX)
    if row.state == "blocked" and row.reason == reason:
        raise Conflict(f"{describe(row)} is blocked already.")
    entry = tx.append(c.StepBlocked(key=key, title=row.title, reason=reason), incident.number)
    tx.effect(kinds.say(incident.number, f"blocked:{entry.n}", "step_blocked", step=key))
    tx.refresh_card(incident.number)
    return row


def reopen(tx: Tx, incident: Incident, key: str, reason: str = "") -> Step:
    """Undo: a step is open again. What was attached stays with it."""
    require(tx, "complete_step", incident)
    row = find(tx.session, incident.number, key)
    if incident.status == "closed":
        raise Conflict("The incident is closed.", instead="`/incident reopen because …` opens it.")
    if row.state == "open":
        raise Conflict(f"{describe(row)} is open already.")
    if row.state == "not_required":
        raise Conflict(f"{describe(row)} is not part of the playbook now: {row.reason}")
    if row.state == "not_needed":
        require(tx, "skip_step", incident)
    tx.append(c.StepReopened(key=key, title=row.title, reason=reason.strip()), incident.number)
    tx.refresh_card(incident.number)
    return row


def take(tx: Tx, incident: Incident, key: str) -> Step:
    """Take a step yourself."""
    return assign(tx, incident, key, tx.by.id)


def assign(tx: Tx, incident: Incident, key: str, person: str | None) -> Step:
    """Give a step to somebody; None gives it back to its role."""
    mine = person == tx.by.id
    require(tx, "complete_step" if mine else "assign_step", incident)
    row = find(tx.session, incident.number, key)
    movable(incident, row)
    if person is not None and not mine:
        queries.must_belong(tx.session, incident, person)
    if row.owner == person:
        raise Conflict(f"{describe(row)} is with <@{person}> already." if person else
                       f"{describe(row)} has no owner.")  # fmt: skip
    entry = tx.append(c.StepAssigned(key=key, title=row.title, owner=person), incident.number)
    if person is not None and not mine:
        key_ = f"given:{incident.number}:{entry.n}"
        tell(tx, person, key_, "step_given", incident, step=key, by=tx.by.id)
    tx.refresh_card(incident.number)
    return row


def waive_preconditions(tx: Tx, incident: Incident, key: str, reason: str) -> Step:
    """Let a step go ahead although steps before it are open. Only the commander, with a reason."""
    row = find(tx.session, incident.number, key)
    movable(incident, row)
    role = tx.env.content.commander.id
    if role not in roles_held(tx.session, incident.number, tx.by.id):
        raise NotAllowed(
            f"Only {people_of(tx, incident, [role])} can let a step go ahead.",
            verb="waive_precondition", incident=incident.number, needs=role,
        )  # fmt: skip
    before = unmet(tx.session, row)
    if not before:
        raise Conflict(f"Nothing holds up {describe(row)}.")
    reason = need_reason(reason, most=TEXT_MAX)
    names = ", ".join(describe(one) for one in before)
    tx.append(
        c.StepPreconditionsWaived(
            key=key, title=row.title, preconditions=[one.key for one in before], reason=reason
        ),
        incident.number,
    )  # fmt: skip
    tx.append(
        c.DecisionMade(
            topic="waiver", statement=f"{describe(row)} goes ahead before {names}.",
            rationale=reason,
        ),
        incident.number,
    )  # fmt: skip
    tx.refresh_card(incident.number)
    return row
