"""``steadyhand incident rename``, ``families``, ``facts``, ``severity``: what the incident is."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from bot.cli.acting import about, acting, changing, do, say, see
from bot.cli.shared import out

if TYPE_CHECKING:
    from sqlmodel import Session

    from bot.house import House
    from bot.record.tx import Tx
    from db.tables import Incident


@click.command()
@about
@click.argument("title")
@changing
def rename(tx: Tx, row: Incident, title: str) -> str:
    """Put the title into better words. The channel keeps its name."""
    from bot.incident import describing

    return describing.rename(tx, row, title)


@click.command()
@about
@click.argument("words", metavar="FAMILIES")
@changing
def families(tx: Tx, row: Incident, words: str) -> str:
    """Say what kinds of harm it is, separated by commas; the first one leads."""
    from bot.incident import describing

    return describing.set_families(tx, row, describing.find_families(tx, words))


@click.command()
@about
@click.argument("fact", required=False)
@click.argument("value", required=False)
@acting
def facts(name: str, fact: str | None, value: str | None, person: str | None) -> None:
    """Show what is known; with FACT and VALUE (yes, no, unknown, words): say it."""
    from bot.incident import describing

    if fact and value:
        say(do(name, person, lambda tx, row: describing.set_fact(tx, row, fact, value)), name)
        return

    def look(session: Session, row: Incident, house: House) -> list[str]:
        known = house.env.content.facts
        return [
            f"{kind.id}: {describing.in_words(row.facts.get(kind.id))}  ({kind.ask})"
            for kind in known.values()
        ]

    for line in see(name, person, look):
        out(line)


@click.command()
@about
@click.argument("level", metavar="SEVERITY")
@click.option("--reason", default="", help="Why, where it is not what the rules propose.")
@click.option("--evidence", "proof", default="", help="For a lower severity: what shows it.")
@changing
def severity(tx: Tx, row: Incident, level: str, reason: str, proof: str) -> str:
    """Set the severity. A lower one takes a second person, who is asked."""
    from bot.incident import assessing

    wanted = assessing.parse_severity(level)
    if row.severity is not None and wanted > row.severity:
        return assessing.ask_downgrade(tx, row, wanted, reason, proof)
    return assessing.set_severity(tx, row, wanted, reason=reason)
