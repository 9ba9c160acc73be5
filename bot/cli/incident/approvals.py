"""``steadyhand incident approvals``: the yes of another person at the command line, proven by a key.

Steps that take a yes, lower severities and confirmations of an emergency are judged by the rules of
Slack's buttons; the key stands for Slack's word about who clicks.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import click

from bot.cli.acting import about, acting, changing, do, looking, numbered, see
from bot.cli.incident.proving import answer, by_key
from bot.cli.shared import columns, out

if TYPE_CHECKING:
    from sqlmodel import Session

    from bot.house import House
    from bot.record.tx import Tx
    from db.tables import Approval, Incident


@click.group("approvals")
def approvals_group() -> None:
    """Ask for approvals, see what waits, answer with your key."""


@approvals_group.command("list")
@about
@looking
def list_(session: Session, row: Incident, house: House) -> list[str]:
    """List what waits for somebody's yes, or for a confirmation afterwards."""
    from bot import sheet

    rows = sheet.approvals_of(session, row.number, house.env)
    cells = [(str(one.number), one.by, one.waits_for, one.title) for one in rows]
    head = ("APPROVAL", "ASKED BY", "WAITS FOR", "TITLE")
    return columns(head, cells) if cells else ["Nothing waits for approval."]


@approvals_group.command()
@about
@numbered
@acting
def show(name: str, number: int, person: str | None) -> None:
    """Show exactly what is asked, its effect and its way back."""
    from bot.playbook import asked

    _print(see(name, person, lambda session, row, _: asked.get(session, row.number, number)))


@approvals_group.command()
@about
@click.argument("step_name", metavar="STEP")
@click.option("--what", default="", help="Exactly what will be done.")
@click.option("--why", default="", help="Why it is needed.")
@acting
def ask(name: str, step_name: str, what: str, why: str, person: str | None) -> None:
    """Ask the people named for a step. STEP is its number, or words of its title."""
    from bot.playbook import step_approval, steps

    def verb(tx: Tx, row: Incident) -> Approval:
        key = steps.search(tx.session, row.number, step_name).key
        return step_approval.ask_for_step(tx, row, key, what=what, why=why)

    _print(do(name, person, verb))


@approvals_group.command()
@by_key
def approve(name: str, number: int, code: str, person: str | None) -> None:
    """Say yes to exactly what is shown, proven with your key."""
    from bot import rooms
    from bot.playbook import approvals

    def yes(tx: Tx, row: Incident, digest: str, proven: str) -> str:
        given = approvals.give(
            tx, row, number, digest, subjects=rooms.approval_subjects(), code=proven
        )
        if given.complete:
            return f"Approval {number} is complete. Thank you."
        return f"Your yes to approval {number} counts. It takes the yes of another person as well."

    _answer("approve", "approval", name, number, code, person, yes)


@approvals_group.command()
@by_key
def confirm(name: str, number: int, code: str, person: str | None) -> None:
    """Confirm afterwards what was approved in an emergency, proven with your key."""
    from bot.playbook import approvals

    def yes(tx: Tx, row: Incident, digest: str, proven: str) -> str:
        approvals.ratify(tx, row, number, digest, proven)
        return f"Approval {number} is confirmed. Thank you."

    _answer("confirm", "ratify", name, number, code, person, yes)


@approvals_group.command()
@about
@numbered
@click.option("--reason", default="", help="Why not.")
@changing
def refuse(tx: Tx, row: Incident, number: int, reason: str) -> str:
    """Say no, with the reason; who asked is told."""
    from bot import rooms
    from bot.playbook import approvals, asked

    found = asked.get(tx.session, row.number, number)
    approvals.refuse(tx, row, number, found.digest, reason, subjects=rooms.approval_subjects())
    return f"Approval {number} is refused; who asked is told why."


def _answer(
    command: str, kind: str, name: str, number: int, code: str, person: str | None,
    yes: Callable[[Tx, Incident, str, str], str],
) -> None:  # fmt: skip
    """The yes to an approval, or to its confirmation afterwards."""
    from bot.playbook import asked

    def find(session: Session, row: Incident) -> Approval:
        return asked.get(session, row.number, number)

    answer(
        f"approvals {command} {name} {number}", f"{kind}-{number}", name, person, code,
        find=find, show=_print, yes=yes,
    )  # fmt: skip


def _print(row: Approval) -> None:
    """Everything that the yes is about."""
    from bot.sheet import approval_parts

    out(f"Approval {row.number}, {row.state}: {row.title}")
    for label, said in approval_parts(row):
        out(f"{label}: {said}")
    out(f"SHA-256 {row.digest}")
