"""What can happen in the workspace, whoever does it: each changes the state and tells the app."""

from __future__ import annotations

from typing import Any

from bot.sandbox import events, render
from bot.sandbox.core import Core
from bot.sandbox.errors import Refusal
from bot.sandbox.state import Channel, Message

Json = dict[str, Any]


def post(core: Core, room: Channel, m: Message) -> Message:
    """Posts a message; a reply makes its parent a thread."""
    if m.thread_ts and not m.ephemeral:
        parent = room.messages.get(m.thread_ts)
        if parent is not None:
            parent.thread_ts = parent.ts
    core.workspace.post(m)
    events.message(core, room, m)
    return m


def system(core: Core, room: Channel, user: str, subtype: str, text: str) -> Message:
    """Slack's own line in a channel, like "has joined the channel"."""
    ts = core.workspace.new_ts()
    return post(core, room, Message(ts, room.id, user, text, subtype=subtype))


def edit(core: Core, room: Channel, m: Message, user: str, changes: Json) -> None:
    """Changes a message; "(edited)" appears only when its text did."""
    before = render.message(core, m)
    if changes.get("text", m.text) != m.text:
        m.edited = {"user": user, "ts": core.workspace.new_ts()}
    for key, value in changes.items():
        setattr(m, key, value)
    core.workspace.changed("messages", room.id, m.only_for)
    if not m.ephemeral:
        events.message_changed(core, room, m, before)


def delete(core: Core, room: Channel, m: Message) -> None:
    """Takes a message away; its pin goes with it."""
    before = render.message(core, m)
    m.deleted = True
    room.pins.pop(m.ts, None)
    core.workspace.changed("messages", room.id, m.only_for)
    if not m.ephemeral:
        events.message_deleted(core, room, m, before)


def react(core: Core, room: Channel, m: Message, user: str, name: str) -> None:
    """Adds a reaction. Raises Refusal (already_reacted, too_many_emoji)."""
    users = m.reactions.setdefault(name, [])
    if user in users:
        raise Refusal("already_reacted")
    users.append(user)
    core.workspace.changed("messages", room.id)
    events.reaction(core, room, m, user, name, added=True)


def unreact(core: Core, room: Channel, m: Message, user: str, name: str) -> None:
    """Takes a reaction back. Raises Refusal (no_reaction)."""
    users = m.reactions.get(name, [])
    if user not in users:
        raise Refusal("no_reaction")
    users.remove(user)
    if not users:
        del m.reactions[name]
    core.workspace.changed("messages", room.id)
    events.reaction(core, room, m, user, name, added=False)


def join(core: Core, room: Channel, user: str, inviter: str | None = None) -> None:
    """Somebody becomes a member."""
    room.members.append(user)
    kind = "group" if room.is_private else "channel"
    text = f"<@{user}> has joined the {kind}"
    system(core, room, user, f"{kind}_join", text)
    core.workspace.changed("channels", room.id)
    events.member(core, room, user, True, inviter)


def leave(core: Core, room: Channel, user: str) -> None:
    """Somebody is no longer a member."""
    kind = "group" if room.is_private else "channel"
    system(core, room, user, f"{kind}_leave", f"<@{user}> has left the {kind}")
    room.members.remove(user)
    core.workspace.changed("channels", room.id)
    events.member(core, room, user, False, None)


def archive(core: Core, room: Channel, user: str) -> None:
    """Closes a channel. Raises Refusal (already_archived, cant_archive_general)."""
    if room.is_archived:
        raise Refusal("already_archived")
    if room.is_general:
        raise Refusal("cant_archive_general")
    kind = "group" if room.is_private else "channel"
    system(core, room, user, f"{kind}_archive", f"<@{user}> archived the channel")
    room.is_archived = True
    core.workspace.changed("channels", room.id)
    events.channel(core, room, "archive", user)


def unarchive(core: Core, room: Channel, user: str) -> None:
    """Opens a channel again. Raises Refusal (not_archived)."""
    if not room.is_archived:
        raise Refusal("not_archived")
    room.is_archived = False
    core.workspace.changed("channels", room.id)
    events.channel(core, room, "unarchive", user)


def rename(core: Core, room: Channel, user: str, name: str) -> None:
    """Gives a channel another name; the caller has checked it."""
    old = room.name
    core.workspace.rename(room, name)
    kind = "group" if room.is_private else "channel"
    text = f'<@{user}> has renamed the channel from "{old}" to "{name}"'
    system(core, room, user, f"{kind}_name", text)
    events.channel(core, room, "rename", user)


def remove_channel(core: Core, room: Channel, user: str) -> None:
    """Deletes a channel for good, as an administrator can."""
    events.channel(core, room, "deleted", user)
    core.workspace.forget(room)


def describe(core: Core, room: Channel, user: str, what: str, text: str) -> None:
    """Sets the topic or the purpose."""
    setattr(room, what, text)
    kind = "group" if room.is_private else "channel"
    system(core, room, user, f"{kind}_{what}", f"<@{user}> set the channel {what}: {text}")
    core.workspace.changed("channels", room.id)


def pin(core: Core, room: Channel, m: Message, user: str) -> None:
    """Pins a message. Raises Refusal (already_pinned, too_many_pins)."""
    if m.ts in room.pins:
        raise Refusal("already_pinned")
    if len(room.pins) >= 100:
        raise Refusal("too_many_pins")
    room.pins[m.ts] = (user, int(core.workspace.now()))
    core.workspace.changed("channels", room.id)
    events.pin(core, room, m, user, added=True)


def unpin(core: Core, room: Channel, m: Message, user: str) -> None:
    """Unpins a message. Raises Refusal (no_pin)."""
    if room.pins.pop(m.ts, None) is None:
        raise Refusal("no_pin")
    core.workspace.changed("channels", room.id)
    events.pin(core, room, m, user, added=False)
