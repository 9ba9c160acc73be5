"""How long private values are kept. The rules are content: ``playbooks/retention.yaml``."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from sqlalchemy import func, select
from sqlmodel import Session, col

from bot.record import catalogue as c
from bot.record import erase
from bot.record.tx import Tx
from db.tables import EntryPrivate, EntryRow, Incident


class Rule(Protocol):
    """One line of the file; the first that fits an incident counts."""

    @property
    def id(self) -> str: ...
    @property
    def kind(self) -> str: ...
    @property
    def private(self) -> bool | None: ...
    @property
    def keep_days(self) -> int: ...


def fits(rule: Rule, row: Incident) -> bool:
    """Whether the rule speaks of this incident."""
    return rule.kind in ("any", row.kind) and rule.private in (None, row.private)


@dataclass(frozen=True, slots=True)
class Due:
    """An incident whose time is over."""

    incident: int
    rule: Rule
    since: datetime
    values: int


def due(session: Session, rules: Sequence[Rule], now: datetime) -> list[Due]:
    """Closed incidents (ended drills too) whose private values are over their time."""
    ended = func.coalesce(Incident.closed_at, Incident.resolved_at)
    rows = session.execute(
        select(Incident).where(ended.is_not(None)).order_by(col(Incident.number))
    ).scalars()
    out = []
    for row in rows:
        rule = next((one for one in rules if fits(one, row)), None)
        since = row.closed_at or (row.resolved_at if row.kind == "drill" else None)
        if rule is None or since is None or since + timedelta(days=rule.keep_days) > now:
            continue
        values = sum(len(one.body) for one in _rows(session, row.number))
        if values:
            out.append(Due(row.number, rule, since, values))
    return out


def apply(tx: Tx, one: Due) -> None:
    """Delete every private value of an incident, put that on the record, and remake the state."""
    session = tx.session
    tx.batch.flush()
    erase.overwrite(tx)
    rows = _rows(session, one.incident)
    gone = [value for row in rows for _, value in row.body.values()]
    for row in rows:
        erase.drop(session, row, list(row.body))
    erase.find_again(tx, [row.seq for row in rows])
    tx.append(
        c.RetentionApplied(rule=one.rule.id, days=one.rule.keep_days, values=one.values),
        one.incident,
    )
    erase.remake_state(tx, one.incident)
    erase.forget_effects(session, one.incident)
    erase.forget_quotes(tx, [one.incident], erase.texts(gone))


def _rows(session: Session, incident: int) -> list[EntryPrivate]:
    """Private halves that are still there, but for the entries in which retention itself is told."""
    statement = (
        select(EntryPrivate)
        .join(EntryRow, col(EntryRow.seq) == col(EntryPrivate.seq))
        .where(
            col(EntryPrivate.incident) == incident,
            col(EntryRow.kind) != c.RetentionApplied.kind,
        )
    )
    return list(session.execute(statement).scalars())
