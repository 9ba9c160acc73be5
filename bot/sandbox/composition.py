"""Composition objects: the parts that elements are made of, and how long things in them may be.

Limits are Slack's documented ones (docs.slack.dev/reference/block-kit/composition-objects, read
2026); codes in the first argument name the limit.
"""

from __future__ import annotations

from typing import Any

from bot.sandbox.checks import (
    Check,
    Report,
    Shape,
    array,
    at_least_one,
    boolean,
    one_of,
    plain,
    string,
    text,
    url,
)

PLACEHOLDER = plain(150, "placeholder.max")


def _confirm_whole(value: dict[str, Any], at: str, report: Report) -> None:
    for key in ("title", "text", "confirm", "deny"):
        if key not in value:
            report.fault("confirm.required", f"missing required field: {key}", at)


CONFIRM = Shape(
    {
        "title": plain(100, "confirm.title.max"),
        "text": text(300, code="confirm.text.max"),
        "confirm": plain(30, "confirm.button.max"),
        "deny": plain(30, "confirm.button.max"),
        "style": one_of("primary", "danger"),
    },
    also=(_confirm_whole,),
)
DISPATCH = Shape(
    {
        "trigger_actions_on": array(
            one_of("on_enter_pressed", "on_character_entered"), 1, 2, code="schema"
        )
    },
    ("trigger_actions_on",),
)
FILTER = Shape(
    {
        "include": array(one_of("im", "mpim", "private", "public"), 1),
        "exclude_external_shared_channels": boolean,
        "exclude_bot_users": boolean,
    },
    also=(
        at_least_one("schema", "include", "exclude_external_shared_channels", "exclude_bot_users"),
    ),
)


def _option(kind: str, *, overflow: bool = False) -> Check:
    def value_there(value: Any, at: str, report: Report) -> None:
        if "value" not in value:
            report.fault("option.value.required", "missing required field: value", at)
        if "url" in value and not overflow:
            report.fault("option.url.overflow", "invalid additional property: url", at)

    return Shape(
        {
            "text": text(75, kind=kind, code="option.text.max"),
            "value": string(150, code="option.value.max"),
            "description": text(75, kind=kind, code="option.description.max"),
            "url": url(code="option.url.max"),
        },
        ("text",),
        (value_there,),
    )


PLAIN_OPTION = _option("plain_text")
OVERFLOW_OPTION = _option("plain_text", overflow=True)
RICH_OPTION = _option("any")
OPTION_GROUP = Shape(
    {
        "label": plain(75, "group.label.max"),
        "options": array(PLAIN_OPTION, 1, 100, code="group.options.count"),
    },
    ("label", "options"),
)
FEEDBACK = Shape(
    {
        "text": plain(75, "feedback.text.max"),
        "value": string(2000),
        "accessibility_label": string(75, code="button.a11y.max"),
    },
    ("text", "value"),
)
