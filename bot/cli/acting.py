"""Who acts at the command line, on which incident, and in which words the answer comes."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any, TypeVar

import click

from bot.cli.shared import a_house, actor, out

if TYPE_CHECKING:
    from sqlmodel import Session

    from bot.errors import Refusal
    from bot.house import House
    from bot.record.entry import Actor
    from bot.record.tx import Tx
    from db.tables import Incident

T = TypeVar("T")
F = TypeVar("F", bound=Callable[..., Any])


def acting(command: F) -> F:
    """The option ``--as``."""
    return click.option(
        "--as", "person", metavar="USERID", envvar="STEADYHAND_AS",
        help="Act as this Slack user (U0123). Default: yourself, as cli:NAME.",
    )(command)  # fmt: skip


def somebody(person: str | None) -> Actor:
    """Who acts, with a trace of this call that its effects carry as well.

    Raises ``BadInput`` for anybody but a person of Slack: nobody acts as the bot itself, which has
    every right, or as another operator.
    """
    from bot.errors import BadInput
    from bot.incident.people import is_person

    if person and not is_person(person):
        raise BadInput(
            f"«{person}» is not a Slack user id.",
            instead="It looks like U01ADA; in Slack: the person's profile, «Copy member ID».",
        )
    mine = actor()
    return replace(mine, id=person or mine.id, trace=os.urandom(8).hex())


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
    problem.instead = in_words(problem.instead, name)
    return problem


def say(text: str) -> None:
    """Print a sentence that a room answered."""
    from bot.cli.words import in_words

    out(in_words(text))
