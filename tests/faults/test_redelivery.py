"""The same request many times, at once and out of order: one effect in the record."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from sqlmodel import Session, col, func, select

from bot.sandbox.people import Person
from bot.sandbox.seen import Seen
from db.tables import EntryRow
from tests.faults.stories import last, notice_form
from tests.support.world import World, said

TITLE = "Assistant shows other chats"


async def _kinds(world: World) -> dict[str, int]:
    def look(session: Session) -> dict[str, int]:
        found = session.exec(select(col(EntryRow.kind), func.count()).group_by(col(EntryRow.kind)))
        return dict(found.all())

    return await world.house.read(look)


async def _done_by_hand(world: World) -> list[str]:
    """The steps that somebody said are done; others follow from what is on the record."""
    statement = select(EntryRow.doc).where(col(EntryRow.kind) == "step.done")
    docs = await world.house.read(lambda session: session.exec(statement).all())
    data = [json.loads(doc)["data"] for doc in docs]
    return [step["key"] for step in data if step.get("by_entry") is None]


async def _opened(world: World) -> tuple[Person, Person, Any]:
    ada, max_ = world.person("ada"), world.person("max")
    await ada.command(f"/incident open {TITLE}")
    channel = await ada.waits_for_channel("inc-1")
    await world.quiet()
    await ada.invites(max_, channel)
    await world.quiet()
    return ada, max_, channel


async def _again(world: World, times: int = 4) -> list[Any]:
    """Everything that Slack has delivered so far, once more, the newest first and all at once."""
    delivery = world.slack.core.delivery
    sent = list(reversed(delivery.sent))
    return list(await asyncio.gather(*(delivery._once(parcel) for parcel in sent * times)))


async def _command(world: World) -> None:
    ada, _, channel = await _opened(world)
    await ada.command("/incident note the logs are kept", channel)
    await ada.command("/incident decide switch it off because it harms", channel)


async def _click(world: World) -> None:
    ada, _, channel = await _opened(world)
    await ada.command("/incident next", channel)
    await ada.click(last(ada, channel, "for you"), action_id="step_done:3")


async def _form(world: World) -> None:
    ada, _, channel = await _opened(world)
    await ada.command("/incident step done 1", channel)
    form = await ada.modal()
    form.fill("The answer", "No")
    assert (await form.submit()).ok


async def _shortcut(world: World) -> None:
    pat = world.person("pat")
    insult = next(m for m in pat.sees("support") if "People like you" in m.plain)
    await pat.shortcut("Open an incident", insult)
    form = await pat.modal()
    form.fill("What is the system doing?", "Insults")
    assert (await form.submit()).ok


async def _event(world: World) -> None:
    ada, _, channel = await _opened(world)
    fact = await ada.says("It began at 03:00", channel)
    await ada.reacts(fact, "pushpin")
    async with asyncio.timeout(10):
        while "message.captured" not in await _kinds(world):
            await asyncio.sleep(0.05)


@pytest.mark.parametrize("act", [_command, _click, _form, _shortcut, _event])
@pytest.mark.parametrize("copies", [1, 5])
async def test_redelivered_at_once_and_later_it_is_one_effect(
    world: World,
    act: Callable[[World], Awaitable[None]],
    copies: int,
) -> None:
    world.slack.set_weather({"duplicate_delivery": copies - 1})
    await act(world)
    await world.quiet()
    world.slack.set_weather({"duplicate_delivery": 0})
    before, messages = await _kinds(world), _posted(world)
    answers = await _again(world)
    await world.quiet()
    assert {answer.error for answer in answers} <= {None, "http_timeout"}  # so many at once
    assert await _kinds(world) == before and before["incident.opened"] == 1
    assert _posted(world) == messages
    assert not _untrue(world)


def _posted(world: World) -> list[str]:
    rooms = world.slack.workspace.channels.values()
    return [m.ts for room in rooms for m in room.messages.values()]


def _untrue(world: World) -> list[str]:
    """Nobody is told that a form did not open which did."""
    shown = world.slack.workspace.ephemerals.values()
    return [m.text for room in shown for m in room if "could not be opened" in m.text]


async def test_the_same_command_gets_the_same_answer(world: World) -> None:
    ada = world.person("ada")
    first = await ada.command(f"/incident open {TITLE}")
    delivery = world.slack.core.delivery
    command = next(parcel for parcel in delivery.sent if parcel.kind == "slash_commands")
    for answer in await asyncio.gather(*(delivery._once(command) for _ in range(5))):
        assert said(answer) == said(first)
    await world.quiet()


async def _twice(act: Callable[[], Awaitable[Any]]) -> None:
    await asyncio.gather(act(), act(), return_exceptions=True)


async def test_double_clicks_count_once(world: World) -> None:
    """Two presses are two requests for Slack; only one may change anything."""
    ada, max_, channel = await _opened(world)
    await _twice(lambda: ada.command(f"/incident open {TITLE}"))
    await _twice(lambda: max_.command("/incident role sre", channel))
    await ada.command("/incident next", channel)
    steps = last(ada, channel, "for you")
    await _twice(lambda: ada.click(steps, action_id="step_done:3"))
    await max_.command("/incident step ask switch off the affected", channel)
    form = await max_.modal()
    form.fill("What exactly will you do?", "Flag off")
    await _twice(form.submit)
    await world.quiet()
    asked = last(ada, "dm", "needs your answer")
    await _twice(lambda: ada.click(asked, "Approve"))
    await world.quiet()
    kinds = await _kinds(world)
    assert kinds["incident.opened"] == 1
    assert kinds["role.accepted"] <= 2 and len(await _done_by_hand(world)) == 1
    assert kinds["approval.asked"] == 1 and kinds["approval.given"] == 1


async def test_a_double_click_on_publish_publishes_once(world: World) -> None:
    ada, _, channel = await _opened(world)
    cleo = world.person("cleo")
    await ada.invites(cleo, channel)
    await cleo.command("/incident role comms", channel)
    ready = await _approved(world, ada, cleo, channel)
    await _twice(lambda: cleo.click(ready, "Publish"))
    await world.quiet()
    posts = [m for m in world.person("pat").sees("support") if "Wrong titles" in m.plain]
    assert len(posts) == 1
    kinds = await _kinds(world)
    assert kinds["notice.released"] == kinds["notice.published"] == 1


async def _approved(world: World, ada: Person, cleo: Person, channel: Any) -> Seen:
    shown = await notice_form(cleo, channel, "Wrong titles")
    await _twice(shown.submit)
    await world.quiet()
    ask = last(ada, "dm", "asks you to approve")
    await _twice(lambda: ada.click(ask, "Approve this text"))
    await world.quiet()
    return last(cleo, "dm", "is approved")


async def test_a_double_click_on_resolve_resolves_once(world: World) -> None:
    ada, _, channel = await _opened(world)
    await ada.command("/incident resolve", channel)
    form = await ada.modal()
    form.fill("What happened, in a few plain sentences", "An agent followed hidden text.")
    form.fill("Why resolve it all the same?", "moved to INC-7")
    await _twice(form.submit)
    await world.quiet()
    assert (await _kinds(world))["incident.resolved"] == 1
    assert ada.reads(channel).count("INC-1 is *resolved*") <= 1
