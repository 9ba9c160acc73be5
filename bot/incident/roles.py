"""Roles: offered, accepted, declined, handed over, released. One person at a time holds a role."""

from __future__ import annotations

import difflib

from sqlmodel import Session

from bot.effects import kinds
from bot.errors import BadInput, Conflict
from bot.incident import channels, queries
from bot.incident.rights import denied, may, require, was_given, who_may
from bot.playbook import approvals
from bot.record import catalogue as c
from bot.record.entry import Recorded
from bot.record.tx import Tx
from db.tables import Incident, RoleHolder


def find_role(tx: Tx, word: str) -> str:
    """The role that somebody means by ``comms``, ``IC`` or ``Comms lead``. Raises ``BadInput``."""
    known = {}
    for role in tx.env.content.roles.values():
        for name in (role.id, role.title, role.short):
            known[name.lower().replace("_", " ")] = role.id
    wanted = word.strip().lower().replace("_", " ")
    if wanted in known:
        return str(known[wanted])
    near = difflib.get_close_matches(wanted, known, n=1, cutoff=0.6)
    hint = f"Did you mean «{near[0]}»?" if near else "Roles: " + ", ".join(tx.env.content.roles)
    raise BadInput(f"There is no role «{word.strip()}».", instead=hint, field="role")


def assign(tx: Tx, incident: Incident, role: str, person: str, why: str = "") -> str:
    """Give ``role`` to ``person``: at once when it is yourself, else as an offer to accept.

    ``why`` is needed by whoever takes command over from somebody.

    Returns a sentence for whoever asked.
    """
    if person == tx.by.id:
        return take(tx, incident, role, why)
    held = tx.session.get(RoleHolder, (incident.number, role))
    handover = held is not None and held.state == "accepted" and held.holder == tx.by.id
    if not handover:
        require(tx, "assign_role", incident)
    if not queries.may_see(tx.session, incident, person):
        require(tx, "invite", incident)  # the offer lets them see all of it
    if held is not None and held.holder == person:
        tx.batch.flush()
        if held.state == "accepted" and not was_given(tx.session, incident, role, person):
            tx.append(c.RoleOffered(role=role, holder=person), incident.number)
            approvals.role_taken(tx, incident, role, person)
            return f"<@{person}> took this role; now it is given by you."
        state = "holds" if held.state == "accepted" else "was already asked to hold"
        raise Conflict(f"<@{person}> {state} this role.")
    previous = held.holder if held is not None and held.state == "accepted" else None
    entry = tx.append(c.RoleOffered(role=role, holder=person, previous=previous), incident.number)
    title = tx.env.content.roles[role].title
    tx.effect(
        kinds.tell(
            person, f"offer:{incident.number}:{entry.n}", "role_offer", incident=incident.number,
            role=role, by=tx.by.id, n=entry.n,
        ),
        kinds.invite(incident.number, f"role:{entry.n}", [person]),
    )  # fmt: skip
    tx.refresh_card(incident.number)
    return f"<@{person}> was asked to be {title}. Until they accept, nothing changes."


def take(tx: Tx, incident: Incident, role: str, why: str = "") -> str:
    """Take a free role, or take over command, which takes a reason.

    Raises ``NotAllowed`` when somebody else holds it, ``BadInput`` without the reason.
    """
    held = tx.session.get(RoleHolder, (incident.number, role))
    if held is not None and held.state == "accepted":
        if held.holder == tx.by.id:
            return _accept_command(tx, incident, role, held)
        verb = "claim_command" if role == "commander" else "assign_role"
        if not may(tx, verb, incident):
            raise denied(
                tx, verb, incident,
                f"<@{held.holder}> holds this role. Only {who_may(tx, verb, incident)} can change that.",
                f"Ask them to hand over: `/incident role {role} @you`.",
            )  # fmt: skip
        if verb == "claim_command" and not why.strip():
            raise BadInput(
                "Somebody else commands now. Say in a sentence why you take over.",
                instead=f"`/incident role {role} because …`", field="reason",
            )  # fmt: skip
        return _handed(tx, incident, role, held.holder, why.strip())
    require(tx, "take_role", incident)
    tx.append(c.RoleAccepted(role=role, holder=tx.by.id), incident.number)
    _instructed(tx, incident, role, tx.by.id)
    return f"You are {tx.env.content.roles[role].title} now. Your instructions are on their way to you."


def _accept_command(tx: Tx, incident: Incident, role: str, held: RoleHolder) -> str:
    """Whoever opened the incident commands it until they say so themselves, or somebody takes over."""
    if held.since != incident.opened_at or role != tx.env.content.commander.id:
        raise Conflict("You hold this role already.")
    tx.append(c.RoleAccepted(role=role, holder=tx.by.id), incident.number)
    _instructed(tx, incident, role, tx.by.id)
    return "You have accepted command. Your instructions are on their way to you."


