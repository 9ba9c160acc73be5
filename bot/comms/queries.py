"""Reading notices: one, those of an incident, those that wait for somebody, those on the page."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from sqlalchemy import exists, or_, select
from sqlmodel import Session, col

from bot.errors import NotFound
from bot.playbook.load import Content
from bot.playbook.plan import ApprovalPlan
from bot.playbook.values import ApprovalRule, Severity
from bot.record.tx import roles_held
from db.tables import Incident, Notice, RoleHolder

#: Where nothing is said, the commander must say yes.
FALLBACK = ApprovalPlan(groups=(("commander",),))
UNFINISHED = ("draft", "submitted", "returned", "approved", "publishing")
#: Audiences whose notices anybody may read on the status page.
ON_PAGE = ("status_page", "users")


def notice(session: Session, incident: int, number: int) -> Notice:
    """The notice with this number. Raises ``NotFound``."""
    found = session.get(Notice, (incident, number))
    if found is None:
        raise NotFound(
            f"There is no notice {number} here.", instead="`/incident notice list` shows them."
        )
    return found


def notices(session: Session, incident: int, states: Sequence[str] = ()) -> list[Notice]:
    """Notices of an incident, oldest first; of all states unless some are named."""
    statement = select(Notice).where(col(Notice.incident) == incident)
    if states:
        statement = statement.where(col(Notice.state).in_(list(states)))
    return list(session.execute(statement.order_by(col(Notice.number))).scalars())


def rule_for(content: Content, audience: str, severity: str | None) -> ApprovalPlan:
    """Who must approve a notice for this audience now. Before a severity is set, as at SEV1."""
    known = content.audiences.get(audience)
    found = known.approve.at(Severity(severity or "SEV1")) if known is not None else None
    return _plan(found) if found is not None else FALLBACK


def _plan(rule: ApprovalRule) -> ApprovalPlan:
    groups: list[tuple[str, ...]] = [(role,) for role in rule.all_of]
    if rule.any_of:
        groups.append(rule.any_of)
    return ApprovalPlan(groups=tuple(groups), quorum=rule.quorum) if groups else FALLBACK


def said_yes(row: Notice) -> dict[str, frozenset[str]]:
    """Who approved the text as it stands, and the roles they held then."""
    return {
        one["by"]: frozenset(one["roles"]) for one in row.approvals if one["digest"] == row.digest
    }


def is_satisfied(content: Content, incident: Incident, row: Notice) -> bool:
    """Whether the approvals are enough for the incident's severity as it is now."""
    return rule_for(content, row.audience, incident.severity).complete(said_yes(row))


def still_needed(content: Content, incident: Incident, row: Notice) -> tuple[tuple[str, ...], ...]:
    """Groups of roles of which one must still say yes; empty when nobody else is needed."""
    rule = rule_for(content, row.audience, incident.severity)
    so_far = said_yes(row)
    if rule.complete(so_far):
        return ()
    # Every group has its yes but not enough people gave one: any of the named may be the next.
    return rule.missing(so_far) or (rule.roles,)


def counts(rule: ApprovalPlan, row: Notice, person: str, held: Iterable[str]) -> tuple[str, ...]:
    """Roles that give the person a right to say yes. Empty for those who wrote or asked for it."""
    if person in row.authors:
        return ()
    mine = set(held)
    return tuple(role for role in rule.roles if role in mine)


def approvers(session: Session, content: Content, incident: Incident, row: Notice) -> list[str]:
    """People who could approve now: they hold a needed role, did not write it, have not said yes."""
    wanted = [role for group in still_needed(content, incident, row) for role in group]
    barred = {*row.authors, *said_yes(row)}
    statement = select(RoleHolder).where(
        col(RoleHolder.incident) == incident.number,
        col(RoleHolder.role).in_(wanted),
        col(RoleHolder.state) == "accepted",
    )
    held = session.execute(statement).scalars()
    return sorted({one.holder for one in held} - barred)


def waiting_for(session: Session, content: Content, person: str) -> list[tuple[Incident, Notice]]:
    """Notices that this person could approve now, the longest waiting first."""
    statement = (
        select(Incident, Notice)
        .join(Notice, col(Notice.incident) == col(Incident.number))
        .join(RoleHolder, col(RoleHolder.incident) == col(Incident.number))
        .where(
            col(Notice.state) == "submitted",
            col(RoleHolder.holder) == person,
            col(RoleHolder.state) == "accepted",
        )
        .order_by(col(Notice.asked_at))
        .distinct()
    )
    return [
        (incident, row)
        for incident, row in session.execute(statement)
        if may_approve_now(session, content, incident, row, person)
    ]


def may_approve_now(
    session: Session, content: Content, incident: Incident, row: Notice, person: str
) -> bool:
    """Whether this person's yes would count now."""
    rule = rule_for(content, row.audience, incident.severity)
    held = roles_held(session, incident.number, person)
    return person not in said_yes(row) and bool(counts(rule, row, person, held))


def drafts_of(session: Session, person: str, limit: int = 10) -> list[tuple[Incident, Notice]]:
    """Unfinished notices that this person writes on, the newest first."""
    statement = (
        select(Incident, Notice)
        .join(Notice, col(Notice.incident) == col(Incident.number))
        .where(col(Notice.state).in_(UNFINISHED), col(Incident.status) != "closed")
        .order_by(col(Notice.changed_at).desc())
        .limit(200)
    )
    found = [pair for pair in session.execute(statement) if person in pair[1].authors]
    return [(incident, row) for incident, row in found[:limit]]


def on_page(session: Session, since: datetime) -> list[Notice]:
    """Notices on the public page: of real, public incidents, since a moment or still open; newest first."""
    about = col(Incident.number) == col(Notice.incident)
    public = exists().where(
        about, col(Incident.kind) == "real", col(Incident.private).is_(False)
    )  # fmt: skip
    open_now = exists().where(about, col(Incident.status).in_(("investigating", "contained")))
    # Asked of each notice that was on the page, not the other way round: incidents are many more.
    statement = (
        select(Notice)
        .where(
            col(Notice.on_page_at).is_not(None),
            col(Notice.audience).in_(ON_PAGE),
            public,
            or_(col(Notice.on_page_at) >= since, open_now),
        )
        .order_by(col(Notice.on_page_at).desc(), col(Notice.number).desc())
        .limit(500)
    )
    return list(session.execute(statement).scalars())
