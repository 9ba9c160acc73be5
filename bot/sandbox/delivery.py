"""Deliveries to the app: over HTTP or Socket Mode, with Slack's deadline and retries."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Coroutine
from dataclasses import dataclass
from typing import Any

from bot.sandbox.core import Core
from bot.sandbox.delivery_http import HttpLink
from bot.sandbox.delivery_socket import SocketLink
from bot.sandbox.state import APP_ID, BOT_USER, TEAM_ID

Json = dict[str, Any]
ACK_SECONDS = 3.0
RETRY_DELAYS = (0.0, 60.0, 300.0)


@dataclass(frozen=True)
class Reply:
    """How the app acknowledged; `error` says why not, in Slack's retry words."""

    status: int | None
    body: Any
    ms: float
    error: str | None = None
    no_retry: bool = False

    @property
    def ok(self) -> bool:
        """The app acknowledged in time."""
        return self.error is None


@dataclass(frozen=True)
class Parcel:
    """One thing to deliver; `kind` is slash_commands, interactive or events_api."""

    kind: str
    payload: Json
    retry: int = 0
    reason: str | None = None


class Delivery:
    """Sends parcels where the app listens, through whatever the weather is."""

    def __init__(self, core: Core) -> None:
        self.core = core
        self.http = HttpLink(core.signing_secret)
        self.sockets = SocketLink(lambda: core.workspace.changed("delivery"))
        self.tickets: set[str] = set()
        self.ack_seconds = ACK_SECONDS
        self.retry_scale = 1.0
        self.sent: list[Parcel] = []
        self.failed: list[tuple[Parcel, Reply]] = []
        self.under_way = 0
        self._tasks: set[asyncio.Task[Any]] = set()

    @property
    def mode(self) -> str:
        """socket, http or none."""
        if self.sockets.connections:
            return "socket"
        return "http" if self.http.url else "none"

    async def send(self, kind: str, payload: Json) -> Reply:
        """Delivers something that a person waits for; it is never retried."""
        parcel = Parcel(kind, payload)
        self.under_way += 1
        try:
            reply = await self._copies(parcel)
        finally:
            self.under_way -= 1
        if not reply.ok:
            self.failed.append((parcel, reply))
        return reply

    def event(self, event: Json) -> asyncio.Task[Reply]:
        """Delivers an event in the background, with retries."""
        now = int(self.core.workspace.now())
        payload = {
            "token": "sandbox",
            "team_id": TEAM_ID,
            "api_app_id": APP_ID,
            "event": event,
            "type": "event_callback",
            "event_id": f"Ev{secrets.token_hex(5).upper()}",
            "event_time": now,
            "authorizations": [
                {
                    "enterprise_id": None,
                    "team_id": TEAM_ID,
                    "user_id": BOT_USER,
                    "is_bot": True,
                    "is_enterprise_install": False,
                }
            ],
            "is_ext_shared_channel": False,
        }
        return self.spawn(self._with_retries(payload))

    def spawn(self, work: Coroutine[Any, Any, Any]) -> asyncio.Task[Any]:
        """Runs something in the background until the sandbox is closed."""
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def _with_retries(self, payload: Json) -> Reply:
        parcel = Parcel("events_api", payload)
        for number in range(len(RETRY_DELAYS) + 1):
            self.under_way += 1
            try:
                reply = await self._copies(parcel)
            finally:
                self.under_way -= 1
            if reply.ok or reply.no_retry or number == len(RETRY_DELAYS):
                break
            await asyncio.sleep(RETRY_DELAYS[number] * self.retry_scale)
            parcel = Parcel("events_api", payload, number + 1, reply.error)
        if not reply.ok:
            self.failed.append((parcel, reply))
        return reply

    async def _copies(self, parcel: Parcel) -> Reply:
        weather = self.core.weather
        if weather.slow_delivery_ms:
            await asyncio.sleep(weather.slow_delivery_ms / 1000)
        if weather.deaf or weather.offline:
            return Reply(None, None, 0.0, "connection_failed", no_retry=weather.deaf)
        for _ in range(weather.duplicate_delivery):
            self.spawn(self._once(parcel))
        return await self._once(parcel)

    async def _once(self, parcel: Parcel) -> Reply:
        loop = asyncio.get_running_loop()
        self.sent.append(parcel)
        link: HttpLink | SocketLink = self.sockets if self.mode == "socket" else self.http
        start = loop.time()
        try:
            async with asyncio.timeout(self.ack_seconds):
                status, body, no_retry = await link.deliver(parcel)
        except TimeoutError:
            return Reply(None, None, (loop.time() - start) * 1000, "http_timeout")
        except OSError:
            return Reply(None, None, (loop.time() - start) * 1000, "connection_failed")
        ms = (loop.time() - start) * 1000
        error = None if 200 <= status < 300 else "http_error"
        return Reply(status, body, ms, error, no_retry)

    async def drain(self) -> None:
        """Waits until everything in the background is done."""
        while self._tasks:
            await asyncio.wait(self._tasks)

    async def close(self) -> None:
        """Stops everything in the background and closes the connections."""
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self.sockets.close()
        await self.http.close()
