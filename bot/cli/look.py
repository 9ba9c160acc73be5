"""``steadyhand settings``, ``doctor``, ``playbooks`` and ``docs``: looking, never changing."""

from __future__ import annotations

from pathlib import Path

import click
from pydantic import SecretStr

from bot.cli.shared import table
from bot.settings import ROOT, load_settings

MARKS = {"ok": ("ok  ", "green"), "warn": ("warn", "yellow"), "fail": ("FAIL", "red")}


@click.command()
def settings() -> None:
    """List every setting, its value and its meaning. Secrets are never shown."""
    from bot.logs import HIDDEN, SECRETS
    from bot.reference import setting_names

    found = load_settings()
    rows = []
    for field, name in setting_names().items():
        value = getattr(found, field)
        if isinstance(value, SecretStr):
            shown = "set (hidden)" if value.get_secret_value() else "not set"
        else:
            shown = SECRETS.sub(HIDDEN, str(value)) or "(empty)"
            shown += "" if field in found.model_fields_set else "  [default]"
        rows.append((name, shown, type(found).model_fields[field].description or ""))
    table(("NAME", "VALUE", "MEANING"), rows)


@click.command()
@click.pass_context
def doctor(ctx: click.Context) -> None:
    """Check settings, Slack, database and content; say what to do. Exit code 1 if something fails."""
    import asyncio

    from bot.doctor import FAIL, examine

    async def look() -> int:
        failed = 0
        async for line in examine(load_settings()):
            mark, colour = MARKS[line.level]
            click.echo(f"{click.style(mark, fg=colour)}  {line.what}")
            if line.do:
                click.echo(f"      {line.do}")
            failed += line.level == FAIL
        return failed

    if asyncio.run(look()):
        ctx.exit(1)


@click.group()
def playbooks() -> None:
    """Check the content that responders edit."""


@playbooks.command()
@click.argument("folder", required=False, type=click.Path(path_type=Path, file_okay=False))
@click.pass_context
def check(ctx: click.Context, folder: Path | None) -> None:
    """Check rules, modules and templates; name file, line and fix of every fault."""
    from bot.playbook.lint import check as find_faults

    found = load_settings()
    faults = find_faults(folder or found.content_dir, found.templates_dir)
    for fault in faults:
        click.echo(f"{fault.file}:{fault.line}: {fault.what}\n    {fault.fix}", err=True)
    if faults:
        ctx.exit(1)
    click.echo("No faults: rules, modules and templates can be used.")


@click.command()
@click.option(
    "--to", "folder", type=click.Path(path_type=Path, file_okay=False),
    default=ROOT / "docs" / "reference", show_default="docs/reference",
    help="Folder of the pages.",
)  # fmt: skip
@click.option("--check", is_flag=True, help="Write nothing; exit code 1 if a page is stale.")
@click.pass_context
def docs(ctx: click.Context, folder: Path, check: bool) -> None:
    """Write the generated reference pages."""
    from bot.reference import pages

    stale = []
    for name, text in pages().items():
        path = folder / name
        if path.is_file() and path.read_text(encoding="utf-8") == text:
            continue
        stale.append(name)
        if not check:
            folder.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
            click.echo(f"written: {path}")
    if check and stale:
        click.echo(f"Stale: {', '.join(stale)}. Run `steadyhand docs`.", err=True)
        ctx.exit(1)
    if not stale:
        click.echo("The reference pages are current.")
