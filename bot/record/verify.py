"""Does the chain hold? Every entry's hash, its link, its numbers, and its private commitments."""

from __future__ import annotations

import json
from dataclasses import dataclass

from sqlalchemy import select
from sqlmodel import Session, col

from bot.record.entry import commitment, leaf_hash
from db.tables import EntryPrivate, EntryRow, Head


@dataclass(frozen=True)
class Fault:
    """The first thing that is wrong, and where."""

    seq: int
    what: str

    def __str__(self) -> str:
        return f"entry {self.seq}: {self.what}"


@dataclass(frozen=True)
class Verdict:
    """How many entries were read, and the first fault if there is one."""

    entries: int
    head: str
    fault: Fault | None = None

    @property
    def whole(self) -> bool:
        """Whether nothing is wrong."""
        return self.fault is None


def verify_chain(session: Session) -> Verdict:
    """Read the whole record from the first entry and check that nothing was changed, cut or moved."""
    prev, count = "", 0
    statement = (
        select(EntryRow, EntryPrivate)
        .outerjoin(EntryPrivate, col(EntryPrivate.seq) == col(EntryRow.seq))
        .order_by(col(EntryRow.seq))
        .execution_options(yield_per=500)
    )
    for row, private in session.execute(statement):
        count += 1
        what = check_entry(row, private, count, prev)
        if what:
            return Verdict(count, prev, Fault(row.seq, what))
        prev = row.hash
    head = session.get(Head, 1)
    if head is not None and (head.seq, head.hash) != (count, prev):
        what = f"the record ends here, but its head says {head.seq} entries"
        return Verdict(count, prev, Fault(count, what))
    return Verdict(count, prev)


def check_entry(
    row: EntryRow, private: EntryPrivate | None, expected_seq: int, prev: str
) -> str | None:
    """What is wrong with one entry, in words, or None."""
    if row.seq != expected_seq:
        return f"entry {expected_seq} is missing"
    if leaf_hash(row.doc) != row.hash:
        return "its text does not match its hash"
    doc = json.loads(row.doc)
    if doc["prev"] != prev:
        return "it does not follow the entry before it"
    columns = (row.seq, row.incident, row.n, row.kind)
    if columns != (doc["seq"], doc["incident"], doc["n"], doc["kind"]):
        return "its columns do not match its text"
    for name, (salt, value) in (private.body if private else {}).items():
        if doc["private"].get(name) != commitment(salt, value):
            return f"its private part «{name}» does not match what the chain commits to"
    return None
