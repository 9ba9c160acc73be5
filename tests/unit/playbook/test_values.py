"""Small values: lengths of time read as people write them."""

from __future__ import annotations

import pytest

from bot.playbook.values import Span, span


@pytest.mark.parametrize(
    ("text", "minutes", "counting"),
    [
        ("15 minutes", 15, "calendar"),
        ("1 minute", 1, "calendar"),
        ("2 hours", 120, "calendar"),
        ("1 week", 10080, "calendar"),
        ("4 business hours", 240, "business"),
        ("1 business day", 1440, "business"),
    ],
)
def test_lengths_of_time(text: str, minutes: int, counting: str) -> None:
    found = Span.model_validate(span(text))
    assert (found.minutes, found.counting, str(found)) == (minutes, counting, text)
