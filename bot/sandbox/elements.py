"""Block elements: which keys they have and how long things may be.

Limits are Slack's documented ones (docs.slack.dev/reference/block-kit/block-elements, read 2026);
codes in the first argument name the limit.
"""

from __future__ import annotations

import math
from typing import Any

from bot.sandbox.checks import (
    Check,
    Report,
    Shape,
    anything,
    array,
    boolean,
    exactly_one,
    integer,
    one_of,
    plain,
    string,
    url,
)
from bot.sandbox.composition import (
    CONFIRM,
    DISPATCH,
    FEEDBACK,
    FILTER,
    OPTION_GROUP,
    OVERFLOW_OPTION,
    PLACEHOLDER,
    PLAIN_OPTION,
    RICH_OPTION,
)

ACTION_ID = string(255, 1, code="action_id.max", low_code="action_id.min")
CHANNEL_ID = string(code="id.channel", pattern=r"[CDG][A-Z0-9]+")
USER_ID = string(code="id.user", pattern=r"[UW][A-Z0-9]+")
DATE = string(code="date.format", pattern=r"\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])")
TIME = string(code="time.format", pattern=r"([01]\d|2[0-3]):[0-5]\d")
BUTTON_SCHEMES = ("http", "https", "slack", "mailto", "tel")


def _all_options(element: dict[str, Any]) -> list[Any]:
    groups = element.get("option_groups") or []
    found = list(element.get("options") or [])
    for group in groups:
        found += group.get("options", []) if isinstance(group, dict) else []
    return found


def _initial(value: dict[str, Any], at: str, report: Report) -> None:
    options = _all_options(value)
    chosen = value.get("initial_options", [])
    single = [value["initial_option"]] if "initial_option" in value else []
    for part in [*single, *(chosen if isinstance(chosen, list) else [])]:
        if part not in options:
            report.fault("option.initial", "initial option must be one of the options", at)
    values = [o.get("value") for o in options if isinstance(o, dict)]
    if len(values) != len(set(values)):
        report.advise("option.value.unique", "two options have one value", at)


def _response_url(value: dict[str, Any], at: str, report: Report) -> None:
    if value.get("response_url_enabled") and not (report.in_input and report.surface == "modal"):
        report.fault("response_url_enabled", "only in an input block of a modal", at)


def _focus(value: dict[str, Any], at: str, report: Report) -> None:
    if value.get("focus_on_load"):
        report.focused += 1
        if report.focused > 1:
            report.fault("focus_on_load.one", "only one element may have focus_on_load", at)


def _element(
    keys: dict[str, Check], required: tuple[str, ...] = (), also: tuple[Check, ...] = ()
) -> Shape:
    base: dict[str, Check] = {"type": anything, "action_id": ACTION_ID}
    return Shape({**base, **keys}, ("type", *required), also)


_FOCUS = {"focus_on_load": boolean}
_SELECT: dict[str, Check] = {"placeholder": PLACEHOLDER, "confirm": CONFIRM, **_FOCUS}
_MULTI: dict[str, Check] = {**_SELECT, "max_selected_items": integer(1, code="select.max_selected")}
_STATIC: dict[str, Check] = {
    "options": array(PLAIN_OPTION, 1, 100, code="select.options.count"),
    "option_groups": array(OPTION_GROUP, 1, 100, code="select.groups.count"),
}
_SOURCE = exactly_one("select.source", "options", "option_groups")
_RESPONSE: dict[str, Check] = {"response_url_enabled": boolean}
_TYPED: dict[str, Check] = {
    "placeholder": PLACEHOLDER,
    "dispatch_action_config": DISPATCH,
    **_FOCUS,
}


def _length_bounds(value: dict[str, Any], at: str, report: Report) -> None:
    low, high = value.get("min_length", 0), value.get("max_length", 3000)
    if isinstance(low, int) and isinstance(high, int) and low > high:
        report.fault("input.length.bounds", "min_length must not be above max_length", at)
    initial = value.get("initial_value", "")
    if isinstance(initial, str) and isinstance(high, int) and len(initial) > high:
        report.fault("input.initial.max", "initial_value is longer than max_length", at)


