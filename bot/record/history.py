"""What became of an entry: corrections, withdrawal, what moved it, what Slack's message became."""

from __future__ import annotations

from collections.abc import Sequence

from sqlmodel import Session

from bot.record import catalogue as c
from bot.record import read, timeline
from bot.record.entry import Recorded
from bot.record.read import entries

#: Entries that are looked at for one page; quiet ones are left out of it.
WINDOW = 200
#: Kinds whose ``n`` names the earlier entry that they are about.
ABOUT = (c.ItemCorrected.kind, c.ItemWithdrawn.kind, c.HypothesisMoved.kind, c.MessageChanged.kind)


def of(session: Session, incident: int, n: int) -> list[Recorded]:
    """Later entries about entry ``n``, oldest first."""
    found = entries(session, incident, after=n, kinds=[*ABOUT, c.DecisionMade.kind])
    return [
        e
        for e in found
        if getattr(e.entry, "n", None) == n or getattr(e.entry, "supersedes", None) == n
    ]


def page(
    session: Session, incident: int, most: int, titles: timeline.Titles, *, quiet: bool = False,
    before: int | None = None,
) -> tuple[list[timeline.Line], int]:  # fmt: skip
    """The last ``most`` lines of a timeline before entry ``before``, as they hold now.

    ``quiet``: those about the machinery as well. Also the entry before which the next page ends; 0
    when there is none.
    """
    found = read.latest(session, incident, WINDOW, before)
    # What corrects a line comes after it: within the window, or after the page that was asked for.
    changes = (c.ItemCorrected.kind, c.ItemWithdrawn.kind)
    later = list(entries(session, incident, after=before - 1, kinds=changes)) if before else []
    made = timeline.lines([*found, *later], titles)[: len(found)]
    shown = [each for each in made if quiet or each.kind not in timeline.QUIET]
    first = (shown[-most].n if len(shown) > most else found[0].n or 0) if found else 0
    return shown[-most:], first if first > 1 else 0


def lines(
    found: Recorded, later: Sequence[Recorded], titles: timeline.Titles
) -> list[timeline.Line]:
    """The entry as it was made, where it reads otherwise now, and each change since."""
    changed = any(e.entry.kind == c.ItemCorrected.kind for e in later)
    first = [timeline.line(found, titles)] if changed else []
    return first + [timeline.line(e, titles) for e in later]
