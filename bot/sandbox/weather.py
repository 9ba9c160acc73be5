"""Bad days at Slack: latency, errors, limits, lost answers; and single faults for tests."""

from __future__ import annotations

import random
from collections import deque
from collections.abc import Callable
from dataclasses import asdict, dataclass, fields
from typing import Any, Literal

Json = dict[str, Any]


@dataclass
class Weather:
    """How Slack is doing; times in milliseconds, rates from 0 to 1."""

    latency_ms: int = 0
    error_rate: float = 0.0
    rate_limit: bool = False
    force_429: float = 0.0
    duplicate_delivery: int = 0
    lose_answer_rate: float = 0.0
    offline: bool = False
    slow_delivery_ms: int = 0
    deaf: bool = False
    token_revoked: bool = False

    def as_json(self) -> Json:
        """For the page."""
        return asdict(self)

    def change(self, changes: Json) -> None:
        """Takes what the page or a test sets; raises ValueError for what makes no sense."""
        known = {f.name: f for f in fields(self)}
        checked: Json = {}
        for key, value in changes.items():
            if key not in known:
                raise ValueError(f"unknown weather: {key}")
            checked[key] = _fitting(key, value, getattr(self, key))
        for key, value in checked.items():
            setattr(self, key, value)


def _fitting(key: str, value: Any, now: Any) -> Any:
    if isinstance(now, bool):
        return bool(value)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ValueError(f"{key} must be a number")
    if isinstance(now, int):
        most = 5 if key == "duplicate_delivery" else 60_000
        return max(0, min(most, int(value)))
    return max(0.0, min(1.0, float(value)))


Outcome = Literal[
    "drop_before", "drop_after", "timeout", "timeout_after", "500", "500_after", "429"
]


@dataclass
class Fault:
    """One fault that a test has arranged.

    `then` is an `Outcome` or "error:<word>"; `times` is how often it strikes, None for always.
    """

    method: str
    then: str
    match: Callable[[Json], bool] | Json | None = None
    times: int | None = 1
    retry_after: int = 1
    struck: int = 0

    def fits(self, method: str, args: Json) -> bool:
        """Whether it strikes at this call."""
        if self.times is not None and self.struck >= self.times:
            return False
        if self.method not in ("*", method):
            return False
        if callable(self.match):
            return self.match(args)
        return all(args.get(k) == v for k, v in (self.match or {}).items())


class Faults:
    """The faults that are still to come."""

    def __init__(self) -> None:
        self.waiting: list[Fault] = []

    def add(
        self,
        method: str = "*",
        then: str = "500",
        *,
        match: Callable[[Json], bool] | Json | None = None,
        times: int | None = 1,
        retry_after: int = 1,
    ) -> Fault:
        """Arranges a fault for calls of a method whose arguments match."""
        known = Outcome.__args__  # type: ignore[attr-defined]
        if then not in known and not then.startswith("error:"):
            raise ValueError(f"then must be one of {', '.join(known)} or error:<word>")
        fault = Fault(method, then, match, times, retry_after)
        self.waiting.append(fault)
        return fault

    def clear(self) -> None:
        """Forgets all faults."""
        self.waiting.clear()

    def strike(self, method: str, args: Json) -> Fault | None:
        """The fault that this call meets, if any; it is used up once."""
        for fault in self.waiting:
            if fault.fits(method, args):
                fault.struck += 1
                return fault
        return None


PER_MINUTE = {"1": 1, "2": 20, "3": 50, "4": 100, "special": 300, "?": 100}
POST_BURST = 4.0
WORKSPACE_POSTS = 300


class Limits:
    """Slack's real windows: per method and minute, and one post a second in each channel."""

    def __init__(self) -> None:
        self._calls: dict[str, deque[float]] = {}
        self._buckets: dict[str, tuple[float, float]] = {}

    def wait_for_call(self, method: str, tier: str, now: float) -> int:
        """Seconds to wait before this call is allowed; 0 when it is, and then it is counted."""
        most = WORKSPACE_POSTS if method == "chat.postMessage" else PER_MINUTE[tier]
        window = self._calls.setdefault(method, deque())
        while window and window[0] <= now - 60:
            window.popleft()
        if len(window) >= most:
            return max(1, int(window[0] + 60 - now) + 1)
        window.append(now)
        return 0

    def wait_for_post(self, channel: str, now: float) -> int:
        """Seconds until one more message may go into this channel; a short burst is free."""
        tokens, then = self._buckets.get(channel, (POST_BURST, now))
        tokens = min(POST_BURST, tokens + (now - then))
        if tokens < 1:
            return 1
        self._buckets[channel] = (tokens - 1, now)
        return 0


def chance(rate: float) -> bool:
    """True with this probability."""
    return rate > 0 and random.random() < rate  # noqa: S311 - weather, not security
