"""Blocks: which keys they have, where they may stand, and what holds over all of them.

Limits are Slack's documented ones (docs.slack.dev/reference/block-kit/blocks, read 2026).
"""

from __future__ import annotations

from typing import Any

from bot.sandbox.checks import (
    Check,
    Report,
    Shape,
    anything,
    array,
    at_least_one,
    block_shape,
    boolean,
    exactly_one,
    integer,
    one_of,
    plain,
    string,
    text,
    texts,
    url,
)
from bot.sandbox.data_blocks import DATA_BLOCKS
from bot.sandbox.elements import (
    IMAGE,
    IMAGE_KEYS,
    IN_ACTIONS,
    IN_CARD_ACTIONS,
    IN_CONTEXT_ACTIONS,
    IN_INPUT,
    IN_SECTION,
    element,
)

MESSAGE_BLOCKS = 50
VIEW_BLOCKS = 100


def _unique_actions(elements: Any, at: str, report: Report) -> None:
    ids = [e.get("action_id") for e in elements if isinstance(e, dict) and e.get("action_id")]
    for action_id in {i for i in ids if ids.count(i) > 1}:
        report.fault("action_id.unique", f"action_id `{action_id}` already exists", at)


def _actions(value: dict[str, Any], at: str, report: Report) -> None:
    elements = value.get("elements")
    if not isinstance(elements, list):
        return
    _unique_actions(elements, at, report)
    if sum(e.get("style") == "primary" for e in elements if isinstance(e, dict)) > 1:
        report.advise("button.primary.one", "one primary button in a set", at)


def _input_element(value: Any, at: str, report: Report) -> None:
    report.in_input = True
    element(IN_INPUT)(value, at, report)
    report.in_input = False


def _no_file_dispatch(value: dict[str, Any], at: str, report: Report) -> None:
    inner = value.get("element")
    kind = inner.get("type") if isinstance(inner, dict) else None
    if kind == "file_input" and value.get("dispatch_action"):
        report.fault("input.file.dispatch", "dispatch_action must not be true", at)


def _context_item(value: Any, at: str, report: Report) -> None:
    if isinstance(value, dict) and value.get("type") == "image":
        IMAGE(value, at, report)
    else:
        text(3000)(value, at, report)


def _collapse(value: dict[str, Any], at: str, report: Report) -> None:
    if value.get("default_collapsed") and not value.get("is_collapsible"):
        report.fault("container.collapse", "default_collapsed needs is_collapsible", at)


def _child(value: Any, at: str, report: Report) -> None:
    kind = value.get("type") if isinstance(value, dict) else None
    if kind in ("container", "carousel", None):
        report.fault("schema", f"unsupported type: {kind}", f"{at}/type")
    else:
        block(value, at, report)


def _card(value: Any, at: str, report: Report) -> None:
    if isinstance(value, dict) and value.get("type") == "card":
        block(value, at, report)
    else:
        report.fault("schema", "a carousel holds cards", at)


def _video_urls() -> Check:
    return url(schemes=("https",), code="video.url.https")


_TASK: dict[str, Check] = {
    "task_id": string(255, 1),
    "title": string(low=1),
    "details": anything,
    "output": anything,
    "sources": array(anything),
    "status": one_of("pending", "in_progress", "complete", "error"),
}

