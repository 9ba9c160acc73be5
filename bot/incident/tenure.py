"""How a role came to whoever holds it: they opened the incident, were given it, or took it alone."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlmodel import Session

from bot.record import catalogue as c
from bot.record.entry import Recorded
from bot.record.read import entries
from bot.timing import rfc3339
from db.tables import Incident

OPENED, GIVEN, TAKEN = "opened", "given", "taken"
_KINDS = [kind.kind for kind in (c.RoleOffered, c.RoleAccepted, c.RoleHandedOver, c.RoleReleased)]


@dataclass(frozen=True, slots=True)
class Tenure:
    """One role in one person's hands. ``n`` is the entry since which it is so, 0 from the opening.

    ``given``: somebody else (``by``) offered it to them here, before or after they took it.
    """

    role: str
    holder: str
    how: str
    since: datetime
    n: int
    by: str | None = None


def tenures(session: Session, incident: Incident, person: str) -> dict[str, Tenure]:
    """The roles that ``person`` holds and how each came to them, as the stored record has it."""
    found = {"commander": Tenure("commander", incident.opened_by, OPENED, incident.opened_at, 0)}
    offers: dict[tuple[str, str], Recorded] = {}
    for one in entries(session, incident.number, kinds=_KINDS):
        role, holder = one.entry.role, one.entry.holder
        now = found.get(role)
        if isinstance(one.entry, c.RoleReleased):
            found.pop(role, None)
            continue
        if isinstance(one.entry, c.RoleOffered):
            if one.actor != holder:
                offers[role, holder] = one
            if now is None or now.holder != holder or now.how != TAKEN or one.actor == holder:
                continue  # an offer changes nothing yet, unless it is to whoever took the role
        elif now is not None and now.holder == holder:
            continue  # whoever opened the incident accepted command
        offer = offers.get((role, holder))
        found[role] = Tenure(
            role, holder, GIVEN if offer else TAKEN, one.at, one.n or 0,
            offer.actor if offer else None,
        )  # fmt: skip
    return {role: one for role, one in found.items() if one.holder == person}


def of_roles(known: dict[str, Tenure], roles: Iterable[str]) -> dict[str, Any]:
    """The fields of an entry that say how these roles came to whoever it is by."""
    held = [known[role] for role in sorted(roles) if role in known]
    return {
        "came": [c.RoleCame(role=one.role, how=one.how, since=rfc3339(one.since)) for one in held],
        "given_by": [one.by for one in held if one.by],
    }


def in_state(entry: c.ApprovalGiven | c.NoticeApproved) -> dict[str, Any]:
    """The same, as the state keeps it: with who gave the role, while that is known."""
    by = iter(entry.given_by)
    came = [{**one, "by": next(by, None) if one["how"] == GIVEN else None} for one in entry.came]
    return {"came": came} if came else {}  # entries from before this was kept say nothing


def taken_alone(came: Iterable[dict[str, Any]]) -> dict[str, Any] | None:
    """How somebody's yes came by its role, when they have it from nobody but themselves."""
    all_ = list(came)
    alone = bool(all_) and all(one["how"] == TAKEN for one in all_)
    return max(all_, key=lambda one: str(one["since"])) if alone else None