def _number_bounds(value: dict[str, Any], at: str, report: Report) -> None:
    numbers: dict[str, float] = {}
    for key in ("min_value", "max_value", "initial_value"):
        if key not in value:
            continue
        number = _number(value[key])
        if number is None or (not value.get("is_decimal_allowed") and number % 1):
            report.fault("number.bounds", "must be a number as a string", f"{at}/{key}")
        else:
            numbers[key] = number
    low, high = numbers.get("min_value", -math.inf), numbers.get("max_value", math.inf)
    if low > high or not low <= numbers.get("initial_value", max(low, -1e308)) <= high:
        report.fault("number.bounds", "min_value, initial_value, max_value out of order", at)


def _number(value: Any) -> float | None:
    try:
        return float(value) if isinstance(value, str) else None
    except ValueError:
        return None


def _primary_clip(value: dict[str, Any], at: str, report: Report) -> None:
    label = value.get("text")
    shown = label.get("text") if isinstance(label, dict) else None
    if isinstance(shown, str) and len(shown) > 30:
        report.advise("button.text.clip", "shown cut after about 30 characters", at)


_DATETIME = integer(1_000_000_000, 9_999_999_999, code="datetime.format")
IMAGE_KEYS: dict[str, Check] = {
    "type": anything,
    "alt_text": string(2000, code="image.alt.max"),
    "image_url": url(code="image.url.max"),
    "slack_file": Shape({"id": string(), "url": string()}),
}
_IMAGE_SOURCE = exactly_one("schema", "image_url", "slack_file")
IMAGE = Shape(IMAGE_KEYS, ("type", "alt_text"), (_IMAGE_SOURCE,))

ELEMENTS: dict[str, Shape] = {
    "button": _element(
        {
            "text": plain(75, "button.text.max"),
            "value": string(2000, code="button.value.max"),
            "url": url(code="button.url.max", schemes=BUTTON_SCHEMES),
            "style": one_of("primary", "danger"),
            "confirm": CONFIRM,
            "accessibility_label": string(75, code="button.a11y.max"),
            "agent_prompt": string(4000, code="button.agent_prompt.max"),
            "agent_prompt_display": anything,
            "visible_to_user_ids": array(USER_ID),
        },
        ("text",),
        (_primary_clip,),
    ),
    "static_select": _element(
        {**_SELECT, **_STATIC, "initial_option": PLAIN_OPTION}, (), (_SOURCE, _initial, _focus)
    ),
    "multi_static_select": _element(
        {**_MULTI, **_STATIC, "initial_options": array(PLAIN_OPTION, 1)},
        (),
        (_SOURCE, _initial, _focus),
    ),
    "external_select": _element(
        {**_SELECT, "initial_option": PLAIN_OPTION, "min_query_length": integer(0)}, (), (_focus,)
    ),
    "multi_external_select": _element(
        {**_MULTI, "initial_options": array(PLAIN_OPTION, 1), "min_query_length": integer(0)},
        (),
        (_focus,),
    ),
    "users_select": _element({**_SELECT, "initial_user": USER_ID}, (), (_focus,)),
    "multi_users_select": _element({**_MULTI, "initial_users": array(USER_ID)}, (), (_focus,)),
    "conversations_select": _element(
        {
            **_SELECT,
            **_RESPONSE,
            "initial_conversation": string(),
            "default_to_current_conversation": boolean,
            "filter": FILTER,
        },
        (),
        (_response_url, _focus),
    ),
    "multi_conversations_select": _element(
        {
            **_MULTI,
            "initial_conversations": array(string()),
            "default_to_current_conversation": boolean,
            "filter": FILTER,
        },
        (),
        (_focus,),
    ),
    "channels_select": _element(
        {**_SELECT, **_RESPONSE, "initial_channel": CHANNEL_ID}, (), (_response_url, _focus)
    ),
    "multi_channels_select": _element(
        {**_MULTI, "initial_channels": array(CHANNEL_ID)}, (), (_focus,)
    ),
    "overflow": _element(
        {
            "options": array(OVERFLOW_OPTION, 1, 5, code="overflow.options.count"),
            "confirm": CONFIRM,
        },
        ("options",),
        (_initial,),
    ),
    "datepicker": _element({**_SELECT, "initial_date": DATE}, (), (_focus,)),
    "timepicker": _element({**_SELECT, "initial_time": TIME, "timezone": string()}, (), (_focus,)),
    "datetimepicker": _element(
        {"initial_date_time": _DATETIME, "confirm": CONFIRM, **_FOCUS}, (), (_focus,)
    ),
    "checkboxes": _element(
        {
            "options": array(RICH_OPTION, 1, 10, code="choice.options.count"),
            "initial_options": array(RICH_OPTION, 1),
            "confirm": CONFIRM,
            **_FOCUS,
        },
        ("options",),
        (_initial, _focus),
    ),
    "radio_buttons": _element(
        {
            "options": array(RICH_OPTION, 1, 10, code="choice.options.count"),
            "initial_option": RICH_OPTION,
            "confirm": CONFIRM,
            **_FOCUS,
        },
        ("options",),
        (_initial, _focus),
    ),
    "plain_text_input": _element(
        {
            **_TYPED,
            "initial_value": string(),
            "multiline": boolean,
            "min_length": integer(0, 3000, code="input.length.bounds"),
            "max_length": integer(1, 3000, code="input.length.bounds"),
        },
        (),
        (_length_bounds, _focus),
    ),
    "email_text_input": _element({**_TYPED, "initial_value": string()}, (), (_focus,)),
    "url_text_input": _element({**_TYPED, "initial_value": string()}, (), (_focus,)),
    "number_input": _element(
        {
            **_TYPED,
            "is_decimal_allowed": boolean,
            "initial_value": string(),
            "min_value": string(),
            "max_value": string(),
        },
        ("is_decimal_allowed",),
        (_number_bounds, _focus),
    ),
    "rich_text_input": _element(
        {
            **_TYPED,
            "initial_value": anything,
            "min_lines": integer(1, 100, code="rich_input.lines"),
            "max_lines": integer(1, 100, code="rich_input.lines"),
        },
        (),
        (_focus,),
    ),
    "file_input": _element(
        {
            "filetypes": array(string()),
            "max_files": integer(1, 10, code="file_input.max_files"),
        }
    ),
    "workflow_button": _element(
        {
            "text": plain(75, "button.text.max"),
            "workflow": anything,
            "style": one_of("primary", "danger"),
            "accessibility_label": string(75, code="button.a11y.max"),
        },
        ("text", "workflow"),
    ),
    "feedback_buttons": _element(
        {"positive_button": FEEDBACK, "negative_button": FEEDBACK},
        ("positive_button", "negative_button"),
    ),
    "icon_button": _element(
        {
            "icon": one_of("trash"),
            "text": plain(75, "button.text.max"),
            "value": string(2000, code="button.value.max"),
            "confirm": CONFIRM,
            "accessibility_label": string(75, code="button.a11y.max"),
            "visible_to_user_ids": array(USER_ID),
        },
        ("icon", "text"),
    ),
    "image": IMAGE,
}

