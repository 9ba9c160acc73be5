"""The one source of the present moment, so that a drill or a test can move it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta


class Clock:
    """UTC now, plus an offset that only tests and the sandbox set."""

    def __init__(self, source: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self._source = source
        self._offset = timedelta()

    def now(self) -> datetime:
        """The present moment, UTC and aware, to the millisecond."""
        now = self._source() + self._offset
        return now.replace(microsecond=now.microsecond // 1000 * 1000)

    def advance(self, by: timedelta) -> None:
        """Move forward (or back)."""
        self._offset += by


def rfc3339(moment: datetime) -> str:
    """``2026-11-21T04:05:06.789Z``: how times are written in files and in the record."""
    return (
        moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03d}Z"
    )


def from_rfc3339(text: str) -> datetime:
    """The moment that :func:`rfc3339` wrote. Raises ``ValueError`` on anything naive."""
    moment = datetime.fromisoformat(text.replace("Z", "+00:00"))
    if moment.tzinfo is None:
        raise ValueError(f"{text!r} has no zone")
    return moment.astimezone(UTC)
