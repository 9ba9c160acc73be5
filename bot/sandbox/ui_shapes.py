"""What the page shows, as JSON; the shapes are the contract between server and page."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from bot.sandbox import render
from bot.sandbox.state import BOT_USER, TEAM_ID, TEAM_NAME, Channel, Message, View

if TYPE_CHECKING:
    from bot.sandbox.people import Person
    from bot.sandbox.server import Sandbox

Json = dict[str, Any]


def snapshot(sandbox: Sandbox, person: Person) -> Json:
    """Everything but messages that one person sees."""
    workspace, manifest = sandbox.workspace, sandbox.core.manifest
    workspace.im(person.id, BOT_USER)
    home = workspace.home(person.id)
    return {
        "me": person.member.brief(),
        "people": [p.brief() for p in workspace.people.values()],
        "team": {"id": TEAM_ID, "name": TEAM_NAME},
        "now": workspace.now(),
        "channels": [channel(sandbox, person, c) for c in workspace.visible(person.id)],
        "commands": [
            {
                **{k: v for k, v in asdict(c).items() if k != "should_escape"},
                "verbs": sandbox.verbs.get(c.command, []),
            }
            for c in manifest.commands
        ],
        "shortcuts": [asdict(s) for s in manifest.shortcuts],
        "views": [view(sandbox, v) for v in workspace.stack(person.id)],
        "home": view(sandbox, home) if home else None,
        "weather": sandbox.weather.as_json(),
        "delivery": sandbox.core.delivery.mode,
        "version": workspace.version,
    }


def channel(sandbox: Sandbox, person: Person, room: Channel) -> Json:
    """A channel in the sidebar."""
    other = next((m for m in room.members if m != person.id), None) if room.is_im else None
    return {
        "id": room.id,
        "name": room.name,
        "is_private": room.is_private,
        "is_archived": room.is_archived,
        "is_im": room.is_im,
        "topic": room.topic,
        "purpose": room.purpose,
        "members": list(room.members),
        "bookmarks": [{k: b[k] for k in ("id", "title", "link")} for b in room.bookmarks.values()],
        "pins": list(room.pins),
        "unread": _unread(sandbox, person, room),
        "with": other,
    }


def _unread(sandbox: Sandbox, person: Person, room: Channel) -> int:
    if person.id not in room.members:
        return 0
    last = room.read.get(person.id, "")
    shown = sandbox.workspace.shown_to(person.id, room.id)
    return sum(m.ts > last and m.user != person.id and not m.subtype for m in shown)


def view(sandbox: Sandbox, v: View) -> Json:
    """A modal or Home tab with its state and what is wrong in it."""
    return render.view(sandbox.core, v) | {"errors": v.errors}


def messages(sandbox: Sandbox, person: Person, room: Channel, thread: str | None) -> list[Json]:
    """The top-level messages of a channel, or one thread of it."""
    shown = sandbox.workspace.shown_to(person.id, room.id)
    if thread is None:
        kept = [m for m in shown if not m.in_thread or m.broadcast or m.ephemeral]
    else:
        kept = [m for m in shown if thread in (m.ts, m.thread_ts)]
    return [message(room, m) for m in kept]


def message(room: Channel, m: Message) -> Json:
    """A message as the page shows it."""
    return {
        "ts": m.ts,
        "channel": m.channel,
        "user": m.user,
        "text": m.text,
        "blocks": m.blocks,
        "attachments": m.attachments,
        "files": m.files,
        "thread_ts": m.thread_ts,
        "reply_count": len(room.replies(m.ts)) if m.thread_ts == m.ts else 0,
        "reactions": render.reactions(m),
        "edited": m.edited is not None,
        "deleted": m.deleted,
        "ephemeral": m.ephemeral,
        "is_bot": m.bot_id is not None,
        "pinned": m.ts in room.pins,
        "subtype": m.subtype,
        "values": m.values,
    }


def change(sandbox: Sandbox, person: Person, what: str, channel_id: str | None) -> Json:
    """One line of the stream."""
    line: Json = {"type": "changed", "version": sandbox.workspace.version, "what": what}
    room = sandbox.workspace.channels.get(channel_id or "")
    if room is not None and room.seen_by(person.id):
        line["channel"] = room.id
    if what == "notice":
        line["text"] = person.notices()[-1]
    return line
