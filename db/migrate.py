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

    Processes that start at once wait for the one that came first, and find nothing left to do.
    """
    from alembic import command

    with engine.begin() as conn:
        if engine.dialect.name == "postgresql":  # SQLite: our BEGIN IMMEDIATE is the lock
            conn.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": LOCK})
        command.upgrade(_config(conn), revision)


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
