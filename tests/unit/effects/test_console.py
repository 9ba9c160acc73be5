"""The console of a drill: takes its effects, tells the log which, and keeps people's words out."""

from __future__ import annotations

import logging
from datetime import UTC, datetime

import pytest

from bot.effects.console import ConsoleAdapter
from bot.effects.outcome import Done
from bot.effects.store import Claimed

NOW = datetime(2026, 11, 21, tzinfo=UTC)
PAYLOAD = {"number": 3, "digest": "ab" * 32, "place": "console", "title": "Somebody's words"}


@pytest.mark.parametrize("doubt", [False, True])
async def test_it_is_done_and_the_log_says_what(
    caplog: pytest.LogCaptureFixture, doubt: bool
) -> None:
    effect = Claimed(
        1, "notice:1:3:console", "console.notice", "x", 1, PAYLOAD, 1, doubt, NOW, NOW, ""
    )
    with caplog.at_level(logging.INFO):
        assert isinstance(await ConsoleAdapter().perform(effect), Done)
    [line] = caplog.records
    assert line.number == 3 and line.incident == 1 and line.digest == "ab" * 32  # type: ignore[attr-defined]
    assert "words" not in str(line.__dict__)


@pytest.mark.parametrize(
    ("kind", "ours"), [("console.notice", True), ("notice.post", False), ("house.compose", False)]
)
def test_it_takes_only_what_is_for_the_console(kind: str, ours: bool) -> None:
    assert ConsoleAdapter().handles(kind) is ours
