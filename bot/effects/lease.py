"""The right to make a call for an effect, looked at right before each call to the outside.

It ends with the effect's lease: a process that stood still (a suspended machine, a debugger) wakes up
believing that the effect is still its own. And it pauses while the other side wants no such calls.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from contextvars import ContextVar

#: ``time.monotonic()`` until which calls for the effect in hand may begin; None: no effect.
_until: ContextVar[float | None] = ContextVar("may_call_until", default=None)


#: Seconds for which the other side wants no calls of the kind in hand; 0: it may be called.
_wait: ContextVar[Callable[[], float] | None] = ContextVar("wait_before_call", default=None)


class LeaseLost(Exception):
    """The effect may belong to another process by now; it is left alone."""


class ToldToWait(Exception):
    """The other side asked for a pause of ``seconds`` after this effect was taken in hand."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        super().__init__()


def hold(until: float, wait: Callable[[], float] | None = None) -> None:
    """From here on, in this task, calls may begin until ``until`` (``time.monotonic()``)."""
    _until.set(until)
    _wait.set(wait)


def check() -> None:
    """Called right before a call to the outside. Raises ``LeaseLost`` or ``ToldToWait``."""
    until, wait = _until.get(), _wait.get()
    if until is not None and time.monotonic() > until:
        raise LeaseLost
    if wait is not None and (seconds := wait()) > 0:
        raise ToldToWait(seconds)
