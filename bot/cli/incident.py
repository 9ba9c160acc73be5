"""``steadyhand incident``: the whole response at the command line, on the same record as in Slack.

Every command calls the verb that Slack's button calls, so no rule stands here. What has to happen in
Slack is stored and carried out by `steadyhand run`, now or when Slack is back.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from bot.cli.acting import acting, change, do, say, see, somebody
from bot.cli.incident_approvals import approvals_group
from bot.cli.incident_describing import facts, families, rename
from bot.cli.incident_freeze import freeze
from bot.cli.incident_notice import confirm_code, notice
from bot.cli.shared import a_house, out, table

if TYPE_CHECKING:
    from bot.record.entry import Recorded
    from bot.sheet import Sheet, StepView

MARKS = {"open": "[ ]", "done": "[x]", "not_needed": "[-]", "blocked": "[!]"}


@click.group()
def incident() -> None:
    """Work on incidents without Slack, on the same record."""


incident.add_command(notice)
incident.add_command(approvals_group)
for _one in (rename, families, facts, freeze):
    incident.add_command(_one)
incident.add_command(confirm_code)


# --- looking --------------------------------------------------------------------------------------


@incident.command("list")
@acting
def list_(person: str | None) -> None:
    """List what is open."""
    from bot.incident import queries
    from bot.incident.names import ref

    by = somebody(person)
    with a_house() as house:
        rows = house.read_sync(lambda session: queries.open_incidents(session, by.id, limit=100))
    if not rows:
        out("Nothing is open.")
        return
    table(
        ("INCIDENT", "SEVERITY", "STATUS", "OPENED", "TITLE"),
        [
            (
                ref(row.number), row.severity or "-", row.status,
                f"{row.opened_at:%Y-%m-%d %H:%M}Z", ("DRILL " if row.kind == "drill" else "") + row.title,
            )
            for row in rows
        ],
    )  # fmt: skip


@incident.command()
@click.argument("name", metavar="INC-n")
@acting
def show(name: str, person: str | None) -> None:
    """Show how an incident stands: state, people, steps, notices, what waits."""
    _print_sheet(_sheet(name, person))


@incident.command("next")
@click.argument("name", metavar="INC-n")
@acting
def next_(name: str, person: str | None) -> None:
    """Show your own steps, most urgent first; without any, those of the whole response."""
    from bot.playbook import steps
    from bot.sheet import step_view

    me = somebody(person).id

    def look(session, row, house):  # type: ignore[no-untyped-def]
        mine = steps.ahead(steps.steps_in(session, row.number, me), row).now
        rows = mine or steps.next_steps(session, row.number, 8)
        now = house.clock.now()
        return bool(mine), [step_view(session, one, house.env, now) for one in rows[:8]]

    mine, views = see(name, person, look)
    if not views:
        out("Nothing waits. All steps: `steadyhand incident show`.")
        return
    out("Yours:" if mine else "None is yours. Next for the response:")
    for view in views:
        _print_step(view)


@incident.command()
@click.argument("name", metavar="INC-n")
@click.option("--limit", default=100, show_default=True, help="At most so many lines, the newest.")
@acting
def timeline(name: str, limit: int, person: str | None) -> None:
    """Print the timeline with the numbers of its entries."""
    from bot.sheet import last_lines, who, words

    lines = see(
        name, person, lambda session, row, house: last_lines(session, row.number, limit, house.env)
    )
    for line in lines:
        late = f" (late: {line.late_reason or 'entered later'})" if line.late else ""
        text = " ".join(words(line.text).split())
        out(f"{line.n:>5}  {line.at:%Y-%m-%d %H:%M}Z  {who(line.actor)}: {text}{late}")


# --- opening, facts -------------------------------------------------------------------------------


@incident.command("open")
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

    opened = change(
        somebody(person),
        lambda tx: open_incident(
            tx, title, severity=parse_severity(severity) if severity else None, private=private,
            drill=drill, people=invited,
        ),
    )  # fmt: skip
    name = ref(opened.number)
    was = "was opened by you a moment ago" if opened.already else "is open; you are the commander"
    out(f"{name} {was}. What to do: `steadyhand incident next {name}`")


def _kept(recorded: Recorded) -> None:
    out(f"On the record as entry {recorded.n}.")


@incident.command()
@click.argument("name", metavar="INC-n")
@click.argument("text")
@acting
def note(name: str, text: str, person: str | None) -> None:
    """Put a fact on the record."""
    from bot.incident import items

    _kept(do(name, person, lambda tx, row: items.note(tx, row, text)))


@incident.command()
@click.argument("name", metavar="INC-n")
@click.argument("statement")
@click.option("--because", default="", help="Why.")
@click.option("--reduces", default="", help="How much harm it is expected to take away.")
@click.option("--side-effects", "side", default="", help="What it breaks or costs.")
@acting
def decide(
    name: str, statement: str, because: str, reduces: str, side: str, person: str | None
) -> None:
    """Put a decision on the record."""
    from bot.incident import items

    more: dict[str, Any] = {"rationale": because}
    if reduces or side:
        option = {"label": statement, "harm_reduction": reduces, "side_effects": side}
        more |= {"options": [option], "chosen": statement}
    _kept(do(name, person, lambda tx, row: items.decide(tx, row, statement, **more)))


@incident.command()
@click.argument("name", metavar="INC-n")
@click.argument("text", required=False, default="")
@click.option("--settle", "number", type=int, help="Entry number of a hypothesis to settle.")
@click.option(
    "--status",
    type=click.Choice(["open", "supported", "refuted"]),
    help="What it turned out to be.",
)
@acting
def hypothesis(
    name: str, text: str, number: int | None, status: str | None, person: str | None
) -> None:
    """State a hypothesis; or settle one: --settle 7 --status refuted "the log says otherwise"."""
    from bot.incident import items

    if number is None:
        _kept(do(name, person, lambda tx, row: items.suppose(tx, row, text)))
        return
    _kept(do(name, person, lambda tx, row: items.settle(tx, row, number, status or "", text)))


@incident.command()
@click.argument("name", metavar="INC-n")
@click.argument("text")
@click.option("--location", default="", help="Where it is kept.")
@click.option("--sha256", help="Its SHA-256.")
@click.option("--kind", default="other", show_default=True, help="Kind of evidence.")
@acting
def evidence(
    name: str, text: str, location: str, sha256: str | None, kind: str, person: str | None
) -> None:
    """Put evidence on the record: what it is and where it is kept."""
    from bot.incident import items

    _kept(
        do(
            name, person,
            lambda tx, row: items.evidence(
                tx, row, text, kind=kind, location=location, sha256=sha256
            ),
        )
    )  # fmt: skip


# --- steps ----------------------------------------------------------------------------------------


@incident.command()
@click.argument("name", metavar="INC-n")
@click.argument("move", type=click.Choice(["done", "skip", "block", "take", "reopen"]))
@click.argument("step_name", metavar="STEP")
@click.option(
    "--reason", default="", help="Why it is left out or blocked; a comment on what is done."
)
@click.option(
    "--evidence", "kept", multiple=True, metavar="KEY=VALUE", help="Evidence of the step."
)
@click.option("--outcome", help="The answer, where the step is a question.")
@acting
def step(
    name: str, move: str, step_name: str, reason: str, kept: tuple[str, ...], outcome: str | None,
    person: str | None,
) -> None:  # fmt: skip
    """Move a step on. STEP is its number, or words of its title."""
    from bot.playbook import steps, walk

    given = _pairs(kept)

    def verb(tx, row):  # type: ignore[no-untyped-def]
        key = steps.search(tx.session, row.number, step_name).key
        if move == "done":
            return walk.done(tx, row, key, outcome=outcome, evidence=given, comment=reason)
        if move == "take":
            return walk.take(tx, row, key)
        other = {"skip": walk.not_needed, "block": walk.block, "reopen": walk.reopen}[move]
        return other(tx, row, key, reason)

    found = do(name, person, verb)
    became = {
        "done": "done", "skip": "left out", "block": "blocked", "take": "yours", "reopen": "open again",
    }  # fmt: skip
    out(f"{steps.describe(found)} is {became[move]}.")


def _pairs(given: tuple[str, ...]) -> dict[str, str]:
    out = {}
    for one in given:
        key, sign, value = one.partition("=")
        if not sign:
            raise click.BadParameter(f"{one!r} is not KEY=VALUE", param_hint="--evidence")
        out[key.strip()] = value
    return out


# --- severity, roles, updates, turns --------------------------------------------------------------


@incident.command()
@click.argument("name", metavar="INC-n")
@click.argument("level", metavar="SEVERITY")
@click.option("--reason", default="", help="Why, where it is not what the rules propose.")
@click.option("--evidence", "proof", default="", help="For a lower severity: what shows it.")
@acting
def severity(name: str, level: str, reason: str, proof: str, person: str | None) -> None:
    """Set the severity. A lower one takes a second person, who is asked."""
    from bot.incident import assessing

    def verb(tx, row):  # type: ignore[no-untyped-def]
        wanted = assessing.parse_severity(level)
        if row.severity is not None and wanted > row.severity:
            return assessing.ask_downgrade(tx, row, wanted, reason, proof)
        return assessing.set_severity(tx, row, wanted, reason=reason)

    say(do(name, person, verb))


@incident.command()
@click.argument("name", metavar="INC-n")
@click.argument("role_name", metavar="ROLE")
@click.argument("holder", metavar="USERID")
@acting
def role(name: str, role_name: str, holder: str, person: str | None) -> None:
    """Ask somebody to take a role; with your own id: take it, or accept it."""
    from bot.incident import roles

    say(
        do(
            name, person,
            lambda tx, row: roles.assign(tx, row, roles.find_role(tx, role_name), holder),
        )
    )  # fmt: skip


@incident.command()
@click.argument("name", metavar="INC-n")
@click.argument("text")
@click.option("--unknown", default="", help="What is not known yet.")
@acting
def update(name: str, text: str, unknown: str, person: str | None) -> None:
    """Post an internal update; the next one is due after the severity's cadence."""
    from bot.comms import cadence

    say(do(name, person, lambda tx, row: cadence.post_update(tx, row, text, unknown=unknown)))


