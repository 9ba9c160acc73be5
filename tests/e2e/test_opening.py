"""Opening an incident, as people live through it."""

from __future__ import annotations

import asyncio

import pytest

from bot.incident import queries
from bot.sandbox.core import Call
from tests.support.world import World, said

TITLE = "Support assistant is insulting customers"


async def test_one_line_and_the_opener_is_in_the_channel_and_sees_the_card(world: World) -> None:
    max_ = world.person("max")
    reply = await max_.command(f"/incident open {TITLE}")
    assert "INC-1" in said(reply)
    channel = await max_.waits_for_channel("inc-1")
    card = await max_.waits_for(TITLE, channel)
    await world.quiet()
    assert card.ts in channel.pins
    assert TITLE in channel.topic
    assert "INC-1" in world.person("evan").reads("incidents")
    assert "Is a person at risk" in max_.reads(channel)


async def test_the_form_asks_for_little_and_keeps_what_was_typed(world: World) -> None:
    ada = world.person("ada")
    await ada.command("/incident open")
    form = await ada.modal()
    assert (await form.submit()).errors, "a title is required"
    form.fill("What is the system doing?", "Leaks names in answers")
    form.fill("What kind of harm?", ["c"])
    assert not (await form.submit()).errors
    channel = await ada.waits_for_channel("inc-1")
    await ada.waits_for("Leaks names in answers", channel)
    # The bot is in no channel that nobody invited it to: what it has to say comes directly.
    await ada.waits_for("INC-1", "dm")


async def test_a_message_is_carried_into_the_record_as_first_evidence(world: World) -> None:
    pat = world.person("pat")
    insult = next(m for m in pat.sees("support") if "People like you" in m.plain)
    await pat.shortcut("Open an incident", insult)
    form = await pat.modal()
    form.fill("What is the system doing?", "Insults")
    assert not (await form.submit()).errors
    channel = await pat.waits_for_channel("inc-1")
    await world.quiet()
    await pat.command("/incident timeline", channel)
    assert "People like you always want something for free" in pat.reads(channel)


async def test_a_private_incident_stays_private(world: World) -> None:
    ada, evan = world.person("ada"), world.person("evan")
    await ada.command("/incident open --private Payroll data in answers")
    channel = await ada.waits_for_channel("inc-1")
    await world.quiet()
    assert channel.is_private
    assert "Payroll" not in evan.reads("incidents")
    reply = await evan.command("/incident list")
    assert "Payroll" not in said(reply) and "No incident is open" in said(reply)
    reply = await evan.command("/incident status inc-1")
    assert "There is no INC-1" in said(reply)


@pytest.mark.parametrize("error", ["restricted_action", "invalid_name_specials"])
async def test_without_a_private_channel_there_is_no_public_one_and_the_opener_is_told(
    sqlite_world: World, error: str
) -> None:
    world = sqlite_world
    world.slack.faults.add(method="conversations.create", then=f"error:{error}", times=20)
    ada = world.person("ada")
    await ada.command("/incident open --private Payroll data in answers")
    await ada.waits_for("could not be made", "dm")
    assert "no public channel was made" in ada.reads("dm")
    assert not [name for name in ada.channels() if name.startswith("inc-")]
    world.slack.faults.clear()
    await ada.command("/incident status inc-1")
    status = next(m for m in reversed(ada.sees("general")) if m.ephemeral)
    await ada.click(status, "Try again")
    await ada.waits_for_channel("inc-1")
    await world.quiet()


async def test_the_same_delivery_many_times_is_one_incident(world: World) -> None:
    world.slack.set_weather({"duplicate_delivery": 4})
    ada = world.person("ada")
    reply = await ada.command(f"/incident open {TITLE}")
    assert "INC-1" in said(reply)
    await ada.waits_for_channel("inc-1")
    await world.quiet()
    assert await world.house.read(lambda s: len(queries.open_incidents(s, "U01ADA"))) == 1
    assert len(world.slack.calls_of("conversations.create")) == 1


async def test_a_double_click_on_the_form_is_one_incident(world: World) -> None:
    ada = world.person("ada")
    await ada.command("/incident open")
    form = await ada.modal()
    form.fill("What is the system doing?", TITLE)
    await asyncio.gather(form.submit(), form.submit(), return_exceptions=True)
    await world.quiet()
    assert len([name for name in ada.channels() if name.startswith("inc-")]) == 1


async def test_no_call_on_a_persons_path_is_wasteful(world: World) -> None:
    before = len(world.slack.calls)
    ada = world.person("ada")
    await ada.command(f"/incident open {TITLE}")
    await ada.waits_for_channel("inc-1")
    await world.quiet()
    methods = [call.method for call in world.slack.calls[before:]]
    assert not {
        "conversations.list",
        "users.info",
        "users.lookupByEmail",
        "chat.getPermalink",
    } & set(methods)
    assert methods[0] == "conversations.create"
    assert set(methods[1:3]) == {"conversations.invite", "chat.postMessage"}


async def test_two_calls_deep_to_the_first_message_and_three_in_all(sqlite_world: World) -> None:
    world = sqlite_world
    ada = world.person("ada")
    await world.running.health.ask_slack()  # as at the start of the process
    world.slack.set_weather({"latency_ms": 100})
    before = len(world.slack.calls)
    await ada.command(f"/incident open {TITLE}")
    channel = await ada.waits_for_channel("inc-1")
    await ada.waits_for(TITLE, channel)
    await world.quiet()
    calls = [c for c in world.slack.calls[before:] if c.method not in ("auth.test", "chat.update")]
    depth = _depths(calls)
    invite = next(d for c, d in depth if c.method == "conversations.invite")
    posted = min(d for c, d in depth if c.method == "chat.postMessage")
    assert (invite, posted) == (2, 2)
    assert max(d for c, d in depth) <= 3


def _depths(calls: list[Call]) -> list[tuple[Call, int]]:
    """How many calls, one after the other, each call ends."""
    out: list[tuple[Call, int]] = []
    for call in sorted(calls, key=lambda c: c.at_start):
        ended = [d for other, d in out if other.at_end <= call.at_start]
        out.append((call, 1 + max(ended, default=0)))
    return out


async def test_over_socket_mode_it_is_the_same(socket_world: World) -> None:
    ada = socket_world.person("ada")
    reply = await ada.command(f"/incident open {TITLE}")
    assert "INC-1" in said(reply)
    channel = await ada.waits_for_channel("inc-1")
    await ada.waits_for(TITLE, channel)
    await socket_world.quiet()


async def test_after_a_refreshed_socket_it_goes_on(socket_world: World) -> None:
    ada = socket_world.person("ada")
    await socket_world.slack.refresh_sockets()
    await asyncio.sleep(0.5)
    reply = await ada.command(f"/incident open {TITLE}")
    assert "INC-1" in said(reply)
    await ada.waits_for_channel("inc-1")
    await socket_world.quiet()


async def test_where_it_is_handled_is_said_where_it_was_asked(sqlite_world: World) -> None:
    max_, evan = sqlite_world.person("max"), sqlite_world.person("evan")
    await max_.command(f"/incident open {TITLE}", "general")
    channel = await max_.waits_for_channel("inc-1")
    here = await max_.waits_for("is here:", "general")
    assert channel.name in here.plain and "is here:" not in evan.reads("general")
    again = await max_.command(f"/incident open {TITLE}", "general")
    assert "You opened this a moment ago" in said(again) and channel.id in said(again)
