"""``steadyhand rebuild`` and ``export``: state from the record, and documents of it."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from bot.cli.shared import a_house, actor, harmless, look, say_which, write_whole

SHOWN = 50


@click.command()
@click.option("--check", is_flag=True, required=True, help="Compare only; nothing is written.")
@click.pass_context
def rebuild(ctx: click.Context, check: bool) -> None:
    """Prove that the state follows from the record alone.

    Replays every incident in an empty database in memory and compares each value with the state in
    use. Exit code 1 lists what differs.
    """
    from bot.bootstrap import projectors
    from bot.record.rebuild import check_all

    say_which()
    count, found = look(lambda session: check_all(session, projectors()))
    for difference in found[:SHOWN]:
        click.echo(harmless(str(difference)), err=True)
    if found:
        click.echo(f"{len(found)} values differ from what the record says.", err=True)
        ctx.exit(1)
    click.echo(f"The state of {count} incidents is exactly what the record leads to.")


@click.command()
@click.argument("incident")
@click.option(
    "--format", "form", type=click.Choice(["md", "html", "json", "bundle"]), default="md",
    show_default=True,
    help="Markdown and HTML are for people, JSON is the whole record for machines, a bundle is a "
    "file that proves itself without this software.",
)  # fmt: skip
@click.option(
    "-o", "--output", type=click.Path(path_type=Path, dir_okay=False),
    help="File to write. Without it the document goes to standard output.",
)  # fmt: skip
@click.option(
    "--values/--no-values", default=None,
    help="For a bundle: with what people wrote and who they are, or with commitments alone. "
    "By default with them, unless the incident is private.",
)  # fmt: skip
def export(incident: str, form: str, output: Path | None, values: bool | None) -> None:
    """Write the document of INCIDENT (INC-7, or 7): its record, or its postmortem once begun."""
    from bot.errors import BadInput
    from bot.incident.names import parse_ref
    from bot.postmortem.export import export_document
    from bot.record import bundle

    number = parse_ref(incident)
    if number is None:
        raise BadInput(
            f"«{incident}» is not the name of an incident.", instead="Write INC-7, or 7."
        )
    with a_house() as house:
        if form == "bundle":
            document = house.change_sync(
                actor(), lambda tx: bundle.export(tx, number, values=values)
            )
        else:
            document = export_document(house, number, form, actor())
    if output is None:
        sys.stdout.buffer.write(document)
        return
    write_whole(output, document)
    click.echo(f"Written to {output} ({len(document)} bytes).", err=True)
