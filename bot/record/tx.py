"""One change: entries appended, state changed, effects stored, in one transaction.

``Tx`` is what every verb of every room gets. It reads through ``session``; it changes only by
``append`` (which projects the entry into the state tables) and ``effect``. Nothing else writes
state, which is why the state can be rebuilt from the record alone.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select
from sqlmodel import Session, col

from bot.effects.kinds import Effect, for_slack
from bot.record.batch import Batch, Env, Projector
from bot.record.entry import (
    WITHHELD,
    Actor,
    Entry,
    Recorded,
    clean_text,
)
from bot.timing import rfc3339
from db import pending
from db.tables import (
    Delivery,
    Incident,
    RoleHolder,
)

#: An entry whose moment lies further back than this is marked late and must say why.
LATE_AFTER = timedelta(minutes=10)
VERSION = 1


@dataclass(slots=True)
class Tx:
    """A batch as one actor's verb sees it."""

    batch: Batch
    by: Actor
    delivery: str | None = None
    _roles: dict[tuple[int, str], str | None] = field(default_factory=dict)

    @property
    def session(self) -> Session:
        """For reading. Writes go through :meth:`append`."""
        return self.batch.session

    @property
    def now(self) -> datetime:
        """The moment of this transaction."""
        return self.batch.now

    @property
    def env(self) -> Env:
        """Content and settings."""
        return self.batch.env

    def append(
        self,
        entry: Entry,
        incident: int | None,
        *,
        effective_at: datetime | None = None,
        late_reason: str = "",
        corrects: int | None = None,
        role: str | None = None,
    ) -> Recorded:
        """Put ``entry`` on the record and project it into the state.

        ``effective_at`` is when it happened, if that was earlier. Returns it with its numbers.
        """
        n = self.batch.next_n(incident) if incident is not None else None
        when = effective_at or self.now
        role = role or (self.role_of(incident) if incident is not None else None)
        private = _seal(entry, self.by.id, late_reason)
        doc: dict[str, Any] = {
            "v": VERSION,
            "incident": incident,
            "n": n,
            "kind": entry.kind,
            "at": rfc3339(self.now),
            "effective_at": rfc3339(when),
            "source": self.by.source,
            "role": role,
            "corrects": corrects,
            "late": when < self.now - LATE_AFTER,
            "data": entry.model_dump(mode="json", exclude=set(entry.private_fields())),
            "private": {name: commit for name, (_, _, commit) in private.items()},
        }
        stored = {name: [salt, value] for name, (salt, value, _) in private.items()}
        entry = _as_kept(entry, {name: value for name, (_, value, _) in private.items()})
        seq = self.batch.chain(doc, stored, incident)
        if closed := entry.privileged_fields():
            entry = entry.model_copy(update=dict.fromkeys(closed, WITHHELD))
        recorded = Recorded(
            seq, incident, n, self.now, when, self.by.id, role, self.by.source, corrects, entry,
            late_reason,
        )  # fmt: skip
        project(self.session, self.env.projectors, recorded)
        self.batch.make_findable(recorded)
        self._roles.clear()
        follow = self.env.followers.get(entry.kind)
        if follow is not None:
            follow(self, recorded)
        return recorded

    def effect(self, *effects: Effect) -> None:
        """Store effects with this change; they happen after the commit."""
        for effect in map(for_slack, effects):
            if effect is not None:
                self.batch.want(effect, self.by.trace)

    def refresh_card(self, incident: int) -> None:
        """Ask for the card to be brought up to date; many asks become one call."""
        self.batch.want_card(incident)

    def role_of(self, incident: int | None, person: str | None = None) -> str | None:
        """The first role that the person (the actor by default) holds, commander before others."""
        if incident is None:
            return None
        person = person or self.by.id
        key = (incident, person)
        if key not in self._roles:
            held = roles_held(self.session, incident, person)
            self._roles[key] = held[0] if held else None
        return self._roles[key]

    def seen_before(self, key: str) -> tuple[bool, dict[str, Any] | None]:
        """Whether this delivery was carried out already, and what was answered then.

        The optimistic run does not look: :meth:`remember` will break the unique key then.
        """
        if not self.batch.careful:
            return (False, None)
        return self.recall(key)

    def recall(self, key: str) -> tuple[bool, dict[str, Any] | None]:
        """What was remembered under ``key``."""
        row = self.session.get(Delivery, key)
        return (True, row.answer) if row else (False, None)

    def remember(self, key: str, answer: dict[str, Any] | None) -> None:
        """Keep the answer to a delivery, with the change that it made."""
        row = {"key": key, "received_at": self.now, "answer": answer}
        pending.add(self.session, Delivery, row)


def roles_held(session: Session, incident: int, person: str) -> list[str]:
    """Roles that ``person`` has accepted in ``incident``, commander first."""
    statement = select(col(RoleHolder.role)).where(
        col(RoleHolder.incident) == incident,
        col(RoleHolder.holder) == person,
        col(RoleHolder.state) == "accepted",
    )
    return sorted(
        session.execute(statement).scalars(), key=lambda role: (role != "commander", role)
    )


def project(session: Session, projectors: Mapping[str, Projector], recorded: Recorded) -> None:
    """Change the state tables as ``recorded`` says, live and when rebuilding alike."""
    projector = projectors.get(recorded.entry.kind)
    if projector is not None:
        projector(session, recorded)
    if recorded.incident is not None and recorded.n is not None and recorded.n > 1:
        row = session.get(Incident, recorded.incident)
        if row is not None:
            row.version = recorded.n


def _seal(entry: Entry, actor: str, late_reason: str) -> dict[str, tuple[str, Any, str]]:
    from bot.record.entry import commitment

    values = entry.model_dump(mode="json", include=set(entry.private_fields()))
    values["actor"] = actor
    if late_reason:
        values["late_reason"] = late_reason
    out = {}
    salts = os.urandom(16 * len(values))  # one call: it lets other threads run
    for n, (name, value) in enumerate(values.items()):
        clean = _clean(value)
        salt = salts[16 * n : 16 * n + 16].hex()
        out[name] = (salt, clean, commitment(salt, clean))
    return out


def _as_kept(entry: Entry, kept: dict[str, Any]) -> Entry:
    """The entry with its texts as they are kept: what is projected now is what a rebuild reads."""
    changed = {
        name: kept[name] for name in entry.private_fields() if kept[name] != getattr(entry, name)
    }
    return entry.model_copy(update=changed) if changed else entry


def _clean(value: Any) -> Any:
    if isinstance(value, str):
        return clean_text(value)
    if isinstance(value, list):
        return [_clean(inner) for inner in value]
    if isinstance(value, dict):
        return {key: _clean(inner) for key, inner in value.items()}
    return value
