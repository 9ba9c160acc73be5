"""Erasing in Slack: asked, looked at, confirmed, and only by those who may."""

from __future__ import annotations

from typing import Any

from bot.record import catalogue as c
from bot.record.read import entries
from bot.sandbox.people import Person
from tests.support.world import World, joined, opened, said

LEAK = "Mrs Quokka of 12 Zebra Street"


async def _opened(world: World) -> tuple[Person, Person, Any]:
    ada, channel = await opened(world)
    lawyer = await joined(world, ada, channel, "legal", "cleo")
    alone = await lawyer.command("/incident erase 1", channel)
    assert "took yourself does not count" in said(alone) and not lawyer.has_modal
    given = await ada.command(f"/incident role legal {lawyer.mention}", channel)
    assert "now it is given by you" in said(given)
    await ada.command(f"/incident note It showed the address of {LEAK}", channel)
    await ada.command(f"/incident decide Call {LEAK} because she asked", channel)
    await world.quiet()
    return ada, lawyer, channel


def _of(world: World, kind: type[Any]) -> list[Any]:
    return world.house.read_sync(lambda s: list(entries(s, 1, kinds=[kind.kind])))


async def test_an_entry_is_erased_after_a_look_and_a_reason(sqlite_world: World) -> None:
    world = sqlite_world
    ada, lawyer, channel = await _opened(world)
    (note,) = _of(world, c.NoteAdded)
    await lawyer.command(f"/incident erase {note.n}", channel)
    form = await lawyer.modal()
    assert (await form.submit()).errors, "a reason is demanded"
    form.fill("Why?", "Request 12")
    assert (await form.submit()).ok
    form = await lawyer.modal(title="Erase for good?")
    assert f"in entry {note.n} of INC-1" in form.text
    assert _of(world, c.TextErased) == [], "nothing before it is confirmed"
    assert (await form.submit()).ok
    await world.quiet()
    (erased,) = _of(world, c.TextErased)
    assert (erased.entry.entries, erased.entry.reason) == ([note.n], "Request 12")
    assert erased.actor == lawyer.id and erased.role == "legal"
    (note,) = _of(world, c.NoteAdded)
    assert note.entry.text == "[erased]" and note.actor == ada.id
    reply = await lawyer.command("/incident timeline all", channel)
    assert "private texts erased in entries" in said(reply) and "Request 12" in said(reply)


async def test_a_phrase_and_a_person(sqlite_world: World) -> None:
    world = sqlite_world
    ada, lawyer, channel = await _opened(world)
    await lawyer.command("/incident erase", channel)
    form = await lawyer.modal()
    form.fill("Or every text that holds this", "12 zebra street").fill("Why?", "Request 12")
    assert (await form.submit()).ok
    assert (await (await lawyer.modal(title="Erase for good?")).submit()).ok
    await world.quiet()
    assert LEAK not in str(_of(world, c.NoteAdded) + _of(world, c.DecisionMade))
    await lawyer.command(f"/incident erase {ada.mention}", channel)
    form = await lawyer.modal()
    form.fill("Why?", "Request 13")
    assert (await form.submit()).ok
    assert (await (await lawyer.modal(title="Erase for good?")).submit()).ok
    done = await lawyer.modal(title="Erased")
    assert "Receipt" in done.text
    await world.quiet()
    (gone,) = _of(world, c.PersonErased)
    assert gone.entry.person == "[erased]" and gone.entry.reason == "Request 13"
    receipt = done.text.split("```")[1].rsplit(": ", 1)[1].strip()
    with world.house.engines.read.connect() as conn:
        from sqlalchemy import text

        for table in ("delivery", "effect", "entry_private"):
            rows = str(conn.execute(text(f"SELECT * FROM {table}")).all())
            assert receipt not in rows, f"{table} still links the entry to the person"


async def test_others_are_refused_before_they_type(sqlite_world: World) -> None:
    world = sqlite_world
    ada, lawyer, channel = await _opened(world)
    reply = await ada.command("/incident erase 3", channel)
    assert "Privacy lead" in said(reply) and not ada.has_modal
    await world.quiet()
    assert [e.actor for e in _of(world, c.PermissionDenied)] == [lawyer.id, ada.id]
    assert {e.entry.verb for e in _of(world, c.PermissionDenied)} == {"erase_personal"}
    for words in ("erase everything", "erase 4 x"):
        reply = await lawyer.command(f"/incident {words}", channel)
        assert "is no entry number" in said(reply)