@incident.command()
@click.argument("name", metavar="INC-n")
@click.argument("statement")
@click.option("--rung", metavar="C0-C9", help="The rung of containment that stopped it.")
@acting
def contain(name: str, statement: str, rung: str | None, person: str | None) -> None:
    """State that the harm no longer spreads, and how that is known."""
    from bot.incident import lifecycle

    do(name, person, lambda tx, row: lifecycle.contain(tx, row, statement, rung))
    out("It is on the record as contained.")


@incident.command()
@click.argument("name", metavar="INC-n")
@click.argument("reason")
@acting
def cancel(name: str, reason: str, person: str | None) -> None:
    """End it as a false alarm; what waits stops."""
    from bot.incident import lifecycle

    do(name, person, lambda tx, row: lifecycle.cancel(tx, row, reason))
    out("Cancelled as a false alarm.")


@incident.command()
@click.argument("name", metavar="INC-n")
@click.argument("reason")
@acting
def reopen(name: str, reason: str, person: str | None) -> None:
    """Begin the response again, after its end or a false alarm."""
    from bot.incident import lifecycle

    do(name, person, lambda tx, row: lifecycle.reopen(tx, row, reason))
    out("The response is open again.")


@incident.command()
@click.argument("name", metavar="INC-n")
@click.option("--summary", default="", help="What happened, in a few plain sentences.")
@click.option("--reason", default="", help="Why, although something is still open.")
@acting
def resolve(name: str, summary: str, reason: str, person: str | None) -> None:
    """End the response."""
    from bot.incident import lifecycle

    do(name, person, lambda tx, row: lifecycle.resolve(tx, row, summary, reason))
    out("Resolved. The postmortem is being prepared from the record.")


