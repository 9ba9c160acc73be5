"""``steadyhand incident action``: what has to be done afterwards, and the proof that it was."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import click

from bot.cli.acting import about, acting, change, changing, numbered, see, somebody, somebody_else
from bot.cli.shared import a_house, out

if TYPE_CHECKING:
    from sqlmodel import Session

    from bot.record.tx import Tx
    from db.tables import ActionItem, Incident

STATES = {
    "open": "open", "done": "done, the proof waits for acceptance", "proven": "proven",
    "dropped": "dropped",
}  # fmt: skip
_DUE = "A day: 2026-12-01, friday, in 2 weeks."
_KIND = "prevent, detect, mitigate, process or communicate."


@click.group()
def action() -> None:
    """Add, prove and accept action items."""


@action.command("list")
@click.argument("name", metavar="[INC-n]", required=False)
@click.option("--all", "every", is_flag=True, help="Finished ones as well.")
@click.option("--drills", is_flag=True, help="Without INC-n: those of drills.")
@acting
def list_(name: str | None, every: bool, drills: bool, person: str | None) -> None:
    """List the action items of an incident; without INC-n the unfinished ones of all."""
    from bot.action import queries
    from bot.incident.names import ref

    if name:
        rows = see(
            name, person,
            lambda session, row, _: queries.of_incident(session, row.number, all_states=every),
        )  # fmt: skip
    elif every:
        raise click.UsageError("--all takes an incident.")
    else:
        me = somebody(person).id
        with a_house() as house:
            rows = house.read_sync(lambda session: queries.unfinished(session, me, drills=drills))
    if not rows:
        out("None is open." if not every else "There are none.")
    for row in rows:
        _print(row, "" if name else f"{ref(row.incident)} ")


@action.command()
@about
@click.argument("text")
@click.option("--owner", metavar="USERID", help="Who does it. Default: you.")
@click.option("--due", help=_DUE)
@click.option("--kind", help=_KIND)
@click.option("--proof", "wanted", default="", help="What will prove that it is done.")
@changing
def add(
    tx: Tx, row: Incident, text: str, owner: str | None, due: str | None, kind: str | None, wanted: str
) -> str:  # fmt: skip
    """Add one. TEXT may say the rest as in Slack: «Test the filter by friday, proof: the test»."""
    from bot.action import verbs, words

    typed = words.read_item(text, tx.now)
    made = verbs.add(
        tx, row, typed.text, owner=somebody_else(owner) if owner else typed.owner,
        due_at=words.need_due(due, tx.now) if due else typed.due_at,
        kind=kind or typed.kind or "prevent", proof_wanted=wanted or typed.proof_wanted,
    )  # fmt: skip
    return "\n".join(["Added:", *_lines(made)])


def _act(
    name: str, number: int, person: str | None, act: Callable[[Tx, Incident], ActionItem], said: str
) -> None:
    """Run a verb on an item. Its owner reaches it although the incident is private."""
    by = somebody(person)

    def verb(tx: Tx) -> str:
        row = act(tx, _incident(tx.session, name, number, by.id))
        return "\n".join([f"{said}:", *_lines(row)])

    out(change(by, verb, name))


def _incident(session: Session, name: str, number: int, person: str) -> Incident:
    from bot import sheet
    from bot.action import queries
    from bot.incident.names import parse_ref

    wanted = parse_ref(name)
    if wanted is None:
        return sheet.find(session, name, person)
    return queries.incident_of(session, wanted, number, person)


@action.command("change")
@about
@numbered
@click.option("--owner", metavar="USERID", help="Who does it.")
@click.option("--due", help=_DUE)
@click.option("--text", help="What has to be done, in other words.")
@click.option("--kind", help=_KIND)
@click.option("--reason", default="", help="Why.")
@acting
def change_(
    name: str, number: int, owner: str | None, due: str | None, text: str | None, kind: str | None,
    reason: str, person: str | None,
) -> None:  # fmt: skip
    """Change owner, due time, wording or kind."""
    from bot.action import verbs, words

    def verb(tx: Tx, row: Incident) -> ActionItem:
        return verbs.change(
            tx, row, number, owner=somebody_else(owner) if owner else None,
            due_at=words.need_due(due, tx.now) if due else None, text=text, kind=kind, reason=reason,
        )  # fmt: skip

    _act(name, number, person, verb, "Changed")


def _move(word: str, words: str, about_it: str, said: str) -> click.Command:
    """A verb on an item with the sentence that it takes; without one the room says what is missing."""

    @click.command(word, help=about_it)
    @about
    @numbered
    @click.argument("text", metavar=words, default="")
    @acting
    def move(name: str, number: int, text: str, person: str | None) -> None:
        from bot.action import verbs

        moves: dict[str, Callable[[Tx, Incident, int, str], ActionItem]] = {
            "done": verbs.done, "accept": verbs.accept, "reopen": verbs.reopen, "drop": verbs.drop,
        }  # fmt: skip
        _act(name, number, person, lambda tx, row: moves[word](tx, row, number, text), said)

    return move


for _one in (
    _move("done", "PROOF", "Say that it is done, with the proof: a link, or what can be seen now.", "Done"),
    _move("accept", "[COMMENT]", "Accept the proof; never your own.", "Proven"),
    _move("reopen", "REASON", "The proof did not hold, or it has to be done again.", "Open again"),
    _move("drop", "REASON", "Decide that it will not be done, and say why.", "Dropped"),
):  # fmt: skip
    action.add_command(_one)


def _print(row: ActionItem, before: str = "") -> None:
    for line in _lines(row, before):
        out(line)


def _lines(row: ActionItem, before: str = "") -> list[str]:
    """One item: what, whose, until when, how it stands, the proof."""
    from bot.action import words
    from bot.sheet import who

    late = ", OVERDUE" if row.overdue else ""
    due = f"due {row.due_at:%Y-%m-%d %H:%M}Z{late}"
    more = [f"{row.kind}, {who(row.owner)}, {due}, {STATES[row.state]}"]
    more += [f"{label}: {text}" for label, text in words.remarks(row)]
    return [f"{before}{row.number:>3} {row.text}", *(f"      {line}" for line in more)]
