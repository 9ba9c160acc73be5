"""The web application: one door for Slack, health checks, and the status page."""

from __future__ import annotations

import logging

from slack_bolt.adapter.starlette.async_handler import to_starlette_response
from slack_sdk.signature import SignatureVerifier
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import BaseRoute, Route

from bot.house import House
from bot.settings import Settings
from bot.slack import payload
from bot.slack.app import SlackDoor
from bot.web import guard, local, metrics, status
from bot.web.headers import SecurityHeaders
from bot.web.health import Health
from bot.web.health import routes as health_routes

log = logging.getLogger(__name__)


def make_web(settings: Settings, house: House, door: SlackDoor, health: Health) -> Starlette:
    """All routes."""
    routes: list[BaseRoute] = []
    secret = settings.slack_signing_secret.get_secret_value()
    if secret:  # without it nothing that comes over HTTP can be known to be Slack's
        routes.append(slack_route(door, SignatureVerifier(secret)))
    routes += [*health_routes(health), *status.routes(house)]
    if settings.metrics:
        routes.append(metrics.route(house, health))
    if settings.local_page:
        routes += local.routes(settings, house)
    tls = settings.base_url.startswith("https://")
    return Starlette(routes=routes, middleware=[Middleware(SecurityHeaders, tls=tls)])


def slack_route(door: SlackDoor, verifier: SignatureVerifier) -> Route:
    """Where Slack sends commands, interactions and events."""

    async def slack(request: Request) -> Response:
        try:
            body = await guard.admitted(request, verifier)
            parsed = payload.decode(body, guard.kind_of(request))
        except guard.Turned as turned:
            return turned.response
        except payload.Malformed as fault:  # signed, and yet not what its content type says
            log.warning("payload_refused", extra={"place": str(fault)})
            return PlainTextResponse("This cannot be read.\n", 400)
        return to_starlette_response(await door.answer(parsed))

    return Route("/slack/events", slack, methods=["POST"])
