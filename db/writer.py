"""The one writer of a process, with group commit.

Every change to the database is a plain function that gets a unit of work. One thread runs them,
one after the other, several in one transaction when several wait; they are answered after the
commit. The first run is optimistic: it looks for nothing that the database itself would refuse (a
request seen before breaks a unique key). When anything is raised, everything is rolled back and
each job is run again by itself, carefully; what it raises then is its answer. Jobs therefore touch
nothing but the database.

When the database does not take changes (locked, read-only, full, away), a job that a person waits
for is tried until its time is over and then given up undone, so that the person can be told in
time. Work that nobody waits for is given back at once: whoever asked tries again later.
"""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from collections import Counter, deque
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Generic, Protocol, TypeVar

from sqlalchemy import Engine, event
from sqlalchemy.exc import InternalError, OperationalError, SQLAlchemyError
from sqlalchemy.orm.exc import StaleDataError
from sqlmodel import Session

from db.engine import Engines

log = logging.getLogger(__name__)

T = TypeVar("T")
MAX_BATCH = 64
#: Work that nobody waits for runs in small batches, and at least this often under any load.
MAX_LATER_BATCH = 16
LATER_AT_LEAST_EVERY_S = 0.05
#: … and when somebody waits, such a batch ends after this.
LATER_SLICE_S = 0.004
TRIES = 4
#: How long a change waits for others that are on their way, to be committed together with them.
COMPANY_S = 0.003
#: How long one attempt waits for another process's write. Several attempts fit into three seconds.
LOCK_WAIT_MS = 400
#: A process that stands still in the middle of a write is thrown out by PostgreSQL after this.
STALLED_MS = 10_000
#: How long a caller that named no time is kept waiting for the database (the command line).
PATIENCE_S = 10.0


class NotSavedInTime(SQLAlchemyError):
    """The database did not take the change in the time there was; nothing of it was done."""


class Batch(Protocol):
    """What a transaction carries for the jobs in it."""

    def flush(self) -> None:
        """Write what was collected; called once, right before the commit."""

    def committed(self) -> None:
        """Called after the commit, in the writer's thread."""


B = TypeVar("B", bound=Batch)


Answer = Future[Any] | asyncio.Future[Any]


@dataclass(slots=True)
class _Job(Generic[B]):
    run: Callable[[B], Any]
    future: Answer
    urgent: bool
    until: float


