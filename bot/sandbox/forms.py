"""What stands in the inputs of blocks: initial values, values by label, checks before submit."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

Json = dict[str, Any]

# For each kind of input: the key that holds its value, and the key of its initial value.
KEYS: dict[str, tuple[str, str]] = {
    "plain_text_input": ("value", "initial_value"),
    "email_text_input": ("value", "initial_value"),
    "url_text_input": ("value", "initial_value"),
    "number_input": ("value", "initial_value"),
    "rich_text_input": ("rich_text_value", "initial_value"),
    "static_select": ("selected_option", "initial_option"),
    "external_select": ("selected_option", "initial_option"),
    "radio_buttons": ("selected_option", "initial_option"),
    "users_select": ("selected_user", "initial_user"),
    "conversations_select": ("selected_conversation", "initial_conversation"),
    "channels_select": ("selected_channel", "initial_channel"),
    "checkboxes": ("selected_options", "initial_options"),
    "multi_static_select": ("selected_options", "initial_options"),
    "multi_external_select": ("selected_options", "initial_options"),
    "multi_users_select": ("selected_users", "initial_users"),
    "multi_conversations_select": ("selected_conversations", "initial_conversations"),
    "multi_channels_select": ("selected_channels", "initial_channels"),
    "datepicker": ("selected_date", "initial_date"),
    "timepicker": ("selected_time", "initial_time"),
    "datetimepicker": ("selected_date_time", "initial_date_time"),
    "file_input": ("files", "initial_files"),
}
REQUIRED_TEXT = "Please complete this required field."


def elements(blocks: list[Json]) -> Iterator[tuple[Json, Json]]:
    """Every interactive element with the block it stands in."""
    for block in blocks:
        parts = [block.get("accessory"), block.get("element"), *block.get("elements", ())]
        for part in [*parts, *block.get("actions", ())]:
            if isinstance(part, dict) and "action_id" in part:
                yield block, part
        yield from elements(block.get("child_blocks", []))


def initial_values(blocks: list[Json], kept: Json | None = None) -> Json:
    """state.values of freshly shown blocks; what people already put in stays where it fits."""
    values: Json = {}
    for block, part in elements(blocks):
        keys = KEYS.get(part["type"])
        if keys is None:
            continue
        old = ((kept or {}).get(block["block_id"]) or {}).get(part["action_id"])
        fresh = {"type": part["type"], keys[0]: part.get(keys[1], _nothing(keys[0]))}
        fits = old is not None and old["type"] == part["type"]
        values.setdefault(block["block_id"], {})[part["action_id"]] = old if fits else fresh
    return values


def _nothing(key: str) -> Any:
    return [] if key.endswith("s") else None


def problems(blocks: list[Json], values: Json) -> dict[str, str]:
    """What Slack's client says before it submits: missing or malformed inputs by block id."""
    found: dict[str, str] = {}
    for block in blocks:
        if block.get("type") != "input":
            continue
        part = block["element"]
        entry = values.get(block["block_id"], {}).get(part["action_id"], {})
        value = entry.get(KEYS[part["type"]][0])
        text = _problem(part, value, optional=block.get("optional", False))
        if text:
            found[block["block_id"]] = text
    return found


def _problem(part: Json, value: Any, *, optional: bool) -> str | None:
    if value in (None, "", []):
        return None if optional else REQUIRED_TEXT
    match part["type"]:
        case "plain_text_input":
            return _length(part, str(value))
        case "number_input":
            return _number(part, str(value))
        case "email_text_input" if not re.fullmatch(r"[^@\s]+@[^@\s]+\.[^@\s]+", str(value)):
            return "Please enter a valid email address."
        case "url_text_input" if not re.match(r"https?://[^\s/]+", str(value)):
            return "Please enter a valid URL."
    most = part.get("max_selected_items")
    if most and isinstance(value, list) and len(value) > most:
        return f"Please select at most {most}."
    return None


def _length(part: Json, value: str) -> str | None:
    if len(value) < part.get("min_length", 0):
        return f"Please enter at least {part['min_length']} characters."
    if len(value) > part.get("max_length", 3000):
        return f"Please enter at most {part.get('max_length', 3000)} characters."
    return None


def _number(part: Json, value: str) -> str | None:
    try:
        number = float(value)
    except ValueError:
        return "Please enter a number."
    if number % 1 and not part.get("is_decimal_allowed"):
        return "Please enter a whole number."
    if number < float(part.get("min_value", "-inf")):
        return f"Please enter a number of at least {part['min_value']}."
    if number > float(part.get("max_value", "inf")):
        return f"Please enter a number of at most {part['max_value']}."
    return None


def options_of(part: Json) -> list[Json]:
    """All options of a static select, radio buttons, checkboxes or overflow menu."""
    found = list(part.get("options", ()))
    for group in part.get("option_groups", ()):
        found += group["options"]
    return found
