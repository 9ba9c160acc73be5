"""Small builders for Block Kit, so that no surface writes raw dictionaries.

Every text that people wrote goes through :func:`esc` (in mrkdwn) or :func:`plain`: quoting somebody
never pings anybody and never makes a link. Builders clip to Slack's documented limits.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, Literal

Block = dict[str, Any]
Element = dict[str, Any]
Style = Literal["primary", "danger"] | None

TEXT_MAX = 3000
MESSAGE_BLOCKS_MAX = 50


def esc(text: str) -> str:
    """Untrusted text for mrkdwn: Slack's three control characters are escaped, once."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def unescape(text: str) -> str:
    """Text as a person typed it, from what Slack sends in messages and commands.

    Slack wraps the links it finds: ``<https://a.example|a.example>`` was typed as ``a.example``
    (docs.slack.dev, formatting: retrieving messages).
    """
    text = _LINK.sub(_link_as_typed, text)
    return text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")


_LINK = re.compile(r"<((?:https?|mailto|tel):[^|<>\s]+)(?:\|([^<>]*))?>")
_MENTION = re.compile(r"<@([UW][A-Z0-9]+)(?:\|[^>]*)?>")
_NAMED = re.compile(r"<([@#])[A-Z0-9]+\|([^>]+)>")


def _link_as_typed(match: re.Match[str]) -> str:
    target, label = match.groups()
    if not label or label == target:
        return str(target)
    return str(label if target.rstrip("/").endswith(label.rstrip("/")) else f"{label} ({target})")


def mentioned(text: str) -> list[str]:
    """User ids that the text mentions (``<@U123|name>``), in order."""
    return _MENTION.findall(text)


def without_mentions(text: str) -> str:
    """The text with mentions of people taken out."""
    return " ".join(_MENTION.sub(" ", text).split())


def names_only(text: str) -> str:
    """Escaped text in which mentions of people still show names; nothing else is parsed."""
    out, last = [], 0
    for match in _MENTION.finditer(text):
        out += [esc(text[last : match.start()]), f"<@{match.group(1)}>"]
        last = match.end()
    return "".join([*out, esc(text[last:])])


def as_typed(text: str) -> str:
    """The text as the person saw it while typing: ``@ada`` and ``#support``, not Slack's ids."""
    return _NAMED.sub(r"\1\2", text)


def clip(text: str, most: int) -> str:
    """At most ``most`` characters, with an ellipsis where something was cut."""
    return text if len(text) <= most else text[: most - 1] + "…"


def plain(text: str, most: int = TEXT_MAX) -> Element:
    """A plain_text object; nothing in it is parsed except emoji names, which are left off."""
    return {"type": "plain_text", "text": clip(text, most) or " ", "emoji": False}


def mrkdwn(text: str, most: int = TEXT_MAX) -> Element:
    """A mrkdwn object. Escape what people wrote before it gets here."""
    return {"type": "mrkdwn", "text": clip(text, most) or " "}


def person(user: str | None) -> str:
    """A mention that shows the name; ``cli:ann`` and ``system`` are shown as words."""
    if not user:
        return "nobody"
    if re.fullmatch(r"[UW][A-Z0-9]+", user):
        return f"<@{user}>"
    return "the bot" if user == "system" else esc(user)


def when(moment: datetime, form: str = "{date_short_pretty} {time}") -> str:
    """A time in the reader's own zone."""
    fallback = moment.strftime("%Y-%m-%d %H:%M UTC")
    return f"<!date^{int(moment.timestamp())}^{form}|{fallback}>"


def clock(moment: datetime) -> str:
    """The time of day in the reader's zone."""
    return when(moment, "{time}")


# --- values that come back from clicks ---------------------------------------------------------


def pack(**values: Any) -> str:
    """What a button carries: ids only, never state or rights. Checked again when clicked."""
    return json.dumps(values, separators=(",", ":"), sort_keys=True)


#: Names that :func:`pack` uses for numbers (incident, entry, factor), and for a channel's id.
_NUMBERS, _PLACE = ("i", "n", "f"), "c"
_LARGEST = 2**31 - 1


def unpack(text: str | None) -> dict[str, Any]:
    """What :func:`pack` made: ids, short texts and numbers. Everything else is left out."""
    try:
        found = json.loads(text or "{}")
    except (ValueError, RecursionError):
        return {}
    if not isinstance(found, dict):
        return {}
    return {name: value for name, value in found.items() if _carried(name, value)}


