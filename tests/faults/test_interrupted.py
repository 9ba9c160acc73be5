"""Kill -9 inside a command: a migration and an export are there as a whole or not at all."""

from __future__ import annotations

import asyncio
import hashlib
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest
from sqlalchemy import inspect
from sqlmodel import Session, col, select

from bot.incident.opening import open_incident
from bot.record import keys
from bot.record.entry import SYSTEM
from bot.settings import ROOT
from db import guards, migrate
from db.engine import open_engines
from db.tables import EntryRow, metadata
from tests.support.houses import Run, assert_proven, make_house

KILLED = -9
OLD = b"an older export"


async def _steadyhand(
    url: str, folder: Path, *words: str, dies: tuple[str, int] | None = None
) -> subprocess.CompletedProcess[bytes]:
    moment, times = dies or ("commit", 1_000_000)
    env = {"PATH": os.environ["PATH"], "DATABASE_URL": url, "STEADYHAND_DATA_DIR": str(folder)}
    call = [sys.executable, "-m", "tests.faults.dies", moment, str(times), *words]
    return await asyncio.to_thread(
        subprocess.run, call, cwd=ROOT, env=env, capture_output=True, check=False, timeout=120
    )


# --- a migration -------------------------------------------------------------------------------------


def _tables(url: str) -> set[str]:
    engines = open_engines(url)
    try:
        return set(inspect(engines.read).get_table_names()) & set(metadata.tables)
    finally:
        engines.dispose()


def _migrated(url: str) -> None:
    engines = open_engines(url)
    try:
        assert migrate.state(engines.write) == "current"
        assert migrate.drift(engines.write) == []
        with engines.read.connect() as conn:
            assert guards.missing(conn) == []
    finally:
        engines.dispose()


FEW = [("statement", 9), ("commit", 1)]
MANY = [("statement", n) for n in (2, 5, 20, 45, 70, 100, 130)] + [("commit", 1), ("committed", 1)]


@pytest.mark.parametrize(
    "moments",
    [pytest.param(FEW, id="few"), pytest.param(MANY, id="many", marks=pytest.mark.slow)],
)
async def test_a_migration_cut_off_anywhere_is_done_again_as_a_whole(
    empty_db_url: str, tmp_path: Path, moments: Sequence[tuple[str, int]]
) -> None:
    for command in (("upgrade",), ("downgrade", "base", "--yes")):
        for dies in moments:
            before = _tables(empty_db_url)
            done = await _steadyhand(empty_db_url, tmp_path, "db", *command, dies=dies)
            if done.returncode == KILLED:
                assert _tables(empty_db_url) in (set(), set(metadata.tables)), (command, dies)
                assert dies[0] == "committed" or _tables(empty_db_url) == before
    done = await _steadyhand(empty_db_url, tmp_path, "db", "upgrade")
    assert done.returncode == 0, done.stderr
    _migrated(empty_db_url)


async def test_two_that_start_on_an_empty_database_at_once(
    empty_db_url: str, tmp_path: Path
) -> None:
    both = [
        _steadyhand(empty_db_url, tmp_path, "db", "upgrade", dies=("stall", 30)) for _ in range(2)
    ]
    for done in await asyncio.gather(*both):
        assert done.returncode == 0, done.stderr.decode()[-600:]
    _migrated(empty_db_url)


# --- an export ---------------------------------------------------------------------------------------


def _exported(url: str) -> list[str]:
    """The hashes of what was handed out, by the record."""
    engines = open_engines(url)
    try:
        with Session(engines.read) as session:
            kind = col(EntryRow.kind) == "document.exported"
            docs = session.exec(select(EntryRow.doc).where(kind).order_by(col(EntryRow.seq)))
            return list(docs)
    finally:
        engines.dispose()


@pytest.mark.parametrize(
    ("moment", "on_record"),
    [
        pytest.param("commit", 0, id="before it is saved", marks=pytest.mark.slow),
        pytest.param("committed", 1, id="saved, not written"),
        pytest.param("fsync", 1, id="in the middle of the file", marks=pytest.mark.slow),
        pytest.param("replace", 1, id="before the file gets its name"),
    ],
)
async def test_an_export_cut_off_leaves_the_old_file_or_the_new_one(
    db_url: str, tmp_path: Path, moment: str, on_record: int
) -> None:
    house = make_house(db_url, tmp_path)
    Run(house)("U01ADA", lambda tx: open_incident(tx, "Model insults customers"))
    house.change_sync(SYSTEM, keys.make)
    file = tmp_path / "inc.md"
    file.write_bytes(OLD)
    words = ("export", "INC-1", "-o", str(file))
    done = await _steadyhand(db_url, tmp_path, *words, dies=(moment, 1))
    assert done.returncode == KILLED, done.stderr
    assert file.read_bytes() == OLD
    assert len(_exported(db_url)) == on_record
    assert_proven(house)
    done = await _steadyhand(db_url, tmp_path, *words)
    assert done.returncode == 0, done.stderr
    handed_out = _exported(db_url)
    assert len(handed_out) == on_record + 1
    assert hashlib.sha256(file.read_bytes()).hexdigest() in handed_out[-1]
    assert_proven(house)
    house.close()
