"""``steadyhand incident notice``: notices at the command line, with approvals that can be proven."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from bot.cli.acting import about, acting, changing, do, from_file, looking, numbered, say, see
from bot.cli.incident.proving import answer, by_key
from bot.cli.shared import NUMBER, columns, out

if TYPE_CHECKING:
    from sqlmodel import Session

    from bot.comms.checks import Finding
    from bot.house import House
    from bot.record.tx import Tx
    from db.tables import Incident, Notice


@click.group()
def notice() -> None:
    """Write, approve and publish notices."""


@notice.command("list")
@about
@looking
def list_(session: Session, row: Incident, house: House) -> list[str]:
    """List the notices of an incident."""
    from bot.comms import queries

    rows = queries.notices(session, row.number)
    cells = [(str(one.number), one.audience, one.stage, one.state, one.title) for one in rows]
    head = ("NOTICE", "AUDIENCE", "STAGE", "STATE", "TITLE")
    none = ["There are none. `steadyhand incident notice draft` makes one."]
    return columns(head, cells) if cells else none


@notice.command()
@about
@numbered
@acting
def show(name: str, number: int, person: str | None) -> None:
    """Show a notice: its text, its hash, and what the checks find in it."""
    from bot.comms import notices, queries

    def look(session: Session, row: Incident, house: House) -> tuple[Notice, list[Finding]]:
        found = queries.notice(session, row.number, number)
        return found, notices.findings(house.env.content, row, found)

    row, findings = see(name, person, look)
    _print(row)
    for finding in findings:
        stop = "STOPS IT" if finding.blocking else "advice"
        out(f"{stop}: {finding.what} {finding.fix}")


@notice.command()
@about
@click.option("--audience", default="status_page", show_default=True, help="For whom.")
@click.option("--stage", default="first", show_default=True, help="first, update, contained, …")
@click.option("--number", type=NUMBER, help="Write on this notice instead of beginning one.")
@click.option("--title", help="Another title.")
@click.option("--text", help="Another text; @FILE reads it from a file.")
@click.option("--ask", is_flag=True, help="Then ask for its approval.")
@acting
def draft(
    name: str, audience: str, stage: str, number: int | None, title: str | None, text: str | None,
    ask: bool, person: str | None,
) -> None:  # fmt: skip
    """Make a draft from the template and the record, or write on one."""
    from bot.comms import approving, notices, queries

    body = from_file(text) if text else text

    def verb(tx: Tx, row: Incident) -> tuple[Notice, str]:
        which = number or notices.draft(tx, row, audience, stage).number
        tx.batch.flush()
        found = queries.notice(tx.session, row.number, which)
        if title is not None or body is not None:
            notices.edit(
                tx, row, which, found.title if title is None else title,
                found.body if body is None else body,
            )  # fmt: skip
        said = approving.submit(tx, row, which) if ask else ""
        return queries.notice(tx.session, row.number, which), said

    row, said = do(name, person, verb)
    _print(row)
    if said:
        say(said, name)


@notice.command()
@by_key
def approve(name: str, number: int, code: str, person: str | None) -> None:
    """Approve the exact text of a notice, proven with your key."""
    from bot.comms import approving, queries

    answer(
        f"notice approve {name} {number}", f"notice-{number}", name, person, code,
        find=lambda session, row: queries.notice(session, row.number, number), show=_print,
        yes=lambda tx, row, digest, proven: approving.approve(tx, row, number, digest, proven),
    )  # fmt: skip


@notice.command("send-back")
@about
@numbered
@click.option("--reason", default="", help="What should change.")
@changing
def send_back(tx: Tx, row: Incident, number: int, reason: str) -> str:
    """Say no for now, and what should change."""
    from bot.comms import approving, queries

    found = queries.notice(tx.session, row.number, number)
    return approving.send_back(tx, row, number, found.digest, reason)


@notice.command()
@about
@numbered
@changing
def publish(tx: Tx, row: Incident, number: int) -> str:
    """Let an approved notice out."""
    from bot.comms import publish as publishing

    return publishing.publish(tx, row, number)


@notice.command()
@about
@numbered
@click.option("--reason", default="", help="Why it is given up.")
@changing
def withdraw(tx: Tx, row: Incident, number: int, reason: str) -> str:
    """Give up a notice that is not out yet."""
    from bot.comms import notices

    return notices.withdraw(tx, row, number, reason)


def _print(row: Notice) -> None:
    out(f"Notice {row.number} for {row.audience} ({row.stage}), {row.state}")
    out(f"SHA-256 {row.digest}")
    out(f"\n{row.title}\n\n{row.body}\n")
