"""``steadyhand search``: find entries by their words."""

from __future__ import annotations

import click

from bot.cli.shared import a_database, look, table


@click.command()
@click.argument("words", nargs=-1)
@click.option("--person", default="system", help="Only what this Slack user (U0123) may see.")
@click.option("--limit", default=20, show_default=True, help="At most so many, the newest.")
@click.option("--reindex", is_flag=True, help="First read all entries again and index them anew.")
def search(words: tuple[str, ...], person: str, limit: int, reindex: bool) -> None:
    """Find entries that hold all WORDS; the last one may be the beginning of a word.

    Narrow it with in:inc-3, by:U0123, kind:decision, since:7d (24h, 2026-03-31) and drill:no.
    """
    from datetime import UTC, datetime

    from bot.incident.names import ref
    from bot.record import query
    from bot.record import search as found_in
    from bot.timing import rfc3339

    if reindex:
        click.echo(f"{_reindex()} entries indexed.", err=True)
        if not words:
            return
    asked = query.parse(" ".join(words), datetime.now(UTC))
    hits, more = look(lambda session: found_in.find(session, asked, person, limit=limit))
    if not hits:
        click.echo("Nothing is found.")
        return
    rows = []
    for hit in hits:
        said = " ".join(hit.snippet.split())
        for char in found_in.MARKS:
            said = said.replace(char, "")
        line = hit.line
        said += f" ({line.fate})" if line.fate else ""
        rows.append((ref(hit.incident.number), str(line.n), rfc3339(line.at), line.actor, said))
    table(("INCIDENT", "ENTRY", "WHEN", "WHO", "WORDS"), rows)
    if more is not None:
        click.echo(f"There is more; `--limit {limit * 5}` shows it.", err=True)


def _reindex() -> int:
    from sqlmodel import Session

    from bot.record.search import index_again

    with a_database() as (engines, _), engines.write.begin() as conn:
        session = Session(conn)
        count = index_again(session)
        session.flush()
        return count
