"""What several commands need: the house without Slack, who acts, tables of text."""

from __future__ import annotations

import getpass
import os
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TypeVar

import click

from bot.errors import ConfigError
from bot.settings import Settings, load_settings

if TYPE_CHECKING:
    from pathlib import Path

    from sqlmodel import Session

    from bot.house import House
    from bot.record.entry import Actor
    from db.engine import Engines

T = TypeVar("T")


class _Number(click.types.IntParamType):
    """The number of an entry, a notice or an action item; databases take no longer ones."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """Called by click."""
        found = int(super().convert(value, param, ctx))
        if not 0 <= found < 10**9:
            self.fail(f"{value!r} is the number of nothing.", param, ctx)
        return found


NUMBER = _Number()


@contextmanager
def a_database(*, current: bool = True) -> Iterator[tuple[Engines, str]]:
    """The configured database and its state, without changing anything.

    Raises ``ConfigError`` when it is not up to date and ``current`` asks for that.
    """
    from bot.bootstrap import open_database

    engines, state = open_database(load_settings())
    try:
        if current and state == "empty":
            raise ConfigError(
                "There is nothing in this database yet, not even its tables.",
                instead="Is DATABASE_URL the right one? `steadyhand run` or `steadyhand db upgrade` begins it.",
            )
        if current and state != "current":
            raise ConfigError(
                "The database is not of this release's shape.",
                instead="`steadyhand db state` says more; `steadyhand db upgrade` brings it up to date.",
            )
        yield engines, state
    finally:
        engines.dispose()


def look(job: Callable[[Session], T]) -> T:
    """Read the configured database."""
    from sqlmodel import Session

    with a_database() as (engines, _), Session(engines.read, expire_on_commit=False) as session:
        return job(session)


def say_which() -> None:
    """Name the database that is about to be read: the settings of another folder name another."""
    from db.engine import in_words

    with a_database() as (engines, _):
        out(f"Reads {in_words(engines.url)}.")


def write_whole(path: Path, body: bytes) -> None:
    """Write a file so that under its name there is all of it or nothing, whatever happens meanwhile.

    Replaces one that is there. Raises ``OSError``.
    """
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with beside.open("wb") as file:
            file.write(body)
            file.flush()
            os.fsync(file.fileno())
        beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)


@contextmanager
def a_house(settings: Settings | None = None) -> Iterator[House]:
    """The house on the configured database. Effects that are stored wait for `steadyhand run`."""
    from bot.bootstrap import build_house

    house = build_house(settings or load_settings())
    try:
        yield house
    finally:
        house.close()


def actor() -> Actor:
    """Whoever runs the command, as the record shows it."""
    from bot.record.entry import Actor

    try:
        name = getpass.getuser()
    except (KeyError, OSError):  # a container without a user database
        name = "operator"
    return Actor(f"cli:{name}", "cli")


#: Control characters and those that turn the direction of text: a terminal would obey them.
_OBEYED = re.compile(
    r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff]"
)


def harmless(text: str) -> str:
    """Text that a terminal shows and does not obey: control characters are written out."""
    return _OBEYED.sub(lambda found: ascii(found.group())[1:-1], text)


def out(text: str = "") -> None:
    """Print text that people wrote, or that may hold such text."""
    click.echo(harmless(text))


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Print columns of text."""
    for line in columns(head, rows):
        click.echo(line)


def columns(head: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    """Columns of text as lines; the last one is not padded."""
    rows = [[harmless(cell).replace("\n", " ") for cell in row] for row in rows]
    widths = [max(len(row[i]) for row in [head, *rows]) for i in range(len(head))]
    lines = []
    for row in [head, *rows]:
        cells = [cell.ljust(width) for cell, width in zip(row[:-1], widths, strict=False)]
        lines.append("  ".join([*cells, row[-1]]).rstrip())
    return lines
