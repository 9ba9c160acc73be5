"""Arguments of a call: read from form, query or JSON, and checked against the facts."""

from __future__ import annotations

import json
import re
from typing import Any
from urllib.parse import parse_qsl

from bot.sandbox.errors import Refusal, invalid
from bot.sandbox.methods import Method

Json = dict[str, Any]
TS = re.compile(r"\d{9,}\.\d{6}")
ALWAYS = {"token", "team_id", "pretty"}
# Slack has its own word for a malformed JSON argument of these.
_FORMAT_WORDS = {"blocks": "invalid_blocks_format", "metadata": "invalid_metadata_format"}
_TS_WORDS = {
    "timestamp": "bad_timestamp",
    "thread_ts": "invalid_thread_ts",
    "ts": "message_not_found",
    "message_ts": "message_not_found",
}


def read(query: bytes, content_type: str, body: bytes) -> Json:
    """The raw arguments of a request. Raises Refusal for a body that cannot be read."""
    args: Json = dict(parse_qsl(query.decode(), keep_blank_values=True)) if query else {}
    if not body:
        return args
    kind = content_type.partition(";")[0].strip().lower()
    if kind == "application/json":
        return args | _json_body(body)
    if kind in ("application/x-www-form-urlencoded", ""):
        return args | dict(parse_qsl(body.decode(errors="replace"), keep_blank_values=True))
    raise Refusal("invalid_post_type")


def _json_body(body: bytes) -> Json:
    try:
        value = json.loads(body)
    except ValueError:
        raise Refusal("invalid_json") from None
    if not isinstance(value, dict):
        raise Refusal("json_not_object")
    return value


def check(method: Method, raw: Json) -> Json:
    """The arguments with their proper types. Raises Refusal with Slack's words."""
    faults = [
        f"[ERROR] missing required field: {name}"
        for name in method.required
        if raw.get(name) is None
    ]
    args: Json = {}
    for name, value in raw.items():
        letter = method.types.get(name)
        if letter is None:
            if name not in ALWAYS:
                faults.append(f"[ERROR] invalid additional property: {name}")
        elif value is not None:
            args[name] = _typed(name, letter, value, faults)
    if faults:
        raise invalid("invalid_arguments", faults)
    return args


def lenient(method: Method | None, raw: Json) -> Json:
    """The arguments for the log: typed where they can be, as they came where not."""
    args = {k: v for k, v in raw.items() if k != "token"}
    if method is not None:
        for name, value in args.items():
            try:
                args[name] = _typed(name, method.types.get(name, "s"), value, [])
            except Refusal:
                continue
    return args


def _typed(name: str, letter: str, value: Any, faults: list[str]) -> Any:
    match letter:
        case "b":
            return _boolean(name, value, faults)
        case "i":
            return _integer(name, value, faults)
        case "j":
            return _json(name, value, faults)
        case "l":
            return [v.strip() for v in value.split(",")] if isinstance(value, str) else value
        case "t":
            if not isinstance(value, str) or not TS.fullmatch(value):
                raise Refusal(_TS_WORDS.get(name, "invalid_arguments"))
            return value
    if not isinstance(value, str):
        faults.append(f"[ERROR] must provide a string [json-pointer:/{name}]")
    return value


def _boolean(name: str, value: Any, faults: list[str]) -> bool:
    if value in (True, "true", "1", 1):
        return True
    if value in (False, "false", "0", 0, ""):
        return False
    faults.append(f"[ERROR] must provide a boolean [json-pointer:/{name}]")
    return False


def _integer(name: str, value: Any, faults: list[str]) -> int:
    try:
        return int(value)
    except (TypeError, ValueError):
        faults.append(f"[ERROR] must provide an integer [json-pointer:/{name}]")
        return 0


def _json(name: str, value: Any, faults: list[str]) -> Any:
    if not isinstance(value, str):
        return value
    try:
        return json.loads(value) if value else None
    except ValueError:
        if name in _FORMAT_WORDS:
            raise Refusal(_FORMAT_WORDS[name]) from None
        faults.append(f"[ERROR] invalid JSON [json-pointer:/{name}]")
        return None
