"""Kill -9 and SIGSTOP at random moments while many incidents open at once. The seed is fixed."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.faults.town import Town, make_town
from tests.needs import needs_postgres

SEED = 20261121
#: The shortest lease there may be, so that pauses can outlast it.
LEASE_S = 2


@pytest.fixture
def pg_url(postgres: Any) -> Iterator[str]:
    """A new PostgreSQL database."""
    with postgres.database() as url:
        yield url


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


async def _pauses(town: Town, count: int, chance: random.Random) -> None:
    for _ in range(count):
        await asyncio.sleep(chance.uniform(0.1, 0.6))
        bot = chance.choice(town.bots)
        other = next((one for one in town.bots if one is not bot), bot)
        bot.pause()
        other.listen()
        await asyncio.sleep(LEASE_S + chance.uniform(0.3, 1.0))
        bot.resume()


def _count(town: Town, what: str) -> str:
    kills = sum(bot.kills for bot in town.bots)
    line = (
        f"{what}: {kills} kills, {len(town.rows())} effects, "
        f"{len(town.doubled())} duplicates seen, {len(town.lost())} losses"
    )
    print(line)
    return line


@pytest.mark.parametrize(
    ("incidents", "kills"),
    [pytest.param(12, 3, id="short"), pytest.param(50, 12, id="long", marks=pytest.mark.slow)],
)
async def test_killed_while_many_open_at_once(
    file_url: str, tmp_path: Path, incidents: int, kills: int
) -> None:
    chance = random.Random(SEED)
    async with make_town(file_url, tmp_path) as town:
        town.slack.set_weather({"latency_ms": 40})
        opening = asyncio.create_task(_open_many(town, incidents))
        await _kills(town, kills, chance)
        await opening
        await town.bot.ready()
        await town.rest(90)
        rooms = [c for c in town.slack.workspace.channels.values() if c.name.startswith("inc-")]
        assert len(rooms) == incidents
        town.whole()
        assert _count(town, "random kills").endswith("0 duplicates seen, 0 losses")


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


@pytest.mark.parametrize(
    ("bots", "kills", "pauses"),
    [pytest.param(2, 2, 2, id="two"), pytest.param(3, 5, 4, id="three", marks=pytest.mark.slow)],
)
@needs_postgres
async def test_several_processes_on_one_postgresql(
    pg_url: str, tmp_path: Path, bots: int, kills: int, pauses: int
) -> None:
    await _several(pg_url, tmp_path, bots, kills, pauses)


@pytest.mark.slow
async def test_two_processes_on_one_sqlite(file_url: str, tmp_path: Path) -> None:
    await _several(file_url, tmp_path, 2, 2, 2)


async def _several(url: str, folder: Path, bots: int, kills: int, pauses: int) -> None:
    chance = random.Random(SEED + bots)
    async with make_town(url, folder, bots=bots, STEADYHAND_LEASE_S=LEASE_S) as town:
        town.slack.set_weather({"latency_ms": 40})
        opening = asyncio.create_task(_open_many(town, 5 * bots))
        await _pauses(town, pauses, chance)
        await _kills(town, kills, chance)
        await opening
        for bot in town.bots:
            await bot.ready()
        await town.rest(90)
        town.whole()
        _count(town, f"{bots} processes, {pauses} pauses")
