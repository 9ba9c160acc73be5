"""The bot's HTTP door in this process, with signed requests and without a network.

Slack's side is a client that answers «ok»; the database, the verbs and the web application are real.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import httpx
from slack_sdk.web.async_client import AsyncWebClient
from slack_sdk.web.async_slack_response import AsyncSlackResponse

from bot.house import House
from bot.incident.opening import open_incident
from bot.sandbox.delivery_http import FORM, sign
from bot.settings import Settings
from bot.slack.app import SlackDoor
from bot.slack.surfaces import all_surfaces
from bot.web.app import make_web
from bot.web.health import Health
from tests.support.houses import Run, make_house, make_settings
from tests.support.outside import Outside

SECRET, TOKEN = "s3cret-of-the-tests", "xoxb-of-the-tests"
TEAM, APP = "T0HOME", "A0OURS"
ADA, BEN, EVE, MALLORY = "U01ADA", "U02BEN", "U66EVE", "U67MALLORY"
#: The channels that ``tests.support.outside`` makes for incidents 1, 2 and 3.
PUBLIC, PRIVATE, DRILL = "C0INC1", "C0INC2", "C0INC3"


class SilentSlack(AsyncWebClient):
    """Slack that says yes to everything and remembers what it was asked."""

    def __init__(self) -> None:
        super().__init__(token=TOKEN, base_url="http://127.0.0.1:9/api/")
        self.asked: list[tuple[str, dict[str, Any]]] = []
        self.keep = True

    async def api_call(self, api_method: str, **more: Any) -> AsyncSlackResponse:
        if self.keep:
            self.asked.append((api_method, more.get("json") or more.get("params") or {}))
        data = {"ok": True, "ts": "1.000001", "channel": "C0SOME", "team_id": TEAM}
        return AsyncSlackResponse(
            client=self, http_verb="POST", api_url=api_method, req_args={}, data=data, headers={},
            status_code=200,
        )  # fmt: skip

    def views(self) -> list[dict[str, Any]]:
        """Every form that was shown."""
        found = [body.get("view") for method, body in self.asked if method.startswith("views.")]
        return [json.loads(view) if isinstance(view, str) else view for view in found if view]


@dataclass
class Desk:
    """The door and what is behind it."""

    house: House
    slack: SilentSlack
    door: SlackDoor
    http: httpx.AsyncClient
    settings: Settings
    logged: list[logging.LogRecord] = field(default_factory=list)

    async def send(
        self, body: bytes, content_type: str = FORM, *, at: int | str | None = None,
        signature: str | None = None, headers: dict[str, str] | None = None,
    ) -> httpx.Response:  # fmt: skip
        """Post bytes, signed unless a signature is given."""
        moment = int(time.time()) if at is None else at
        signed = signature if signature is not None else _sign(moment, body)
        given = {
            "content-type": content_type, "x-slack-request-timestamp": str(moment),
            "x-slack-signature": signed, **(headers or {}),
        }  # fmt: skip
        return await self.http.post("/slack/events", content=body, headers=given)

    async def payload(self, payload: Any) -> httpx.Response:
        """A signed payload of any of the surfaces, encoded as Slack encodes it."""
        if isinstance(payload, dict) and "command" in payload:
            fields = {key: value if isinstance(value, str) else json.dumps(value)
                      for key, value in payload.items()}  # fmt: skip
            return await self.send(urlencode(fields, errors="surrogatepass").encode())
        if isinstance(payload, dict) and payload.get("type") == "event_callback":
            return await self.send(json.dumps(payload).encode(), "application/json")
        return await self.send(urlencode({"payload": json.dumps(payload)}).encode())

    async def quiet(self) -> None:
        """Until answers on their way have come to their end."""
        while self.door._work:
            await asyncio.wait(set(self.door._work))

    def troubles(self) -> list[str]:
        """Log lines that should not be there: errors and tracebacks."""
        return [
            f"{one.name}: {one.getMessage()} {one.exc_info or ''} {getattr(one, 'error', '')}"
            for one in self.logged
            if (one.exc_info or one.levelno >= logging.ERROR)
            and one.getMessage()
            != "slack_access_gone"  # an event says so, and operators must hear it
        ]


def _sign(at: int | str, body: bytes) -> str:
    return sign(SECRET, at, body)  # type: ignore[arg-type]


class _Keeper(logging.Handler):
    def __init__(self, kept: list[logging.LogRecord]) -> None:
        super().__init__()
        self._kept = kept

    def emit(self, record: logging.LogRecord) -> None:
        self._kept.append(record)


@contextlib.asynccontextmanager
async def open_desk(url: str, folder: Path, **more: Any) -> AsyncIterator[Desk]:
    """The door, open. Log records of everything are kept."""
    given = {"SLACK_BOT_TOKEN": TOKEN, "SLACK_SIGNING_SECRET": SECRET, **more}
    settings = make_settings(url, folder, **given)
    house = make_house(url, folder, **given)
    slack = SilentSlack()
    door = SlackDoor(settings, house, slack, all_surfaces(settings, house.env.content))
    web = make_web(settings, house, door, Health(house, slack))
    kept: list[logging.LogRecord] = []
    keeper = _Keeper(kept)
    logging.getLogger().addHandler(keeper)
    transport = httpx.ASGITransport(web, raise_app_exceptions=False)
    try:
        async with httpx.AsyncClient(transport=transport, base_url="http://bot.test") as http:
            yield Desk(house, slack, door, http, settings, kept)
    finally:
        logging.getLogger().removeHandler(keeper)
        await door.close()
        house.close()


def furnish(house: House) -> Outside:
    """Three incidents of Ada's with playbooks: public (1), private (2), a drill (3)."""
    run, outside = Run(house), Outside(house)
    for number, more in enumerate([{}, {"private": True}, {"drill": True}], 1):
        run(ADA, lambda tx, n=number, more=more: open_incident(tx, f"Case {n} of Ada", **more))
    outside.settle()
    return outside


