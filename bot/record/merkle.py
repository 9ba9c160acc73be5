"""The Merkle tree over the entries, as RFC 6962 (section 2.1) hashes it.

A subtree of 256, 65,536 … entries that is full never changes, so its hash is stored when a
checkpoint first needs it. Any root, and any proof, then reads a few hundred hashes whatever the
length of the record.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable

#: Levels between two stored heights: 2**8 = 256 entries under a node of height 1.
STEP = 8
#: ``(height, first place, how many) -> hashes``; height 0 are the leaves. May return fewer.
Source = Callable[[int, int, int], list[bytes]]


def node_hash(left: bytes, right: bytes) -> bytes:
    """SHA-256 of 0x01 and both halves."""
    return hashlib.sha256(b"\x01" + left + right).digest()


def _split(size: int) -> int:
    return 1 << ((size - 1).bit_length() - 1)


class Tree:
    """The first ``size`` leaves. ``fresh`` collects nodes that should be stored."""

    def __init__(self, source: Source, size: int) -> None:
        self._source = source
        self.size = size
        self._known: dict[tuple[int, int], bytes] = {}
        self._read: set[tuple[int, int]] = set()
        self.fresh: dict[tuple[int, int], bytes] = {}

    def root(self, size: int | None = None) -> bytes:
        """The root over the first ``size`` leaves (all of them by default)."""
        size = self.size if size is None else size
        return self._range(0, size) if size else hashlib.sha256(b"").digest()

    def inclusion(self, place: int) -> list[bytes]:
        """Proof that leaf ``place`` (from 0) is under the root (RFC 6962, 2.1.1)."""
        low, high, path = 0, self.size, []
        while high - low > 1:
            middle = low + _split(high - low)
            if place < middle:
                path.append(self._range(middle, high))
                high = middle
            else:
                path.append(self._range(low, middle))
                low = middle
        return path[::-1]

    def consistency(self, size: int) -> list[bytes]:
        """Proof that the tree of the first ``size`` leaves grew into this one (RFC 6962, 2.1.2)."""
        low, high, path, whole = 0, self.size, [], True
        while size != high:
            middle = low + _split(high - low)
            if size <= middle:
                path.append(self._range(middle, high))
                high = middle
            else:
                path.append(self._range(low, middle))
                low, whole = middle, False
        if not whole:
            path.append(self._range(low, high))
        return path[::-1]

    def _range(self, low: int, high: int) -> bytes:
        size = high - low
        level = size.bit_length() - 1
        if size == 1 << level and low % size == 0:
            return self._full(level, low >> level)
        middle = low + _split(size)
        return node_hash(self._range(low, middle), self._range(middle, high))

    def _full(self, level: int, place: int) -> bytes:
        """The node over the leaves from ``place << level`` on, all of them there."""
        key = (level, place)
        if key not in self._known and level % STEP == 0:
            self._load(level // STEP, place)
        if key not in self._known:
            left, right = self._full(level - 1, place * 2), self._full(level - 1, place * 2 + 1)
            self._known[key] = node_hash(left, right)
            if level % STEP == 0:
                self.fresh[level // STEP, place] = self._known[key]
        return self._known[key]

    def _load(self, height: int, place: int) -> None:
        first = place >> STEP << STEP
        if (height, first) in self._read:
            return
        self._read.add((height, first))
        level = height * STEP
        there = min(1 << STEP, (self.size >> level) - first)
        for offset, found in enumerate(self._source(height, first, there)):
            self._known[level, first + offset] = found


class Growing:
    """The root of leaves that come one after the other; keeps one hash a level."""

    def __init__(self, leaves: Iterable[bytes] = ()) -> None:
        self._peaks: list[tuple[int, bytes]] = []
        for leaf in leaves:
            self.add(leaf)

    def add(self, leaf: bytes) -> None:
        """One more leaf."""
        level, found = 0, leaf
        while self._peaks and self._peaks[-1][0] == level:
            found = node_hash(self._peaks.pop()[1], found)
            level += 1
        self._peaks.append((level, found))

    def root(self) -> bytes:
        """The root over the leaves so far."""
        if not self._peaks:
            return hashlib.sha256(b"").digest()
        found = self._peaks[-1][1]
        for _, peak in self._peaks[-2::-1]:
            found = node_hash(peak, found)
        return found
