"""Whose yes counts: a role that somebody took alone, after the question was asked, is not enough.

Anybody in an incident's channel can take a free role, or command. That is right when minutes count,
and wrong when it is done to push a waiting request through. So for what is hardest to take back (a
containment rung from C5 on, and a notice) another person's name has to stand behind the yes: who gave
the role, or who asks anew once it is held. docs/decisions/0004-roles-taken-alone.md says why.
"""

from __future__ import annotations

from collections.abc import Iterable

from sqlmodel import Session

from bot.errors import NotAllowed
from bot.incident.rights import role_title
from bot.incident.tenure import TAKEN, Tenure, tenures
from bot.playbook.asked import rule_of
from bot.record import catalogue as c
from bot.record.freeze import DESTRUCTIVE
from bot.record.read import entries
from bot.record.tx import Tx
from db.tables import Approval, Incident, Notice, Step


def is_grave(session: Session, row: Approval) -> bool:
    """Whether this request is about a rung that is hard to take back."""
    if row.subject != "step":
        return False
    step = session.get(Step, (row.incident, row.subject_key))
    return step is not None and step.rung in DESTRUCTIVE


def counting(
    tx: Tx, incident: Incident, row: Approval, person: str, roles: Iterable[str]
) -> frozenset[str]:
    """Those of the person's ``roles`` whose yes counts for this request, or confirms it later.

    Under an emergency rule all do as long as it waits: another person confirms that yes afterwards.
    """
    wanted = frozenset(roles)
    urgent = row.state == "waiting" and rule_of(row).emergency
    if not wanted or urgent or not is_grave(tx.session, row):
        return wanted
    tx.batch.flush()
    known = tenures(tx.session, incident, person)
    return wanted - taken_since(known, asked_at(tx.session, row))


def taken_since(known: dict[str, Tenure], n: int) -> frozenset[str]:
    """Roles that their holder took alone after entry ``n``."""
    return frozenset(role for role, one in known.items() if one.how == TAKEN and one.n > n)


def asked_at(session: Session, row: Approval | Notice) -> int:
    """Number of the entry that asked for this approval."""
    kind = c.ApprovalAsked if isinstance(row, Approval) else c.NoticeSubmitted
    found = entries(session, row.incident, kinds=[kind.kind])
    return max((one.n or 0 for one in found if one.entry.number == row.number), default=0)


def not_by_that(
    tx: Tx, incident: Incident, known: dict[str, Tenure], roles: Iterable[str], verb: str
) -> NotAllowed:
    """The refusal for whoever took the role after the question: when, and the ways on."""
    role = sorted(roles)[0]
    again = " Or say no, so that it is asked again now that you hold it."
    since = f" at {known[role].since:%H:%M} UTC" if role in known else ""
    return NotAllowed(
        f"You took the role {role_title(tx, role)} yourself{since}, after this was asked, so your yes "
        "does not count for it yet.",
        instead=f"Somebody else has to give you the role: `/incident role {role} @you`."
        + ("" if verb == "ratify_approval" else again),
        verb=verb, incident=incident.number, needs="a role held before, or given by somebody else",
    )  # fmt: skip
