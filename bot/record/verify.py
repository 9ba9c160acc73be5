"""Is the record whole? Chain, commitments, tree roots, signatures, and checkpoints kept elsewhere.

Everything is one pass over the entries; what must be remembered is one hash for each incident and
one for each level of the tree.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import select
from sqlmodel import Session, col

from bot.errors import BadInput
from bot.record import catalogue as c
from bot.record import keys
from bot.record.entry import commitment, leaf_hash
from bot.record.merkle import Growing
from bot.record.notes import Note, Public, read_notes
from bot.record.read import from_doc
from db.tables import Checkpoint, EntryPrivate, EntryRow, Head, Incident

_KEYS = (c.KeyIntroduced.kind, c.KeyRetired.kind)


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
    checkpoints: int = 0
    #: The keys on the record, newest last; compare a fingerprint by another way.
    keys: tuple[Public, ...] = ()

    @property
    def whole(self) -> bool:
        """Whether nothing is wrong."""
        return self.fault is None


class _Broken(Exception):
    """A fault, found deep inside."""

    def __init__(self, seq: int, what: str) -> None:
        self.fault = Fault(seq, what)


@dataclass
class _Pass:
    """What one pass over the entries remembers."""

    trusted: frozenset[str]
    ours: list[Checkpoint]
    outside: dict[int, list[Note]]
    count: int = 0
    prev: str = ""
    tips: dict[int | None, tuple[int, str]] = field(default_factory=dict)
    tree: Growing = field(default_factory=Growing)
    keys: dict[str, keys.Known] = field(default_factory=dict)
    #: Key id -> sizes that it signed.
    signed: dict[str, list[int]] = field(default_factory=dict)

    def entry(self, row: EntryRow, private: EntryPrivate | None) -> None:
        self.count += 1
        what = check_entry(row, private, self.count, self.prev)
        doc = json.loads(row.doc) if what is None else {}
        what = what or check_place(doc, *self.tips.get(row.incident, (0, "")))
        if what:
            raise _Broken(row.seq, what)
        self.prev = row.hash
        if row.incident is not None:
            self.tips[row.incident] = (row.n or 0, row.hash)
        if row.kind in _KEYS:
            keys.note(self.keys, row.seq, from_doc(doc, {}).entry)
        self.tree.add(bytes.fromhex(row.hash))
        self.checkpoints_here()

    def checkpoints_here(self) -> None:
        """Checkpoints over exactly the entries read so far: stored ones, and ones kept outside."""
        root = ""
        while self.ours and self.ours[0].size == self.count:
            row = self.ours.pop(0)
            root = root or self.tree.root().hex()
            found = read_notes(row.note)
            if len(found) != 1 or (found[0].size, found[0].root) != (row.size, row.root):
                raise _Broken(self.count, f"the stored checkpoint {row.seq} contradicts itself")
            self.signature(found[0], root, f"the stored checkpoint {row.seq}")
        for note in self.outside.pop(self.count, []):
            self.signature(note, root or self.tree.root().hex(), "the checkpoint kept outside")

    def signature(self, note: Note, root: str, name: str) -> None:
        if note.root != root:
            raise _Broken(
                self.count, f"{name} has another root: something up to here was rewritten"
            )
        key = note.signer({key_id: one.public for key_id, one in self.keys.items()})
        if key is None or key.name != note.origin:
            raise _Broken(self.count, f"{name} is not signed by a key of the record")
        until = self.keys[key.id].until
        if until is not None and self.count >= until:
            raise _Broken(self.count, f"{name} is signed by the key {key.id} after it was retired")
        self.signed.setdefault(key.id, []).append(self.count)

    def check_keys(self) -> None:
        """Every key must be trusted, or introduced under a checkpoint of one that is."""
        known = list(self.keys)
        good = set(self.trusted & self.keys.keys()) if self.trusted else set(known[:1])
        if known and not good:
            raise _Broken(self.keys[known[0]].since, "none of its keys is one that you trust")
        for _ in known:
            reach = max((size for one in good for size in self.signed.get(one, [])), default=0)
            good |= {one for one in known if self.keys[one].since <= reach}
        for one in known:
            if one not in good:
                what = f"the key {one} was introduced without a signature of the key before it"
                raise _Broken(self.keys[one].since, what)


def verify_chain(session: Session) -> Verdict:
    """Read the whole record from the first entry and check that nothing was changed, cut or moved."""
    return verify_record(session)


def verify_record(
    session: Session, outside: Iterable[Note] = (), trusted: Iterable[str] = ()
) -> Verdict:
    """Check everything. ``outside``: checkpoints kept elsewhere, all of which must be in the record.

    ``trusted`` are ids of keys that were compared by another way; without any, the record's first
    key is taken at its word. Raises ``BadInput`` for a checkpoint of another log.
    """
    by_size: dict[int, list[Note]] = {}
    for note in outside:
        by_size.setdefault(note.size, []).append(note)
    stored = session.execute(select(Checkpoint).order_by(col(Checkpoint.seq))).scalars()
    run = _Pass(frozenset(trusted), list(stored), by_size)
    seen = len(run.ours)
    try:
        _read(session, run)
        run.check_keys()
    except _Broken as broken:
        return Verdict(run.count, run.prev, broken.fault, seen)
    found = tuple(one.public for one in run.keys.values())
    return Verdict(run.count, run.prev, None, seen, found)


def _read(session: Session, run: _Pass) -> None:
    statement = (
        select(EntryRow, EntryPrivate)
        .outerjoin(EntryPrivate, col(EntryPrivate.seq) == col(EntryRow.seq))
        .order_by(col(EntryRow.seq))
        .execution_options(yield_per=500)
    )
    for row, private in session.execute(statement):
        run.entry(row, private)
    head = session.get(Head, 1)
    if head is not None and (head.seq, head.hash) != (run.count, run.prev):
        what = f"the record ends here, but its head says {head.seq} entries"
        raise _Broken(run.count, what)
    if run.ours:
        row = run.ours[0]
        what = f"the record ends here, but checkpoint {row.seq} was made over {row.size} entries"
        raise _Broken(run.count, what)
    if run.outside:
        what = f"the record ends here, but a checkpoint over {min(run.outside)} entries is kept outside"
        raise _Broken(run.count, what)


def verify_incident(session: Session, number: int) -> Verdict:
    """Check one incident's entries, which form a chain of their own. Reads nothing else.

    Only the whole record shows that nothing was cut off at its end; here the last entry must at
    least be the one that the incident's state was made from.
    """
    count, prev, seq = 0, "", 0
    statement = (
        select(EntryRow, EntryPrivate)
        .outerjoin(EntryPrivate, col(EntryPrivate.seq) == col(EntryRow.seq))
        .where(col(EntryRow.incident) == number)
        .order_by(col(EntryRow.n))
        .execution_options(yield_per=500)
    )
    for row, private in session.execute(statement):
        what = check_text(row, private) or check_place(json.loads(row.doc), count, prev)
        if what is None and row.seq <= seq:
            what = "it stands before the entry that it follows"
        if what:
            return Verdict(count, prev, Fault(row.seq, what))
        count, prev, seq = count + 1, row.hash, row.seq
    state = session.get(Incident, number)
    if state is not None and state.version != count:
        what = f"its entries end here, but its state is that of entry {state.version}"
        return Verdict(count, prev, Fault(seq, what))
    return Verdict(count, prev)


def check_entry(
    row: EntryRow, private: EntryPrivate | None, expected_seq: int, prev: str
) -> str | None:
    """What is wrong with one entry, in words, or None."""
    if row.seq != expected_seq:
        return f"entry {expected_seq} is missing"
    what = check_text(row, private)
    if what is None and json.loads(row.doc)["prev"] != prev:
        return "it does not follow the entry before it"
    return what


def check_text(row: EntryRow, private: EntryPrivate | None) -> str | None:
    """What is wrong with an entry taken alone: its hash, its columns, its private values."""
    if leaf_hash(row.doc) != row.hash:
        return "its text does not match its hash"
    doc = json.loads(row.doc)
    columns = (row.seq, row.incident, row.n, row.kind)
    if columns != (doc["seq"], doc["incident"], doc["n"], doc["kind"]):
        return "its columns do not match its text"
    for name, (salt, value) in (private.body if private else {}).items():
        if doc["private"].get(name) != commitment(salt, value):
            return f"its private part «{name}» does not match what the chain commits to"
    return None


def check_place(doc: dict[str, Any], last_n: int, last_hash: str) -> str | None:
    """What is wrong with an entry's place in its incident."""
    if doc["incident"] is None:
        return None if doc["n"] is None and doc["iprev"] == "" else "it belongs to no incident"
    if doc["n"] != last_n + 1:
        return f"entry {last_n + 1} of its incident is missing"
    if doc["iprev"] != last_hash:
        return "it does not follow its incident's entry before it"
    return None


def read_outside(text: str) -> list[Note]:
    """Checkpoints from a file or a channel's text. Raises ``BadInput`` when it holds none."""
    found = read_notes(text)
    if not found:
        raise BadInput(
            "There is no checkpoint in that file.",
            instead="A checkpoint begins with a line `steadyhand/…` and ends with a line `— …`.",
        )
    return found
