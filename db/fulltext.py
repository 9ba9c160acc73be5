"""The full-text index over ``entry_text``, which neither the tables nor a migration can describe.

SQLite: an FTS5 table that stores no text of its own and is kept by triggers. PostgreSQL: a GIN
index. Both see nothing but words that :mod:`bot.record.search` has made: lower case, separated by
one space, so that they find the same. Called wherever the guards are put back, because a batch
migration on SQLite drops triggers without a word.
"""

# ruff: noqa: S608 - only names of this module stand in the statements
from __future__ import annotations

import sqlite3

from sqlalchemy import Connection, inspect, text

TABLE = "entry_text"
FTS = "entry_fts"
INDEX = "ix_entry_text_words"
#: PostgreSQL: each word is one lexeme as it is; no dictionary, no stemming, no positions.
VECTOR = "array_to_tsvector(string_to_array(words, ' '))"
#: From this version on FTS5 takes the words of a deleted row out of the index at once.
SECURE_DELETE = (3, 42, 0)
#: Where a list of entries is long, its last page is read as a whole to find the newest: small pages.
PAGE_BYTES = 1024
_TRIGGERS = ("entry_text_index_add", "entry_text_index_remove", "entry_text_index_change")


def install(conn: Connection) -> None:
    """Make what is missing; fills the index again when it or a trigger was gone."""
    if not inspect(conn).has_table(TABLE):
        return
    if conn.dialect.name != "sqlite":
        conn.exec_driver_sql(f"CREATE INDEX IF NOT EXISTS {INDEX} ON {TABLE} USING gin ({VECTOR})")
        return
    gone = missing(conn)
    conn.exec_driver_sql(
        f"CREATE VIRTUAL TABLE IF NOT EXISTS {FTS} USING fts5(words, content='{TABLE}', "
        "content_rowid='seq', detail=none, columnsize=0, tokenize=\"ascii tokenchars '='\")"
    )
    conn.exec_driver_sql(f"INSERT INTO {FTS}({FTS}, rank) VALUES ('pgsz', {PAGE_BYTES})")
    for statement in _triggers():
        conn.exec_driver_sql(statement)
    if sqlite3.sqlite_version_info >= SECURE_DELETE:
        conn.exec_driver_sql(f"INSERT INTO {FTS}({FTS}, rank) VALUES ('secure-delete', 1)")
    if gone:
        rebuild(conn)


def remove(conn: Connection) -> None:
    """Take the index away; the words stay in their table."""
    if conn.dialect.name != "sqlite":
        conn.exec_driver_sql(f"DROP INDEX IF EXISTS {INDEX}")
        return
    for name in _TRIGGERS:
        conn.exec_driver_sql(f"DROP TRIGGER IF EXISTS {name}")
    conn.exec_driver_sql(f"DROP TABLE IF EXISTS {FTS}")


def missing(conn: Connection) -> list[str]:
    """Names of what should be there and is not."""
    if conn.dialect.name == "sqlite":
        source = "SELECT name FROM sqlite_master WHERE type IN ('trigger', 'table')"
        wanted = [FTS, *_TRIGGERS]
    else:
        source, wanted = "SELECT indexname FROM pg_indexes", [INDEX]
    there = set(conn.execute(text(source)).scalars())
    return [name for name in wanted if name not in there]


def rebuild(conn: Connection) -> None:
    """Fill the SQLite index from the table again."""
    if conn.dialect.name == "sqlite":
        conn.exec_driver_sql(f"INSERT INTO {FTS}({FTS}) VALUES ('rebuild')")


def scrub(conn: Connection) -> None:
    """Leave no word of deleted rows behind in the index.

    An SQLite older than 3.42 keeps them until its segments are merged, so that is done here; it
    takes a few seconds with a million entries.
    """
    if conn.dialect.name == "sqlite" and sqlite3.sqlite_version_info < SECURE_DELETE:
        conn.exec_driver_sql(f"INSERT INTO {FTS}({FTS}) VALUES ('optimize')")


def is_ours(name: str | None) -> bool:
    """Whether a table or index is the search index's own, which no table class describes."""
    return name is not None and (name == INDEX or name.startswith(FTS))


def _triggers() -> list[str]:
    add, remove_, change = _TRIGGERS
    put = f"INSERT INTO {FTS}(rowid, words) VALUES (NEW.seq, NEW.words);"
    take = f"INSERT INTO {FTS}({FTS}, rowid, words) VALUES ('delete', OLD.seq, OLD.words);"
    return [
        *(f"DROP TRIGGER IF EXISTS {name}" for name in _TRIGGERS),
        f"CREATE TRIGGER {add} AFTER INSERT ON {TABLE} BEGIN {put} END",
        f"CREATE TRIGGER {remove_} AFTER DELETE ON {TABLE} BEGIN {take} END",
        f"CREATE TRIGGER {change} AFTER UPDATE ON {TABLE} BEGIN {take} {put} END",
    ]
