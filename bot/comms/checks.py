"""Checks on the words of a notice: what could do harm, and how to put it better.

Pure functions: text and circumstances in, findings out. A blocking finding stops the text from
being sent for approval; an advice is shown to the author and to every approver. The words are
English; a text in another language is checked for addresses, secrets and names only as far as
these look the same.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from bot.comms import reading
from bot.comms.text import Text
from bot.playbook.rules import Audience

#: A text this much harder than the audience's limit is not sent; up to there it is advice.
GRADE_FAR_OVER = 3
WORDS_FOR_A_GRADE = 30


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing to look at: what was found, and what to do about it."""

    id: str
    what: str
    fix: str
    blocking: bool = False


@dataclass(frozen=True, slots=True)
class Circumstances:
    """What the checks must know besides the text."""

    audience: Audience
    drill: bool = False
    contained: bool = False
    #: Stages after which nothing follows need no time of the next word.
    final: bool = False
    #: Names of our own channels, so that they are recognised without a mark.
    channels: tuple[str, ...] = ()


Check = Callable[[str, Circumstances], Iterator[Finding]]


def check(text: Text, about: Circumstances) -> list[Finding]:
    """Every finding on the text, the blocking ones first."""
    whole = f"{text.title}\n{text.body}"
    found = [finding for rule in CHECKS for finding in rule(whole, about)]
    return sorted(found, key=lambda finding: not finding.blocking)


def blocking(findings: Sequence[Finding]) -> list[Finding]:
    """Those that stop the text."""
    return [finding for finding in findings if finding.blocking]


# --- what is missing ----------------------------------------------------------------------------

_UNKNOWN = re.compile(r"We do not know yet: ([^.\n]+)")
_LEFTOVER = re.compile(
    r"\{\{|\}\}|\{%|%\}|\b(?:TODO|TBD|TBC|FIXME|XXX+)\b|lorem ipsum", re.IGNORECASE
)
_NEXT = re.compile(
    r"\bnext (?:update|word|notice|message)|\bwe(?:'ll| will| shall) (?:write|update|post|tell|report|be in touch|give|say|let you know|share)\b"
    r"|\bupdate (?:you |this page )?(?:again |by |at |before )",
    re.IGNORECASE,
)  # fmt: skip
_LAST = re.compile(
    r"\b(?:last|final) (?:update|word|notice|message)|\bno (?:further|more) (?:updates|notices)|\bis (?:over|resolved|fixed|closed)\b",
    re.IGNORECASE,
)  # fmt: skip
_WHEN = re.compile(
    r"\b\d{1,2}[:.]\d{2}\b|\b\d{1,2} ?(?:am|pm)\b|\b(?:in|within|every) (?:\d+|an?|one|two|three|four) (?:minute|hour|day|week)"
    r"|\b\d{4}-\d{2}-\d{2}\b|\b\d{1,2} (?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)|\b(?:tomorrow|today|tonight|noon|midnight)\b",
    re.IGNORECASE,
)  # fmt: skip
_CONTACT = re.compile(
    r"[\w.+-]+@[\w-]+\.[\w.-]+|https?://|\bwww\.|\+\d[\d ()-]{6,}|\b(?:contact|reach|call|write to|reply to|ask) (?:us|our|the|support|this)\b",
    re.IGNORECASE,
)  # fmt: skip
_DO = re.compile(
    r"what (?:you|to) (?:should|can|need to|must|do)|\byou (?:do not|don't|need not|should|can|must|need to)\b|\bplease\b|\bno action\b|\bnothing (?:for you )?to do\b|\bworkaround\b",
    re.IGNORECASE,
)  # fmt: skip
#: Blocks without which a notice leaves people alone: their absence stops the text.
_NEEDED: dict[str, tuple[re.Pattern[str], str]] = {
    "contact": (_CONTACT, "Say whom people can write to or call, with the address."),
    "what you should do": (
        _DO,
        "Say what people should do now, or that they need not do anything.",
    ),
}
#: Other blocks are recognised by words that can hardly be missing when the block is there.
_HINTS = {
    "when": _WHEN,
    "workaround": re.compile(r"workaround|meanwhile|instead|until then|no way around", re.IGNORECASE),
    "scope": re.compile(r"scope|affected|only|all (?:users|customers|regions)|nobody|everybody", re.IGNORECASE),
    "symptom": re.compile(r"what happened|symptom|see|saw|seen|show|error|fail|wrong|slow|unavailable|answer", re.IGNORECASE),
}  # fmt: skip
_STOP = {
    "and",
    "the",
    "we",
    "you",
    "who",
    "how",
    "what",
    "can",
    "be",
    "is",
    "in",
    "did",
    "not",
    "do",
    "ai",
}


