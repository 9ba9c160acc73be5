"""One change: entries appended, state changed, effects stored, in one transaction.

``Tx`` is what every verb of every room gets. It reads through ``session``; it changes only by
``append`` (which projects the entry into the state tables) and ``effect``. Nothing else writes
state, which is why the state can be rebuilt from the record alone.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, bindparam, exists, inspect, select, update
from sqlmodel import Session, col

from bot.effects.kinds import Effect, for_slack, refresh_card
from bot.record import search
from bot.record.entry import (
    WITHHELD,
    Actor,
    Entry,
    Recorded,
    canonical,
    clean_text,
    leaf_hash,
)
from bot.timing import rfc3339
from db import pending
from db.bulk import insert_rows
from db.tables import (
    Delivery,
    EffectRow,
    EntryPrivate,
    EntryRow,
    EntryText,
    Head,
    Incident,
    RoleHolder,
)

Projector = Callable[[Session, Recorded], None]
#: What else follows from an entry of a kind, live only: never called when state is rebuilt.
Follower = Callable[["Tx", Recorded], None]
#: An entry whose moment lies further back than this is marked late and must say why.
LATE_AFTER = timedelta(minutes=10)
VERSION = 1


@dataclass(frozen=True)
class Env:
    """What verbs may know besides the database: content and the settings that rules use."""

    content: Any
    projectors: Mapping[str, Projector]
    announce_channel: str | None = None
    notice_channel: str | None = None
    channel_prefix: str = "inc"
    default_responders: tuple[str, ...] = ()
    base_url: str = ""
    #: Stands for the second that Slack wants between two messages in one channel.
    message_pace_ms: int = 1000
    #: What waited this long for Slack is said in one message when Slack is back.
    away: timedelta = timedelta(minutes=5)
    followers: Mapping[str, Follower] = field(default_factory=dict)
    #: Signs checkpoints; None or without a key: none are made.
    signer: Any = None
    audit_channel: str | None = None
    #: Says what runs now, from the pipeline's file; None: there is none.
    fingerprints: Any = None


@dataclass(slots=True)
class _End:
    """The end of the chain, and the last incident number handed out."""

    seq: int
    hash: str
    incidents: int


class Batch:
    """One transaction: the chain's end, and the rows that are written just before the commit."""

    def __init__(
        self,
        session: Session,
        env: Env,
        now: datetime,
        on_commit: Callable[[Batch], None] = lambda batch: None,
        *,
        careful: bool = True,
    ) -> None:
        self.session = session
        self.env = env
        self.now = now
        self._on_commit = on_commit
        #: False in the first, optimistic run: what a unique key refuses is not looked up before.
        self.careful = careful
        self._head = _lock_head(session.connection())
        self._was = replace(self._head)
        self._entries: list[dict[str, Any]] = []
        self._private: list[dict[str, Any]] = []
        self._words: list[dict[str, Any]] = []
        self._effects: dict[str, dict[str, Any]] = {}
        self._cards: dict[int, int] = {}
        self._last_n: dict[int, int] = {}
        self._tips: dict[int, str] = {}
        self.effects_stored = 0
        self.appended: list[str] = []
        #: Channels that exist from this commit on: incident and channel.
        self.made: list[tuple[int, str]] = []

    def next_incident(self) -> int:
        """A number for a new incident: one more than the last, never reused."""
        self._head.incidents += 1
        self._last_n[self._head.incidents] = 0
        self._tips[self._head.incidents] = ""
        return self._head.incidents

    def last_incident(self) -> int:
        """The number handed out last."""
        return self._head.incidents

    def next_n(self, incident: int) -> int:
        """The number of the incident's next entry."""
        last = self._last_n.get(incident)
        if last is None:
            row = self.session.get(Incident, incident)
            last = row.version if row is not None else 0
        self._last_n[incident] = last + 1
        return last + 1

    def chain(self, doc: dict[str, Any], private: dict[str, Any], incident: int | None) -> int:
        """Link a document to the chain and keep it for the commit. Returns its sequence number."""
        seq = self._head.seq + 1
        links = {"seq": seq, "prev": self._head.hash, "iprev": self._tip(incident)}
        text = canonical({**doc, **links})
        digest = leaf_hash(text)
        self._entries.append(
            {
                "seq": seq, "incident": incident, "n": doc["n"], "kind": doc["kind"],
                "recorded_at": self.now, "doc": text, "hash": digest,
            }
        )  # fmt: skip
        if private:
            self._private.append({"seq": seq, "incident": incident, "body": private})
        self._head.seq, self._head.hash = seq, digest
        if incident is not None:
            self._tips[incident] = digest
        self.appended.append(doc["kind"])
        return seq

    def head(self) -> tuple[int, str]:
        """How many entries there are now, and the hash of the last."""
        return self._head.seq, self._head.hash

    def _tip(self, incident: int | None) -> str:
        """Hash of the incident's last entry, so that its entries form a chain of their own."""
        if incident is None:
            return ""
        if incident not in self._tips:
            last = (
                select(col(EntryRow.hash))
                .where(col(EntryRow.incident) == incident)
                .order_by(col(EntryRow.n).desc())
                .limit(1)
            )
            self._tips[incident] = self.session.execute(last).scalar() or ""
        return self._tips[incident]

    def make_findable(self, recorded: Recorded) -> None:
        """Keep an entry's words for the commit, so that it is found by them."""
        entry = recorded.entry
        if recorded.incident is None:
            return
        if recorded.n == 1:
            drill, private = getattr(entry, "drill", False), getattr(entry, "private", False)
        else:
            row = self.session.get(Incident, recorded.incident)
            if row is None:
                return
            drill, private = row.kind == "drill", row.private
        self._words.append(search.indexed(recorded, drill, private))

    def want(self, effect: Effect, trace: str) -> None:
        """Keep an effect for the commit; the first with its key wins."""
        row = _effect_row(effect, self.now, trace, self.env.message_pace_ms)
        self._effects.setdefault(effect.key, row)

    def want_card(self, incident: int) -> None:
        """Remember that the card has to be brought up to date, once."""
        self._cards[incident] = self._last_n.get(incident, 0)

    def flush(self) -> None:
        """Write what was collected: a few statements whatever the number of jobs."""
        session = self.session
        self._want_cards()
        if self._entries and self.env.signer is not None:
            for effect in self.env.signer.due(self.now):
                self.want(effect, "")
        session.flush()
        pending.write(session)
        connection = session.connection()
        if self._head != self._was:
            connection.execute(_MOVE_HEAD, asdict(self._head))
            self._was = replace(self._head)
        insert_rows(connection, _ENTRY, self._entries)
        insert_rows(connection, _PRIVATE, self._private)
        insert_rows(connection, _WORDS, self._words)
        self._entries, self._private, self._words = [], [], []
        self.store_effects()

    def store_effects(self) -> None:
        """Write the effects collected so far, so that they can be claimed in this transaction."""
        wanted = list(self._effects.values())
        insert_rows(self.session.connection(), _EFFECT, wanted, unless_known="key")
        self.effects_stored += len(wanted)
        self._effects = {}

    def committed(self) -> None:
        """Tell whoever waits for effects that there are some."""
        if self.appended and self.env.signer is not None:
            self.env.signer.asked(self.now)
        self._on_commit(self)

    def _want_cards(self) -> None:
        for incident, n in self._cards.items():
            waiting = select(
                exists().where(
                    col(EffectRow.incident) == incident,
                    col(EffectRow.kind) == "card.update",
                    col(EffectRow.state) == "pending",
                )
            )
            if not self.session.execute(waiting).scalar():
                self.want(refresh_card(incident, n), "")
        self._cards = {}


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


