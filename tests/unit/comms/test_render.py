"""Drafts from templates: unknown facts stay visible, people's words stay words, templates stay small."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.comms.render import carry, render, unknown
from bot.errors import ConfigError
from bot.playbook.load import Content, load_content

ROOT = Path(__file__).parents[3]


@cache
def real() -> Content:
    return load_content(ROOT / "playbooks", ROOT / "comms_templates")


@pytest.fixture
def content() -> Content:
    return real()


def made(body: str, **known: object) -> tuple[str, str]:
    template = replace(real().templates["users", "first"], body=body)
    return render(real(), template, known)


def test_every_template_can_be_filled_with_nothing_and_with_everything(content: Content) -> None:
    for template in content.templates.values():
        names = [fact.name for fact in template.head.facts]
        title, body = render(content, template, {})
        assert title and "We do not know yet" in body and "{{" not in body and "#" not in title
        record = {
            "families": ["Wrong answers"], "roles": [{"title": "Commander", "holder": "U1"}],
            "incident": {"channel": "#inc-1-x", "title": "X", "severity": "SEV2", "tempo": "acute"},
        }  # fmt: skip
        title, body = render(content, template, {**record, **dict.fromkeys(names, "Known.")})
        assert "We do not know yet" not in body
        assert not [line for line in body.split("\n") if line.startswith(("#", "**"))]
        assert len(body) < 3000 and "\n\n\n" not in body


def test_a_drill_is_marked_in_title_and_text(content: Content) -> None:
    for template in content.templates.values():
        title, body = render(content, template, {"drill": True})
        assert "DRILL" in title and "drill" in body.split("\n")[0].lower()


HOSTILE = (
    st.sampled_from(["{{ 7*7 }}", "{% for x in y %}", "{# c #}", "{{ config }}", "${7*7}", "<b>"])
    | st.text()
)


@given(HOSTILE)
def test_a_fact_is_a_value_and_nothing_else(fact: str) -> None:
    title, body = made("# A title\n[{{ what_happened }}]", what_happened=fact)
    assert title == "A title"
    if fact and "\n" not in fact and fact == " ".join(fact.split()) and "**" not in fact:
        assert body == f"[{fact}]"


def test_unknown_names_stay_visible_and_are_false() -> None:
    _, body = made(
        "# A title\n{{ who }} {{ a.b.c }}{% if who %}yes{% endif %}{% for x in who %}x{% endfor %}"
    )
    assert body == f"{unknown('who')} {unknown('a')}"


def test_times_and_lists_read_well() -> None:
    at = datetime(2026, 11, 21, 5, 10, tzinfo=UTC)
    assert (
        made("# A title\n{{ at }}; {{ some }}", at=at, some=["a", "b"])[1]
        == "21 November 2026, 05:10 UTC; a, b"
    )


@pytest.mark.parametrize(
    "body",
    [
        "{{ ''.__class__.__mro__ }}",
        "{{ items.append(1) }}",
        "{% for a in range(99999) %}x{% endfor %}",
        "{% for a in range(100) %}{% for b in range(100) %}{{ 'xxxxxxxxxx' }}{% endfor %}{% endfor %}",
        "{{ 'x' * 999999999 }}",
        "{{ 9 ** 999999 }}",
        "{% include '/etc/passwd' %}",
        "{{ broken",
        "{{ 1 / 0 }}",
        "{% set a = 'xx' %}{{ a }}",
        "{% set a %}xx{% endset %}{{ a }}",
        "{% with a = 'x' ~ 'x' %}{{ a }}{% endwith %}",
        "{% macro m(a) %}{{ a }}{{ a }}{% endmacro %}{{ m(m(m('x'))) }}",
        "{{ ['x', 'x'] | join('x' ~ ['" + "', '" * 200 + "'] | join('" + "x" * 200 + "')) }}",
    ],
)
def test_a_template_cannot_do_harm(content: Content, body: str) -> None:
    try:
        _, text = made(f"# A title\nBegin. {body}", items=[1])
    except ConfigError as problem:
        assert content.templates["users", "first"].file in problem.message
    else:
        assert "We do not know yet" in text and len(text) < 3000


def test_new_answers_reach_a_text_that_was_worked_on() -> None:
    before = "Where: We do not know yet: scope.\n\nMeanwhile: We do not know yet: workaround."
    after = "Where: Chat.\n\nMeanwhile: We do not know yet: workaround."
    assert carry(f"Hello.\n\n{before}\n\nBye.", before, after) == f"Hello.\n\n{after}\n\nBye."
    assert carry("Where: in Rome.", before, after) == "Where: in Rome."