# --- payloads as Slack makes them -----------------------------------------------------------------

_count = iter(range(1, 10**9))


def _base(user: str) -> dict[str, Any]:
    return {
        "team": {"id": TEAM, "domain": "home"}, "api_app_id": APP, "enterprise": None,
        "user": {"id": user, "username": user.lower(), "team_id": TEAM},
        "trigger_id": f"{next(_count)}.1.abc",
    }  # fmt: skip


def command(user: str, text: str, channel: str = "C0ELSE") -> dict[str, Any]:
    """``/incident TEXT``."""
    return {
        "command": "/incident", "text": text, "user_id": user, "user_name": user.lower(),
        "channel_id": channel, "channel_name": "else", "team_id": TEAM, "team_domain": "home",
        "api_app_id": APP, "trigger_id": f"{next(_count)}.2.abc", "is_enterprise_install": "false",
    }  # fmt: skip


def click(
    user: str, action: str, value: str = "", channel: str | None = "C0ELSE", **more: Any
) -> dict[str, Any]:
    """A button."""
    body = {
        **_base(user), "type": "block_actions",
        "actions": [{"type": "button", "action_id": action, "block_id": "b1", "value": value,
                     "action_ts": f"{1_700_000_000 + next(_count)}.000100"}],
        "state": {"values": {}}, **more,
    }  # fmt: skip
    return body if channel is None else {**body, "channel": {"id": channel, "name": "else"}}


def submit(user: str, callback: str, values: dict[str, Any], meta: str = "{}") -> dict[str, Any]:
    """A form that was sent. ``values``: block id to element state."""
    blocks = [{"type": "input", "block_id": name} for name in values]
    state = {"values": {name: {name: value} for name, value in values.items()}}
    view = {
        "id": f"V{next(_count)}", "callback_id": callback, "hash": "1.a", "type": "modal",
        "private_metadata": meta, "state": state, "blocks": blocks, "team_id": TEAM,
    }  # fmt: skip
    return {**_base(user), "type": "view_submission", "view": view, "response_urls": []}


def shortcut(user: str, callback: str, text: str | None = None) -> dict[str, Any]:
    """A global shortcut, or with a text one on a message."""
    body = {**_base(user), "type": "shortcut", "callback_id": callback, "action_ts": "1.2"}
    if text is None:
        return body
    ts = f"{1_700_000_000 + next(_count)}.000200"
    return {
        **body, "type": "message_action", "channel": {"id": "C0ELSE", "name": "else"},
        "message_ts": ts, "message": {"type": "message", "user": BEN, "text": text, "ts": ts},
    }  # fmt: skip


def event(user: str, kind: str, **more: Any) -> dict[str, Any]:
    """An event of the Events API."""
    return {
        "type": "event_callback", "team_id": TEAM, "api_app_id": APP,
        "event_id": f"Ev{next(_count):08d}", "event_time": int(time.time()),
        "authorizations": [{"team_id": TEAM, "user_id": "U0BOT", "is_bot": True}],
        "event": {"type": kind, "user": user, "event_ts": "1.3", **more},
    }  # fmt: skip
