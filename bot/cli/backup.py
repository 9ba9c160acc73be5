"""``steadyhand backup`` and ``restore``: the whole database as one file, for either engine."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path

import click
from sqlalchemy import Connection, delete
from sqlmodel import Session

from bot.cli.shared import a_database
from bot.errors import BadInput, Conflict
from db import copying, guards, migrate
from db.engine import Engines
from db.tables import Head, Known

_FILE = click.argument("file", type=click.Path(path_type=Path, dir_okay=False))


@click.command()
@_FILE
def backup(file: Path) -> None:
    """Write the whole database into FILE while it is in use.

    One consistent moment, the same file from SQLite and from PostgreSQL. It holds people's words:
    keep it as you keep the database. The key that signs checkpoints is not in it.
    """
    with a_database() as (engines, _):
        made = save(engines, file)
    size = file.stat().st_size
    click.echo(f"{made.rows} rows written to {file} ({size} bytes).")
    click.echo("`steadyhand restore` puts it into an empty database and proves it whole.")


@click.command()
@_FILE
def restore(file: Path) -> None:
    """Load FILE into the configured database, which must be empty, and prove it whole.

    Nothing is kept unless every row, the chain of the record and its commitments are as they were.
    """
    with a_database(current=False) as (engines, found):
        entries = bring_back(engines, found, file)
    click.echo(f"Restored, and the record is whole: {entries} entries.")
    click.echo(
        "Effects that waited when the backup was made are tried when `steadyhand run` starts."
    )


def save(engines: Engines, file: Path) -> copying.Manifest:
    """Write a backup; readable for its owner alone, and under its name only once it is complete."""
    if file.exists():
        raise Conflict(f"{file} exists already.", instead="Choose another name.")
    part = file.with_name(file.name + ".part")
    part.unlink(missing_ok=True)
    mask = os.umask(0o077)
    try:
        made = copying.write(engines, part, datetime.now(UTC))
    except OSError as problem:
        part.unlink(missing_ok=True)
        raise BadInput(f"{file} cannot be written: {problem.strerror}.") from None
    finally:
        os.umask(mask)
    part.rename(file)
    return made


def bring_back(engines: Engines, state: str, file: Path) -> int:
    """Load a backup in one transaction. Returns how many entries the record has.

    Raises ``BadInput`` when the file is not a whole backup, ``Conflict`` when there are rows already.
    """
    try:
        made = copying.read_manifest(file)
        if state == "empty":
            migrate.upgrade(engines.write)
        elif state != "current":
            raise Conflict(
                "The database is of another release's shape.", instead="Use an empty one."
            )
        with engines.write.begin() as conn:
            entries = _load(conn, file, made)
        with engines.write.begin() as conn:
            guards.install(conn)
            conn.exec_driver_sql("ANALYZE")
    except FileNotFoundError:
        raise BadInput(f"There is no file {file}.") from None
    except copying.BadBackup as problem:
        raise BadInput(
            f"{file} was not restored: {problem}.",
            instead="Nothing was changed. Try another backup.",
        ) from problem
    return entries


def _load(conn: Connection, file: Path, made: copying.Manifest) -> int:
    from bot.record.search import index_again
    from bot.record.verify import verify_chain

    if not copying.is_empty(conn):
        raise Conflict(
            "This database holds data, and a backup is never mixed with other data.",
            instead="Name an empty database in DATABASE_URL.",
        )
    conn.execute(delete(Known))
    copying.load(conn, file, made)
    session = Session(conn)
    verdict = verify_chain(session)
    if verdict.fault is not None:
        raise copying.BadBackup(f"its record is broken at {verdict.fault}")
    head = session.get(Head, 1)
    if (head.seq if head else 0) != verdict.entries:
        raise copying.BadBackup("its record is cut short")
    index_again(session)
    session.flush()
    return verdict.entries
