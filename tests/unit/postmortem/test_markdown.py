"""Nothing that people wrote works as Markdown."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from bot.postmortem.render_markdown import block, link, md
from tests.support.hostile import HOSTILE

READER = MarkdownIt("commonmark").enable(["table", "strikethrough"])
PLAIN = {
    "paragraph_open",
    "paragraph_close",
    "inline",
    "text",
    "softbreak",
    "hardbreak",
    "text_special",
}


def _tokens(markdown: str) -> set[str]:
    out = set()
    for token in READER.parse(markdown):
        out.add(token.type)
        out.update(child.type for child in token.children or ())
    return out


def _words(markdown: str) -> str:
    children = [c for t in READER.parse(markdown) for c in t.children or ()]
    return "".join(c.content if c.type.startswith("text") else " " for c in children)


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_hostile_texts_stay_text(text: str) -> None:
    assert _tokens(md(text)) <= PLAIN and _tokens(block(text)) <= PLAIN
    assert _words(md(text)).split() == text.replace("\x00", "\ufffd").split()


@given(st.text(alphabet="ab \n*_`[]()<>#|~&!-+=:.\\\"'1@/hw", max_size=60))
def test_any_text_stays_text(text: str) -> None:
    assert _tokens(md(text)) <= PLAIN and _tokens(block(text)) <= PLAIN
    assert _words(md(text)).split() == text.split()
    assert "\n" not in md(text)


@given(st.text(alphabet="ab|`\\\n", max_size=20))
def test_a_cell_stays_one_cell(text: str) -> None:
    table = f"| a | b |\n| --- | --- |\n| {md(text)} | end |"
    cells = [token.type for token in READER.parse(table)]
    assert cells.count("td_open") == 2


def test_bare_addresses_are_broken_for_readers_that_link_them() -> None:
    assert "https://" not in md("https://evil.example") and "www." not in md("www.evil.example")


def test_a_link_cannot_break_out() -> None:
    made = link("https://a.example/x)(y>z|`\"'", "link")
    tokens = [c for t in READER.parse(made) for c in t.children or ()]
    assert [t.type for t in tokens] == ["link_open", "text", "link_close"]
    assert "|" not in made and "`" not in made
