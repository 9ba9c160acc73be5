"""Not everything at once: how many incidents one person may open within an hour.

The count is kept in the memory of the process, so that nobody who opens an incident waits for it: no
query, no row. It therefore begins anew with the process, and each process of several counts for
itself. It is a brake for a stuck script or a stolen account, not a right: rights are in
``permissions.yaml``. The command line is not counted, so the operator can always open one.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import select
from sqlmodel import col

from bot.errors import NotAllowed
from bot.incident import queries
from bot.incident.names import ref
from bot.record.tx import Tx
from db.tables import Incident

WITHIN = timedelta(hours=1)
#: So many of a person's open incidents are named in the refusal.
NAMED = 5
#: More people than this are not remembered beyond the hour.
PEOPLE = 1000


class Openings:
    """Who opened what in the last hour, by request; real ones and drills apart."""

    def __init__(self, most: int) -> None:
        #: How many one person may open within an hour; 0: any number.
        self.most = most
        self._lately: dict[tuple[str, bool], dict[str, datetime]] = {}

    def let_in(self, person: str, drill: bool, request: str, now: datetime) -> bool:
        """Whether one more is allowed; then it is counted. The same request counts once."""
        if not self.most:
            return True
        mine = self._lately.setdefault((person, drill), {})
        if request in mine:
            return True
        if len(mine) >= self.most:  # only now it matters which of them are old
            for old in [key for key, at in mine.items() if now - at >= WITHIN]:
                del mine[old]
        if len(mine) >= self.most:
            return False
        mine[request] = now
        if len(self._lately) > PEOPLE:
            self._forget(now)
        return True

    def _forget(self, now: datetime) -> None:
        """Let go of everybody who opened nothing in the last hour."""
        gone = [
            who for who, mine in self._lately.items()
            if all(now - at >= WITHIN for at in mine.values())
        ]  # fmt: skip
        for who in gone:
            del self._lately[who]


def hold_back(tx: Tx, drill: bool) -> None:
    """Count this opening. Raises ``NotAllowed`` when the actor opened too many in the last hour.

    The refusal goes on the record of the newest of their open incidents.
    """
    openings: Openings | None = tx.env.openings
    if openings is None or tx.by.is_system or tx.by.source == "cli" or not tx.by.trace:
        return  # only requests are counted, and each has a trace
    if openings.let_in(tx.by.id, drill, tx.by.trace, tx.now):
        return
    what = "drills" if drill else "incidents"
    mine = _open_ones(tx)
    named = "; ".join(f"{ref(row.number)} {row.title}" for row in mine)
    yours = f"If it is part of one of yours, say it there: {named}. " if named else ""
    raise NotAllowed(
        f"You opened {openings.most} {what} within the last hour, so this one is held back.",
        instead=f"{yours}If it is another one, let somebody else open it, or wait. An operator opens one "
        "with `steadyhand incident open`, and raises the limit with `STEADYHAND_OPENINGS_PER_HOUR`.",
        verb="start_drill" if drill else "declare", incident=mine[0].number if mine else None,
        needs=f"at most {openings.most} {what} opened within an hour",
    )  # fmt: skip


def _open_ones(tx: Tx) -> list[Incident]:
    """The open incidents that the actor opened and may see, the newest first. Read only to refuse."""
    statement = (
        select(Incident)
        .where(
            queries.live(),
            col(Incident.opened_by) == tx.by.id,
            col(Incident.status).in_(queries.OPEN_STATUSES),
            queries.visible_to(tx.by.id),
        )
        .order_by(col(Incident.number).desc())
        .limit(NAMED)
    )
    return list(tx.session.execute(statement).scalars())
