"""chat: posting, changing and deleting messages."""

from __future__ import annotations

import copy
import secrets

from bot.sandbox import acts, render
from bot.sandbox.checks import Advice
from bot.sandbox.core import Core
from bot.sandbox.errors import Refusal, missing_scope, rate_limited
from bot.sandbox.forms import initial_values
from bot.sandbox.state import BOT_ID, BOT_USER, TEAM_DOMAIN, Channel, Message
from bot.sandbox.webapi.base import (
    Handler,
    Json,
    checked_content,
    message,
    note,
    person,
    room,
)

LONGEST = 40_000


def with_ids(blocks: list[Json] | None) -> list[Json] | None:
    """A copy of the blocks in which every block and element has an id, as Slack gives them."""
    if blocks is None:
        return None
    made = copy.deepcopy(blocks)
    for block in made:
        block.setdefault("block_id", secrets.token_urlsafe(4))
        parts = [*block.get("elements", ()), block.get("accessory"), block.get("element")]
        for part in parts:
            if isinstance(part, dict) and part.get("type") not in _SILENT:
                part.setdefault("action_id", secrets.token_urlsafe(4))
    return made


_SILENT = frozenset({"image", "mrkdwn", "plain_text", "card"}) | {
    f"rich_text_{k}" for k in ("section", "list", "quote", "preformatted")
}


def target(core: Core, channel: str) -> Channel:
    """Where a message goes: a channel by id or name, or a person's direct messages."""
    if channel[:1] in ("U", "W") and channel in core.workspace.people:
        return core.workspace.im(BOT_USER, person(core, channel, "channel_not_found").id)
    found = core.workspace.channels.get(channel)
    if found is None and core.workspace.by_name(channel) is not None:
        note(core, "chat.postMessage", [Advice("message.channel.name", "give the id", "/channel")])
        found = core.workspace.by_name(channel)
    if found is None or not found.seen_by(BOT_USER):
        raise Refusal("channel_not_found")
    return found


def _may_post(core: Core, found: Channel) -> None:
    if found.is_archived:
        raise Refusal("is_archived")
    if BOT_USER not in found.members and "chat:write.public" not in core.scopes:
        raise Refusal("not_in_channel")
    if found.is_im and not core.manifest.messages_tab:
        raise Refusal("messages_tab_disabled")


def _thread(found: Channel, args: Json) -> str | None:
    ts = args.get("thread_ts")
    if args.get("reply_broadcast") and not ts:
        raise Refusal("invalid_arguments")
    if ts is None:
        return None
    parent = found.messages.get(ts)
    if parent is None or parent.deleted:
        raise Refusal("thread_not_found")
    return parent.thread_ts or ts


def _paced(core: Core, found: Channel) -> None:
    if core.weather.rate_limit:
        wait = core.limits.wait_for_post(found.id, core.workspace.now())
        if wait:
            raise rate_limited(wait)


def build(core: Core, found: Channel, args: Json, *, only_for: str | None = None) -> Message:
    """A message of the app from checked arguments."""
    text = args.get("text") or args.get("markdown_text") or ""
    blocks = with_ids(args.get("blocks"))
    if blocks is None and args.get("markdown_text"):
        blocks = with_ids([{"type": "markdown", "text": args["markdown_text"]}])
    return Message(
        ts=core.workspace.new_ts(),
        channel=found.id,
        user=BOT_USER,
        text=text[:LONGEST],
        blocks=blocks,
        attachments=args.get("attachments"),
        metadata=args.get("metadata"),
        thread_ts=_thread(found, args),
        bot_id=BOT_ID,
        broadcast=args.get("reply_broadcast", False),
        only_for=only_for,
        values=initial_values(blocks or []),
    )


def post_message(core: Core, args: Json) -> Json:
    """Posts a message; to a person's id it opens a direct message."""
    for key in ("username", "icon_emoji", "icon_url"):
        if args.get(key) and "chat:write.customize" not in core.scopes:
            raise missing_scope("chat:write.customize", core.scopes)
    found = target(core, args["channel"])
    _may_post(core, found)
    checked_content(core, "chat.postMessage", args)
    _paced(core, found)
    m = acts.post(core, found, build(core, found, args))
    return {"channel": found.id, "ts": m.ts, "message": render.message(core, m, metadata=True)}


def post_ephemeral(core: Core, args: Json) -> Json:
    """Shows a message to one member of a channel; it is kept nowhere."""
    found = target(core, args["channel"])
    _may_post(core, found)
    user = person(core, args["user"]).id
    if user not in found.members:
        raise Refusal("user_not_in_channel")
    checked_content(core, "chat.postEphemeral", args)
    m = acts.post(core, found, build(core, found, args, only_for=user))
    return {"message_ts": m.ts}


def update(core: Core, args: Json) -> Json:
    """Changes a message of the app; what is left out stays, an empty list takes away."""
    found = room(core, "chat.update", args["channel"])
    m = message(found, args["ts"])
    if m.user != BOT_USER or m.subtype is not None:
        raise Refusal("cant_update_message")
    if found.is_archived:
        raise Refusal("is_archived")
    checked_content(core, "chat.update", args)
    if len(args.get("text") or "") > 4000:
        raise Refusal("msg_too_long")
    acts.edit(core, found, m, BOT_USER, changes(args))
    return {
        "channel": found.id,
        "ts": m.ts,
        "text": m.text,
        "message": render.message(core, m, metadata=True),
    }


def changes(args: Json) -> Json:
    """What an update changes. Text alone takes the blocks away, as Slack does."""
    changed: Json = {}
    if args.get("text") is not None:
        changed["text"] = args["text"]
        changed["blocks"] = None
    if args.get("markdown_text"):
        changed["text"] = args["markdown_text"]
    if args.get("blocks") is not None:
        changed["blocks"] = with_ids(args["blocks"]) or None
    for key in ("attachments", "metadata"):
        if args.get(key) is not None:
            changed[key] = args[key]
    return changed


def delete(core: Core, args: Json) -> Json:
    """Deletes a message of the app."""
    found = room(core, "chat.delete", args["channel"])
    m = message(found, args["ts"])
    if m.user != BOT_USER or m.subtype is not None:
        raise Refusal("cant_delete_message")
    acts.delete(core, found, m)
    return {"channel": found.id, "ts": m.ts}


def permalink(core: Core, args: Json) -> Json:
    """The address of a message."""
    found = room(core, "chat.getPermalink", args["channel"])
    m = message(found, args["message_ts"])
    return {"channel": found.id, "permalink": link_to(found.id, m)}


def link_to(channel_id: str, m: Message) -> str:
    """The address of a message, in Slack's form."""
    link = f"https://{TEAM_DOMAIN}.slack.com/archives/{channel_id}/p{m.ts.replace('.', '')}"
    return f"{link}?thread_ts={m.thread_ts}&cid={channel_id}" if m.in_thread else link


HANDLERS: dict[str, Handler] = {
    "chat.delete": delete,
    "chat.getPermalink": permalink,
    "chat.postEphemeral": post_ephemeral,
    "chat.postMessage": post_message,
    "chat.update": update,
}
