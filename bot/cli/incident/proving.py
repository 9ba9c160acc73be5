"""The yes of a person at the command line: a question is printed, their key answers it."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

import click

from bot.cli.acting import about, acting, do, numbered, say
from bot.cli.shared import out

if TYPE_CHECKING:
    from sqlmodel import Session

    from bot.record.tx import Tx
    from db.tables import Incident


class Shown(Protocol):
    """What somebody says yes to, bound by its hash."""

    digest: str


S = TypeVar("S", bound=Shown)
F = TypeVar("F", bound=Callable[..., Any])

HOW = """Without --code a question is printed. Answer it within ten minutes, where your key is, with
`steadyhand incident confirm-code QUESTION`."""


def by_key(command: F) -> F:
    """A yes to one numbered thing, proven with a key: INC-n, NUMBER, --code, --as, and how it goes."""
    code = click.option(
        "--code", default="", help="The answer to the question that is printed without it."
    )
    command.__doc__ = f"{command.__doc__}\n\n{HOW}"
    return about(numbered(code(acting(command))))


def answer(
    command: str, what: str, name: str, person: str | None, code: str, *,
    find: Callable[[Session, Incident], S], show: Callable[[S], None],
    yes: Callable[[Tx, Incident, str, str], str],
) -> None:  # fmt: skip
    """Show what it is about, ask the question, take the code for it, say yes to exactly that.

    ``command`` says again how to answer; ``what`` names the thing in the question.
    """
    from bot.incident import people

    def asking(tx: Tx, row: Incident) -> tuple[S, str]:
        found = find(tx.session, row)
        return found, people.question(tx, row, what, found.digest)

    if not code:
        found, question = do(name, person, asking)
        show(found)
        code = _the_code(question, command)
    if code:
        say(
            do(name, person, lambda tx, row: yes(tx, row, find(tx.session, row).digest, code)), name
        )


def _the_code(question: str, command: str) -> str:
    """Print the question; the answer if somebody sits there, else how to give it."""
    out(f"Question:\n{question}")
    if not sys.stdin.isatty():
        out(f"Answer: steadyhand incident {command} --as … --code CODE")
        return ""
    return str(click.prompt("Code (from `steadyhand incident confirm-code QUESTION`)"))


@click.command("confirm-code")
@click.argument("question")
@click.option(
    "--key", "key_file", type=click.Path(path_type=Path, dir_okay=False),
    help="The file that `steadyhand people enroll` wrote.",
)  # fmt: skip
def confirm_code(question: str, key_file: Path | None) -> None:
    """Answer the question of an approval with your key. Needs no database and no network."""
    from bot.cli.people import default_file, read_key
    from bot.incident import people

    person = question.partition(":")[2].partition(":")[0]
    found = read_key(key_file or default_file(person))
    if found["person"] != person:
        raise click.ClickException(
            f"This key is {found['person']}'s; the question is for {person}."
        )
    out(people.answer(question, found["private"]))
