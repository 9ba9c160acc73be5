"""Counters of this process, cheap enough for the way to an acknowledgement. Shown by ``bot.web.metrics``.

Nothing here is imported from a metrics library: counting costs a dictionary and an addition, and
whoever does not look at /metrics pays for nothing else.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections import Counter
from collections.abc import Sequence

#: Seconds. Slack gives three; people notice a tenth.
ACK_BOUNDS = (0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.0, 3.0)
BATCH_BOUNDS = (1, 2, 4, 8, 16, 32, 64)
#: So many different words of errors are told apart; the rest is «other».
WORDS_MAX = 60
_WORD = re.compile(r"[a-z][a-z0-9_]{0,40}\Z")


class Histogram:
    """Counts of values up to each bound, and their sum."""

    __slots__ = ("bounds", "counts", "total")

    def __init__(self, bounds: Sequence[float]) -> None:
        self.bounds = bounds
        self.counts = [0] * (len(bounds) + 1)
        self.total = 0.0

    def observe(self, value: float, times: int = 1) -> None:
        """Count a value."""
        self.counts[bisect_left(self.bounds, value)] += times
        self.total += value * times

    def buckets(self) -> list[tuple[str, float]]:
        """Bound and how many values lie at or below it, as Prometheus wants them."""
        out, so_far = [], 0
        for bound, count in zip((*map(str, self.bounds), "+Inf"), self.counts, strict=True):
            so_far += count
            out.append((bound, float(so_far)))
        return out


class Metrics:
    """What happened in this process since it began. Written from the event loop's thread."""

    def __init__(self) -> None:
        self.acks: dict[str, Histogram] = {}
        self.redelivered: Counter[str] = Counter()
        self.effects_done: Counter[str] = Counter()
        self.effect_failures: Counter[tuple[str, str]] = Counter()
        self._words: set[str] = set()

    def acknowledged(self, kind: str, seconds: float) -> None:
        """A request of this type was answered after so long."""
        found = self.acks.get(kind)
        if found is None:
            found = self.acks[kind] = Histogram(ACK_BOUNDS)
        found.observe(seconds)

    def failed(self, kind: str, word: str) -> None:
        """An attempt at an effect did not succeed; ``word`` is the class of error."""
        known = word in self._words
        if not known and (len(self._words) >= WORDS_MAX or not _WORD.match(word)):
            word = "other"
        self._words.add(word)
        self.effect_failures[kind, word] += 1
