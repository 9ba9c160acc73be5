"""Notes for a few: the record shows that they exist and whom they are for, never what they say."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlmodel import Session, col

from bot.errors import BadInput
from bot.incident.rights import require, was_given
from bot.record import catalogue as c
from bot.record.entry import Recorded
from bot.record.read import entries
from bot.record.tx import Tx, roles_held
from db.tables import EntryPrivate, Incident, RoleHolder

READERS = ("legal", "privacy", "commander")
#: What one message can show whole.
TEXT_MAX = 3000


@dataclass(frozen=True, slots=True)
class PrivilegedNote:
    """A note as one of its readers sees it."""

    n: int
    at: datetime
    author: str
    readers: tuple[str, ...]
    text: str


def note(tx: Tx, incident: Incident, text: str, readers: Iterable[str]) -> Recorded:
    """Put a privileged note on the record for the roles named. What comes back holds no text.

    The text is kept where it can be erased, and is in no state, search, page or export.
    """
    require(tx, "add_note", incident)
    wanted = [role for role in READERS if role in set(readers)]
    if not wanted or set(readers) - set(READERS):
        raise BadInput(
            "Say who may read it.", instead="One or more of: " + ", ".join(READERS), field="readers"
        )
    if not text.strip():
        raise BadInput("The note is empty.", instead="Type it into the form.", field="text")
    if len(text) > TEXT_MAX:
        raise BadInput(f"At most {TEXT_MAX} characters.", instead="Make two of it.", field="text")
    return tx.append(c.PrivilegedNoteAdded(readers=wanted, text=text.strip()), incident.number)


def readers_now(session: Session, incident: Incident, readers: Iterable[str]) -> set[str]:
    """Who holds one of these roles in the incident now, and may read as that (:func:`_reads_as`)."""
    statement = select(RoleHolder).where(
        col(RoleHolder.incident) == incident.number,
        col(RoleHolder.role).in_(list(readers)),
        col(RoleHolder.state) == "accepted",
    )
    rows = session.execute(statement).scalars()
    return {row.holder for row in rows if _reads_as(session, incident, row.role, row.holder)}


def _reads_as(session: Session, incident: Incident, role: str, person: str) -> bool:
    """Whoever took a role alone reads nothing by it; the opener commands without being asked."""
    opener = role == "commander" and person == incident.opened_by
    return opener or was_given(session, incident, role, person)


def show(
    tx: Tx, incident: Incident, n: int | None = None, *, most: int
) -> tuple[list[PrivilegedNote], list[int]]:
    """Give the newest notes that the actor may read (or entry ``n`` alone), and record that.

    This is the only way to their words. The reading is on the record in the same transaction, so no
    words leave without a trace. Returns at most ``most`` notes, and the numbers of earlier ones.
    """
    tx.batch.flush()  # a note of this very batch counts
    notes, by = _readable(tx.session, incident, tx.by.id)
    wanted = [one for one in notes if n is None or one.n == n]
    shown = wanted[-most:]
    if shown:
        roles = sorted({role for one in shown for role in by.intersection(one.readers)})
        tx.append(c.PrivilegedRead(notes=[one.n for one in shown], roles=roles), incident.number)
    return shown, [one.n for one in wanted[:-most]]


def show_again(tx: Tx, incident: Incident, numbers: Iterable[int]) -> list[PrivilegedNote]:
    """The notes of a reading that is on the record already, if the actor may still read them."""
    wanted = set(numbers)
    return [one for one in _readable(tx.session, incident, tx.by.id)[0] if one.n in wanted]


def _readable(
    session: Session, incident: Incident, person: str
) -> tuple[list[PrivilegedNote], frozenset[str]]:
    """The notes for a role that the person was given and holds now; and these roles."""
    roles = roles_held(session, incident.number, person)
    held = frozenset(role for role in roles if _reads_as(session, incident, role, person))
    out = []
    for e in entries(session, incident.number, kinds=[c.PrivilegedNoteAdded.kind]):
        if held.isdisjoint(e.entry.readers):
            continue
        kept = session.execute(select(EntryPrivate).where(col(EntryPrivate.seq) == e.seq)).scalar()
        if kept is not None and "text" in kept.body and e.n is not None:
            text = str(kept.body["text"][1])
            out.append(PrivilegedNote(e.n, e.at, e.actor, tuple(e.entry.readers), text))
    return out, held
