"""The one place where concrete things meet."""

from __future__ import annotations

import asyncio
import logging
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy.exc import ArgumentError, DBAPIError

from bot.effects.dispatcher import Dispatcher, Returned, Task
from bot.errors import ConfigError
from bot.house import House
from bot.incident.flood import Openings
from bot.record.batch import Env, Projector
from bot.settings import Settings
from bot.timing import Clock
from db import guards, migrate
from db.engine import Engines, open_engines

if TYPE_CHECKING:
    from bot.playbook.load import Content

log = logging.getLogger(__name__)


def projectors() -> Mapping[str, Projector]:
    """How every kind of entry changes state, from all rooms."""
    from bot import rooms

    return rooms.projectors()


def read_content(settings: Settings) -> Content:
    """What responders edit, checked. Raises ``ConfigError`` on bad content."""
    from bot.playbook.load import load_content
    from bot.playbook.source import ContentError

    try:
        return load_content(settings.content_dir, settings.templates_dir).slim()
    except ContentError as faults:
        raise ConfigError(
            f"The content has faults, so nothing was started:\n{faults}",
            instead="Correct them; `steadyhand playbooks check` looks again.",
        ) from None


def build_env(settings: Settings, content: Content | None = None) -> Env:
    """Content and the settings that rules use. Raises ``ConfigError`` on bad content."""
    from bot import rooms
    from bot.record.keys import Signer

    content = content or read_content(settings)
    return Env(
        content=content,
        projectors=projectors(),
        announce_channel=settings.announce_channel or None,
        notice_channel=settings.notice_channel or None,
        channel_prefix=settings.channel_prefix,
        default_responders=settings.responder_ids,
        base_url=settings.base_url.rstrip("/"),
        message_pace_ms=settings.message_pace_ms,
        away=timedelta(seconds=settings.away_s),
        followers=rooms.followers(content),
        signer=Signer(settings.key_file),
        audit_channel=settings.audit_channel or None,
        fingerprints=_fingerprints(settings),
        openings=Openings(settings.openings_per_hour),
    )


def _fingerprints(settings: Settings) -> Any:
    """The pipeline's file, read once at start so that no opening waits for it."""
    if settings.fingerprints_file is None:
        return None
    from bot.record.fingerprints import Fingerprints

    found = Fingerprints(settings.fingerprints_file)
    found.now()
    return found


def open_database(settings: Settings) -> tuple[Engines, str]:
    """The database and its state (see ``migrate.state``). Raises ``ConfigError`` if it is away."""
    where = "Look at DATABASE_URL and STEADYHAND_DATA_DIR; `steadyhand doctor` says more."
    try:
        engines = open_engines(settings.db_url)
        return engines, migrate.state(engines.write)
    except (ArgumentError, ModuleNotFoundError):
        raise ConfigError(
            "DATABASE_URL is not the address of a SQLite or PostgreSQL database.",
            instead="Write sqlite:////path/to/file.db or postgresql://user:password@host/name.",
        ) from None
    except DBAPIError as problem:
        why = str(problem.orig).partition("\n")[0]
        raise ConfigError(f"The database cannot be opened: {why}.", instead=where) from None
    except OSError as problem:
        raise ConfigError(
            f"The folder for the database cannot be used: {problem.strerror}.", instead=where
        ) from None


def build_house(
    settings: Settings, clock: Clock | None = None, content: Content | None = None
) -> House:
    """Database (migrated if the settings say so) and everything that needs no Slack.

    ``content``: what was read before, so that it is not read again.
    """
    engines, found = open_database(settings)
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
    return House(engines, build_env(settings, content), clock or Clock())


@dataclass
class Running:
    """A running bot."""

    house: House
    settings: Settings
    web: Any
    slack: Any
    client: Any
    health: Any


@asynccontextmanager
async def running(
    settings: Settings, clock: Clock | None = None, content: Content | None = None
) -> AsyncIterator[Running]:
    """House, Slack and dispatcher together, until the block ends. Serves nothing by itself."""
    from bot import rooms
    from bot.effects.console import ConsoleAdapter
    from bot.effects.files import FilesAdapter
    from bot.effects.slack import SlackAdapter
    from bot.slack.app import SlackDoor, make_client
    from bot.slack.render import SlackRenderer
    from bot.slack.surfaces import all_surfaces, card_parts
    from bot.web.app import make_web
    from bot.web.health import Health

    # The writer's thread and the event loop share the interpreter; 5 ms turns are too long.
    sys.setswitchinterval(0.0005)
    house = build_house(settings, clock, content)
    client = make_client(settings)
    surface = all_surfaces(settings, house.env.content)
    renderer = SlackRenderer(surface.wordings, house.env, card_parts())
    slack = SlackAdapter(client, house.read_later, renderer)
    worlds = (slack, ConsoleAdapter(), FilesAdapter(settings.data_dir))
    tasks: dict[str, Task] = rooms.tasks()
    returned: dict[str, Returned] = rooms.returned()
    dispatcher = Dispatcher(
        house.writer,
        lambda kind: next((each for each in worlds if each.handles(kind)), None),
        tasks=tasks,
        returned=returned,
        failed=rooms.effect_failed,
        people_waiting=house.requests.waiting,
        lease=timedelta(seconds=settings.lease_s),
        look=house.any_effect_ready,
        metrics=house.metrics,
    )
    house.dispatcher = dispatcher
    door = SlackDoor(settings, house, client, surface)
    health = Health(house, client)
    health.heard = door.workspace.learn
    web = make_web(settings, house, door, health)
    loop_task = asyncio.create_task(dispatcher.run(), name="dispatcher")
    health.socket = door.connect() if settings.socket_mode else None
    try:
        yield Running(house, settings, web, door, client, health)
    finally:
        await door.stop_taking()
        await dispatcher.stop()
        loop_task.cancel()
        await door.close()
        house.close()
