"""Text on its way in (as Slack encodes what people type) and out (as people read it)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from bot.sandbox.state import Workspace

_CONTROL = re.compile(r"<([^<>]+)>")
_TYPED = re.compile(
    r"(?P<kept><(?:[@#!][^<>\s|]+(?:\|[^<>]*)?|https?://[^<>\s]+)>)"
    r"|(?P<user>(?<![\w@])@[\w.-]+)"
    r"|(?P<channel>(?<![\w#&])#[\w-]+)"
    r"|(?P<url>https?://[^\s<>|]+)"
    r"|(?P<mark>[&<>])"
)
_ESCAPES = {"&": "&amp;", "<": "&lt;", ">": "&gt;"}


def encode(workspace: Workspace, typed: str, *, names: bool) -> str:
    """Turns what somebody typed into what Slack sends to apps.

    `names` adds `|name` to mentions, as slash commands with should_escape do. Control sequences
    that are already there (a test may write `<@U01ADA>`) stay as they are.
    """

    def one(found: re.Match[str]) -> str:
        word = found.group()
        match found.lastgroup:
            case "user":
                return _user(workspace, word, names)
            case "channel":
                channel = workspace.by_name(word)
                return f"<#{channel.id}|{channel.name}>" if channel else word
            case "url":
                return f"<{word}>"
            case "mark":
                return _ESCAPES[word]
        return _with_name(workspace, word) if names else word

    return _TYPED.sub(one, typed)


def _user(workspace: Workspace, word: str, names: bool) -> str:
    group = next((g for g in workspace.usergroups.values() if g["handle"] == word[1:]), None)
    if group is not None:
        return f"<!subteam^{group['id']}|@{group['handle']}>"
    if word in ("@here", "@channel", "@everyone"):
        return f"<!{word[1:]}>"
    person = workspace.person_by(word)
    if person is None:
        return word
    return f"<@{person.id}|{person.name}>" if names else f"<@{person.id}>"


def _with_name(workspace: Workspace, control: str) -> str:
    inner = control[1:-1]
    person = workspace.people.get(inner[1:]) if inner.startswith("@") else None
    return f"<@{person.id}|{person.name}>" if person else control


def escape(typed: str) -> str:
    """Escapes & < > and nothing else, as Slack does for people."""
    return "".join(_ESCAPES.get(c, c) for c in typed)


def readable(workspace: Workspace, text: str) -> str:
    """What a person reads where this mrkdwn stands."""
    shown = _CONTROL.sub(lambda m: _control(workspace, m.group(1)), text)
    return shown.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")


def _control(workspace: Workspace, inner: str) -> str:
    target, _, label = inner.partition("|")
    if target.startswith("@"):
        person = workspace.people.get(target[1:])
        return f"@{person.name if person else label or target[1:]}"
    if target.startswith("#"):
        channel = workspace.channels.get(target[1:])
        return f"#{channel.name if channel else label or target[1:]}"
    if target.startswith("!subteam^"):
        group = workspace.usergroups.get(target[9:])
        return f"@{group['handle']}" if group else label
    if target.startswith("!date^"):
        return label
    if target.startswith("!"):
        return f"@{target[1:]}"
    return f"{label} ({target})" if label and label != target else target


def flatten(workspace: Workspace, blocks: list[dict[str, Any]]) -> str:
    """The blocks as plain text, one line for each thing that stands alone."""
    return "\n".join(line for block in blocks for line in _block(workspace, block) if line)


def _block(workspace: Workspace, block: dict[str, Any]) -> Iterator[str]:
    match block.get("type"):
        case "section":
            yield from _section(workspace, block)
        case "context":
            yield " · ".join(_part(workspace, e) for e in block["elements"])
        case "actions" | "context_actions":
            yield " ".join(_part(workspace, e) for e in block["elements"])
        case "rich_text":
            yield from (_rich(workspace, e) for e in block["elements"])
        case "input":
            yield _text(workspace, block["label"])
            yield _part(workspace, block["element"])
            yield _text(workspace, block.get("hint"))
        case "table" | "data_table":
            yield from (" | ".join(_cell(workspace, c) for c in row) for row in block["rows"])
        case "divider":
            yield "———"
        case _:
            yield from _rest(workspace, block)


def _section(workspace: Workspace, block: dict[str, Any]) -> Iterator[str]:
    yield _text(workspace, block.get("text"))
    yield from (_text(workspace, f) for f in block.get("fields", ()))
    if "accessory" in block:
        yield _part(workspace, block["accessory"])


def _rest(workspace: Workspace, block: dict[str, Any]) -> Iterator[str]:
    for key in ("title", "subtitle", "text", "body", "alt_text"):
        value = block.get(key)
        yield value if isinstance(value, str) else _text(workspace, value)
    for child in block.get("child_blocks", ()):
        yield from _block(workspace, child)
    for key in ("elements", "actions"):
        yield " ".join(_part(workspace, e) for e in block.get(key, ()))


def _text(workspace: Workspace, value: Any) -> str:
    if not isinstance(value, dict):
        return ""
    text = str(value.get("text", ""))
    return readable(workspace, text) if value.get("type") == "mrkdwn" else text


def _part(workspace: Workspace, element: dict[str, Any]) -> str:
    kind = element.get("type")
    if kind in ("mrkdwn", "plain_text"):
        return _text(workspace, element)
    if kind in ("button", "workflow_button", "icon_button"):
        return f"[{_text(workspace, element['text'])}]"
    if kind == "image":
        return f"({element.get('alt_text', '')})"
    if kind in ("radio_buttons", "checkboxes", "overflow"):
        return " ".join(f"( ) {_text(workspace, o['text'])}" for o in element["options"])
    shown = _text(workspace, element.get("placeholder"))
    initial = element.get("initial_option")
    chosen = _text(workspace, initial["text"]) if initial else element.get("initial_value", "")
    return f"[{chosen or shown or kind}]"


def _cell(workspace: Workspace, cell: dict[str, Any]) -> str:
    if cell.get("type") == "rich_text":
        return " ".join(_rich(workspace, e) for e in cell["elements"])
    return str(cell.get("text", cell.get("value", "")))


def _rich(workspace: Workspace, element: dict[str, Any]) -> str:
    match element.get("type"):
        case "text":
            return str(element["text"])
        case "link":
            return str(element.get("text") or element["url"])
        case "user":
            return _control(workspace, f"@{element['user_id']}")
        case "channel":
            return _control(workspace, f"#{element['channel_id']}")
        case "usergroup":
            return _control(workspace, f"!subteam^{element['usergroup_id']}")
        case "broadcast":
            return f"@{element['range']}"
        case "emoji":
            return f":{element['name']}:"
        case "date":
            return str(element.get("fallback", ""))
        case "rich_text_list":
            return "\n".join(f"• {_rich(workspace, e)}" for e in element["elements"])
    return "".join(_rich(workspace, e) for e in element.get("elements", ()))
