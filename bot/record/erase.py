"""Erasing a person or a text: it leaves the record, and the chain still holds.

The rule, value by value (a value is one private field of one entry):

* a value that names the person, alone or within a text, is deleted, whoever wrote it;
* every text in an entry that the person made, or that they wrote in Slack, is deleted;
* identities of other people in those entries stay;
* every text of an entry that was named by its number is deleted; who made it stays;
* a value that holds the exact phrase asked for is deleted, also as it stands in a channel's name;
* names of the incident's channel are made from its title and go with it.

Salt and value go together, so that what stays in the chain cannot be linked to anybody. The state
is then made anew from what the record still holds.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import delete, insert, or_, select, update
from sqlmodel import Session, col

from bot.effects import store
from bot.errors import BadInput, NotFound
from bot.incident.names import slug
from bot.incident.queries import get
from bot.incident.rights import need_reason, require
from bot.record import catalogue as c
from bot.record import search
from bot.record.read import entries, from_row
from bot.record.tx import Tx, project
from db.tables import (
    STATE_TABLES,
    Delivery,
    EffectRow,
    EntryPrivate,
    EntryRow,
    EntryText,
    Incident,
)

ALL = "names and words"
NAMES = "names only"
TEXTS = "words of the entries named"
PHRASE = "texts with an exact phrase"
#: A value of this form is somebody's identity, not a text.
_IDENTITY = re.compile(r"[UWB][A-Z0-9]{2,}|cli:\S+|system")
CHANNEL = "channel_name"
_FINISHED = ("done", "failed", "given_up")
_SHORT = 4
_PART = 500
REASON_MAX = 1000


@dataclass
class Erased:
    """What was erased. ``receipts`` prove later whom the entries of erasure are about."""

    entries: dict[int | None, list[int]] = field(default_factory=dict)
    values: int = 0
    #: Sequence number of each entry of erasure -> the salt of its commitment to the person.
    receipts: dict[int, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Wish:
    """What is to be erased: a person, texts with a phrase, entries by number; one at least."""

    person: str = ""
    phrase: str = ""
    words: bool = True
    #: Numbers within the one incident that is asked for.
    entries: tuple[int, ...] = ()

    @property
    def rule(self) -> str:
        """The rule in words, as the record keeps it."""
        if self.person:
            return ALL if self.words else NAMES
        return TEXTS if self.entries else PHRASE

    def about(self, value: Any) -> bool:
        """Whether a value names the person or holds the phrase."""
        said = list(_said(value))
        if self.phrase and any(_plain(self.phrase) in _plain(text) for text in said):
            return True
        person = rf"(?<![A-Za-z0-9_]){re.escape(self.person)}(?![A-Za-z0-9_])"
        return bool(self.person) and any(re.search(person, text) for text in said)

    def names(self, body: dict[str, Any], n: int | None = None) -> list[str]:
        """Fields of an entry's private half that have to go; ``n`` is the entry's number."""
        wrote = {_value(body, "actor"), _value(body, "author")}
        theirs = (self.words and self.person in wrote) or n in self.entries
        return [
            name
            for name, (_, value) in body.items()
            if self.about(value)
            or (theirs and not _identity(value))
            or (name == CHANNEL and self.in_a_name(value))
        ]

    def in_a_name(self, name: str) -> bool:
        """Whether the name of a channel holds the phrase, as names are made from titles."""
        phrase = "-".join(slug(self.phrase))
        return bool(phrase) and phrase in name

    def check(self, incident: int | None) -> None:
        """Raises ``BadInput`` when nothing, or nothing sensible, is to be erased."""
        if not (self.person or self.phrase or self.entries):
            raise BadInput(
                "Say whom, which entries or which words.",
                instead="`steadyhand erase --person U01ABCDEF --reason «Request 12»`",
                field="person",
            )
        if self.person and (self.person == "system" or not _IDENTITY.fullmatch(self.person)):
            raise BadInput(
                "This is nobody's id.", instead="U01ABCDEF, or cli:NAME.", field="person"
            )
        if self.entries and incident is None:
            raise BadInput("In which incident are these entries?", instead="`--incident INC-7`")
        if self.phrase and len(self.phrase.strip()) < _SHORT:
            raise BadInput(
                f"A phrase of fewer than {_SHORT} characters stands everywhere.", field="phrase"
            )


def erase(
    tx: Tx, wish: Wish, reason: str, incident: int | None = None, *, dry_run: bool = False
) -> Erased:
    """Erase in one incident, or everywhere. Raises ``BadInput``, ``NotFound`` when there is nothing.

    Runs in one transaction: private values, search, state, and what finished effects and
    remembered answers still quote. ``dry_run`` changes nothing and says what would go.
    """
    _may(tx, incident)
    wish.check(incident)
    reason = need_reason(reason, "Say in a sentence why; it goes on the record.", most=REASON_MAX)
    tx.batch.flush()
    found = _find(tx.session, wish, incident)
    if not found:
        raise NotFound(
            "Nothing of this is on the record.",
            instead="`/incident timeline all` shows the numbers of entries.", field="person",
        )  # fmt: skip
    out = Erased(values=sum(len(names) for _, _, names in found))
    for row, n, _ in found:
        out.entries.setdefault(row.incident, []).append(n)
    if dry_run:
        return out
    overwrite(tx)
    gone = [row.body[name][1] for row, _, names in found for name in names]
    for row, _, names in found:
        drop(tx.session, row, names)
    find_again(tx, [row.seq for row, _, _ in found if row.incident is not None])
    _record(tx, wish, reason, out, found)
    for number in sorted(one for one in out.entries if one is not None):
        remake_state(tx, number)
    quotes = [one for one in (wish.person, wish.phrase, *texts(gone)) if one]
    forget_quotes(tx, list(out.entries), quotes)
    return out


def overwrite(tx: Tx) -> None:
    """Have SQLite write zeros over what this transaction deletes, not merely free the space, and
    empty its log after the commit."""
    tx.batch.overwritten = True
    connection = tx.session.connection()
    if connection.dialect.name == "sqlite":
        connection.exec_driver_sql("PRAGMA secure_delete = ON")


def drop(session: Session, row: EntryPrivate, names: list[str]) -> None:
    """Delete values and their salts."""
    left = {name: pair for name, pair in row.body.items() if name not in names}
    seq = row.seq
    if row in session:
        session.expunge(row)
    if left:
        session.execute(update(EntryPrivate).where(col(EntryPrivate.seq) == seq).values(body=left))
    else:
        session.execute(delete(EntryPrivate).where(col(EntryPrivate.seq) == seq))


def find_again(tx: Tx, seqs: list[int]) -> None:
    """Index entries under what is left of their words; nothing stays of the rest."""
    session = tx.session
    search.forget(session, seqs)
    for start in range(0, len(seqs), _PART):
        rows = session.execute(
            select(EntryRow, EntryPrivate, Incident)
            .outerjoin(EntryPrivate, col(EntryPrivate.seq) == col(EntryRow.seq))
            .join(Incident, col(Incident.number) == col(EntryRow.incident))
            .where(col(EntryRow.seq).in_(seqs[start : start + _PART]))
        )
        words = [
            search.indexed(from_row(row, kept), of.kind == "drill", of.private)
            for row, kept, of in rows
        ]
        if words:
            session.execute(insert(EntryText), words)


def remake_state(tx: Tx, number: int) -> None:
    """Make an incident's state anew from what the record holds now: the very thing rebuild checks."""
    tx.batch.flush()
    session = tx.session
    for one in list(session):
        if isinstance(one, STATE_TABLES):
            session.expunge(one)
    for table in STATE_TABLES:
        owner = table.number if table is Incident else table.incident  # type: ignore[attr-defined]
        session.execute(delete(table).where(col(owner) == number))
    for recorded in list(entries(session, number)):
        project(session, tx.env.projectors, recorded)
        session.flush()


