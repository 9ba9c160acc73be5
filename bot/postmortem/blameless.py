"""Advice on words that look for a culprit instead of a cause. It never blocks anything.

The rules are content (``playbooks/blameless.yaml``): words, why they hinder learning, and what to
write instead.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

from bot.playbook.rules import BlamelessRule

_PERSON = re.compile(r"<@[UW][A-Z0-9]+(?:\|[^>]*)?>")


@dataclass(frozen=True, slots=True)
class Finding:
    """One place in a text: the rule, what stands there, why it hinders, what to write instead."""

    rule: str
    found: str
    start: int
    why: str
    suggestion: str


def check(text: str, rules: Iterable[BlamelessRule]) -> list[Finding]:
    """Findings in the order of the text; each word is reported once by each rule."""
    out: list[Finding] = []
    for rule in rules:
        seen: set[str] = set()
        for match in _matches(rule, text):
            word = match.group(0)
            if word.lower() not in seen:
                seen.add(word.lower())
                out.append(Finding(rule.id, word, match.start(), rule.why, rule.suggest))
    return sorted(out, key=lambda finding: (finding.start, finding.rule))


def _matches(rule: BlamelessRule, text: str) -> Iterable[re.Match[str]]:
    if rule.mentions:
        yield from _PERSON.finditer(text)
    if rule.words:
        yield from _pattern(rule.words).finditer(text)


@lru_cache(maxsize=64)
def _pattern(words: tuple[str, ...]) -> re.Pattern[str]:
    """Whole words or phrases, in any case, with any white space between; longest first."""
    ways = sorted(words, key=len, reverse=True)
    spaced = [r"\s+".join(re.escape(part) for part in way.split()) for way in ways]
    return re.compile(rf"(?<!\w)(?:{'|'.join(spaced)})(?!\w)", re.IGNORECASE)
