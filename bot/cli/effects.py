"""``steadyhand effects``: what should have happened outside, and what people decide about it."""

from __future__ import annotations

import json
from typing import Any

import click

from bot.cli.shared import a_house, actor, harmless, look, table
from bot.timing import rfc3339
from db.tables import EffectRow

FIELDS = (
    "key", "kind", "state", "incident", "attempts", "doubt", "error", "created_at", "first_try_at",
    "next_at", "done_at", "after", "lane", "owner", "trace",
)  # fmt: skip


@click.group()
def effects() -> None:
    """See what should have happened outside, and try it again."""


@effects.command("list")
@click.option("--all", "everything", is_flag=True, help="Also what is done or given up.")
@click.option("--incident", help="Only effects of this incident (INC-7, or 7).")
@click.option("--limit", default=100, show_default=True, help="At most so many, the newest.")
def list_(everything: bool, incident: str | None, limit: int) -> None:
    """List effects that failed or still wait."""
    from sqlalchemy import select
    from sqlmodel import col

    from bot.incident.names import parse_ref, ref

    statement = select(EffectRow).order_by(col(EffectRow.id).desc()).limit(limit)
    if not everything:
        statement = statement.where(col(EffectRow.state).in_(("failed", "pending", "inflight")))
    if incident is not None:
        statement = statement.where(col(EffectRow.incident) == parse_ref(incident))
    rows = look(lambda session: list(session.execute(statement).scalars()))
    if not rows:
        click.echo("Nothing failed and nothing waits." if not everything else "There are none.")
        return
    table(
        ("KEY", "KIND", "INCIDENT", "STATE", "TRIES", "NEXT TRY", "ERROR"),
        [
            (
                row.key, row.kind, ref(row.incident) if row.incident else "-", row.state,
                str(row.attempts), rfc3339(row.next_at) if row.state == "pending" else "-",
                row.error or "-",
            )
            for row in rows[::-1]
        ],
    )  # fmt: skip


@effects.command()
@click.argument("key")
@click.option("--payload", is_flag=True, help="Also what is to be sent; it may quote people.")
def show(key: str, payload: bool) -> None:
    """Show everything about the effect KEY."""
    from bot.effects.control import find_row

    row = look(lambda session: find_row(session, key))
    for name in FIELDS:
        click.echo(f"{name:13} {_shown(getattr(row, name))}")
    if payload:
        click.echo(json.dumps(row.payload, indent=2, ensure_ascii=False))


@effects.command()
@click.argument("key")
def retry(key: str) -> None:
    """Try the effect KEY again; it is put on the record who asked."""
    from bot.effects import control

    with a_house() as house:
        house.change_sync(actor(), lambda tx: control.retry(tx, key) and None)
    click.echo("It is tried again as soon as `steadyhand run` looks, within a second.")


@effects.command("give-up")
@click.argument("key")
@click.option("--reason", default="", help="Why the work goes on without it.")
def give_up(key: str, reason: str) -> None:
    """Go on without the effect KEY; it is put on the record who decided."""
    from bot.effects import control

    with a_house() as house:
        house.change_sync(actor(), lambda tx: control.give_up(tx, key, reason) and None)
    click.echo("Given up. What waits for it stays undone as well.")


def _shown(value: Any) -> str:
    if value is None or value == "":
        return "-"
    return rfc3339(value) if hasattr(value, "tzinfo") else harmless(str(value))