def accept(tx: Tx, incident: Incident, role: str, offer: int | None = None) -> str:
    """Accept an offer. The earlier holder is relieved at that moment. Harmless when repeated."""
    offered = _open_offer(tx, incident, role)
    held = tx.session.get(RoleHolder, (incident.number, role))
    if held is not None and held.state == "accepted" and held.holder == tx.by.id:
        return "You hold this role already."
    if offered is None or offered.holder != tx.by.id:
        raise Conflict(
            "This offer is no longer open.", instead=f"`/incident role {role}` shows who holds it."
        )
    if held is not None and held.state == "accepted":
        return _handed(tx, incident, role, held.holder)
    tx.append(c.RoleAccepted(role=role, holder=tx.by.id), incident.number)
    _instructed(tx, incident, role, tx.by.id)
    return f"Thank you. You are {tx.env.content.roles[role].title} now."


def decline(tx: Tx, incident: Incident, role: str, reason: str = "") -> str:
    """Say no to an offer; whoever asked is told."""
    offered = _open_offer(tx, incident, role)
    if offered is None or offered.holder != tx.by.id:
        raise Conflict("This offer is no longer open.")
    entry = tx.append(c.RoleDeclined(role=role, holder=tx.by.id, reason=reason), incident.number)
    tx.effect(
        kinds.say(
            incident.number, f"declined:{entry.n}", "role_declined", role=role, holder=tx.by.id,
            reason=reason,
        )
    )  # fmt: skip
    tx.refresh_card(incident.number)
    return "All right. The commander is told, so that somebody else can be asked."


def release(tx: Tx, incident: Incident, role: str) -> str:
    """Give a role back. The commander cannot: they hand over."""
    held = tx.session.get(RoleHolder, (incident.number, role))
    if held is None or held.state != "accepted":
        raise Conflict("Nobody holds this role.")
    if held.holder != tx.by.id:
        require(tx, "assign_role", incident)
    if role == tx.env.content.commander.id:
        raise BadInput(
            "An incident always has a commander.",
            instead="Hand over instead: `/incident role commander @somebody`.",
        )
    person = held.holder
    tx.append(c.RoleReleased(role=role, holder=person), incident.number)
    channels.relieved(tx, incident, person)
    tx.refresh_card(incident.number)
    return f"Nobody is {tx.env.content.roles[role].title} now."


def _handed(tx: Tx, incident: Incident, role: str, previous: str, why: str = "") -> str:
    entry = tx.append(
        c.RoleHandedOver(role=role, previous=previous, holder=tx.by.id, note=why), incident.number
    )
    tx.effect(
        kinds.say(
            incident.number, f"handover:{entry.n}", "role_handover", role=role, previous=previous,
            holder=tx.by.id, n=entry.n,
        )
    )  # fmt: skip
    channels.relieved(tx, incident, previous)
    _instructed(tx, incident, role, tx.by.id)
    return f"You took over from <@{previous}>. You are {tx.env.content.roles[role].title} now."


def _instructed(tx: Tx, incident: Incident, role: str, person: str) -> None:
    """Instructions go once to each holder of each role, seen by nobody else."""
    tx.effect(
        kinds.tell(
            person, f"role:{incident.number}:{role}", "role_instructions",
            incident=incident.number, role=role,
        ),
        kinds.invite(incident.number, f"holder:{role}:{person}", [person]),
    )  # fmt: skip
    approvals.role_taken(tx, incident, role, person)
    tx.refresh_card(incident.number)


def _open_offer(tx: Tx, incident: Incident, role: str) -> c.RoleOffered | None:
    """The last offer of the role that nobody has answered yet."""
    from bot.record.read import entries

    tx.batch.flush()
    last: c.RoleOffered | None = None
    wanted = [kind.kind for kind in (c.RoleOffered, *_ANSWERS)]
    for recorded in entries(tx.session, incident.number, kinds=wanted):
        if recorded.entry.role == role:
            last = recorded.entry if isinstance(recorded.entry, c.RoleOffered) else None
    return last


def answer_to(session: Session, incident: int, role: str, n: int) -> Recorded | None:
    """What settled the offer of entry ``n``: an answer, or another offer. None while it is open."""
    from bot.record.read import entries

    kinds_ = [kind.kind for kind in (c.RoleOffered, *_ANSWERS)]
    found = entries(session, incident, after=n, kinds=kinds_)
    return next((each for each in found if each.entry.role == role), None)


_ANSWERS = (c.RoleAccepted, c.RoleDeclined, c.RoleHandedOver, c.RoleReleased)


def holders(tx: Tx, incident: Incident) -> list[RoleHolder]:
    """Who holds what, commander first."""
    return queries.roles(tx.session, incident.number)
