"""conversations: making, changing and listing channels."""

from __future__ import annotations

from bot.sandbox import acts, events, render
from bot.sandbox.checks import Advice
from bot.sandbox.core import Core
from bot.sandbox.errors import Refusal
from bot.sandbox.state import BOT_USER, Channel
from bot.sandbox.webapi.base import (
    Handler,
    Json,
    channel_name,
    note,
    page,
    person,
    require,
    room,
    writable,
)


def create(core: Core, args: Json) -> Json:
    """Makes a channel with the bot in it; archived channels keep their names."""
    private = args.get("is_private", False)
    require(core, "conversations.create", "groups" if private else "channels")
    name = channel_name(args["name"])
    _advise_name(core, name)
    if core.workspace.by_name(name) is not None:
        raise Refusal("name_taken")
    made = core.workspace.add_channel(name, BOT_USER, is_private=private)
    acts.system(core, made, BOT_USER, "channel_join", f"<@{BOT_USER}> has joined the channel")
    if not private:
        event = {"type": "channel_created", "channel": render.channel(made)}
        events.emit(core, event)
    events.member(core, made, BOT_USER, True, None)
    return {"channel": render.channel(made)}


def _advise_name(core: Core, name: str) -> None:
    if not name.isascii():
        note(
            core, "conversations", [Advice("channel.name.local", "letters outside a to z", "/name")]
        )


def invite(core: Core, args: Json) -> Json:
    """Invites up to 100 people; without `force`, one bad id stops all."""
    found = writable(core, "conversations.invite", args["channel"])
    users = [u for u in args["users"] if u]
    if not users:
        raise Refusal("no_user")
    if len(users) > 100:
        raise Refusal("too_many_users")
    faults = {u: word for u in users if (word := _cannot_invite(core, found, u))}
    errors = [{"user": u, "ok": False, "error": word} for u, word in faults.items()]
    if faults and not (args.get("force") and len(faults) < len(users)):
        word = next(iter(faults.values()))
        raise Refusal(word, errors=errors) if len(users) > 1 else Refusal(word)
    for user in dict.fromkeys(users):
        if user not in faults:
            acts.join(core, found, user, inviter=BOT_USER)
    answer: Json = {"channel": render.channel(found)}
    return answer | ({"errors": errors} if errors else {})


def _cannot_invite(core: Core, found: Channel, user: str) -> str | None:
    if user == BOT_USER:
        return "cant_invite_self"
    if user not in core.workspace.people:
        return "user_not_found"
    return "already_in_channel" if user in found.members else None


def join(core: Core, args: Json) -> Json:
    """The bot joins a public channel."""
    found = core.workspace.channels.get(args["channel"])
    if found is None or not found.seen_by(BOT_USER):
        raise Refusal("channel_not_found")
    if found.is_private or found.is_im:
        raise Refusal("method_not_supported_for_channel_type")
    if found.is_archived:
        raise Refusal("is_archived")
    if BOT_USER in found.members:
        return {"channel": render.channel(found), "warning": "already_in_channel"}
    acts.join(core, found, BOT_USER)
    return {"channel": render.channel(found)}


def kick(core: Core, args: Json) -> Json:
    """Removes somebody."""
    found = writable(core, "conversations.kick", args["channel"])
    person(core, args["user"])
    if args["user"] == BOT_USER:
        raise Refusal("cant_kick_self")
    if found.is_general:
        raise Refusal("cant_kick_from_general")
    if args["user"] not in found.members:
        raise Refusal("not_in_channel")
    acts.leave(core, found, args["user"])
    return {"errors": {}}


def leave(core: Core, args: Json) -> Json:
    """The bot leaves."""
    found = room(core, "conversations.leave", args["channel"])
    if found.is_general:
        raise Refusal("cant_leave_general")
    if found.is_archived:
        raise Refusal("is_archived")
    if BOT_USER not in found.members:
        return {"not_in_channel": True}
    acts.leave(core, found, BOT_USER)
    return {}


def archive(core: Core, args: Json) -> Json:
    """Closes a channel that the bot is in."""
    found = room(core, "conversations.archive", args["channel"], member=True)
    acts.archive(core, found, BOT_USER)
    return {}


def unarchive(core: Core, args: Json) -> Json:
    """Refused: a bot token cannot do this (docs.slack.dev, conversations.unarchive)."""
    found = room(core, "conversations.unarchive", args["channel"])
    raise Refusal("not_in_channel" if found.is_archived else "not_archived")


