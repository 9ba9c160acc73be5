"""The sandbox page in a real browser, driven the way people use it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest

from bot.sandbox.server import Sandbox
from tests.needs import chromium_path

playwright = pytest.importorskip("playwright.async_api")

QUIET = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
PATIENCE_MS = 15_000
#: What the pages looked like at the end of each test, for people to look at.
PICTURES = Path(__file__).parents[3] / "artifacts" / "page"

OpenPage = Callable[..., Awaitable[playwright.Page]]


@pytest.fixture
async def browser() -> AsyncIterator[playwright.Browser]:
    """One Chromium for one test."""
    async with playwright.async_playwright() as driver:
        made = await driver.chromium.launch(executable_path=chromium_path(), args=QUIET)
        yield made
        await made.close()


@pytest.fixture
async def open_page(
    browser: playwright.Browser, request: pytest.FixtureRequest
) -> AsyncIterator[OpenPage]:
    """Opens the page as somebody. At the end: no script error, no word with another machine."""
    faults: list[str] = []
    pages: list[playwright.Page] = []

    async def opened(
        slack: Sandbox, who: str = "U01ADA", *, width: int = 1280, height: int = 800
    ) -> playwright.Page:
        page = await browser.new_page(viewport={"width": width, "height": height})
        pages.append(page)
        page.set_default_timeout(PATIENCE_MS)
        page.on("pageerror", lambda error: faults.append(str(error)))
        page.on("console", lambda line: faults.append(line.text) if line.type == "error" else None)
        page.on(
            "request",
            lambda sent: None if sent.url.startswith(slack.url) else faults.append(sent.url),
        )
        await page.goto(f"{slack.url}/#/{who}/")
        await page.get_by_test_id("composer").wait_for()
        return page

    yield opened
    PICTURES.mkdir(parents=True, exist_ok=True)
    for number, page in enumerate(pages, 1):
        await page.screenshot(path=PICTURES / f"{request.node.name}-{number}.png")
    assert faults == []
