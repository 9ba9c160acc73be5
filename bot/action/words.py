"""Reading an action item as people type it: what, ``@who``, ``by when``, type, ``proof: what``.

Pure functions, and tolerant: whatever is not understood stays part of the text. Only ``need_due``, the
answer to a question, insists.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from bot.errors import BadInput
from db.tables import ActionItem

#: What an action item is meant to achieve.
KINDS = ("prevent", "detect", "mitigate", "process", "communicate")
#: A day without a time means this hour, UTC.
END_OF_DAY = time(17, 0, tzinfo=UTC)

_MENTION = re.compile(r"<@([UW][A-Z0-9]+)(?:\|[^>]*)?>")
_KIND = re.compile(
    r"(?:^|\s)(?:--|type[:= ]\s*|\[|#)(prevent|detect|mitigate|process|communicate)\b\]?",
    re.IGNORECASE,
)
_LEADING_KIND = re.compile(r"(prevent|detect|mitigate|process|communicate):\s+", re.IGNORECASE)
_PROOF = re.compile(r"\b(?:proof|proven by|proved by)\s*[:=]\s*(.+)\Z", re.IGNORECASE | re.DOTALL)
_DUE = re.compile(r"(?:^|\s)(?:by|due|until|before)[: ]\s*(.+?)\s*\Z", re.IGNORECASE)
_DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_IN = re.compile(r"(?:in )?(\d{1,3}) ?(d|days?|w|weeks?|months?)\Z", re.IGNORECASE)
_DAY_MONTH = re.compile(r"(\d{1,2})\.? ([a-z]{3,9})(?: (\d{4}))?\Z", re.IGNORECASE)
_MONTH_DAY = re.compile(r"([a-z]{3,9}) (\d{1,2})(?:,? (\d{4}))?\Z", re.IGNORECASE)


def remarks(row: ActionItem) -> list[tuple[str, str]]:
    """What belongs under an item as it stands, each with its label: proof wanted, proof, reason."""
    found = []
    if row.proof_wanted and row.state == "open":
        found.append(("Proof wanted", row.proof_wanted))
    if row.proof and row.state in ("done", "proven"):
        found.append(("Proof", row.proof))
    if row.reason and row.state in ("open", "dropped"):
        found.append(("Because", row.reason))
    return found


@dataclass(frozen=True, slots=True)
class Typed:
    """What was understood; None or empty where nothing was said."""

    text: str
    owner: str | None = None
    due_at: datetime | None = None
    kind: str | None = None
    proof_wanted: str = ""


def read_item(text: str, now: datetime) -> Typed:
    """``Test the filter on German @ann by friday --detect proof: the test in CI``."""
    proof = _PROOF.search(text)
    wanted = proof.group(1).strip() if proof else ""
    text = text[: proof.start()] if proof else text
    people = _MENTION.findall(text)
    text = " ".join(_MENTION.sub(" ", text).split())
    text, kind = _take_kind(text)
    text, due_at = _take_due(text, now)
    return Typed(text.strip(" ,;"), people[0] if people else None, due_at, kind, wanted)


def _take_kind(text: str) -> tuple[str, str | None]:
    leading = _LEADING_KIND.match(text)
    if leading:
        return text[leading.end() :], leading.group(1).lower()
    found = _KIND.search(text)
    if found is None:
        return text, None
    return f"{text[: found.start()]} {text[found.end() :]}".strip(), found.group(1).lower()


def _take_due(text: str, now: datetime) -> tuple[str, datetime | None]:
    """The last ``by …`` that reads as a day; «stand by the team» is none and stays."""
    start = 0
    while match := _DUE.search(text, start):
        due = read_due(match.group(1), now)
        if due is not None:
            return text[: match.start()], due
        start = match.start() + 1
    return text, None


def read_due(words: str, now: datetime) -> datetime | None:
    """A moment from ``2026-12-01``, ``friday``, ``in 2 weeks``, ``12 Dec``, ``tomorrow``; else None.

    A day without a time means 17:00 UTC.
    """
    words = " ".join(words.lower().strip(" .").removeprefix("on ").split())
    day = _iso(words) or _relative(words, now.date()) or _named(words, now.date())
    if day is None:
        return None
    return day if isinstance(day, datetime) else datetime.combine(day, END_OF_DAY)


def need_due(words: str, now: datetime) -> datetime:
    """The same, for an answer to «until when?». Raises ``BadInput``."""
    due = read_due(words.strip().removeprefix("by ").removeprefix("until "), now)
    if due is None:
        raise BadInput(
            f"«{words.strip()[:60]}» is not a day.",
            instead="A day looks like 2026-12-01, friday, or in 2 weeks.", field="due",
        )  # fmt: skip
    return due


def _iso(words: str) -> date | datetime | None:
    try:
        if len(words) == 10:
            return date.fromisoformat(words)
        found = datetime.fromisoformat(words.upper())
    except ValueError:
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def _relative(words: str, today: date) -> date | None:
    near = {"today": 0, "tomorrow": 1, "next week": 7, "end of week": 4 - today.weekday()}
    if words in near:
        return today + timedelta(days=max(near[words], 0))
    match = _IN.match(words)
    if match is None:
        return None
    unit = {"d": 1, "w": 7, "m": 30}[match.group(2)[0]]
    return today + timedelta(days=int(match.group(1)) * unit)


def _named(words: str, today: date) -> date | None:
    word = words.removeprefix("next ").removeprefix("this ")
    for index, name in enumerate(_DAYS):
        if word in (name, name[:3]):
            return today + timedelta(days=(index - today.weekday() - 1) % 7 + 1)
    day_first, month_first = _DAY_MONTH.match(words), _MONTH_DAY.match(words)
    if day_first:
        return _calendar(day_first.group(2), day_first.group(1), day_first.group(3), today)
    if month_first:
        return _calendar(month_first.group(1), month_first.group(2), month_first.group(3), today)
    return None


def _calendar(month: str, day: str, year: str | None, today: date) -> date | None:
    """The day in the given year, else the next time it comes."""
    if month[:3] not in _MONTHS:
        return None
    number = _MONTHS.index(month[:3]) + 1
    try:
        found = date(int(year or today.year), number, int(day))
        return found if year or found >= today else found.replace(year=found.year + 1)
    except ValueError:  # no such day, that year
        return None
