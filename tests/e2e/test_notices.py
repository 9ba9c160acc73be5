"""Notices and updates as people see them in Slack, from the first draft to the status page."""

from __future__ import annotations

import copy
from typing import Any

import httpx
from sqlmodel import Session, select

from bot.comms.text import Text
from bot.sandbox.modals import Modal
from bot.sandbox.people import Person
from bot.sandbox.seen import Seen
from db.tables import Notice
from tests.support.world import World, joined, opened, said

FACTS = {
    "What happened, in one sentence a customer understands?": "Some people saw <b>wrong</b> titles & *more*.",
    "Which features, regions or customers are touched?": "Chat history only. *All* users of it are affected.",
    "What can people do meanwhile?": "Please do not open the history.",
    "When does the next update come?": "Today at 15:30 UTC.",
}


async def _opened(
    world: World, title: str = "Assistant shows other chats"
) -> tuple[Person, Person, Any]:
    ada, channel = await opened(world, f"open {title}")
    return ada, await joined(world, ada, channel, "comms", "cleo"), channel


async def _drafted(author: Person, channel: Any) -> Modal:
    await author.command("/incident notice", channel)
    form = await author.modal()
    assert form.labels[:2] == ["Who is it for?", "At which point?"]
    asked = (await form.submit()).modal
    assert asked is not None and "Leave out what nobody knows" in asked.text
    for label, answer in FACTS.items():
        asked.fill(label, answer)
    shown = (await asked.submit()).modal
    assert shown is not None and shown.title == "Notice 1"
    return shown


def _row(world: World) -> Notice:
    def look(session: Session) -> Notice:
        return session.exec(select(Notice).order_by(Notice.number.desc())).first()  # type: ignore[attr-defined,return-value]

    return world.house.read_sync(look)


def _last(person: Person, text: str, channel: Any = None) -> Seen:
    return next(seen for seen in reversed(person.sees(channel)) if text in seen.plain)


async def _status(world: World) -> dict[str, Any]:
    world.later(seconds=3)
    async with httpx.AsyncClient() as web:
        return (await web.get(f"{world.url}/status.json")).json()  # type: ignore[no-any-return]


async def test_draft_approve_publish(world: World) -> None:
    ada, cleo, channel = await _opened(world)
    form = await _drafted(cleo, channel)
    form.fill("Title", "Wrong titles in the chat history").fill(
        "Then", "Ask for approval of this text"
    )
    assert (await form.submit()).ok and not cleo.has_modal
    await world.quiet()
    asked = await ada.waits_for("asks you to approve", "dm")
    as_it_was = copy.deepcopy(asked.message)
    row = _row(world)
    assert row.body in asked.plain and row.title in asked.plain
    assert "waits for approval" in cleo.reads(channel) and row.body not in cleo.reads(channel)
    await ada.click(asked, "Approve this text")
    await world.quiet()
    assert "was approved by you" in asked.plain, "what became of it stands in place of the buttons"
    reply = await ada.click(as_it_was, "Approve this text")
    assert "approved" in await _heard(ada, reply)
    ready = await cleo.waits_for("is approved", "dm")
    await cleo.click(ready, "Publish")
    await world.quiet()
    [word] = (await _status(world))["problems"][0]["notices"]
    assert (
        Text("status_page", "first", word["title"], word["text"]).digest
        == _row(world).digest
        == word["digest"]
    )
    posted = next(
        seen for seen in world.person("pat").sees("support") if "Wrong titles" in seen.plain
    )
    title, body = (block["text"] for block in posted.blocks)
    assert Text("status_page", "first", title["text"], body["text"]).digest == word["digest"]
    assert "<b>wrong</b> titles & *more*" in body["text"] and "INC-" not in str(posted.blocks)
    assert "is published: the notice channel and the status page" in cleo.reads(channel)


