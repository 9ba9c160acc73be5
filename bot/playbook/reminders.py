"""What happens when a time passes: overdue steps, unanswered approvals, actions to look at again.

Each reminder is stored with the change that made it necessary, looks at the state again when it
fires, and does nothing when the matter is settled.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select

from bot.effects import kinds
from bot.effects.dispatcher import Task
from bot.effects.store import Claimed
from bot.incident import queries
from bot.playbook import approvals
from bot.playbook.telling import commander_of, tell, tell_commander
from bot.record import catalogue as c
from bot.record.tx import Tx
from bot.timing import from_rfc3339, rfc3339
from db.tables import Incident, Step

#: An overdue step that is still open this long after its owner was told goes to the commander.
ESCALATE_AFTER = timedelta(minutes=10)
LIVE = ("open", "blocked")


def schedule(tx: Tx, incident: Incident, n: int, plans: Iterable[dict[str, Any]]) -> None:
    """One reminder for each moment at which steps of this composition fall due."""
    for due in sorted({plan["due_at"] for plan in plans if plan["due_at"]}):
        tx.effect(
            kinds.house(
                "steps_due", incident.number, key=f"steps-due:{incident.number}:{due}:{n}",
                at=from_rfc3339(due), due=due,
            )
        )  # fmt: skip


def steps_due(tx: Tx, effect: Claimed) -> None:
    """Steps fell due: put it on the record, tell each owner once, look again later."""
    incident = _alive(tx, effect)
    if incident is None:
        return
    late = [row for row in _late(tx, incident) if not row.overdue]
    if not late:
        return
    due = effect.payload["due"]
    keys = [row.key for row in late]
    entry = tx.append(
        c.StepsOverdue(keys=keys, titles=[row.title for row in late], due_at=due), incident.number
    )
    for person, theirs in by_person(tx, incident, late).items():
        key = f"overdue:{incident.number}:{entry.n}"
        tell(tx, person, key, "steps_overdue", incident, keys=theirs)
    tx.effect(
        kinds.house(
            "steps_late", incident.number, key=f"steps-late:{incident.number}:{entry.n}",
            at=tx.now + ESCALATE_AFTER, keys=keys,
        )
    )  # fmt: skip
    tx.refresh_card(incident.number)


def steps_late(tx: Tx, effect: Claimed) -> None:
    """Still not done: the commander hears of it."""
    incident = _alive(tx, effect)
    if incident is None:
        return
    wanted = set(effect.payload["keys"])
    late = [row.key for row in _late(tx, incident) if row.key in wanted]
    if not late:
        return
    tell_commander(tx, f"late:{effect.key}", "steps_late", incident, keys=late)
    tx.refresh_card(incident.number)


def by_person(tx: Tx, incident: Incident, rows: Iterable[Step]) -> dict[str, list[str]]:
    """Whom each step concerns: its owner, the holder of its role, else the commander."""
    commander = commander_of(tx, incident)
    out: dict[str, list[str]] = {}
    for row in rows:
        person = row.owner or queries.holder_of(tx.session, incident.number, row.role) or commander
        if person:
            out.setdefault(person, []).append(row.key)
    return out


def look_again(tx: Tx, incident: Incident, key: str, n: int, at: datetime) -> None:
    """A containment was put in place for a time: have it kept or undone by then."""
    tx.effect(
        kinds.house(
            "look_again", incident.number, key=f"look-again:{incident.number}:{n}", at=at, step=key,
        )
    )  # fmt: skip


def look_again_due(tx: Tx, effect: Claimed) -> None:
    """The time a containment was meant for is over."""
    incident = _alive(tx, effect)
    row = tx.session.get(Step, (effect.incident, effect.payload["step"]))
    if incident is None or row is None or row.state != "done":
        return
    commander = commander_of(tx, incident)
    for person in {commander, row.owner or row.changed_by}:
        tell(tx, person, f"look:{effect.key}", "look_again", incident, step=row.key)


def tasks(subjects: approvals.Subjects) -> dict[str, Task]:
    """The reminders by the name of their effect."""

    def expiry(tx: Tx, effect: Claimed) -> None:
        incident = queries.get(tx.session, effect.incident or 0)
        approvals.expire(tx, incident, effect.payload["number"], subjects=subjects)

    return {
        "house.steps_due": steps_due,
        "house.steps_late": steps_late,
        "house.look_again": look_again_due,
        "house.approval_nudge": approval_nudge,
        "house.approval_expiry": expiry,
        "house.ratify_due": ratify_due,
    }


def approval_nudge(tx: Tx, effect: Claimed) -> None:
    """Nobody answered: ask again, and again after the same time, until it is settled."""
    incident = _alive(tx, effect)
    if incident is None:
        return
    number, round_ = effect.payload["number"], effect.payload.get("round", 1)
    if approvals.nudge(tx, incident, number) and round_ < 4:
        rule = approvals.rule_of(approvals.get(tx.session, incident.number, number))
        wait = rule.timeout_minutes
        tx.effect(
            kinds.house(
                "approval_nudge", incident.number,
                key=f"approval-nudge:{incident.number}:{number}:{round_ + 1}",
                at=tx.now + (timedelta(minutes=wait) if wait else approvals.NUDGE),
                number=number, round=round_ + 1,
            )
        )  # fmt: skip


def ratify_due(tx: Tx, effect: Claimed) -> None:
    """An emergency approval was not confirmed in time: said in the channel and to both sides."""
    incident = queries.get(tx.session, effect.incident or 0)
    number, role = effect.payload["number"], effect.payload["role"]
    row = approvals.get(tx.session, incident.number, number)
    if row.state != "approved" or role not in approvals.roles_to_ratify(row):
        return
    tx.effect(
        kinds.say(
            incident.number, f"ratify:{number}:{role}", "ratify_late", number=number,
            role=tx.env.content.roles[role].title,
        )
    )  # fmt: skip
    person = queries.holder_of(tx.session, incident.number, role)
    key = f"ratify-late:{incident.number}:{number}:{role}"
    tell(tx, person, key, "approval_to_ratify", incident, number=number, due=rfc3339(tx.now))
    tx.refresh_card(incident.number)


def _late(tx: Tx, incident: Incident) -> list[Step]:
    statement = (
        select(Step)
        .where(
            Step.incident == incident.number,  # type: ignore[arg-type]
            Step.state.in_(LIVE),  # type: ignore[attr-defined]
            Step.due_at <= tx.now,  # type: ignore[arg-type,operator]
        )
        .order_by(Step.position)  # type: ignore[arg-type]
    )
    return list(tx.session.execute(statement).scalars())


def _alive(tx: Tx, effect: Claimed) -> Incident | None:
    incident = queries.get(tx.session, effect.incident or 0)
    return None if incident.status == "closed" else incident
