"""PostgreSQL is read-only, full, or throws everybody out: nothing half done, people told."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest

from tests.faults.test_database import NOT_SAVED
from tests.faults.test_weather import kinds_on_record, nothing_doubled_or_lost, opened
from tests.needs import needs_postgres
from tests.support.houses import assert_proven
from tests.support.world import World, make_world, said

pytestmark = needs_postgres
#: As the server says it when a table cannot grow.
FULL = """
CREATE FUNCTION no_room() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
  RAISE EXCEPTION 'could not extend file: No space left on device' USING ERRCODE = '53100';
END $$;
CREATE TRIGGER no_room BEFORE INSERT OR UPDATE ON entry EXECUTE FUNCTION no_room();
CREATE TRIGGER no_room BEFORE INSERT OR UPDATE ON effect EXECUTE FUNCTION no_room();
"""
EMPTY = "DROP TRIGGER no_room ON entry; DROP TRIGGER no_room ON effect; DROP FUNCTION no_room()"
THROW_OUT = """
SELECT pg_terminate_backend(pid) FROM pg_stat_activity
WHERE datname = current_database() AND pid <> pg_backend_pid()
"""
READ_ONLY = "ALTER DATABASE {name} SET default_transaction_read_only = {to}"


@pytest.fixture
async def world(pg_url: str, tmp_path: Path) -> AsyncIterator[World]:
    """The running bot on a PostgreSQL of its own."""
    async with make_world(pg_url, tmp_path) as made:
        yield made
        assert_proven(made.house)


def _does(url: str, *statements: str) -> None:
    """As the administrator, who may write all the same."""
    with psycopg.connect(url, autocommit=True, options="-c default_transaction_read_only=off") as c:
        name = c.info.dbname
        for statement in statements:
            c.execute(statement.replace("{name}", name))  # type: ignore[arg-type]


@contextmanager
def _read_only(url: str) -> Iterator[None]:
    """As after a failover to a replica: every connection is new and may only read."""
    _does(url, READ_ONLY.replace("{to}", "on"), THROW_OUT)
    yield
    _does(url, READ_ONLY.replace("{to}", "off"), THROW_OUT)


@contextmanager
def _full(url: str) -> Iterator[None]:
    _does(url, FULL)
    yield
    _does(url, EMPTY)


@pytest.mark.parametrize("harm", [_read_only, _full], ids=["read-only", "disk full"])
async def test_a_database_that_takes_nothing(world: World, pg_url: str, harm) -> None:  # type: ignore[no-untyped-def]
    ada, channel = await opened(world)
    before = await kinds_on_record(world)
    with harm(pg_url):
        reply = await ada.command("/incident note kept nowhere", channel)
        assert reply.ok and reply.ms < 3000 and NOT_SAVED in said(reply)
        assert "You typed" in said(reply)
        assert "INC-1" in said(await ada.command("/incident list"))  # looking goes on
        await ada.command("/incident step done 1", channel)
        form = await ada.modal()
        form.fill("The answer", "No")
        errors = (await form.submit()).errors
        assert errors and NOT_SAVED in str(errors)  # the form stays, with what was typed
        assert await kinds_on_record(world) == before
    assert (await form.submit()).ok
    await world.quiet(40)
    kinds = await kinds_on_record(world)
    assert kinds.count("step.done") == 1 and "note.added" not in kinds
    nothing_doubled_or_lost(world)


async def test_thrown_out_while_many_work(world: World, pg_url: str) -> None:
    """As when the server restarts: what was answered is there, the rest was said not to be."""
    ada, channel = await opened(world)
    replies = []
    for _ in range(3):
        asked = [
            asyncio.create_task(ada.command(f"/incident note number {n}", channel))
            for n in range(6)
        ]
        await asyncio.sleep(0.02)
        await asyncio.to_thread(_does, pg_url, THROW_OUT)
        replies += await asyncio.gather(*asked)
    assert all(reply.ok and reply.ms < 3000 for reply in replies)
    saved = [reply for reply in replies if NOT_SAVED not in said(reply)]
    assert (await kinds_on_record(world)).count("note.added") == len(saved)
    assert NOT_SAVED not in said(await ada.command("/incident note the last one", channel))
    await world.quiet(40)
    nothing_doubled_or_lost(world)
