"""A Slack workspace with the bot in it, in this event loop: how end-to-end tests begin."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import uvicorn
from sqlalchemy import and_, func, not_, or_
from sqlmodel import Session, col, select

from bot.bootstrap import Running, running
from bot.house import House
from bot.sandbox.people import Person
from bot.sandbox.server import Sandbox
from bot.sandbox.state import Channel
from bot.settings import Settings
from bot.timing import Clock
from db.tables import EffectRow
from tests.support.houses import content_for, make_settings

MANIFEST = Path(__file__).parents[2] / "app_manifest.yaml"


@dataclass
class World:
    """Slack, the bot, and the people in it."""

    slack: Sandbox
    running: Running
    url: str

    @property
    def house(self) -> House:
        """The bot's house, to look at the record."""
        return self.running.house

    def person(self, name: str) -> Person:
        """Somebody, by name or id."""
        return self.slack.person(name)

    def later(self, **by: float) -> None:
        """Move the bot's time; reminders fire."""
        self.house.clock.advance(timedelta(**by))
        assert self.house.dispatcher is not None
        self.house.dispatcher.wake()

    async def quiet(self, timeout: float = 20) -> None:
        """Until nothing is left to do and nothing is on its way."""
        assert self.house.dispatcher is not None
        deadline = asyncio.get_running_loop().time() + timeout
        while asyncio.get_running_loop().time() < deadline:
            if await self.house.read(_nothing_due(self.house.clock)) and (
                await self.house.dispatcher.idle()
            ):
                await self.slack.settle(0.1)
                return
            await asyncio.sleep(0.05)
        raise AssertionError("effects are still waiting")


def _nothing_due(clock: Clock) -> Callable[[Session], bool]:
    """Nothing waits for the outside, not even a paced message, and no task of our own is due."""
    now = clock.now()
    ours = and_(col(EffectRow.kind).startswith("house."), col(EffectRow.next_at) > now)
    later = col(EffectRow.next_at) > now + timedelta(seconds=10)
    opened = col(EffectRow.state).in_(("pending", "inflight"))
    due = select(func.count()).select_from(EffectRow).where(opened, not_(or_(ours, later)))
    return lambda session: session.exec(due).one() == 0


def settings_for(
    slack: Sandbox, url: str, folder: Path, *, socket: bool = False, **more: Any
) -> Settings:
    """Settings of a bot in this workspace."""
    given = {
        "SLACK_BOT_TOKEN": slack.bot_token,
        "SLACK_SIGNING_SECRET": slack.signing_secret,
        "SLACK_API_URL": slack.api_url,
        "STEADYHAND_ANNOUNCE_CHANNEL": slack.channel("incidents").id,
        "STEADYHAND_NOTICE_CHANNEL": slack.channel("support").id,
        "STEADYHAND_MESSAGE_PACE_MS": 50,
    }
    if socket:
        given["SLACK_APP_TOKEN"] = slack.app_token
    return make_settings(url, folder, **{**given, **more})


@contextlib.asynccontextmanager
async def make_world(
    url: str, folder: Path, *, socket: bool = False, slack: Sandbox | None = None, **more: Any
) -> AsyncIterator[World]:
    """Start Slack (unless one is given) and the bot; stop them at the end."""
    async with contextlib.AsyncExitStack() as stack:
        if slack is None:
            slack = await stack.enter_async_context(Sandbox(MANIFEST, retry_scale=0.001))
            # A bot posts only where it was invited: here notices go to #support.
            await slack.person("ada").invites("app", "support")
        settings = settings_for(slack, url, folder, socket=socket, **more)
        bot = await stack.enter_async_context(running(settings, None, content_for(settings)))
        address = await stack.enter_async_context(_served(bot))
        if socket:
            await _until(lambda: bool(slack.core.delivery.sockets.connections))
        else:
            slack.deliver_to(f"{address}/slack/events")
        yield World(slack, bot, address)


async def _until(condition: Callable[[], bool], timeout: float = 15) -> None:
    async with asyncio.timeout(timeout):
        while not condition():
            await asyncio.sleep(0.02)


@contextlib.asynccontextmanager
async def _served(bot: Running) -> AsyncIterator[str]:
    config = uvicorn.Config(
        bot.web, host="127.0.0.1", port=0, log_level="warning", access_log=False
    )
    server = uvicorn.Server(config)
    task = asyncio.create_task(server.serve())
    while not server.started:
        await asyncio.sleep(0.01)
    port = server.servers[0].sockets[0].getsockname()[1]
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        server.should_exit = True
        await task


async def opened(
    world: World, line: str = "open The agent deletes mail", who: str = "ada"
) -> tuple[Person, Channel]:
    """Somebody opened an incident; its channel is there, and nothing is on its way."""
    person = world.person(who)
    await person.command(f"/incident {line}")
    channel = await person.waits_for_channel("inc-1")
    await world.quiet()
    return person, channel


async def joined(world: World, ada: Person, channel: Channel, role: str, name: str) -> Person:
    """Ada invites somebody, who takes a role."""
    person = world.person(name)
    await ada.invites(person, channel)
    await person.command(f"/incident role {role}", channel)
    await world.quiet()
    return person


def said(reply: Any) -> str:
    """Everything that an acknowledgement showed, as text."""
    return str(reply.body)
