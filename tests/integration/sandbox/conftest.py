"""A sandbox, and small apps made with Slack's own SDK that live in it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import uvicorn
from slack_bolt.adapter.socket_mode.aiohttp import AsyncSocketModeHandler
from slack_bolt.adapter.starlette.async_handler import AsyncSlackRequestHandler
from slack_bolt.async_app import AsyncApp
from slack_sdk.web.async_client import AsyncWebClient
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from bot.sandbox.manifest import Manifest
from bot.sandbox.server import Sandbox

_OURS = Manifest.read(Path(__file__).parents[3] / "app_manifest.yaml")
#: An app that may do more than ours, so that all of the sandbox can be tried.
MANIFEST = replace(
    _OURS,
    scopes=_OURS.scopes | {"files:write", "users:read"},
    events=_OURS.events | {"reaction_removed"},
)


@pytest.fixture
async def slack() -> AsyncIterator[Sandbox]:
    async with Sandbox(MANIFEST, retry_scale=0.001) as sandbox:
        yield sandbox


@pytest.fixture
def client(slack: Sandbox) -> AsyncWebClient:
    return AsyncWebClient(slack.bot_token, base_url=slack.api_url, retry_handlers=[])


@pytest.fixture
def app(slack: Sandbox, client: AsyncWebClient) -> AsyncApp:
    return AsyncApp(
        client=client, signing_secret=slack.signing_secret, process_before_response=True
    )


@asynccontextmanager
async def over_http(slack: Sandbox, app: AsyncApp) -> AsyncIterator[None]:
    """Serves a Bolt app and tells the sandbox where it is."""
    handler = AsyncSlackRequestHandler(app)

    async def events(request: Request) -> Response:
        return await handler.handle(request)

    web = Starlette(routes=[Route("/slack/events", events, methods=["POST"])])
    config = uvicorn.Config(web, port=0, log_config=None, lifespan="off", ws="none")
    config.load()
    server = uvicorn.Server(config)
    server.lifespan = config.lifespan_class(config)
    await server.startup()
    port = server.servers[0].sockets[0].getsockname()[1]
    slack.deliver_to(f"http://127.0.0.1:{port}/slack/events")
    try:
        yield
    finally:
        slack.deliver_to(None)
        for listening in server.servers:
            listening.close()
        for connection in list(server.server_state.connections):
            connection.transport.abort()  # type: ignore[union-attr]
        await asyncio.sleep(0)


@asynccontextmanager
async def over_socket(slack: Sandbox, app: AsyncApp) -> AsyncIterator[AsyncSocketModeHandler]:
    """Connects a Bolt app by Socket Mode."""
    web = AsyncWebClient(base_url=slack.api_url)
    handler = AsyncSocketModeHandler(app, slack.app_token, web_client=web, ping_interval=1)
    await handler.connect_async()
    try:
        yield handler
    finally:
        await handler.close_async()


@pytest.fixture
def connect(slack: Sandbox) -> Callable[..., AbstractAsyncContextManager[Any]]:
    """Connects an app to the sandbox: `async with connect(app, "http")` or "socket"."""
    ways: dict[str, Any] = {"http": over_http, "socket": over_socket}
    return lambda app, way="http": ways[way](slack, app)
