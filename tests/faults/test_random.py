"""Kill -9 and SIGSTOP at random moments while many incidents open at once. The seed is fixed."""

from __future__ import annotations

import asyncio
import random
from pathlib import Path

import pytest

from tests.faults.conftest import Counts
from tests.faults.stories import OTHERS, Story
from tests.faults.town import Town, make_town
from tests.needs import needs_postgres

SEED = 20261121
#: The shortest lease there may be, so that pauses can outlast it.
LEASE_S = 2


async def _open_many(town: Town, count: int) -> int:
    """Everybody opens incidents, and repeats what was not acknowledged. Returns how many stand."""

    async def one(n: int) -> None:
        who = town.slack.people[n % len(town.slack.people)]
        for _ in range(60):
            reply = await who.command(f"/incident open Trouble number {n} in the assistant")
            if reply.ok and "INC-" in str(reply.body):
                return
            await asyncio.sleep(0.25)
        raise AssertionError(f"{n} was never acknowledged")

    await asyncio.gather(*(one(n) for n in range(count)))
    return count


async def _kills(town: Town, count: int, chance: random.Random) -> None:
    for _ in range(count):
        await asyncio.sleep(chance.uniform(0.2, 1.2))
        bot = chance.choice(town.bots)
        bot.kill9()
        bot.start()
        await bot.up()
        bot.listen()


SHORT = pytest.param(12, 3, id="short")
LONG = pytest.param(50, 12, id="long", marks=pytest.mark.slow)


@pytest.mark.parametrize(("incidents", "kills"), [SHORT, LONG])
async def test_killed_while_many_open_at_once(
    file_url: str, tmp_path: Path, incidents: int, kills: int, counts: Counts
) -> None:
    await _killed(file_url, tmp_path, incidents, kills, counts)


@needs_postgres
@pytest.mark.parametrize(("incidents", "kills"), [LONG])
async def test_the_same_on_postgresql(
    pg_url: str, tmp_path: Path, incidents: int, kills: int, counts: Counts
) -> None:
    await _killed(pg_url, tmp_path, incidents, kills, counts)


async def _killed(url: str, folder: Path, incidents: int, kills: int, counts: Counts) -> None:
    chance = random.Random(SEED)
    async with make_town(url, folder) as town:
        town.slack.set_weather({"latency_ms": 40})
        opening = asyncio.create_task(_open_many(town, incidents))
        await _kills(town, kills, chance)
        await opening
        await town.bot.ready()
        await town.rest(90)
        rooms = [c for c in town.slack.workspace.channels.values() if c.name.startswith("inc-")]
        assert len(rooms) == incidents
        counts(f"{town.bot.kills} kills, {incidents} incidents, {town.counts()}")
        town.whole()


async def test_one_process_stopped_for_longer_than_its_lease(file_url: str, tmp_path: Path) -> None:
    """It wakes up and finds its own leases over: nobody else took the work, and nothing is doubled."""
    async with make_town(file_url, tmp_path, STEADYHAND_LEASE_S=LEASE_S) as town:
        town.slack.set_weather({"latency_ms": 150})
        await _open_many(town, 4)
        for _ in range(2):
            await asyncio.sleep(0.2)
            town.bot.pause()
            await asyncio.sleep(LEASE_S + 0.5)
            town.bot.resume()
        await town.rest()
        town.whole()


@pytest.mark.slow
@pytest.mark.parametrize("story", OTHERS, ids=lambda story: story.name)
async def test_other_turns_are_killed_at_random_moments(
    db_url: str, tmp_path: Path, story: Story, counts: Counts
) -> None:
    """Acknowledged or not, saved or not, on its way to Slack or there: whole, once."""
    chance = random.Random(f"{SEED} {story.name}")
    async with make_town(db_url, tmp_path) as town:
        for n in range(1, 5):
            given = await story.before(town, n)
            asked = asyncio.create_task(story.request(town, given))
            await asyncio.sleep(chance.uniform(0.0, 0.3))
            town.bot.kill9()
            await asyncio.gather(asked, return_exceptions=True)  # a form may never have opened
            await town.bot.restart()
            await town.rest()
        counts(f"{town.bot.kills} kills, {town.counts()}")
        town.whole()
