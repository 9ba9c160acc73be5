"""Builders: what people wrote can neither ping nor pretend, and nothing outgrows Slack's limits."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.slack import kit


@pytest.mark.parametrize(
    "hostile",
    [
        "<!channel>",
        "<!here|x>",
        "<@U012345>",
        "<#C1|x>",
        "<https://evil|https://bank>",
        "a & b <c>",
    ],
)
def test_escaped_text_holds_no_control_sequence(hostile: str) -> None:
    shown = kit.esc(hostile)
    assert "<" not in shown and ">" not in shown
    assert kit.unescape(shown) == hostile


def test_names_only_keeps_people_and_nothing_else() -> None:
    shown = kit.names_only("<@U012345> said <!channel> and <https://evil|ok> & <@U9|bob>")
    assert shown == "<@U012345> said &lt;!channel&gt; and &lt;https://evil|ok&gt; &amp; <@U9>"


def test_what_was_typed_comes_back_as_it_was_seen() -> None:
    shown = kit.as_typed("role wizard <@U012345|cleo> in <#C1|support> <@U9> <!here> 1 < 2")
    assert shown == "role wizard @cleo in #support <@U9> <!here> 1 < 2"


@pytest.mark.parametrize(
    ("sent", "typed"),
    [
        ("see <https://dash.example/1>", "see https://dash.example/1"),
        ("see <http://dash.example|dash.example>, 1 &lt; 2", "see dash.example, 1 < 2"),
        ("ask <mailto:help@example.com|help@example.com>", "ask help@example.com"),
        ("the <https://dash.example/1|board>", "the board (https://dash.example/1)"),
        ("typed as &lt;https://x.example&gt;", "typed as <https://x.example>"),
    ],
)
def test_a_link_comes_back_as_it_was_typed(sent: str, typed: str) -> None:
    assert kit.unescape(sent) == typed


@given(st.text())
def test_escaping_is_reversible(text: str) -> None:
    assert kit.unescape(kit.esc(text)) == text


@given(st.text(max_size=5000))
def test_builders_stay_within_limits(text: str) -> None:
    assert 1 <= len(kit.section(text)["text"]["text"]) <= 3000
    assert 1 <= len(kit.header(text)["text"]["text"]) <= 150
    assert 1 <= len(kit.button(text, "a")["text"]["text"]) <= 75
    assert 1 <= len(kit.option(text, "v")["text"]["text"]) <= 75
    view = kit.modal("c", text, [kit.section(text)], submit=text or "x")
    assert 1 <= len(view["title"]["text"]) <= 24 and len(view["submit"]["text"]) <= 24


def test_what_a_button_carries_comes_back_and_junk_is_nothing() -> None:
    assert kit.unpack(kit.pack(i=12, k="a/b")) == {"i": 12, "k": "a/b"}
    for junk in (None, "", "not json", "[1]", '"x"', "{"):
        assert kit.unpack(junk) == {}


def test_values_of_a_form() -> None:
    state = {
        "values": {
            "t": {"t": {"type": "plain_text_input", "value": "  hi "}},
            "s": {"s": {"selected_option": {"value": "x"}}},
            "m": {"m": {"selected_options": [{"value": "a"}, {"value": "b"}]}},
            "u": {"u": {"selected_user": "U1"}},
            "d": {"d": {"selected_date_time": 0}},
            "none": {"none": {"value": None}},
        }
    }
    values = kit.Values(state)
    assert (values.text("t"), values.text("none"), values.text("missing")) == ("hi", "", "")
    assert (values.choice("s"), values.choices("m"), values.user("u")) == ("x", ["a", "b"], "U1")
    assert values.moment("d") is None and values.choice("missing") is None


def test_mentions_are_found_and_taken_out() -> None:
    text = "comms <@U012ABC|ann> please <@W9>"
    assert kit.mentioned(text) == ["U012ABC", "W9"]
    assert kit.without_mentions(text) == "comms please"
