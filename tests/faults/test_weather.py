"""Bad days at Slack: what people see, what the record says, and what happens afterwards."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlmodel import Session, col, select

from bot.sandbox import acts
from bot.sandbox.people import Person
from bot.sandbox.state import BOT_USER
from db.tables import EffectRow, EntryRow
from tests.faults.town import POSTS, Town, label
from tests.support.world import World, make_world, said

TITLE = "Assistant shows other chats"


def town_of(world: World) -> Town:
    """The same looks at a bot in this process."""
    ahead = world.house.clock.now() - datetime.now(UTC)
    engines = world.house.engines
    return Town(world.slack, engines.url, Path(), engines, ahead=ahead)


def nothing_doubled_or_lost(world: World) -> None:
    """What every bad day must leave behind."""
    town = town_of(world)
    assert not town.doubled(), town.doubled()
    assert not town.lost(), town.lost()
    assert not town.disordered(), town.disordered()


async def effects(world: World, *states: str) -> list[EffectRow]:
    """Effects in these states."""

    def look(session: Session) -> list[EffectRow]:
        return list(session.exec(select(EffectRow).where(col(EffectRow.state).in_(states))).all())

    return await world.house.read(look)


async def kinds_on_record(world: World) -> list[str]:
    """What the record says, in order."""
    return await world.house.read(
        lambda s: list(s.exec(select(EntryRow.kind).order_by(col(EntryRow.seq))).all())
    )


async def opened(world: World) -> tuple[Person, Any]:
    """INC-1, everything done."""
    ada = world.person("ada")
    await ada.command(f"/incident open {TITLE}")
    channel = await ada.waits_for_channel("inc-1")
    await world.quiet()
    return ada, channel


async def over(world: World, seconds: float = 2, timeout: float = 60) -> None:
    """Until nothing is left to do; waiting for the next attempt is skipped by moving the time."""
    end = asyncio.get_running_loop().time() + timeout
    town = town_of(world)
    while await asyncio.to_thread(town.waiting):
        assert asyncio.get_running_loop().time() < end, town.lost()
        await asyncio.sleep(0.1)
        if all(row.state == "pending" for row in town.waiting()):
            world.later(seconds=seconds)
            town = town_of(world)
    await world.quiet()


# --- answers that get lost, for every call of opening --------------------------------------------

CALLS = (
    "conversations.create", "conversations.invite", "chat.postMessage", "conversations.setTopic",
    "pins.add", "chat.update",
)  # fmt: skip


@pytest.mark.parametrize("then", ["drop_before", "drop_after", "500", "500_after", "429"])
async def test_each_call_of_opening_meets_it_once_and_nothing_is_doubled(
    world: World, then: str
) -> None:
    for call in CALLS:
        world.slack.faults.add(call, then, times=3 if call == "chat.postMessage" else 1)
    ada = world.person("ada")
    reply = await ada.command(f"/incident open {TITLE}")
    assert "INC-1" in said(reply)
    await over(world)
    await ada.waits_for_channel("inc-1")
    nothing_doubled_or_lost(world)


async def test_no_answer_at_all_is_settled_by_asking(sqlite_template: Path, tmp_path: Path) -> None:
    from tests.support.databases import sqlite_copy

    url = sqlite_copy(sqlite_template, tmp_path)
    async with make_world(url, tmp_path, STEADYHAND_LEASE_S=2) as world:
        for call in CALLS:
            world.slack.faults.add(call, "timeout_after")
        ada = world.person("ada")
        await ada.command(f"/incident open {TITLE}")
        await ada.waits_for_channel("inc-1", timeout=15)
        await world.quiet(40)
        nothing_doubled_or_lost(world)


# --- too many requests ---------------------------------------------------------------------------


async def test_a_storm_of_429_is_waited_out_and_calls_stay_few(sqlite_world: World) -> None:
    world = sqlite_world
    world.slack.faults.add("chat.postMessage", "429", times=8, retry_after=2)
    people = world.slack.people
    for n in range(12):
        await people[n % len(people)].command(f"/incident open Trouble {n} in the assistant")
    await world.quiet(60)
    nothing_doubled_or_lost(world)
    calls = world.slack.calls_of("chat.postMessage")
    refused = [call for call in calls if call.error == "ratelimited"]
    posts = [row for row in await effects(world, "done") if row.kind in POSTS]
    assert len(refused) == 8 and len(calls) == len(posts) + 8
    for first in refused:
        early = [c for c in calls if first.at_end + 0.15 < c.at_start < first.at_end + 1.9]  # type: ignore[operator]
        assert not early, f"{len(early)} calls before Retry-After was over"


# --- Slack away ------------------------------------------------------------------------------------


async def test_slack_away_for_an_hour_and_back(world: World) -> None:
    ada, channel = await opened(world)
    # Requests still come in (as over a second route), but no call gets through.
    world.slack.before_call = None
    world.slack.faults.add("*", "drop_before", times=None)
    for n in range(5):
        await ada.command(f"/incident update part {n} of the story", channel)
    for _ in range(12):
        world.later(minutes=5)
        await asyncio.sleep(0.15)
    reply = await ada.command("/incident status", channel)
    assert "waits" in said(reply) and "tries" in said(reply), said(reply)
    assert not await effects(world, "failed")
    world.slack.faults.clear()
    world.later(minutes=2)
    await over(world)
    nothing_doubled_or_lost(world)
    text = ada.reads(channel)
    at = [text.rindex(f"part {n} of the story") for n in range(5)]
    assert at == sorted(at)


async def test_a_socket_comes_back_after_slack_was_away(socket_world: World) -> None:
    world = socket_world
    ada = world.person("ada")
    world.slack.set_weather({"offline": True})
    await asyncio.sleep(0.5)
    world.slack.set_weather({"offline": False})
    sockets = world.slack.core.delivery.sockets
    await world.slack.wait_until(lambda: bool(sockets.connections), timeout=30)
    reply = await ada.command(f"/incident open {TITLE}")
    assert "INC-1" in said(reply)
    await ada.waits_for_channel("inc-1")
    await world.quiet()


async def test_a_revoked_token_is_waited_out(world: World) -> None:
    ada, channel = await opened(world)
    world.slack.set_weather({"token_revoked": True})
    await ada.command("/incident update said while the token was revoked", channel)
    for _ in range(4):
        await asyncio.sleep(0.2)
        world.later(minutes=2)
    async with asyncio.timeout(20):
        while "token_revoked" not in said(await ada.command("/incident status", channel)):
            await asyncio.sleep(0.2)
    await world.running.health.ask_slack()
    assert "token_revoked" in str(await world.running.health.findings())
    world.slack.set_weather({"token_revoked": False})
    world.later(minutes=2)
    await over(world)
    assert "said while the token was revoked" in ada.reads(channel)
    nothing_doubled_or_lost(world)


# --- people change the channel -------------------------------------------------------------------

Harm = Callable[[World, Person, Any], Awaitable[None]]


async def _archived(world: World, ada: Person, channel: Any) -> None:
    await ada.archives(channel)


async def _deleted(world: World, ada: Person, channel: Any) -> None:
    await ada.deletes_channel(channel)


async def _removed(world: World, ada: Person, channel: Any) -> None:
    acts.leave(world.slack.core, channel, BOT_USER)


async def _card_deleted(world: World, ada: Person, channel: Any) -> None:
    card = next(m for m in channel.messages.values() if m.ts in channel.pins)
    acts.delete(world.slack.core, channel, card)


@pytest.mark.parametrize(
    ("harm", "words"),
    [
        (_archived, "was archived"),  # the event tells it
        (_deleted, "was deleted"),
        (_removed, "the bot is not in the channel"),  # no event: the next message tells it
        (_card_deleted, "the message is gone"),
    ],
)
async def test_a_channel_taken_away_is_told_and_the_record_goes_on(
    sqlite_world: World,
    harm: Harm,
    words: str,
) -> None:
    world = sqlite_world
    ada, channel = await opened(world)
    await harm(world, ada, channel)
    reply = await ada.command("/incident update inc-1 we go on without the channel")
    assert "not" not in said(reply).lower() or "INC-1" in said(reply)
    await ada.waits_for(words, "dm", timeout=10)
    await world.quiet()
    assert "update.posted" in await kinds_on_record(world)
    status = await ada.command("/incident status inc-1")
    assert "did not happen" in said(status)
    assert not town_of(world).doubled()


async def test_an_archived_channel_comes_back_and_the_message_is_tried_again(
    sqlite_world: World,
) -> None:
    world = sqlite_world
    ada, channel = await opened(world)
    await ada.archives(channel)
    await ada.command("/incident update inc-1 posted when the channel is back")
    await ada.waits_for("did not happen", "dm", timeout=10)
    acts.unarchive(world.slack.core, channel, ada.id)
    for _ in range(4):
        await ada.command("/incident status inc-1")
        status = next(m for m in reversed(ada.sees("general")) if m.ephemeral)
        if "Try again" not in status.plain:
            break
        await ada.click(status, "Try again")
        await world.quiet()
    await ada.waits_for("posted when the channel is back", channel)
    nothing_doubled_or_lost(world)
    assert "effect.failed" in await kinds_on_record(world)
    assert "effect.retried" in await kinds_on_record(world)


async def test_a_renamed_channel_is_noted_and_used_on(sqlite_world: World) -> None:
    world = sqlite_world
    ada, channel = await opened(world)
    await ada.renames(channel, "the-big-one")
    await ada.command("/incident update still here", channel)
    await ada.waits_for("still here", channel)
    await world.quiet()
    assert "incident.channel_lost" in await kinds_on_record(world)
    nothing_doubled_or_lost(world)


async def test_one_who_cannot_be_invited_keeps_nobody_out(
    sqlite_template: Path, tmp_path: Path
) -> None:
    from tests.support.databases import sqlite_copy

    url = sqlite_copy(sqlite_template, tmp_path)
    async with make_world(url, tmp_path, STEADYHAND_RESPONDERS="U02MLE,U03COM,U06SEC") as world:
        gone = lambda args: "U03COM" in str(args.get("users"))  # noqa: E731
        world.slack.faults.add(
            "conversations.invite", "error:user_disabled", match=gone, times=None
        )
        ada, channel = await opened(world)
        assert {"U02MLE", "U06SEC"} <= set(channel.members)
        assert "U03COM" not in channel.members
        told = await ada.waits_for("account is deactivated", "dm", timeout=10)
        assert "Inviting people did not happen" in told.plain
        assert not town_of(world).doubled()


@pytest.mark.parametrize("who", ["a responder", "the commander"])
async def test_one_who_cannot_be_written_to_is_said_to_others(world: World, who: str) -> None:
    """A deactivated account: the commander hears of it; of the commander, the channel does."""
    ada, channel = await opened(world)
    max_ = world.person("max")
    gone = {"a responder": max_, "the commander": ada}[who]
    world.slack.faults.add(
        "chat.postMessage", "error:user_disabled",
        match=lambda args: args.get("channel") == gone.id, times=None,
    )  # fmt: skip
    if gone is ada:
        world.slack.faults.add("conversations.invite", "error:user_disabled")
    await ada.command(f"/incident role sre {max_.mention}", channel)
    where = channel if gone is ada else "dm"
    told = await ada.waits_for("cannot be written to", where, timeout=20)
    assert "account is deactivated" in told.plain and "/incident role" in told.plain
    await over(world)
    assert "did not happen" in said(await ada.command("/incident status", channel))
    assert "effect.failed" in await kinds_on_record(world)
    assert not town_of(world).doubled()


async def test_a_form_that_does_not_open_is_told(sqlite_world: World) -> None:
    world = sqlite_world
    ada = world.person("ada")
    world.slack.faults.add("views.open", "drop_before")
    await ada.command("/incident open")
    await ada.waits_for("could not be opened", "general")


# --- slow --------------------------------------------------------------------------------------------


async def test_slow_calls_do_not_slow_acknowledgements(sqlite_world: World) -> None:
    world = sqlite_world
    world.slack.set_weather({"latency_ms": 1000})
    people = world.slack.people
    lines = [f"/incident open Trouble {n} in the assistant" for n in range(14)]
    opened_ = [people[n % len(people)].command(line) for n, line in enumerate(lines)]
    forms = [person.command("/incident open") for person in people[:6]]
    replies = await asyncio.gather(*opened_, *forms)
    assert all(reply.ok for reply in replies), [reply.error for reply in replies]
    assert max(reply.ms for reply in replies) < 3000
    for person in people[:6]:
        await person.modal(timeout=5)
    expired = [c for c in world.slack.calls_of("views.open") if c.error]
    assert not expired, expired
    print(f"slowest acknowledgement {max(reply.ms for reply in replies):.0f} ms")
    world.slack.set_weather({"latency_ms": 0})
    await over(world)
    nothing_doubled_or_lost(world)
    assert label(world.slack.calls[-1])
