"""The timeline in the channel: page by page to its beginning, each page as it holds now."""

from __future__ import annotations

from bot.incident import items
from bot.incident.queries import get
from bot.record.entry import Actor
from tests.support.world import World, opened


async def test_earlier_pages_can_be_shown_and_are_corrected_too(sqlite_world: World) -> None:
    world = sqlite_world
    ada, channel = await opened(world, "open It insults people")
    by = Actor(ada.id, "slash")
    for n in range(20):
        text = f"fact {n:02}"
        await world.house.change(by, lambda tx, text=text: items.note(tx, get(tx.session, 1), text))
    first = (await world.house.read(lambda s: get(s, 1))).version - 19
    await world.house.change(
        by, lambda tx: items.correct(tx, get(tx.session, 1), first, "fact zero")
    )
    await ada.command("/incident timeline", channel)
    shown = next(m for m in reversed(ada.sees(channel)) if "Timeline of INC-1" in m.plain)
    assert "fact 19" in shown.plain and "fact 01" not in shown.plain
    await ada.click(shown, "Show earlier")
    earlier = await ada.waits_for("fact 01", channel)
    assert "Incident opened" in earlier.plain
    assert "fact zero" in earlier.plain and "corrected by" in earlier.plain
    assert "Show earlier" not in earlier.plain
