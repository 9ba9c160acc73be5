"""Action items: add, change, say done with proof, accept the proof, reopen, drop.

An item counts as finished only when somebody else than its owner looked at the proof. All of this
works after the incident was resolved or closed: that is when most of it happens.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from bot.action import queries, reminders
from bot.action.words import KINDS
from bot.effects import kinds
from bot.errors import BadInput, Conflict, NotAllowed, NotReady
from bot.incident import queries as incidents
from bot.incident.rights import allowed, need_reason, people_of, require
from bot.playbook.telling import tell
from bot.record import catalogue as c
from bot.record.entry import Recorded
from bot.record.tx import Tx
from bot.timing import rfc3339
from db.tables import ActionItem, Incident

#: Without a due time an item gets this long: shorter where people were harmed.
DEFAULT_DAYS = {"SEV1": 7, "SEV2": 14}
OTHERWISE_DAYS = 30
TEXT_MAX = 1000


def add(
    tx: Tx,
    incident: Incident,
    text: str,
    *,
    owner: str | None = None,
    due_at: datetime | None = None,
    kind: str = "prevent",
    proof_wanted: str = "",
) -> ActionItem:
    """Add an item; without an owner it is the actor's. Raises ``BadInput``, ``Conflict``."""
    require(tx, "add_action", incident)
    text, owner = _text(text), owner or tx.by.id
    due_at = due_at or default_due(tx.now, incident)
    _future(tx, due_at)
    if owner != tx.by.id:
        incidents.must_belong(tx.session, incident, owner)
    if kind not in KINDS:
        raise BadInput(f"«{kind}» is not a type.", instead=_types(), field="kind")
    twin = _same(tx, incident, text, owner)
    if twin is not None:
        raise Conflict(f"Action item {twin.number} says the same already.")
    number = queries.next_number(tx.session, incident.number)
    entry = tx.append(
        c.ActionAdded(
            number=number, action_kind=kind, due_at=rfc3339(due_at), text=text, owner=owner,
            proof_wanted=proof_wanted.strip()[:TEXT_MAX],
        ),
        incident.number,
    )  # fmt: skip
    row = _planned(tx, incident, number)
    _tell_owner(tx, incident, entry, owner, "action_given")
    return row


def change(
    tx: Tx,
    incident: Incident,
    number: int,
    *,
    owner: str | None = None,
    due_at: datetime | None = None,
    text: str | None = None,
    kind: str | None = None,
    reason: str = "",
) -> ActionItem:
    """Another owner, due time, wording or type. Raises ``Conflict`` when nothing would change."""
    row = queries.get(tx.session, incident.number, number)
    if row.owner != tx.by.id:
        require(tx, "add_action", incident)
    if row.state != "open":
        raise Conflict(f"Action item {number} is {_state(row)}.", instead="Reopen it first.")
    if kind is not None and kind not in KINDS:
        raise BadInput(f"«{kind}» is not a type.", instead=_types(), field="kind")
    text = _text(text) if text is not None else row.text
    new = (owner or row.owner, due_at or row.due_at, text, kind or row.kind)
    if new == (row.owner, row.due_at, row.text, row.kind):
        raise Conflict(f"Action item {number} is like that already.")
    if new[1] != row.due_at:
        _future(tx, new[1])
    before = row.owner
    if new[0] not in (before, tx.by.id):
        incidents.must_belong(tx.session, incident, new[0])
    entry = tx.append(
        c.ActionChanged(
            number=number, owner=new[0], due_at=rfc3339(new[1]), text=new[2], action_kind=new[3],
            reason=reason.strip(),
        ),
        incident.number,
    )  # fmt: skip
    if new[0] != before:
        _tell_owner(tx, incident, entry, new[0], "action_given")
    return _planned(tx, incident, number)


def done(tx: Tx, incident: Incident, number: int, proof: str) -> ActionItem:
    """Say that it is done and give the proof, a link or words. Raises ``BadInput``, ``Conflict``."""
    row = queries.get(tx.session, incident.number, number)
    if row.owner != tx.by.id:
        require(tx, "prove_action", incident)
    if row.state != "open":
        raise Conflict(
            f"Action item {number} is {_state(row)} already.",
            instead="If the proof was wrong: `/incident action reopen " + f"{number} WHY`.",
        )
    proof = proof.strip()
    if len(proof) < 3:
        wanted = f" Wanted was: {row.proof_wanted}" if row.proof_wanted else ""
        raise BadInput(
            f"Give the proof: a link, or what shows that it holds.{wanted}",
            instead=f"`/incident action done {number} https://…`",
            field="proof",
        )
    entry = tx.append(c.ActionDone(number=number, proof=proof[:3000]), incident.number)
    if incident.status != "closed":
        tx.effect(kinds.say(incident.number, f"action:{number}:{entry.n}", "action_done", a=number))
    assert entry.n is not None
    reminders.ask_acceptance(tx, incident, row, entry.n)
    tx.refresh_card(incident.number)
    return row


