"""Drills: the same as an incident from the first word on, with the doors to the outside shut."""

from __future__ import annotations

from bot.incident.opening import open_incident
from bot.slack import kit
from bot.slack.open import flags, form, opened_answer
from bot.slack.request import Answer, Request
from bot.slack.router import Surface


async def drill_verb(request: Request) -> Answer:
    """``/incident drill [sev2] TITLE`` opens a drill at once; without a title, the form."""
    severity, private, title = flags(kit.unescape(request.text))
    if not title:
        return await drill_form(request)
    return await request.change(
        lambda tx: open_incident(
            tx, title, drill=True, origin_channel=request.channel, severity=severity,
            private=private,
        ),
        opened_answer,
    )  # fmt: skip


async def drill_form(request: Request) -> Answer:
    """The form of an incident, marked; it says that nothing leaves."""
    request.open(form(request.house.env.content, request.channel, drill=True))
    return None


SURFACE = Surface(verbs={"drill": drill_verb}, actions={"drill_form": drill_form})