def forget_quotes(tx: Tx, incidents: list[int | None], quotes: list[str]) -> None:
    """Empty effects, and answers kept for repeated requests, that quote what is gone.

    What still waits to be sent and quotes it is given up. Work of our own (``house.*``) stays until
    it is done: it quotes nobody's words, and its loss would silence reminders.
    """
    session = tx.session
    numbers = [one for one in incidents if one is not None]
    here = or_(col(EffectRow.incident).in_(numbers), col(EffectRow.incident).is_(None))
    for row in session.execute(select(EffectRow).where(here)).scalars():
        waits = row.state == "pending"
        if row.state == "inflight" or (waits and row.kind.startswith("house.")):
            continue
        parts = [row.key, row.lane, row.payload, row.result, row.error]
        if _quotes(json.dumps(parts, ensure_ascii=False), quotes):
            row.payload, row.result, row.error = {}, None, "erased" if waits else ""
            if waits:
                store.settle(row, "given_up", tx.now)
            if _quotes(row.key + row.lane, quotes):
                row.key = row.lane = f"erased:{row.id}"
    for kept in session.execute(select(Delivery)).scalars():
        if _quotes(json.dumps(kept.answer, ensure_ascii=False), quotes):
            kept.answer = None
    session.flush()


def forget_effects(session: Session, incident: int) -> None:
    """Empty every finished effect of an incident."""
    here = (col(EffectRow.incident) == incident, col(EffectRow.state).in_(_FINISHED))
    session.execute(update(EffectRow).where(*here).values(payload={}, result=None, error=""))


