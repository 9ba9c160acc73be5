"""Notes for a few: read by those few, and met nowhere else."""

from __future__ import annotations

import asyncio
import io
import logging
from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import select, text
from sqlmodel import col

from bot.incident import roles
from bot.incident.queries import get
from bot.postmortem.export import export_document
from bot.record import bundle
from bot.record import catalogue as c
from bot.record.entry import Actor, Recorded
from bot.record.read import entries
from bot.sandbox.people import Person
from db.tables import Delivery, EntryRow
from tests.support.houses import Run
from tests.support.world import World, joined, opened, said

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
    ada, channel = await opened(world)
    lawyer = await joined(world, ada, channel, "legal", "cleo")
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


def _readings(world: World) -> list[Recorded]:
    return world.house.read_sync(
        lambda session: list(entries(session, 1, kinds=[c.PrivilegedRead.kind]))
    )


async def test_each_reading_is_on_the_record_and_says_nothing_of_the_words(
    sqlite_world: World,
) -> None:
    world = sqlite_world
    ada, lawyer, channel = await _opened(world)
    await _noted(world, ada, channel)
    told = await lawyer.waits_for("a privileged note for you", "dm")
    assert _readings(world) == [], "being told of it is not reading it"
    await lawyer.click(told, "Read it")
    await lawyer.waits_for(WORDS, "dm")
    await lawyer.command("/incident privileged read", channel)
    assert "for you" in said(await ada.command("/incident privileged read", channel))
    noted = int(told.plain.split("entry ")[1].split(".")[0])
    found = _readings(world)
    assert [(one.actor, one.source, one.entry.notes, one.entry.roles) for one in found] == [
        (lawyer.id, "button", [noted], ["legal"]),
        (lawyer.id, "slash", [noted], ["legal"]),
    ], "who, through which door, which note; nothing of whoever was shown nothing"
    with world.house.engines.read.connect() as conn:
        docs = conn.execute(select(EntryRow.doc).where(col(EntryRow.kind) == "privileged.read"))
        kept = conn.execute(select(Delivery.answer)).all()
    assert not any("xylophone" in doc for (doc,) in docs)
    assert "xylophone" not in str(kept)
    # Whoever sees that the note exists sees that it was read; the short timeline leaves it out.
    assert f"Read privileged note {noted} as" in said(
        await ada.command("/incident timeline all", channel)
    )
    assert "Read privileged" not in said(await ada.command("/incident timeline", channel))
    assert f"privileged note {noted} as" in said(
        await ada.command("/incident search read", channel)
    )


async def test_a_request_that_comes_twice_is_one_reading(sqlite_world: World) -> None:
    world = sqlite_world
    ada, lawyer, channel = await _opened(world)
    await _noted(world, ada, channel)
    first = await lawyer.command("/incident privileged read", channel)
    delivery = world.slack.core.delivery
    again = next(one for one in reversed(delivery.sent) if one.kind == "slash_commands")
    await ada.command("/incident privileged", channel)
    form = await ada.modal()
    form.fill("The note", "Written since then")
    assert (await form.submit()).ok
    await world.quiet()
    for answer in await asyncio.gather(*(delivery._once(again) for _ in range(3))):
        assert said(answer) == said(first), "the same notes, and none that came later"
    assert len(_readings(world)) == 1
    # Whoever holds the role no longer is shown nothing by an old request either.
    Run(world.house)(lawyer.id, lambda tx: roles.release(tx, get(tx.session, 1), "legal"))
    assert WORDS not in said(await delivery._once(again))
    assert len(_readings(world)) == 1
    await world.quiet()


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