def _lock_head(connection: Connection) -> _End:
    """The chain's end, locked: from here on this is the only writer (SQLite already is)."""
    lock = "" if connection.dialect.name == "sqlite" else " FOR UPDATE"
    row = connection.exec_driver_sql(f"{_READ_HEAD}{lock}").first()
    if row is None:
        insert_rows(connection, _HEAD, [{"id": 1, "seq": 0, "hash": "", "incidents": 0}])
        return _End(0, "", 0)
    return _End(*row)


def _effect_row(effect: Effect, now: datetime, trace: str, pace_ms: int) -> dict[str, Any]:
    return {
        "key": effect.key, "incident": effect.incident, "kind": effect.kind, "lane": effect.lane,
        "after": effect.after, "payload": effect.payload, "pace_ms": effect.pace_ms * pace_ms // 1000,
        "state": "pending", "attempts": 0, "doubt": False, "blocked": False, "next_at": effect.at or now,
        "error": "", "created_at": now, "trace": trace,
    }  # fmt: skip


def _table(model: type) -> Any:
    return inspect(model).local_table


_ENTRY, _PRIVATE, _WORDS = _table(EntryRow), _table(EntryPrivate), _table(EntryText)
_EFFECT, _HEAD = _table(EffectRow), _table(Head)
_READ_HEAD = "SELECT seq, hash, incidents FROM head WHERE id = 1"
_MOVE_HEAD = (
    update(_HEAD)
    .where(_HEAD.c.id == 1)
    .values({name: bindparam(name) for name in ("seq", "hash", "incidents")})
)
