"""The main job through the page: three people at three screens, from open to resolved."""

from __future__ import annotations

import asyncio

from playwright.async_api import Page, expect

from db.tables import Notice
from tests.e2e.page.conftest import OpenPage
from tests.e2e.page.test_newcomer import CHANNEL, incident, say
from tests.e2e.test_story import FACTS
from tests.needs import needs_chromium
from tests.support.world import World

pytestmark = needs_chromium


async def _pick(page: Page, block: str, typed: str) -> None:
    """Choose by typing, as one does: open the list, type a part, take the first."""
    await page.locator(f"input[data-block-id={block}]").focus()
    await page.keyboard.press("ArrowDown")
    await page.keyboard.type(typed)
    await page.keyboard.press("Enter")


async def _send(page: Page) -> None:
    await page.get_by_test_id("modal-submit").click()


async def _messages(page: Page) -> None:
    """Goes to the talk with the bot."""
    await page.get_by_test_id("home-item").first.click()
    await page.get_by_role("tab", name="Messages").click()


async def _accept_role(world: World, commander: Page, holder: Page, role: str, name: str) -> None:
    await say(commander, f"/incident role {role} @{name}")
    await world.quiet()
    await _messages(holder)
    await holder.get_by_role("button", name="Accept").last.click()
    await expect(holder.get_by_text("Your first 15 minutes").last).to_be_visible()
    await holder.locator(CHANNEL).click()


async def _approved(world: World, count: int) -> None:
    """Until so many have approved notice 1."""
    async with asyncio.timeout(15):
        while True:
            row = await world.house.read(lambda session: session.get(Notice, (1, 1)))
            if row is not None and len(row.approvals) >= count:
                return
            await asyncio.sleep(0.1)


async def test_three_people_run_an_incident(sqlite_world: World, open_page: OpenPage) -> None:
    world = sqlite_world
    ada = await open_page(world.slack, "U01ADA", height=1000)
    await incident(ada)
    cleo = await open_page(world.slack, "U03COM", height=1000)
    priya = await open_page(world.slack, "U04PRV", height=1000)
    await _accept_role(world, ada, cleo, "comms", "cleo")
    await _accept_role(world, ada, priya, "privacy", "priya")

    await say(ada, "/incident severity")
    await _pick(ada, "families", "toxic")
    await ada.keyboard.press("Escape")
    await _pick(ada, "harm", "Serious")
    await _pick(ada, "likelihood", "1 in 10,000")
    await _send(ada)
    await expect(ada.get_by_text("The rules propose SEV2")).to_be_visible()
    await _send(ada)
    await expect(ada.get_by_test_id("modal")).to_have_count(0)
    await world.quiet()
    await expect(cleo.locator(".message.pinned")).to_contain_text("SEV2")

    await say(ada, "/incident decide answer refunds by people because it stops the harm")
    await expect(cleo.get_by_text("answer refunds by people").first).to_be_visible()

    await say(cleo, "/incident notice")
    await _pick(cleo, "audience", "People")
    await _pick(cleo, "stage", "First")
    await _send(cleo)
    for name, answer in FACTS.items():
        await cleo.locator(f":is(input, textarea)[data-block-id={name}]").fill(answer)
    await _send(cleo)
    await cleo.locator("[data-block-id=next] input[value=ask]").check()
    await _send(cleo)
    await expect(cleo.get_by_test_id("modal")).to_have_count(0)
    await world.quiet()
    for count, approver in enumerate((ada, priya), 1):
        await _messages(approver)
        await approver.get_by_role("button", name="Approve this text").last.click()
        await _approved(world, count)
    await say(cleo, "/incident notice 1")
    await cleo.get_by_role("button", name="Publish").last.click()
    await cleo.get_by_test_id("confirm-yes").click()
    await world.person("evan").waits_for("insulting way", "support", 15)
    await world.quiet()
