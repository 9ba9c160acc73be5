"""conversations.history and conversations.replies."""

from __future__ import annotations

from bot.sandbox import render
from bot.sandbox.checks import Advice
from bot.sandbox.core import Core
from bot.sandbox.errors import Refusal
from bot.sandbox.state import Message
from bot.sandbox.webapi.base import Handler, Json, note, page, room


def history(core: Core, args: Json) -> Json:
    """Top-level messages, newest first."""
    found = room(core, "conversations.history", args["channel"], member=True)
    kept = [
        m
        for m in found.messages.values()
        if not m.deleted and (not m.in_thread or m.broadcast) and _within(m, args)
    ]
    return _answer(core, "conversations.history", args, kept[::-1])


def replies(core: Core, args: Json) -> Json:
    """A thread: its parent, then the replies, oldest first."""
    found = room(core, "conversations.replies", args["channel"], member=True)
    asked = found.messages.get(args["ts"])
    if asked is None or asked.deleted:
        raise Refusal("thread_not_found")
    parent = found.messages[asked.thread_ts or asked.ts]
    kept = [parent, *(m for m in found.replies(parent.ts) if _within(m, args))]
    return _answer(core, "conversations.replies", args, kept)


def _answer(core: Core, method: str, args: Json, kept: list[Message]) -> Json:
    if (args.get("limit") or 0) > 200:
        note(core, method, [Advice("page.best", "ask for at most 200 a page")])
    part, cursor = page(args, kept, most=999)
    with_metadata = args.get("include_all_metadata", False)
    shown = [render.message(core, m, metadata=with_metadata) for m in part]
    answer: Json = {"messages": shown, "has_more": bool(cursor)}
    if cursor:
        answer["response_metadata"] = {"next_cursor": cursor}
    return answer


def _within(m: Message, args: Json) -> bool:
    at = float(m.ts)
    oldest, latest = _bound(args, "oldest"), _bound(args, "latest")
    if args.get("inclusive"):
        return (oldest is None or at >= oldest) and (latest is None or at <= latest)
    return (oldest is None or at > oldest) and (latest is None or at < latest)


def _bound(args: Json, name: str) -> float | None:
    try:
        return float(args[name]) if args.get(name) else None
    except ValueError:
        raise Refusal(f"invalid_ts_{name}") from None


HANDLERS: dict[str, Handler] = {
    "conversations.history": history,
    "conversations.replies": replies,
}
