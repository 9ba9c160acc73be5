"""What people type after a verb: a reason, or a number and words."""

from __future__ import annotations

import re

from bot.slack import kit

_NUMBERED = re.compile(r"#?(\d+)\b[\s:,]*(.*)", re.DOTALL)


def reason_in(text: str) -> str:
    """The sentence as a person typed it, without the ``because`` that may begin it."""
    return kit.unescape(text).strip().removeprefix("because ").strip()


def numbered(text: str) -> tuple[str, str]:
    """``#7 because it is gone`` is ``("7", "it is gone")``; without a number all of it names one."""
    found = _NUMBERED.match(text.strip())
    which, words = found.groups() if found else (text, "")
    return which, reason_in(words)
