"""Views: what views.open, push, update and publish and a submission's answer may carry."""

from __future__ import annotations

import json
from typing import Any

from bot.sandbox.blocks import check_blocks
from bot.sandbox.checks import Report, Shape, anything, boolean, plain, string

MODAL = Shape(
    {
        "type": anything,
        "title": plain(24, "view.title.max"),
        "blocks": check_blocks,
        "close": plain(24, "view.submit.max"),
        "submit": plain(24, "view.submit.max"),
        "private_metadata": string(3000, code="view.private_metadata.max"),
        "callback_id": string(255, code="view.callback_id.max"),
        "external_id": string(255, code="view.external_id.max"),
        "clear_on_close": boolean,
        "notify_on_close": boolean,
        "submit_disabled": boolean,
    },
    ("type", "title", "blocks"),
)
HOME = Shape(
    {
        "type": anything,
        "blocks": check_blocks,
        "private_metadata": string(3000, code="view.private_metadata.max"),
        "callback_id": string(255, code="view.callback_id.max"),
        "external_id": string(255, code="view.external_id.max"),
    },
    ("type", "blocks"),
)
RECEIVED = {
    "id", "hash", "state", "team_id", "app_id", "bot_id", "root_view_id", "previous_view_id",
    "app_installed_team_id",
}  # fmt: skip
LARGEST = 256_000


def check_view(value: Any, kind: str, at: str = "/view") -> Report:
    """Checks a view that an app sends; `kind` is "modal" or "home"."""
    report = Report(kind)
    if not isinstance(value, dict):
        report.fault("schema", "must provide an object", at)
        return report
    if value.get("type") != kind:
        report.fault("view.type", f"must be a {kind} view", f"{at}/type")
        return report
    for key in sorted(RECEIVED & value.keys()):
        report.fault("view.received", f"invalid additional property: {key}", at)
    if len(json.dumps(value, ensure_ascii=False).encode()) > LARGEST:
        report.fault("view.size", "view is larger than 250 kB", at)
    sent = {k: v for k, v in value.items() if k not in RECEIVED}
    (MODAL if kind == "modal" else HOME)(sent, at, report)
    blocks = value.get("blocks")
    inputs = isinstance(blocks, list) and any(
        isinstance(b, dict) and b.get("type") == "input" for b in blocks
    )
    if kind == "modal" and inputs and "submit" not in value:
        report.fault("view.submit.required", "missing required field: submit", at)
    return report


def check_answer(answer: Any, view: dict[str, Any]) -> list[str]:
    """What is wrong with the body that acknowledges a view_submission; nothing when empty.

    Source: docs.slack.dev/surfaces/modals#handling_submissions.
    """
    if answer in (None, "", {}):
        return []
    action = answer.get("response_action") if isinstance(answer, dict) else None
    if action == "errors":
        return _check_errors(answer.get("errors"), view)
    if action in ("update", "push"):
        return check_view(answer.get("view"), "modal").messages
    if action == "clear":
        return []
    return [f"unknown response_action: {action!r}"]


def _check_errors(errors: Any, view: dict[str, Any]) -> list[str]:
    if not isinstance(errors, dict) or not errors:
        return ["errors must be an object of block_id and text, not empty"]
    inputs = {b.get("block_id") for b in view["blocks"] if b.get("type") == "input"}
    wrong = [f"no input block has block_id {b!r}" for b in errors if b not in inputs]
    return wrong + [f"{b}: text must not be empty" for b, text in errors.items() if not text]
