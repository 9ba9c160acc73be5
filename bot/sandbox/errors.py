"""What the stand-in for Slack refuses, in Slack's own words."""

from __future__ import annotations

from typing import Any

#: Seconds that somebody keeps looking before they did not see it: a busy machine may stand still.
PATIENCE_S = 20.0


class SandboxError(Exception):
    """The root of everything the sandbox raises."""


class Refusal(SandboxError):
    """Slack answers `ok: false`; `error` is Slack's word, `extra` goes into the answer."""

    def __init__(
        self, error: str, *, status: int = 200, retry_after: int | None = None, **extra: Any
    ) -> None:
        super().__init__(error)
        self.error = error
        self.status = status
        self.retry_after = retry_after
        self.extra = extra

    def body(self) -> dict[str, Any]:
        """The JSON that Slack would answer."""
        return {"ok": False, "error": self.error, **self.extra}


class NotSeen(SandboxError, AssertionError):
    """A person looked for something in Slack and it is not (or no longer) there."""


class CannotAct(SandboxError):
    """A person tried something that the Slack client would not let them do."""


def invalid(error: str, messages: list[str]) -> Refusal:
    """A refusal that names each fault, as Slack does in response_metadata.messages."""
    return Refusal(error, response_metadata={"messages": messages})


def missing_scope(needed: str, provided: frozenset[str]) -> Refusal:
    """The call needs a scope that the app's manifest does not ask for."""
    return Refusal("missing_scope", needed=needed, provided=",".join(sorted(provided)))


def rate_limited(seconds: int) -> Refusal:
    """HTTP 429; `seconds` becomes the Retry-After header."""
    return Refusal("ratelimited", status=429, retry_after=seconds)
