"""Conditions: what they mean, with unknown facts, and how their faults are told."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.playbook.expressions import ExpressionError, evaluate, parse

FACTS = {
    "yes": True,
    "no": False,
    "n": 12,
    "word": "rag",
    "families": ("c", "d"),
    "flags": frozenset({"F1"}),
}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("yes", True),
        ("no", False),
        ("missing", None),
        ("not missing", None),
        ("n >= 12 and n < 20", True),
        ("n > 12.5", False),
        ("n != 12", False),
        ("word == 'rag'", True),
        ('word == "chat"', False),
        ("word in ['rag', 'agentic']", True),
        ("word not in ['chat']", True),
        ("'d' in families", True),
        ("'a' in families", False),
        ("'F1' in flags", True),
        ("missing in ['a']", None),
        ("missing == 'a'", None),
        ("missing is unknown", True),
        ("missing is known", False),
        ("word is known", True),
        ("no and missing", False),  # one false settles an 'and'
        ("yes and missing", None),
        ("yes or missing", True),  # one true settles an 'or'
        ("no or missing", None),
        ("not (yes and no)", True),
        ("no and no or yes", True),  # 'and' binds tighter than 'or'
        ("no and (no or yes)", False),
        ("yes == true", True),
    ],
)
def test_value(text: str, expected: bool | None) -> None:
    assert evaluate(text, FACTS) is expected


@pytest.mark.parametrize(
    ("text", "column", "said"),
    [
        ("a = 1", 3, "write == to compare"),
        ("a and", 6, "found the end"),
        ("(a", 3, "expected )"),
        ("a b", 3, "'b' does not belong here"),
        ("a in", 5, "found the end"),
        ("a == $b", 6, "'$' does not belong here"),
        ("a is here", 6, "'known' or 'unknown'"),
        ("", 1, "found the end"),
        ("f(1)", 2, "'(' does not belong here"),
        ("__import__('os')", 11, "'(' does not belong here"),
    ],
)
def test_fault_names_its_column(text: str, column: int, said: str) -> None:
    with pytest.raises(ExpressionError) as caught:
        parse(text)
    assert caught.value.column == column
    assert said in caught.value.what


@pytest.mark.parametrize("text", ["word < 3", "n in word", "word and yes"])
def test_comparing_what_cannot_be_compared_is_an_error(text: str) -> None:
    with pytest.raises(ExpressionError):
        evaluate(text, FACTS)


def test_names_are_the_facts_asked_for() -> None:
    assert parse("a and not (b == 'x' or a) and c in ['y']").names == ("a", "b", "c")


CONDITIONS = st.recursive(
    st.sampled_from(["a", "b", "c"]),
    lambda inner: (
        st.tuples(inner, st.sampled_from(["and", "or"]), inner).map(
            lambda parts: f"({parts[0]} {parts[1]} {parts[2]})"
        )
        | inner.map(lambda part: f"not {part}")
    ),
    max_leaves=8,
)


@given(CONDITIONS, st.fixed_dictionaries({name: st.booleans() for name in "abc"}))
def test_learning_a_fact_never_turns_an_answer_around(text: str, facts: dict[str, bool]) -> None:
    settled = evaluate(text, facts)
    assert settled is eval(text, {}, dict(facts))
    for name in facts:
        partly = {key: value for key, value in facts.items() if key != name}
        assert evaluate(text, partly) in (None, settled)
