"""What happens to the incident's channel from outside: archived, renamed, deleted, left."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sqlmodel import Session

from bot.effects.names import in_words
from bot.incident import channels, queries
from bot.incident.names import ref
from bot.record.tx import Tx
from bot.slack import kit
from bot.slack.request import Answer, Handler, Request
from bot.slack.router import Surface
from bot.slack.wording import Message, simple
from db.tables import Incident


def lost(what: str) -> Handler:
    """The channel was ``what``."""

    async def handler(request: Request) -> Answer:
        event = request.body["event"]
        channel = event.get("channel")
        found = channel if isinstance(channel, dict) else {"id": channel}
        name = str(found.get("name") or "")
        return await request.change(
            lambda tx: channels.lost(tx, str(found["id"]), what, name), lambda _: None
        )

    return handler


def moved(verb: Callable[[Tx, str, str], None]) -> Handler:
    """Somebody came into a channel or left it; only those of private incidents matter."""

    async def handler(request: Request) -> Answer:
        event = request.body["event"]
        channel, person = str(event.get("channel")), request.user

        def matters(session: Session) -> bool:
            found = queries.by_channel(session, channel)
            return found is not None and found.private

        if person in _bots(request.body) or not await request.read(matters):
            return None
        return await request.change(lambda tx: verb(tx, channel, person), lambda _: None)

    return handler


def _bots(body: dict[str, Any]) -> set[str]:
    """Ourselves, as the event names us."""
    return {str(each.get("user_id")) for each in body.get("authorizations") or []}


def _channel_failed(session: Session, incident: Incident | None, params: dict[str, Any]) -> Message:
    assert incident is not None
    text = (
        f"The channel of *{ref(incident.number)}* {kit.esc(incident.title)} could not be made: "
        f"{kit.esc(params['error'])}.\nNothing else was lost. "
    )
    if incident.private:
        text += "It is a private incident, so no public channel was made instead. "
    text += f"When this is mended: `/incident status {ref(incident.number)}`, then «Try again»."
    return simple(incident, text, f"The channel of {ref(incident.number)} could not be made")


def _effect_failed(session: Session, incident: Incident | None, params: dict[str, Any]) -> Message:
    assert incident is not None
    what = f"{in_words(params['effect'])} did not happen"
    text = (
        f"*{ref(incident.number)}* {kit.esc(incident.title)}: {what}: {kit.esc(params['error'])}.\n"
        f"Nothing else was lost. `/incident status {ref(incident.number)}` shows what waits; when "
        "this is mended, press «Try again» there."
    )
    return simple(incident, text, f"{ref(incident.number)}: {what}")


def _person_untold(session: Session, incident: Incident | None, params: dict[str, Any]) -> Message:
    assert incident is not None
    name, whom = ref(incident.number), kit.person(params["whom"])
    text = (
        f"*{name}* {kit.esc(incident.title)}: {whom} cannot be written to: {kit.esc(params['error'])}. "
        "Reach them another way. If they are gone, give what they held to somebody else: "
        f"`/incident role`, `/incident step`. `/incident status {name}` shows what they did not get."
    )
    return simple(incident, text, f"{name}: somebody cannot be written to")


def _channel_lost(session: Session, incident: Incident | None, params: dict[str, Any]) -> Message:
    assert incident is not None
    text = (
        f"The channel of *{ref(incident.number)}* {kit.esc(incident.title)} was {params['what']}. "
        "The record goes on; messages of the bot wait. Unarchive it or invite the bot again, or "
        "work from anywhere with `/incident` and the incident's number."
    )
    return simple(incident, text, f"The channel of {ref(incident.number)} was {params['what']}")


SURFACE = Surface(
    events={
        "channel_archive": lost("archived"),
        "group_archive": lost("archived"),
        "channel_rename": lost("renamed"),
        "group_rename": lost("renamed"),
        "channel_deleted": lost("deleted"),
        "member_joined_channel": moved(channels.joined),
        "member_left_channel": moved(channels.left),
    },
    wordings={
        "channel_failed": _channel_failed,
        "channel_lost": _channel_lost,
        "effect_failed": _effect_failed,
        "person_untold": _person_untold,
    },
)