def rename(core: Core, args: Json) -> Json:
    """Gives a channel another name; only its creator may."""
    found = writable(core, "conversations.rename", args["channel"])
    name = channel_name(args["name"])
    _advise_name(core, name)
    if found.creator != BOT_USER:
        raise Refusal("not_authorized")
    other = core.workspace.by_name(name)
    if other is not None and other is not found:
        raise Refusal("name_taken")
    if other is None:
        acts.rename(core, found, BOT_USER, name)
    return {"channel": render.channel(found)}


def set_topic(core: Core, args: Json) -> Json:
    """Sets the topic, at most 250 characters."""
    return _describe(core, "conversations.setTopic", "topic", args)


def set_purpose(core: Core, args: Json) -> Json:
    """Sets the purpose, at most 250 characters."""
    return _describe(core, "conversations.setPurpose", "purpose", args)


def _describe(core: Core, method: str, what: str, args: Json) -> Json:
    found = writable(core, method, args["channel"])
    if len(args[what]) > 250:
        raise Refusal("too_long")
    acts.describe(core, found, BOT_USER, what, args[what])
    return {what: args[what], "channel": render.channel(found)}


def info(core: Core, args: Json) -> Json:
    """One conversation."""
    found = room(core, "conversations.info", args["channel"])
    shown = render.channel(found)
    if args.get("include_num_members"):
        shown["num_members"] = len(found.members)
    return {"channel": shown}


def members(core: Core, args: Json) -> Json:
    """Who is in it."""
    found = room(core, "conversations.members", args["channel"])
    part, cursor = page(args, found.members)
    return {"members": part, "response_metadata": {"next_cursor": cursor}}


_TYPES = {"public_channel": "channels", "private_channel": "groups", "im": "im", "mpim": "mpim"}


def _kinds(core: Core, method: str, args: Json) -> set[str]:
    words = (args.get("types") or "public_channel").replace(" ", "").split(",")
    if any(w not in _TYPES for w in words):
        raise Refusal("invalid_types")
    kinds = {_TYPES[w] for w in words}
    for kind in sorted(kinds):
        require(core, method, kind)
    return kinds


def list_all(core: Core, args: Json) -> Json:
    """The conversations that the bot may see."""
    kinds = _kinds(core, "conversations.list", args)
    found = [
        render.channel(c) | ({} if c.is_im else {"num_members": len(c.members)})
        for c in core.workspace.visible(BOT_USER)
        if c.kind in kinds and not (args.get("exclude_archived") and c.is_archived)
    ]
    part, cursor = page(args, found)
    return {"channels": part, "response_metadata": {"next_cursor": cursor}}


def of_user(core: Core, args: Json) -> Json:
    """users.conversations: what somebody is a member of, as far as the bot may see it."""
    user = person(core, args.get("user") or BOT_USER).id
    kinds = _kinds(core, "users.conversations", args)
    found = [
        render.channel(c)
        for c in core.workspace.visible(BOT_USER)
        if user in c.members
        and c.kind in kinds
        and not (args.get("exclude_archived") and c.is_archived)
    ]
    part, cursor = page(args, found)
    return {"channels": part, "response_metadata": {"next_cursor": cursor}}


def open_im(core: Core, args: Json) -> Json:
    """Opens a direct message with one person."""
    users: list[str] = args.get("users") or []
    if bool(users) == bool(args.get("channel")):
        raise Refusal("invalid_arguments" if users else "users_list_not_supplied")
    if args.get("channel"):
        return {"channel": {"id": room(core, "conversations.open", args["channel"]).id}}
    if len(users) > 8:
        raise Refusal("too_many_users")
    for user in users:
        person(core, user)
    require(core, "conversations.open", "im" if len(users) == 1 else "mpim")
    if len(users) > 1:
        raise Refusal("method_not_supported_for_channel_type")  # no group messages here
    found = core.workspace.im(BOT_USER, users[0])
    shown = render.channel(found) if args.get("return_im") else {"id": found.id}
    return {"channel": shown}


HANDLERS: dict[str, Handler] = {
    "conversations.archive": archive,
    "conversations.create": create,
    "conversations.info": info,
    "conversations.invite": invite,
    "conversations.join": join,
    "conversations.kick": kick,
    "conversations.leave": leave,
    "conversations.list": list_all,
    "conversations.members": members,
    "conversations.open": open_im,
    "conversations.rename": rename,
    "conversations.setPurpose": set_purpose,
    "conversations.setTopic": set_topic,
    "conversations.unarchive": unarchive,
    "users.conversations": of_user,
}
