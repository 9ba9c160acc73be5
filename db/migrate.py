"""Bring a database to the current shape. Alembic is imported only when there is work to do."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import Connection, Engine, inspect, text

from db import fulltext, guards

if TYPE_CHECKING:
    from alembic.config import Config

#: The newest revision; a test compares it with the folder of migrations.
HEAD = "0001"
#: Names our lock among those of a PostgreSQL database; any number that nobody else uses.
LOCK = 7_837_001


def current(conn: Connection) -> str | None:
    """The revision this database has, None when it is empty."""
    if not inspect(conn).has_table("alembic_version"):
        return None
    return conn.execute(text("SELECT version_num FROM alembic_version")).scalar()


def state(engine: Engine) -> str:
    """``current``, ``empty``, ``behind`` or ``unknown`` (made by a newer release)."""
    with engine.connect() as conn:
        found = current(conn)
    if found == HEAD:
        return "current"
    if found is None:
        return "empty"
    known = {path.stem.split("_")[0] for path in (_folder() / "versions").glob("[0-9]*.py")}
    return "behind" if found in known else "unknown"


def upgrade(engine: Engine, revision: str = "head") -> None:
    """Run what is missing, in one transaction a migration, and put the triggers back.

    An empty database is made in its newest shape at once, without loading Alembic, which would
    stay in memory for as long as the bot runs; a test holds the two ways to the same shape.
    Processes that start at once wait for the one that came first, and find nothing left to do.
    """
    with engine.begin() as conn:
        _lock(conn)
        new = revision == "head" and not inspect(conn).get_table_names()
        if new:
            make(conn)
    if not new:
        walk(engine, revision)


def make(conn: Connection) -> None:
    """All tables in their newest shape, in a database that has none."""
    from db.tables import metadata
    from db.tables.base import for_postgresql

    if conn.dialect.name == "postgresql":
        for_postgresql()
    metadata.create_all(conn, checkfirst=False)
    conn.exec_driver_sql(_VERSION_TABLE)
    conn.execute(text("INSERT INTO alembic_version (version_num) VALUES (:head)"), {"head": HEAD})
    guards.install(conn)


#: As Alembic makes it.
_VERSION_TABLE = (
    "CREATE TABLE alembic_version ( version_num VARCHAR(32) NOT NULL, "
    "CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num) )"
)


def walk(engine: Engine, revision: str = "head") -> None:
    """The same by migrations, one after the other."""
    from alembic import command

    with engine.begin() as conn:
        _lock(conn)
        command.upgrade(_config(conn), revision)


def _lock(conn: Connection) -> None:
    if conn.dialect.name == "postgresql":  # SQLite: our BEGIN IMMEDIATE is the lock
        conn.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": LOCK})


def downgrade(engine: Engine, revision: str) -> None:
    """Go back to ``revision``. The record's rows are kept only as far as that shape can hold."""
    from alembic import command

    with engine.begin() as conn:
        guards.remove(conn)
        command.downgrade(_config(conn), revision)


def drift(engine: Engine) -> list[str]:
    """Differences between the database and the tables of this release, in Alembic's words."""
    from alembic.autogenerate import compare_metadata
    from alembic.migration import MigrationContext

    from db.tables import metadata

    opts = {"include_name": lambda name, kind, parents: not fulltext.is_ours(name)}
    with engine.connect() as conn:
        found = compare_metadata(MigrationContext.configure(conn, opts=opts), metadata)
    return [f"The database differs from this release: {difference}" for difference in found]


def _folder() -> Path:
    return Path(__file__).parent / "migrations"


def _config(conn: Connection) -> Config:
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(_folder()).replace("%", "%%"))
    config.attributes["connection"] = conn
    return config
