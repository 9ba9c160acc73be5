"""Carries stored effects out: claim, do, settle, and again, until nothing is ready."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import socket
import time
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from functools import partial
from typing import Any, Protocol

from sqlalchemy.exc import InterfaceError, InternalError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from bot.effects import lease, store
from bot.effects.outcome import Done, Failed, Later, Outcome, backoff
from bot.effects.store import LEASE, Claimed, Except
from bot.logs import TRACE
from bot.metrics import Metrics
from bot.record.batch import Batch
from bot.record.entry import SYSTEM, Actor
from bot.record.tx import Tx
from db.writer import Writer

log = logging.getLogger(__name__)

IN_FLIGHT = 24
POLL_S = 0.5
#: Under a burst of requests effects wait this long for a gap, then go on, but few at a time.
PATIENCE_S = 0.15
YIELD_S = 0.001
BUSY_IN_FLIGHT = 2
#: A call may take this long in all, and at most half of the lease.
CALL_TIMEOUT_S = 20.0
#: How often it is looked whether another process of this host died, or the clock was set back.
UPKEEP_S = 5.0
#: From this attempt on the card says that the effect waits.
SHOWN_AT = 3
#: Waits after a round that the database refused.
ROUND_FAILED_S = 1.0
#: The database is locked, full, read-only or away: it says nothing about the effect.
DATABASE_TROUBLE = (OperationalError, InterfaceError, InternalError, PoolTimeout)


class Adapter(Protocol):
    """One outside world: does an effect, or says that it already happened."""

    async def perform(self, effect: Claimed) -> Outcome:
        """Do it. Must settle doubt first when ``effect.doubt`` is set."""


#: Called in the transaction that settles an effect: what came back becomes a command.
Returned = Callable[[Tx, Claimed, dict[str, Any]], None]
Task = Callable[[Tx, Claimed], None]
#: The present moment, and whether a claim would find something (see ``store.any_ready``).
Look = Callable[[Except], Awaitable[tuple[datetime, bool]]]
WentWrong = Callable[[Tx, Claimed, str], None]


async def gap(people_waiting: Callable[[], bool]) -> bool:
    """Wait until nobody waits for an acknowledgement, but not for ever.

    Returns whether requests still come after the patience.
    """
    until, pause = time.monotonic() + PATIENCE_S, YIELD_S
    while people_waiting():
        if time.monotonic() > until:
            return True
        await asyncio.sleep(pause)
        pause = min(pause * 2, 0.02)
    return False


def owner_id() -> str:
    """Names this process: host, process id and when it started, so that a dead one is recognised."""
    return f"{socket.gethostname()}:{os.getpid()}:{os.urandom(3).hex()}"


def dead_owners(owners: list[str], me: str) -> list[str]:
    """Those of this host whose process no longer lives. Others keep what they have until the lease ends."""
    host = socket.gethostname()
    dead = []
    for owner in owners:
        parts = owner.rsplit(":", 2)
        if owner != me and len(parts) == 3 and parts[0] == host and not _alive(int(parts[1])):
            dead.append(owner)
    return dead


def _alive(pid: int) -> bool:
    if pid == os.getpid():
        return False  # our own number, but another start: that process is gone
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


class Dispatcher:
    """One per process. Several may share a database: a claim is taken under the write lock."""

    def __init__(
        self,
        writer: Writer[Batch],
        adapter_for: Callable[[str], Adapter | None],
        *,
        tasks: dict[str, Task],
        returned: dict[str, Returned],
        failed: WentWrong,
        in_flight: int = IN_FLIGHT,
        people_waiting: Callable[[], bool] = lambda: False,
        lease: timedelta = LEASE,
        look: Look | None = None,
        metrics: Metrics | None = None,
    ) -> None:
        self._writer = writer
        self._adapter_for = adapter_for
        self._tasks = tasks
        self._returned = returned
        self._failed = failed
        self._room = in_flight
        self._people_waiting = people_waiting
        self._wake = asyncio.Event()
        self._gate = asyncio.Lock()
        self._turn = asyncio.Lock()
        #: One claim at a time, so that none of them counts room that another is about to fill.
        self._claims = asyncio.Lock()
        self._running: dict[asyncio.Task[bool], int] = {}
        self._held: dict[str, float] = {}
        self._lease = lease
        self._look = look
        self._upkeep_at = 0.0
        self._stop = False
        self._metrics = metrics or Metrics()
        self.owner = owner_id()
        self.last_round: datetime | None = None

    def wake(self) -> None:
        """There may be something to do. Safe to call from the loop's thread only."""
        self._wake.set()

    async def run(self) -> None:
        """Work until :meth:`stop`. Errors of one round are logged; the next round tries again."""
        while not self._stop:
            woken = self._wake.is_set()
            self._wake.clear()
            try:
                async with self._turn:
                    await self._upkeep()
                    took = await self._round(woken)
            except Exception as problem:  # noqa: BLE001 - said in the log; the next round tries again
                _say_trouble("effects_round_failed", problem)
                await asyncio.sleep(ROUND_FAILED_S)
                continue
            if not took and not self._stop:
                await self._pause()

    async def stop(self) -> None:
        """Take nothing new and let what is in flight come to its end.

        So does a claim that is on its way: what it takes would be in doubt for whoever comes next.
        """
        self._stop = True
        self._wake.set()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(CALL_TIMEOUT_S):
                async with self._turn:
                    pass
                while self._running:  # what ends may have begun something at the last moment
                    await asyncio.wait(list(self._running))

    async def idle(self) -> bool:
        """Whether nothing is in flight here (tests wait for this)."""
        return not self._running

    async def _upkeep(self) -> None:
        """Take over from processes of this host that died; do not wait for a clock set back."""
        if time.monotonic() < self._upkeep_at:
            return

        def job(batch: Batch) -> int:
            store.clock_went_back(batch.session, batch.now, self._lease)
            store.release_all(batch.session)
            dead = dead_owners(store.owners(batch.session), self.owner)
            return store.reclaim(batch.session, batch.now, dead)

        freed = await self._writer.run(job, urgent=False)
        self._upkeep_at = time.monotonic() + UPKEEP_S
        if freed:
            log.warning("effects_taken_over", extra={"count": freed})

    async def _pause(self) -> None:
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._wake.wait(), POLL_S)

    async def _round(self, woken: bool) -> bool:
        if not woken and self._look is not None:
            # Nobody said that there is something: look without holding up those who write.
            self.last_round, ready = await self._look(self._but())
            if not ready:
                return False
        busy = await self._people_first()
        async with self._claims:
            free = (BUSY_IN_FLIGHT if busy else self._room) - len(self._running)
            if free <= 0:
                return False
            since = time.monotonic()
            claimed = await self._writer.run(lambda batch: self._claim(batch, free), urgent=False)
            self._begin(claimed, since)
        return bool(claimed)

    def _begin(self, claimed: list[Claimed], since: float) -> None:
        """``since``: when the claim began, so that time lost in between counts as well."""
        for effect in claimed:
            task = asyncio.create_task(self._carry_out(effect, since))
            self._running[task] = effect.id
            task.add_done_callback(self._finished)

    async def _people_first(self) -> bool:
        """Let requests be acknowledged first. Returns whether they still come after the patience."""
        return await gap(self._people_waiting)

    def _finished(self, task: asyncio.Task[bool]) -> None:
        self._running.pop(task, None)
        if task.cancelled():
            self._wake.set()
        elif (problem := task.exception()) is not None:
            log.error("effect_left", exc_info=problem)  # its lease ends, then it is looked at again
            self._wake.set()
        elif task.result():
            self._wake.set()

    def _claim(self, batch: Batch, limit: int) -> list[Claimed]:
        self.last_round = batch.now
        return store.claim(
            batch.session, batch.now, self.owner, limit, lease=self._lease, but=self._but(),
            away=batch.env.away,
        )  # fmt: skip

    def _but(self) -> Except:
        now = time.monotonic()
        held = [kind for kind, until in list(self._held.items()) if until > now]
        # What is in hand here stays ours even when the clock jumps past the lease.
        return Except(list(self._running.values()), held)

    async def _carry_out(self, effect: Claimed, since: float) -> bool:
        """Do one effect and store how it went. Returns whether there may be more to begin now."""
        TRACE.set(effect.trace)
        task = self._tasks.get(effect.kind)
        async with self._gate:  # one after the other, so that a burst meets one of them at most
            await self._people_first()
            done = await self._do_task(effect, task) if task else None
        outcome = done if task else await self._attempt(effect, since)
        self._say(effect, outcome)
        if outcome is None:
            return True
        if isinstance(outcome, Later) and outcome.whole_kind:
            self._hold(effect, outcome)
        return await self._keep(effect, outcome, since + self._lease.total_seconds())

    def _say(self, effect: Claimed, outcome: Outcome | None) -> None:
        """Count it, and log it with the trace of the request that asked for it."""
        facts = {"effect": effect.key, "kind": effect.kind, "attempt": effect.attempts}
        if isinstance(outcome, Later | Failed):
            self._metrics.failed(effect.kind, outcome.word)
            log.info("effect_not_done", extra={**facts, "word": outcome.word})
        elif outcome is not None or effect.kind in self._tasks:
            self._metrics.effects_done[effect.kind] += 1
            log.info("effect_done", extra=facts)

    async def _keep(self, effect: Claimed, outcome: Outcome, until: float) -> bool:
        """Store how it went, as often as it takes; at last the lease ends and doubt is settled.

        Returns whether what became ready by it may not all have been begun.
        """
        pause = 0.25
        while True:
            job = partial(self._settle_and_claim, effect=effect, outcome=outcome)
            try:
                if self._claims.locked():  # the round after it takes what this makes ready
                    return (await self._writer.run(partial(job, claims=False), urgent=False))[1]
                async with self._claims:
                    started = time.monotonic()
                    claimed, more = await self._writer.run(job, urgent=False)
                    self._begin(claimed, started)
                return more
            except DATABASE_TROUBLE as problem:
                _say_trouble("effect_not_settled", problem, effect)
            except Exception as problem:  # a bug of ours: told to people, not tried for ever
                log.exception("result_not_used", extra={"effect": effect.key})
                outcome = Failed(f"its result could not be used: {type(problem).__name__}")
            if time.monotonic() > until:
                return True
            await asyncio.sleep(pause)
            pause = min(pause * 2, 2.0)

    def _hold(self, effect: Claimed, outcome: Later) -> None:
        """The other side said «too many»: nothing of the kind begins here before the time is over."""
        wait = outcome.after if outcome.after is not None else timedelta(seconds=1)
        until = time.monotonic() + wait.total_seconds()
        for kind in (effect.kind, *outcome.kinds):
            self._held[kind] = max(until, self._held.get(kind, 0.0))

    async def _do_task(self, effect: Claimed, task: Task) -> Outcome | None:
        """Work of our own and its mark in one transaction, so that it happens exactly once."""

        def job(batch: Batch) -> None:
            row = store.owned(batch.session, effect, self.owner)
            if row is not None:
                task(Tx(batch, Actor(SYSTEM.id, "schedule", effect.trace)), effect)
                store.mark_done(row, batch.now, None)

        try:
            await self._writer.run(job, urgent=False)
        except DATABASE_TROUBLE as problem:
            _say_trouble("task_not_saved", problem, effect)
            return Later("the database did not take it", word="database")
        except Exception as problem:  # rolled back; tried again, then shown to people
            log.exception("task_failed", extra={"effect": effect.key, "kind": effect.kind})
            return _crashed(effect, problem, doubt=False)
        return None

    async def _attempt(self, effect: Claimed, since: float) -> Outcome | None:
        adapter = self._adapter_for(effect.kind)
        if adapter is None:
            return Failed(f"nothing here can carry out «{effect.kind}»")
        half = self._lease.total_seconds() / 2
        lease.hold(since + half, lambda: self._held.get(effect.kind, 0.0) - time.monotonic())
        try:
            return await asyncio.wait_for(adapter.perform(effect), min(CALL_TIMEOUT_S, half))
        except lease.LeaseLost:
            log.warning("lease_lost", extra={"effect": effect.key, "kind": effect.kind})
            return None
        except lease.ToldToWait as told:
            wait = timedelta(seconds=told.seconds)
            return Later("Slack asks us to slow down", wait, word="ratelimited")
        except TimeoutError:
            return Later("no answer in time", doubt=True, word="timeout")
        except DATABASE_TROUBLE as problem:
            _say_trouble("effect_not_read", problem, effect)
            return Later("the database did not answer", doubt=True, word="database")
        except Exception as problem:  # a bug must not lose the effect; a person sees the error
            log.exception("effect_crashed", extra={"effect": effect.key, "kind": effect.kind})
            return _crashed(effect, problem, doubt=True)

    def _settle_and_claim(
        self, batch: Batch, *, effect: Claimed, outcome: Outcome, claims: bool = True
    ) -> tuple[list[Claimed], bool]:
        """Store how it went and take what is ready now, in one transaction.

        Returns also whether there may be more than was taken. Takes nothing without ``claims``.
        """
        self._settle(batch, effect, outcome)
        batch.store_effects()
        free = self._room - len(self._running) + 1
        if not claims or self._stop or not isinstance(outcome, Done) or free <= 0:
            return [], True
        if self._people_waiting():
            return [], True
        claimed = self._claim(batch, free)
        if len(claimed) < free:
            batch.all_begun()
        return claimed, len(claimed) == free

    def _settle(self, batch: Batch, effect: Claimed, outcome: Outcome) -> None:
        row = store.owned(batch.session, effect, self.owner)
        if row is None:
            return
        tx = Tx(batch, Actor(SYSTEM.id, "effect", effect.trace))
        if isinstance(outcome, Done):
            shown = row.attempts >= SHOWN_AT
            store.mark_done(row, batch.now, outcome.result)
            if shown and row.incident is not None and row.kind != "card.update":
                tx.refresh_card(row.incident)  # the card said that it waits
            handler = self._returned.get(effect.kind)
            if handler is not None:
                handler(tx, effect, outcome.result or {})
        elif isinstance(outcome, Later):
            wait = outcome.after if outcome.after is not None else backoff(row.attempts, row.key)
            store.mark_later(
                row, batch.now + wait, outcome.error, doubt=outcome.doubt, certain=outcome.certain
            )
            if outcome.whole_kind:
                store.hold_kind(batch.session, (effect.kind, *outcome.kinds), batch.now + wait)
            if row.attempts == SHOWN_AT and row.incident is not None:
                tx.refresh_card(row.incident)
        else:
            store.mark_failed(row, batch.now, outcome.error)
            self._failed(tx, effect, outcome.error)


def _crashed(effect: Claimed, problem: Exception, *, doubt: bool) -> Outcome:
    error = f"internal error: {type(problem).__name__}"
    if effect.attempts >= 5:
        return Failed(error, word="internal")
    return Later(error, doubt=doubt, word="internal")


def _say_trouble(what: str, problem: Exception, effect: Claimed | None = None) -> None:
    """One line for trouble of the database, which may last; the whole story for anything else."""
    extra = {"error": type(problem).__name__, **({"effect": effect.key} if effect else {})}
    if isinstance(problem, DATABASE_TROUBLE):
        log.error(what, extra={**extra, "why": str(getattr(problem, "orig", problem))[:200]})
    else:
        log.error(what, exc_info=problem, extra=extra)
