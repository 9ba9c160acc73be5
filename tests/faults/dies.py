"""A command that kills itself at a chosen moment, as ``kill -9`` would.

``python -m tests.faults.dies MOMENT N COMMAND …`` runs ``steadyhand COMMAND …`` and dies at the Nth
``statement`` (before it), ``commit`` (before it), ``committed`` (after it), ``fsync`` (before it) or
``replace`` (before it); or, at ``stall``, stands still for a while before the Nth statement. If that
never comes, the command runs to its end.
"""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

STALLS_S = 3.0


def _countdown(times: int, strike: Callable[[], None]) -> Callable[..., None]:
    left = [times]

    def passed(*_: Any, **__: Any) -> None:
        left[0] -= 1
        if not left[0]:
            strike()

    return passed


def _die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def _stall() -> None:
    time.sleep(STALLS_S)


def arrange(moment: str, times: int) -> None:
    """Die at this moment."""
    from sqlalchemy import Engine, event
    from sqlalchemy.engine.default import DefaultDialect

    strike = _countdown(times, _stall if moment == "stall" else _die)
    if moment in ("statement", "stall"):
        event.listen(Engine, "before_cursor_execute", strike)
    elif moment == "commit":
        event.listen(Engine, "commit", strike)
    elif moment == "committed":
        _after(DefaultDialect, "do_commit", strike)
    elif moment == "fsync":
        _before(os, "fsync", strike)
    else:
        _before(Path, moment, strike)


def _before(owner: Any, name: str, strike: Callable[..., None]) -> None:
    true = getattr(owner, name)

    def struck(*args: Any, **more: Any) -> Any:
        strike()
        return true(*args, **more)

    setattr(owner, name, struck)


def _after(owner: Any, name: str, strike: Callable[..., None]) -> None:
    true = getattr(owner, name)

    def struck(*args: Any, **more: Any) -> Any:
        out = true(*args, **more)
        strike()
        return out

    setattr(owner, name, struck)


if __name__ == "__main__":
    from bot.cli import main

    arrange(sys.argv[1], int(sys.argv[2]))
    sys.argv = ["steadyhand", *sys.argv[3:]]
    main()
