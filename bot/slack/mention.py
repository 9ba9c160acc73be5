"""When somebody speaks to the bot by name, or an admin takes its access away."""

from __future__ import annotations

import logging

from slack_sdk.errors import SlackApiError

from bot.slack.request import Answer, Request
from bot.slack.router import Surface

log = logging.getLogger(__name__)
HELLO = (
    "I work by command: `/incident open TITLE` opens an incident, `/incident` in its channel shows "
    "what you can do, `/incident help` lists every word."
)


async def mentioned(request: Request) -> Answer:
    """Slack sends mentions as events; the answer is seen only by whoever asked."""
    request.background(_whisper(request))
    return None


async def _whisper(request: Request) -> None:
    event = request.body["event"]
    try:
        await request.client.chat_postEphemeral(
            channel=request.channel or request.user, user=request.user, text=HELLO,
            thread_ts=event.get("thread_ts"),
        )  # fmt: skip
    except (TimeoutError, SlackApiError, OSError) as problem:
        log.warning("answer_lost", extra={"error": type(problem).__name__})


async def access_gone(request: Request) -> Answer:
    """Tokens were revoked or the app was removed: effects wait, and the operator must act."""
    log.error("slack_access_gone", extra={"event": request.body["event"]["type"]})
    return None


SURFACE = Surface(
    events={"app_mention": mentioned, "tokens_revoked": access_gone, "app_uninstalled": access_gone}
)
