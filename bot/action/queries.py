"""Reading action items: one, those of an incident, mine, overdue ones. Drills are kept apart."""

from __future__ import annotations

from sqlalchemy import ColumnElement, Select, func, or_, select
from sqlmodel import Session, col

from bot.errors import NotFound
from bot.incident import queries as incidents
from bot.incident.queries import find, visible_to
from db.tables import ActionItem, Incident

#: Still somebody's work: to be done, or done and waiting for the proof to be accepted.
UNFINISHED = ("open", "done")


def get(session: Session, incident: int, number: int) -> ActionItem:
    """The item with this number. Raises ``NotFound``."""
    found = session.get(ActionItem, (incident, number))
    if found is None:
        raise NotFound(
            f"There is no action item {number} here.",
            instead="`/incident action list` shows them.",
        )
    return found


def incident_of(session: Session, incident: int, number: int, person: str) -> Incident:
    """The incident of an item, for whoever may know of it, and for the item's owner in any case.

    Raises ``NotFound``.
    """
    try:
        return find(session, incident, person)
    except NotFound:
        row = session.get(ActionItem, (incident, number))
        if row is None or row.owner != person:
            raise
        return incidents.get(session, incident)


def of_incident(session: Session, incident: int, *, all_states: bool = True) -> list[ActionItem]:
    """The items of an incident by number; with ``all_states=False`` only unfinished ones."""
    statement = select(ActionItem).where(col(ActionItem.incident) == incident)
    if not all_states:
        statement = statement.where(col(ActionItem.state).in_(UNFINISHED))
    return list(session.execute(statement.order_by(col(ActionItem.number))).scalars())


def next_number(session: Session, incident: int) -> int:
    """One more than the last number given in this incident."""
    last = select(func.max(ActionItem.number)).where(col(ActionItem.incident) == incident)
    return int(session.execute(last).scalar() or 0) + 1


def mine(
    session: Session, person: str, limit: int = 20, *, drills: bool = False
) -> list[ActionItem]:
    """Items that the person still has to do, the most urgent first; of drills only if asked."""
    statement = _across(drills).where(
        col(ActionItem.owner) == person, col(ActionItem.state) == "open"
    )
    return list(session.execute(statement.limit(limit)).scalars())


def overdue(
    session: Session, limit: int = 50, *, incident: int | None = None, drills: bool = False
) -> list[ActionItem]:
    """Items past their time, the oldest first: of one incident, or of all real ones."""
    statement = _across(drills, incident).where(
        col(ActionItem.state) == "open", col(ActionItem.overdue).is_(True)
    )
    return list(session.execute(statement.limit(limit)).scalars())


def unfinished(
    session: Session, person: str, limit: int = 50, *, drills: bool = False
) -> list[ActionItem]:
    """Unfinished items of every incident that the person may see, and their own ones."""
    statement = _across(drills).where(
        col(ActionItem.state).in_(UNFINISHED),
        or_(visible_to(person), col(ActionItem.owner) == person),
    )
    return list(session.execute(statement.limit(limit)).scalars())


def counts(session: Session, incident: int) -> dict[str, int]:
    """How many items of the incident are in each state."""
    statement = (
        select(col(ActionItem.state), func.count())
        .where(col(ActionItem.incident) == incident)
        .group_by(col(ActionItem.state))
    )
    return {row[0]: row[1] for row in session.execute(statement)}


def _across(drills: bool, incident: int | None = None) -> Select[ActionItem]:
    """Items of all incidents of a kind (or of one incident, whatever its kind), by due time."""
    which: ColumnElement[bool] = (
        col(ActionItem.incident) == incident
        if incident is not None
        else col(Incident.kind) == ("drill" if drills else "real")
    )
    return (
        select(ActionItem)
        .join(Incident, col(Incident.number) == col(ActionItem.incident))
        .where(which)
        .order_by(col(ActionItem.due_at), col(ActionItem.incident), col(ActionItem.number))
    )
