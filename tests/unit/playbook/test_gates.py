"""How many tries prove a rate, against a published kind of table."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.playbook.gates import proves, tries_needed


@pytest.mark.parametrize(
    ("limit", "failures", "needed"),
    [
        (0.005, 0, 598), (0.005, 1, 947), (0.005, 2, 1258), (0.005, 5, 2100),
        (0.002, 0, 1497), (0.002, 1, 2371), (0.002, 2, 3146), (0.002, 5, 5254),
        (0.02, 0, 149), (0.02, 1, 236), (0.02, 2, 313), (0.02, 5, 523),
        (0.01, 0, 299), (0.01, 1, 473), (0.01, 2, 628), (0.01, 5, 1049),
        (0.001, 0, 2995), (0.001, 1, 4742), (0.001, 2, 6294), (0.001, 5, 10511),
    ],
)  # fmt: skip
def test_tries_needed(limit: float, failures: int, needed: int) -> None:
    assert tries_needed(limit, failures) == needed


def test_none_in_a_thousand_proves_only_three_in_a_thousand() -> None:
    assert proves(0.002992, 1000)
    assert not proves(0.002990, 1000)


@given(st.integers(1, 60), st.integers(0, 60), st.floats(0.001, 0.999))
def test_against_plain_counting(n: int, failures: int, limit: float) -> None:
    chance = sum(
        math.comb(n, k) * limit**k * (1 - limit) ** (n - k) for k in range(min(failures, n) + 1)
    )
    if abs(chance - 0.05) > 1e-9:
        assert proves(limit, n, failures) == (chance <= 0.05)


def test_all_failed_proves_nothing() -> None:
    assert not proves(0.999, 5, 5)