def _carried(name: str, value: Any) -> bool:
    if name in _NUMBERS:
        return (type(value) is int and 0 < value <= _LARGEST) or (name == "n" and value == 0)
    if name == _PLACE:
        return isinstance(value, str) and re.fullmatch(r"[A-Z0-9]{2,40}", value) is not None
    if type(value) is int:
        return abs(value) <= _LARGEST
    return value is None or isinstance(value, str | bool)


# --- blocks ------------------------------------------------------------------------------------


def section(text: str, *, accessory: Element | None = None, block_id: str | None = None) -> Block:
    """A paragraph of mrkdwn."""
    return _named({"type": "section", "text": mrkdwn(text)}, block_id, accessory=accessory)


def verbatim(text: str) -> Block:
    """A paragraph in which nothing is parsed: what people wrote, character by character."""
    return {"type": "section", "text": plain(text)}


def fields(pairs: Sequence[str], *, block_id: str | None = None) -> Block:
    """Up to ten short texts in two columns."""
    return _named(
        {"type": "section", "fields": [mrkdwn(text, 2000) for text in pairs[:10]]}, block_id
    )


def chunks(lines: Iterable[str], most: int = 2900) -> list[str]:
    """Lines put together into as few texts as a section holds."""
    out: list[str] = []
    for line in lines:
        line = clip(line, most - 100) + "\n"
        if out and len(out[-1]) + len(line) <= most:
            out[-1] += line
        else:
            out.append(line)
    return out


def header(text: str) -> Block:
    """A headline."""
    return {"type": "header", "text": plain(text, 150)}


def context(*texts: str) -> Block:
    """Small print."""
    return {"type": "context", "elements": [mrkdwn(text) for text in texts[:10]]}


def divider() -> Block:
    """A line."""
    return {"type": "divider"}


def actions(*elements: Element | None, block_id: str | None = None) -> Block:
    """A row of buttons and menus; None is left out."""
    return _named({"type": "actions", "elements": [e for e in elements if e][:25]}, block_id)


def button(
    text: str, action: str, value: str = "", *, style: Style = None, confirm: Element | None = None,
    url: str | None = None,
) -> Element:  # fmt: skip
    """A button. ``action`` names the handler, ``value`` is made by :func:`pack`."""
    out: Element = {"type": "button", "text": plain(text, 75), "action_id": action}
    return {**out, **_given(value=value, style=style, confirm=confirm, url=url)}


def confirm(title: str, text: str, yes: str, no: str = "Not now") -> Element:
    """A question before a click counts."""
    return {
        "title": plain(title, 100), "text": mrkdwn(text, 300), "confirm": plain(yes, 30),
        "deny": plain(no, 30),
    }  # fmt: skip


def option(text: str, value: str, description: str | None = None) -> Element:
    """One choice of a menu."""
    out: Element = {"text": plain(text, 75), "value": value}
    if description:
        out["description"] = plain(description, 75)
    return out


def overflow(action: str, options: Sequence[Element]) -> Element:
    """A small menu behind three dots, at most five choices."""
    return {"type": "overflow", "action_id": action, "options": list(options[:5])}


def select(
    action: str,
    options: Sequence[Element],
    *,
    placeholder: str = "Choose",
    initial: str | None = None,
) -> Element:
    """A menu of at most 100 choices. ``initial`` is a value."""
    chosen = next((o for o in options if o["value"] == initial), None)
    out = {
        "type": "static_select", "action_id": action, "options": list(options[:100]),
        "placeholder": plain(placeholder, 150),
    }  # fmt: skip
    return {**out, **_given(initial_option=chosen)}


def multi_select(
    action: str,
    options: Sequence[Element],
    *,
    placeholder: str = "Choose",
    initial: Iterable[str] = (),
) -> Element:
    """A menu of which several may be chosen."""
    wanted = set(initial)
    chosen = [o for o in options if o["value"] in wanted]
    out = {
        "type": "multi_static_select", "action_id": action, "options": list(options[:100]),
        "placeholder": plain(placeholder, 150),
    }  # fmt: skip
    return {**out, **_given(initial_options=chosen or None)}


def radio(action: str, options: Sequence[Element], initial: str | None = None) -> Element:
    """Round buttons, at most ten."""
    chosen = next((o for o in options if o["value"] == initial), None)
    out = {"type": "radio_buttons", "action_id": action, "options": list(options[:10])}
    return {**out, **_given(initial_option=chosen)}


