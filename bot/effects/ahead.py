"""Cards drawn while their channel is being made: the first message need not wait for its drawing.

Drawing takes several milliseconds, making a channel a hundred during which nothing else is to do.
What was drawn is used only if nothing came on the record since but the channel itself.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable

from sqlalchemy.exc import SQLAlchemyError
from sqlmodel import Session

from bot.effects.message import Message, Reader
from bot.incident.queries import get
from db.tables import Incident

log = logging.getLogger(__name__)
#: By then the house has done its own part of opening, which the card shows.
FURNISHED_S = 0.04
#: A card that another process posts is never asked for here, so only the latest are kept.
KEPT_MOST = 200
#: The version of the incident for which it holds, and the card.
Drawn = tuple[int, Message]


class Ahead:
    """The cards of incidents whose channels are on their way."""

    def __init__(self, read: Reader, draw: Callable[[Session, Incident], Message]) -> None:
        self._read, self._draw = read, draw
        self._tasks: dict[int, asyncio.Task[Drawn | None]] = {}

    def begin(self, number: int) -> None:
        """Draw the card of an incident, soon and in the background."""
        self.forget(number)
        self._tasks[number] = asyncio.create_task(self._drawn(number), name=f"card ahead {number}")
        if len(self._tasks) > KEPT_MOST:
            self.forget(next(iter(self._tasks)))

    def forget(self, number: int) -> None:
        """There is no channel for it yet, or nobody asks for it here."""
        if (task := self._tasks.pop(number, None)) is not None:
            task.cancel()

    def card(self, number: int) -> Callable[[Session, Incident], Message]:
        """How to get the card of an incident: the one drawn ahead if it still holds, else a new one."""
        task = self._tasks.pop(number, None)
        if task is None or task.cancel() or task.cancelled():
            return self._draw  # what is not ready is not waited for
        if task.exception() is not None or (drawn := task.result()) is None:
            return self._draw  # a fault in drawing shows where the card is wanted
        version, message = drawn
        return lambda session, incident: (
            message if incident.version == version else self._draw(session, incident)
        )

    async def _drawn(self, number: int) -> Drawn | None:
        def job(session: Session) -> Drawn:
            incident = get(session, number)
            # Without a channel it holds until the entry that says there is one, else as it stands.
            holds = incident.version + (incident.channel_id is None)
            return holds, self._draw(session, incident)

        await asyncio.sleep(FURNISHED_S)
        try:
            return await self._read(job)
        except SQLAlchemyError as problem:
            log.info("card_not_ahead", extra={"why": type(problem).__name__})
            return None
