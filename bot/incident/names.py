"""Names of incidents: how people type them, how Slack wants them."""

from __future__ import annotations

import re
import unicodedata

_REFERENCE = re.compile(r"(?:inc|drill|#)?[-\s#]*0*(\d{1,9})\Z", re.IGNORECASE)
CHANNEL_NAME_MAX = 80


def ref(number: int) -> str:
    """``INC-12``."""
    return f"INC-{number}"


def parse_ref(text: str) -> int | None:
    """12 from ``INC-12``, ``inc12``, ``#12`` or ``12``; None when it is none of these."""
    match = _REFERENCE.match(text.strip())
    return int(match.group(1)) if match else None


def channel_name(number: int, title: str, *, drill: bool, prefix: str = "inc") -> str:
    """A name that Slack accepts and nobody else has: the number is in it.

    Slack does not normalise names: lower case, digits, ``-`` and ``_``, 80 characters at most
    (docs.slack.dev, conversations.create, naming).
    """
    start = f"drill-{prefix}-{number}" if drill else f"{prefix}-{number}"
    name = start
    for word in slug(title)[:8]:
        if len(name) + 1 + len(word) > CHANNEL_NAME_MAX - 20:
            break
        name += f"-{word}"
    return name


def slug(text: str) -> list[str]:
    """The words of a text as they can stand in a channel's name."""
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().lower()
    return re.findall(r"[a-z0-9]+", plain)
