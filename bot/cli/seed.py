# ruff: noqa: S311 - random numbers that anybody may guess
"""``steadyhand seed``: a database with a long past, to measure on. Never for a database in use.

Every entry goes through the same code as a real one, and so does the state: only the session is
another, one that keeps an incident's rows in memory and writes them a thousand at a time. So the
chain verifies, and the state is what a rebuild leads to.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import Random
from typing import Any

import click
from sqlalchemy import Connection, insert, inspect

from bot.cli.shared import a_house
from bot.errors import Conflict
from bot.house import House
from bot.incident.names import channel_name
from bot.record import catalogue as c
from bot.record.batch import Batch, Env
from bot.record.entry import Actor, Entry
from bot.record.tx import Tx
from bot.timing import rfc3339
from db.tables import ActionItem, Delivery, EffectRow, Head, Incident, RecordItem

PEOPLE = tuple(f"U{number:03d}A" for number in range(97))
#: Incidents a transaction.
CHUNK = 200
#: One incident in so many is still open, private, a drill.
OPEN_EVERY, PRIVATE_EVERY, DRILL_EVERY = 2_000, 50, 20
_SYLLABLES = [
    "ba",
    "ce",
    "di",
    "fo",
    "gu",
    "ha",
    "je",
    "ki",
    "lo",
    "mu",
    "na",
    "pe",
    "qui",
    "ro",
    "su",
    "ta",
    "ve",
    "wi",
    "xo",
    "zu",
]


@click.command()
@click.option("--incidents", default=1_000, show_default=True, help="How many incidents to make.")
@click.option("--entries", default=10_000, show_default=True, help="Entries in all of them.")
@click.option(
    "--seed", "number", default=1, show_default=True, help="The same number, the same past."
)
@click.option("--yes", is_flag=True, help="Also into a database that holds incidents.")
def seed(incidents: int, entries: int, number: int, yes: bool) -> None:
    """Fill a database with made-up incidents, to measure how it behaves with a long past."""
    with a_house() as house:
        done = 0
        for done in fill(house, incidents, entries, number, yes=yes):
            click.echo(f"\r{done} of {incidents} incidents", nl=False, err=True)
    click.echo(f"\r{done} incidents were made up.")


def fill(
    house: House, incidents: int, entries: int, number: int = 1, *, yes: bool = False
) -> Iterator[int]:
    """Make incidents up; gives the count so far. Raises ``Conflict`` when there are some already."""
    head = house.read_sync(lambda session: session.get(Head, 1))
    if head is not None and head.seq and not yes:
        raise Conflict(
            "This database holds incidents.",
            instead="Name an empty one in DATABASE_URL; --yes adds to this one, for ever.",
        )
    past = _Past(Random(number), house.clock.now(), incidents, max(1, round(entries / incidents)))
    for start in range(0, incidents, CHUNK):
        count = min(CHUNK, incidents - start)
        with house.engines.write.begin() as conn:
            _chunk(conn, house.env, past, start, count)
        yield start + count
    with house.engines.write.begin() as conn:
        if not house.engines.is_sqlite:  # its own housekeeping may be at the same tables
            conn.exec_driver_sql("SET LOCAL lock_timeout = 0")
        conn.exec_driver_sql("ANALYZE")


@dataclass
class _Past:
    """What happens: who, when, which words. Everything follows from the random numbers."""

    random: Random
    now: datetime
    incidents: int
    entries: int
    words: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        pick = self.random.choice
        self.words = ["".join(pick(_SYLLABLES) for _ in range(2 + i % 3)) for i in range(4_000)]

    def text(self, count: int) -> str:
        """Words, some far more frequent than others."""
        most = len(self.words)
        return " ".join(self.words[int(most * self.random.random() ** 3)] for _ in range(count))

    def began(self, index: int) -> datetime:
        """The moment of an incident; they are spread over three years."""
        part = (self.incidents - index) / self.incidents
        return self.now - timedelta(days=1) - timedelta(days=3 * 365) * part


class _Rows:
    """A session that remembers rows instead of asking the database; written by ``flush``."""

    def __init__(self, conn: Connection) -> None:
        self.info: dict[Any, Any] = {}
        self._conn = conn
        self._kept: dict[type, dict[Any, Any]] = {}

    def connection(self) -> Connection:
        """The real one."""
        return self._conn

    def get(self, model: type, key: Any, **_: Any) -> Any:
        """A row made in this transaction."""
        self._take_pending()
        return self._kept.get(model, {}).get(key)

    def add(self, row: Any) -> None:
        """Keep a row under its key."""
        shape: Any = inspect(type(row))
        keys = [getattr(row, column.name) for column in shape.primary_key]
        key = keys[0] if len(keys) == 1 else tuple(keys)
        self._kept.setdefault(type(row), {})[key] = row

    def _take_pending(self) -> None:
        for table, rows in self.info.pop("pending_rows", {}).items():
            for row in rows:
                self.add(table(**row))

    def flush(self) -> None:
        """Write what was kept: one statement a table."""
        self._take_pending()
        for model, rows in self._kept.items():
            shape: Any = inspect(model)
            names = [column.key for column in shape.columns]
            values = [{name: getattr(row, name) for name in names} for row in rows.values()]
            self._conn.execute(insert(model), values)
        self._kept = {}


def _chunk(conn: Connection, env: Env, past: _Past, start: int, count: int) -> None:
    rows = _Rows(conn)
    batch = Batch(rows, env, past.now)  # type: ignore[arg-type]
    batch.env = Env(content=env.content, projectors=env.projectors)
    effects: list[dict[str, Any]] = []
    for index in range(start, start + count):
        effects += _incident(batch, past, index)
    batch.flush()
    conn.execute(insert(EffectRow), effects)
    seen = [{"key": row["key"], "received_at": row["created_at"], "answer": None} for row in effects[::3]]  # fmt: skip
    conn.execute(insert(Delivery), seen)


def _incident(batch: Batch, past: _Past, index: int) -> list[dict[str, Any]]:
    """One incident from its opening to its end. Returns effects that were done for it."""
    random, at = past.random, past.began(index)
    number = batch.next_incident()
    opener = PEOPLE[index % len(PEOPLE)]
    drill, private = number % DRILL_EVERY == 0, number % PRIVATE_EVERY == 7
    title = past.text(5).capitalize()
    name = channel_name(number, title, drill=drill)
    put = _putter(batch, number, at, random)
    put(opener, c.IncidentOpened(number=number, drill=drill, private=private, channel_name=name, title=title, opener=opener))  # fmt: skip
    put("system", c.ChannelMade(channel_id=f"C0S{number}", channel_name=name))
    put("system", c.CardPosted(channel_id=f"C0S{number}", ts=f"17.{number:06d}"))
    ending = _ending(random, index)
    for n in range(max(0, past.entries - 3 - len(ending))):
        put(random.choice(PEOPLE), _said(past, index, n))
    for entry in ending:
        put(opener, entry)
    return [_done(number, kind, at) for kind in ("channel.create", "card.post", "announce.post")]


def _putter(
    batch: Batch, number: int, at: datetime, random: Random
) -> Callable[[str, Entry], None]:
    moment = at

    def put(person: str, entry: Entry) -> None:
        nonlocal moment
        moment += timedelta(seconds=random.randint(5, 600))
        batch.now = moment.replace(microsecond=0)
        Tx(batch, Actor(person, "slash")).append(entry, number, role="responder")

    return put


def _said(past: _Past, index: int, n: int) -> Entry:
    """What somebody puts on the record."""
    text, kind = past.text(12), (index + n) % 6
    if kind == 1:
        return c.DecisionMade(statement=text, rationale=past.text(8), topic="scope")
    if kind == 2:
        return c.HypothesisStated(text=text)
    if kind == 3:
        return c.EvidenceAdded(text=text, location=past.text(3))
    if kind == 4:
        return c.UpdatePosted(text=text, next_update_at=None)
    if kind == 5:
        due = rfc3339(past.began(index) + timedelta(days=30))
        return c.ActionAdded(number=n + 1, action_kind="prevent", due_at=due, text=text, owner=past.random.choice(PEOPLE))  # fmt: skip
    return c.NoteAdded(text=text)


def _ending(random: Random, index: int) -> list[Entry]:
    level = random.choice(("SEV1", "SEV2", "SEV3", "SEV3", "SEV4"))
    out: list[Entry] = [c.SeveritySet(severity=level, tempo="acute", families=[])]
    if (index + 1) % OPEN_EVERY:
        out += [
            c.IncidentContained(statement="It stopped"),
            c.IncidentResolved(),
            c.IncidentClosed(),
        ]
    return out


def _done(number: int, kind: str, at: datetime) -> dict[str, Any]:
    lane = f"{kind}:{number}"
    row = EffectRow(
        key=f"seed:{lane}", incident=number, kind=kind, lane=lane, payload={}, state="done",
        attempts=1, next_at=at, created_at=at, done_at=at, first_try_at=at, result={},
    )  # fmt: skip
    return row.model_dump(exclude={"id"})


#: Tables that hold rows afterwards, besides the record itself.
FILLED: tuple[type, ...] = (Incident, RecordItem, ActionItem, EffectRow)
