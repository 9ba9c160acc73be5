"""Action items as people type them."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from bot.action.words import Typed, read_due, read_item

#: A Saturday.
NOW = datetime(2026, 11, 21, 5, 0, tzinfo=UTC)


def _day(text: str) -> datetime:
    return datetime.fromisoformat(f"{text}T17:00:00+00:00")


@pytest.mark.parametrize(
    ("typed", "due"),
    [
        ("2026-12-01", _day("2026-12-01")),
        ("2026-12-01T09:30Z", datetime(2026, 12, 1, 9, 30, tzinfo=UTC)),
        ("2026-12-01 09:30", datetime(2026, 12, 1, 9, 30, tzinfo=UTC)),
        ("tomorrow", _day("2026-11-22")),
        ("Friday", _day("2026-11-27")),
        ("next mon", _day("2026-11-23")),
        ("saturday", _day("2026-11-28")),  # the next one, never today
        ("in 2 weeks", _day("2026-12-05")),
        ("10d", _day("2026-12-01")),
        ("12 Dec", _day("2026-12-12")),
        ("December 12", _day("2026-12-12")),
        ("3 March", _day("2027-03-03")),  # passed this year
        ("on 3 March 2028", _day("2028-03-03")),
        ("31 Feb", None),
        ("the team", None),
        ("", None),
    ],
)
def test_due_times(typed: str, due: datetime | None) -> None:
    assert read_due(typed, NOW) == due


@pytest.mark.parametrize(
    ("typed", "found"),
    [
        ("Rotate keys", Typed("Rotate keys")),
        (
            "Test the filter on German <@U02MLE|max> by friday --detect proof: the test in CI",
            Typed("Test the filter on German", "U02MLE", _day("2026-11-27"), "detect", "the test in CI"),
        ),
        ("detect: alert on rate <@U1>", Typed("alert on rate", "U1", None, "detect")),
        ("Prevent repeats", Typed("Prevent repeats")),  # a word of the sentence, not a type
        ("Stand by the team", Typed("Stand by the team")),
        ("Stand by the team by 2026-12-01", Typed("Stand by the team", None, _day("2026-12-01"))),
        ("due: tomorrow", Typed("", None, _day("2026-11-22"))),
        ("<@U1>, write it down [process]", Typed("write it down", "U1", None, "process")),
    ],
)  # fmt: skip
def test_whole_items(typed: str, found: Typed) -> None:
    assert read_item(typed, NOW) == found
