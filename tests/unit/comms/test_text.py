"""The exact text and its hash."""

from __future__ import annotations

import hashlib

import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from bot.comms.text import Text, tidy
from bot.errors import BadInput

WORDS = st.text(st.characters(exclude_categories=("Cs",)), min_size=1, max_size=60)


@given(WORDS, WORDS)
def test_the_digest_is_what_the_documentation_says(title: str, body: str) -> None:
    exact = {"audience": "users", "stage": "first", "title": title, "body": body}
    assert (
        Text("users", "first", title, body).digest
        == hashlib.sha256(rfc8785.dumps(exact)).hexdigest()
    )


@given(WORDS, WORDS, WORDS)
def test_another_character_is_another_digest(title: str, body: str, other: str) -> None:
    one = Text("users", "first", title, body)
    assert (one.digest == Text("users", "first", title, other).digest) == (body == other)
    assert one.digest != Text("internal", "first", title, body).digest
    assert one.digest != Text("users", "update", title, body).digest


def test_parts_cannot_be_shifted_into_each_other() -> None:
    assert Text("users", "first", "ab", "c").digest != Text("users", "first", "a", "bc").digest


@given(WORDS, WORDS)
def test_tidy_is_stable(title: str, body: str) -> None:
    try:
        once = tidy(title, body)
    except BadInput:
        return
    assert tidy(*once) == once
    assert "\r" not in once[1] and "\x00" not in "".join(once) and "\n" not in once[0]


@pytest.mark.parametrize(
    ("title", "body", "field"),
    [
        (" ", "x", "title"),
        ("x" * 151, "x", "title"),
        ("x", " \n ", "body"),
        ("x", "y" * 3001, "body"),
    ],
)
def test_refused_at_the_field(title: str, body: str, field: str) -> None:
    with pytest.raises(BadInput) as refused:
        tidy(title, body)
    assert refused.value.field == field
