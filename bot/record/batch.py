"""One transaction before its commit: the chain's end, and rows that are written many at a time.

Several verbs share a batch when several wait (see ``db.writer``). What a verb sees of it is
``bot.record.tx.Tx``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, bindparam, exists, inspect, select, update
from sqlmodel import Session, col

from bot.effects.kinds import Effect, refresh_card
from bot.record import search
from bot.record.entry import (
    Recorded,
    canonical,
    leaf_hash,
)
from db import pending
from db.bulk import insert_rows
from db.tables import (
    EffectRow,
    EntryPrivate,
    EntryRow,
    EntryText,
    Head,
    Incident,
)

if TYPE_CHECKING:
    from bot.record.tx import Tx

Projector = Callable[[Session, Recorded], None]
#: What else follows from an entry of a kind, live only: never called when state is rebuilt.
Follower = Callable[["Tx", Recorded], None]


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
    #: Counts what each person opened lately; None: nobody is held back.
    openings: Any = None


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
        #: Words were deleted: nothing of them may stay in the database's own log.
        self.overwritten = False
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
        self._want_cards()
        wanted = list(self._effects.values())
        insert_rows(self.session.connection(), _EFFECT, wanted, unless_known="key")
        self.effects_stored += len(wanted)
        self._effects = {}

    def all_begun(self) -> None:
        """Whatever could be begun of what was stored is: nobody has to be told of it."""
        self.effects_stored = 0

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
