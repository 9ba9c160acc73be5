"""Links in the channel's head: the card at once, the status page when there is something on it."""

from __future__ import annotations

from pathlib import Path

from bot.effects import kinds
from bot.record.entry import SYSTEM
from tests.support.databases import sqlite_copy
from tests.support.houses import assert_proven
from tests.support.world import make_world


async def test_the_card_at_once_and_the_page_once_when_something_is_on_it(
    sqlite_template: Path, tmp_path: Path
) -> None:
    url = sqlite_copy(sqlite_template, tmp_path)
    async with make_world(url, tmp_path, STEADYHAND_BASE_URL="https://help.example.com") as world:
        ada = world.person("ada")
        await ada.command("/incident open The agent deletes mail")
        channel = await ada.waits_for_channel("inc-1")
        card = await ada.waits_for("The agent deletes mail", channel)
        await world.quiet()
        place = f"archives/{channel.id}/p{card.ts.replace('.', '')}"
        marks = {mark["title"]: mark["link"] for mark in channel.bookmarks.values()}
        assert list(marks) == ["INC-1 at a glance"]
        assert marks["INC-1 at a glance"].endswith(f".slack.com/{place}")
        for _ in range(2):  # every notice on the page asks for it; it is added once
            await world.house.change(SYSTEM, lambda tx: tx.effect(kinds.bookmark_page(1)))
            await world.quiet()
        links = [mark["link"] for mark in channel.bookmarks.values()]
        assert links[1:] == ["https://help.example.com/status"]
        assert_proven(world.house)