def _unknowns(text: str, about: Circumstances) -> Iterator[Finding]:
    missing = sorted(set(_UNKNOWN.findall(text)))
    if not missing:
        return
    listed = ", ".join(missing)
    if about.final:
        yield Finding(
            "unknown-at-end",
            f"Not known yet: {listed}.",
            "Say what was found, or why it stays unknown.",
            True,
        )
    elif not _has_next(text):
        yield Finding(
            "unknown-without-time",
            f"Not known yet: {listed}. The text does not say when people hear more.",
            "Add the time of the next update.",
            True,
        )
    else:
        yield Finding(
            "unknown",
            f"Not known yet: {listed}.",
            "Fill in what you know; what is left may go out, said openly.",
        )


def _leftovers(text: str, about: Circumstances) -> Iterator[Finding]:
    found = _first(_LEFTOVER, text)
    if found:
        yield Finding(
            "leftover", f"«{found}» looks unfinished.", "Replace it by words, or take it out.", True
        )


def _blocks(text: str, about: Circumstances) -> Iterator[Finding]:
    for block in about.audience.blocks:
        yield from _block(block, text, about)


def _block(block: str, text: str, about: Circumstances) -> Iterator[Finding]:
    name = block.lower()
    if name == "next update":
        if not (about.final and (_LAST.search(text) or _has_next(text))) and not _has_next(text):
            fix = (
                "Say that this is the last update."
                if about.final
                else "Add: Next update: day and time, with the zone."
            )
            yield Finding(
                "no-next-update", "The text does not say when people hear from us next.", fix, True
            )
    elif name in _NEEDED:
        pattern, fix = _NEEDED[name]
        if not pattern.search(text):
            yield Finding("missing-" + name.replace(" ", "-"), f"«{block}» is missing.", fix, True)
    elif not _hinted(name, text):
        yield Finding(
            "missing-block",
            f"«{block}» seems to be missing.",
            f"Add it, or make sure that the text says it: {block}.",
        )


def _has_next(text: str) -> bool:
    return any(
        _WHEN.search(text[found.start() : found.end() + 80]) for found in _NEXT.finditer(text)
    )


def _hinted(name: str, text: str) -> bool:
    if name in _HINTS:
        return bool(_HINTS[name].search(text))
    words = [word for word in re.findall(r"[a-z]+", name) if word not in _STOP and len(word) > 2]
    return not words or any(
        re.search(rf"\b{re.escape(word[:6])}", text, re.IGNORECASE) for word in words
    )


# --- what should not be there -------------------------------------------------------------------

_GUESS = re.compile(
    r"\b(?:may have|might(?: have)?|could have|possibly|perhaps|probably|presumably|apparently|supposedly|allegedly|seems? to|appears? to|we (?:think|believe|suspect|assume|guess))\b",
    re.IGNORECASE,
)  # fmt: skip
_REASON = re.compile(
    r"\b(?:because|since|based on|as our|our (?:logs?|records?|checks?|tests?) show|according to|until we|we are (?:still )?checking)\b",
    re.IGNORECASE,
)  # fmt: skip
_BLAME = re.compile(
    r"\b(?:human error|operator error|user error|at fault|fault of|(?:their|his|her|your) fault|blam\w+|careless\w*|negligen\w+|incompeten\w+|reckless\w*|stupid\w*|lazy|sloppy|should have known|failed to follow|forgot to|rogue|screwed up|messed up)\b",
    re.IGNORECASE,
)  # fmt: skip
_PERSON = re.compile(
    r"<@[UW][A-Z0-9]+|\b[UW](?=[A-Z0-9]*\d)[A-Z0-9]{8,12}\b|(?<![\w.])@[a-z][\w.-]+", re.IGNORECASE
)
_INTERNAL = re.compile(
    r"\bINC-?\d+\b|\bSEV-?\s?[0-4]\b|\b[CDG](?=[A-Z0-9]*\d)[A-Z0-9]{8,12}\b|<[#!@][^>]*>|(?<![\w&/])#[a-z][\w-]{2,}",
)  # fmt: skip
_HOST = re.compile(
    r"\b(?:[a-z0-9-]+\.)+(?:internal|local|localdomain|corp|lan|intra|svc|intranet)\b|\blocalhost\b|\b(?:\d{1,3}\.){3}\d{1,3}\b|\bip-\d+-\d+-\d+-\d+\b"
    r"|\b[a-z]+(?:-[a-z0-9]+)*-(?:prod|staging|stg|dev)(?:-[a-z0-9]+)*\b|\b(?:prod|staging)-[a-z0-9-]+\b",
    re.IGNORECASE,
)  # fmt: skip
_SECRET = re.compile(
    r"\bxox[a-z]-[\w-]{8,}|\bxapp-[\w-]{8,}|\bsk-[\w-]{12,}|\bgh[opsu]_\w{16,}|\bgithub_pat_\w{16,}|\bAKIA[0-9A-Z]{12,}|\bAIza[\w-]{20,}"
    r"|-----BEGIN [A-Z ]*PRIVATE KEY|\beyJ[\w-]{8,}\.[\w-]{8,}\.|\b(?:password|passwd|secret|api[ _-]?key|token)\s*[:=]\s*\S{4,}|\bBearer [\w.-]{12,}|\b[0-9a-f]{32,}\b|//[^/\s:@]+:[^/\s@]+@",
    re.IGNORECASE,
)  # fmt: skip
_EXPLOIT = re.compile(
    r"\b(?:exploit\w*|payloads?|proof[ -]of[ -]concept|poc|bypass\w*|jailbreak\w*|prompt injection|injection string|system prompt|ignore (?:all |any )?(?:previous|prior) instructions|steps to reproduce|how to reproduce|CVE-\d{4}-\d+|zero[ -]day|curl |base64|vulnerab\w+ in)\b|```",
    re.IGNORECASE,
)  # fmt: skip


