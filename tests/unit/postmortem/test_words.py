"""Words that the formats share."""

from __future__ import annotations

import pytest

from bot.postmortem.lines import http
from bot.postmortem.words import entry_list, length


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (None, "—"), (0, "0 s"), (59, "59 s"), (60, "1 min"), (3599, "59 min"), (3600, "1 h"),
        (3660, "1 h 01 min"), (172_799, "47 h 59 min"), (172_800, "2 d"), (180_000, "2 d 2 h"),
    ],
)  # fmt: skip
def test_lengths(seconds: int | None, text: str) -> None:
    assert length(seconds) == text


def test_entries_in_words() -> None:
    assert [entry_list(()), entry_list((4,)), entry_list((4, 7))] == ["", "entry 4", "entries 4, 7"]


@pytest.mark.parametrize(
    ("address", "link"),
    [
        ("https://a.example/x?y=1", "https://a.example/x?y=1"),
        (" http://a.example ", "http://a.example"),
        ("javascript:alert(1)", ""),
        ("data:text/html,x", ""),
        ("slack://channel?id=C1", ""),
        ('https://a.example/"onclick=x', ""),
        ("https://a.example/<b>", ""),
        ("https://a.example/a b", ""),
        ("//a.example", ""),
        ("", ""),
    ],
)
def test_only_addresses_of_the_web_become_links(address: str, link: str) -> None:
    assert http(address) == link
