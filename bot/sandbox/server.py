"""The sandbox itself: one loopback port that is Slack's API, its deliveries and its page."""

from __future__ import annotations

import asyncio
import secrets
import socket
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any

from bot.sandbox import events
from bot.sandbox.app import build_app
from bot.sandbox.checks import Advice
from bot.sandbox.core import Call, Core, Hook
from bot.sandbox.delivery import Delivery
from bot.sandbox.errors import PATIENCE_S, NotSeen
from bot.sandbox.manifest import Manifest
from bot.sandbox.people import Person
from bot.sandbox.seed import seed
from bot.sandbox.state import BOT_USER, Channel, Clock, Workspace
from bot.sandbox.weather import Faults, Weather

if TYPE_CHECKING:
    import uvicorn

BOT_TOKEN = "xoxb-sandbox"  # noqa: S105 - names nothing outside this process
APP_TOKEN = "xapp-sandbox"  # noqa: S105
LOOK_S = 0.05


class Sandbox:
    """A Slack workspace on this machine, in the running event loop.

    `async with Sandbox(manifest=Path("app_manifest.yaml")) as slack:` listens on 127.0.0.1 and an
    ephemeral port unless `port` is given; what people do is in `slack.person(...)`.
    """

    def __init__(
        self,
        manifest: Path | Manifest,
        *,
        port: int = 0,
        signing_secret: str | None = None,
        retry_scale: float = 1.0,
        verbs: dict[str, list[dict[str, str]]] | None = None,
    ) -> None:
        app = manifest if isinstance(manifest, Manifest) else Manifest.read(manifest)
        #: Suggestions after a command: ``{"/incident": [{"verb", "usage", "description"}]}``.
        self.verbs = verbs or {}
        self.clock = Clock()
        self.workspace = Workspace(self.clock)
        self.core = Core(
            self.workspace, app, BOT_TOKEN, APP_TOKEN, signing_secret or secrets.token_hex(16)
        )
        self.core.delivery = Delivery(self.core)
        self.core.delivery.retry_scale = retry_scale
        seed(self.workspace, app.bot_name)
        self.listeners: set[Callable[[str, str | None, str | None], None]] = set()
        self._port = port
        self._server: uvicorn.Server | None = None
        self._sockets: list[socket.socket] = []
        self._waiters: set[asyncio.Future[None]] = set()
        self.closing = asyncio.Event()
        self.workspace.on_change = self._on_change

    # starting and stopping --------------------------------------------------------

    async def __aenter__(self) -> Sandbox:
        await self.start()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.stop()

    async def start(self) -> None:
        """Begins to listen. Raises OSError when the port is taken."""
        import uvicorn

        # With the protocol named, asyncio switches Nagle's algorithm off; else each answer, sent as
        # head and body, waits 40 ms for the client's delayed acknowledgement.
        listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(("127.0.0.1", self._port))
        self.core.base_url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        config = uvicorn.Config(
            build_app(self),
            lifespan="off",
            access_log=False,
            log_config=None,
            ws="websockets-sansio",
            ws_per_message_deflate=False,
            ws_max_size=4 * 1024 * 1024,
            timeout_keep_alive=60,
            server_header=False,
        )
        config.load()
        server = uvicorn.Server(config)
        server.lifespan = config.lifespan_class(config)
        await server.startup(sockets=[listener])
        self._server, self._sockets = server, [listener]

    async def stop(self) -> None:
        """Ends all connections and whatever is still being delivered."""
        self.closing.set()
        await self.core.delivery.close()
        if self._server is None:
            return
        for server in self._server.servers:
            server.close()
        for connection in list(self._server.server_state.connections):
            transport: Any = getattr(connection, "transport", None)
            if transport is not None:
                transport.abort()
        for task in list(self._server.server_state.tasks):
            task.cancel()
        await asyncio.gather(*self._server.server_state.tasks, return_exceptions=True)
        self._server = None

    # where it is ---------------------------------------------------------------------

    @property
    def url(self) -> str:
        """The page; everything else is below it."""
        return self.core.base_url

    @property
    def api_url(self) -> str:
        """The Web API, with the slash at the end that slack_sdk needs."""
        return f"{self.core.base_url}/api/"

    @property
    def bot_token(self) -> str:
        """The bot's token."""
        return self.core.bot_token

    @property
    def app_token(self) -> str:
        """The token for Socket Mode."""
        return self.core.app_token

    @property
    def signing_secret(self) -> str:
        """With which deliveries over HTTP are signed."""
        return self.core.signing_secret

    def deliver_to(
        self,
        url: str | None,
        *,
        commands: str | None = None,
        interactive: str | None = None,
        events: str | None = None,
    ) -> None:
        """Sets the app's request URL, and others for parts of it; None means nowhere."""
        own = {"slash_commands": commands, "interactive": interactive, "events_api": events}
        self.core.delivery.http.url = url
        self.core.delivery.http.urls = {k: v for k, v in own.items() if v}

    async def verify_url(self) -> bool:
        """Sends Slack's url_verification challenge to the request URL."""
        return await self.core.delivery.http.verify()

    async def refresh_sockets(self, reason: str = "refresh_requested") -> None:
        """Tells the app's websockets to reconnect, as Slack does every few hours."""
        await self.core.delivery.sockets.refresh(reason)

    def revoke_token(self) -> None:
        """Somebody revokes the app's token: the app is told, and no call works any more."""
        tokens = {"oauth": [], "bot": [BOT_USER]}
        events.emit(self.core, {"type": "tokens_revoked", "tokens": tokens})
        self.set_weather({"token_revoked": True})

    def uninstall(self) -> None:
        """Somebody removes the app from the workspace."""
        events.emit(self.core, {"type": "app_uninstalled"})
        self.set_weather({"token_revoked": True})

    async def cut_sockets(self) -> None:
        """Closes the app's websockets without a word."""
        await self.core.delivery.sockets.close()

    # what there is -------------------------------------------------------------------

    @property
    def calls(self) -> list[Call]:
        """Every Web API call so far."""
        return self.core.calls

    def calls_of(self, method: str) -> list[Call]:
        """The calls of one method."""
        return [c for c in self.core.calls if c.method == method]

    @property
    def advice(self) -> list[Advice]:
        """What Slack would accept and its guides advise against."""
        return self.core.advice

    @property
    def mistakes(self) -> list[str]:
        """Answers of the app that Slack would not take, where no call could be refused."""
        return self.core.mistakes

    @property
    def weather(self) -> Weather:
        """How Slack is doing; set its fields."""
        return self.core.weather

    @property
    def faults(self) -> Faults:
        """Single faults for the next calls."""
        return self.core.faults

    @property
    def before_call(self) -> Hook | None:
        """Called (and awaited) with each Call before its work is done."""
        return self.core.before_call

    @before_call.setter
    def before_call(self, hook: Hook | None) -> None:
        self.core.before_call = hook

    @property
    def after_call(self) -> Hook | None:
        """Called (and awaited) with each Call after its work, before the answer goes out."""
        return self.core.after_call

    @after_call.setter
    def after_call(self, hook: Hook | None) -> None:
        self.core.after_call = hook

    def channel(self, word: str) -> Channel:
        """A channel by name or id. Raises NotSeen."""
        found = self.workspace.channels.get(word) or self.workspace.by_name(word)
        if found is None:
            names = ", ".join(c.name for c in self.workspace.channels.values() if c.name)
            raise NotSeen(f"there is no channel {word}; there are {names}")
        return found

    def person(self, word: str) -> Person:
        """Somebody by id, handle or first name. Raises NotSeen."""
        found = self.workspace.person_by(word)
        if found is None:
            raise NotSeen(f"there is nobody called {word}")
        return Person(self, found)

    @property
    def people(self) -> list[Person]:
        """Everybody but the bot."""
        return [Person(self, p) for p in self.workspace.people.values() if not p.is_bot]

    # waiting ---------------------------------------------------------------------------

    def advance(self, seconds: float) -> None:
        """Moves the workspace's time forward, for triggers, response URLs and limits."""
        self.clock.advance(seconds)

    async def wait_until(
        self,
        true: Callable[[], Any],
        timeout: float = PATIENCE_S,  # noqa: ASYNC109 - the seconds belong to the story
        what: str = "it",
    ) -> Any:
        """Waits until something is true, looking after every change; returns its value.

        What an app does to itself is no change of the workspace, so it looks `LOOK_S` later too.

        Raises NotSeen after `timeout` seconds.
        """
        try:
            async with asyncio.timeout(timeout):
                while not (found := true()):
                    await self._next_change(LOOK_S)
                return found
        except TimeoutError:
            raise NotSeen(f"did not see {what} within {timeout} s") from None

    async def _next_change(self, at_most: float) -> None:
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiters.add(future)
        try:
            await asyncio.wait([future], timeout=at_most)
        finally:
            self._waiters.discard(future)

    async def settle(self, quiet: float = 0.2, timeout: float = PATIENCE_S) -> None:  # noqa: ASYNC109
        """Waits until no call or delivery is under way and none came for `quiet` seconds.

        Raises NotSeen after `timeout` seconds.
        """
        loop = asyncio.get_running_loop()
        end = loop.time() + timeout
        calm_since = loop.time()
        while loop.time() - max(calm_since, self.core.last_call) < quiet:
            await asyncio.sleep(min(quiet / 4, 0.02))
            if self.core.in_flight or self.core.delivery.under_way:
                calm_since = loop.time()
            if loop.time() > end:
                raise NotSeen(f"calls still went on after {timeout} s")

    def _on_change(self, what: str, channel: str | None, user: str | None) -> None:
        for listener in list(self.listeners):
            listener(what, channel, user)
        for future in self._waiters:
            if not future.done():
                future.set_result(None)

    def set_weather(self, changes: dict[str, Any]) -> None:
        """Changes the weather; going offline cuts the websockets. Raises ValueError."""
        self.core.weather.change(changes)
        if self.core.weather.offline:
            self.core.delivery.spawn(self.cut_sockets())
        self.workspace.changed("weather")