# --- printing -------------------------------------------------------------------------------------


def _sheet(name: str, person: str | None) -> Sheet:
    from bot.sheet import read_sheet

    return see(
        name,
        person,
        lambda session, row, house: read_sheet(session, row, house.env, house.clock.now()),
    )


def _print_sheet(sheet: Sheet) -> None:
    from bot.sheet import words

    out(f"{'DRILL ' if sheet.drill else ''}{sheet.ref} {sheet.title}")
    out(
        f"{sheet.severity}, {sheet.status}, {sheet.tempo}; opened {sheet.opened_at:%Y-%m-%d %H:%M}Z by {sheet.opened_by}"
    )
    out(f"Channel: {sheet.channel or 'not made yet (Slack has not answered)'}")
    if sheet.summary:
        out(words(sheet.summary))
    for title, holder in sheet.roles:
        out(f"  {title}: {holder}")
    if sheet.next_update_at:
        out(f"Next update due {sheet.next_update_at:%H:%M}Z")
    for trouble in sheet.troubles:
        out(f"  ! {words(trouble)}")
    for notice_row in sheet.notices:
        out(
            f"  Notice {notice_row.number} ({notice_row.audience}, {notice_row.stage}): {notice_row.state}"
        )
    for waiting in sheet.approvals:
        out(f"  Approval {waiting.number} waits for {waiting.waits_for}: {waiting.title}")
    out(f"Exit criteria: {sheet.settled[0]} of {sheet.settled[1]}")
    out("Steps:")
    for view in sheet.steps:
        _print_line(view)


def _print_line(view: StepView) -> None:
    due = f", due {view.due_at:%H:%M}Z" if view.due_at else ""
    late = " OVERDUE" if view.late else ""
    offer = " (on offer)" if view.offered else ""
    out(
        f"  {MARKS.get(view.state, '[ ]')} {view.number:>3} {view.title}{offer} - {view.who}{due}{late}"
    )


def _print_step(view: StepView) -> None:
    _print_line(view)
    for line in view.how:
        out(f"          {line}")
    for before in view.first:
        out(f"          First: {before}")
    if view.approval:
        out(f"          {view.approval}")
    for keep in view.keep:
        must = "" if keep.must else " (if possible)"
        out(f"          --evidence {keep.id}=…  {keep.title}{must}")
    for key, label in view.options:
        out(f"          --outcome {key}  {label}")
