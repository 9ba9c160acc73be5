"""Looking at approvals: what waits, for whom, and what a rule still lacks."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import select
from sqlmodel import Session

from bot.errors import NotFound
from bot.incident import queries
from bot.incident.names import ref
from bot.playbook.plan import ApprovalPlan
from db.tables import Approval, Incident, RoleHolder


def rule_of(row: Approval) -> ApprovalPlan:
    """The rule a request was asked under."""
    return ApprovalPlan.model_validate(row.rule)


def get(session: Session, incident: int, number: int) -> Approval:
    """One request. Raises ``NotFound``."""
    row = session.get(Approval, (incident, number))
    if row is None:
        raise NotFound(
            f"{ref(incident)} has no approval {number}.",
            instead="`/incident approvals` shows what waits.",
        )
    return row


def waiting(session: Session, incident: int) -> list[Approval]:
    """What waits for an answer, oldest first."""
    statement = (
        select(Approval)
        .where(Approval.incident == incident, Approval.state == "waiting")  # type: ignore[arg-type]
        .order_by(Approval.number)  # type: ignore[arg-type]
    )
    return list(session.execute(statement).scalars())


def latest(session: Session, incident: int, subject: str, key: str) -> Approval | None:
    """The last request about one subject, whatever became of it."""
    statement = (
        select(Approval)
        .where(
            Approval.incident == incident,  # type: ignore[arg-type]
            Approval.subject == subject,  # type: ignore[arg-type]
            Approval.subject_key == key,  # type: ignore[arg-type]
        )
        .order_by(Approval.number.desc())  # type: ignore[attr-defined]
        .limit(1)
    )
    return session.execute(statement).scalars().first()


def unratified(session: Session, incident: int) -> list[tuple[Approval, str]]:
    """Approvals that still have to be confirmed afterwards, each with the role that must."""
    statement = select(Approval).where(
        Approval.incident == incident,  # type: ignore[arg-type]
        Approval.state == "approved",  # type: ignore[arg-type]
    )
    rows = session.execute(statement).scalars()
    return [(row, role) for row in rows for role in roles_to_ratify(row)]


def roles_to_ratify(row: Approval) -> list[str]:
    """Roles that have not confirmed yet."""
    done = {one["role"] for one in row.ratified}
    return [one.role for one in rule_of(row).ratify if one.role not in done]


def may_answer(row: Approval, person: str, held: Iterable[str]) -> bool:
    """Whether a person with these roles could still say yes to a waiting request."""
    rule, roles = rule_of(row), frozenset(held)
    if person == row.asked_by and not rule.emergency:
        return False
    mine = roles.intersection(rule.roles)
    return bool(mine - said_yes(row).get(person, frozenset()))


def waiting_for(session: Session, person: str, limit: int = 20) -> list[Approval]:
    """What waits for this person's answer, in open incidents, oldest first."""
    held: dict[int, set[str]] = {}
    statement = (
        select(RoleHolder.incident, RoleHolder.role)  # type: ignore[call-overload]
        .join(Incident, Incident.number == RoleHolder.incident)
        .where(
            queries.live(),
            RoleHolder.holder == person,
            RoleHolder.state == "accepted",
            Incident.status.in_(queries.OPEN_STATUSES),  # type: ignore[attr-defined]
        )
    )
    for incident, role in session.execute(statement):
        held.setdefault(incident, set()).add(role)
    if not held:
        return []
    rows = session.execute(
        select(Approval)
        .where(
            Approval.state == "waiting",  # type: ignore[arg-type]
            Approval.incident.in_(list(held)),  # type: ignore[attr-defined]
        )
        .order_by(Approval.asked_at)  # type: ignore[arg-type]
    ).scalars()
    return [row for row in rows if may_answer(row, person, held[row.incident])][:limit]


def said_yes(row: Approval) -> dict[str, frozenset[str]]:
    """Who said yes, and with which roles."""
    out: dict[str, frozenset[str]] = {}
    for one in row.given:
        out[one["by"]] = out.get(one["by"], frozenset()) | frozenset(one["roles"])
    return out


def holders(session: Session, incident: int, roles: Iterable[str]) -> dict[str, str]:
    """Role to the person who holds it now; roles without a holder are left out."""
    found = ((role, queries.holder_of(session, incident, role)) for role in roles)
    return {role: person for role, person in found if person is not None}
