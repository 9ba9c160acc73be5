"""Advice on words: whole words only, in any case, once each, with something better to write."""

from __future__ import annotations

import pytest

from bot.playbook.load import load_content
from bot.playbook.rules import BlamelessRule
from bot.postmortem import blameless
from bot.settings import ROOT

RULES = load_content(ROOT / "playbooks", ROOT / "comms_templates").blameless


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("It was human  error.", [("human-error", "human  error")]),
        ("Max should have known; he Should Have asked.", [("hindsight", "should have known"), ("hindsight", "Should Have")]),
        ("<@U02MAX> pushed it", [("person", "<@U02MAX>")]),
        ("We failed to look. Obviously.", [("failed-to", "failed to"), ("obvious", "Obviously")]),
        ("carelessly", [("character", "carelessly")]),
        ("Be more careful! be more careful", [("never-again", "Be more careful")]),
        ("The page fault handler is blameless", []),
        ("It could easily have gone worse", []),
        ("", []),
    ],
)  # fmt: skip
def test_findings(text: str, found: list[tuple[str, str]]) -> None:
    assert [(one.rule, one.found) for one in blameless.check(text, RULES)] == found


def test_every_rule_says_why_and_what_instead() -> None:
    for rule in RULES:
        assert rule.why and rule.suggest and (rule.words or rule.mentions)


def test_words_are_not_patterns() -> None:
    rule = BlamelessRule(id="x", words=("a.c (x",), why="w", suggest="s")
    assert blameless.check("abc (x", [rule]) == []
    assert [one.start for one in blameless.check("say a.c  (x", [rule])] == [4]
