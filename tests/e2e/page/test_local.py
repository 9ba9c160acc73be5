"""The local page in a real browser: what it sends with a form is not what a test client sends."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.record.read import entries
from tests.needs import needs_chromium
from tests.support.databases import sqlite_copy
from tests.support.houses import assert_proven
from tests.support.world import make_world

playwright = pytest.importorskip("playwright.async_api")
ELSEWHERE = '<form action="{}/local/sign-in" method="post"><input name="token" value="{}"><button>'


@needs_chromium
async def test_opening_and_noting_without_slack(
    browser: playwright.Browser, sqlite_template: Path, tmp_path: Path
) -> None:
    async with make_world(sqlite_copy(sqlite_template, tmp_path), tmp_path) as world:
        token = (tmp_path / "local-token").read_text().strip()
        page = await browser.new_page()
        await page.set_content(ELSEWHERE.format(world.url, token))
        await page.click("button")
        await page.get_by_text("This form is not ours.").wait_for()

        await page.goto(f"{world.url}/local")
        await page.fill("[name=token]", token)
        await page.click("button")
        await page.fill("[name=title]", "It insults people")
        await page.locator("form[action='/local/open'] button").click()
        await page.get_by_text("The incident is open.").wait_for()
        note = page.locator("form[action='/local/1/note']")
        await note.locator("[name=text]").fill("Seen twice")
        await note.locator("button").click()
        await page.get_by_text("The note is on the record.").wait_for()
        await world.quiet()
        (found,) = world.house.read_sync(lambda s: list(entries(s, 1, kinds=["note.added"])))
        assert (found.entry.text, found.source) == ("Seen twice", "web")
        assert_proven(world.house)
