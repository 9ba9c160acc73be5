"""``steadyhand incident exit``: what must hold before the response may end, and who says that it does."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import click

from bot.cli.acting import about, changing, looking

if TYPE_CHECKING:
    from sqlmodel import Session

    from bot.house import House
    from bot.record.tx import Tx
    from db.tables import Incident

MARKS = {"open": "[ ]", "met": "[x]", "waived": "[-]"}


@click.group("exit")
def exit_group() -> None:
    """Show, confirm and waive the exit criteria."""


@exit_group.command("list")
@about
@looking
def list_(session: Session, row: Incident, house: House) -> Iterator[str]:
    """List the exit criteria: how each is judged, by whom, and what was said."""
    from bot import sheet

    rows = sheet.criteria_of(session, row.number, house.env)
    if not rows:
        yield "There are none yet: they come with the playbook."
    for one in rows:
        yield f"{MARKS[one.state]} {one.number:>2} {one.title}"
        lines = [one.how, one.measure and f"Measure: {one.measure}"]
        lines += [one.who and f"Confirmed by: {one.who}", one.said and f"{one.by}: {one.said}"]
        yield from (f"       {line}" for line in lines if line)


def _move(word: str, words: str, about_it: str, became: str) -> click.Command:
    """One move of a criterion, with the sentence that it takes; without one the room says so."""

    @click.command(word, help=about_it)
    @about
    @click.argument("criterion")
    @click.argument("text", metavar=words, default="")
    @changing
    def move(tx: Tx, row: Incident, criterion: str, text: str) -> str:
        from bot.playbook import criteria

        key = criteria.search(tx.session, row.number, criterion).key
        moves = {"met": criteria.met, "waive": criteria.waive, "reopen": criteria.reopen}
        return f"«{moves[word](tx, row, key, text).title}» {became}."

    return move


for _one in (
    _move("met", "EVIDENCE", "Confirm that a criterion holds, and how we know.", "holds"),
    _move("waive", "REASON", "End the response without it, and say why.", "is waived"),
    _move("reopen", "REASON", "It no longer holds, or was confirmed by mistake.", "is open again"),
):
    exit_group.add_command(_one)
