"""``steadyhand incident step``: move a step of the playbook on."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from bot.cli.acting import about, changing, pairs, somebody_else

if TYPE_CHECKING:
    from bot.record.tx import Tx
    from db.tables import Incident, Step

#: What the step is after each move, in words.
BECAME = {
    "done": "done", "skip": "left out", "block": "blocked", "take": "yours",
    "give": "with {owner} now", "waive": "free to go ahead", "reopen": "open again",
}  # fmt: skip


@click.command()
@about
@click.argument("move", type=click.Choice(list(BECAME)))
@click.argument("step_name", metavar="STEP")
@click.option(
    "--reason", default="",
    help="Why it is left out, blocked, or may go ahead; a comment on what is done.",
)  # fmt: skip
@click.option(
    "--evidence", "kept", multiple=True, metavar="KEY=VALUE", help="Evidence of the step."
)
@click.option("--outcome", help="The answer, where the step is a question.")
@click.option("--to", "owner", metavar="USERID", help="To whom it is given.")
@changing
def step(
    tx: Tx, row: Incident, move: str, step_name: str, reason: str, kept: tuple[str, ...],
    outcome: str | None, owner: str | None,
) -> str:  # fmt: skip
    """Move a step on. STEP is its number, or words of its title.

    skip leaves it out. waive lets it go ahead although steps before it are open. Both take --reason.
    """
    from bot.playbook import steps, walk

    given = pairs(kept, "KEY=VALUE", "--evidence")
    if (move == "give") != (owner is not None):
        raise click.UsageError("give takes --to USERID, and nothing else does.")
    key = steps.search(tx.session, row.number, step_name).key
    if move == "done":
        found = _done(tx, row, key, outcome, given, reason)
    elif move == "take":
        found = walk.take(tx, row, key)
    elif owner is not None:
        found = walk.assign(tx, row, key, somebody_else(owner))
    else:
        moves = {
            "skip": walk.not_needed, "block": walk.block, "reopen": walk.reopen,
            "waive": walk.waive_preconditions,
        }  # fmt: skip
        found = moves[move](tx, row, key, reason)
    return f"{steps.describe(found)} is {BECAME[move].format(owner=owner)}."


def _done(
    tx: Tx, row: Incident, key: str, outcome: str | None, given: dict[str, str], comment: str
) -> Step:
    """Done; answers that can be given are named as they are typed here."""
    from bot.errors import BadInput
    from bot.playbook import steps, walk

    try:
        return walk.done(tx, row, key, outcome=outcome, evidence=given, comment=comment)
    except BadInput as problem:
        if problem.field == "outcome":
            options = steps.plan_of(steps.find(tx.session, row.number, key)).options
            typed = "; ".join(f"--outcome {one.id} ({one.label})" for one in options)
            problem.instead = f"Type it again with one of: {typed}."
        raise
