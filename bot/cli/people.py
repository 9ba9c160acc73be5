"""``steadyhand people``: who can prove who they are when Slack cannot say."""

from __future__ import annotations

import json
import os
import secrets
from pathlib import Path

import click

from bot.cli.acting import change, somebody
from bot.cli.shared import look, table


@click.group()
def people() -> None:
    """Enrol people, so that they can prove who they are without Slack."""


@people.command()
@click.argument("person", metavar="USERID")
@click.option(
    "--key", "key_file", type=click.Path(path_type=Path, dir_okay=False),
    help="Where to write the key. Default: ~/.config/steadyhand/USERID.key",
)  # fmt: skip
def enroll(person: str, key_file: Path | None) -> None:
    """Make a key and a token for a Slack user; both go into one file that nobody else can read.

    Give the file to that person and to nobody else. The record keeps the public key and the hash
    of the token. Enrolling somebody again replaces what they had.
    """
    from bot.incident import people as room

    private, public = room.new_key()
    token = secrets.token_urlsafe(32)
    path = key_file or default_file(person)
    write_new(path, json.dumps({"person": person, "private": private, "token": token}) + "\n")
    try:
        found = change(somebody(None), lambda tx: room.enrol(tx, person, public, token))
    except BaseException:
        path.unlink()  # a key that nobody knows is good for nothing
        raise
    click.echo(f"{person} is enrolled with key {found.key_id}; they are told in Slack.")
    click.echo(f"Key for approvals and token for the local page: {path}")


@people.command("list")
def list_() -> None:
    """List who is enrolled, since when and by whom."""
    from bot.incident.people import all_enrolled
    from bot.timing import rfc3339

    rows = look(all_enrolled)
    if not rows:
        click.echo("Nobody is enrolled.")
        return
    table(
        ("PERSON", "KEY", "SINCE", "BY"),
        [(one.person, one.key_id, rfc3339(one.at), one.by) for one in rows.values()],
    )


@people.command()
@click.argument("person", metavar="USERID")
@click.option("--reason", required=True, help="Why; it goes on the record.")
def end(person: str, reason: str) -> None:
    """Take somebody's key and token back: they count for nobody from now on."""
    from bot.incident import people as room

    key_id = change(somebody(None), lambda tx: room.end(tx, person, reason))
    click.echo(f"Key {key_id} of {person} counts no more.")


@people.command()
@click.option("--limit", default=100, show_default=True, help="At most so many, the newest.")
def denied(limit: int) -> None:
    """List who was refused what belongs to no incident, such as opening one.

    What was refused in an incident stands in its timeline.
    """
    from bot.incident.rights import denied_outside
    from bot.timing import rfc3339

    rows = look(lambda session: denied_outside(session, limit))
    if not rows:
        click.echo("Nobody was refused.")
        return
    table(
        ("WHEN", "WHO", "WANTED", "IT TAKES"),
        [(rfc3339(one.at), one.actor, one.entry.verb, one.entry.needs) for one in rows],
    )


def default_file(person: str) -> Path:
    """Where a person's key is when nothing else is said."""
    return Path.home() / ".config" / "steadyhand" / f"{Path(person).name}.key"


def write_new(path: Path, text: str) -> None:
    """Write a secret into a new file that only its owner can read; an old one is left alone."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        raise click.ClickException(
            f"{path} exists; move it away or choose another with --key."
        ) from None
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(text)


def read_key(path: Path) -> dict[str, str]:
    """A key file. Refuses one that others can read."""
    try:
        if os.name == "posix" and path.stat().st_mode & 0o077:
            raise click.ClickException(f"Others can read {path}. Run: chmod 600 {path}")
        found = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise click.ClickException(f"There is no key at {path}. Name it with --key.") from None
    except ValueError:
        raise click.ClickException(f"{path} is not a key file of Steadyhand.") from None
    return {name: str(found[name]) for name in ("person", "private", "token")}
