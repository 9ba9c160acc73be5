"""Canonical form, commitments, and the catalogue's rules."""

from __future__ import annotations

import hashlib
import json

import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from bot.record.catalogue import all_kinds
from bot.record.entry import Entry, canonical, clean_text, commitment, leaf_hash

TEXT = st.text(st.characters(exclude_categories=["Cs"]))
SCALARS = st.none() | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | TEXT
KEYS = st.text(st.characters(min_codepoint=32, max_codepoint=126), min_size=1, max_size=8)
VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=4)
)


@given(VALUES)
def test_canonical_form_is_rfc_8785(value: object) -> None:
    assert canonical(value).encode() == rfc8785.dumps(value)  # type: ignore[arg-type]


@pytest.mark.parametrize("value", [1.5, 2**53, {"ü": 1}, {1: 2}, b"x", {"a": object()}])
def test_what_cannot_be_written_in_one_way_is_refused(value: object) -> None:
    with pytest.raises(ValueError, match=r"record|ASCII"):
        canonical(value)


def test_a_commitment_hides_and_binds() -> None:
    salt = "00" * 16
    plain = hashlib.sha256(bytes(16) + b'"Ann"').hexdigest()
    assert commitment(salt, "Ann") == plain
    assert commitment("11" * 16, "Ann") != plain
    assert commitment(salt, "Anna") != plain


def test_a_leaf_is_hashed_as_in_rfc_6962() -> None:
    assert leaf_hash("") == hashlib.sha256(b"\x00").hexdigest()


@given(st.text())
def test_cleaned_text_can_always_be_stored(text: str) -> None:
    clean = clean_text(text)
    assert "\x00" not in clean
    assert json.loads(canonical(clean)) == clean


@pytest.mark.parametrize("kind", all_kinds().values(), ids=lambda k: k.kind)
def test_every_kind_says_what_it_means(kind: type[Entry]) -> None:
    assert kind.__doc__ and kind.__doc__ != Entry.__doc__
    assert kind.kind.count(".") == 1


def test_peoples_words_are_private_in_every_kind() -> None:
    words = {"text", "title", "reason", "comment", "statement", "holder", "owner", "author", "body"}
    for kind in all_kinds().values():
        bare = words & (set(kind.model_fields) - kind.private_fields())
        if kind.kind.startswith(("step.", "criterion.")):
            bare -= {"title"}  # a step's title is content, not what a person wrote
        assert not bare, f"{kind.kind} would put {bare} into the chain for ever"
