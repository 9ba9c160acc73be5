"""Triggers that make the record append-only in the database itself.

A batch migration on SQLite drops triggers without a word, so every migration ends with
:func:`install`, and the start checks :func:`missing`.
"""

from __future__ import annotations

from sqlalchemy import Connection, text

from db import fulltext

#: Append-only tables; each has a primary key ``seq``.
GUARDED = ("entry", "checkpoint")


def install(conn: Connection) -> None:
    """Create the triggers again (they are dropped first, so this may be called at any time)."""
    statements = _sqlite() if conn.dialect.name == "sqlite" else _postgres()
    for statement in statements:
        conn.exec_driver_sql(statement)
    fulltext.install(conn)


def remove(conn: Connection) -> None:
    """Take the triggers away; only a migration that changes a guarded table does this."""
    for table in GUARDED:
        for trigger in _names(conn.dialect.name, table):
            where = "" if conn.dialect.name == "sqlite" else f" ON {table}"
            conn.exec_driver_sql(f"DROP TRIGGER IF EXISTS {trigger}{where}")
    fulltext.remove(conn)


def missing(conn: Connection) -> list[str]:
    """Names of triggers, and of parts of the search index, that should be there and are not."""
    source = (
        "SELECT name FROM sqlite_master WHERE type = 'trigger'"
        if conn.dialect.name == "sqlite"
        else "SELECT tgname FROM pg_trigger WHERE NOT tgisinternal"
    )
    there = set(conn.execute(text(source)).scalars())
    wanted = [name for table in GUARDED for name in _names(conn.dialect.name, table)]
    return [name for name in wanted if name not in there] + fulltext.missing(conn)


def _names(dialect: str, table: str) -> list[str]:
    last = "replace" if dialect == "sqlite" else "truncate"
    return [f"{table}_no_update", f"{table}_no_delete", f"{table}_no_{last}"]


def _sqlite() -> list[str]:
    out = []
    for table in GUARDED:
        for name in _names("sqlite", table):
            out.append(f"DROP TRIGGER IF EXISTS {name}")
        stop = "SELECT RAISE(ABORT, 'the record is append-only')"
        out.append(f"CREATE TRIGGER {table}_no_update BEFORE UPDATE ON {table} BEGIN {stop}; END")
        out.append(f"CREATE TRIGGER {table}_no_delete BEFORE DELETE ON {table} BEGIN {stop}; END")
        # INSERT OR REPLACE by a client that left recursive_triggers off.
        out.append(
            f"CREATE TRIGGER {table}_no_replace BEFORE INSERT ON {table} "  # noqa: S608 - our names
            f"WHEN EXISTS (SELECT 1 FROM {table} WHERE seq = NEW.seq) BEGIN {stop}; END"
        )
    return out


def _postgres() -> list[str]:
    out = [
        "CREATE OR REPLACE FUNCTION steadyhand_append_only() RETURNS trigger AS $$ BEGIN "
        "RAISE EXCEPTION 'the record is append-only'; END $$ LANGUAGE plpgsql"
    ]
    for table in GUARDED:
        for name in _names("postgresql", table):
            out.append(f"DROP TRIGGER IF EXISTS {name} ON {table}")
        run = "EXECUTE FUNCTION steadyhand_append_only()"
        out.append(f"CREATE TRIGGER {table}_no_update BEFORE UPDATE ON {table} FOR EACH ROW {run}")
        out.append(f"CREATE TRIGGER {table}_no_delete BEFORE DELETE ON {table} FOR EACH ROW {run}")
        out.append(
            f"CREATE TRIGGER {table}_no_truncate BEFORE TRUNCATE ON {table} "
            f"FOR EACH STATEMENT {run}"
        )
    return out