def _may(tx: Tx, incident: int | None) -> None:
    if tx.by.source == "cli":  # whoever has a shell beside the database could do it by hand
        return
    if incident is None:
        raise BadInput(
            "From here only one incident at a time.", instead="Everywhere: `steadyhand erase`."
        )
    require(tx, "erase_personal", get(tx.session, incident))


def _find(
    session: Session, wish: Wish, incident: int | None
) -> list[tuple[EntryPrivate, int, list[str]]]:
    statement = select(EntryPrivate, col(EntryRow.n)).join(
        EntryRow, col(EntryRow.seq) == col(EntryPrivate.seq)
    )
    if incident is not None:
        statement = statement.where(col(EntryPrivate.incident) == incident)
    out: list[tuple[EntryPrivate, int, list[str]]] = []
    untitled: set[int | None] = set()
    rows = session.execute(statement.order_by(col(EntryPrivate.seq)))
    for row, n in rows:
        names = wish.names(row.body, n)
        if n == 1 and "title" in names:
            untitled.add(row.incident)
        if row.incident in untitled and CHANNEL in row.body and CHANNEL not in names:
            names.append(CHANNEL)
        if names:
            out.append((row, row.seq if n is None else n, names))
    return out


def _record(
    tx: Tx, wish: Wish, reason: str, out: Erased, found: list[tuple[EntryPrivate, int, list[str]]]
) -> None:
    """One entry for each incident; the person's name is taken out of it again at once."""
    values: dict[int | None, int] = defaultdict(int)
    for row, _, names in found:
        values[row.incident] += len(names)
    made = [
        tx.append(_entry(wish, reason, numbers, values[number]), number).seq
        for number, numbers in out.entries.items()
    ]
    tx.batch.flush()
    for seq in made:
        kept = tx.session.get(EntryPrivate, seq)
        assert kept is not None
        if wish.person:
            out.receipts[seq] = kept.body["person"][0]
        gone = {*wish.names(kept.body), *(["person"] if wish.person else [])}
        drop(tx.session, kept, sorted(gone))
    find_again(tx, made)


def _entry(
    wish: Wish, reason: str, numbers: list[int], values: int
) -> c.PersonErased | c.TextErased:
    if not wish.person:
        return c.TextErased(entries=numbers, values=values, rule=wish.rule, reason=reason)
    return c.PersonErased(
        entries=numbers, values=values, rule=wish.rule, person=wish.person, reason=reason
    )


def _value(body: dict[str, Any], name: str) -> Any:
    return body[name][1] if name in body else None


def _identity(value: Any) -> bool:
    """Whether a value only names people (or nobody), and so is no text."""
    if isinstance(value, list):
        return all(_identity(one) for one in value)
    return value is None or (isinstance(value, str) and bool(_IDENTITY.fullmatch(value)))


def texts(values: list[Any]) -> list[str]:
    """Texts long enough that finding them elsewhere means a quote."""
    out = []
    for value in values:
        if isinstance(value, str):
            out += [value] if len(value) >= _SHORT and not _identity(value) else []
        elif isinstance(value, dict):
            out += texts(list(value.values()))
        elif isinstance(value, list):
            out += texts(value)
    return out


def _said(value: Any) -> Iterator[str]:
    """Every text within a value, as people wrote it: in JSON quotes and line ends look otherwise."""
    if isinstance(value, dict):
        for name, inner in value.items():
            yield name
            yield from _said(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _said(inner)
    else:
        yield str(value)


def _plain(text: str) -> str:
    """Text as it is compared: small and capital letters, and both ways to write an accent, are one."""
    return unicodedata.normalize("NFC", text).casefold()


def _quotes(text: str, quotes: list[str]) -> bool:
    found = _plain(text)
    return any(_plain(json.dumps(one, ensure_ascii=False)[1:-1]) in found for one in quotes)
