"""``steadyhand incident note``, ``decide``, ``hypothesis`` …: what goes on the record as it is said."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING, Any, TypeVar

import click

from bot.cli.acting import about, changing, earlier, moment, slack_user
from bot.cli.shared import NUMBER

if TYPE_CHECKING:
    from bot.record.entry import Recorded
    from bot.record.tx import Tx
    from db.tables import Incident

F = TypeVar("F", bound=Callable[..., Any])


def _kept(recorded: Recorded) -> str:
    return f"On the record as entry {recorded.n}."


@click.command()
@about
@click.argument("text")
@earlier
@changing
def note(tx: Tx, row: Incident, text: str, at: datetime | None, late: str) -> str:
    """Put a fact on the record."""
    from bot.incident import items

    return _kept(items.note(tx, row, text, at, late))


#: Options of a decision that are fields of its entry: name, help.
_PARTS = (
    ("rollback", "How it is taken back."),
    ("affected-groups", "Whom it affects, and how."),
    ("confidence", "suspected, likely or confirmed."),
    ("reversibility", "read-only, reversible, external-reversible or irreversible."),
)
#: The same for numbers of entries.
_ENTRIES = (
    ("hypothesis", "Entry of the hypothesis that it rests on."),
    ("supersedes", "Entry of the decision that it takes the place of."),
)


def _parts(command: F) -> F:
    """The options for all that a decision can say besides what was decided."""
    many: dict[str, Any] = {"multiple": True, "default": ()}
    for option in (
        click.option("--because", default="", help="Why."),
        click.option("--reduces", default="", help="How much harm it is expected to take away."),
        click.option("--side-effects", "side", default="", help="What it breaks or costs."),
        click.option("--instead-of", "others", **many, help="What else was considered; repeat it."),
        click.option("--fact", "facts", type=NUMBER, **many, help="Entry it relies on; repeat it."),
        *(click.option(f"--{name}", default="", help=text) for name, text in _PARTS),
        *(click.option(f"--{name}", type=NUMBER, help=text) for name, text in _ENTRIES),
        click.option("--dissent", **many, help="Who disagreed, and why; repeat it."),
        click.option("--review-at", metavar="WHEN", help="When to look at it again."),
        click.option("--expires-at", metavar="WHEN", help="Until when it holds."),
        click.option("--decided-by", "decider", metavar="USERID", help="Who decided, if not you."),
    )[::-1]:
        command = option(command)
    return command


@click.command()
@about
@click.argument("statement")
@_parts
@earlier
@changing
def decide(tx: Tx, row: Incident, /, statement: str, **said: Any) -> str:
    """Put a decision on the record: what, and as much of why and what follows as is known."""
    from bot.incident import items

    return _kept(items.decide(tx, row, statement, **_decision(statement, said)))


def _decision(statement: str, said: dict[str, Any]) -> dict[str, Any]:
    """What was typed, as the fields of the entry; what was left out keeps its default."""
    from bot.timing import rfc3339

    reduces, side, others = said.pop("reduces"), said.pop("side"), said.pop("others")
    more: dict[str, Any] = {name: value for name, value in said.items() if value not in ("", None)}
    more["rationale"] = more.pop("because", "")
    more |= {"facts": list(said["facts"]), "dissent": list(said["dissent"])}
    for field in ("review_at", "expires_at"):
        at = moment(more.pop(field, None), field)
        more |= {field: rfc3339(at)} if at else {}
    if "decider" in more:
        more["decider"] = slack_user(more["decider"])
    if reduces or side or others:
        chosen = {"label": statement, "harm_reduction": reduces, "side_effects": side}
        rest = [{"label": one, "harm_reduction": "", "side_effects": ""} for one in others]
        more |= {"options": [chosen, *rest], "chosen": statement}
    return more


@click.command()
@about
@click.argument("text", required=False, default="")
@click.option("--settle", "number", type=NUMBER, help="Entry number of a hypothesis to settle.")
@click.option(
    "--status",
    type=click.Choice(["open", "supported", "refuted"]),
    help="What it turned out to be.",
)
@click.option("--by", "proof", type=NUMBER, multiple=True, help="Entry that settled it; repeat it.")
@earlier
@changing
def hypothesis(
    tx: Tx, row: Incident, text: str, number: int | None, status: str | None,
    proof: tuple[int, ...], at: datetime | None, late: str,
) -> str:  # fmt: skip
    """State a hypothesis; or settle one: --settle 7 --status refuted "the log says otherwise"."""
    from bot.incident import items

    if number is None:
        return _kept(items.suppose(tx, row, text, at, late))
    return _kept(items.settle(tx, row, number, status or "", text, list(proof)))


@click.command()
@about
@click.argument("text")
@click.option("--source", default="", help="Where it came from: the system, log or person.")
@click.option("--location", default="", help="Where it is kept or sealed.")
@click.option("--custodian", default="", help="Who is in charge of it.")
@click.option("--sha256", help="Its SHA-256.")
@click.option("--kind", default="other", show_default=True, help="Kind of evidence.")
@earlier
@changing
def evidence(tx: Tx, row: Incident, /, text: str, **said: Any) -> str:
    """Put evidence on the record: what it is, where it came from, where it is kept and by whom."""
    from bot.incident import items

    return _kept(items.evidence(tx, row, text, **said))


@click.command()
@about
@click.argument("number", metavar="ENTRY", type=NUMBER)
@click.argument("text")
@click.option("--reason", default="", help="Why.")
@changing
def correct(tx: Tx, row: Incident, number: int, text: str, reason: str) -> str:
    """Correct an entry by a new one; the old one stays readable."""
    from bot.incident import items

    return _kept(items.correct(tx, row, number, text, reason))


@click.command()
@about
@click.argument("number", metavar="ENTRY", type=NUMBER)
@click.option("--reason", default="", help="Why it no longer holds.")
@changing
def withdraw(tx: Tx, row: Incident, number: int, reason: str) -> str:
    """Say that an entry no longer holds; it stays readable."""
    from bot.incident import items

    return f"Entry {number} is withdrawn by entry {items.withdraw(tx, row, number, reason).n}."


@click.command()
@about
@click.argument("text")
@click.option("--unknown", default="", help="What is not known yet.")
@changing
def update(tx: Tx, row: Incident, text: str, unknown: str) -> str:
    """Post an internal update; the next one is due after the severity's cadence."""
    from bot.comms import cadence

    return cadence.post_update(tx, row, text, unknown=unknown)
