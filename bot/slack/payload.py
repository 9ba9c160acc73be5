"""What Slack sends, held against its shape before anything acts on it.

A valid signature says who sent a request, not that it makes sense. Whatever is not shaped as Slack
documents it (docs.slack.dev/interactivity, docs.slack.dev/apis/events-api) is turned away whole,
with the place of the fault and without its content. Unknown fields are left alone: Slack adds some.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import parse_qsl

from bot.record.entry import clean_text

Json = dict[str, Any]
#: A form with a hundred blocks is about twelve levels deep.
DEPTH_MAX = 40
NODES_MAX = 50_000
FIELDS_MAX = 100
#: Ids become parts of keys and of the record; Slack's are about a dozen characters.
ID = re.compile(r"[A-Z0-9]{2,40}")
TS = re.compile(r"\d{1,12}\.\d{1,9}")
WORD_MAX, TRIGGER_MAX, LINK_MAX = 255, 180, 2000
#: The last second that a time of day can be asked for, year 9998.
LAST_SECOND = 253_370_764_800


class Malformed(Exception):
    """This is signed, and not what Slack sends. Its message names the place, never the content."""


Check = Callable[[Any, str], None]


# --- reading ------------------------------------------------------------------------------------


def decode(raw: bytes, content_type: str) -> Any:
    """The payload of an HTTP request: JSON, a form, or a form that holds JSON. Raises ``Malformed``."""
    try:
        text = raw.decode("utf-8")
        if content_type == "application/json":
            return _json(text)
        fields = dict(parse_qsl(text, keep_blank_values=True, max_num_fields=FIELDS_MAX))
        return _json(fields["payload"]) if "payload" in fields else fields
    except (ValueError, RecursionError) as problem:
        raise Malformed(f"body ({type(problem).__name__})") from None


def _json(text: str) -> Any:
    return json.loads(text, parse_constant=_no_such_number)


def _no_such_number(word: str) -> Any:
    raise ValueError(word)


def clean(found: Any) -> Json:
    """The payload without NUL and lone surrogates. Raises ``Malformed`` when it is none or too deep."""
    if not isinstance(found, dict):
        raise Malformed("body (no object)")
    left = [NODES_MAX]
    out: Json = _clean(found, 0, left)
    return out


def _clean(value: Any, depth: int, left: list[int]) -> Any:
    left[0] -= 1
    if depth > DEPTH_MAX or left[0] < 0:
        raise Malformed("body (too deep or too large)")
    if isinstance(value, str):
        # ASCII without NUL is nearly everything; only the rest is worth a look.
        return value if value.isascii() and "\x00" not in value else clean_text(value)
    if isinstance(value, dict):
        return {_clean(k, depth, left): _clean(v, depth + 1, left) for k, v in value.items()}
    if isinstance(value, list):
        return [_clean(inner, depth + 1, left) for inner in value]
    return value


# --- shapes ---------------------------------------------------------------------------------------


def _matching(pattern: re.Pattern[str]) -> Check:
    def check(value: Any, at: str) -> None:
        if not (isinstance(value, str) and pattern.fullmatch(value)):
            raise Malformed(at)

    return check


def _text(most: int, least: int = 0) -> Check:
    def check(value: Any, at: str) -> None:
        if not (isinstance(value, str) and least <= len(value) <= most):
            raise Malformed(at)

    return check


def _link(value: Any, at: str) -> None:
    _text(LINK_MAX)(value, at)
    if value and not value.startswith(("https://", "http://")):
        raise Malformed(at)


def _second(value: Any, at: str) -> None:
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= LAST_SECOND:
        raise Malformed(at)


def _one_of(*checks: Check) -> Check:
    def check(value: Any, at: str) -> None:
        for each in checks:
            try:
                each(value, at)
            except Malformed:
                continue
            return
        raise Malformed(at)

    return check


def _each(inner: Check) -> Check:
    def check(value: Any, at: str) -> None:
        if not isinstance(value, list):
            raise Malformed(at)
        for each in value:
            inner(each, at)

    return check


def _every(inner: Check) -> Check:
    """An object whose values, under whatever names, all have one shape."""

    def check(value: Any, at: str) -> None:
        if not isinstance(value, dict):
            raise Malformed(at)
        for each in value.values():
            inner(each, at)

    return check


def _shape(needed: Mapping[str, Check], given: Mapping[str, Check] | None = None) -> Check:
    """An object with some fields, and others that may be missing or null."""
    may = given or {}

    def check(value: Any, at: str) -> None:
        if not isinstance(value, dict):
            raise Malformed(at)
        try:
            for name, inner in needed.items():
                inner(value.get(name), name)
            for name, inner in may.items():
                found = value.get(name)
                if found is not None:
                    inner(found, name)
        except Malformed as fault:  # the way to it is put together only when somebody asks
            raise Malformed(f"{at}.{fault}") from None

    return check


_id, _ts, _word, _any_text = _matching(ID), _matching(TS), _text(WORD_MAX), _text(400_000)
_name = _text(WORD_MAX, 1)
_trigger = _text(TRIGGER_MAX, 1)
_with_id = _shape({"id": _id})
_person = _shape({"id": _id}, {"team_id": _id, "enterprise_id": _id})
_team = _shape({"id": _id}, {"domain": _word})
_option = _shape({"value": _text(2000)})
_chosen = {
    "value": _any_text, "selected_option": _option, "selected_options": _each(_option),
    "selected_user": _id, "selected_users": _each(_id), "selected_date_time": _second,
    "selected_conversation": _id, "selected_channel": _id,
}  # fmt: skip
_state = _shape({"values": _every(_every(_shape({}, _chosen)))})
_view = _shape(
    {"id": _name, "callback_id": _word, "state": _state,
     "blocks": _each(_shape({"type": _word, "block_id": _word}))},
    {"type": _word, "hash": _word, "private_metadata": _text(3000), "team_id": _id},
)  # fmt: skip
_looked_at = _shape(
    {}, {"type": _word, "state": _shape({}, {"values": _every(_every(_shape({}, _chosen)))})}
)
_message = _shape({"ts": _ts}, {"text": _any_text, "user": _id, "bot_id": _id, "team": _id})
_anyone = _one_of(_id, _person)
_place = _one_of(_id, _with_id)
_common = {
    "team": _team, "api_app_id": _id, "response_url": _link, "trigger_id": _trigger,
    "channel": _with_id,
}  # fmt: skip
_press = _shape({"action_id": _name}, {"block_id": _word, "action_ts": _word, **_chosen})


def _presses(value: Any, at: str) -> None:
    _each(_press)(value, at)
    if not value:
        raise Malformed(at)


_object = _shape({})
_named_or_object = _one_of(_word, _object)
#: What the framework looks for in payloads of every kind before it knows which kind it has.
_looked_for = {
    "user": _named_or_object, "team": _named_or_object, "channel": _named_or_object,
    "enterprise": _named_or_object, "user_id": _word, "channel_id": _word, "team_id": _word,
    "enterprise_id": _word, "view": _object, "message": _object, "previous_message": _object,
    "item": _object, "assistant_thread": _object, "function_data": _object, "inputs": _object,
    "function_execution_id": _word, "bot_access_token": _word, "thread_ts": _word,
    "authorizations": _each(_object), "actions": _each(_object), "callback_id": _word,
    "response_urls": _each(_shape({}, {"response_url": _link})), "response_url": _link,
    "subtype": _word, "bot_id": _word, "bot_profile": _object,
}  # fmt: skip
ENVELOPE = _shape({}, {**_looked_for, "event": _shape({}, _looked_for)})

COMMAND = _shape(
    {"command": _name, "user_id": _id, "channel_id": _id, "trigger_id": _trigger},
    {"text": _any_text, "team_id": _id, "api_app_id": _id, "response_url": _link,
     "team_domain": _word},
)  # fmt: skip
EVENT = _shape(
    {"type": _name},
    {"user": _anyone, "user_id": _id, "channel": _place, "team": _id, "user_team": _id,
     "item": _shape({"type": _word}, {"channel": _id, "ts": _ts}), "item_user": _id,
     "reaction": _word, "subtype": _word, "tab": _word, "deleted_ts": _ts,
     "message": _message, "previous_message": _message, "text": _any_text, "ts": _ts},
)  # fmt: skip
KINDS: Mapping[str, Check] = {
    "block_actions": _shape(
        {"user": _person, "actions": _presses},
        {**_common, "view": _looked_at, "state": _shape({}, {"values": _every(_every(_shape({}, _chosen)))}),
         "message": _message},
    ),
    "view_submission": _shape({"user": _person, "view": _view}, {**_common, "response_urls": _each(_shape({}))}),
    "view_closed": _shape({"user": _person}, _common),
    "shortcut": _shape({"user": _person, "callback_id": _name, "trigger_id": _trigger}, _common),
    "message_action": _shape(
        {"user": _person, "callback_id": _name, "trigger_id": _trigger, "channel": _with_id,
         "message": _message},
        _common,
    ),
    "block_suggestion": _shape({"user": _person}, _common),
    "event_callback": _shape(
        {"event": EVENT, "event_id": _text(100, 1)},
        {"team_id": _id, "api_app_id": _id, "authorizations": _each(_shape({}, {"team_id": _id}))},
    ),
    "url_verification": _shape({"challenge": _name}),
}  # fmt: skip


def check(body: Json) -> None:
    """Raises ``Malformed`` when the payload is none of those that Slack sends us."""
    ENVELOPE(body, "body")
    if "command" in body:
        COMMAND(body, "command")
        return
    kind = body.get("type")
    shape = KINDS.get(kind) if isinstance(kind, str) else None
    if shape is None:
        raise Malformed("type")
    shape(body, str(kind))


# --- whose it is ------------------------------------------------------------------------------------


def team_of(body: Json) -> str | None:
    """The workspace that the request says it comes from."""
    team = body.get("team")
    found = team.get("id") if isinstance(team, dict) else body.get("team_id")
    return found if isinstance(found, str) else None


def home_of_actor(body: Json) -> str | None:
    """The workspace that the acting person belongs to, where Slack says so (Slack Connect)."""
    user = body.get("user")
    if isinstance(user, dict):
        found = user.get("team_id")
    else:
        event = body.get("event")
        event = event if isinstance(event, dict) else {}
        who = event.get("user")
        found = event.get("user_team") or (who.get("team_id") if isinstance(who, dict) else None)
        found = found or (
            event.get("team") if event.get("type") in ("message", "app_mention") else None
        )
    return found if isinstance(found, str) else None
