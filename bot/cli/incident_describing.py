"""``steadyhand incident rename``, ``families``, ``facts``: what the incident is."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from bot.cli.acting import acting, do, say, see
from bot.cli.shared import out

if TYPE_CHECKING:
    from sqlmodel import Session

    from bot.house import House
    from db.tables import Incident


@click.command()
@click.argument("name", metavar="INC-n")
@click.argument("title")
@acting
def rename(name: str, title: str, person: str | None) -> None:
    """Put the title into better words. The channel keeps its name."""
    from bot.incident import describing

    say(do(name, person, lambda tx, row: describing.rename(tx, row, title)))


@click.command()
@click.argument("name", metavar="INC-n")
@click.argument("words", metavar="FAMILIES")
@acting
def families(name: str, words: str, person: str | None) -> None:
    """Say what kinds of harm it is, separated by commas; the first one leads."""
    from bot.incident import describing

    say(
        do(
            name, person,
            lambda tx, row: describing.set_families(tx, row, describing.find_families(tx, words)),
        )
    )  # fmt: skip


@click.command()
@click.argument("name", metavar="INC-n")
@click.argument("fact", required=False)
@click.argument("value", required=False)
@acting
def facts(name: str, fact: str | None, value: str | None, person: str | None) -> None:
    """Show what is known; with FACT and VALUE (yes, no, unknown, words): say it."""
    from bot.incident import describing

    if fact and value:
        say(do(name, person, lambda tx, row: describing.set_fact(tx, row, fact, value)))
        return

    def look(session: Session, row: Incident, house: House) -> list[str]:
        known = house.env.content.facts
        return [
            f"{kind.id}: {describing.in_words(row.facts.get(kind.id))}  ({kind.ask})"
            for kind in known.values()
        ]

    for line in see(name, person, look):
        out(line)
