"""Approvals: one exact text or action, bound by its hash, put to the people named for it.

A rule is an :class:`~bot.playbook.plan.ApprovalPlan`. Whoever says yes holds one of its roles at
that moment and is not the one who asked (except under an emergency rule, which is ratified later).
How the role came to them is kept; for the gravest it counts too (see ``bot.playbook.counting``).
One changed character gives another hash, and the old request counts no more.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import func, select
from sqlmodel import Session

from bot.effects import kinds
from bot.errors import Conflict, NotAllowed, NotReady
from bot.incident import people
from bot.incident.rights import need_reason, people_of, require, role_title
from bot.incident.tenure import of_roles, tenures
from bot.playbook.asked import (
    get,
    holders,
    latest,
    may_answer,
    roles_to_ratify,
    rule_of,
    said_yes,
    unratified,
    waiting,
    waiting_for,
)
from bot.playbook.counting import counting, not_by_that
from bot.playbook.plan import ApprovalPlan
from bot.playbook.ratify import ask_to_ratify, ratifier, ratify
from bot.playbook.telling import commander_of, tell, tell_commander
from bot.record import catalogue as c
from bot.record.entry import canonical
from bot.record.tx import Tx, roles_held
from bot.timing import rfc3339
from db.tables import Approval, Incident

__all__ = [
    "Given", "Subject", "Subjects", "ask", "digest_of", "expire", "get", "give", "holders",
    "latest", "may_answer", "nudge", "ratify", "refuse", "role_taken", "roles_to_ratify",
    "rule_of", "said_yes", "unratified", "void", "waiting", "waiting_for",
]  # fmt: skip

#: Asked again, and the commander told, when nobody has answered for this long (the rule may differ).
NUDGE = timedelta(minutes=15)

Settled = Callable[[Tx, Incident, Approval], None]


@dataclass(frozen=True, slots=True)
class Subject:
    """What follows, in the same transaction, when an approval of one kind is settled."""

    approved: Settled | None = None
    #: Refused, lapsed or void: ``approval.state`` and ``approval.comment`` say which and why.
    ended: Settled | None = None
    #: Looked at before each yes; raises a refusal while the subject may not be approved.
    ready: Settled | None = None


#: By the subject's name: ``step``, ``notice``, ``downgrade``, ``waiver``.
Subjects = Mapping[str, Subject]


@dataclass(frozen=True, slots=True)
class Given:
    """What one yes led to. ``missing`` names groups of roles still without a yes."""

    number: int
    complete: bool
    missing: tuple[tuple[str, ...], ...]
    people_missing: int


def digest_of(value: Any) -> str:
    """The hash that binds an approval to a text or a JSON value."""
    return hashlib.sha256(canonical(value).encode()).hexdigest()


# --- asking ---------------------------------------------------------------------------------------


def ask(
    tx: Tx,
    incident: Incident,
    *,
    subject: str,
    key: str,
    title: str,
    digest: str,
    rule: ApprovalPlan,
    details: dict[str, Any] | None = None,
    expires_at: datetime | None = None,
) -> Approval:
    """Put one exact text or action (``digest``) to the people that ``rule`` names.

    An earlier request about the same subject that still waits becomes void when the text differs.
    Raises ``Conflict`` when the same was asked already, ``NotReady`` when only the asker could
    say yes.
    """
    before = latest(tx.session, incident.number, subject, key)
    if before is not None and before.state == "waiting":
        if before.digest == digest:
            raise Conflict("This was asked already; the answer is awaited.")
        void(tx, incident, before.number, "The text was changed and asked for again.")
    _somebody_else(tx, incident, rule)
    number = _next_number(tx.session, incident.number)
    tx.append(
        c.ApprovalAsked(
            number=number, subject=subject, subject_key=key, digest=digest,
            rule=rule.model_dump(mode="json"), title=title, details=details or {},
            expires_at=rfc3339(expires_at) if expires_at else None,
        ),
        incident.number,
    )  # fmt: skip
    row = get(tx.session, incident.number, number)
    _tell_approvers(tx, incident, row, "asked")
    tx.effect(kinds.say(incident.number, f"approval:{number}", "approval_requested", number=number,
                        names=_names(tx, rule.roles)))  # fmt: skip
    _remind(tx, incident, row, rule)
    tx.refresh_card(incident.number)
    return row


def _next_number(session: Session, incident: int) -> int:
    statement = select(func.max(Approval.number)).where(Approval.incident == incident)  # type: ignore[arg-type]
    return int(session.execute(statement).scalar() or 0) + 1


def _somebody_else(tx: Tx, incident: Incident, rule: ApprovalPlan) -> None:
    """Nobody approves their own request, so asking must leave somebody who could."""
    if rule.emergency:
        return
    for group in rule.groups:
        able = set(holders(tx.session, incident.number, group).values())
        if able == {tx.by.id}:
            raise NotReady(
                f"This takes the yes of {people_of(tx, incident, group)}, and that is you. "
                "Nobody approves their own request.",
                instead="Let somebody else of the response ask, or hand the role over: "
                "`/incident role`.",
            )


def _remind(tx: Tx, incident: Incident, row: Approval, rule: ApprovalPlan) -> None:
    wait = timedelta(minutes=rule.timeout_minutes) if rule.timeout_minutes else NUDGE
    number = row.number
    tx.effect(
        kinds.house(
            "approval_nudge", incident.number, key=f"approval-nudge:{incident.number}:{number}",
            at=tx.now + wait, number=number,
        )
    )  # fmt: skip
    if row.expires_at is not None:
        tx.effect(
            kinds.house(
                "approval_expiry", incident.number,
                key=f"approval-expiry:{incident.number}:{number}", at=row.expires_at,
                number=number,
            )
        )  # fmt: skip


def _tell_approvers(tx: Tx, incident: Incident, row: Approval, when: str) -> None:
    """Privately to each who can say yes; the commander hears of roles that nobody holds."""
    rule = rule_of(row)
    held = holders(tx.session, incident.number, rule.roles)
    asked = {
        person for role, person in held.items()
        if may_answer(row, person, [r for r, p in held.items() if p == person])
    }  # fmt: skip
    key = f"approval:{incident.number}:{row.number}:{when}"
    for person in sorted(asked):
        mine = [role for role, holder in held.items() if holder == person]
        if when == "asked" or counting(tx, incident, row, person, mine):
            tell(tx, person, key, "approval_asked", incident, number=row.number)
    vacant = [group for group in rule.groups if not any(role in held for role in group)]
    if vacant:
        roles = [role for group in vacant for role in group]
        tell_commander(
            tx, key + ":vacant", "approval_vacant", incident, number=row.number,
            groups=[list(group) for group in vacant], names=_names(tx, roles),
        )  # fmt: skip


def _names(tx: Tx, roles: Iterable[str]) -> dict[str, str]:
    return {role: role_title(tx, role) for role in roles}


def role_taken(tx: Tx, incident: Incident, role: str, person: str) -> None:
    """Somebody holds a role now, or was given the one they took: they hear of what waits for its yes.

    Where their yes does not count yet, they and the commander hear why.
    """
    for row in waiting(tx.session, incident.number):
        if not may_answer(row, person, [role]):
            continue
        key = f"approval:{incident.number}:{row.number}:role:{role}"
        if counting(tx, incident, row, person, [role]):
            tell(tx, person, key, "approval_asked", incident, number=row.number)
            continue
        told = {"number": row.number, "role": role, "name": role_title(tx, role), "holder": person}
        for reader in dict.fromkeys((person, commander_of(tx, incident))):
            tell(tx, reader, key + ":taken", "approval_taken", incident, **told)


# --- answering ------------------------------------------------------------------------------------


def give(
    tx: Tx,
    incident: Incident,
    number: int,
    digest: str,
    comment: str = "",
    *,
    subjects: Subjects,
    code: str = "",
) -> Given:
    """Say yes to exactly the text with this ``digest``.

    Past Slack nobody knows who is typing: there it takes a ``code`` (see ``bot.incident.people``).

    Raises ``Conflict`` when it was settled, changed or lapsed, or this person said yes before;
    ``NotAllowed`` without a role that the rule names, for the one who asked, and where the role was
    taken alone after the question.
    """
    row = _answerable(tx, incident, number, digest)
    rule = rule_of(row)
    held = _roles_for(tx, incident, row, rule)
    roles = counting(tx, incident, row, tx.by.id, held)
    tx.batch.flush()
    known = tenures(tx.session, incident, tx.by.id)
    if not roles:
        raise not_by_that(tx, incident, known, held, "answer_approval")
    before = said_yes(row)
    mine = before.get(tx.by.id, frozenset())
    if roles <= mine:
        raise Conflict("You said yes already.", instead=_still(tx, incident, rule, before))
    subject = subjects.get(row.subject)
    if subject is not None and subject.ready is not None:
        subject.ready(tx, incident, row)
    after = {**before, tx.by.id: mine | roles}
    complete = rule.complete(after)
    proof = people.proof(tx, incident, f"approval-{number}", row.digest, code)
    tx.append(
        c.ApprovalGiven(
            number=number, digest=digest, roles=sorted(roles), complete=complete, comment=comment,
            proof=proof, **of_roles(known, roles),
        ),
        incident.number,
    )  # fmt: skip
    if complete:
        _approved(tx, incident, row, rule, subjects)
    else:
        tx.effect(kinds.say(incident.number, f"approval:{number}:{len(row.given)}",
                            "approval_partly", number=number,
                            names=_names(tx, rule.roles)))  # fmt: skip
    tx.refresh_card(incident.number)
    counted = sum(1 for held in after.values() if held.intersection(rule.roles))
    return Given(number, complete, rule.missing(after), max(0, rule.quorum - counted))


def _answerable(tx: Tx, incident: Incident, number: int, digest: str) -> Approval:
    row = get(tx.session, incident.number, number)
    if row.state != "waiting":
        raise Conflict(f"Approval {number} is {row.state} already.")
    if row.digest != digest:
        raise Conflict(
            "The text was changed after this button was made, so it was not approved.",
            instead="`/incident approvals` shows what waits now.",
        )
    if row.expires_at is not None and row.expires_at <= tx.now:
        raise Conflict(
            f"Approval {number} lapsed: nobody answered in time.",
            instead="It has to be asked for again.",
        )
    return row


def _roles_for(tx: Tx, incident: Incident, row: Approval, rule: ApprovalPlan) -> frozenset[str]:
    """The roles of the rule that the actor holds now. Raises ``NotAllowed``."""
    held = roles_held(tx.session, incident.number, tx.by.id)
    roles = frozenset(held).intersection(rule.roles)
    if not roles:
        raise NotAllowed(
            f"Only {people_of(tx, incident, rule.roles)} can answer this.",
            instead="Ask them, or take the role first: `/incident role`.",
            verb="answer_approval", incident=incident.number, needs=", ".join(rule.roles),
        )  # fmt: skip
    if tx.by.id == row.asked_by and rule.emergency:
        require(tx, "emergency_containment", incident)
    elif tx.by.id == row.asked_by:
        raise NotAllowed(
            "You asked for this, and nobody approves their own request.",
            instead=f"It takes {people_of(tx, incident, rule.roles)}.",
            verb="answer_approval", incident=incident.number, needs="another person",
        )  # fmt: skip
    return roles


def _still(
    tx: Tx, incident: Incident, rule: ApprovalPlan, yes: Mapping[str, frozenset[str]]
) -> str:
    missing = [people_of(tx, incident, group) for group in rule.missing(yes)]
    return f"Still to come: {'; '.join(missing)}." if missing else "One more person must say yes."


def _approved(
    tx: Tx, incident: Incident, row: Approval, rule: ApprovalPlan, subjects: Subjects
) -> None:
    number, where = row.number, incident.number
    tx.effect(kinds.say(where, f"approval:{number}:yes", "approval_complete", number=number))
    for role, person in holders(tx.session, where, rule.inform).items():
        key = f"approval:{where}:{number}:inform:{role}"
        tell(tx, person, key, "approval_inform", incident, number=number)
    for one in rule.ratify:
        ask_to_ratify(tx, incident, row, one.role, one.within_minutes)
    subject = subjects.get(row.subject)
    if subject is not None and subject.approved is not None:
        subject.approved(tx, incident, row)


def refuse(
    tx: Tx, incident: Incident, number: int, digest: str, comment: str, *, subjects: Subjects
) -> None:
    """Say no, with the reason; the asker and the channel are told.

    A role that was to ratify afterwards says no in the same way: the approval is refused then,
    and the way back is named in the channel.
    """
    comment = need_reason(comment, "Say in a sentence why not.", field="comment")
    row = get(tx.session, incident.number, number)
    late = row.state == "approved" and bool(roles_to_ratify(row))
    if late:
        role = ratifier(tx, incident, row, digest)
    else:
        row = _answerable(tx, incident, number, digest)
        role = sorted(_roles_for(tx, incident, row, rule_of(row)))[0]
    tx.append(
        c.ApprovalRefused(number=number, digest=digest, role=role, comment=comment),
        incident.number,
    )
    _ended(tx, incident, row, subjects, "approval_refused")


def void(
    tx: Tx, incident: Incident, number: int, why: str, *, subjects: Subjects | None = None
) -> None:
    """End a waiting or given approval because its subject changed. Harmless when already over."""
    row = get(tx.session, incident.number, number)
    if row.state not in ("waiting", "approved"):
        return
    tx.append(c.ApprovalEnded(number=number, state="void", why=why), incident.number)
    _ended(tx, incident, row, subjects or {}, "approval_ended")


def expire(tx: Tx, incident: Incident, number: int, *, subjects: Subjects) -> bool:
    """End a request that nobody answered in time. Says whether it did."""
    row = get(tx.session, incident.number, number)
    if row.state != "waiting" or row.expires_at is None or row.expires_at > tx.now:
        return False
    tx.append(
        c.ApprovalEnded(number=number, state="expired", why="Nobody answered in time."),
        incident.number,
    )
    _ended(tx, incident, row, subjects, "approval_ended")
    return True


def _ended(tx: Tx, incident: Incident, row: Approval, subjects: Subjects, message: str) -> None:
    where, number = incident.number, row.number
    tx.effect(kinds.say(where, f"approval:{number}:{row.state}", message, number=number))
    tell(
        tx, row.asked_by, f"approval:{where}:{number}:{row.state}", message, incident, number=number
    )
    subject = subjects.get(row.subject)
    if subject is not None and subject.ended is not None:
        subject.ended(tx, incident, row)
    tx.refresh_card(where)


def nudge(tx: Tx, incident: Incident, number: int) -> bool:
    """Ask those again who have not answered, and tell the commander. Says whether it still waits."""
    row = get(tx.session, incident.number, number)
    if row.state != "waiting" or (row.expires_at is not None and row.expires_at <= tx.now):
        return False
    when = f"nudge:{rfc3339(tx.now)}"
    _tell_approvers(tx, incident, row, when)
    key = f"approval:{incident.number}:{number}:{when}:late"
    tell_commander(tx, key, "approval_late", incident, number=number,
                   names=_names(tx, rule_of(row).roles))  # fmt: skip
    tx.refresh_card(incident.number)
    return True