def accept(tx: Tx, incident: Incident, number: int, comment: str = "") -> ActionItem:
    """Accept the proof; never the owner's own, nor that of whoever gave it."""
    row = queries.get(tx.session, incident.number, number)
    if row.state == "proven":
        raise Conflict(f"Action item {number} is proven already.")
    if row.state != "done":
        raise NotReady(
            f"Action item {number} is {_state(row)}; there is no proof to accept.",
            instead=f"First: `/incident action done {number} PROOF`.",
        )
    if tx.by.id in (row.owner, row.done_by):
        others = people_of(tx, incident, allowed(tx, "accept_proof", incident))
        raise NotAllowed(
            "Nobody accepts their own proof.", instead=f"Ask another of {others}, not yourself.",
            verb="accept_proof", incident=incident.number, needs="another person",
        )  # fmt: skip
    require(tx, "accept_proof", incident)
    tx.append(c.ActionProven(number=number, comment=comment.strip()), incident.number)
    tx.refresh_card(incident.number)
    return row


def reopen(tx: Tx, incident: Incident, number: int, reason: str) -> ActionItem:
    """The proof did not hold, or it has to be done again."""
    require(tx, "add_action", incident)
    row = queries.get(tx.session, incident.number, number)
    if row.state == "open":
        raise Conflict(f"Action item {number} is open.")
    entry = tx.append(
        c.ActionReopened(
            number=number, reason=need_reason(reason, "Say in a sentence why it is open again.")
        ),
        incident.number,
    )
    _tell_owner(tx, incident, entry, row.owner, "action_reopened")
    return _planned(tx, incident, number)


def drop(tx: Tx, incident: Incident, number: int, reason: str) -> ActionItem:
    """Decide that it will not be done. Takes the right to accept proofs, and a reason."""
    require(tx, "accept_proof", incident)
    row = queries.get(tx.session, incident.number, number)
    if row.state in ("dropped", "proven"):
        raise Conflict(f"Action item {number} is {_state(row)} already.")
    entry = tx.append(
        c.ActionDropped(
            number=number, reason=need_reason(reason, "Say in a sentence why it will not be done.")
        ),
        incident.number,
    )
    _tell_owner(tx, incident, entry, row.owner, "action_dropped")
    tx.refresh_card(incident.number)
    return row


def default_due(now: datetime, incident: Incident) -> datetime:
    """When an item is due if nobody says: 7 days at SEV1, 14 at SEV2, else 30."""
    days = DEFAULT_DAYS.get(incident.severity or "", OTHERWISE_DAYS)
    return (now + timedelta(days=days)).replace(minute=0, second=0, microsecond=0)


def _planned(tx: Tx, incident: Incident, number: int) -> ActionItem:
    """Reminders for the plan as it is now, and the card."""
    row = queries.get(tx.session, incident.number, number)
    reminders.schedule(tx, incident, row)
    tx.refresh_card(incident.number)
    return row


def _same(tx: Tx, incident: Incident, text: str, owner: str) -> ActionItem | None:
    rows = queries.of_incident(tx.session, incident.number, all_states=False)
    return next((row for row in rows if (row.text, row.owner) == (text, owner)), None)


def _text(text: str) -> str:
    text = " ".join(text.split())
    if not text:
        raise BadInput(
            "Say what has to be done.",
            instead="`/incident action add Test the filter on German @ann by 2026-12-01`",
            field="text",
        )
    if len(text) > TEXT_MAX:
        raise BadInput(f"At most {TEXT_MAX} characters; put details behind a link.", field="text")
    return text


def _future(tx: Tx, due_at: datetime) -> None:
    if due_at <= tx.now:
        raise BadInput(
            f"{due_at:%Y-%m-%d %H:%M} UTC is in the past.", instead="Choose a later time.",
            field="due",
        )  # fmt: skip


def _tell_owner(tx: Tx, incident: Incident, entry: Recorded, owner: str, message: str) -> None:
    """What was done to their item, unless they did it themselves."""
    if owner != tx.by.id:
        key = f"action:{incident.number}:{entry.n}"
        tell(tx, owner, key, message, incident, a=entry.entry.number, by=tx.by.id)


def _state(row: ActionItem) -> str:
    return {"done": "done and waits for acceptance"}.get(row.state, row.state)


def _types() -> str:
    return "One of: " + ", ".join(KINDS) + "."
