"""Reading entries back as what they were, with private values where they still exist."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import Any, get_origin

from sqlalchemy import select
from sqlmodel import Session, col

from bot.record.catalogue import all_kinds
from bot.record.entry import ERASED, WITHHELD, Entry, Recorded
from bot.timing import from_rfc3339
from db.tables import EntryPrivate, EntryRow

_KINDS = all_kinds()
_PRIVILEGED = frozenset(kind for kind in _KINDS.values() if kind.privileged_fields())


def entries(
    session: Session,
    incident: int | None = None,
    *,
    after: int = 0,
    limit: int | None = None,
    kinds: Iterable[str] | None = None,
) -> Iterator[Recorded]:
    """Entries in order: of one incident (``after`` counts its own numbers) or of the whole record."""
    statement = select(EntryRow, EntryPrivate).outerjoin(
        EntryPrivate,
        col(EntryPrivate.seq) == col(EntryRow.seq),
    )
    if incident is None:
        statement = statement.where(col(EntryRow.seq) > after).order_by(col(EntryRow.seq))
    else:
        statement = statement.where(
            col(EntryRow.incident) == incident,
            col(EntryRow.n) > after,
        ).order_by(col(EntryRow.n))
    if kinds is not None:
        statement = statement.where(col(EntryRow.kind).in_(list(kinds)))
    if limit is not None:
        statement = statement.limit(limit)
    for row, private in session.execute(statement.execution_options(yield_per=500)):
        yield from_row(row, private)


def latest(
    session: Session, incident: int, limit: int, before: int | None = None
) -> list[Recorded]:
    """The last ``limit`` entries of an incident (before entry ``before``), oldest first."""
    statement = (
        select(EntryRow, EntryPrivate)
        .outerjoin(EntryPrivate, col(EntryPrivate.seq) == col(EntryRow.seq))
        .where(col(EntryRow.incident) == incident)
        .order_by(col(EntryRow.n).desc())
        .limit(limit)
    )
    if before is not None:
        statement = statement.where(col(EntryRow.n) < before)
    found = [from_row(row, private) for row, private in session.execute(statement)]
    return found[::-1]


def from_row(row: EntryRow, private: EntryPrivate | None) -> Recorded:
    """An entry as its author made it; erased values read ``[erased]`` (or are empty)."""
    doc = json.loads(row.doc)
    values = {name: pair[1] for name, pair in (private.body if private else {}).items()}
    return from_doc(doc, values)


def from_doc(doc: dict[str, Any], private: dict[str, Any]) -> Recorded:
    """An entry from its hashed document and what is left of its private values."""
    kind = _KINDS[doc["kind"]]
    return Recorded(
        seq=doc["seq"],
        incident=doc["incident"],
        n=doc["n"],
        at=from_rfc3339(doc["at"]),
        effective_at=from_rfc3339(doc["effective_at"]),
        actor=private.get("actor", ERASED),
        role=doc["role"],
        source=doc["source"],
        corrects=doc["corrects"],
        entry=_entry(kind, doc["data"], private),
        late_reason=private.get("late_reason", ""),
    )


def _entry(kind: type[Entry], data: dict[str, Any], private: dict[str, Any]) -> Entry:
    values = dict(data)
    erased: dict[str, Any] = {}
    closed = kind.privileged_fields() if kind in _PRIVILEGED else frozenset()
    for name in kind.private_fields():
        if name in closed:
            values[name] = WITHHELD if name in private else ERASED
        elif name in private:
            values[name] = private[name]
        elif name not in values:  # else it was written when the field was public
            erased[name] = _blank(kind.model_fields[name].annotation)
    if erased:
        return kind.model_construct(**values, **erased)
    return kind.model_validate(values)


def _blank(annotation: Any) -> Any:
    origin = get_origin(annotation) or annotation
    return [] if origin is list else {} if origin is dict else ERASED
