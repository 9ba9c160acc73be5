"""The right to carry out an effect ends with its lease; a process that was stopped may not know.

A process that stood still (a suspended machine, a debugger) wakes up believing that the effect is
still its own. So the lease is looked at right before each call to the outside.
"""

from __future__ import annotations

import time
from contextvars import ContextVar

#: ``time.monotonic()`` until which calls for the effect in hand may begin; None: no effect.
_until: ContextVar[float | None] = ContextVar("may_call_until", default=None)


class LeaseLost(Exception):
    """The effect may belong to another process by now; it is left alone."""


def hold(until: float) -> None:
    """From here on, in this task, calls may begin until ``until`` (``time.monotonic()``)."""
    _until.set(until)


def check() -> None:
    """Called right before a call to the outside. Raises ``LeaseLost``."""
    until = _until.get()
    if until is not None and time.monotonic() > until:
        raise LeaseLost
