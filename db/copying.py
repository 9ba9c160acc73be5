"""Every row of a database as lines of JSON in one zip, the same from SQLite and PostgreSQL.

``manifest.json`` names the shape, and the count and SHA-256 of each table; ``tables/NAME.jsonl``
holds one row a line. What can be made again from the rest (the search index) is left out.
"""

from __future__ import annotations

import hashlib
import json
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Table, func, insert, select, text

from db import migrate
from db.engine import Engines
from db.tables import metadata
from db.types import UtcDateTime

FORMAT = 1
CHUNK = 1_000
#: Made again after loading.
DERIVED = frozenset({"entry_text"})


class BadBackup(Exception):
    """The file is no backup, is damaged, or was made by another release. Says which."""


@dataclass(frozen=True)
class Manifest:
    """What a backup says about itself."""

    revision: str
    made_at: str
    engine: str
    tables: dict[str, dict[str, Any]]

    @property
    def rows(self) -> int:
        """Rows in all tables."""
        return sum(int(each["rows"]) for each in self.tables.values())


def tables() -> list[Table]:
    """Tables that are copied, in the order in which they are loaded."""
    return [table for table in metadata.sorted_tables if table.name not in DERIVED]


def write(engines: Engines, path: Path, now: datetime) -> Manifest:
    """Copy one moment of the database into ``path`` while others go on working with it.

    SQLite reads in one transaction on its WAL, PostgreSQL in one that is REPEATABLE READ; neither
    waits for writers or holds them up.
    """
    with engines.read.connect() as conn:
        if not engines.is_sqlite:
            conn = conn.execution_options(isolation_level="REPEATABLE READ")
        with conn.begin(), zipfile.ZipFile(path, "x", zipfile.ZIP_DEFLATED, compresslevel=3) as out:
            revision = migrate.current(conn) or ""
            found = {table.name: _write_table(conn, table, out) for table in tables()}
            made = Manifest(revision, now.astimezone(UTC).isoformat(), conn.dialect.name, found)
            about = {"format": FORMAT, **made.__dict__}
            out.writestr("manifest.json", json.dumps(about, indent=1))
    return made


def _write_table(conn: Connection, table: Table, out: zipfile.ZipFile) -> dict[str, Any]:
    digest, count = hashlib.sha256(), 0
    statement = select(table).order_by(*table.primary_key.columns)
    rows = conn.execution_options(yield_per=CHUNK).execute(statement).mappings()
    with out.open(_name(table), "w", force_zip64=True) as file:
        for row in rows:
            line = json.dumps(dict(row), default=_moment, ensure_ascii=False) + "\n"
            data = line.encode()
            digest.update(data)
            file.write(data)
            count += 1
    return {"rows": count, "sha256": digest.hexdigest()}


def _name(table: Table) -> str:
    return f"tables/{table.name}.jsonl"


def _moment(value: Any) -> str:
    if isinstance(value, datetime):
        return value.isoformat()
    raise TypeError(f"{type(value).__name__} cannot be in a backup")


def read_manifest(path: Path) -> Manifest:
    """What the file says about itself. Raises ``BadBackup``."""
    try:
        with zipfile.ZipFile(path) as source:
            about = json.loads(source.read("manifest.json"))
    except (zipfile.BadZipFile, KeyError, ValueError) as problem:
        raise BadBackup("it is not a backup, or it was cut short") from problem
    if about.pop("format", None) != FORMAT:
        raise BadBackup("its format is of another release")
    made = Manifest(**about)
    if made.revision != migrate.HEAD:
        raise BadBackup(
            f"it has the shape {made.revision}, this release has {migrate.HEAD}; "
            "restore it with the release that made it, then upgrade"
        )
    if set(made.tables) != {table.name for table in tables()}:
        raise BadBackup("it does not hold the tables of this release")
    return made


def load(conn: Connection, path: Path, made: Manifest) -> None:
    """Put every row into the empty tables of ``conn``'s transaction. Raises ``BadBackup``."""
    try:
        with zipfile.ZipFile(path) as source:
            for table in tables():
                _load_table(conn, table, source, made.tables[table.name])
    except (zipfile.BadZipFile, EOFError, ValueError) as problem:
        raise BadBackup("it is damaged") from problem
    if conn.dialect.name != "sqlite":
        _go_on_counting(conn)


def _load_table(
    conn: Connection, table: Table, source: zipfile.ZipFile, about: dict[str, Any]
) -> None:
    digest = hashlib.sha256()
    statement = insert(table)
    for rows in _chunks(table, source, digest):
        conn.execute(statement, rows)
    there = conn.execute(select(func.count()).select_from(table)).scalar_one()
    if (there, digest.hexdigest()) != (about["rows"], about["sha256"]):
        raise BadBackup(f"the table {table.name} is not what the backup says it holds")


def _chunks(table: Table, source: zipfile.ZipFile, digest: Any) -> Iterator[list[dict[str, Any]]]:
    times = [column.name for column in table.columns if isinstance(column.type, UtcDateTime)]
    rows = []
    with source.open(_name(table)) as file:
        for line in file:
            digest.update(line)
            row = json.loads(line)
            for name in times:
                if row[name] is not None:
                    row[name] = datetime.fromisoformat(row[name])
            rows.append(row)
            if len(rows) == CHUNK:
                yield rows
                rows = []
    if rows:
        yield rows


def _go_on_counting(conn: Connection) -> None:
    """PostgreSQL's sequences know nothing of numbers that were loaded."""
    for table in tables():
        column = table.autoincrement_column
        if column is None:
            continue
        last = conn.execute(select(func.max(column))).scalar()
        if last is not None:
            found = conn.execute(
                text("SELECT pg_get_serial_sequence(:t, :c)"), {"t": table.name, "c": column.name}
            ).scalar()
            if found:
                conn.execute(text("SELECT setval(:s, :n)"), {"s": found, "n": last})


def is_empty(conn: Connection) -> bool:
    """Whether no table holds a row (what was learnt from Slack does not count)."""
    return not any(
        conn.execute(select(table).limit(1)).first() for table in tables() if table.name != "known"
    )
