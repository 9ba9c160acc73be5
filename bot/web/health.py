"""Is this process alive, and can it do its work? Reasons in words, for people and for probes."""

from __future__ import annotations

import logging
import time
from collections.abc import Awaitable, Callable
from dataclasses import asdict, dataclass
from datetime import timedelta
from typing import Any

import aiohttp
from slack_sdk.errors import SlackApiError, SlackClientError
from slack_sdk.web.async_client import AsyncWebClient
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from bot.house import House
from db import guards, migrate

log = logging.getLogger(__name__)
#: The dispatcher makes a round at least every second when nothing is wrong.
DISPATCHER_STALE = timedelta(seconds=30)
#: auth.test runs every minute; two may fail before we say that Slack is away.
SLACK_STALE_S = 150.0


@dataclass(frozen=True, slots=True)
class Finding:
    """One part of readiness: fine or not, and what that means."""

    part: str
    ok: bool
    what: str


class Health:
    """Looks at the parts that the work needs. Slack is asked once a minute, not by each probe."""

    def __init__(self, house: House, client: AsyncWebClient) -> None:
        self._house = house
        self._client = client
        self._heard: float | None = None
        self._error = "not asked yet"
        #: The Socket Mode client, when there is one; set by ``bootstrap``.
        self.socket: Any = None
        #: Told what auth.test answered; set by ``bootstrap``.
        self.heard: Callable[[Any], Awaitable[None]] | None = None

    async def ask_slack(self) -> None:
        """One auth.test, remembered. Also keeps an idle Socket Mode session from going deaf."""
        try:
            answer = await self._client.auth_test()
        except SlackApiError as problem:
            self._failed(f"Slack answered: {problem.response.get('error', 'unknown_error')}")
        except (TimeoutError, aiohttp.ClientError, SlackClientError, OSError) as problem:
            self._failed(f"Slack cannot be reached ({type(problem).__name__})")
        else:
            self._heard, self._error = time.monotonic(), ""
            if self.heard is not None:
                await self.heard(answer.data)

    def _failed(self, error: str) -> None:
        self._error = error
        log.warning("slack_not_heard", extra={"why": error})

    async def findings(self) -> list[Finding]:
        """Every part."""
        out = [await self._database(), self._dispatcher(), self._slack()]
        if self.socket is not None:
            out.append(await self._socket())
        return out

    async def _database(self) -> Finding:
        from sqlalchemy.exc import SQLAlchemyError

        try:
            found, missing = await self._house.read(lambda session: _shape(session.connection()))
        except SQLAlchemyError as problem:
            return Finding("database", False, f"cannot be read ({type(problem).__name__})")
        if found != migrate.HEAD:
            return Finding("database", False, f"has the shape {found}, not {migrate.HEAD}")
        if missing:
            return Finding("database", False, "lacks the triggers " + ", ".join(missing))
        return Finding("database", True, "migrated; the record is append-only")

    def _dispatcher(self) -> Finding:
        dispatcher = self._house.dispatcher
        last = dispatcher.last_round if dispatcher is not None else None
        if last is None:
            return Finding("dispatcher", False, "has not begun")
        age = self._house.clock.now() - last
        if age > DISPATCHER_STALE:
            seconds = int(age.total_seconds())
            return Finding("dispatcher", False, f"last looked for work {seconds} s ago")
        return Finding("dispatcher", True, "looks for work")

    def _slack(self) -> Finding:
        if self._heard is None:
            return Finding("slack", False, self._error)
        age = time.monotonic() - self._heard
        if age > SLACK_STALE_S:
            return Finding("slack", False, f"not heard for {int(age)} s: {self._error or 'silent'}")
        return Finding("slack", True, "answers")

    async def _socket(self) -> Finding:
        connected = bool(await self.socket.is_connected())
        return Finding("socket", connected, "connected" if connected else "Socket Mode is cut off")


def _shape(connection: Any) -> tuple[str | None, list[str]]:
    return migrate.current(connection), guards.missing(connection)


def routes(health: Health) -> list[Route]:
    """``/healthz``: the process lives. ``/readyz``: it can work, else 503 with the reasons."""

    async def healthz(_: Request) -> Response:
        return PlainTextResponse("alive\n")

    async def readyz(_: Request) -> Response:
        found = await health.findings()
        ready = all(one.ok for one in found)
        body = {"ready": ready, "parts": [asdict(one) for one in found]}
        return JSONResponse(body, 200 if ready else 503)

    return [Route("/healthz", healthz), Route("/readyz", readyz)]
