"""Finding entries by their words, on both databases alike.

An entry is found under the words of its line in the timeline and of all that people wrote in it.
They are made here, so that SQLite and PostgreSQL index the same: lower case, without accents. What a
search may ask besides (incident, kind, person, drill, private) stands among the words as marks
that begin with ``=``, which no word of a person can; so every search is one look into one index.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import lru_cache
from typing import Any

from sqlalchemy import TextClause, and_, bindparam, delete, insert, select, text
from sqlmodel import Session, col

from bot.record import timeline
from bot.record.entry import ERASED, Entry, Recorded
from bot.record.query import Query
from bot.record.read import from_row
from db import fulltext
from db.tables import EntryPrivate, EntryRow, EntryText, Incident, Member, RecordItem
from db.types import UtcDateTime

#: Fields that name people or places; found by ``by:``, never as words.
_NOT_WORDS = frozenset(
    {"actor", "holder", "opener", "previous", "author", "owner", "permalink", "downgrade_approver",
     "asked_of", "invited", "person", "custodian", "digest", "sha256", "decider",
     "approvers"}
)  # fmt: skip
#: Scripts that write without spaces: each character is a word.
_ALONE = "\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
_WORD = re.compile(f"[{_ALONE}]|[^\\W_{_ALONE}]+")
WORD_MAX = 60
WORDS_MAX = 2_000
#: A person with a part in more private incidents than this finds only the newest of them.
PRIVATE_MAX = 500


def words_of(text_: str) -> list[str]:
    """The words of a text, as they are indexed and searched."""
    if not text_.isascii():
        plain = unicodedata.normalize("NFKD", text_)
        text_ = unicodedata.normalize(
            "NFC", "".join(char for char in plain if not unicodedata.combining(char))
        )
    return [word[:WORD_MAX] for word in _WORD.findall(text_.lower())]


def indexed(recorded: Recorded, drill: bool, private: bool) -> dict[str, Any]:
    """The row that makes an entry of an incident findable."""
    entry = recorded.entry
    said = [timeline.words(recorded), recorded.late_reason]
    for name in _said_in(type(entry)):
        said += _texts(getattr(entry, name, None))
    found = dict.fromkeys(words_of(" ".join(said)))
    marks = _marks(recorded, drill, private)
    return {"seq": recorded.seq, "words": " ".join([*marks, *list(found)[:WORDS_MAX]])}


_SAID: dict[type[Entry], frozenset[str]] = {}


def _said_in(kind: type[Entry]) -> frozenset[str]:
    """Fields of a kind whose words are searched: never those that only named readers may see."""
    if kind not in _SAID:
        _SAID[kind] = kind.private_fields() - kind.privileged_fields() - _NOT_WORDS
    return _SAID[kind]


def _texts(value: Any) -> list[str]:
    if isinstance(value, str):
        return [value]
    if isinstance(value, dict):
        return [found for inner in value.values() for found in _texts(inner)]
    if isinstance(value, list):
        return [found for inner in value for found in _texts(inner)]
    return []


def _marks(recorded: Recorded, drill: bool, private: bool) -> list[str]:
    kind = recorded.entry.kind.partition(".")[0]
    people = dict.fromkeys([recorded.actor, getattr(recorded.entry, "author", "")])
    return [
        *(["=p"] if private else []),
        "=d" if drill else "=r",
        f"=i{recorded.incident}",
        f"=k{kind}",
        *(person_mark(person) for person in people if person and person != ERASED),
    ]


@lru_cache(maxsize=2_000)
def person_mark(person: str) -> str:
    """How a person stands among the words."""
    return "=a" + re.sub(r"[^a-z0-9]", "=", person.lower())


# --- keeping it -------------------------------------------------------------------------------


def forget(session: Session, seqs: Iterable[int]) -> None:
    """Take entries out of the search, words and index; erasing calls this in its transaction."""
    wanted = sorted(set(seqs))
    for start in range(0, len(wanted), 500):
        part = wanted[start : start + 500]
        session.execute(delete(EntryText).where(col(EntryText.seq).in_(part)))
    if wanted:
        fulltext.scrub(session.connection())


def index_again(session: Session, seqs: Sequence[int] | None = None) -> int:
    """Index entries (all of them by default) anew from what the record still holds of them."""
    table = EntryText.__table__  # type: ignore[attr-defined]
    gone = delete(EntryText)
    session.execute(gone if seqs is None else gone.where(col(EntryText.seq).in_(seqs)))
    count, last = 0, 0
    while True:
        rows = _rows_after(session, last, seqs)
        if not rows:
            return count
        last = rows[-1][0].seq
        found = [
            indexed(from_row(row, kept), kind == "drill", private)
            for row, kept, kind, private in rows
        ]
        session.connection().execute(insert(table), found)
        count += len(found)


def _rows_after(session: Session, last: int, seqs: Sequence[int] | None) -> list[Any]:
    statement = (
        select(EntryRow, EntryPrivate, col(Incident.kind), col(Incident.private))
        .join(EntryPrivate, col(EntryPrivate.seq) == col(EntryRow.seq))
        .join(Incident, col(Incident.number) == col(EntryRow.incident))
        .where(col(EntryRow.seq) > last)
        .order_by(col(EntryRow.seq))
        .limit(2_000)
    )
    if seqs is not None:
        statement = statement.where(col(EntryRow.seq).in_(seqs))
    rows = list(session.execute(statement))
    session.expunge_all()
    return rows


# --- searching --------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Hit:
    """One entry that was found; ``words`` are what to mark in it."""

    incident: Incident
    line: timeline.Line
    snippet: str


def find(
    session: Session, query: Query, person: str, *, here: str | None = None, limit: int = 10,
    before: int | None = None,
) -> tuple[list[Hit], int | None]:  # fmt: skip
    """The newest entries that match and that ``person`` may see.

    ``here`` is the channel in which the person asks: whoever is in an incident's channel sees it.
    ``before`` goes on where the last page ended. Returns the hits and where the next page begins.
    """
    seen = None if person == "system" else private_seen(session, person, here)
    since = _first_since(session, query.since) if query.since is not None else None
    seqs = _matching(session, query, seen, (since, before), limit + 1)
    hits = _read(session, seqs[:limit], query, seen)
    return hits, seqs[limit - 1] if len(seqs) > limit else None


def private_seen(session: Session, person: str, here: str | None = None) -> list[int]:
    """Private incidents in which the person has a part, newest first."""
    part = select(col(Member.incident)).where(col(Member.person) == person)
    statement = part.order_by(col(Member.incident).desc()).limit(PRIVATE_MAX)
    found = list(session.execute(statement).scalars())
    if here:
        where = (col(Incident.channel_id) == here, col(Incident.private).is_(True))
        found += session.execute(select(col(Incident.number)).where(*where)).scalars()
    return found


def _matching(
    session: Session, query: Query, seen: list[int] | None,
    span: tuple[int | None, int | None], limit: int,
) -> list[int]:  # fmt: skip
    if session.connection().dialect.name != "sqlite":
        return _ask(session, _POSTGRES, _postgres_match(query, seen), span, limit)
    if seen:
        # Each private incident costs SQLite a look of its own: only those count that may be among
        # the newest, and mostly none is.
        public = _ask(session, _SQLITE, _sqlite_match(query, []), span, limit)
        seen = _with_newer(session, seen, public[-1] if len(public) == limit else span[0] or 0)
        if not seen:
            return public
    return _ask(session, _SQLITE, _sqlite_match(query, seen), span, limit)


def _asking(table: str, key: str, match: str) -> TextClause:
    """A statement of constant text; what people typed is only ever a parameter."""
    return text(
        f"SELECT {key} FROM {table} WHERE {match} AND {key} >= :since AND {key} < :before "  # noqa: S608
        f"ORDER BY {key} DESC LIMIT :n"
    )


_SQLITE = _asking(fulltext.FTS, "rowid", f"{fulltext.FTS} MATCH :q")
_POSTGRES = _asking(fulltext.TABLE, "seq", f"{fulltext.VECTOR} @@ CAST(:q AS tsquery)")


def _ask(
    session: Session, statement: TextClause, wanted: str,
    span: tuple[int | None, int | None], limit: int,
) -> list[int]:  # fmt: skip
    since, before = span
    given = {"q": wanted, "since": since or 0, "before": before or 2**31 - 1, "n": limit}
    return list(session.execute(statement, given).scalars())


_WITH_NEWER = text(
    "SELECT value FROM json_each(:incidents) WHERE EXISTS "
    "(SELECT 1 FROM entry_private WHERE incident = value AND seq > :seq)"
)


def _with_newer(session: Session, incidents: list[int], seq: int) -> list[int]:
    """Those that have an entry after ``seq`` (SQLite)."""
    given = {"incidents": json.dumps(incidents), "seq": seq}
    return list(session.execute(_WITH_NEWER, given).scalars())


def _terms(query: Query) -> list[str]:
    out = [f"=k{kind}" for kind in query.kinds[:1]] if len(query.kinds) == 1 else []
    if query.incident is not None:
        out.append(f"=i{query.incident}")
    if query.by is not None:
        out.append(person_mark(query.by))
    if query.drill is not None:
        out.append("=d" if query.drill else "=r")
    return out


def _sqlite_match(query: Query, seen: list[int] | None) -> str:
    terms, left_out = _terms(query), []
    if "=r" in terms and (query.words or query.prefix):
        terms.remove("=r")
        # Drills are few: leaving them out costs less than asking for the rest.
        left_out.append('"=d"')
    parts = [f'"{word}"' for word in [*query.words, *terms]]
    if query.prefix:
        parts.insert(0, f'"{query.prefix}"*')
    if len(query.kinds) > 1:
        parts.append("(" + " OR ".join(f'"=k{kind}"' for kind in query.kinds) + ")")
    asked = " AND ".join(parts)
    if seen is not None:  # private ones are few as well
        mine = " OR ".join(f'"=i{number}"' for number in seen)
        left_out.append(f'("=p" NOT ({mine}))' if mine else '"=p"')
    return f"({asked}) NOT ({' OR '.join(left_out)})" if left_out else asked


def _postgres_match(query: Query, seen: list[int] | None) -> str:
    parts = [f"'{word}'" for word in [*query.words, *_terms(query)]]
    if query.prefix:
        parts.insert(0, f"'{query.prefix}':*")
    if len(query.kinds) > 1:
        parts.append("(" + " | ".join(f"'=k{kind}'" for kind in query.kinds) + ")")
    if seen is not None:
        mine = " | ".join(f"'=i{number}'" for number in seen)
        parts.append(f"!('=p' & !({mine}))" if mine else "!'=p'")
    return " & ".join(parts)


def _first_since(session: Session, since: datetime) -> int:
    """The first entry recorded at ``since`` or later: halving, in one statement."""
    return int(session.execute(_HALVING, {"since": since}).scalar() or 0)


#: Numbers of entries have no gaps, and a later entry was recorded later (or the clock was set back,
#: which only moves the border a little).
_HALVING = text(
    """
    WITH RECURSIVE span (low, high) AS (
        SELECT 1, (SELECT coalesce(max(seq), 0) + 1 FROM entry)
        UNION ALL
        SELECT CASE WHEN middle.recorded_at < :since THEN middle.seq + 1 ELSE span.low END,
               CASE WHEN middle.recorded_at < :since THEN span.high ELSE middle.seq END
        FROM span JOIN entry AS middle ON middle.seq = (span.low + span.high) / 2
        WHERE span.low < span.high
    )
    SELECT max(low) FROM span
    """
).bindparams(bindparam("since", type_=UtcDateTime()))


def _read(session: Session, seqs: list[int], query: Query, seen: list[int] | None) -> list[Hit]:
    if not seqs:
        return []
    item = and_(
        col(RecordItem.incident) == col(EntryRow.incident), col(RecordItem.n) == col(EntryRow.n)
    )
    statement = (
        select(
            EntryRow,
            EntryPrivate,
            Incident,
            col(RecordItem.corrected_by),
            col(RecordItem.withdrawn),
        )
        .join(EntryPrivate, col(EntryPrivate.seq) == col(EntryRow.seq))
        .join(Incident, col(Incident.number) == col(EntryRow.incident))
        .outerjoin(RecordItem, item)
        .where(col(EntryRow.seq).in_(seqs))
        .order_by(col(EntryRow.seq).desc())
    )
    out = []
    for row, private, incident, by, gone in session.execute(statement):
        # The index says who may see it; the incident has the last word.
        if seen is not None and incident.private and incident.number not in seen:
            continue
        recorded = from_row(row, private)
        line = replace(
            timeline.line(recorded), withdrawn_by=by if gone else None,
            corrected_by=None if gone else by,
        )  # fmt: skip
        out.append(Hit(incident, line, _snippet(recorded, query)))
    return out


AROUND = 90
MARKS = ("\ue000", "\ue001")


def _snippet(recorded: Recorded, query: Query) -> str:
    """The part of the entry with the first word that was asked for; hits stand between MARKS."""
    said = [timeline.words(recorded), recorded.late_reason]
    for name in sorted(_said_in(type(recorded.entry))):
        said += _texts(getattr(recorded.entry, name, None))
    for each in said:
        spans = _spans(each, query)
        if spans:
            return _cut(each, spans)
    return _cut(said[0], [])


def _spans(said: str, query: Query) -> list[tuple[int, int]]:
    asked = set(query.words)
    out = []
    for match in _WORD.finditer(said):
        found = " ".join(words_of(match.group()))
        if found in asked or (query.prefix and found.startswith(query.prefix)):
            out.append(match.span())
    return out


def _cut(said: str, spans: list[tuple[int, int]]) -> str:
    first = spans[0][0] if spans else 0
    start = max(0, first - AROUND) if first > AROUND * 2 else 0
    end = min(len(said), first + AROUND * 2)
    out, last = [], start
    for low, high in spans:
        if high > end:
            break
        out += [said[last:low], MARKS[0], said[low:high], MARKS[1]]
        last = high
    shown = "".join([*out, said[last:end]])
    return ("…" if start else "") + shown + ("…" if end < len(said) else "")
