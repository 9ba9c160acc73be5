"""Buttons go when they are moot: what became of the question stands where it was asked."""

from __future__ import annotations

from typing import Any

from bot.sandbox.forms import elements
from bot.sandbox.people import Person
from bot.sandbox.seen import Seen
from tests.support.world import World


def buttons(seen: Seen) -> list[str]:
    return [part["text"]["text"] for _, part in elements(seen.message.blocks or [])]


async def _offered(who: Person, role: str) -> Any:
    return await who.waits_for(f"asks you to be *{role}*", "dm")


async def test_offers_of_a_role_show_what_became_of_them(sqlite_world: World) -> None:
    world = sqlite_world
    ada, max_, sam = (world.person(name) for name in ("ada", "max", "sam"))
    await ada.command("/incident open The agent deletes mail")
    channel = await ada.waits_for_channel("inc-1")
    await world.quiet()
    await ada.command(f"/incident role ml {max_.mention}", channel)
    first = await _offered(max_, "Model on-call")
    assert buttons(first) == ["Accept", "I cannot"]
    await ada.command(f"/incident role ml {sam.mention}", channel)
    second = await _offered(sam, "Model on-call")
    await world.quiet()
    # The first offer was overtaken by the second one, which is open.
    assert buttons(first) == [] and "was asked to be Model on-call" in first.plain
    assert buttons(second) == ["Accept", "I cannot"]
    await sam.click(second, "Accept")
    await world.quiet()
    assert buttons(second) == [] and "You are Model on-call in INC-1" in second.plain
    await ada.command(f"/incident role scribe {max_.mention}", channel)
    third = await _offered(max_, "Scribe")
    await max_.click(third, "I cannot")
    await world.quiet()
    assert buttons(third) == [] and "You cannot be Scribe" in third.plain