_CHOICES = {"checkboxes", "radio_buttons", "datepicker", "timepicker", "overflow", "button"}
_SELECTS = {e for e in ELEMENTS if e.endswith("_select")}
_TYPED_INPUTS = {"plain_text_input", "email_text_input", "url_text_input", "number_input"}
IN_SECTION = _CHOICES | _SELECTS | {"image", "workflow_button"}
IN_ACTIONS = _CHOICES | _SELECTS | {"datetimepicker", "workflow_button", "rich_text_input"}
IN_INPUT = (
    (_CHOICES - {"button", "overflow"})
    | _SELECTS
    | _TYPED_INPUTS
    | {"datetimepicker", "rich_text_input", "file_input"}
)
IN_CONTEXT_ACTIONS = {"feedback_buttons", "icon_button"}
IN_CARD_ACTIONS = {"button"}
MODAL_ONLY = {"file_input"}
MODAL_BY_THE_PAGE = {"email_text_input", "url_text_input", "number_input"}


def element(allowed: set[str]) -> Check:
    """An element of one of the allowed types."""

    def check(value: Any, at: str, report: Report) -> None:
        kind = value.get("type") if isinstance(value, dict) else None
        if kind not in allowed:
            report.fault("schema", f"unsupported type: {kind}", f"{at}/type")
            return
        if kind in MODAL_ONLY and report.surface != "modal":
            report.fault("surface.element", f"{kind} works in modals only", at)
        if kind in MODAL_BY_THE_PAGE and report.surface != "modal":
            report.advise("surface.element.unsure", f"{kind} is documented for modals", at)
        ELEMENTS[kind](value, at, report)

    return check
