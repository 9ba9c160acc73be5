"""How much a test run proves. Exact binomial bounds, in pure Python."""

from __future__ import annotations

import math


def proves(limit: float, n: int, failures: int = 0, confidence: float = 0.95) -> bool:
    """Do at most ``failures`` in ``n`` tries show that the true rate is at most ``limit``?

    One-sided exact binomial test (Clopper-Pearson): the chance of seeing so few failures, if the
    true rate were ``limit``, is at most one minus the confidence.
    """
    return _at_most(failures, n, limit) <= 1 - confidence


def tries_needed(limit: float, failures: int = 0, confidence: float = 0.95) -> int:
    """The fewest tries that prove ``limit`` when ``failures`` of them fail."""
    low, high = failures + 1, failures + 2
    while not proves(limit, high, failures, confidence):
        low, high = high, high * 2
    while low < high:
        middle = (low + high) // 2
        if proves(limit, middle, failures, confidence):
            high = middle
        else:
            low = middle + 1
    return low


def _at_most(failures: int, n: int, rate: float) -> float:
    """The chance of at most ``failures`` in ``n`` tries at a given rate."""
    if rate <= 0:
        return 1.0
    if rate >= 1:
        return 1.0 if failures >= n else 0.0
    log_rate, log_rest = math.log(rate), math.log1p(-rate)
    logs = (
        math.lgamma(n + 1)
        - math.lgamma(k + 1)
        - math.lgamma(n - k + 1)
        + k * log_rate
        + (n - k) * log_rest
        for k in range(min(failures, n) + 1)
    )
    return min(1.0, sum(math.exp(value) for value in logs))
