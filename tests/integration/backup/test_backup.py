"""A backup is one moment of the database, and comes back whole on either engine."""

from __future__ import annotations

import json
import stat
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlmodel import select

from bot.cli.backup import bring_back, save
from bot.cli.seed import fill
from bot.errors import BadInput, Conflict
from bot.house import House
from bot.incident import items, queries
from bot.incident.opening import open_incident
from bot.record import search
from bot.record.query import parse
from db import guards, migrate
from db.copying import tables
from db.engine import open_engines
from db.tables import EffectRow
from tests.conftest import ENGINES
from tests.support.houses import Run, assert_proven, make_house

ADA = "U01ADA"


@pytest.fixture(params=ENGINES)
def target(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The address of another, empty database, on each engine in turn."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'target.db'}"
        return
    with request.getfixturevalue("postgres").database(empty=True) as url:
        yield url


@pytest.fixture
def lived(house: House, run: Run) -> House:
    """A made-up past and a real incident with umlauts, a private one, waiting effects."""
    list(fill(house, 12, 120))
    run(ADA, lambda tx: open_incident(tx, "Grüße 日本 <&> \u2028 ' \"", private=True))
    run(ADA, lambda tx: items.note(tx, queries.get(tx.session, 13), "tab\t and ümlaut"))
    return house


def rows(house: House) -> dict[str, list[tuple[object, ...]]]:
    """Everything, table by table."""
    with house.engines.read.connect() as conn:
        return {
            table.name: [
                tuple(row) for row in conn.execute(select(table).order_by(*table.primary_key.columns))
            ]
            for table in tables()
        }  # fmt: skip


def test_it_comes_back_whole_on_either_engine(lived: House, target: str, tmp_path: Path) -> None:
    file = tmp_path / "one.zip"
    made = save(lived.engines, file)
    assert made.tables["entry"]["rows"] == 122
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    engines = open_engines(target)
    assert bring_back(engines, migrate.state(engines.write), file) == 122
    engines.dispose()
    there = make_house(target, tmp_path / "there")
    try:
        before, after = rows(lived), rows(there)
        for name, found in before.items():
            assert after[name] == found, name
        assert_proven(there)
        _goes_on(there)
    finally:
        there.close()


def _goes_on(there: House) -> None:
    """Guards stand, the index finds, numbers go on."""
    with there.engines.write.connect() as conn:
        assert guards.missing(conn) == []
    with pytest.raises(DBAPIError, match="append-only"), there.engines.write.begin() as conn:
        conn.execute(text("DELETE FROM entry"))
    query = parse("ümlaut", there.clock.now())
    assert len(there.read_sync(lambda s: search.find(s, query, ADA))[0]) == 1
    assert there.read_sync(lambda s: search.find(s, query, "U0OUT"))[0] == []
    opened = Run(there)(ADA, lambda tx: open_incident(tx, "After the fire"))
    assert opened.number == 14
    keys = there.read_sync(lambda s: [row.id for row in s.exec(select(EffectRow))])
    assert len(keys) == len(set(keys))
    assert_proven(there)


def test_a_database_with_rows_is_left_alone(lived: House, tmp_path: Path) -> None:
    file = tmp_path / "one.zip"
    save(lived.engines, file)
    before = rows(lived)
    with pytest.raises(Conflict, match="holds data"):
        bring_back(lived.engines, "current", file)
    assert rows(lived) == before
    with pytest.raises(Conflict, match="exists already"):
        save(lived.engines, file)


def test_a_backup_is_one_moment_while_others_write(lived: House, run: Run, tmp_path: Path) -> None:
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(1) as pool:
        work = pool.submit(lambda: [
            run(ADA, lambda tx, n=n: open_incident(tx, f"Meanwhile {n}")) for n in range(25)
        ])  # fmt: skip
        made = save(lived.engines, tmp_path / "one.zip")
        work.result()
    engines = open_engines(f"sqlite:///{tmp_path / 'moment.db'}")
    assert bring_back(engines, "empty", tmp_path / "one.zip") == made.tables["entry"]["rows"]
    engines.dispose()


def _cut(file: Path) -> None:
    file.write_bytes(file.read_bytes()[:-200])


def _flip(file: Path) -> None:
    data = bytearray(file.read_bytes())
    data[len(data) // 3] ^= 0xFF
    file.write_bytes(bytes(data))


def _rewrite(file: Path, name: str, change: tuple[str, str]) -> None:
    with zipfile.ZipFile(file) as source:
        found = {each: source.read(each).decode() for each in source.namelist()}
    assert change[0] in found[name]
    found[name] = found[name].replace(*change)
    if name != "manifest.json":  # and somebody who knows the format makes the sums fit
        import hashlib

        about = json.loads(found["manifest.json"])
        key = Path(name).stem
        about["tables"][key]["sha256"] = hashlib.sha256(found[name].encode()).hexdigest()
        found["manifest.json"] = json.dumps(about)
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as out:
        for each, data in found.items():
            out.writestr(each, data)


FAULTS = {
    "cut short": _cut,
    "a flipped byte": _flip,
    "not a zip": lambda file: file.write_text("hello"),
    "of another release": lambda file: _rewrite(file, "manifest.json", ('"revision": "', '"revision": "x')),
    "an entry was changed": lambda file: _rewrite(
        file, "tables/entry.jsonl", ("incident.closed", "incident.clased")
    ),
    "words were changed": lambda file: _rewrite(
        file, "tables/entry_private.jsonl", ("tab\\t and", "tub\\t and")
    ),
}  # fmt: skip


@pytest.mark.parametrize("fault", FAULTS)
def test_what_is_not_whole_is_not_restored(
    sqlite_template: Path, tmp_path: Path, fault: str
) -> None:
    from tests.support.databases import sqlite_copy

    house = make_house(sqlite_copy(sqlite_template, tmp_path), tmp_path)
    list(fill(house, 12, 120))
    Run(house)(ADA, lambda tx: open_incident(tx, "Real"))
    Run(house)(ADA, lambda tx: items.note(tx, queries.get(tx.session, 13), "tab\t and"))
    file = tmp_path / "one.zip"
    save(house.engines, file)
    house.close()
    FAULTS[fault](file)
    engines = open_engines(f"sqlite:///{tmp_path / 'target.db'}")
    with pytest.raises(BadInput, match="not restored"):
        bring_back(engines, "empty", file)
    if migrate.state(engines.write) == "current":
        with engines.read.connect() as conn:
            assert conn.execute(text("SELECT count(*) FROM entry")).scalar() == 0
    engines.dispose()
