"""The reading grade against hand-counted texts."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.comms.reading import grade, syllables, word_count


@pytest.mark.parametrize(
    ("word", "count"),
    [
        ("cat", 1), ("people", 2), ("table", 2), ("make", 1), ("makes", 1), ("asked", 1),
        ("wanted", 2), ("incident", 3), ("update", 2), ("houses", 2), ("the", 1), ("free", 1),
        ("don't", 1), ("answer", 2), ("we", 1), ("xyz", 1), ("responsibility", 6),
    ],
)  # fmt: skip
def test_syllables(word: str, count: int) -> None:
    assert syllables(word) == count


def test_a_grade_by_hand() -> None:
    # 10 words, 2 sentences, 12 syllables: 0.39 × 5 + 11.8 × 1.2 − 15.59 = 0.52
    text = "We found a fault. The answer was wrong for people."
    assert word_count(text) == 10
    assert grade(text) == pytest.approx(0.39 * 5 + 11.8 * 1.2 - 15.59)


def test_headings_and_addresses_do_not_count_as_long_sentences() -> None:
    assert grade("What happened\nWe saw it") == grade("What happened. We saw it.")
    assert word_count("See https://help.example.com/very/long or help@example.com") == 2
    assert grade("") == 0.0 and grade("12 34 !!") == 0.0


@given(st.text())
def test_any_text_has_a_grade(text: str) -> None:
    assert isinstance(grade(text), float)