def _guesses(text: str, about: Circumstances) -> Iterator[Finding]:
    for sentence in re.split(r"(?<=[.!?])\s+|\n+", text):
        found = _first(_GUESS, sentence)
        if found and not _REASON.search(sentence):
            yield Finding(
                "guess", f"«{found}» sounds like a guess: «{_short(sentence)}»",
                "Say what is known and how you know it, or that it is not known yet.", about.audience.external,
            )  # fmt: skip


def _blame(text: str, about: Circumstances) -> Iterator[Finding]:
    found = _first(_BLAME, text)
    if found:
        yield Finding(
            "blame",
            f"«{found}» puts blame on somebody.",
            "Say what happened and what changed, not who is to blame.",
            about.audience.external,
        )


def _people(text: str, about: Circumstances) -> Iterator[Finding]:
    found = _first(_PERSON, _without_addresses(text))
    if found:
        yield Finding(
            "person",
            f"«{found}» names a person or account.",
            "Name the role or the team instead.",
            about.audience.external,
        )


def _internals(text: str, about: Circumstances) -> Iterator[Finding]:
    if not about.audience.external:
        return
    bare = _without_addresses(text)
    names = [re.escape(name) for name in about.channels if len(name) > 3]
    ours = re.compile(r"\b(?:" + "|".join(names) + r")\b") if names else None
    for pattern, where in ((_INTERNAL, bare), (_HOST, text), (ours, bare)):
        found = _first(pattern, where) if pattern else None
        if found:
            yield Finding(
                "internal",
                f"«{found}» is a name from inside.",
                "Take it out; people outside cannot use it, and it helps an attacker.",
                True,
            )


def _secrets(text: str, about: Circumstances) -> Iterator[Finding]:
    found = _first(_SECRET, text)
    if found:
        yield Finding(
            "secret",
            f"«{found[:6]}…» looks like a secret.",
            "Take it out and have it changed: it is on the record now.",
            True,
        )


def _exploits(text: str, about: Circumstances) -> Iterator[Finding]:
    found = _first(_EXPLOIT, text)
    if found and about.audience.external and not about.contained:
        yield Finding(
            "exploit",
            f"«{found}» helps others to do it again, and the incident is not contained.",
            "Say what people notice, not how it is done.",
            True,
        )


def _grade(text: str, about: Circumstances) -> Iterator[Finding]:
    most = about.audience.max_grade
    if most is None or reading.word_count(text) < WORDS_FOR_A_GRADE:
        return
    found = reading.grade(text)
    if found > most:
        yield Finding(
            "grade", f"The text reads at grade {found:.1f}; {most} is the most for this audience.",
            "Use shorter sentences and plainer words.", found > most + GRADE_FAR_OVER,
        )  # fmt: skip


def _drill(text: str, about: Circumstances) -> Iterator[Finding]:
    title, _, body = text.partition("\n")
    if about.drill and not ("DRILL" in title and "drill" in body.lower()):
        yield Finding(
            "drill",
            "Title and text must say that this is a drill.",
            "Begin the title with «DRILL: » and the text with «This is a drill.»",
            True,
        )


CHECKS: tuple[Check, ...] = (
    _drill, _secrets, _internals, _people, _exploits, _leftovers, _unknowns, _blocks, _guesses,
    _blame, _grade,
)  # fmt: skip


def _first(pattern: re.Pattern[str], text: str) -> str | None:
    found = pattern.search(text)
    return found.group(0).strip() if found else None


def _without_addresses(text: str) -> str:
    return re.sub(r"https?://\S+|[\w.+-]+@[\w-]+\.[\w.-]+", " ", text)


def _short(text: str) -> str:
    text = " ".join(text.split())
    return text if len(text) <= 90 else text[:89] + "…"
