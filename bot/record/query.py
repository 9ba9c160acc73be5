"""What people type to search: words, and ``in: by: kind: since: drill:``. Never a syntax error."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from bot.errors import BadInput

_FILTER = re.compile(r"(?<!\S)(in|by|kind|since|drill):\s*(\S+)", re.IGNORECASE)
_AGO = re.compile(r"(\d{1,4})([mhdw])\Z")
_UNITS = {"m": "minutes", "h": "hours", "d": "days", "w": "weeks"}
#: What people call the kinds of entries -> the first part of their names.
KINDS: dict[str, tuple[str, ...]] = {
    "action": ("action",), "approval": ("approval",), "criterion": ("criterion",),
    "decision": ("decision",), "evidence": ("evidence", "message"), "fact": ("note", "facts"),
    "hypothesis": ("hypothesis",), "incident": ("incident",), "message": ("message",),
    "note": ("note",), "notice": ("notice",), "postmortem": ("postmortem", "factor"),
    "role": ("role",), "severity": ("severity",), "step": ("step", "steps"),
    "update": ("update",),
}  # fmt: skip
#: Shorter endings than this would match half of the record.
PREFIX_MIN = 2
WORDS_MOST = 12


@dataclass(frozen=True, slots=True)
class Query:
    """A search: all ``words`` and one that begins with ``prefix``, in the entries asked for."""

    words: tuple[str, ...] = ()
    prefix: str = ""
    incident: int | None = None
    by: str | None = None
    kinds: tuple[str, ...] = ()
    since: datetime | None = None
    drill: bool | None = None


def parse(typed: str, now: datetime) -> Query:
    """A search out of what was typed. Raises ``BadInput`` when it asks for nothing, or when a
    filter's value cannot be meant."""
    from bot.record.search import words_of

    asked = {name.lower(): value for name, value in _FILTER.findall(typed)}
    words = words_of(_FILTER.sub(" ", typed))[:WORDS_MOST]
    if not words and not asked:
        raise BadInput(
            "Say what to look for.",
            instead="`/incident search WORDS`, with `in:inc-3`, `by:@ann`, `kind:decision`, "
            "`since:7d` or `drill:no` if you like.",
        )
    open_end = bool(words) and len(words[-1]) >= PREFIX_MIN
    return Query(
        words=tuple(words[:-1] if open_end else words),
        prefix=words[-1] if open_end else "",
        incident=_incident(asked.get("in")),
        by=_person(asked.get("by")),
        kinds=_kinds(asked.get("kind")),
        since=_since(asked.get("since"), now),
        drill=_drill(asked.get("drill")),
    )


def _incident(value: str | None) -> int | None:
    from bot.incident.names import parse_ref

    number = parse_ref(value) if value else None
    if value and number is None:
        raise BadInput("That is not the name of an incident.", instead="Write `in:inc-3`.")
    return number


def _person(value: str | None) -> str | None:
    if value is None:
        return None
    mention = re.fullmatch(r"<@([UW][A-Z0-9]+)(?:\|[^>]*)?>", value)
    if mention:
        return mention.group(1)
    found = value.lstrip("@")
    if not re.fullmatch(r"[UW][A-Z0-9]{2,}|cli:\S+|system", found):
        raise BadInput(
            "That is not a person Slack knows.",
            instead="Write `by:@` and choose the name that Slack offers.",
        )
    return found


def _kinds(value: str | None) -> tuple[str, ...]:
    if value is None:
        return ()
    word = value.lower()
    found = (
        KINDS.get(word) or KINDS.get(word.removesuffix("s")) or KINDS.get(word.partition(".")[0])
    )
    if found is None:
        raise BadInput(
            "There is no such kind of entry.", instead=f"Kinds are: {', '.join(sorted(KINDS))}."
        )
    return found


def _since(value: str | None, now: datetime) -> datetime | None:
    if value is None:
        return None
    ago = _AGO.match(value.lower())
    if ago:
        return now - timedelta(**{_UNITS[ago.group(2)]: int(ago.group(1))})
    try:
        found = datetime.fromisoformat(value)
    except ValueError:
        raise BadInput(
            "That is not a time to search from.",
            instead="Write `since:24h`, `since:7d` or `since:2026-03-31`.",
        ) from None
    return found.astimezone(UTC) if found.tzinfo else found.replace(tzinfo=UTC)


def _drill(value: str | None) -> bool | None:
    if value is None:
        return None
    found = {"no": False, "false": False, "yes": True, "only": True, "true": True}.get(
        value.lower()
    )
    if found is None:
        raise BadInput("Drills: yes or no?", instead="Write `drill:no` or `drill:only`.")
    return found
