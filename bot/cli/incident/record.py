"""``steadyhand incident note``, ``decide``, ``hypothesis`` …: what goes on the record as it is said."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from bot.cli.acting import about, changing

if TYPE_CHECKING:
    from bot.record.entry import Recorded
    from bot.record.tx import Tx
    from db.tables import Incident


def _kept(recorded: Recorded) -> str:
    return f"On the record as entry {recorded.n}."


@click.command()
@about
@click.argument("text")
@changing
def note(tx: Tx, row: Incident, text: str) -> str:
    """Put a fact on the record."""
    from bot.incident import items

    return _kept(items.note(tx, row, text))


@click.command()
@about
@click.argument("statement")
@click.option("--because", default="", help="Why.")
@click.option("--reduces", default="", help="How much harm it is expected to take away.")
@click.option("--side-effects", "side", default="", help="What it breaks or costs.")
@changing
def decide(tx: Tx, row: Incident, statement: str, because: str, reduces: str, side: str) -> str:
    """Put a decision on the record."""
    from bot.incident import items

    more: dict[str, Any] = {"rationale": because}
    if reduces or side:
        option = {"label": statement, "harm_reduction": reduces, "side_effects": side}
        more |= {"options": [option], "chosen": statement}
    return _kept(items.decide(tx, row, statement, **more))


@click.command()
@about
@click.argument("text", required=False, default="")
@click.option("--settle", "number", type=int, help="Entry number of a hypothesis to settle.")
@click.option(
    "--status",
    type=click.Choice(["open", "supported", "refuted"]),
    help="What it turned out to be.",
)
@changing
def hypothesis(tx: Tx, row: Incident, text: str, number: int | None, status: str | None) -> str:
    """State a hypothesis; or settle one: --settle 7 --status refuted "the log says otherwise"."""
    from bot.incident import items

    if number is None:
        return _kept(items.suppose(tx, row, text))
    return _kept(items.settle(tx, row, number, status or "", text))


@click.command()
@about
@click.argument("text")
@click.option("--location", default="", help="Where it is kept.")
@click.option("--sha256", help="Its SHA-256.")
@click.option("--kind", default="other", show_default=True, help="Kind of evidence.")
@changing
def evidence(tx: Tx, row: Incident, text: str, location: str, sha256: str | None, kind: str) -> str:
    """Put evidence on the record: what it is and where it is kept."""
    from bot.incident import items

    return _kept(items.evidence(tx, row, text, kind=kind, location=location, sha256=sha256))


@click.command()
@about
@click.argument("number", metavar="ENTRY", type=int)
@click.argument("text")
@click.option("--reason", default="", help="Why.")
@changing
def correct(tx: Tx, row: Incident, number: int, text: str, reason: str) -> str:
    """Correct an entry by a new one; the old one stays readable."""
    from bot.incident import items

    return _kept(items.correct(tx, row, number, text, reason))


@click.command()
@about
@click.argument("text")
@click.option("--unknown", default="", help="What is not known yet.")
@changing
def update(tx: Tx, row: Incident, text: str, unknown: str) -> str:
    """Post an internal update; the next one is due after the severity's cadence."""
    from bot.comms import cadence

    return cadence.post_update(tx, row, text, unknown=unknown)
