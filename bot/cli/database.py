"""``steadyhand db``: the shape of the database."""

from __future__ import annotations

import click

from bot.cli.shared import a_database
from db import guards, migrate
from db.engine import Engines

SAYS = {
    "current": "up to date",
    "empty": "empty: `steadyhand db upgrade` makes the tables",
    "behind": "of an older shape: `steadyhand db upgrade` brings it up to date",
    "unknown": "of a newer release than this one",
}


@click.group()
def db() -> None:
    """Bring the database up to date, back, or check it."""


@db.command()
def state() -> None:
    """Say whether the database is up to date."""
    with a_database(current=False) as (engines, found):
        kind = "SQLite" if engines.is_sqlite else "PostgreSQL"
        click.echo(f"The {kind} database is {SAYS[found]}.")


@db.command()
def upgrade() -> None:
    """Bring the database to the newest shape."""
    with a_database(current=False) as (engines, found):
        if found == "current":
            click.echo("Nothing to do: the database is up to date.")
            return
        if found == "unknown":
            raise click.ClickException(f"The database is {SAYS[found]}.")
        migrate.upgrade(engines.write)
        click.echo(f"The database is up to date ({migrate.HEAD}).")


@db.command()
@click.argument("revision")
@click.option("--yes", is_flag=True, help="Do not ask.")
def downgrade(revision: str, yes: bool) -> None:
    """Go back to REVISION (`base` takes everything away). Make a backup first."""
    with a_database(current=False) as (engines, _):
        if not yes:
            click.confirm("Rows that the older shape cannot hold are lost. Go on?", abort=True)
        migrate.downgrade(engines.write, revision)
        click.echo(f"The database has the shape {revision}.")


@db.command()
@click.pass_context
def check(ctx: click.Context) -> None:
    """Compare tables, triggers and file with what they should be. Exit code 1 if they differ."""
    with a_database(current=False) as (engines, found):
        faults = [] if found == "current" else [f"The database is {SAYS[found]}."]
        if not faults:
            faults = [*migrate.drift(engines.write), *_guards(engines), *_file(engines)]
    for fault in faults:
        click.echo(fault, err=True)
    if faults:
        ctx.exit(1)
    click.echo("The database is as it should be: shape, triggers and file.")


def _guards(engines: Engines) -> list[str]:
    with engines.read.connect() as conn:
        return [
            f"The trigger {name} is missing; the next start puts it back, but ask who removed it."
            for name in guards.missing(conn)
        ]


def _file(engines: Engines) -> list[str]:
    if not engines.is_sqlite:
        return []
    with engines.read.connect() as conn:
        found = conn.exec_driver_sql("PRAGMA integrity_check").scalars().all()
    return [f"SQLite finds a fault in the file: {line}" for line in found if line != "ok"]
