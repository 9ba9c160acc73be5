"""What people look at every day is found by an index, however long the past is."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from sqlalchemy import event
from sqlmodel import Session

from bot.cli.seed import PEOPLE, fill
from bot.effects import store
from bot.effects.dispatcher import Dispatcher
from bot.house import House
from bot.incident import queries
from bot.incident.opening import open_incident
from bot.playbook import asked, steps
from bot.record import read, search
from bot.record.query import parse
from bot.slack.overview import home_view
from bot.slack.surfaces import home_sections
from bot.web import metrics
from tests.support.databases import sqlite_copy
from tests.support.houses import Run, make_house

ADA = PEOPLE[3]


@contextmanager
def statements(engine: Any) -> Iterator[list[tuple[str, Any]]]:
    """What is sent to the database in the block."""
    sent: list[tuple[str, Any]] = []

    def note(conn: Any, cursor: Any, statement: str, given: Any, *_: Any) -> None:
        sent.append((statement, given))

    event.listen(engine, "before_cursor_execute", note)
    yield sent
    event.remove(engine, "before_cursor_execute", note)


@pytest.fixture
def past(sqlite_template: Path, tmp_path: Path) -> Iterator[House]:
    """A house with three hundred incidents behind it, on SQLite."""
    house = make_house(sqlite_copy(sqlite_template, tmp_path), tmp_path)
    list(fill(house, 300, 3_000))
    yield house
    house.close()


LOOKS: dict[str, Callable[[Session, House], object]] = {
    "open incidents": lambda s, h: queries.open_incidents(s, ADA),
    "mine": lambda s, h: queries.mine(s, ADA),
    "my steps": lambda s, h: steps.steps_of(s, ADA),
    "my approvals": lambda s, h: asked.waiting_for(s, ADA),
    "timeline": lambda s, h: read.latest(s, 150, 200),
    "search": lambda s, h: search.find(s, parse("ba since:7d", h.clock.now()), ADA),
    "an effect that is ready": lambda s, h: store.any_ready(s, h.clock.now(), store.Except([7], ["x"])),
    "effects to claim": lambda s, h: store.claim(s, h.clock.now(), "me", 20),
    "owners": lambda s, h: store.owners(s),
    "troubles": lambda s, h: store.troubles(s, 150),
    "metrics": lambda s, h: metrics.look(s, h.clock.now()),
}  # fmt: skip
#: A walk along one of these is short, or ends at the limit.
SHORT = (
    "ix_incident_live",
    "ix_effect_open",
    "ix_effect_failed",
    "entry_fts VIRTUAL",
    "checkpoint",
)


@pytest.mark.parametrize("name", LOOKS)
def test_no_look_walks_along_the_whole_past(past: House, name: str) -> None:
    for title in ("Today", "Today as well"):
        Run(past)(ADA, lambda tx, title=title: open_incident(tx, title))
    with statements(past.engines.read) as sent:
        past.read_sync(lambda session: LOOKS[name](session, past))
    selects = [each for each in sent if each[0].lstrip().startswith("SELECT")]
    assert selects
    with past.engines.read.connect() as conn:
        for statement, given in selects:
            plan = conn.exec_driver_sql("EXPLAIN QUERY PLAN " + statement, given).all()
            walks = [row[-1] for row in plan if str(row[-1]).startswith("SCAN")]
            bad = [walk for walk in walks if not any(word in walk for word in SHORT)]
            if "ORDER BY entry.seq DESC" in statement and "LIMIT" in statement:
                continue  # the last entry
            assert not bad, f"{bad}\n{statement}"


def test_opening_takes_the_same_statements_whatever_the_past(house: House, run: Run) -> None:
    run(ADA, lambda tx: open_incident(tx, "Warm"))
    counts = []
    for title in ("First", "After many"):
        with statements(house.engines.write) as sent:
            run(ADA, lambda tx, title=title: open_incident(tx, title))
        counts.append(len(sent))
        list(fill(house, 150, 1_500, yes=True))
    assert counts[0] == counts[1]


def test_what_one_has_to_do_takes_the_same_statements_however_much_is_open(
    house: House, run: Run
) -> None:
    asking = SimpleNamespace(user=ADA, house=house)
    looks: list[Callable[[Session], object]] = [
        lambda s: steps.steps_of(s, ADA),
        lambda s: home_view(s, asking, home_sections()),  # type: ignore[arg-type]
    ]
    counts = []
    for many in (2, 6):
        for number in range(many):
            run(ADA, lambda tx, n=number, m=many: open_incident(tx, f"Number {n} of {m}"))
        with statements(house.engines.read) as sent:
            for look in looks:
                house.read_sync(look)
        counts.append(len(sent))
    assert counts[0] == counts[1]


async def test_an_idle_dispatcher_does_not_take_the_write_lock(past: House) -> None:
    dispatcher = Dispatcher(
        past.writer, lambda kind: None, tasks={}, returned={}, failed=lambda *_: None,
        look=past.any_effect_ready,
    )  # fmt: skip
    begun: list[None] = []
    event.listen(past.engines.write, "begin", lambda conn: begun.append(None))
    task = asyncio.create_task(dispatcher.run())
    await asyncio.sleep(2.2)
    await dispatcher.stop()
    await task
    assert dispatcher.last_round is not None
    assert len(begun) <= 1  # the upkeep, once in five seconds
