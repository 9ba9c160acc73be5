"""Every element of a form sends what Slack would send; nothing that an app posts becomes markup."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Page, expect
from slack_bolt.adapter.socket_mode.aiohttp import AsyncSocketModeHandler
from slack_bolt.async_app import AsyncApp
from slack_sdk.web.async_client import AsyncWebClient

from bot.sandbox.server import Sandbox
from tests.e2e.page.conftest import OpenPage
from tests.needs import needs_chromium

pytestmark = needs_chromium
MANIFEST = Path(__file__).parents[3] / "app_manifest.yaml"
Json = dict[str, Any]


def plain(text: str) -> Json:
    return {"type": "plain_text", "text": text}


def option(value: str) -> Json:
    return {"text": plain(value.upper()), "value": value}


OPTIONS = [option(v) for v in ("one", "two", "three")]
ELEMENTS: dict[str, Json] = {
    "text": {"type": "plain_text_input"},
    "long": {"type": "plain_text_input", "multiline": True},
    "number": {"type": "number_input", "is_decimal_allowed": False},
    "email": {"type": "email_text_input"},
    "url": {"type": "url_text_input"},
    "select": {"type": "static_select", "options": OPTIONS},
    "multi": {"type": "multi_static_select", "options": OPTIONS},
    "user": {"type": "users_select"},
    "users": {"type": "multi_users_select"},
    "channel": {"type": "channels_select"},
    "conversation": {"type": "conversations_select"},
    "external": {"type": "external_select", "min_query_length": 1},
    "radio": {"type": "radio_buttons", "options": OPTIONS},
    "checks": {"type": "checkboxes", "options": OPTIONS},
    "date": {"type": "datepicker"},
    "time": {"type": "timepicker"},
    "moment": {"type": "datetimepicker"},
}


def form(**more: Any) -> Json:
    blocks = [
        {
            "type": "input",
            "block_id": name,
            "label": plain(name),
            "element": {"action_id": "a", **element},
        }
        for name, element in ELEMENTS.items()
    ]
    return {
        "type": "modal",
        "callback_id": "form",
        "title": plain("All of it"),
        "submit": plain("Send"),
        "blocks": blocks,
        **more,
    }


class Toy:
    """A small app, and what it was sent."""

    def __init__(self, slack: Sandbox) -> None:
        self.client = AsyncWebClient(slack.bot_token, base_url=slack.api_url)
        self.app = AsyncApp(client=self.client, signing_secret=slack.signing_secret)
        self.submitted: list[Json] = []
        self.actions: list[Json] = []
        self.answer: Json = {}
        self.app.command("/incident")(self._open)
        self.app.view("form")(self._submit)
        self.app.action("push")(self._push)
        self.app.action(re.compile("plain|sure|over|sel"))(self._act)
        self.app.options("a")(self._suggest)

    async def _open(self, ack: Any, body: Json) -> None:
        await ack()
        view = form()
        view["blocks"].append(
            {
                "type": "actions",
                "elements": [{"type": "button", "action_id": "push", "text": plain("More")}],
            }
        )
        await self.client.views_open(trigger_id=body["trigger_id"], view=view)

    async def _submit(self, ack: Any, view: Json) -> None:
        self.submitted.append(view["state"]["values"])
        await ack(**self.answer)

    async def _push(self, ack: Any, body: Json) -> None:
        await ack()
        view = {"type": "modal", "title": plain("On top"), "blocks": [{"type": "divider"}]}
        await self.client.views_push(trigger_id=body["trigger_id"], view=view)

    async def _act(self, ack: Any, action: Json) -> None:
        self.actions.append(action)
        await ack()

    async def _suggest(self, ack: Any, payload: Json) -> None:
        await ack(options=[option(payload["value"] + "-1"), option(payload["value"] + "-2")])


@pytest.fixture
async def slack() -> AsyncIterator[Sandbox]:
    async with Sandbox(MANIFEST, retry_scale=0.001) as sandbox:
        yield sandbox


@pytest.fixture
async def toy(slack: Sandbox) -> AsyncIterator[Toy]:
    made = Toy(slack)
    web = AsyncWebClient(base_url=slack.api_url)
    handler = AsyncSocketModeHandler(made.app, slack.app_token, web_client=web)
    await handler.connect_async()
    yield made
    await handler.close_async()


async def open_form(page: Page) -> None:
    await page.get_by_test_id("composer").fill("/incident form")
    await page.keyboard.press("Enter")
    await page.get_by_test_id("modal").wait_for()


async def pick(page: Page, block: str, *keys: str) -> None:
    """Works a select by keyboard alone."""
    await page.locator(f"input[data-block-id={block}]").focus()
    for key in keys:
        await page.keyboard.press(key)


async def fill_all(page: Page) -> None:
    typed = {"text": "Hi", "long": "one\ntwo", "number": "7", "email": "a@b.example"}
    dates = {"date": "2030-01-02", "time": "03:04", "moment": "2030-01-02T03:04"}
    for block, value in {**typed, "url": "https://a.example", **dates}.items():
        await page.locator(f":is(input, textarea)[data-block-id={block}]").fill(value)
    await pick(page, "select", "ArrowDown", "ArrowDown", "Enter")
    await pick(page, "multi", "ArrowDown", "Enter", "ArrowDown", "ArrowDown", "Enter", "Escape")
    await pick(page, "user", "ArrowDown", "m", "a", "x", "Enter")
    await pick(
        page, "users", "ArrowDown", "a", "d", "a", "Enter", "c", "l", "e", "o", "Enter", "Escape"
    )
    await pick(page, "channel", "ArrowDown", "s", "u", "p", "Enter")
    await pick(page, "conversation", "ArrowDown", "g", "e", "n", "Enter")
    await pick(page, "external", "g")
    await page.locator("[role=option][data-value=g-1]").wait_for()
    await page.keyboard.press("Enter")
    await page.locator("[data-block-id=radio] input").nth(1).check()
    await page.locator("[data-block-id=checks] input").nth(2).check()
    await page.locator("[data-block-id=checks] input").nth(0).check()


async def test_every_input_sends_what_slack_would_send(
    slack: Sandbox, toy: Toy, open_page: OpenPage
) -> None:
    page = await open_page(slack)
    await open_form(page)
    await fill_all(page)
    await page.get_by_test_id("modal-submit").click()
    await expect(page.get_by_test_id("modal")).to_have_count(0)
    moment = await page.evaluate("new Date('2030-01-02T03:04').getTime() / 1000")
    (values,) = toy.submitted
    sent = {name: {k: v for k, v in values[name]["a"].items() if k != "type"} for name in ELEMENTS}
    assert sent == {
        "text": {"value": "Hi"},
        "long": {"value": "one\ntwo"},
        "number": {"value": "7"},
        "email": {"value": "a@b.example"},
        "url": {"value": "https://a.example"},
        "select": {"selected_option": option("two")},
        "multi": {"selected_options": [option("one"), option("three")]},
        "user": {"selected_user": "U02MLE"},
        "users": {"selected_users": ["U01ADA", "U03COM"]},
        "channel": {"selected_channel": slack.channel("support").id},
        "conversation": {"selected_conversation": slack.channel("general").id},
        "external": {"selected_option": option("g-1")},
        "radio": {"selected_option": option("two")},
        "checks": {"selected_options": [option("one"), option("three")]},
        "date": {"selected_date": "2030-01-02"},
        "time": {"selected_time": "03:04"},
        "moment": {"selected_date_time": moment},
    }


async def test_errors_of_the_app_stand_under_their_input(
    slack: Sandbox, toy: Toy, open_page: OpenPage
) -> None:
    page = await open_page(slack)
    toy.answer = {"response_action": "errors", "errors": {"number": "Too few people."}}
    await open_form(page)
    await fill_all(page)
    await page.get_by_test_id("modal-submit").click()
    await expect(page.locator(".block[data-block-id=number] .input-error")).to_have_text(
        "Too few people."
    )
    await expect(page.locator("input[data-block-id=number]")).to_be_focused()
    toy.answer = {"response_action": "clear"}
    await page.get_by_test_id("modal-submit").click()
    await expect(page.get_by_test_id("modal")).to_have_count(0)


async def test_a_form_below_another_keeps_what_was_typed(
    slack: Sandbox, toy: Toy, open_page: OpenPage
) -> None:
    page = await open_page(slack)
    await open_form(page)
    await page.locator("input[data-block-id=text]").fill("kept")
    await page.get_by_role("button", name="More").click()
    await expect(page.locator("#modal-title")).to_have_text("On top")
    await page.get_by_test_id("modal-back").click()
    await expect(page.locator("input[data-block-id=text]")).to_have_value("kept")
    await page.get_by_role("button", name="More").click()
    await page.locator("#modal-title", has_text="On top").wait_for()
    await page.get_by_test_id("modal-x").click()
    await expect(page.get_by_test_id("modal")).to_have_count(0)


async def test_buttons_and_menus_in_a_message_tell_the_app(
    slack: Sandbox, toy: Toy, open_page: OpenPage
) -> None:
    page = await open_page(slack)
    await page.locator("[data-channel-name=incidents]").click()
    sure = {
        "title": plain("Sure?"),
        "text": plain("Really."),
        "confirm": plain("Yes"),
        "deny": plain("No"),
    }
    elements = [
        {"type": "button", "action_id": "plain", "text": plain("Plain"), "value": "v"},
        {"type": "button", "action_id": "sure", "text": plain("Ask"), "confirm": sure},
        {"type": "overflow", "action_id": "over", "options": OPTIONS},
        {"type": "static_select", "action_id": "sel", "options": OPTIONS},
    ]
    blocks = [{"type": "actions", "block_id": "b", "elements": elements}]
    await toy.client.chat_postMessage(
        channel=slack.channel("incidents").id, text="t", blocks=blocks
    )
    await page.get_by_role("button", name="Plain").click()
    await page.get_by_role("button", name="Ask").click()
    await page.get_by_test_id("confirm-no").click()
    await page.get_by_role("button", name="Ask").click()
    await page.get_by_test_id("confirm-yes").click()
    await page.locator("[data-action-id=over]").click()
    await page.get_by_role("menuitem", name="TWO").click()
    await pick(page, "b", "ArrowDown", "Enter")
    await slack.wait_until(lambda: len(toy.actions) == 4, 10, "four actions")
    assert [
        (a["action_id"], a.get("value"), a.get("selected_option", {}).get("value"))
        for a in toy.actions
    ] == [
        ("plain", "v", None),
        ("sure", None, None),
        ("over", None, "two"),
        ("sel", None, "one"),
    ]


NASTY = "<script>window.hurt = 1</script><img src=x onerror='window.hurt = 1'>"


async def test_nothing_posted_becomes_markup(slack: Sandbox, toy: Toy, open_page: OpenPage) -> None:
    page = await open_page(slack)
    await page.locator("[data-channel-name=incidents]").click()
    blocks = [
        {
            "type": "section",
            "text": {"type": "mrkdwn", "text": f"*{NASTY}* <javascript:alert(1)|x>"},
        },
        {
            "type": "markdown",
            "text": f"{NASTY} [x](javascript:alert(1)) ![x](https://elsewhere.example/a.png)",
        },
        {"type": "image", "image_url": "https://elsewhere.example/a.png", "alt_text": "A chart"},
    ]
    room = slack.channel("incidents").id
    await toy.client.chat_postMessage(channel=room, text="t", blocks=blocks)
    await toy.client.chat_postMessage(channel=room, text=NASTY)
    await expect(page.get_by_text("Image: A chart")).to_be_visible()
    await expect(page.get_by_test_id("message").last).to_contain_text("onerror")
    await asyncio.sleep(0.2)
    assert await page.evaluate("window.hurt") is None
    assert (
        await page.locator("main :is(script, iframe, [onerror], a[href^=javascript])").count() == 0
    )
