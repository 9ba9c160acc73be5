"""Reminders of action items: two days before, on the day, then every three days until it is done.

Each is stored with the change that made it necessary and looks at the item again when it fires;
one that belongs to an earlier plan (another owner or due time) does nothing.
"""

from __future__ import annotations

from datetime import timedelta

from bot.action import queries
from bot.effects import kinds
from bot.effects.dispatcher import Task
from bot.effects.store import Claimed
from bot.incident.queries import get
from bot.incident.rights import allowed
from bot.playbook.telling import commander_of, tell
from bot.record import catalogue as c
from bot.record.tx import Tx
from bot.timing import rfc3339
from db.tables import ActionItem, Incident, RoleHolder

BEFORE = timedelta(days=2)
AGAIN = timedelta(days=3)
#: From this overdue reminder on the commander hears of it as well.
ESCALATE_FROM = 2


def schedule(tx: Tx, incident: Incident, row: ActionItem) -> None:
    """Store the first reminders of an item's present plan."""
    plan = {"number": row.number, "plan": row.planned_n}
    key = f"{incident.number}:{row.number}:{row.planned_n}"
    soon = row.due_at - BEFORE
    if soon > tx.now:
        tx.effect(
            kinds.house("action_soon", incident.number, key=f"action-soon:{key}", at=soon, **plan)
        )
    due = max(row.due_at, tx.now)
    tx.effect(kinds.house("action_due", incident.number, key=f"action-due:{key}", at=due, **plan))


def soon_task(tx: Tx, effect: Claimed) -> None:
    """Two days are left."""
    found = _live(tx, effect)
    if found is not None:
        incident, row = found
        tell(tx, row.owner, effect.key, "action_soon", incident, a=row.number)


def due_task(tx: Tx, effect: Claimed) -> None:
    """The time has come: on the record, to the owner, and the first look back is stored."""
    found = _live(tx, effect)
    if found is None:
        return
    incident, row = found
    if not row.overdue:
        tx.append(c.ActionOverdue(number=row.number, due_at=rfc3339(row.due_at)), incident.number)
    tell(tx, row.owner, effect.key, "action_due", incident, a=row.number)
    _again(tx, incident, row, 1)
    tx.refresh_card(incident.number)


def late_task(tx: Tx, effect: Claimed) -> None:
    """Still not done: the owner again, from the second time on the commander as well."""
    found = _live(tx, effect)
    if found is None:
        return
    incident, row = found
    round_ = effect.payload["round"]
    commander = commander_of(tx, incident)
    people = [row.owner] if round_ < ESCALATE_FROM else [row.owner, commander]
    for person in dict.fromkeys(people):
        tell(tx, person, effect.key, "action_late", incident, a=row.number)
    _again(tx, incident, row, round_ + 1)


def _again(tx: Tx, incident: Incident, row: ActionItem, round_: int) -> None:
    tx.effect(
        kinds.house(
            "action_late", incident.number,
            key=f"action-late:{incident.number}:{row.number}:{row.planned_n}:{round_}",
            at=tx.now + AGAIN, number=row.number, plan=row.planned_n, round=round_,
        )
    )  # fmt: skip


def _live(tx: Tx, effect: Claimed) -> tuple[Incident, ActionItem] | None:
    """Incident and item, if the item is open and still planned as this reminder was."""
    assert effect.incident is not None
    row = queries.get(tx.session, effect.incident, effect.payload["number"])
    if row.state != "open" or row.planned_n != effect.payload["plan"]:
        return None
    return get(tx.session, effect.incident), row


# --- proofs that wait ----------------------------------------------------------------------------


def ask_acceptance(tx: Tx, incident: Incident, row: ActionItem, n: int, round_: int = 1) -> None:
    """Ask whoever may accept the proof given in entry ``n``, and look again in three days."""
    for person in acceptors(tx, incident, row):
        key = f"action-proof:{incident.number}:{row.number}:{n}:{round_}"
        tell(tx, person, key, "action_proof", incident, a=row.number)
    tx.effect(
        kinds.house(
            "action_proof", incident.number,
            key=f"action-proof:{incident.number}:{row.number}:{n}:{round_}",
            at=tx.now + AGAIN, number=row.number, n=n, round=round_,
        )
    )  # fmt: skip


def proof_task(tx: Tx, effect: Claimed) -> None:
    """A proof still waits: ask again. Somebody who got the role meanwhile is asked as well."""
    assert effect.incident is not None
    row = queries.get(tx.session, effect.incident, effect.payload["number"])
    if row.state == "done":
        incident = get(tx.session, effect.incident)
        ask_acceptance(tx, incident, row, effect.payload["n"], effect.payload["round"] + 1)


def acceptors(tx: Tx, incident: Incident, row: ActionItem) -> list[str]:
    """People who may accept this proof now; the commander if they hold the right, first."""
    found = []
    for role in allowed(tx, "accept_proof", incident):
        held = tx.session.get(RoleHolder, (incident.number, role))
        if held is not None and held.state == "accepted":
            found.append(held.holder)
    others = [each for each in dict.fromkeys(found) if each not in (row.owner, row.done_by)]
    # Nobody but the owner has the right: the commander has to find somebody.
    commander = commander_of(tx, incident)
    return others or ([commander] if commander else [])


TASKS: dict[str, Task] = {
    "house.action_soon": soon_task,
    "house.action_due": due_task,
    "house.action_late": late_task,
    "house.action_proof": proof_task,
}
