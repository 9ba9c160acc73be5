"""Events: sent only when the manifest subscribes to them and the bot may see what happened."""

from __future__ import annotations

from typing import Any

from bot.sandbox import render
from bot.sandbox.core import Core
from bot.sandbox.methods import EVENT_SCOPES
from bot.sandbox.state import BOT_USER, Channel, Message

Json = dict[str, Any]
_KINDS = {"channels": "channel", "groups": "group", "im": "im"}


def emit(core: Core, event: Json, room: Channel | None = None, *, name: str | None = None) -> None:
    """Sends one event, if the app is to get it; `name` is the subscription's when it differs."""
    subscription = name or event["type"]
    if subscription not in core.manifest.events:
        return
    scope = EVENT_SCOPES.get(subscription)
    if scope and scope not in core.scopes and scope != "channels:read":
        return
    if room is not None and BOT_USER not in room.members:
        return
    event.setdefault("event_ts", core.workspace.new_ts())
    core.delivery.event(event)


def message(core: Core, room: Channel, m: Message) -> None:
    """A message was posted, by whomever."""
    if m.ephemeral:
        return
    event = render.message(core, m) | {"channel": room.id, "channel_type": _KINDS[room.kind]}
    event["event_ts"] = m.ts
    event.pop("reactions", None)
    emit(core, event, room, name=f"message.{room.kind}")
    if f"<@{BOT_USER}>" in m.text and m.user != BOT_USER:
        mention = {"type": "app_mention", "user": m.user, "text": m.text, "ts": m.ts}
        mention |= {"channel": room.id, "team": event["team"], "event_ts": m.ts}
        if m.thread_ts:
            mention["thread_ts"] = m.thread_ts
        emit(core, mention, room)


def message_changed(core: Core, room: Channel, m: Message, before: Json) -> None:
    """A message was edited."""
    event = _hidden(core, room, "message_changed")
    event |= {"message": render.message(core, m), "previous_message": before}
    emit(core, event, room, name=f"message.{room.kind}")


def message_deleted(core: Core, room: Channel, m: Message, before: Json) -> None:
    """A message was deleted."""
    event = _hidden(core, room, "message_deleted")
    event |= {"deleted_ts": m.ts, "previous_message": before}
    emit(core, event, room, name=f"message.{room.kind}")


def _hidden(core: Core, room: Channel, subtype: str) -> Json:
    ts = core.workspace.new_ts()
    shown = {"type": "message", "subtype": subtype, "hidden": True, "channel": room.id}
    return shown | {"channel_type": _KINDS[room.kind], "ts": ts, "event_ts": ts}


def reaction(core: Core, room: Channel, m: Message, user: str, name: str, added: bool) -> None:
    """Somebody added or took back a reaction."""
    event = {
        "type": "reaction_added" if added else "reaction_removed",
        "user": user,
        "reaction": name,
        "item": {"type": "message", "channel": room.id, "ts": m.ts},
        "item_user": m.user,
    }
    emit(core, event, room)


def member(core: Core, room: Channel, user: str, joined: bool, inviter: str | None) -> None:
    """Somebody came or went; the app is told of its own joining, too."""
    event = {
        "type": "member_joined_channel" if joined else "member_left_channel",
        "user": user,
        "channel": room.id,
        "channel_type": "G" if room.is_private else "C",
        "team": render.team()["id"],
    }
    if inviter:
        event["inviter"] = inviter
    emit(core, event, room if joined or user != BOT_USER else None)


def channel(core: Core, room: Channel, what: str, user: str) -> None:
    """A channel was renamed, archived, unarchived or deleted."""
    prefix = "group" if room.is_private else "channel"
    about: Any = room.id
    if what == "rename":
        about = {"id": room.id, "name": room.name, "name_normalized": room.name}
        about["created"] = room.created
    event = {"type": f"{prefix}_{what}", "channel": about, "user": user}
    emit(core, event, room if room.is_private else None)


def pin(core: Core, room: Channel, m: Message, user: str, added: bool) -> None:
    """A message was pinned or unpinned."""
    item = {"type": "message", "channel": room.id, "message": render.message(core, m)}
    kind = "pin_added" if added else "pin_removed"
    emit(core, {"type": kind, "user": user, "channel_id": room.id, "item": item}, room)
