"""The one writer of a process, with group commit.

Every change to the database is a plain function that gets a unit of work. One thread runs them,
one after the other, several in one transaction when several wait; they are answered after the
commit. The first run is optimistic: it looks for nothing that the database itself would refuse (a
request seen before breaks a unique key). When anything is raised, everything is rolled back and
each job is run again by itself, carefully; what it raises then is its answer. Jobs therefore touch
nothing but the database.
"""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Any, Generic, Protocol, TypeVar

from sqlalchemy.exc import OperationalError
from sqlalchemy.orm.exc import StaleDataError
from sqlmodel import Session

from db.engine import Engines

log = logging.getLogger(__name__)

T = TypeVar("T")
MAX_BATCH = 64
#: Work that nobody waits for runs in small batches, and at least this often under any load.
MAX_LATER_BATCH = 16
LATER_AT_LEAST_EVERY_S = 0.1
TRIES = 4


class Batch(Protocol):
    """What a transaction carries for the jobs in it."""

    def flush(self) -> None:
        """Write what was collected; called once, right before the commit."""

    def committed(self) -> None:
        """Called after the commit, in the writer's thread."""


B = TypeVar("B", bound=Batch)


@dataclass(slots=True)
class _Job(Generic[B]):
    run: Callable[[B], Any]
    future: Future[Any]


class Writer(Generic[B]):
    """Runs write jobs serially. ``open_batch(session, careful)`` takes the write lock."""

    def __init__(self, engines: Engines, open_batch: Callable[[Session, bool], B]) -> None:
        self._engines = engines
        self._open_batch = open_batch
        self._urgent: deque[_Job[B]] = deque()
        self._later: deque[_Job[B]] = deque()
        self._last_later = 0.0
        self._ready = threading.Condition()
        self._thread: threading.Thread | None = None
        self._closed = False

    async def run(self, job: Callable[[B], T], *, urgent: bool = True) -> T:
        """Run ``job`` and return its answer once it is committed; raises what it raised.

        ``urgent`` is for what a person waits for; the rest lets it pass, but never for long.
        """
        return await asyncio.wrap_future(self.submit(job, urgent=urgent))

    def run_sync(self, job: Callable[[B], T]) -> T:
        """The same for callers without an event loop (the command line)."""
        return self.submit(job).result()

    def submit(self, job: Callable[[B], T], *, urgent: bool = True) -> Future[T]:
        """Queue ``job``; the future is done after the commit."""
        future: Future[T] = Future()
        with self._ready:
            if self._closed:
                raise RuntimeError("the writer is closed")
            (self._urgent if urgent else self._later).append(_Job(job, future))
            if self._thread is None:
                self._thread = threading.Thread(target=self._loop, name="writer", daemon=True)
                self._thread.start()
            self._ready.notify()
        return future

    def close(self) -> None:
        """Finish what is queued and stop the thread."""
        with self._ready:
            self._closed = True
            self._ready.notify()
        if self._thread is not None:
            self._thread.join()

    def _loop(self) -> None:
        while jobs := self._next_jobs():
            self._run_together(jobs)

    def _next_jobs(self) -> list[_Job[B]]:
        """What to run next: what people wait for, else the rest; empty when closed."""
        with self._ready:
            self._ready.wait_for(lambda: self._urgent or self._later or self._closed)
            now = time.monotonic()
            waited = self._later and now - self._last_later > LATER_AT_LEAST_EVERY_S
            if self._urgent and not waited:
                return _take(self._urgent, MAX_BATCH)
            self._last_later = now
            return _take(self._later, MAX_LATER_BATCH) or _take(self._urgent, MAX_BATCH)

    def _run_together(self, jobs: list[_Job[B]]) -> None:
        try:
            answers = self._transaction([job.run for job in jobs], careful=False)
        except Exception:  # noqa: BLE001 - each job is run again below and keeps its own error
            for job in jobs:
                self._run_alone(job)
            return
        for job, answer in zip(jobs, answers, strict=True):
            _settle(job.future, answer)

    def _run_alone(self, job: _Job[B]) -> None:
        for attempt in range(1, TRIES + 1):
            try:
                _settle(job.future, self._transaction([job.run], careful=True)[0])
                return
            except (OperationalError, StaleDataError) as problem:
                # A deadlock, a lock held too long, a lost connection: the work was rolled back.
                if attempt == TRIES:
                    job.future.set_exception(problem)
                    return
                log.warning("write_retried", extra={"attempt": attempt})
                time.sleep(0.05 * attempt)
            except BaseException as problem:  # noqa: BLE001 - it belongs to whoever asked
                job.future.set_exception(problem)
                return

    def _transaction(self, runs: list[Callable[[B], Any]], *, careful: bool) -> list[Any]:
        with self._engines.write.begin() as conn:
            session = Session(conn, expire_on_commit=False, autoflush=True)
            try:
                batch = self._open_batch(session, careful)
                answers = [run(batch) for run in runs]
                session.flush()
                batch.flush()
            finally:
                session.close()
        batch.committed()
        return answers


def _settle(future: Future[Any], answer: Any) -> None:
    if not future.cancelled():
        future.set_result(answer)


def _take(waiting: deque[_Job[B]], most: int) -> list[_Job[B]]:
    return [waiting.popleft() for _ in range(min(most, len(waiting)))]
