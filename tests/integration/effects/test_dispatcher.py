"""The dispatcher: what it has in hand at once, and how it stops."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

import pytest
from sqlmodel import col, func, select

from bot.effects.dispatcher import IN_FLIGHT, Dispatcher
from bot.effects.kinds import Effect
from bot.effects.outcome import Done, Outcome
from bot.effects.store import Claimed
from bot.house import House
from db.tables import EffectRow
from tests.support.houses import Run


class Far:
    """An outside world that takes its time and counts who is there at once."""

    def __init__(self, takes_s: float) -> None:
        self.takes_s, self.inside, self.most, self.begun = takes_s, 0, 0, 0

    async def perform(self, effect: Claimed) -> Outcome:
        self.inside, self.begun = self.inside + 1, self.begun + 1
        self.most = max(self.most, self.inside)
        await asyncio.sleep(self.takes_s - time.monotonic() % self.takes_s)  # all at one stroke
        self.inside -= 1
        return Done()


def _dispatcher(house: House, far: Far) -> Dispatcher:
    made = Dispatcher(
        house.writer, lambda kind: far, tasks={}, returned={}, failed=lambda *_: None,
        look=house.any_effect_ready,
    )  # fmt: skip
    house.dispatcher = made
    return made


def _stored(run: Run, count: int) -> None:
    run(
        "system",
        lambda tx: tx.effect(*(Effect("group.read", f"k{n}", f"l{n}") for n in range(count))),
    )


def _count(house: House, state: str) -> int:
    statement = select(func.count()).where(col(EffectRow.state) == state)
    return house.read_sync(lambda session: session.exec(statement).one())


async def _until(what: Callable[[], bool]) -> None:
    async with asyncio.timeout(10):
        while not what():
            await asyncio.sleep(0.005)


async def test_no_more_are_in_hand_than_allowed_however_many_end_together(
    house: House, run: Run
) -> None:
    _stored(run, 200)
    dispatcher = _dispatcher(house, far := Far(0.05))
    task = asyncio.create_task(dispatcher.run())
    await _until(lambda: _count(house, "done") == 200)
    await dispatcher.stop()
    await task
    assert far.most <= IN_FLIGHT


@pytest.mark.parametrize("begun", [1, 30, 60])
async def test_nothing_is_left_in_hand_by_a_stop(house: House, run: Run, begun: int) -> None:
    """What was claimed while it stopped would be in doubt for whoever comes next."""
    _stored(run, 150)
    dispatcher = _dispatcher(house, far := Far(0.01))
    task = asyncio.create_task(dispatcher.run())
    await _until(lambda: far.begun >= begun)
    await dispatcher.stop()
    task.cancel()
    assert _count(house, "inflight") == 0
    await asyncio.gather(task, return_exceptions=True)
