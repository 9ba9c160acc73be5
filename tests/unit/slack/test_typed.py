"""What people type after a verb, as the handlers read it."""

from __future__ import annotations

import pytest

from bot.slack.typed import numbered, reason_in


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("because it is gone", "it is gone"),
        (" it is gone ", "it is gone"),
        ("fewer than &lt;5&gt; &amp; falling", "fewer than <5> & falling"),
        ("", ""),
    ],
)
def test_a_reason(text: str, meant: str) -> None:
    assert reason_in(text) == meant


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("7 because it is gone", ("7", "it is gone")),
        ("#12: graphs are flat", ("12", "graphs are flat")),
        ("3", ("3", "")),
        ("7b is no number", ("7b is no number", "")),
        ("roll back", ("roll back", "")),
    ],
)
def test_a_number_and_words(text: str, meant: tuple[str, str]) -> None:
    assert numbered(text) == meant
