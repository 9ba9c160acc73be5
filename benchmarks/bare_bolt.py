"""The least a slack-bolt app can do: acknowledge one slash command, Bolt's default settings."""

from __future__ import annotations

import sys

import uvicorn
from slack_bolt.adapter.starlette.async_handler import AsyncSlackRequestHandler
from slack_bolt.async_app import AsyncApp
from slack_bolt.authorization import AuthorizeResult
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from benchmarks.load import SECRET


async def _authorize(**_: object) -> AuthorizeResult:
    return AuthorizeResult(enterprise_id=None, team_id=None, bot_token="xoxb-x")


def make() -> Starlette:
    """The app."""
    app = AsyncApp(signing_secret=SECRET, authorize=_authorize)

    @app.command("/incident")
    async def command(ack) -> None:  # type: ignore[no-untyped-def]
        await ack("ok")

    handler = AsyncSlackRequestHandler(app)

    async def endpoint(request: Request) -> Response:
        return await handler.handle(request)

    return Starlette(routes=[Route("/slack/events", endpoint, methods=["POST"])])


if __name__ == "__main__":
    uvicorn.run(
        make(), host="127.0.0.1", port=int(sys.argv[1]), log_level="error", access_log=False
    )
