"""``steadyhand incident notice``: notices at the command line, with approvals that can be proven."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from bot.cli.acting import acting, do, say, see
from bot.cli.shared import out, table

if TYPE_CHECKING:
    from db.tables import Notice


@click.group()
def notice() -> None:
    """Write, approve and publish notices."""


@notice.command("list")
@click.argument("name", metavar="INC-n")
@acting
def list_(name: str, person: str | None) -> None:
    """List the notices of an incident."""
    from bot.comms import queries

    rows = see(name, person, lambda session, row, _: queries.notices(session, row.number))
    if not rows:
        out("There are none. `steadyhand incident notice draft` makes one.")
        return
    table(
        ("NOTICE", "AUDIENCE", "STAGE", "STATE", "TITLE"),
        [(str(row.number), row.audience, row.stage, row.state, row.title) for row in rows],
    )


@notice.command()
@click.argument("name", metavar="INC-n")
@click.argument("number", type=int)
@acting
def show(name: str, number: int, person: str | None) -> None:
    """Show a notice: its text, its hash, and what the checks find in it."""
    from bot.comms import notices, queries

    def look(session, row, house):  # type: ignore[no-untyped-def]
        found = queries.notice(session, row.number, number)
        return found, notices.findings(house.env.content, row, found)

    row, findings = see(name, person, look)
    _print(row)
    for finding in findings:
        stop = "STOPS IT" if finding.blocking else "advice"
        out(f"{stop}: {finding.what} {finding.fix}")


@notice.command()
@click.argument("name", metavar="INC-n")
@click.option("--audience", default="status_page", show_default=True, help="For whom.")
@click.option("--stage", default="first", show_default=True, help="first, update, contained, …")
@click.option("--number", type=int, help="Write on this notice instead of beginning one.")
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

    body = Path(text[1:]).read_text(encoding="utf-8") if text and text.startswith("@") else text

    def verb(tx, row):  # type: ignore[no-untyped-def]
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
        say(said)


@notice.command()
@click.argument("name", metavar="INC-n")
@click.argument("number", type=int)
@click.option("--code", default="", help="The answer to the question that is printed without it.")
@acting
def approve(name: str, number: int, code: str, person: str | None) -> None:
    """Approve the exact text of a notice, proven with your key.

    Without --code a question is printed. Answer it within ten minutes, where your key is, with
    `steadyhand incident confirm-code QUESTION`.
    """
    from bot.comms import approving, queries
    from bot.incident import people

    if not code:

        def asking(tx, row):  # type: ignore[no-untyped-def]
            found = queries.notice(tx.session, row.number, number)
            return found, people.question(tx, row, f"notice-{number}", found.digest)

        row, asked = do(name, person, asking)
        _print(row)
        code = the_code(asked, f"notice approve {name} {number}")
        if not code:
            return

    def verb(tx, row):  # type: ignore[no-untyped-def]
        found = queries.notice(tx.session, row.number, number)
        return approving.approve(tx, row, number, found.digest, code)

    say(do(name, person, verb))


@notice.command("send-back")
@click.argument("name", metavar="INC-n")
@click.argument("number", type=int)
@click.option("--reason", default="", help="What should change.")
@acting
def send_back(name: str, number: int, reason: str, person: str | None) -> None:
    """Say no for now, and what should change."""
    from bot.comms import approving, queries

    def verb(tx, row):  # type: ignore[no-untyped-def]
        found = queries.notice(tx.session, row.number, number)
        return approving.send_back(tx, row, number, found.digest, reason)

    say(do(name, person, verb))


@notice.command()
@click.argument("name", metavar="INC-n")
@click.argument("number", type=int)
@acting
def publish(name: str, number: int, person: str | None) -> None:
    """Let an approved notice out."""
    from bot.comms import publish as publishing

    say(do(name, person, lambda tx, row: publishing.publish(tx, row, number)))


def the_code(question: str, command: str) -> str:
    """Print the question; the answer if somebody sits there, else how to give it."""
    out(f"Question:\n{question}")
    if not sys.stdin.isatty():
        out(f"Answer: steadyhand incident {command} --as … --code CODE")
        return ""
    return str(click.prompt("Code (from `steadyhand incident confirm-code QUESTION`)"))


@click.command("confirm-code")
@click.argument("question")
@click.option(
    "--key", "key_file", type=click.Path(path_type=Path, dir_okay=False),
    help="The file that `steadyhand people enroll` wrote.",
)  # fmt: skip
def confirm_code(question: str, key_file: Path | None) -> None:
    """Answer the question of an approval with your key. Needs no database and no network."""
    from bot.cli.people import default_file, read_key
    from bot.incident import people

    person = question.partition(":")[2].partition(":")[0]
    found = read_key(key_file or default_file(person))
    if found["person"] != person:
        raise click.ClickException(
            f"This key is {found['person']}'s; the question is for {person}."
        )
    out(people.answer(question, found["private"]))


def _print(row: Notice) -> None:
    out(f"Notice {row.number} for {row.audience} ({row.stage}), {row.state}")
    out(f"SHA-256 {row.digest}")
    out(f"\n{row.title}\n\n{row.body}\n")
