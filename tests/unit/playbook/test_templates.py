"""Every notice renders, with everything known and with nothing known, and reads easily."""

from __future__ import annotations

import re

import pytest

from bot.comms.render import render, unknown
from bot.playbook.load import Template, load_content
from tests.unit.playbook.conftest import FOLDER, TEMPLATES

CONTENT = load_content(FOLDER, TEMPLATES)
ALL = list(CONTENT.templates.values())
USERS = [one for one in ALL if one.head.audience == "users"]
NAMES = [f"{one.head.audience}/{one.head.stage}" for one in ALL]

KNOWN = {
    "ref": "INC-7",
    "title": "Assistant gave out order data",
    "severity": "SEV2",
    "what_happened": "Our help assistant showed parts of some orders to other people.",
    "when_started": "It ran from 9:00 to 11:30 UTC on 21 November.",
    "what_ai_did": "It put text from one order into the reply for someone else.",
    "who_affected": "Between 40 and 60 people.",
    "how_we_know": "We read the logs of all replies in that time.",
    "what_we_did": "We turned the order lookup off.",
    "what_you_should_do": "You do not need to do anything now.",
    "how_to_get_review": "Write to us and we will check your order by hand.",
    "contact": "Write to help@example.com. A person will reply.",
    "next_update_at": "21 November, 16:00 UTC",
    "scope": "Order lookup in the help chat",
    "workaround": "Look up orders on the orders page.",
    "decisions_needed": "None now.",
    "clocks": "One may run since 9:40 UTC.",
    "wrong_statement": "The return period is 60 days.",
    "right_statement": "The return period is 30 days.",
    "where_it_appeared": "In the help chat",
    "what_changed": "Each reply is now checked against the owner of the order.",
    "unknowns": "Whether anyone saved the data.",
}
RECORD = {
    "families": ["Privacy leakage"],
    "roles": [{"title": "Incident commander", "holder": "Ada"}],
    "incident": {"channel": "#inc-7", "tempo": "acute"},
    "open_hypotheses": ["A cache mixed up its keys"],
}


def body(template: Template, **known: object) -> str:
    return render(CONTENT, template, known)[1]


def whole(template: Template, **known: object) -> str:
    return "\n\n".join(render(CONTENT, template, known))


@pytest.mark.parametrize("template", ALL, ids=NAMES)
def test_with_everything_known_nothing_is_unknown(template: Template) -> None:
    text = whole(template, **KNOWN, **RECORD, drill=False)
    assert "We do not know yet" not in text
    assert "{" not in text and "DRILL" not in text
    for fact in template.head.facts:
        assert KNOWN[fact.name] in text, f"{fact.name} does not appear"


@pytest.mark.parametrize("template", ALL, ids=NAMES)
def test_with_nothing_known_each_gap_is_said(template: Template) -> None:
    text = whole(template, drill=False)
    for fact in template.head.facts:
        if fact.required:
            assert unknown(fact.name).rstrip(".") in text


@pytest.mark.parametrize("template", ALL, ids=NAMES)
def test_a_drill_says_so_in_its_first_line(template: Template) -> None:
    title, text = render(CONTENT, template, {**KNOWN, **RECORD, "drill": True})
    assert title.startswith("DRILL: ")
    assert text.splitlines()[0] == "DRILL. This is a drill. Nothing described here happened."
    assert text.count("Nothing described here happened.") == 1


def test_every_audience_has_every_stage() -> None:
    assert set(CONTENT.templates) == {
        (audience, stage) for audience in CONTENT.audiences for stage in CONTENT.stages
    }


BLOCKS = {
    "users": {
        "when_started", "what_ai_did", "who_affected", "how_we_know", "what_we_did",
        "what_you_should_do", "how_to_get_review", "contact", "next_update_at",
    },
    "status_page": {"scope", "workaround", "next_update_at"},
    "internal": {"what_happened", "unknowns", "who_affected", "what_we_did", "next_update_at"},
    "executive": {"what_happened", "who_affected", "decisions_needed", "clocks"},
}  # fmt: skip


@pytest.mark.parametrize("template", ALL, ids=NAMES)
def test_the_blocks_each_audience_must_get(template: Template) -> None:
    named = {fact.name for fact in template.head.facts}
    assert named >= BLOCKS[template.head.audience]
    assert all(fact.ask.endswith("?") for fact in template.head.facts)


@pytest.mark.parametrize("template", [t for t in ALL if t.head.audience == "status_page"])
def test_the_status_page_asks_for_no_cause(template: Template) -> None:
    text = body(template, **KNOWN).lower()
    assert not re.search(r"cause|because|exploit|attack|vulnerab", text)


@pytest.mark.parametrize("template", USERS)
@pytest.mark.parametrize("known", [KNOWN, {}], ids=["full", "unknown"])
def test_users_can_read_it(template: Template, known: dict[str, str]) -> None:
    assert grade(body(template, **known)) <= 9


@pytest.mark.parametrize("template", USERS)
def test_users_are_told_no_guess_and_no_blame(template: Template) -> None:
    text = body(template, **KNOWN).lower()
    assert not re.search(r"\bmay have\b|\bmight\b|\bpossibly\b|\bfault of\b|\bblame\b", text)


def grade(text: str) -> float:
    """Flesch-Kincaid grade of the sentences in a text; headings and list marks are not counted."""
    plain = re.sub(r"^#.*$|^- |[*\[\]]|\S+@\S+", "", text, flags=re.MULTILINE)
    sentences = [part for part in re.split(r"[.!?:\n]+", plain) if re.search(r"[a-z]", part)]
    words = re.findall(r"[A-Za-z']+", plain)
    syllables = sum(max(1, len(re.findall(r"[aeiouy]+", word.lower()))) for word in words)
    return 0.39 * len(words) / len(sentences) + 11.8 * syllables / len(words) - 15.59
