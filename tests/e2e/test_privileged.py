"""Notes for a few: read by those few, and met nowhere else."""

from __future__ import annotations

import io
import logging
from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import text

from bot.incident import roles
from bot.incident.queries import get
from bot.postmortem.export import export_document
from bot.record import bundle
from bot.record.entry import Actor
from bot.sandbox.people import Person
from tests.support.houses import Run
from tests.support.world import World, said

WORDS = "counsel says xylophone"


@pytest.fixture
def heard() -> Iterator[io.StringIO]:
    """Everything that is logged."""
    stream, root = io.StringIO(), logging.getLogger()
    handler, level = logging.StreamHandler(stream), root.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    yield stream
    root.removeHandler(handler)
    root.setLevel(level)


async def _opened(world: World) -> tuple[Person, Person, Any]:
    ada, lawyer = world.person("ada"), world.person("cleo")
    await ada.command("/incident open The agent deletes mail")
    channel = await ada.waits_for_channel("inc-1")
    await world.quiet()
    await ada.invites(lawyer, channel)
    await lawyer.command("/incident role legal", channel)
    await ada.command(f"/incident role legal {lawyer.mention}", channel)
    await world.quiet()
    return ada, lawyer, channel


async def _noted(world: World, ada: Person, channel: Any) -> None:
    await ada.command("/incident privileged", channel)
    form = await ada.modal()
    assert (await form.submit()).errors
    form.fill("The note", WORDS)
    assert (await form.submit()).ok
    await ada.waits_for("Kept as entry", channel)
    await world.quiet()


async def test_a_reader_is_told_and_reads_it_alone(sqlite_world: World) -> None:
    world = sqlite_world
    ada, lawyer, channel = await _opened(world)
    await _noted(world, ada, channel)
    told = await lawyer.waits_for("a privileged note for you", "dm")
    assert WORDS not in told.plain
    await lawyer.click(told, "Read it")
    await lawyer.waits_for(WORDS, "dm")
    assert WORDS in said(await lawyer.command("/incident privileged read", channel))
    for person in (ada, world.person("max")):
        await person.joins(channel)
        reply = await person.command("/incident privileged read", channel)
        assert "No privileged note here is for you" in said(reply)
        assert WORDS not in person.reads(channel) + person.reads("dm")
    # The role is handed on: who held it when the message came no longer reads.
    Run(world.house)(lawyer.id, lambda tx: roles.release(tx, get(tx.session, 1), "legal"))
    reply = await lawyer.command("/incident privileged read", channel)
    assert WORDS not in said(reply)
    await world.quiet()


async def test_whoever_takes_a_role_alone_reads_nothing_by_it(sqlite_world: World) -> None:
    """A stranger joins the open channel, takes the free role, and takes over command."""
    world = sqlite_world
    ada, _, channel = await _opened(world)
    await ada.command("/incident privileged", channel)
    form = await ada.modal()
    form.fill("The note", WORDS).fill("Who may read it?", ["legal", "privacy", "commander"])
    assert (await form.submit()).ok
    await world.quiet()
    stranger = world.person("max")
    await stranger.joins(channel)
    for role in ("privacy", "commander"):
        await stranger.command(f"/incident role {role}", channel)
        reply = await stranger.command("/incident privileged read", channel)
        assert "let the commander give it to you" in said(reply)
    await world.quiet()
    assert WORDS not in stranger.reads(channel) + stranger.reads("dm")


async def test_its_words_are_met_nowhere_else(sqlite_world: World, heard: io.StringIO) -> None:
    world = sqlite_world
    ada, lawyer, channel = await _opened(world)
    await _noted(world, ada, channel)
    for typed in ("timeline all", "search xylophone", "status", "postmortem", "correct 1 x"):
        assert "xylophone" not in said(await lawyer.command(f"/incident {typed}", channel)).replace(
            "search xylophone", ""
        ).replace("«xylophone»", "").replace("/incident search", ""), typed
    house = world.house
    for form in ("md", "html", "json"):
        assert b"xylophone" not in export_document(house, 1, form)
    packed = house.change_sync(Actor("cli:ops", "cli"), lambda tx: _bundle(tx))
    assert b"xylophone" not in packed
    with house.engines.read.connect() as conn:
        for table in ("entry", "entry_text", "record_item", "effect", "delivery", "incident"):
            assert "xylophone" not in str(conn.execute(text(f"SELECT * FROM {table}")).all()), table
    await world.quiet()
    assert WORDS not in heard.getvalue()
    for name in ("ada", "max", "evan"):
        person = world.person(name)
        seen = [person.reads(room) for room in person.channels()] + [person.reads("dm")]
        assert not any(WORDS in one for one in seen)


def _bundle(tx: Any) -> bytes:
    from bot.record import keys

    keys.make(tx)
    tx.batch.flush()
    return bundle.export(tx, 1)
