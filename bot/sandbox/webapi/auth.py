"""auth, api, apps, team and bots."""

from __future__ import annotations

import secrets

from bot.sandbox import render
from bot.sandbox.core import Core
from bot.sandbox.errors import Refusal
from bot.sandbox.state import APP_ID, BOT_ID, BOT_USER, TEAM_DOMAIN, TEAM_ID, TEAM_NAME
from bot.sandbox.webapi.base import Handler, Json


def api_test(core: Core, args: Json) -> Json:
    """Answers what it was asked."""
    if args.get("error"):
        raise Refusal(args["error"], args=args)
    return {"args": args}


def auth_test(core: Core, args: Json) -> Json:
    """Who the token is."""
    return {
        "url": f"https://{TEAM_DOMAIN}.slack.com/",
        "team": TEAM_NAME,
        "user": core.manifest.bot_name,
        "team_id": TEAM_ID,
        "user_id": BOT_USER,
        "bot_id": BOT_ID,
        "is_enterprise_install": False,
    }


def connections_open(core: Core, args: Json) -> Json:
    """A websocket URL for Socket Mode, good for one connection."""
    ticket = secrets.token_urlsafe(16)
    core.delivery.tickets.add(ticket)
    host = core.base_url.removeprefix("http://")
    return {"url": f"ws://{host}/link/?ticket={ticket}&app_id={APP_ID}"}


def team_info(core: Core, args: Json) -> Json:
    """The workspace."""
    return {"team": {"id": TEAM_ID, "name": TEAM_NAME, "domain": TEAM_DOMAIN}}


def bots_info(core: Core, args: Json) -> Json:
    """The bot."""
    if args.get("bot") not in (None, BOT_ID):
        raise Refusal("bot_not_found")
    return {"bot": render.bot_profile(core) | {"deleted": False, "user_id": BOT_USER}}


HANDLERS: dict[str, Handler] = {
    "api.test": api_test,
    "auth.test": auth_test,
    "apps.connections.open": connections_open,
    "team.info": team_info,
    "bots.info": bots_info,
}
