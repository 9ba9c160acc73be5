"""What the functions behind the methods have in common."""

from __future__ import annotations

import base64
import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from bot.sandbox.blocks import check_blocks
from bot.sandbox.checks import Advice, Report, advise_mrkdwn, string
from bot.sandbox.core import Core
from bot.sandbox.errors import Refusal, invalid, missing_scope
from bot.sandbox.methods import METHODS
from bot.sandbox.state import BOT_USER, Channel, Member, Message

Json = dict[str, Any]
Handler = Callable[[Core, Json], Json]


def require(core: Core, method: str, kind: str = "") -> None:
    """Raises Refusal (missing_scope) unless one of the method's scopes was granted."""
    scopes = METHODS[method].scopes.get(kind, ())
    if scopes and not core.scopes.intersection(scopes):
        raise missing_scope(scopes[0], core.scopes)


def room(core: Core, method: str, channel_id: Any, *, member: bool = False) -> Channel:
    """The channel that the bot means and may see, with the scope for its kind checked."""
    found = core.workspace.channels.get(channel_id) if isinstance(channel_id, str) else None
    if found is None or not found.seen_by(BOT_USER):
        raise Refusal("channel_not_found")
    if "" not in METHODS[method].scopes:
        require(core, method, found.kind)
    if member and BOT_USER not in found.members:
        raise Refusal("not_in_channel")
    return found


def writable(core: Core, method: str, channel_id: Any) -> Channel:
    """A channel that is not archived and that the bot is in."""
    found = room(core, method, channel_id, member=True)
    if found.is_archived:
        raise Refusal("is_archived")
    return found


def message(found: Channel, ts: str | None) -> Message:
    """A message that is still there. Raises Refusal (message_not_found)."""
    m = found.messages.get(ts or "")
    if m is None or m.deleted:
        raise Refusal("message_not_found")
    return m


def person(core: Core, user_id: Any, word: str = "user_not_found") -> Member:
    """Somebody in the workspace. Raises Refusal (user_not_found, or the word given)."""
    found = core.workspace.people.get(user_id) if isinstance(user_id, str) else None
    if found is None:
        raise Refusal(word)
    return found


def page(args: Json, items: list[Any], *, most: int = 1000, usual: int = 100) -> tuple[Any, str]:
    """One page of a list and the cursor of the next, "" when it is the last."""
    limit = args.get("limit") or usual
    if not 1 <= limit <= most:
        raise Refusal("invalid_limit")
    start = _position(args.get("cursor"))
    end = start + limit
    cursor = base64.b64encode(f"next:{end}".encode()).decode() if end < len(items) else ""
    return items[start:end], cursor


def _position(cursor: str | None) -> int:
    if not cursor:
        return 0
    try:
        word, _, number = base64.b64decode(cursor, validate=True).decode().partition(":")
        if word == "next":
            return int(number)
    except ValueError:
        pass
    raise Refusal("invalid_cursor")


def channel_name(name: str) -> str:
    """A name that a channel may have. Raises Refusal (invalid_name_*).

    Source: docs.slack.dev/reference/methods/conversations.create#naming. Names are checked, never
    corrected.
    """
    if not name:
        raise Refusal("invalid_name_required")
    if len(name) > 80:
        raise Refusal("invalid_name_maxlength")
    if any(not (c.isalnum() or c in "-_") or c != c.lower() for c in name):
        raise Refusal("invalid_name_specials")
    if not any(c.isalnum() for c in name):
        raise Refusal("invalid_name_punctuation")
    return name


def checked_content(core: Core, method: str, args: Json) -> None:
    """Checks text, blocks, attachments and metadata of a message that the app sends."""
    report = Report("message")
    if args.get("blocks") is not None:
        check_blocks(args["blocks"], "/blocks", report)
    if isinstance(args.get("text"), str):
        advise_mrkdwn(args["text"], "/text", report)
    _attachments(args.get("attachments"), report)
    _metadata(args.get("metadata"))
    _advise(core, method, args, report)
    if any(f.code == "message.attachments.max" for f in report.faults):
        raise Refusal("too_many_attachments")
    if any(f.code == "table.one" for f in report.faults):
        raise Refusal("only_one_table_allowed")
    if report.faults:
        word = "invalid_blocks" if args.get("blocks") is not None else "invalid_attachments"
        raise invalid(word, report.messages)
    _enough(args)


def _enough(args: Json) -> None:
    if args.get("markdown_text"):
        if args.get("text") or args.get("blocks"):
            raise Refusal("markdown_text_conflict")
        if len(args["markdown_text"]) > 12_000:
            raise Refusal("msg_too_long")
        return
    if not (args.get("text") or args.get("blocks") or args.get("attachments")):
        raise Refusal("no_text")


def _advise(core: Core, method: str, args: Json, report: Report) -> None:
    text = args.get("text") or ""
    if args.get("blocks") and not text:
        report.advise("message.fallback", "blocks without text: notifications get a guess")
    if len(text) > 4000:
        report.advise("message.text.best", "keep text within 4,000 characters", "/text")
    if len(args.get("attachments") or ()) > 20:
        report.advise("message.attachments.best", "keep to 20 attachments", "/attachments")
    note(core, method, report.advice)


def note(core: Core, method: str, advice: list[Advice]) -> None:
    """Keeps pieces of advice for tests to look at."""
    core.advice.extend(replace(a, method=method) for a in advice)


_COLOR = string(code="attachment.color", pattern=r"good|warning|danger|#?[0-9A-Fa-f]{6}")
_VISIBLE = ("blocks", "fallback", "text", "title", "fields", "image_url", "author_name", "pretext")


def _attachments(attachments: Any, report: Report) -> None:
    if attachments is None:
        return
    if not isinstance(attachments, list):
        report.fault("schema", "must provide an array", "/attachments")
        return
    if len(attachments) > 100:
        report.fault("message.attachments.max", "too many attachments", "/attachments")
    for i, part in enumerate(attachments):
        _attachment(part, f"/attachments/{i}", report)


def _attachment(part: Any, at: str, report: Report) -> None:
    if not isinstance(part, dict) or not any(part.get(k) for k in _VISIBLE):
        report.fault("attachment.content", "attachment without content", at)
        return
    if "blocks" in part:
        check_blocks(part["blocks"], f"{at}/blocks", report)
    if "footer" in part:
        string(300, code="attachment.footer.max")(part["footer"], f"{at}/footer", report)
    if "color" in part:
        _COLOR(part["color"], f"{at}/color", report)


def _metadata(metadata: Any) -> None:
    if metadata is None:
        return
    good = (
        isinstance(metadata, dict)
        and isinstance(metadata.get("event_payload"), dict)
        and isinstance(metadata.get("event_type"), str)
        and re.fullmatch(r"\w+", metadata["event_type"], re.ASCII)
        and not metadata.keys() - {"event_type", "event_payload", "entities"}
    )
    if not good:
        raise Refusal("invalid_metadata_format")
