"""``steadyhand incident freeze``: name what runs now, or decide to go on without."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from bot.cli.acting import about, changing, pairs

if TYPE_CHECKING:
    from bot.record.tx import Tx
    from db.tables import Incident


@click.command()
@about
@click.argument("parts", metavar="[PART=VALUE]...", nargs=-1)
@click.option("--rung", metavar="C5-C9", help="The rung of containment it comes before.")
@click.option("--without", metavar="REASON", help="Take --rung without a freeze, for this reason.")
@changing
def freeze(
    tx: Tx, row: Incident, parts: tuple[str, ...], rung: str | None, without: str | None
) -> str:
    """Freeze what runs now: model, prompt, guardrail, config, dataset, index; by version or hash."""
    from bot.record import freeze as room

    if without is not None:
        if rung is None or parts:
            raise click.UsageError("--without takes --rung, and no parts.")
        room.go_without(tx, row, rung, without)
        return f"{rung} may go ahead without a freeze. The decision is kept."
    found = room.freeze(tx, row, pairs(parts, "PART=VALUE", "PART"), rung)
    return f"Frozen as entry {found.n}: {', '.join(found.entry.fingerprints)}."
