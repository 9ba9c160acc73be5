"""A yes on the local page: to exactly what is shown, proven with a key, once."""

from __future__ import annotations

import html
import re

import pytest

from bot.comms import approving, notices
from bot.incident import people, roles
from bot.incident.opening import open_incident
from bot.incident.queries import get
from bot.record.entry import Actor
from bot.record.read import entries
from db.tables import Notice
from tests.integration.offline.conftest import Browser
from tests.support.world import World

ADA, MAX = "U01ADA", "U02MAX"
TEXT = (
    "We are looking into a problem with our assistant. Some people saw wrong answers. "
    "You need to do nothing. We will write again by 18:00 UTC today."
)
OPERATOR = Actor("cli:op", "cli")


@pytest.fixture
async def key(world: World) -> str:
    """Max drafted a notice for the status page that waits; Ada commands, and this is her private key."""
    private, public = people.new_key()
    await world.house.change(
        Actor(ADA, "slash"), lambda tx: open_incident(tx, "Leaks names", severity="SEV3")
    )
    await world.quiet()
    await _as(world, ADA, roles.assign, "comms", MAX)
    await _as(world, MAX, roles.accept, "comms")
    await _as(world, MAX, notices.draft, "status_page", "first")
    await _as(world, MAX, notices.edit, 1, "Wrong answers of the assistant", TEXT)
    await _as(world, MAX, approving.submit, 1)
    await world.house.change(OPERATOR, lambda tx: people.enrol(tx, ADA, public, "ada-token"))
    return private


async def _as(world: World, person: str, verb, *args: object):  # type: ignore[no-untyped-def]
    by = Actor(person, "slash")
    return await world.house.change(by, lambda tx: verb(tx, get(tx.session, 1), *args))


def _state(world: World) -> str:
    row = world.house.read_sync(lambda s: s.get(Notice, (1, 1)))
    assert row is not None
    return row.state


async def test_a_notice_is_approved_with_the_key_and_published(
    browser: Browser, world: World, key: str
) -> None:
    await browser.sign_in("ada-token")
    shown = await browser.send("/local/1/question", where="/local/1", kind="notice", number="1")
    assert TEXT in html.unescape(shown.text)
    asked = html.unescape(re.search(r"approve:[^\s\"<&]+", shown.text)[0])  # type: ignore[index]
    digest = re.search(r'name="digest" value="(\w+)"', shown.text)[1]  # type: ignore[index]
    sent = {"kind": "notice", "number": "1", "digest": digest}
    for code in ("", "guessed", people.answer(asked, people.new_key()[0])):
        refused = await browser.send("/local/1/yes", where="/local/1", **sent, code=code)
        assert refused.status_code == 422 and "does not prove who" in refused.text
    assert _state(world) == "submitted"
    code = people.answer(asked, key)
    other = await browser.send(
        "/local/1/yes", where="/local/1", **{**sent, "digest": "0" * 64}, code=code
    )
    assert other.status_code == 422 and "changed since you saw it" in other.text
    page = await browser.send("/local/1/yes", where="/local/1", **sent, code=code)
    assert "Your yes counts" in page.text
    given = world.house.read_sync(lambda s: list(entries(s, 1, kinds=["notice.approved"])))[-1]
    assert (given.actor, given.source) == (ADA, "web") and given.entry.proof["signature"]
    again = await browser.send("/local/1/yes", where="/local/1", **sent, code=code)
    assert again.status_code == 422
    page = await browser.send("/local/1/publish", where="/local/1", number="1", digest=digest)
    assert "The notice is let out" in page.text
    await world.quiet()
    assert _state(world) == "published"


async def test_nobody_else_can_and_nothing_else(browser: Browser, world: World, key: str) -> None:
    """The operator has no key; what does not wait is not there; a yes cannot be for something else."""
    await browser.sign_in()
    refused = await browser.send("/local/1/question", where="/local/1", kind="notice", number="1")
    assert refused.status_code == 422 and "not enrolled" in refused.text
    await browser.sign_in("ada-token")
    for kind, number in (("notice", "7"), ("approval", "1"), ("party", "1"), ("notice", "x" * 9)):
        missing = await browser.send(
            "/local/1/question", where="/local/1", kind=kind, number=number
        )
        assert missing.status_code == 422, (kind, number)
    assert _state(world) == "submitted"


async def test_updates_and_containment_go_on_the_record_there(
    browser: Browser, world: World, key: str
) -> None:
    await browser.sign_in("ada-token")
    page = await browser.send(
        "/local/1/update", where="/local/1", text="3 names", unknown="since when"
    )
    assert "The update is on the record" in page.text
    empty = await browser.send("/local/1/contain", where="/local/1", text=" ", stopped="1")
    assert empty.status_code == 422
    page = await browser.send("/local/1/contain", where="/local/1", text="v41 is live", stopped="1")
    assert "as contained" in page.text
    row = world.house.read_sync(lambda s: get(s, 1))
    assert (row.status, row.last_update) == ("contained", "3 names")
