"""Engines for SQLite and PostgreSQL that behave alike.

One engine writes (on SQLite each transaction begins IMMEDIATE, so that it never fails at the
upgrade from reading to writing), one reads and can do nothing else.
"""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, create_engine, event, make_url
from sqlalchemy.pool import QueuePool

BUSY_MS = 5_000


@dataclass(frozen=True)
class Engines:
    """The two engines of one database."""

    write: Engine
    read: Engine
    url: str

    @property
    def is_sqlite(self) -> bool:
        """Whether this is a SQLite file (else PostgreSQL)."""
        return self.write.dialect.name == "sqlite"

    def empty_log(self) -> bool:
        """Have SQLite take its write-ahead log into the file and cut it to nothing; whether it could.

        What a transaction deleted stands in the log until then, for days where little is written.
        """
        if not self.is_sqlite:
            return True
        raw = self.write.raw_connection()
        try:
            busy = raw.cursor().execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        except sqlite3.OperationalError:
            return False
        finally:
            raw.close()
        return busy is not None and not busy[0]

    def dispose(self) -> None:
        """Close every connection."""
        self.write.dispose()
        self.read.dispose()


def normal_url(url: str) -> str:
    """``postgres://`` and ``postgresql://`` become the psycopg driver's URL; others stay."""
    for prefix in ("postgres://", "postgresql://"):
        if url.startswith(prefix):
            return "postgresql+psycopg://" + url.removeprefix(prefix)
    return url


def in_words(url: str) -> str:
    """Which database that is, for people: never a password, nor a name that logs in."""
    found = make_url(normal_url(url))
    if found.drivername.startswith("sqlite"):
        return f"the SQLite file {found.database}"
    host = found.host or found.query.get("host") or "this machine"
    port = f":{found.port}" if found.port else ""
    return f"the PostgreSQL database {found.database} at {host}{port}"


def open_engines(url: str, *, readers: int = 4) -> Engines:
    """Engines for ``url``; makes the folder of a SQLite file when it is missing."""
    url = normal_url(url)
    if url.startswith("sqlite"):
        return _open_sqlite(url, readers)
    write = create_engine(url, pool_size=2, pool_pre_ping=True, insertmanyvalues_page_size=500)
    read = create_engine(url, pool_size=readers, max_overflow=4, pool_pre_ping=True)
    event.listen(read, "begin", _begin_read_only_postgres)
    return Engines(write, read, url)


def _open_sqlite(url: str, readers: int) -> Engines:
    database = make_url(url).database
    if database and database != ":memory:":
        Path(database).parent.mkdir(parents=True, exist_ok=True)
    args: dict[str, Any] = {"check_same_thread": False, "timeout": BUSY_MS / 1000}
    write = create_engine(url, connect_args=args, poolclass=QueuePool, pool_size=1)
    read = create_engine(url, connect_args=args, poolclass=QueuePool, pool_size=readers)
    event.listen(write, "connect", _prepare_sqlite)
    event.listen(write, "begin", lambda conn: conn.exec_driver_sql("BEGIN IMMEDIATE"))
    event.listen(read, "connect", _prepare_sqlite_reader)
    event.listen(read, "begin", lambda conn: conn.exec_driver_sql("BEGIN"))
    return Engines(write, read, url)


def _prepare_sqlite(raw: Any, _record: Any) -> None:
    # isolation_level None: we say BEGIN ourselves. recursive_triggers: without it INSERT OR
    # REPLACE deletes an entry without asking the trigger that forbids deletion.
    raw.isolation_level = None
    cursor = raw.cursor()
    cursor.execute("PRAGMA journal_mode=WAL")
    cursor.execute("PRAGMA synchronous=FULL")
    cursor.execute(f"PRAGMA busy_timeout={BUSY_MS}")
    cursor.execute("PRAGMA foreign_keys=ON")
    cursor.execute("PRAGMA recursive_triggers=ON")
    cursor.close()


def _prepare_sqlite_reader(raw: Any, record: Any) -> None:
    _prepare_sqlite(raw, record)
    cursor = raw.cursor()
    cursor.execute("PRAGMA query_only=ON")
    cursor.close()


def _begin_read_only_postgres(conn: Any) -> None:
    # One look sees one moment, as on SQLite: a verification must not see half of what is written.
    conn.exec_driver_sql("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
