"""Who may do what. The table is content; the last word is spoken here, at the moment of the act.

Nothing that a button or a form carries is a right: whoever clicks is judged again by the roles they
hold now. A right names roles, ``responder``, ``anyone``, a Slack user group (``group:S0123``) or one
person (``user:U0123``).
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select
from sqlmodel import Session, col

from bot.errors import BadInput, NotAllowed, Refusal
from bot.incident import queries
from bot.incident.names import ref
from bot.record import catalogue as c
from bot.record.entry import OFF_SLACK, Recorded
from bot.record.read import entries, from_row
from bot.record.tx import Tx, roles_held
from db.tables import EntryPrivate, EntryRow, Incident, Known

GROUP, USER = "group:", "user:"
#: Every right that is asked for. permissions.yaml must say who has each, and no others.
RIGHTS = (
    "accept_proof", "add_action", "add_evidence", "add_hypothesis", "add_note",
    "approve_postmortem", "assess_severity", "assign_role", "assign_step", "cancel",
    "claim_command", "close", "complete_step", "confirm_exit", "contain", "correct_entry",
    "declare", "downgrade_severity", "draft_notice", "edit_postmortem", "emergency_containment",
    "erase_personal", "export", "invite", "prove_action", "publish_notice", "record_decision",
    "rename", "reopen", "request_approval", "resolve", "set_facts", "set_families",
    "settle_effect", "settle_hypothesis", "skip_step", "start_drill", "take_role", "waive_exit",
)  # fmt: skip
#: Who is in a user group is asked for often; an answer older than this counts for nobody.
GROUP_STALE = timedelta(hours=24)
#: One entry a person, verb and incident in this time, however often they try.
DENIED_EVERY = timedelta(minutes=10)


def may(tx: Tx, verb: str, incident: Incident) -> bool:
    """Whether the actor has the right to ``verb`` on this incident now."""
    if tx.by.is_system:
        return True
    wanted = allowed(tx, verb, incident)
    if "anyone" in wanted:
        return True
    held = roles_held(tx.session, incident.number, tx.by.id)
    if "responder" in wanted and (held or _in_channel(tx, incident)):
        return True
    mine = [role for role in held if role in wanted]
    if tx.env.content.permissions[verb].given and mine:
        tx.batch.flush()
        mine = [role for role in mine if was_given(tx.session, incident, role, tx.by.id)]
    return bool(mine) or is_named(tx, wanted)


def was_given(session: Session, incident: Incident, role: str, person: str) -> bool:
    """Whether somebody else ever gave the person this role here.

    Whoever comes into an incident's channel can take a free role. For what cannot be undone, and for
    what only a few may read, that is not enough.
    """
    offers = entries(session, incident.number, kinds=[c.RoleOffered.kind])
    return any(
        one.entry.role == role and one.entry.holder == person and one.actor != person
        for one in offers
    )


def is_named(tx: Tx, wanted: Iterable[str]) -> bool:
    """Whether the actor is named as a person, or is in a user group that is."""
    for name in wanted:
        if name.startswith(USER) and name.removeprefix(USER) == tx.by.id:
            return True
        if name.startswith(GROUP):
            group = name.removeprefix(GROUP)
            if tx.by.id in members_of(tx.session, group, tx.now):
                return True
    return False


def require(tx: Tx, verb: str, incident: Incident) -> None:
    """Raises ``NotAllowed`` with a sentence that says who has the right."""
    if may(tx, verb, incident):
        return
    held = roles_held(tx.session, incident.number, tx.by.id)
    taken = [role for role in held if role in allowed(tx, verb, incident)]
    if taken:  # the right takes a role that was given
        raise denied(
            tx, verb, incident, "A role that you took yourself does not count for this.",
            f"Let the commander give it to you: `/incident role {taken[0]} @you`.",
        )  # fmt: skip
    raise denied(tx, verb, incident)


def require_anywhere(tx: Tx, verb: str, kind: str) -> None:
    """For what begins an incident, when there are no roles in it yet. Raises ``NotAllowed``."""
    wanted: tuple[str, ...] = tx.env.content.who_may(verb, kind)
    if tx.by.is_system or tx.by.source == "cli" or "anyone" in wanted or is_named(tx, wanted):
        return
    names = " or ".join(_named(name) for name in wanted if name.startswith((GROUP, USER)))
    raise NotAllowed(
        f"Only {names or 'nobody'} can do this.", instead="Ask them.", verb=verb,
        needs=", ".join(wanted),
    )  # fmt: skip


def denied(
    tx: Tx, verb: str, incident: Incident, message: str = "", instead: str = ""
) -> NotAllowed:
    """The refusal of ``verb``; the message and what to do instead can be said in better words."""
    return NotAllowed(
        message or f"Only {who_may(tx, verb, incident)} can do this.",
        instead=instead or "Ask them, or take the role first: `/incident role`.",
        verb=verb, incident=incident.number, needs=", ".join(allowed(tx, verb, incident)),
    )  # fmt: skip


def need_reason(
    reason: str,
    question: str = "Say in a sentence why.",
    field: str = "reason",
    most: int | None = None,
) -> str:
    """The reason without blanks around it. Raises ``BadInput`` when there is none, or when it has
    more than ``most`` characters."""
    reason = reason.strip()
    if not reason:
        raise BadInput(question, field=field)
    if most is not None and len(reason) > most:
        raise BadInput(f"At most {most} characters.", field=field)
    return reason


def who_may(tx: Tx, verb: str, incident: Incident) -> str:
    """The holders of the right, in words: ``the commander (<@U1>) or the comms lead (nobody yet)``."""
    return people_of(tx, incident, allowed(tx, verb, incident))


def people_of(tx: Tx, incident: Incident, roles: Iterable[str]) -> str:
    """Roles and who holds them, in words."""
    names = []
    for role in roles:
        if role == "responder":
            names.append("somebody in the incident's channel or with a role in it")
            continue
        if role.startswith((GROUP, USER)):
            names.append(_named(role))
            continue
        holder = queries.holder_of(tx.session, incident.number, role)
        who = f"<@{holder}>" if holder and holder[0] in "UW" else (holder or "nobody yet")
        names.append(f"the {role_title(tx, role)} ({who})")
    return " or ".join(names) or "nobody"


def _named(name: str) -> str:
    """A person is shown by name; a group by its id, because mentioning a group rings everybody."""
    if name.startswith(USER):
        return f"<@{name.removeprefix(USER)}>"
    return f"somebody in the user group {name.removeprefix(GROUP)}"


def role_title(tx: Tx, role: str) -> str:
    """A role's title as content names it."""
    found = tx.env.content.roles.get(role)
    return found.title if found is not None else role