class Writer(Generic[B]):
    """Runs write jobs serially. ``open_batch(session, careful)`` takes the write lock."""

    def __init__(
        self,
        engines: Engines,
        open_batch: Callable[[Session, bool], B],
        coming: Callable[[], int] = lambda: 0,
    ) -> None:
        self._engines = engines
        self._coming = coming
        self._open_batch = open_batch
        self._urgent: deque[_Job[B]] = deque()
        self._later: deque[_Job[B]] = deque()
        self._last_later = 0.0
        self._arriving: dict[asyncio.AbstractEventLoop, list[_Job[B]]] = {}
        self._ready = threading.Condition()
        self._thread: threading.Thread | None = None
        self._closed = False
        #: How many changes went into one transaction, and how often; read by /metrics.
        self.batches: Counter[int] = Counter()
        #: Errors of the database, by kind, also those that a second attempt mended.
        self.errors: Counter[str] = Counter()
        _do_not_wait_long(engines.write)

    async def run(
        self, job: Callable[[B], T], *, urgent: bool = True, within: float = PATIENCE_S
    ) -> T:
        """Run ``job`` and return its answer once it is committed; raises what it raised.

        ``urgent`` is for what a person waits for, ``within`` seconds at most; the rest lets it
        pass, but never for long.
        """
        loop = asyncio.get_running_loop()
        future: asyncio.Future[T] = loop.create_future()
        # Handed over once a turn of the loop, not one by one: what arrives together is committed
        # together, and the two threads do not fight for the interpreter over every job.
        arriving = self._arriving.setdefault(loop, [])
        arriving.append(_Job(job, future, urgent, time.monotonic() + within))
        if len(arriving) == 1:
            loop.call_soon(self._admit, loop)
        return await future

    def run_sync(self, job: Callable[[B], T]) -> T:
        """The same for callers without an event loop (the command line)."""
        return self.submit(job).result()

    def submit(
        self, job: Callable[[B], T], *, urgent: bool = True, within: float = PATIENCE_S
    ) -> Future[T]:
        """Queue ``job``; the future is done after the commit."""
        future: Future[T] = Future()
        self._queue([_Job(job, future, urgent, time.monotonic() + within)])
        return future

    def _admit(self, loop: asyncio.AbstractEventLoop) -> None:
        jobs = self._arriving.pop(loop)
        try:
            self._queue(jobs)
        except RuntimeError as closed:
            _deliver([(job.future, None, closed) for job in jobs])

    def _queue(self, jobs: list[_Job[B]]) -> None:
        with self._ready:
            if self._closed:
                raise RuntimeError("the writer is closed")
            for job in jobs:
                (self._urgent if job.urgent else self._later).append(job)
            if self._thread is None:
                self._thread = threading.Thread(target=self._loop, name="writer", daemon=True)
                self._thread.start()
            self._ready.notify()

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
            if self._urgent and len(self._urgent) < self._coming():
                self._ready.wait_for(
                    lambda: len(self._urgent) >= self._coming() or self._closed, COMPANY_S
                )
            now = time.monotonic()
            waited = self._later and now - self._last_later > LATER_AT_LEAST_EVERY_S
            if self._urgent and not waited:
                return _take(self._urgent, MAX_BATCH)
            return _take(self._later, MAX_LATER_BATCH) or _take(self._urgent, MAX_BATCH)

    def _run_together(self, jobs: list[_Job[B]]) -> None:
        enough = _never if jobs[0].urgent else self._people_wait(time.monotonic())
        try:
            answers = self._transaction([job.run for job in jobs], careful=False, enough=enough)
        except Exception as problem:  # noqa: BLE001 - each job is run again and keeps its own error
            self._count(problem)
            for job in jobs:
                if _refused(problem) and not job.urgent:
                    _settle([(job.future, None, problem)])
                else:
                    self._run_alone(job)
            return
        _settle([(job.future, answer, None) for job, answer in zip(jobs, answers, strict=False)])
        if not jobs[0].urgent:
            with self._ready:
                self._later.extendleft(reversed(jobs[len(answers) :]))
                self._last_later = time.monotonic()

    def _people_wait(self, since: float) -> Callable[[], bool]:
        """Whether a batch that nobody waits for should end here, because somebody waits now."""
        return lambda: bool(self._urgent) and time.monotonic() - since > LATER_SLICE_S

    def _run_alone(self, job: _Job[B]) -> None:
        attempt = 0
        while True:
            attempt += 1
            try:
                answer = self._transaction([job.run], careful=True)[0]
                return _settle([(job.future, answer, None)])
            except (OperationalError, InternalError, StaleDataError) as problem:
                # A deadlock, a lock held too long, a lost connection: the work was rolled back.
                self._count(problem)
                if not job.urgent and attempt == TRIES:
                    return _settle([(job.future, None, problem)])
                if time.monotonic() + LOCK_WAIT_MS / 1000 > job.until:
                    return _settle([(job.future, None, NotSavedInTime(str(problem)))])
                log.warning("write_retried", extra={"attempt": attempt})
                time.sleep(0.05 * min(attempt, 4))
            except BaseException as problem:  # noqa: BLE001 - it belongs to whoever asked
                return _settle([(job.future, None, problem)])

    def _transaction(
        self,
        runs: list[Callable[[B], Any]],
        *,
        careful: bool,
        enough: Callable[[], bool] = lambda: False,
    ) -> list[Any]:
        """Run jobs in one transaction, at least one, until ``enough``; their answers."""
        with self._engines.write.begin() as conn:
            session = Session(conn, expire_on_commit=False, autoflush=True)
            try:
                batch = self._open_batch(session, careful)
                answers = [runs[0](batch)]
                for run in runs[1:]:
                    if enough():
                        break
                    answers.append(run(batch))
                session.flush()
                batch.flush()
            finally:
                session.close()
        self.batches[len(answers)] += 1
        batch.committed()
        return answers

    def _count(self, problem: Exception) -> None:
        if isinstance(problem, OperationalError | InternalError):
            self.errors[type(problem).__name__] += 1


def _never() -> bool:
    return False


def _refused(problem: Exception) -> bool:
    """Whether the database took nothing from anybody, so that trying each job alone is in vain."""
    return isinstance(problem, OperationalError | InternalError)


def _do_not_wait_long(write: Engine) -> None:
    """Short waits for locks on the connections of this engine, from now on.

    Without it a process that stands still in the middle of a write makes all others stand still.
    """
    if write.dialect.name == "sqlite":
        settings = [f"PRAGMA busy_timeout={LOCK_WAIT_MS}"]
    else:
        settings = [
            f"SET lock_timeout = {LOCK_WAIT_MS * 2}",
            f"SET idle_in_transaction_session_timeout = {STALLED_MS}",
        ]

    def prepare(raw: Any, _record: Any) -> None:
        cursor = raw.cursor()
        for setting in settings:
            cursor.execute(setting)
        cursor.close()
        raw.commit()

    event.listen(write, "connect", prepare)
    write.dispose()  # connections made before wait longer


Settled = tuple[Answer, Any, BaseException | None]


def _settle(done: list[Settled]) -> None:
    """Give answers to whoever asked: an event loop is woken once for all of its own."""
    loops: dict[asyncio.AbstractEventLoop | None, list[Settled]] = {}
    for each in done:
        future = each[0]
        loops.setdefault(
            future.get_loop() if isinstance(future, asyncio.Future) else None, []
        ).append(each)
    for loop, mine in loops.items():
        if loop is None:
            _deliver(mine)
        else:
            with suppress(RuntimeError):  # that loop is closed: nobody waits any more
                loop.call_soon_threadsafe(_deliver, mine)


def _deliver(done: list[Settled]) -> None:
    for future, answer, problem in done:
        if future.done():  # cancelled
            continue
        if problem is None:
            future.set_result(answer)
        else:
            future.set_exception(problem)


def _take(waiting: deque[_Job[B]], most: int) -> list[_Job[B]]:
    return [waiting.popleft() for _ in range(min(most, len(waiting)))]
