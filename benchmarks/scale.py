"""Does it stay as quick with a long past? An empty database beside one with many incidents.

``python -m benchmarks.scale --incidents 20000 --entries 200000``. Both databases are measured in
turn in one run, so what counts is the ratio. Prints the plans of the queries as well.
"""

from __future__ import annotations

import argparse
import os
import shutil
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from sqlalchemy import Engine, event
from sqlmodel import Session

from bot.cli.seed import PEOPLE, fill
from bot.comms.page import read_page
from bot.effects import store
from bot.house import House
from bot.incident import items, queries
from bot.incident.opening import open_incident
from bot.playbook import steps
from bot.record import read, search, timeline
from bot.record.query import parse
from bot.record.rebuild import check_incident
from bot.record.verify import verify_incident
from bot.slack import card
from bot.slack.overview import home_view
from bot.slack.search import page as search_page
from bot.slack.surfaces import card_parts, home_sections
from bot.web import metrics
from db.tables import Head
from tests.support.databases import postgres_server
from tests.support.houses import Run, make_house
from tests.support.outside import Outside

#: Somebody who commanded one incident in so many of the past.
ADA = PEOPLE[3]
TARGET = 1.2


class Probe:
    """One database with a few incidents of today, and what people do with them."""

    def __init__(self, house: House) -> None:
        self.house = house
        self.run = Run(house)
        self.opened = 0
        self.number = 0
        for _ in range(5):
            self.open()
        Outside(house).settle()
        for n in range(30):
            self.run(ADA, lambda tx, n=n: items.note(tx, queries.get(tx.session, self.number), f"Sparrow {n} rolled back"))  # fmt: skip
        Outside(house).settle()

    def open(self) -> None:
        """As ``/incident open`` up to the commit."""
        self.opened += 1
        self.number = self.run(ADA, lambda tx: open_incident(tx, f"Probe {self.opened}")).number

    def see(self, look: Callable[[Session], Any]) -> Callable[[], Any]:
        """A look at the database."""
        return lambda: self.house.read_sync(look)

    def deeds(self) -> dict[str, Callable[[], Any]]:
        """Name -> what is measured."""
        env, number, see = self.house.env, self.number, self.see
        asking = SimpleNamespace(user=ADA, house=self.house)

        def finds(typed: str) -> Callable[[], Any]:
            query, titles = parse(typed, self.house.clock.now()), env.content.role_titles

            def look(session: Session) -> Any:
                hits, after = search.find(session, query, ADA)
                return search_page(hits, typed, after, titles)

            return see(look)

        def line_up(session: Session) -> list[Any]:
            return [timeline.line(each) for each in read.latest(session, number, 200)]

        now = self.house.clock.now
        return {
            "open (commit)": self.open,
            "card": see(lambda s: card.render(s, queries.get(s, number), env, card_parts())),
            "next": see(lambda s: steps.steps_of(s, ADA)),
            "timeline": see(line_up),
            "search a word": finds("sparrow"),
            "search, filtered": finds("rolled kind:note since:1h drill:no"),
            "search a beginning": finds("sparr"),
            "list": see(lambda s: queries.open_incidents(s, ADA)),
            "mine": see(lambda s: queries.mine(s, ADA)),
            "App Home": see(lambda s: home_view(s, asking, home_sections())),  # type: ignore[arg-type]
            "metrics": see(lambda s: metrics.look(s, now())),
            "status page": see(lambda s: read_page(s, env.content, now())),
            "verify one": see(lambda s: verify_incident(s, number)),
            "rebuild one": see(lambda s: check_incident(s, env.projectors, number)),
            "upkeep": lambda: self.run("system", lambda tx: store.clock_went_back(tx.session, now(), store.LEASE)),
            "claim, none due": lambda: self.run("system", lambda tx: store.claim(tx.session, now(), "bench", 20)),
        }  # fmt: skip


def median_ms(deeds: list[Callable[[], Any]], rounds: int) -> list[float]:
    """Median time of each, taken in turn so that the machine's moods meet both."""
    taken: list[list[float]] = [[] for _ in deeds]
    for _ in range(rounds):
        for deed, times in zip(deeds, taken, strict=True):
            start = time.perf_counter()
            deed()
            times.append((time.perf_counter() - start) * 1000)
    return [statistics.median(times) for times in taken]


@contextmanager
def statements(engines: list[Engine]) -> Iterator[list[tuple[str, Any]]]:
    """Every statement sent to the database in the block."""
    sent: list[tuple[str, Any]] = []

    def note(conn: Any, cursor: Any, statement: str, given: Any, context: Any, many: bool) -> None:
        sent.append((statement, given))

    for engine in engines:
        event.listen(engine, "before_cursor_execute", note)
    try:
        yield sent
    finally:
        for engine in engines:
            event.remove(engine, "before_cursor_execute", note)


