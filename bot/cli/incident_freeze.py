"""``steadyhand incident freeze``: name what runs now, or decide to go on without."""

from __future__ import annotations

import click

from bot.cli.acting import acting, do


@click.command()
@click.argument("name", metavar="INC-n")
@click.argument("parts", metavar="[PART=VALUE]...", nargs=-1)
@click.option("--rung", metavar="C5-C9", help="The rung of containment it comes before.")
@click.option("--without", metavar="REASON", help="Take --rung without a freeze, for this reason.")
@acting
def freeze(
    name: str, parts: tuple[str, ...], rung: str | None, without: str | None, person: str | None
) -> None:
    """Freeze what runs now: model, prompt, guardrail, config, dataset, index; by version or hash."""
    from bot.record import freeze as room

    if without is not None:
        if rung is None or parts:
            raise click.UsageError("--without takes --rung, and no parts.")
        do(name, person, lambda tx, row: room.go_without(tx, row, rung, without))
        click.echo(f"{rung} may go ahead without a freeze. The decision is kept.")
        return
    given = {}
    for one in parts:
        part, sign, value = one.partition("=")
        if not sign:
            raise click.BadParameter(f"{one!r} is not PART=VALUE", param_hint="PART")
        given[part.strip()] = value
    found = do(name, person, lambda tx, row: room.freeze(tx, row, given, rung))
    click.echo(f"Frozen as entry {found.n}: {', '.join(found.entry.fingerprints)}.")
