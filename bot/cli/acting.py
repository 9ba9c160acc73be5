"""Who acts at the command line, on which incident, and in which words the answer comes."""

from __future__ import annotations

import functools
import os
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Concatenate, ParamSpec, TypeVar

import click

from bot.cli.shared import NUMBER, a_house, actor, out

if TYPE_CHECKING:
    from sqlmodel import Session

    from bot.errors import Refusal
    from bot.house import House
    from bot.record.entry import Actor
    from bot.record.tx import Tx
    from db.tables import Incident

T = TypeVar("T")
P = ParamSpec("P")
F = TypeVar("F", bound=Callable[..., Any])

#: The first argument of every command about one incident, and of those about one numbered thing in it.
about = click.argument("name", metavar="INC-n")
numbered = click.argument("number", type=NUMBER)


def earlier(command: F) -> F:
    """The options ``--at`` and ``--late``, for what happened before it is typed."""
    command = click.option("--late", default="", help="Why it is entered only now.")(command)
    return click.option(
        "--at", metavar="WHEN", callback=lambda _, __, text: moment(text, "at"),
        help="When it happened, if earlier: 2026-11-21T08:40Z.",
    )(command)  # fmt: skip


def moment(text: str | None, field: str) -> datetime | None:
    """A moment as it is typed, with its zone. Raises ``BadInput`` under the option's name."""
    from bot.errors import BadInput
    from bot.timing import from_rfc3339

    if not text:
        return None
    try:
        return from_rfc3339(text)
    except ValueError:
        raise BadInput(
            f"«{text}» is no moment with a zone.", instead="Write it like 2026-11-21T08:40Z.",
            field=field,
        ) from None  # fmt: skip


def acting(command: F) -> F:
    """The option ``--as``."""
    return click.option(
        "--as", "person", metavar="USERID", envvar="STEADYHAND_AS",
        help="Act as this Slack user (U0123). Default: yourself, as cli:NAME.",
    )(command)  # fmt: skip


def changing(act: Callable[Concatenate[Tx, Incident, P], str]) -> Callable[..., None]:
    """A command that changes one incident, from what it does in the transaction.

    Adds ``--as``; the command takes ``about`` first. The sentence that ``act`` returns is printed.
    """

    @acting
    @functools.wraps(act)
    def command(name: str, person: str | None, *args: P.args, **typed: P.kwargs) -> None:
        say(do(name, person, lambda tx, row: act(tx, row, *args, **typed)), name)

    return command


def looking(
    look: Callable[Concatenate[Session, Incident, House, P], Iterable[str]],
) -> Callable[..., None]:
    """A command that prints lines about one incident and changes nothing; the same for looking."""

    @acting
    @functools.wraps(look)
    def command(name: str, person: str | None, *args: P.args, **typed: P.kwargs) -> None:
        for line in see(name, person, lambda *here: list(look(*here, *args, **typed))):
            out(line)

    return command


def slack_user(person: str) -> str:
    """The id of a person of Slack, also as it is printed, with the @. Raises ``BadInput``."""
    from bot.errors import BadInput
    from bot.incident.people import is_person

    wanted = person.removeprefix("@")
    if not is_person(wanted):
        raise BadInput(
            f"«{person}» is not a Slack user id.",
            instead="It looks like U01ADA; in Slack: the person's profile, «Copy member ID».",
        )
    return wanted


def somebody_else(person: str) -> str:
    """Whom work is given to: a person of Slack, or whoever types. Raises ``BadInput``."""
    return person if person == actor().id else slack_user(person)


def somebody(person: str | None) -> Actor:
    """Who acts, with a trace of this call that its effects carry as well.

    Raises ``BadInput`` for anybody but a person of Slack: nobody acts as the bot itself, which has
    every right, or as another operator.
    """
    mine = actor()
    return replace(mine, id=slack_user(person) if person else mine.id, trace=os.urandom(8).hex())


def do(name: str, person: str | None, verb: Callable[[Tx, Incident], T]) -> T:
    """Run a room's verb on an incident. A refusal for lack of rights is put on the record."""
    from bot import sheet

    by = somebody(person)
    return change(by, lambda tx: verb(tx, sheet.find(tx.session, name, by.id)), name)


def change(by: Actor, verb: Callable[[Tx], T], name: str = "INC-n") -> T:
    """Run a verb, and what follows from it in our own house. ``name``: the incident it is about."""
    from bot import rooms
    from bot.effects.own import do_due
    from bot.errors import Refusal

    with a_house() as house:
        try:
            answer = house.change_sync(by, verb)
            do_due(house.writer, rooms.tasks())
            return answer
        except Refusal as problem:
            _record(house, by, problem)
            raise _in_words(problem, name) from None


def _record(house: House, by: Actor, problem: Refusal) -> None:
    """Put a lacking right on the record."""
    from bot.incident import rights

    if problem.verb:
        house.change_sync(by, lambda tx: rights.record_denied(tx, problem))


def see(name: str, person: str | None, look: Callable[[Session, Incident, House], T]) -> T:
    """Look at an incident without changing anything."""
    from bot import sheet
    from bot.errors import Refusal

    by = somebody(person)
    with a_house() as house:
        try:
            return house.read_sync(
                lambda session: look(session, sheet.find(session, name, by.id), house)
            )
        except Refusal as problem:
            _record(house, by, problem)
            raise _in_words(problem, name) from None


def _in_words(problem: Refusal, name: str) -> Refusal:
    """The same refusal in the words of the command line."""
    from bot.cli.words import in_words

    problem.message = in_words(problem.message, name)
    problem.instead = f"{in_words(problem.instead, name)} {_again(problem)}".strip()
    return problem


def _again(problem: Refusal) -> str:
    """How to type what is missing, where it has an option or a place in the command that runs."""
    field, running = problem.field or "", click.get_current_context(silent=True)
    if field.startswith("e."):
        return f'Type it again with --evidence {field.removeprefix("e.")}="…".'
    if not field or problem.instead or running is None:
        return ""
    for param in running.command.params:
        named = field in (param.name, (param.metavar or "").strip("[]").lower())
        if named and not str(running.params.get(param.name or "") or "").strip():
            where = param.opts[0] if isinstance(param, click.Option) else f"the {field} at the end:"
            return f'Type it again with {where} "…".'
    return f"`{running.command_path} --help` shows how to say more."


def say(text: str, name: str = "INC-n") -> None:
    """Print a sentence that a room answered about this incident."""
    from bot.cli.words import in_words

    out(in_words(text, name))


# --- what is typed --------------------------------------------------------------------------------


def pairs(given: Sequence[str], shape: str, where: str) -> dict[str, str]:
    """``KEY=VALUE`` words. ``shape`` says how they look and ``where`` they stand, if one is not."""
    found = {}
    for one in given:
        key, sign, value = one.partition("=")
        if not sign:
            raise click.BadParameter(f"{one!r} is not {shape}", param_hint=where)
        found[key.strip()] = value
    return found


def from_file(text: str) -> str:
    """The text itself; of ``@FILE`` what stands in the file. Raises ``BadInput``."""
    from bot.errors import BadInput

    if not text.startswith("@"):
        return text
    try:
        return Path(text[1:]).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as problem:
        why = getattr(problem, "strerror", None) or "it is not UTF-8 text"
        raise BadInput(
            f"{text[1:]} cannot be read: {why}.", instead="Nothing was changed."
        ) from None