def count_opening(probe: Probe) -> int:
    """Statements that opening one incident takes."""
    with statements([probe.house.engines.write]) as sent:
        probe.open()
    return sum(1 for statement, _ in sent if not statement.startswith("BEGIN"))


def plans(probe: Probe, name: str) -> list[str]:
    """How the database goes about each look of a deed, one line a step."""
    engines = probe.house.engines
    with statements([engines.read, engines.write]) as sent:
        probe.deeds()[name]()
    head = "EXPLAIN QUERY PLAN " if engines.is_sqlite else "EXPLAIN "
    out = []
    with engines.read.connect() as conn:
        for statement, given in sent:
            if not statement.lstrip().startswith("SELECT"):
                continue
            try:
                rows = conn.exec_driver_sql(head + statement, given).all()
            except Exception as problem:
                out.append(f"? {problem}")
                continue
            out += [str(row[-1]) for row in rows]
    return out


def report(engine: str, empty: Probe, full: Probe, rounds: int, explain: bool) -> list[str]:
    """One table; lines over the target are marked."""
    print(f"\n{engine}: milliseconds, median of {rounds}")
    print(f"{'':22}{'empty':>9}{'full':>9}{'ratio':>8}")
    slow = []
    few, many = empty.deeds(), full.deeds()
    for name in few:
        most = max(3, rounds // 10) if "rebuild" in name else rounds
        one, other = median_ms([few[name], many[name]], most)
        mark = "  <--" if other / one > TARGET else ""
        slow += [name] if mark else []
        print(f"{name:22}{one:9.2f}{other:9.2f}{other / one:8.2f}{mark}")
    first, last = count_opening(empty), count_opening(full)
    print(f"statements to open the first and the next of many: {first} and {last}")
    assert first == last, "opening takes more queries with a long past"
    for name in many if explain else slow:
        print(f"\nplan of «{name}»")
        print("\n".join(f"    {line}" for line in plans(full, name)))
    return slow


def seeded(url: str, folder: Path, args: argparse.Namespace) -> House:
    """A house with a past, unless it has one already."""
    house = make_house(url, folder)
    if house.read_sync(lambda session: session.get(Head, 1)) is None:
        start = time.perf_counter()
        for _ in fill(house, args.incidents, args.entries):
            pass
        print(f"seeded in {time.perf_counter() - start:.0f} s", flush=True)
        if not house.engines.is_sqlite:  # a past of years was tidied long ago, not minutes
            tidy(house)
    return house


def tidy(house: House) -> None:
    """What PostgreSQL does by itself within minutes, so that it is not measured while it does."""
    with house.engines.write.connect() as conn:
        conn.execution_options(isolation_level="AUTOCOMMIT")
        for statement in ("VACUUM (ANALYZE)", "CHECKPOINT"):
            conn.exec_driver_sql(statement)


def both(engine: str, urls: tuple[str, str], folder: Path, args: argparse.Namespace) -> None:
    """Measure one kind of database."""
    houses = [make_house(urls[0], folder), seeded(urls[1], folder, args)]
    try:
        empty, full = (Probe(house) for house in houses)
        report(engine, empty, full, args.rounds, args.plans)
    finally:
        for house in houses:
            house.close()


def main() -> None:
    """Read the arguments and measure."""
    parse_args = argparse.ArgumentParser(description=__doc__)
    parse_args.add_argument("--incidents", type=int, default=20_000)
    parse_args.add_argument("--entries", type=int, default=200_000)
    parse_args.add_argument("--rounds", type=int, default=100)
    parse_args.add_argument("--only", choices=["sqlite", "postgres"])
    parse_args.add_argument(
        "--plans", action="store_true", help="print all plans, not only slow ones"
    )
    parse_args.add_argument(
        "--keep", type=Path, help="folder of the seeded SQLite file, to be used again"
    )
    args = parse_args.parse_args()
    print(f"{args.incidents} incidents, {args.entries} entries, {os.cpu_count()} cores")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        if args.only != "postgres":
            past = folder / "past.db"
            if args.keep:  # measured on a copy: what is opened here is no part of the past
                kept = args.keep / "past.db"
                seeded(f"sqlite:///{kept}", folder, args).close()
                shutil.copyfile(kept, past)
            both("SQLite", (f"sqlite:///{folder / 'new.db'}", f"sqlite:///{past}"), folder, args)
        if args.only != "sqlite":
            with postgres_server() as server, server.database() as new, server.database() as past_:
                both("PostgreSQL", (new, past_), folder, args)


if __name__ == "__main__":
    main()