def allowed(tx: Tx, verb: str, incident: Incident) -> tuple[str, ...]:
    """Roles that may ``verb`` on this kind of incident; ``anyone`` and ``responder`` are special."""
    kind = "drill" if incident.kind == "drill" else "private" if incident.private else "default"
    found: tuple[str, ...] = tx.env.content.who_may(verb, kind)
    return found


def _in_channel(tx: Tx, incident: Incident) -> bool:
    here = tx.by.channel is not None and tx.by.channel == incident.channel_id
    return here or tx.by.source in OFF_SLACK


# --- user groups ----------------------------------------------------------------------------------


def members_of(session: Session, group: str, now: datetime) -> frozenset[str]:
    """Who is in a user group, as Slack last said. Unknown, or said too long ago: nobody."""
    row = session.get(Known, GROUP + group)
    if row is None or now - row.at > GROUP_STALE:
        return frozenset()
    return frozenset(row.value.get("users", ()))


def user_groups(content: Any) -> list[str]:
    """The ids of all user groups that permissions.yaml names."""
    found = {
        name.removeprefix(GROUP)
        for row in content.permissions.values()
        for kind in ("default", "private", "drill")
        for name in row.may(kind)
        if name.startswith(GROUP)
    }
    return sorted(found)


def group_read(tx: Tx, group: str, users: Iterable[str]) -> None:
    """Keep who is in a user group, so that nobody waits for Slack when it matters."""
    row = tx.session.get(Known, GROUP + group) or Known(key=GROUP + group, value={}, at=tx.now)
    row.value, row.at = {"users": sorted(users)}, tx.now
    tx.session.add(row)


# --- what was refused -------------------------------------------------------------------------------


def record_denied(tx: Tx, problem: Refusal) -> bool:
    """Put a refused attempt on the record, at most one in ten minutes for the same.

    For lacking rights, and for looking for a private incident from outside (``Hidden``). Returns
    whether an entry was made. It stands in the incident, where those read it who may see that; what
    belongs to none (opening, enrolling) stands beside them all: `steadyhand people denied`.
    """
    if not problem.verb:
        return False
    number = problem.incident
    if number is not None and tx.session.get(Incident, number) is None:
        return False
    if _said_lately(tx, problem):
        return False
    tx.append(c.PermissionDenied(verb=problem.verb, needs=problem.needs), number)
    return True


def denied_outside(session: Session, limit: int) -> list[Recorded]:
    """Refused attempts that belong to no incident, the newest first."""
    statement = (
        select(EntryRow, EntryPrivate)
        .outerjoin(EntryPrivate, col(EntryPrivate.seq) == col(EntryRow.seq))
        .where(col(EntryRow.incident).is_(None), col(EntryRow.kind) == c.PermissionDenied.kind)
        .order_by(col(EntryRow.seq).desc())
        .limit(limit)
    )
    return [from_row(row, private) for row, private in session.execute(statement)]


def _said_lately(tx: Tx, problem: Refusal) -> bool:
    """Looks at this stretch of ten minutes and the one before, and marks this one."""
    span = DENIED_EVERY.total_seconds()
    stretch = int(tx.now.timestamp() // span)

    def key(n: int) -> str:
        return f"denied:{tx.by.id[:80]}:{problem.verb[:40]}:{ref(problem.incident or 0)}:{n}"

    for n in (stretch, stretch - 1):
        seen, before = tx.recall(key(n))
        if seen and tx.now.timestamp() - int((before or {}).get("at", 0)) < span:
            return True
    tx.remember(key(stretch), {"at": int(tx.now.timestamp())})
    return False
