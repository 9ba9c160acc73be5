"""pins, bookmarks and reactions."""

from __future__ import annotations

import re

from bot.sandbox import acts, render
from bot.sandbox.core import Core
from bot.sandbox.errors import Refusal
from bot.sandbox.state import APP_ID, BOT_USER
from bot.sandbox.webapi.base import Handler, Json, message, room, writable

REACTION = re.compile(r"[a-z0-9_+'\-]+(?:::skin-tone-[2-6])?")
MOST_BOOKMARKS = 100


def pin(core: Core, args: Json) -> Json:
    """Pins a message."""
    found = writable(core, "pins.add", args["channel"])
    if not args.get("timestamp"):
        raise Refusal("no_item_specified")
    acts.pin(core, found, message(found, args["timestamp"]), BOT_USER)
    return {}


def unpin(core: Core, args: Json) -> Json:
    """Unpins a message."""
    found = writable(core, "pins.remove", args["channel"])
    if not args.get("timestamp"):
        raise Refusal("no_item_specified")
    acts.unpin(core, found, message(found, args["timestamp"]), BOT_USER)
    return {}


def pins(core: Core, args: Json) -> Json:
    """What is pinned, latest first."""
    found = room(core, "pins.list", args["channel"], member=True)
    items = [
        {
            "type": "message",
            "channel": found.id,
            "created": at,
            "created_by": user,
            "message": render.message(core, found.messages[ts]),
        }
        for ts, (user, at) in reversed(found.pins.items())
    ]
    return {"items": items}


def react(core: Core, args: Json) -> Json:
    """Adds a reaction of the bot."""
    found = writable(core, "reactions.add", args["channel"])
    if not REACTION.fullmatch(args["name"]):
        raise Refusal("invalid_name")
    acts.react(core, found, message(found, args["timestamp"]), BOT_USER, args["name"])
    return {}


def unreact(core: Core, args: Json) -> Json:
    """Takes a reaction of the bot back."""
    if not (args.get("channel") and args.get("timestamp")):
        raise Refusal("no_item_specified")
    found = writable(core, "reactions.remove", args["channel"])
    acts.unreact(core, found, message(found, args["timestamp"]), BOT_USER, args["name"])
    return {}


def reactions(core: Core, args: Json) -> Json:
    """The reactions to one message."""
    if not (args.get("channel") and args.get("timestamp")):
        raise Refusal("no_item_specified")
    found = room(core, "reactions.get", args["channel"], member=True)
    m = message(found, args["timestamp"])
    shown = render.message(core, m) | {"reactions": render.reactions(m)}
    return {"type": "message", "channel": found.id, "message": shown}


def add_bookmark(core: Core, args: Json) -> Json:
    """Puts a link above a channel."""
    found = writable(core, "bookmarks.add", args["channel_id"])
    if args["type"] != "link":
        raise Refusal("invalid_bookmark_type")
    _link(args.get("link"))
    if not args["title"]:
        raise Refusal("invalid_arguments")
    if len(found.bookmarks) >= MOST_BOOKMARKS:
        raise Refusal("too_many_bookmarks")
    now = int(core.workspace.now())
    made = {
        "id": core.workspace.new_id("Bk"),
        "channel_id": found.id,
        "title": args["title"],
        "link": args["link"],
        "emoji": args.get("emoji", ""),
        "type": "link",
        "app_id": APP_ID,
        "date_created": now,
        "date_updated": 0,
        "last_updated_by_user_id": BOT_USER,
    }
    found.bookmarks[made["id"]] = made
    core.workspace.changed("channels", found.id)
    return {"bookmark": made}


def _link(link: str | None) -> None:
    if not link or not re.match(r"https?://[^/\s]+", link):
        raise Refusal("invalid_link")


def edit_bookmark(core: Core, args: Json) -> Json:
    """Changes a bookmark's title or link."""
    found = writable(core, "bookmarks.edit", args["channel_id"])
    kept = found.bookmarks.get(args["bookmark_id"])
    if kept is None:
        raise Refusal("not_found")
    if args.get("link") is not None:
        _link(args["link"])
    kept.update({k: args[k] for k in ("title", "link", "emoji") if args.get(k) is not None})
    kept["date_updated"] = int(core.workspace.now())
    core.workspace.changed("channels", found.id)
    return {"bookmark": kept}


def bookmarks(core: Core, args: Json) -> Json:
    """The bookmarks of a channel."""
    found = room(core, "bookmarks.list", args["channel_id"], member=True)
    return {"bookmarks": list(found.bookmarks.values())}


def remove_bookmark(core: Core, args: Json) -> Json:
    """Takes a bookmark away."""
    found = writable(core, "bookmarks.remove", args["channel_id"])
    if found.bookmarks.pop(args["bookmark_id"], None) is None:
        raise Refusal("not_found")
    core.workspace.changed("channels", found.id)
    return {}


HANDLERS: dict[str, Handler] = {
    "pins.add": pin,
    "pins.list": pins,
    "pins.remove": unpin,
    "reactions.add": react,
    "reactions.get": reactions,
    "reactions.remove": unreact,
    "bookmarks.add": add_bookmark,
    "bookmarks.edit": edit_bookmark,
    "bookmarks.list": bookmarks,
    "bookmarks.remove": remove_bookmark,
}
