"""The running house: database, writer, readers, clock, dispatcher. Made by ``bootstrap``."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from typing import TypeVar

from sqlmodel import Session

from bot.effects.dispatcher import Dispatcher, gap
from bot.effects.store import Except, any_ready
from bot.metrics import Metrics
from bot.record.batch import Batch, Env
from bot.record.entry import Actor
from bot.record.tx import Tx
from bot.timing import Clock
from db.engine import Engines
from db.writer import Writer

log = logging.getLogger(__name__)

T = TypeVar("T")
READERS = 4
#: So many openers at most are told where their channel is, the latest.
CURIOUS_MOST = 500
#: After an acknowledgement effects wait this long for the next request, …
JUST_NOW_S = 0.0015
#: Nothing is expected to follow a request that came by itself.
LONE = 1.5
#: … and this long when more than so many ended lately.
AMID_MANY_S = 0.02
MANY = 3
LATELY_S = 0.1
#: A person is answered within three seconds: after this long the change is given up undone.
SAVED_WITHIN_S = 2.2


class Requests:
    """How many requests people wait for, and when the last one ended."""

    def __init__(self) -> None:
        self._open = 0
        self._ended = 0.0
        self._lately = 0.0

    def __enter__(self) -> None:
        self._open += 1

    def __exit__(self, *_: object) -> None:
        self._open -= 1
        now = time.monotonic()
        self._lately = 1 + self._lately * max(0.0, 1 - (now - self._ended) / LATELY_S)
        self._ended = now

    def open(self) -> int:
        """How many there are now."""
        return self._open

    def waiting(self) -> bool:
        """Whether somebody waits now, or did a moment ago: none for a lone request, longer amid many."""
        moment = AMID_MANY_S if self._lately >= MANY else JUST_NOW_S if self._lately > LONE else 0.0
        return self._open > 0 or time.monotonic() - self._ended < moment


class House:
    """What surfaces hold: ``change`` to run a verb, ``read`` to look."""

    def __init__(self, engines: Engines, env: Env, clock: Clock) -> None:
        self.engines = engines
        self.env = env
        self.clock = clock
        self.metrics = Metrics()
        self.requests = Requests()
        self.writer: Writer[Batch] = Writer(engines, self._open_batch, self.requests.open)
        self.dispatcher: Dispatcher | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._between = asyncio.Lock()
        self._curious: dict[int, Callable[[str], None]] = {}
        self._readers = ThreadPoolExecutor(READERS, thread_name_prefix="reader")

    async def change(self, by: Actor, verb: Callable[[Tx], T]) -> T:
        """Run a verb in a transaction and return its answer after the commit.

        Raises ``NotSavedInTime`` (nothing was done) when the database does not take it.
        """
        self._loop = asyncio.get_running_loop()
        return await self.writer.run(lambda batch: verb(Tx(batch, by)), within=SAVED_WITHIN_S)

    def change_sync(self, by: Actor, verb: Callable[[Tx], T]) -> T:
        """The same without an event loop (the command line)."""
        return self.writer.run_sync(lambda batch: verb(Tx(batch, by)))

    async def read(self, job: Callable[[Session], T]) -> T:
        """Look at the database off the event loop, without the right to change it."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._readers, self.read_sync, job)

    async def read_later(self, job: Callable[[Session], T]) -> T:
        """The same for work that nobody waits for: one look at a time, between requests."""
        async with self._between:
            await gap(self.requests.waiting)
            return await self.read(job)

    def read_sync(self, job: Callable[[Session], T]) -> T:
        """Look at the database in this thread."""
        with Session(self.engines.read, expire_on_commit=False) as session:
            return job(session)

    async def any_effect_ready(self, but: Except) -> tuple[datetime, bool]:
        """Now, and whether an effect could be taken now."""
        now = self.clock.now()
        return now, await self.read(lambda session: any_ready(session, now, but))

    def when_made(self, incident: int, tell: Callable[[str], None]) -> None:
        """Call ``tell`` with the incident's channel once this process has made it; maybe never."""
        self._curious[incident] = tell
        if len(self._curious) > CURIOUS_MOST:
            self._curious.pop(next(iter(self._curious)))

    def close(self) -> None:
        """Stop the writer and close connections."""
        self.writer.close()
        self._readers.shutdown(wait=False, cancel_futures=True)
        self.engines.dispose()

    def _open_batch(self, session: Session, careful: bool) -> Batch:
        return Batch(session, self.env, self.clock.now(), self._committed, careful=careful)

    def _committed(self, batch: Batch) -> None:
        if batch.overwritten and not self.engines.empty_log():
            # Somebody was reading: it is emptied at the next stop.
            log.warning("erased_words_in_log")
        for incident, channel in batch.made:
            tell = self._curious.pop(incident, None)
            if tell is not None and self._loop is not None:
                self._loop.call_soon_threadsafe(tell, channel)
        if batch.effects_stored and self._loop is not None and self.dispatcher is not None:
            self._loop.call_soon_threadsafe(self.dispatcher.wake)
