"""How hard a text is to read: the Flesch-Kincaid grade, for English.

grade = 0.39 × words/sentences + 11.8 × syllables/words − 15.59
(Kincaid, Fishburne, Rogers, Chissom: Derivation of New Readability Formulas for Navy Enlisted
Personnel, Research Branch Report 8-75, 1975.) Syllables are counted by rule, not by dictionary:
one for each group of vowels, less a silent ending. Single words may be off by one; over a
paragraph the errors cancel out.
"""

from __future__ import annotations

import re

_WORD = re.compile(r"[A-Za-z]+(?:['’][A-Za-z]+)?")
_END = re.compile(r"[.!?]+(?=\s|$)|\n+")
_VOWELS = re.compile(r"[aeiouy]+")
#: Addresses are not read as words.
_ADDRESS = re.compile(r"https?://\S+|\S+@\S+\.\S+|\bwww\.\S+")


def grade(text: str) -> float:
    """School grade needed to follow the text; 0 for a text without words."""
    text = _ADDRESS.sub(" ", text)
    sentences = [words for part in _END.split(text) if (words := _WORD.findall(part))]
    words = [word for sentence in sentences for word in sentence]
    if not words:
        return 0.0
    total = sum(map(syllables, words))
    return 0.39 * len(words) / len(sentences) + 11.8 * total / len(words) - 15.59


def word_count(text: str) -> int:
    """Words in the text, addresses left out."""
    return len(_WORD.findall(_ADDRESS.sub(" ", text)))


def syllables(word: str) -> int:
    """Spoken syllables of an English word, by rule; at least one."""
    word = re.sub(r"['’].*", "", word.lower())
    groups = _VOWELS.findall(word)
    count = len(groups)
    if (
        (word.endswith("e") and not word.endswith(("le", "ee", "ye", "oe")))
        or (
            word.endswith("es")
            and not word.endswith(("ses", "zes", "ches", "shes", "xes", "ges", "ces", "les", "ees"))
        )
        or (word.endswith("ed") and not word.endswith(("ted", "ded", "eed")))
    ):
        count -= 1
    return max(1, count)
