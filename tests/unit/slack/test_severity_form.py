"""The severity form begins with what is known, so that nobody answers the same twice."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from bot.playbook.load import load_content
from bot.slack.severity import form
from db.tables import Incident

ROOT = Path(__file__).parents[3]
CONTENT = load_content(ROOT / "playbooks", ROOT / "comms_templates")


def shown(question: str, **state: Any) -> str | None:
    row = Incident(
        number=1, title="t", opened_by="U1", opened_at=datetime.now(UTC), channel_name="c", **state
    )
    for block in form(CONTENT, row, None)["blocks"]:
        if block.get("element", {}).get("action_id") == question:
            return block["element"].get("initial_option", {}).get("value")
    raise AssertionError(question)


@pytest.mark.parametrize(
    ("question", "state", "value"),
    [
        ("exposed", {}, "unknown"),
        ("exposed", {"facts": {"users_affected": False}}, "no"),
        ("ongoing", {"facts": {"still_happening": False}}, "0"),
        # «yes» may also mean that it is spreading: that is still to be said.
        ("ongoing", {"facts": {"still_happening": True}}, "unknown"),
        ("ongoing", {"facts": {"still_happening": False}, "answers": {"ongoing": 2}}, "2"),
        ("people", {"facts": {"users_affected": True}}, "unknown"),
    ],
)
def test_what_is_known_stands_there(question: str, state: dict[str, Any], value: str) -> None:
    assert shown(question, **state) == value
