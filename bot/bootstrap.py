"""The one place where concrete things meet."""

from __future__ import annotations

import asyncio
import logging
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from bot.effects.dispatcher import Dispatcher, Returned, Task
from bot.errors import ConfigError
from bot.house import House
from bot.record.tx import Env, Projector
from bot.settings import Settings
from bot.timing import Clock
from db import guards, migrate
from db.engine import open_engines

log = logging.getLogger(__name__)


def projectors() -> Mapping[str, Projector]:
    """How every kind of entry changes state, from all rooms."""
    from bot import rooms

    return rooms.projectors()


def build_env(settings: Settings) -> Env:
    """Content and the settings that rules use. Raises ``ConfigError`` on bad content."""
    from bot.playbook.load import load_content

    content = load_content(settings.content_dir, settings.templates_dir)
    return Env(
        content=content,
        projectors=projectors(),
        announce_channel=settings.announce_channel or None,
        notice_channel=settings.notice_channel or None,
        channel_prefix=settings.channel_prefix,
        default_responders=settings.responder_ids,
        base_url=settings.base_url.rstrip("/"),
    )


def build_house(settings: Settings, clock: Clock | None = None) -> House:
    """Database (migrated if the settings say so) and everything that needs no Slack."""
    engines = open_engines(settings.db_url)
    found = migrate.state(engines.write)
    if found == "unknown":
        raise ConfigError(
            "The database was made by a newer release of Steadyhand.",
            instead="Install that release, or restore a backup made by this one.",
        )
    if found != "current":
        if not settings.migrate and found == "behind":
            raise ConfigError(
                "The database has an older shape.",
                instead="Run `steadyhand db upgrade`, or set STEADYHAND_MIGRATE=true.",
            )
        migrate.upgrade(engines.write)
    with engines.write.connect() as conn:
        if guards.missing(conn):
            guards.install(conn)
            conn.commit()
            log.warning("guards_restored")
    return House(engines, build_env(settings), clock or Clock())


@dataclass
class Running:
    """A running bot."""

    house: House
    settings: Settings
    web: Any
    slack: Any
    client: Any


@asynccontextmanager
async def running(settings: Settings, clock: Clock | None = None) -> AsyncIterator[Running]:
    """House, Slack and dispatcher together, until the block ends. Serves nothing by itself."""
    from bot import rooms
    from bot.effects.slack import SlackAdapter
    from bot.slack.app import SlackDoor, make_client
    from bot.slack.render import SlackRenderer
    from bot.slack.surfaces import all_surfaces
    from bot.web.app import make_web

    # The writer's thread and the event loop share the interpreter; 5 ms turns are too long.
    sys.setswitchinterval(0.0005)
    house = build_house(settings, clock)
    client = make_client(settings)
    surface = all_surfaces(settings, house.env.content)
    slack = SlackAdapter(client, house.read, SlackRenderer(surface.wordings, house.env))
    tasks: dict[str, Task] = rooms.tasks()
    returned: dict[str, Returned] = rooms.returned()
    dispatcher = Dispatcher(
        house.writer,
        lambda kind: slack if slack.handles(kind) else None,
        tasks=tasks,
        returned=returned,
        failed=rooms.effect_failed,
        people_waiting=house.requests.waiting,
    )
    house.dispatcher = dispatcher
    door = SlackDoor(settings, house, client, surface)
    web = make_web(settings, house, door)
    loop_task = asyncio.create_task(dispatcher.run(), name="dispatcher")
    socket = await door.connect() if settings.socket_mode else None
    try:
        yield Running(house, settings, web, door, client)
    finally:
        if socket is not None:
            await socket.close()
        await dispatcher.stop()
        loop_task.cancel()
        await door.close()
        house.close()
