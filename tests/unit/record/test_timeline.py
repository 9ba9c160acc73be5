"""Every entry has words of its own: a catalogue's docstring is for readers of the reference."""

from __future__ import annotations

import pytest

from bot.record import timeline
from bot.record.catalogue import all_kinds


@pytest.mark.parametrize("kind", sorted(all_kinds()))
def test_every_kind_has_words(kind: str) -> None:
    assert kind in timeline._WORDS


def test_quiet_kinds_exist() -> None:
    assert set(all_kinds()) >= timeline.QUIET
