"""Confirming an emergency approval afterwards, as the role that the rule names for it."""

from __future__ import annotations

from datetime import timedelta

from bot.effects import kinds
from bot.errors import Conflict, NotAllowed
from bot.incident import people, queries
from bot.incident.rights import people_of, role_title
from bot.incident.tenure import tenures
from bot.playbook.asked import get, roles_to_ratify, said_yes
from bot.playbook.counting import counting, not_by_that
from bot.playbook.telling import tell, tell_commander
from bot.record import catalogue as c
from bot.record.tx import Tx, roles_held
from bot.timing import rfc3339
from db.tables import Approval, Incident


def ratify(tx: Tx, incident: Incident, number: int, digest: str, code: str = "") -> None:
    """Confirm an approval afterwards, as the role that the rule names for it.

    Past Slack it takes a ``code``, as a yes does.
    """
    row = get(tx.session, incident.number, number)
    role = ratifier(tx, incident, row, digest)
    if not counting(tx, incident, row, tx.by.id, [role]):
        known = tenures(tx.session, incident, tx.by.id)
        raise not_by_that(tx, incident, known, [role], "ratify_approval")
    proof = people.proof(tx, incident, f"ratify-{number}", digest, code)
    tx.append(c.ApprovalRatified(number=number, role=role, proof=proof), incident.number)
    tx.effect(kinds.say(incident.number, f"approval:{number}:ratified:{role}",
                        "approval_ratified", number=number))  # fmt: skip
    tx.refresh_card(incident.number)


def ratifier(tx: Tx, incident: Incident, row: Approval, digest: str) -> str:
    """The role in which the actor may confirm. Raises like :func:`give`."""
    open_roles = roles_to_ratify(row)
    if row.state != "approved" or not open_roles:
        raise Conflict(f"Approval {row.number} does not wait for confirmation.")
    if row.digest != digest:
        raise Conflict("The text was changed after this button was made.")
    held = roles_held(tx.session, incident.number, tx.by.id)
    mine = [role for role in open_roles if role in held]
    if not mine:
        raise NotAllowed(
            f"Only {people_of(tx, incident, open_roles)} can confirm this.",
            verb="ratify_approval", incident=incident.number, needs=", ".join(open_roles),
        )  # fmt: skip
    if tx.by.id == row.asked_by or tx.by.id in said_yes(row):
        raise NotAllowed(
            "You asked for this or approved it, so somebody else has to confirm it.",
            instead="Hand the role to another person: `/incident role`.",
            verb="ratify_approval", incident=incident.number, needs="another person",
        )  # fmt: skip
    return mine[0]


def ask_to_ratify(tx: Tx, incident: Incident, row: Approval, role: str, minutes: int) -> None:
    where, number = incident.number, row.number
    due = tx.now + timedelta(minutes=minutes)
    person = queries.holder_of(tx.session, where, role)
    key = f"approval:{where}:{number}:ratify:{role}"
    if person is None:
        tell_commander(
            tx, key + ":vacant", "approval_vacant", incident, number=number,
            groups=[[role]], names={role: role_title(tx, role)},
        )  # fmt: skip
    tell(tx, person, key, "approval_to_ratify", incident, number=number, due=rfc3339(due))
    tx.effect(
        kinds.house(
            "ratify_due", where, key=f"ratify-due:{where}:{number}:{role}", at=due,
            number=number, role=role,
        )
    )  # fmt: skip
