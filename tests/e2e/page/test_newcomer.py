"""A newcomer opens the page and runs an incident, without an account and without a manual."""

from __future__ import annotations

from playwright.async_api import Page, expect

from tests.e2e.page.conftest import OpenPage
from tests.needs import needs_chromium
from tests.support.world import World

pytestmark = needs_chromium
FIRST = "/incident open Support assistant is insulting customers"
CHANNEL = "[data-channel-name^=inc-]"


async def say(page: Page, text: str) -> None:
    await page.get_by_test_id("composer").fill(text)
    await page.keyboard.press("Enter")


async def incident(page: Page) -> None:
    """Opens the first incident and goes to its channel."""
    await say(page, FIRST)
    await page.locator(CHANNEL).click()
    await expect(page.get_by_test_id("channel-title")).to_contain_text("insulting")


async def test_the_hint_leads_to_an_open_incident(sqlite_world: World, open_page: OpenPage) -> None:
    page = await open_page(sqlite_world.slack)
    await page.get_by_test_id("hint-fill").click()
    await expect(page.get_by_test_id("composer")).to_have_value(FIRST)
    await page.keyboard.press("Enter")
    await expect(page.get_by_text("Only visible to you").first).to_be_visible()
    await expect(page.get_by_test_id("composer")).to_have_value("")
    await page.locator(CHANNEL).click()
    await expect(page.locator(".message.pinned h2")).to_contain_text(
        "Support assistant is insulting"
    )
    await expect(page.get_by_test_id("pins")).to_have_text("1")
    await sqlite_world.quiet()


async def test_a_form_says_what_is_missing_and_gives_the_focus_back(
    sqlite_world: World, open_page: OpenPage
) -> None:
    page = await open_page(sqlite_world.slack)
    await page.get_by_test_id("global-shortcuts").press("Enter")
    await page.get_by_role("menuitem", name="Open an incident").press("Enter")
    modal = page.get_by_test_id("modal")
    await expect(modal.get_by_role("textbox").first).to_be_focused()
    await page.get_by_test_id("modal-submit").click()
    await expect(page.get_by_test_id("input-error").first).to_contain_text("required")
    await expect(modal.get_by_role("textbox").first).to_be_focused()
    await page.keyboard.type("Chatbot leaks order data")
    await expect(page.get_by_test_id("input-error")).to_have_count(0)
    await page.get_by_test_id("modal-submit").click()
    await expect(modal).to_have_count(0)
    await expect(page.locator(CHANNEL)).to_have_attribute(
        "data-channel-name", "inc-1-chatbot-leaks-order-data"
    )
    await expect(page.get_by_test_id("global-shortcuts")).to_be_focused()
    await sqlite_world.quiet()


async def test_people_see_each_other_at_once_but_not_what_is_private(
    sqlite_world: World, open_page: OpenPage
) -> None:
    ada = await open_page(sqlite_world.slack)
    max_ = await open_page(sqlite_world.slack, "U02MLE")
    await say(ada, FIRST)
    await expect(ada.get_by_text("Only visible to you").first).to_be_visible()
    await say(ada, "Hello @max, <b>look</b> & tell me :eyes:")
    heard = max_.get_by_test_id("message").last
    await expect(heard).to_contain_text("Hello @Max Lindqvist, <b>look</b> & tell me 👀")
    await expect(max_.get_by_text("Only visible to you")).to_have_count(0)
    await max_.keyboard.press("Alt+1")
    await expect(max_.get_by_text("Only visible to you").first).to_be_visible()
    await sqlite_world.quiet()


async def test_own_messages_can_be_marked_edited_and_deleted_by_keyboard(
    sqlite_world: World, open_page: OpenPage
) -> None:
    page = await open_page(sqlite_world.slack)
    await say(page, "a first try")
    message = page.get_by_test_id("message").last
    await message.focus()
    await page.keyboard.press("Tab")
    await page.keyboard.press("Enter")
    await page.locator("[data-emoji=eyes]").press("Enter")
    await expect(page.locator("[data-reaction=eyes]")).to_have_attribute("aria-pressed", "true")
    await message.get_by_test_id("message-menu").press("Enter")
    await page.get_by_role("menuitem", name="Edit message").press("Enter")
    await page.get_by_test_id("editor").fill("a second try")
    await page.keyboard.press("Enter")
    await expect(message).to_contain_text("a second try (edited)")
    await expect(message).to_be_focused()
    await message.get_by_test_id("message-menu").press("Enter")
    await page.get_by_role("menuitem", name="Delete message").press("Enter")
    await expect(page.get_by_test_id("confirm-no")).to_be_focused()
    await page.get_by_test_id("confirm-yes").click()
    await expect(page.get_by_text("a second try")).to_have_count(0)


async def test_a_deaf_bot_costs_no_typed_word(sqlite_world: World, open_page: OpenPage) -> None:
    page = await open_page(sqlite_world.slack)
    await page.get_by_test_id("weather-button").click()
    await page.locator("[data-weather=deaf]").check()
    await page.keyboard.press("Escape")
    await expect(page.get_by_test_id("weather-button")).to_contain_text("rough")
    await say(page, "/incident status")
    await expect(page.get_by_test_id("toast")).to_contain_text("/incident failed")
    await expect(page.get_by_test_id("composer")).to_have_value("/incident status")
    await page.get_by_test_id("weather-button").click()
    await page.get_by_test_id("weather-calm").click()
    await expect(page.get_by_test_id("weather-button")).to_contain_text("calm")


async def test_the_bookmark_leads_to_the_card_and_not_out_of_the_house(
    sqlite_world: World, open_page: OpenPage
) -> None:
    page = await open_page(sqlite_world.slack, height=500)
    await incident(page)
    await sqlite_world.quiet()
    for number in range(12):
        await say(page, f"word {number}")
    await expect(page.get_by_text("word 11")).to_be_visible()
    card = page.locator(".message.pinned h2")
    await expect(card).not_to_be_in_viewport()
    await page.get_by_role("link", name="INC-1 at a glance").click()
    await expect(card).to_be_in_viewport()
    assert len(page.context.pages) == 1


async def test_it_fits_on_a_phone(sqlite_world: World, open_page: OpenPage) -> None:
    page = await open_page(sqlite_world.slack, width=400)
    await say(page, FIRST)
    await page.get_by_test_id("sidebar-toggle").click()
    await page.locator(CHANNEL).click()
    await expect(page.locator(".message.pinned h2")).to_be_visible()
    await expect(page.locator(CHANNEL)).not_to_be_visible()
    assert await page.evaluate("document.documentElement.scrollWidth") <= 400
    await sqlite_world.quiet()


async def test_home_lists_my_steps_and_a_button_there_works(
    sqlite_world: World, open_page: OpenPage
) -> None:
    page = await open_page(sqlite_world.slack)
    await incident(page)
    await sqlite_world.quiet()
    await page.get_by_test_id("home-item").click()
    home = page.get_by_test_id("home")
    await expect(home).to_contain_text("INC-1")
    await home.get_by_role("button", name="Open an incident").click()
    await expect(page.get_by_test_id("modal")).to_be_visible()
