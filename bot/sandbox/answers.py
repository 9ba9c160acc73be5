"""What the app answers, applied: command acknowledgements, submissions, response URLs."""

from __future__ import annotations

from typing import Any

from bot.sandbox import acts
from bot.sandbox.core import Core
from bot.sandbox.errors import Refusal
from bot.sandbox.state import BOT_USER, Channel, Member, Message, ResponseUrl, View
from bot.sandbox.view_rules import check_answer
from bot.sandbox.webapi import chat, views
from bot.sandbox.webapi.base import checked_content

Json = dict[str, Any]
_ANSWER_KEYS = {
    "text", "blocks", "attachments", "response_type", "replace_original", "delete_original",
    "thread_ts", "metadata", "mrkdwn", "parse", "link_names", "unfurl_links", "unfurl_media",
}  # fmt: skip


def apply_command(core: Core, person: Member, room: Channel, body: Any) -> None:
    """Shows what acknowledged a slash command: to the person, or to all if it says in_channel."""
    if isinstance(body, str):
        body = {"text": body} if body.strip() else None
    if not body:
        return
    entry = ResponseUrl(person.id, room.id, 0.0)
    try:
        _say(core, entry, room, body)
    except Refusal as refusal:
        core.mistake(f"command answer: {refusal.error} {refusal.extra or ''}")
        core.notice(person.id, f"the app's answer was refused: {refusal.error}", room.id)


def _say(core: Core, entry: ResponseUrl, room: Channel, body: Json) -> Message:
    unknown = body.keys() - _ANSWER_KEYS
    if unknown:
        raise Refusal("invalid_arguments", unknown=sorted(unknown))
    if body.get("response_type") not in (None, "ephemeral", "in_channel"):
        raise Refusal("invalid_arguments", response_type=body["response_type"])
    checked_content(core, "response_url", body)
    args = {k: body.get(k) for k in ("text", "blocks", "attachments", "metadata", "thread_ts")}
    args["thread_ts"] = args["thread_ts"] or entry.thread_ts
    public = body.get("response_type") == "in_channel"
    m = chat.build(core, room, args, only_for=None if public else entry.user)
    return acts.post(core, room, m)


def respond(core: Core, token: str, body: Any) -> tuple[int, str]:
    """Takes what the app posts to a response_url: HTTP status and Slack's word."""
    entry = core.workspace.response_urls.get(token)
    if entry is None or core.workspace.now() > entry.until:
        return 404, "expired_url"
    if entry.left <= 0:
        return 404, "used_url"
    room = core.workspace.channels.get(entry.channel)
    if room is None or not isinstance(body, dict):
        return 400, "invalid_payload"
    try:
        _respond(core, entry, room, body)
    except Refusal as refusal:
        core.mistake(f"response_url: {refusal.error} {refusal.extra or ''}")
        return 400, refusal.error
    entry.left -= 1
    return 200, "ok"


def _respond(core: Core, entry: ResponseUrl, room: Channel, body: Json) -> None:
    if body.get("delete_original"):
        if any(v for k, v in body.items() if k != "delete_original"):
            raise Refusal("invalid_arguments")  # it stands alone; Bolt adds an empty text
        acts.delete(core, room, _original(core, entry, room))
    elif body.get("replace_original"):
        original = _original(core, entry, room)
        if original.ephemeral and body.get("response_type") == "in_channel":
            raise Refusal("invalid_arguments")  # an ephemeral message cannot become public
        checked_content(core, "response_url", body)
        acts.edit(core, room, original, BOT_USER, chat.changes(body))
    else:
        _say(core, entry, room, body)


def _original(core: Core, entry: ResponseUrl, room: Channel) -> Message:
    ts = entry.message or ""
    m = room.messages.get(ts) or core.workspace.find_ephemeral(room.id, ts)
    if m is None or m.deleted:
        raise Refusal("message_not_found")
    return m


def apply_submission(core: Core, person: Member, view: View, body: Any) -> None:
    """Does what acknowledged a view_submission: errors, update, push, clear, or close."""
    if not view.open:
        return
    wrong = check_answer(body, view.body)
    if wrong:
        core.mistakes.extend(f"view_submission answer: {w}" for w in wrong)
        core.notice(person.id, "We had some trouble connecting. Try again?")
        return
    action = body.get("response_action") if isinstance(body, dict) else None
    if action == "errors":
        view.errors = dict(body["errors"])
        core.workspace.changed("views", None, person.id)
    elif action == "update":
        views.replace(core, view, _with_ids(body["view"]))
    elif action == "push":
        _push(core, person, view, body["view"])
    elif action == "clear":
        _close(core, person, core.workspace.stack(person.id))
    else:
        _close(core, person, [view])


def _push(core: Core, person: Member, view: View, body: Json) -> None:
    if len(core.workspace.stack(person.id)) >= views.STACK:
        core.mistake("view_submission answer: push_limit_reached")
        return
    views.show(core, person.id, _with_ids(body), view.origin_channel)


def _with_ids(body: Json) -> Json:
    return body | {"blocks": chat.with_ids(body["blocks"])}


def _close(core: Core, person: Member, gone: list[View]) -> None:
    for view in gone:
        view.open = False
        core.workspace.stacks[person.id].remove(view.id)
    core.workspace.changed("views", None, person.id)
