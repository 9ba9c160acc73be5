"""``steadyhand incident postmortem``: show, write, review and post the postmortem."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

import click

from bot.cli.acting import about, acting, changing, do, from_file, looking, numbered, say
from bot.cli.shared import NUMBER

if TYPE_CHECKING:
    from sqlmodel import Session

    from bot.house import House
    from bot.postmortem.model import Document
    from bot.record.tx import Tx
    from db.tables import Incident


@click.group()
def postmortem() -> None:
    """Show, write, review and post the postmortem."""


# --- showing --------------------------------------------------------------------------------------


@postmortem.command()
@about
@looking
def show(session: Session, row: Incident, house: House) -> Iterator[str]:
    """Show how it stands: what people wrote, what is empty, what the playbook asks."""
    from bot.postmortem import sections, words
    from bot.postmortem.build import build
    from db.tables import Postmortem

    document = build(session, row, house.env.content)
    kept = session.get(Postmortem, row.number)
    yield words.heading(document)
    yield words.review(document.review)
    for one in document.milestones:
        after = words.measure(one)
        yield f"  {one.title}: {words.moment(one.at)}{f' ({after})' if after else ''}"
    for written in document.written:
        n = kept.sections.get(written.key, {}).get("n") if kept is not None else None
        yield f"\n{written.title} [{written.key}{f', entry {n}' if n else ''}]"
        yield written.text or f"(empty) {sections.section(written.key).ask}"
    yield from _rest(document, sections.prompts(session, row))


def _rest(document: Document, questions: Iterable[str]) -> Iterator[str]:
    from bot.postmortem import words

    yield "\nContributing factors:"
    for one in document.factors:
        seen = words.entry_list(one.entries)
        yield f"  {one.number}. {one.text}{f' ({seen})' if seen else ''}"
    if not document.factors:
        yield "  none named yet"
    unfinished = sum(one.state in ("open", "done") for one in document.actions)
    yield f"Action items: {len(document.actions)}, {unfinished} not finished"
    for question in questions:
        yield f"Question of the playbook: {question}"
    yield f"Digest of all of it: {document.proof.digest}"
    yield f"The whole document: steadyhand export {document.ref}"


# --- writing --------------------------------------------------------------------------------------


@postmortem.command()
@about
@click.argument("section")
@click.argument("text")
@click.option(
    "--over", "seen", type=NUMBER, default=0, metavar="ENTRY",
    help="The entry whose text this one takes the place of, as `show` names it.",
)  # fmt: skip
@changing
def write(tx: Tx, row: Incident, section: str, text: str, seen: int) -> str:
    """Write a section; @FILE reads the text from a file. `show` names the sections."""
    from bot.errors import Conflict
    from bot.postmortem import verbs

    text = from_file(text)
    try:
        entry = verbs.write(tx, row, section, text, seen)
    except Conflict as problem:
        problem.instead += " Then write it with --over and the number of that entry."
        raise
    return "Nothing changed." if entry is None else _saved(tx, text, f"Saved as entry {entry.n}.")


@postmortem.command()
@about
@click.argument("text")
@click.option("--entry", "entries", type=NUMBER, multiple=True, help="An entry that shows it.")
@click.option("--number", type=NUMBER, help="Put this factor into other words.")
@changing
def factor(tx: Tx, row: Incident, text: str, entries: tuple[int, ...], number: int | None) -> str:
    """Name a contributing factor: conditions of the work, not people. One at a time."""
    from bot.postmortem import verbs

    named = verbs.name_factor(tx, row, text, list(entries), number)
    return _saved(tx, text, f"Contributing factor {named} is on the record.")


@postmortem.command()
@about
@numbered
@click.option("--reason", default="", help="Why.")
@changing
def withdraw(tx: Tx, row: Incident, number: int, reason: str) -> str:
    """Take a contributing factor back; the record keeps it."""
    from bot.postmortem import verbs

    verbs.withdraw_factor(tx, row, number, reason)
    return f"Contributing factor {number} is taken back."


def _saved(tx: Tx, text: str, said: str) -> str:
    """What was saved, with a thought on the wording: advice, never an obstacle."""
    from bot.postmortem import blameless

    found = blameless.check(text, tx.env.content.blameless)
    thoughts = [f"  «{one.found}»: {one.why} {one.suggestion}" for one in found[:6]]
    return "\n".join([said, *(["A thought on the wording:", *thoughts] if thoughts else [])])


# --- review, post ---------------------------------------------------------------------------------


@postmortem.command()
@about
@click.option(
    "--digest", "seen", default="", help="The digest of what you read, as `show` prints it."
)
@click.option("--comment", default="", help="A word on it.")
@acting
def review(name: str, seen: str, comment: str, person: str | None) -> None:
    """Confirm that you read all of it and that it is fit to learn from; never your own."""
    from bot.postmortem import verbs

    if not seen:
        raise click.UsageError(
            f"Read it first: `steadyhand export {name}`. Then give --digest from "
            f"`steadyhand incident postmortem show {name}`."
        )
    entry = do(name, person, lambda tx, row: verbs.review(tx, row, seen.strip().lower(), comment))
    say(f"Reviewed; on the record as entry {entry.n}.", name)


@postmortem.command()
@about
@changing
def post(tx: Tx, row: Incident) -> str:
    """Post its head to the channel."""
    from bot.postmortem import verbs

    verbs.post(tx, row)
    return "It is posted to the channel when Slack answers."
