"""The web application: one door for Slack, health checks, and the status page."""

from __future__ import annotations

from slack_bolt.adapter.starlette.async_handler import AsyncSlackRequestHandler
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from bot.house import House
from bot.settings import Settings
from bot.slack.app import SlackDoor


def make_web(settings: Settings, house: House, door: SlackDoor) -> Starlette:
    """All routes."""
    bolt = AsyncSlackRequestHandler(door.bolt)

    async def slack(request: Request) -> Response:
        return await bolt.handle(request)

    async def healthz(request: Request) -> Response:
        return PlainTextResponse("alive\n")

    routes = [
        Route("/slack/events", slack, methods=["POST"]),
        Route("/healthz", healthz),
    ]
    return Starlette(routes=routes)
