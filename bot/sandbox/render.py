"""Things of the workspace as the JSON that Slack's API, events and the page show."""

from __future__ import annotations

from typing import Any

from bot.sandbox.core import Core
from bot.sandbox.state import (
    APP_ID,
    BOT_ID,
    BOT_USER,
    TEAM_DOMAIN,
    TEAM_ID,
    Channel,
    Member,
    Message,
    View,
)

Json = dict[str, Any]


def message(core: Core, m: Message, *, metadata: bool = False) -> Json:
    """A message; its metadata only where the caller asked for it."""
    shown: Json = {"type": "message", "user": m.user, "text": m.text, "ts": m.ts, "team": TEAM_ID}
    if m.bot_id:
        shown |= {"bot_id": m.bot_id, "app_id": APP_ID, "bot_profile": bot_profile(core)}
    optional = {
        "subtype": m.subtype,
        "blocks": m.blocks,
        "attachments": m.attachments,
        "thread_ts": m.thread_ts,
        "edited": m.edited,
        "files": m.files or None,
        "metadata": m.metadata if metadata else None,
    }
    shown |= {k: v for k, v in optional.items() if v is not None}
    room = core.workspace.channels.get(m.channel)
    if room is not None and not m.ephemeral:
        shown |= _around(room, m)
    return shown


def _around(room: Channel, m: Message) -> Json:
    shown: Json = {}
    if m.reactions:
        shown["reactions"] = reactions(m)
    if m.ts in room.pins:
        shown["pinned_to"] = [room.id]
    if m.thread_ts == m.ts:
        replies = room.replies(m.ts)
        shown |= {
            "reply_count": len(replies),
            "reply_users": list(dict.fromkeys(r.user for r in replies)),
            "latest_reply": replies[-1].ts if replies else None,
        }
    return shown


def reactions(m: Message) -> list[Json]:
    """The reactions in the order in which they came."""
    return [
        {"name": name, "users": list(users), "count": len(users)}
        for name, users in m.reactions.items()
    ]


def bot_profile(core: Core) -> Json:
    """The app as messages of it carry it."""
    return {"id": BOT_ID, "app_id": APP_ID, "name": core.manifest.bot_name, "team_id": TEAM_ID}


def channel(room: Channel, user: str = BOT_USER) -> Json:
    """A conversation object."""
    if room.is_im:
        other = next((m for m in room.members if m != user), user)
        return {"id": room.id, "created": room.created, "is_im": True, "user": other}
    made = {"creator": room.creator, "last_set": room.created}
    return {
        "id": room.id,
        "name": room.name,
        "name_normalized": room.name,
        "is_channel": not room.is_private,
        "is_group": room.is_private,
        "is_im": False,
        "is_mpim": False,
        "is_private": room.is_private,
        "is_general": room.is_general,
        "is_archived": room.is_archived,
        "is_member": user in room.members,
        "created": room.created,
        "creator": room.creator,
        "context_team_id": TEAM_ID,
        "previous_names": list(room.previous_names),
        "topic": {"value": room.topic, **made},
        "purpose": {"value": room.purpose, **made},
    }


def member(person: Member) -> Json:
    """A user object; the e-mail address is left to those with the scope for it."""
    first, _, last = person.real_name.partition(" ")
    return {
        "id": person.id,
        "team_id": TEAM_ID,
        "name": person.name,
        "real_name": person.real_name,
        "deleted": False,
        "color": person.color.lstrip("#"),
        "tz": person.tz,
        "tz_label": person.tz,
        "tz_offset": _offset(person.tz),
        "is_bot": person.is_bot,
        "is_app_user": False,
        "is_admin": False,
        "is_owner": False,
        "is_restricted": False,
        "is_ultra_restricted": False,
        "profile": {
            "real_name": person.real_name,
            "display_name": person.name,
            "first_name": first,
            "last_name": last,
            "title": person.title,
            "team": TEAM_ID,
        },
    }


def _offset(zone: str) -> int:
    from datetime import UTC, datetime
    from zoneinfo import ZoneInfo

    offset = datetime.now(UTC).astimezone(ZoneInfo(zone)).utcoffset()
    return int(offset.total_seconds()) if offset is not None else 0


def view(core: Core, v: View, *, values: bool = True) -> Json:
    """A view as Slack returns it and as interaction payloads carry it."""
    body = v.body
    return {
        "id": v.id,
        "team_id": TEAM_ID,
        "type": body["type"],
        "blocks": body["blocks"],
        "private_metadata": body.get("private_metadata", ""),
        "callback_id": body.get("callback_id", ""),
        "state": {"values": v.values if values else {}},
        "hash": v.hash,
        "title": body.get("title"),
        "clear_on_close": bool(body.get("clear_on_close", False)),
        "notify_on_close": bool(body.get("notify_on_close", False)),
        "close": body.get("close"),
        "submit": body.get("submit"),
        "previous_view_id": v.previous,
        "root_view_id": v.root,
        "app_id": APP_ID,
        "external_id": body.get("external_id", ""),
        "app_installed_team_id": TEAM_ID,
        "bot_id": BOT_ID,
    }


def user(person: Member) -> Json:
    """The person in an interaction payload."""
    return {
        "id": person.id,
        "username": person.name,
        "name": person.name,
        "team_id": TEAM_ID,
    }


def team() -> Json:
    """The workspace in an interaction payload."""
    return {"id": TEAM_ID, "domain": TEAM_DOMAIN}
