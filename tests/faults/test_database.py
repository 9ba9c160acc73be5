"""The database is locked, read-only or full, and the clock jumps: nothing half done, people told."""

from __future__ import annotations

import asyncio
import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event

from db import writer
from db.engine import open_engines
from db.tables import Head
from tests.faults.test_weather import kinds_on_record, nothing_doubled_or_lost, opened, town_of
from tests.needs import needs_postgres
from tests.support.world import World, make_world, said

TITLE = "Assistant shows other chats"
NOT_SAVED = "could not be saved"


def _file(world: World) -> Path:
    return Path(world.house.engines.url.removeprefix("sqlite:///"))


@contextmanager
def _pragma(world: World, on: str, off: str) -> Iterator[None]:
    """A setting on the writing connection, and back."""
    now = [on]

    def before(conn: Any) -> None:
        conn.connection.execute(now[0])  # the driver's own connection, before any BEGIN

    event.listen(world.house.engines.write, "begin", before, insert=True)
    try:
        yield
    finally:
        now[0] = off
        world.house.engines.write.dispose()  # as after the disk was mounted again for writing


async def test_locked_for_three_seconds_by_another_process(sqlite_world: World) -> None:
    world = sqlite_world
    ada, channel = await opened(world)
    before = await kinds_on_record(world)
    other = sqlite3.connect(_file(world), isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    began = time.monotonic()
    reply = await ada.command("/incident note while it was locked", channel)
    assert reply.ok and NOT_SAVED in said(reply) and reply.ms < 3000
    assert "You typed" in said(reply)
    await asyncio.sleep(max(0.0, 3.0 - (time.monotonic() - began)))
    other.execute("ROLLBACK")
    other.close()
    assert await kinds_on_record(world) == before
    reply = await ada.command("/incident note after it was locked", channel)
    assert NOT_SAVED not in said(reply)
    await world.quiet()
    nothing_doubled_or_lost(world)


async def test_locked_for_a_moment_nobody_notices(sqlite_world: World) -> None:
    world = sqlite_world
    ada, channel = await opened(world)
    other = sqlite3.connect(_file(world), isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    asked = asyncio.create_task(ada.command("/incident note while it was locked", channel))
    await asyncio.sleep(1.2)
    other.execute("ROLLBACK")
    other.close()
    reply = await asked
    assert reply.ok and NOT_SAVED not in said(reply)
    assert (await kinds_on_record(world)).count("note.added") == 1
    await world.quiet()


@pytest.mark.parametrize(
    ("on", "off"),
    [
        pytest.param("PRAGMA query_only=ON", "PRAGMA query_only=OFF", id="read-only"),
        pytest.param("PRAGMA max_page_count=1", "PRAGMA max_page_count=1073741823", id="disk full"),
    ],
)
async def test_a_database_that_takes_nothing(sqlite_world: World, on: str, off: str) -> None:
    world = sqlite_world
    ada, channel = await opened(world)
    before = await kinds_on_record(world)
    with _pragma(world, on, off):
        text = "a note that is long " * 120
        for _ in range(2):  # pages that are free already are used first
            reply = await ada.command(f"/incident note {text}", channel)
        assert reply.ok and reply.ms < 3000
        listed = await ada.command("/incident list")  # looking goes on
        assert "INC-1" in said(listed)
        if NOT_SAVED not in said(reply):
            assert on.startswith("PRAGMA max_page")
            for _ in range(30):
                reply = await ada.command(f"/incident note {text}", channel)
                if NOT_SAVED in said(reply):
                    break
        assert NOT_SAVED in said(reply)
        await ada.command("/incident decide", channel)
        form = await ada.modal()
        # Longer than all space that may be left within pages: a short answer could still fit.
        form.fill("What was decided?", text).fill("text_harm", text[:500])
        errors = (await form.submit()).errors
        assert errors and NOT_SAVED in str(errors)  # the form stays, with what was typed
        after = await kinds_on_record(world)
        assert set(after[len(before) :]) <= {"note.added"}
    assert (await form.submit()).ok
    await world.quiet(40)
    assert "decision.made" in await kinds_on_record(world)
    nothing_doubled_or_lost(world)


async def test_saving_that_takes_long_is_acknowledged_and_answered_afterwards(
    sqlite_world: World,
) -> None:
    world = sqlite_world
    ada, channel = await opened(world)
    slow = [3.4]

    def stall(_conn: Any) -> None:
        if slow:
            time.sleep(slow.pop())

    event.listen(world.house.engines.write, "commit", stall)
    reply = await ada.command("/incident note the disk is slow", channel)
    assert reply.ok and reply.ms < 3000 and "takes longer than usual" in said(reply)
    await asyncio.sleep(2.5)
    assert (await kinds_on_record(world)).count("note.added") == 1
    whispers = [seen.plain for seen in ada.sees(channel) if seen.ephemeral]
    assert len(whispers) >= 2 and NOT_SAVED not in whispers[-1]
    await world.quiet()


@needs_postgres
async def test_a_process_that_stalls_inside_a_write_is_thrown_out(
    postgres: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It holds the lock of the record's end; without a limit everybody would wait for it."""
    with postgres.database() as url:
        async with make_world(url, tmp_path) as world:
            ada, channel = await opened(world)
            monkeypatch.setattr(writer, "STALLED_MS", 4000)
            other = open_engines(url)
            writer.Writer(other, lambda session, careful: session)  # type: ignore[arg-type,return-value]
            stalled = other.write.connect()
            stalled.exec_driver_sql(f"SELECT * FROM {Head.__tablename__} FOR UPDATE")
            reply = await ada.command("/incident note while it stalls", channel)
            assert reply.ok and NOT_SAVED in said(reply) and reply.ms < 3000
            await asyncio.sleep(3)
            reply = await ada.command("/incident note after it", channel)
            assert reply.ok and NOT_SAVED not in said(reply)
            assert (await kinds_on_record(world)).count("note.added") == 1
            stalled.invalidate()
            stalled.close()
            other.dispose()
            await world.quiet()


@pytest.mark.parametrize("jumps", [(3600, -3600), (-3600, 3600), (-7200,)], ids=str)
async def test_the_clock_jumps(world: World, jumps: tuple[int, ...]) -> None:
    """In the middle of calls: leases seem over, or an hour seems left; nothing is doubled or late."""
    world.slack.set_weather({"latency_ms": 200})
    ada = world.person("ada")
    await ada.command(f"/incident open {TITLE}")
    for jump in jumps:
        world.later(seconds=jump)
        await asyncio.sleep(0.5)
    channel = await ada.waits_for_channel("inc-1", timeout=20)
    await ada.waits_for(TITLE, channel, timeout=20)
    await ada.command("/incident update all goes on", channel)
    await ada.waits_for("all goes on", channel, timeout=20)
    await world.slack.wait_until(
        lambda: "INC-1" in ada.reads("incidents") and channel.pins, timeout=20
    )
    await world.slack.settle(0.5, timeout=30)
    world.slack.set_weather({"latency_ms": 0})
    await town_of(world).rest(40)
    nothing_doubled_or_lost(world)


async def test_the_answer_is_lost_and_our_clock_is_an_hour_ahead(sqlite_world: World) -> None:
    """What was posted stands before «the first attempt» by our clock, and is found all the same."""
    world = sqlite_world
    ada, channel = await opened(world)
    world.later(hours=1)
    world.slack.faults.add("chat.postMessage", "drop_after", times=3)
    await ada.command("/incident update posted once", channel)
    await ada.waits_for("posted once", channel)
    await world.quiet(40)
    nothing_doubled_or_lost(world)


async def test_bursts_are_acknowledged_while_another_process_writes_much(
    sqlite_world: World,
) -> None:
    world = sqlite_world
    ada, channel = await opened(world)
    stop = asyncio.Event()

    def hold() -> None:
        other = sqlite3.connect(_file(world), isolation_level=None, timeout=5)
        other.execute("BEGIN IMMEDIATE")
        time.sleep(0.25)
        other.execute("ROLLBACK")
        other.close()

    async def busy() -> None:
        while not stop.is_set():
            await asyncio.to_thread(hold)
            await asyncio.sleep(0.1)

    holding = asyncio.create_task(busy())
    replies = await asyncio.gather(
        *(ada.command(f"/incident note number {n}", channel) for n in range(20))
    )
    stop.set()
    await holding
    assert all(reply.ok and reply.ms < 3000 for reply in replies)
    saved = [reply for reply in replies if NOT_SAVED not in said(reply)]
    assert (await kinds_on_record(world)).count("note.added") == len(saved)
    await world.quiet(40)
