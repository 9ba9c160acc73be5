"""``steadyhand incident open`` … ``close``: the turns of an incident."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from bot.cli.acting import about, acting, change, changing, slack_user, somebody
from bot.cli.shared import out

if TYPE_CHECKING:
    from bot.record.tx import Tx
    from db.tables import Incident


@click.command("open")
@click.argument("title")
@click.option("--severity", help="SEV1 to SEV4, if you are sure.")
@click.option("--private", is_flag=True, help="Only people who are invited may see it.")
@click.option("--drill", is_flag=True, help="A drill: nothing of it leaves the house.")
@click.option(
    "--invite", "invited", multiple=True, metavar="USERID", help="Somebody who is needed."
)
@acting
def open_(
    title: str, severity: str | None, private: bool, drill: bool, invited: tuple[str, ...],
    person: str | None,
) -> None:  # fmt: skip
    """Open an incident. Its channel is made when Slack answers."""
    from bot.incident.assessing import parse_severity
    from bot.incident.names import ref
    from bot.incident.opening import open_incident

    people = tuple(slack_user(one) for one in invited)
    opened = change(
        somebody(person),
        lambda tx: open_incident(
            tx, title, severity=parse_severity(severity) if severity else None, private=private,
            drill=drill, people=people,
        ),
    )  # fmt: skip
    name = ref(opened.number)
    was = "was opened by you a moment ago" if opened.already else "is open; you are the commander"
    out(f"{name} {was}. What to do: `steadyhand incident next {name}`")


@click.command()
@about
@click.argument("statement")
@click.option("--rung", metavar="C0-C9", help="The rung of containment that stopped it.")
@changing
def contain(tx: Tx, row: Incident, statement: str, rung: str | None) -> str:
    """State that the harm no longer spreads, and how that is known."""
    from bot.incident import lifecycle

    lifecycle.contain(tx, row, statement, rung)
    return "It is on the record as contained."


@click.command()
@about
@click.option("--summary", default="", help="What happened, in a few plain sentences.")
@click.option("--reason", default="", help="Why, although something is still open.")
@changing
def resolve(tx: Tx, row: Incident, summary: str, reason: str) -> str:
    """End the response. What is still open is named; it takes a reason to go on."""
    from bot.incident import lifecycle

    lifecycle.resolve(tx, row, summary, reason)
    return "Resolved. The postmortem is being prepared from the record."


@click.command()
@about
@click.option("--reason", default="", help="Why, although something is still missing.")
@changing
def close(tx: Tx, row: Incident, reason: str) -> str:
    """Close a resolved incident. What is missing is named; it takes a reason to go on."""
    from bot.incident import lifecycle

    lifecycle.close(tx, row, reason)
    return "Closed. Its record stays, and its action items stay open until proven."


def _because(word: str, about_it: str, said: str) -> click.Command:
    """A turn that takes a reason and nothing else."""

    @click.command(word, help=about_it)
    @about
    @click.argument("reason")
    @changing
    def turn(tx: Tx, row: Incident, reason: str) -> str:
        from bot.incident import lifecycle

        {"cancel": lifecycle.cancel, "reopen": lifecycle.reopen}[word](tx, row, reason)
        return said

    return turn


cancel = _because(
    "cancel", "End it as a false alarm; what waits stops.",
    "Cancelled as a false alarm. `/incident reopen because …` takes it back.",
)  # fmt: skip
reopen = _because(
    "reopen", "Begin the response again, after its end or a false alarm.",
    "The response is open again.",
)  # fmt: skip
