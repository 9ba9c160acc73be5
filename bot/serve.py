"""Serving: the bot, its loops and its web door in one event loop, and a graceful end."""

from __future__ import annotations

import asyncio
import gc
import logging
import signal
import socket
import sys
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from typing import Any

from bot.bootstrap import Running, running
from bot.errors import ConfigError
from bot.settings import Settings
from bot.timing import Clock

log = logging.getLogger(__name__)
#: Longer than any request may take; a stop that takes longer is cut off.
GRACE_S = 10
BACKLOG = 1024


@dataclass
class Served:
    """A bot that answers at ``url``."""

    bot: Running
    url: str


def bind(host: str, port: int) -> socket.socket:
    """The listening socket. Port 0 takes any that is free. Raises ``ConfigError`` when it cannot."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family, backlog=BACKLOG)
    except OSError as problem:
        raise ConfigError(
            f"Cannot listen on {host} port {port}: {problem.strerror}.",
            instead="Set STEADYHAND_HOST and STEADYHAND_PORT (or --port) to what is free here.",
        ) from None


def address(listener: socket.socket) -> str:
    """``http://127.0.0.1:3000`` of a listening socket."""
    host, port = listener.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


@asynccontextmanager
async def serving(
    settings: Settings, clock: Clock | None = None, listener: socket.socket | None = None
) -> AsyncIterator[Served]:
    """The whole bot, until the block ends: then no new request is taken and those begun are ended."""
    listener = listener or bind(settings.host, settings.port)
    try:
        async with running(settings, clock) as bot, web_server(bot.web, listener):
            from bot import scheduler

            await first_key(bot)
            loops = scheduler.start(bot)
            try:
                yield Served(bot, address(listener))
            finally:
                loops.shutdown(wait=False)
    finally:
        listener.close()


async def first_key(bot: Running) -> None:
    """Make the key that signs checkpoints at the first start; say so once when there is none."""
    from bot.errors import Refusal
    from bot.record import keys
    from bot.record.entry import SYSTEM

    signer = bot.house.env.signer
    try:
        await bot.house.read(lambda session: keys.settle(session, signer.path))
        if await bot.house.read(keys.known):
            if not signer.there():  # only then is it worth the library: it says what is wrong
                await bot.house.read(lambda session: keys.signing(session, signer))
            return
        made = await bot.house.change(SYSTEM, keys.make)
        log.info("key_made", extra={"key": made.id, "fingerprint": made.fingerprint})
    except (Refusal, ConfigError, OSError) as problem:
        log.warning("checkpoints_off", extra={"why": str(problem)})


@asynccontextmanager
async def web_server(app: Any, listener: socket.socket) -> AsyncIterator[None]:
    """Serve an ASGI app on a socket. Signals stay ours."""
    import uvicorn

    from bot.web.patience import Patient

    up = asyncio.Event()

    class Server(uvicorn.Server):
        async def startup(self, sockets: list[socket.socket] | None = None) -> None:
            await super().startup(sockets)
            up.set()

        @contextmanager
        def capture_signals(self) -> Iterator[None]:
            yield

    config = uvicorn.Config(
        app, loop="none", lifespan="off", log_config=None, access_log=False, server_header=False,
        date_header=True, proxy_headers=False, timeout_graceful_shutdown=GRACE_S, ws="none", http=Patient,
    )  # fmt: skip
    server = Server(config)
    task = asyncio.create_task(server.serve(sockets=[listener]), name="web")
    try:
        await up.wait()
        yield
    finally:
        server.should_exit = True
        await task


async def until_told(settings: Settings) -> None:
    """``steadyhand run``: serve until SIGTERM or SIGINT."""
    stop = stop_signal()
    async with serving(settings) as served:
        settle_memory()
        mode = "socket" if settings.socket_mode else "http"
        log.info("ready", extra={"address": served.url, "mode": mode})
        if settings.local_page:
            token = settings.data_dir / "local-token"
            log.info(
                "local_page", extra={"address": f"{served.url}/local", "token_file": str(token)}
            )
        await stop.wait()
        log.info("stopping")
    log.info("stopped")


def settle_memory() -> None:
    """What the start made stays for good: later collections need not look at it again."""
    gc.collect()
    gc.freeze()
    # Frozen things do not count, so Python would look at everything else again and again: rarely.
    gc.set_threshold(10_000, 20, 50)
    gc.enable()


def stop_signal() -> asyncio.Event:
    """Set at the first SIGTERM or SIGINT; a second one ends the process as usual."""
    loop, stop = asyncio.get_running_loop(), asyncio.Event()

    def told(number: int) -> None:
        stop.set()
        loop.remove_signal_handler(number)

    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, told, number)
    return stop


def run_loop(main: Coroutine[Any, Any, None]) -> None:
    """Run ``main`` on the fastest event loop there is."""
    with asyncio.Runner(loop_factory=_loop_factory()) as runner:
        runner.run(main)


def _loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    if sys.platform == "win32":
        return None
    try:
        import uvloop
    except ImportError:
        return None
    return uvloop.new_event_loop
