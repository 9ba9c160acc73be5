"""Reading incidents: by number, by channel, lists. Private ones only for the people in them."""

from __future__ import annotations

from sqlalchemy import ColumnElement, exists, literal_column, or_, select
from sqlmodel import Session, col

from bot.errors import BadInput, Hidden, NotFound
from bot.incident.names import ref
from db.tables import Incident, Member, RoleHolder

OPEN_STATUSES = ("investigating", "contained")


def get(session: Session, number: int) -> Incident:
    """The incident with this number. Raises ``NotFound``."""
    found = session.get(Incident, number)
    if found is None:
        raise NotFound(
            f"There is no {ref(number)}.", instead="`/incident list` shows what is open."
        )
    return found


def false_alarm(incident: Incident) -> bool:
    """Whether it was cancelled: closed without ever having been resolved."""
    return incident.status == "closed" and incident.resolved_at is None


def status(incident: Incident) -> str:
    """The status in words: ``false alarm`` for what was cancelled."""
    return "false alarm" if false_alarm(incident) else incident.status


def by_channel(session: Session, channel_id: str) -> Incident | None:
    """The incident whose channel this is."""
    statement = select(Incident).where(col(Incident.channel_id) == channel_id)
    return session.execute(statement).scalars().first()


def visible_to(person: str):  # type: ignore[no-untyped-def]
    """Condition: public incidents, and private ones in which the person has a part."""
    part = exists().where(
        col(Member.incident) == col(Incident.number), col(Member.person) == person
    )
    return or_(col(Incident.private).is_(False), part)


def may_see(session: Session, incident: Incident, person: str) -> bool:
    """Whether the person may know that this incident exists."""
    if not incident.private or person == "system":
        return True
    return session.get(Member, (incident.number, person)) is not None


def find(session: Session, number: int | None, person: str, name: str = "") -> Incident:
    """The incident with this number, for somebody who may know of it.

    Raises ``NotFound`` with the same words whether there is none or it is hidden from them.
    """
    found = session.get(Incident, number) if number is not None else None
    if found is not None and may_see(session, found, person):
        return found
    said = f"There is no {ref(number) if number is not None else name}."
    instead = "`/incident list` shows what is open."
    if found is not None:
        raise Hidden(said, found.number, instead=instead)
    raise NotFound(said, instead=instead)


def must_belong(session: Session, incident: Incident, person: str) -> None:
    """Nobody hears of a private incident by being given work in it. Raises ``BadInput``."""
    if not may_see(session, incident, person):
        who = f"<@{person}>" if person[:1] in "UW" else person
        raise BadInput(
            f"{who} is not in this private incident.",
            instead="Invite them into its channel first: that lets them see all of it.",
            field="owner",
        )


def live() -> ColumnElement[bool]:
    """Condition: not closed, in the words of the index that holds only these (a bound value would
    hide it from SQLite)."""
    return col(Incident.status) != literal_column("'closed'")


def open_incidents(session: Session, person: str, limit: int = 20) -> list[Incident]:
    """What is open and visible to the person, newest first."""
    statement = (
        select(Incident)
        .where(live(), col(Incident.status).in_(OPEN_STATUSES), visible_to(person))
        .order_by(col(Incident.number).desc())
        .limit(limit)
    )
    return list(session.execute(statement).scalars())


def mine(session: Session, person: str, limit: int = 20) -> list[Incident]:
    """Open or resolved incidents in which the person holds a role, newest first."""
    held = exists().where(
        col(RoleHolder.incident) == col(Incident.number), col(RoleHolder.holder) == person
    )
    statement = (
        select(Incident).where(live(), held).order_by(col(Incident.number).desc()).limit(limit)
    )
    return list(session.execute(statement).scalars())


def roles(session: Session, number: int) -> list[RoleHolder]:
    """Who holds or was offered a role, commander first."""
    statement = select(RoleHolder).where(col(RoleHolder.incident) == number)
    found = list(session.execute(statement).scalars())
    return sorted(found, key=lambda holder: (holder.role != "commander", holder.role))


def holder_of(session: Session, number: int, role: str) -> str | None:
    """The person who accepted the role."""
    found = session.get(RoleHolder, (number, role))
    return found.holder if found is not None and found.state == "accepted" else None
