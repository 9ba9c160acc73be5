"""Severity: the rules propose, the commander confirms or overrides, a downgrade takes two."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from bot.effects import kinds
from bot.errors import BadInput, NotReady
from bot.incident import queries
from bot.incident.rights import denied, require, who_may
from bot.incident.severity import (
    Answers,
    Assessment,
    Downgrade,
    assess,
    check_downgrade,
    facts_from,
)
from bot.incident.severity import Refusal as DowngradeRefusal
from bot.playbook.composing import learn
from bot.playbook.values import Severity
from bot.record import catalogue as c
from bot.record.entry import Actor
from bot.record.tx import Tx, roles_held
from db.tables import Approval, Incident

_SEVERITY = re.compile(r"(?:sev)?[-\s]?([1-4])\Z", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Proposal:
    """What the rules propose for an incident."""

    assessment: Assessment
    number: int


def parse_severity(text: str) -> str:
    """``SEV2`` from ``sev2``, ``2`` or ``SEV-2``. Raises ``BadInput``."""
    match = _SEVERITY.match(text.strip())
    if match is None:
        raise BadInput(
            f"«{text.strip()}» is not a severity.", instead="Use SEV1, SEV2, SEV3 or SEV4.",
            field="severity",
        )  # fmt: skip
    return f"SEV{match.group(1)}"


def answer(tx: Tx, incident: Incident, answers: Answers) -> Proposal:
    """Record the answers, what the rules make of them, and the facts of the playbook they settle."""
    require(tx, "assess_severity", incident)
    content = tx.env.content
    if any(family not in content.families for family in answers.families):
        raise BadInput("There is no such kind of harm.", field="families")
    found = assess(content.severity, answers, content.families)
    tx.append(
        c.SeverityAssessed(
            answers=_plain(answers),
            rules=[{"id": rule.id, "why": rule.explanation} for rule in found.fired],
            risk=found.r,
            aggravation=found.a,
            proposed=str(found.severity),
            floor=str(found.floor) if found.floor else None,
            tempo=str(found.tempo),
            families=list(answers.families),
        ),
        incident.number,
    )
    learn(tx, incident, facts_from(content.severity, answers))
    tx.refresh_card(incident.number)
    return Proposal(found, incident.number)


def set_severity(
    tx: Tx, incident: Incident, severity: str, *, reason: str = "", approver: str | None = None,
    evidence: tuple[str, ...] = (),
) -> str:  # fmt: skip
    """Set the severity: as proposed, or another with a reason. Returns a sentence.

    A raise is open to responders; a downgrade follows rule D1; setting something other than what
    the rules proposed needs a reason. Raises a ``Refusal`` that says what is missing.
    """
    proposed = incident.answers.get("proposed")
    lower = incident.severity is not None and severity > incident.severity
    if lower:
        _check_downgrade(tx, incident, severity, reason, approver, evidence)
    else:
        _check_set(tx, incident, severity, proposed, reason)
    entry = tx.append(
        c.SeveritySet(
            severity=severity,
            previous=incident.severity,
            proposed=proposed,
            floor=incident.severity_floor,
            tempo=incident.answers.get("tempo", incident.tempo),
            families=incident.answers.get("families", incident.families),
            overridden=proposed is not None and severity != proposed,
            downgrade_approver=approver if lower else None,
            reason=reason,
        ),
        incident.number,
    )
    tx.effect(
        kinds.house("compose", incident.number, key=f"compose:{incident.number}:{entry.n}"),
        kinds.house("cadence", incident.number, key=f"cadence:{incident.number}:{entry.n}"),
        kinds.say(
            incident.number, f"severity:{entry.n}", "severity_set", severity=severity,
            previous=entry.entry.previous, by=tx.by.id, reason=reason,
        ),
        kinds.Effect(
            "announce.update", f"announce:{incident.number}:{entry.n}",
            f"announced:{incident.number}", {}, incident.number,
            f"announce:{incident.number}" if incident.announced_ts else None,
        ),
    )  # fmt: skip
    tx.refresh_card(incident.number)
    return f"Severity is {severity} now. The playbook follows in a moment."


def ask_downgrade(tx: Tx, incident: Incident, severity: str, reason: str, evidence: str) -> str:
    """Ask a second person of another function to agree to a lower severity (rule D1)."""
    from bot.playbook import approvals
    from bot.playbook.plan import ApprovalPlan

    require(tx, "downgrade_severity", incident)
    if incident.severity is None:
        raise NotReady("No severity is set yet.", field="severity")
    proofs = (evidence,) if evidence else ()
    refusals = [
        refusal
        for refusal in _downgrade_refusals(tx, incident, severity, reason, None, proofs)
        if refusal.id != "approver"
    ]
    if refusals:
        raise _not_down(severity, refusals)
    roles = tx.env.content.roles
    mine = roles[tx.env.content.commander.id].function
    others = [role.id for role in roles.values() if role.function != mine]
    subject = {"from": incident.severity, "to": severity, "reason": reason, "evidence": evidence}
    row = approvals.ask(
        tx, incident, subject="downgrade", key=severity,
        title=f"Lower the severity from {incident.severity} to {severity}: {reason}",
        digest=approvals.digest_of(subject), rule=ApprovalPlan(groups=(tuple(others),)),
        details=subject,
    )  # fmt: skip
    return f"Asked for agreement (approval {row.number}). Until somebody agrees it stays {incident.severity}."


def downgrade_agreed(tx: Tx, incident: Incident, approval: Approval) -> None:
    """The second person agreed: set it, if the rules still allow it."""
    detail = approval.details
    if incident.severity != detail["from"]:
        return
    approver = approval.given[-1]["by"]
    asker = Tx(tx.batch, Actor(approval.asked_by, tx.by.source, tx.by.trace))
    set_severity(
        asker, incident, detail["to"], reason=detail["reason"], approver=approver,
        evidence=(detail["evidence"],),
    )  # fmt: skip


def _check_set(
    tx: Tx, incident: Incident, severity: str, proposed: str | None, reason: str
) -> None:
    if severity == incident.severity:
        raise NotReady(f"The severity is {severity} already.")
    if severity == proposed:
        require(tx, "assess_severity", incident)
        return
    # Whoever opens an incident may say how bad it is in the same breath, before any role is stored.
    if not (incident.severity is None and incident.opened_by == tx.by.id):
        require(tx, "assess_severity", incident)
    if proposed is not None and not reason:
        raise BadInput(
            f"The rules propose {proposed}. To set {severity} instead, give a reason.",
            instead=f"`/incident severity {severity} because …`", field="reason",
        )  # fmt: skip
    if proposed is not None and severity > proposed and not _commands(tx, incident):
        raise denied(
            tx, "downgrade_severity", incident,
            f"Only {who_may(tx, 'downgrade_severity', incident)} can set less than the rules propose.",
        )  # fmt: skip


def _check_downgrade(
    tx: Tx, incident: Incident, severity: str, reason: str, approver: str | None,
    evidence: tuple[str, ...],
) -> None:  # fmt: skip
    require(tx, "downgrade_severity", incident)
    refusals = _downgrade_refusals(tx, incident, severity, reason, approver, evidence)
    if refusals:
        raise _not_down(severity, refusals)


def _not_down(severity: str, refusals: Sequence[DowngradeRefusal]) -> NotReady:
    why = " ".join(refusal.explanation for refusal in refusals)
    return NotReady(f"The severity cannot go down to {severity} yet. {why}", field="severity")


def _downgrade_refusals(
    tx: Tx, incident: Incident, severity: str, reason: str, approver: str | None,
    evidence: tuple[str, ...],
) -> Sequence[DowngradeRefusal]:  # fmt: skip
    assert incident.severity is not None and incident.severity_at is not None
    held = roles_held(tx.session, incident.number, approver) if approver else []
    return check_downgrade(
        tx.env.content.severity,
        tx.env.content.roles,
        Downgrade(
            current=Severity(incident.severity),
            target=Severity(severity),
            floor=Severity(incident.severity_floor) if incident.severity_floor else None,
            current_since=incident.severity_at,
            now=tx.now,
            commander=tx.by.id if _commands(tx, incident) else None,
            approver=approver,
            approver_role=held[0] if held else None,
            reason=reason,
            evidence=evidence,
        ),
    )


def _commands(tx: Tx, incident: Incident) -> bool:
    return queries.holder_of(tx.session, incident.number, "commander") == tx.by.id


def _plain(answers: Answers) -> dict[str, object]:
    return {
        "harm": answers.harm,
        "likelihood": answers.likelihood,
        "people": answers.people,
        "reversibility": answers.reversibility,
        "vulnerable": answers.vulnerable,
        "ongoing": answers.ongoing,
        "confidence": answers.confidence,
        "exposed": answers.exposed,
        "families": list(answers.families),
        "flags": sorted(answers.flags),
    }