BLOCKS: dict[str, Shape] = {
    "section": block_shape(
        {
            "text": text(3000, code="section.text.max"),
            "fields": array(
                text(2000, code="section.field.max"), 1, 10, code="section.fields.count"
            ),
            "accessory": element(IN_SECTION),
            "expand": boolean,
        },
        (),
        (at_least_one("section.content", "text", "fields"),),
    ),
    "header": block_shape(
        {"text": plain(150, "header.text.max"), "level": integer(1, 6)}, ("text",)
    ),
    "divider": block_shape({}),
    "context": block_shape(
        {"elements": array(_context_item, 1, 10, code="context.elements.count")}, ("elements",)
    ),
    "actions": block_shape(
        {"elements": array(element(IN_ACTIONS), 1, 25, code="actions.elements.count")},
        ("elements",),
        (_actions,),
    ),
    "context_actions": block_shape(
        {
            "elements": array(
                element(IN_CONTEXT_ACTIONS), 1, 5, code="context_actions.elements.count"
            )
        },
        ("elements",),
        (_actions,),
    ),
    "image": block_shape(
        {**IMAGE_KEYS, "title": plain(2000, "image.title.max")},
        ("alt_text",),
        (exactly_one("schema", "image_url", "slack_file"),),
    ),
    "input": block_shape(
        {
            "label": plain(2000, "input.label.max"),
            "element": _input_element,
            "hint": plain(2000, "input.hint.max"),
            "optional": boolean,
            "dispatch_action": boolean,
        },
        ("label", "element"),
        (_no_file_dispatch,),
    ),
    "markdown": block_shape({"text": string(12000, 1, code="markdown.text.max")}, ("text",)),
    "rich_text": block_shape({"elements": array(anything)}, ("elements",)),
    "video": block_shape(
        {
            "alt_text": string(),
            "author_name": string(49, code="video.author.max"),
            "description": plain(200, "schema"),
            "provider_icon_url": url(code="url.http"),
            "provider_name": string(),
            "title": plain(199, "video.title.max"),
            "title_url": _video_urls(),
            "thumbnail_url": url(code="url.http"),
            "video_url": _video_urls(),
        },
        ("alt_text", "title", "thumbnail_url", "video_url"),
    ),
    "card": block_shape(
        {
            "hero_image": IMAGE,
            "icon": IMAGE,
            "slack_icon": anything,
            "title": text(150, code="card.title.max"),
            "subtitle": text(150, code="card.title.max"),
            "body": text(200, code="card.body.max"),
            "subtext": text(200, code="card.body.max"),
            "actions": array(element(IN_CARD_ACTIONS), 1, 3, code="card.actions.count"),
        },
        (),
        (at_least_one("card.content", "hero_image", "title", "actions", "body"),),
    ),
    "carousel": block_shape(
        {"elements": array(_card, 1, 10, code="carousel.elements.count")}, ("elements",)
    ),
    "container": block_shape(
        {
            "title": plain(150, "container.title.max"),
            "rich_text_title": anything,
            "subtitle": plain(150, "container.title.max"),
            "icon": anything,
            "width": string(),
            "is_collapsible": boolean,
            "default_collapsed": boolean,
            "has_header_divider": boolean,
            "child_blocks": array(_child, 1, 10, code="container.children.count"),
        },
        ("child_blocks",),
        (at_least_one("container.title", "title", "rich_text_title"), _collapse),
    ),
    "alert": block_shape(
        {
            "text": text(200, code="alert.text.max"),
            "level": one_of("default", "info", "success", "warning", "error"),
        },
        ("text",),
    ),
    "task_card": block_shape(_TASK, ("task_id", "title")),
    "plan": block_shape(
        {"title": string(low=1), "tasks": array(Shape({**_TASK, "type": anything}))}, ("title",)
    ),
    **DATA_BLOCKS,
}

_EVERYWHERE = {"section", "header", "divider", "context", "actions", "image", "input", "video"}
_EVERYWHERE |= {"rich_text"}
_MESSAGE = {"markdown", "table", "data_table", "data_visualization", "card", "carousel"}
_MESSAGE |= {"container", "context_actions", "plan", "task_card"}
ALLOWED: dict[str, set[str]] = {
    "message": _EVERYWHERE | _MESSAGE,
    "modal": _EVERYWHERE | {"alert"},
    "home": _EVERYWHERE | {"data_table"},
}


def block(value: Any, at: str, report: Report) -> None:
    """Checks one block for the report's surface."""
    kind = value.get("type") if isinstance(value, dict) else None
    if kind == "file":
        report.fault("file.block", "file blocks cannot be sent by apps", at)
    elif kind not in BLOCKS:
        report.fault("schema", f"unsupported type: {kind}", f"{at}/type")
    elif kind not in ALLOWED[report.surface]:
        report.fault("surface.block", f"{kind} is not allowed in a {report.surface}", f"{at}/type")
    else:
        BLOCKS[kind](value, at, report)


def check_blocks(value: Any, at: str, report: Report) -> None:
    """Checks a whole array of blocks, and what must hold over all of them."""
    if not isinstance(value, list):
        report.fault("schema", "must provide an array", at)
        return
    code, most = "message.blocks.max", MESSAGE_BLOCKS
    if report.surface != "message":
        code, most = "view.blocks.max", VIEW_BLOCKS
    if not value and report.surface != "message":
        report.fault("blocks.min", "no less than 1 items allowed", at)
    elif not value:
        report.advise("blocks.empty", "leave an empty blocks array out", at)
    if len(value) > most:
        report.fault(code, f"no more than {most} items allowed", at)
    for i, part in enumerate(value):
        block(part, f"{at}/{i}", report)
    _over_all([b for b in value if isinstance(b, dict)], at, report)


def _over_all(value: list[dict[str, Any]], at: str, report: Report) -> None:
    ids = [b.get("block_id") for b in value if b.get("block_id")]
    for block_id in {i for i in ids if ids.count(i) > 1}:
        report.fault("block_id.unique", f"block_id `{block_id}` already exists", at)
    kinds = [b.get("type") for b in value]
    if kinds.count("table") + kinds.count("data_table") > 1:
        report.fault("table.one", "only_one_table_allowed", at)
    if kinds.count("data_visualization") > 2:
        report.fault("chart.per_message", "no more than 2 charts in a message", at)
    markdown = [str(b.get("text", "")) for b in value if b.get("type") == "markdown"]
    if len(markdown) > 1 and sum(map(len, markdown)) > 12000:
        report.fault("markdown.text.max", "markdown: more than 12000 characters together", at)
    if report.surface == "message" and sum(len(t) for t in texts(value)) > 13000:
        report.advise("blocks.total", "Slack refuses about 13,200 characters over all blocks", at)