def checkboxes(action: str, options: Sequence[Element], initial: Iterable[str] = ()) -> Element:
    """Square boxes, at most ten."""
    wanted = set(initial)
    chosen = [o for o in options if o["value"] in wanted]
    out = {"type": "checkboxes", "action_id": action, "options": list(options[:10])}
    return {**out, **_given(initial_options=chosen or None)}


def user_select(
    action: str, initial: str | None = None, placeholder: str = "Choose a person"
) -> Element:
    """A menu of people."""
    out = {"type": "users_select", "action_id": action, "placeholder": plain(placeholder, 150)}
    return {**out, **_given(initial_user=initial)}


def users_select(action: str, placeholder: str = "Choose people") -> Element:
    """A menu of people of whom several may be chosen."""
    return {
        "type": "multi_users_select", "action_id": action, "placeholder": plain(placeholder, 150)
    }  # fmt: skip


def datetime_picker(action: str, initial: datetime | None = None) -> Element:
    """A day and a time."""
    stamp = int(initial.timestamp()) if initial else None
    return {"type": "datetimepicker", "action_id": action, **_given(initial_date_time=stamp)}


def text_input(
    action: str,
    *,
    multiline: bool = False,
    initial: str = "",
    placeholder: str = "",
    most: int = TEXT_MAX,
) -> Element:
    """A box to type in. ``initial`` is shown again whole, clipped only at the box's own limit."""
    out: Element = {
        "type": "plain_text_input",
        "action_id": action,
        "multiline": multiline,
        "max_length": most,
    }
    shown = plain(placeholder, 150) if placeholder else None
    return {**out, **_given(initial_value=initial[:most], placeholder=shown)}


def ask(
    block_id: str, label: str, element: Element, *, optional: bool = False, hint: str = ""
) -> Block:
    """A question in a form. The element's action_id should equal ``block_id``."""
    hint = hint.replace("`", "")  # Slack shows hints as they are, marks and all
    out: Block = {
        "type": "input", "block_id": block_id, "label": plain(label, 2000), "element": element,
        "optional": optional,
    }  # fmt: skip
    return {**out, **_given(hint=plain(hint, 2000) if hint else None)}


def modal(
    callback: str, title: str, blocks: Sequence[Block], *, submit: str | None = "Save",
    close: str = "Cancel", meta: str = "",
) -> Element:  # fmt: skip
    """A form. ``meta`` (see :func:`pack`) comes back with the submission."""
    out: Element = {
        "type": "modal", "callback_id": callback, "title": plain(title, 24),
        "blocks": list(blocks[:100]), "close": plain(close, 24), "private_metadata": meta,
    }  # fmt: skip
    return {**out, **_given(submit=plain(submit, 24) if submit else None)}


def home(blocks: Sequence[Block]) -> Element:
    """An App Home view."""
    return {"type": "home", "blocks": list(blocks[:100])}


def _named(block: Block, block_id: str | None, **more: Any) -> Block:
    return {**block, **_given(block_id=block_id, **more)}


def _given(**values: Any) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value not in (None, "")}


class Values:
    """What a person filled into a form, by block id."""

    def __init__(self, state: dict[str, Any]) -> None:
        # A state that came back from a client may hold anything; what is no value is none.
        values = state.get("values")
        self._values: dict[str, dict[str, Any]] = {}
        for block, found in values.items() if isinstance(values, dict) else ():
            first = next(iter(found.values()), None) if isinstance(found, dict) else None
            if isinstance(first, dict):
                self._values[block] = first

    def text(self, block: str) -> str:
        """What was typed, stripped; empty when nothing was."""
        return str(self._values.get(block, {}).get("value") or "").strip()

    def choice(self, block: str) -> str | None:
        """The value of the chosen option."""
        found = self._values.get(block, {}).get("selected_option")
        return found["value"] if found else None

    def choices(self, block: str) -> list[str]:
        """The values of all chosen options."""
        return [
            found["value"] for found in self._values.get(block, {}).get("selected_options") or []
        ]

    def user(self, block: str) -> str | None:
        """The chosen person."""
        return self._values.get(block, {}).get("selected_user")

    def users(self, block: str) -> list[str]:
        """All chosen people."""
        return list(self._values.get(block, {}).get("selected_users") or [])

    def moment(self, block: str) -> datetime | None:
        """The chosen day and time."""
        from datetime import UTC

        stamp = self._values.get(block, {}).get("selected_date_time")
        return datetime.fromtimestamp(stamp, UTC) if stamp else None
