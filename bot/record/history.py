"""What became of an entry: corrections, withdrawal, what moved it, what Slack's message became."""

from __future__ import annotations

from collections.abc import Sequence

from sqlmodel import Session

from bot.record import catalogue as c
from bot.record import timeline
from bot.record.entry import Recorded
from bot.record.read import entries

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


def lines(
    found: Recorded, later: Sequence[Recorded], titles: timeline.Titles
) -> list[timeline.Line]:
    """The entry as it was made, where it reads otherwise now, and each change since."""
    changed = any(e.entry.kind == c.ItemCorrected.kind for e in later)
    first = [timeline.line(found, titles)] if changed else []
    return first + [timeline.line(e, titles) for e in later]
