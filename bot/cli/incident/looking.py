"""``steadyhand incident list``, ``show``, ``next``, ``timeline``: looking, changing nothing."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import click

from bot.cli.acting import about, acting, looking, see, somebody
from bot.cli.shared import NUMBER, a_house, out, table

if TYPE_CHECKING:
    from sqlmodel import Session

    from bot.house import House
    from bot.record.timeline import Line
    from bot.sheet import Sheet, StepView
    from db.tables import Incident

MARKS = {"open": "[ ]", "done": "[x]", "not_needed": "[-]", "blocked": "[!]"}


@click.command("list")
@click.option("--mine", is_flag=True, help="Only those in which you hold a role.")
@acting
def list_(mine: bool, person: str | None) -> None:
    """List what is open."""
    from bot.incident import queries
    from bot.incident.names import ref

    by = somebody(person)
    look = queries.mine if mine else queries.open_incidents
    with a_house() as house:
        rows = house.read_sync(lambda session: look(session, by.id, limit=100))
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


@click.command()
@about
@acting
def show(name: str, person: str | None) -> None:
    """Show how an incident stands: state, people, steps, notices, what waits."""
    _print_sheet(_sheet(name, person))


@click.command("next")
@about
@acting
def next_(name: str, person: str | None) -> None:
    """Show your own steps, most urgent first; without any, those of the whole response."""
    from bot.playbook import steps
    from bot.sheet import step_view

    me = somebody(person).id

    def look(session: Session, row: Incident, house: House) -> tuple[bool, list[StepView]]:
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


@click.command()
@about
@click.option("--limit", default=100, show_default=True, help="At most so many lines, the newest.")
@click.option(
    "--entry", type=NUMBER, help="One entry as a whole: its parts, and what became of it."
)
@looking
def timeline(
    session: Session, row: Incident, house: House, limit: int, entry: int | None
) -> Iterator[str]:
    """Print the timeline with the numbers of its entries, or one entry as a whole."""
    from bot.sheet import last_lines

    if entry is not None:
        yield from _whole(session, row, house, entry)
        return
    for line in last_lines(session, row.number, limit, house.env):
        yield _in_a_line(line)


def _in_a_line(line: Line) -> str:
    from bot.sheet import people, who

    late = f" (late: {line.late_reason or 'entered later'})" if line.late else ""
    fate = f" ({line.fate})" if line.fate else ""
    text = " ".join(people(line.text).split())
    return f"{line.n:>5}  {line.at:%Y-%m-%d %H:%M}Z  {who(line.actor)}: {text}{late}{fate}"


def _whole(session: Session, row: Incident, house: House, n: int) -> Iterator[str]:
    from bot.errors import NotFound
    from bot.incident.names import ref
    from bot.record import history, timeline
    from bot.record.read import entries
    from bot.sheet import people

    found = next(entries(session, row.number, after=n - 1, limit=1), None) if n > 0 else None
    if found is None:
        raise NotFound(f"{ref(row.number)} has no entry {n}.")
    titles, later = house.env.content.role_titles, history.of(session, row.number, n)
    yield _in_a_line(timeline.lines([found, *later], titles)[0])
    for name, said in timeline.details(found, titles):
        yield f"       {name}: {people(said)}"
    for line in history.lines(found, later, titles):
        yield _in_a_line(line)


# --- printing -------------------------------------------------------------------------------------


def _sheet(name: str, person: str | None) -> Sheet:
    from bot.sheet import read_sheet

    return see(
        name,
        person,
        lambda session, row, house: read_sheet(session, row, house.env, house.clock.now()),
    )


def _print_sheet(sheet: Sheet) -> None:
    from bot.cli.words import in_words
    from bot.sheet import people

    out(f"{'DRILL ' if sheet.drill else ''}{sheet.ref} {sheet.title}")
    out(
        f"{sheet.severity}, {sheet.status}, {sheet.tempo}; opened {sheet.opened_at:%Y-%m-%d %H:%M}Z by {sheet.opened_by}"
    )
    out(f"Channel: {sheet.channel or 'not made yet (Slack has not answered)'}")
    if sheet.summary:
        out(people(sheet.summary))
    for title, holder in sheet.roles:
        out(f"  {title}: {holder}")
    if sheet.next_update_at:
        out(f"Next update due {sheet.next_update_at:%H:%M}Z")
    for trouble in sheet.troubles:
        out(f"  ! {in_words(trouble, sheet.ref)}")
    for notice_row in sheet.notices:
        out(
            f"  Notice {notice_row.number} ({notice_row.audience}, {notice_row.stage}): {notice_row.state}"
        )
    for waiting in sheet.approvals:
        out(f"  Approval {waiting.number} waits for {waiting.waits_for}: {waiting.title}")
    settled, total = sheet.settled
    more = f". Which: `steadyhand incident exit list {sheet.ref}`" if settled < total else ""
    out(f"Exit criteria: {settled} of {total}{more}")
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