async def _heard(person: Person, reply: Any) -> str:
    await person.sandbox.settle(0.3)
    return said(reply) + str(person.notices()) + str([seen.plain for seen in person.sees("dm")])


async def test_what_the_checks_stop_stays_in_the_form_and_is_kept(world: World) -> None:
    _, cleo, channel = await _opened(world)
    form = await _drafted(cleo, channel)
    typed = _row(world).body + "\nSee INC-1, it may have leaked."
    form.fill("Text", typed).fill("Then", "Ask for approval of this text")
    again = (await form.submit()).modal
    assert again is not None and "«INC-1» is a name from inside" in again.text
    assert "sounds like a guess" in again.text and _row(world).body == typed
    again.fill("Title", " ")
    refused = await again.submit()
    assert refused.errors and "Title" in refused.errors
    await again.close()
    await cleo.command("/incident notice list", channel)
    shown = _last(cleo, "Notices of INC-1", channel)
    await cleo.click(shown, "Show")
    await cleo.sandbox.settle(0.2)
    await cleo.click(_last(cleo, "written by", channel), "Edit")
    reopened = await cleo.modal()
    assert typed in [
        block["element"].get("initial_value") for block in reopened.blocks if "element" in block
    ]


async def test_sent_back_edited_and_approved_again(world: World) -> None:
    ada, cleo, channel = await _opened(world)
    form = await _drafted(cleo, channel)
    form.fill("Then", "Ask for approval of this text")
    await form.submit()
    await world.quiet()
    first = await ada.waits_for("asks you to approve", "dm")
    as_it_was = copy.deepcopy(first.message)
    await ada.click(first, "Send back")
    why = await ada.modal()
    why.fill("What should change?", "Say that chats themselves are safe.")
    assert (await why.submit()).ok
    await world.quiet()
    back = await cleo.waits_for("Say that chats themselves are safe.", "dm")
    await cleo.click(back, "Edit")
    text = await cleo.modal()
    text.fill("Text", _row(world).body + "\nYour chats are safe.").fill(
        "Then", "Ask for approval of this text"
    )
    assert (await text.submit()).ok
    await world.quiet()
    assert "is not asked for any more" in first.plain
    # A screen that was not brought up to date yet: the click is answered, and does nothing.
    reply = await ada.click(as_it_was, "Approve this text")
    assert "changed since you saw it" in await _heard(ada, reply)
    assert _row(world).state == "submitted"
    second = _last(ada, "asks you to approve", "dm")
    await ada.click(second, "Approve this text")
    await world.quiet()
    assert _row(world).state == "approved"


async def test_update_and_reminder(world: World) -> None:
    ada, cleo, channel = await _opened(world)
    await ada.command("/incident update We turned the history off.", channel)
    await world.quiet()
    assert "We turned the history off." in cleo.reads(channel)
    await cleo.command("/incident update", channel)
    form = await cleo.modal()
    form.fill("What do we know?", "The cache is clean.").fill(
        "What do we not know yet?", "Who saw it."
    )
    assert (await form.submit()).ok
    await world.quiet()
    assert "Who saw it." in ada.reads(channel) and "Next internal update" in ada.reads(channel)
    world.later(minutes=31)
    await world.quiet()
    overdue = await ada.waits_for("the internal update was due", channel)
    await ada.click(overdue, "Post an update")
    assert (await ada.modal()).title == "Update on INC-1"


async def test_home_shows_what_waits_for_me(world: World) -> None:
    ada, cleo, channel = await _opened(world)
    form = await _drafted(cleo, channel)
    form.fill("Then", "Ask for approval of this text")
    await form.submit()
    await world.quiet()
    home = await ada.opens_home()
    assert "waits for your approval" in home.text
    await home.click("Show")
    window = await ada.modal()
    assert _row(world).title in window.text and "Approve this text" in window.buttons
    await window.click("Approve this text")
    await world.quiet()
    assert _row(world).state == "approved"
