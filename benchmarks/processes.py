"""Starting what is measured: the bot, the bare bot, a Slack; each a process that ends with the block."""

from __future__ import annotations

import os
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks.load import SECRET
from tests.support.process import free_port

ROOT = Path(__file__).parents[1]


@contextmanager
def process(*command: str, env: dict[str, str] | None = None) -> Iterator[subprocess.Popen[bytes]]:
    """A Python process; its output is thrown away unless it fails."""
    kept = {
        k: v
        for k, v in os.environ.items()
        # As people start it: what was compiled once is kept.
        if not k.startswith(("STEADYHAND_", "SLACK_", "DATABASE", "PYTHONDONTWRITEBYTECODE"))
    }
    started = subprocess.Popen(
        [sys.executable, *command], cwd=ROOT, env={**kept, **(env or {})},
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        yield started
    finally:
        started.terminate()
        started.wait(30)


@contextmanager
def quick_slack(latency_ms: float = 0) -> Iterator[int]:
    """A Slack that always says yes; gives its port."""
    port = free_port()
    with process("-m", "benchmarks.quick_slack", str(port), str(latency_ms)):
        until_up(f"http://127.0.0.1:{port}/seen")
        yield port


@contextmanager
def bare() -> Iterator[int]:
    """The bare bot; gives its port."""
    port = free_port()
    with process("-m", "benchmarks.bare_bolt", str(port)):
        until_up(f"http://127.0.0.1:{port}/", any_status=True)
        yield port


def bot_settings(slack: int, database: str, folder: Path, port: int) -> dict[str, str]:
    """The environment of a bot that talks to the quick Slack."""
    return {
        "SLACK_BOT_TOKEN": "xoxb-benchmark", "SLACK_SIGNING_SECRET": SECRET,
        "SLACK_API_URL": f"http://127.0.0.1:{slack}/api/", "DATABASE_URL": database,
        "STEADYHAND_DATA_DIR": str(folder), "STEADYHAND_HOST": "127.0.0.1",
        "STEADYHAND_PORT": str(port), "STEADYHAND_ANNOUNCE_CHANNEL": "C0INCIDENTS",
        "STEADYHAND_OPENINGS_PER_HOUR": "1000000",  # counted as ever, never reached
    }  # fmt: skip


@contextmanager
def bot(slack: int, database: str, folder: Path) -> Iterator[int]:
    """``steadyhand run``, ready; gives its port."""
    port = free_port()
    with process("-m", "bot.cli", "run", env=bot_settings(slack, database, folder, port)):
        until_up(f"http://127.0.0.1:{port}/readyz")
        yield port


def until_up(url: str, *, any_status: bool = False, timeout: float = 60) -> float:
    """Wait until it answers; returns the seconds that this took."""
    start = time.perf_counter()
    while time.perf_counter() - start < timeout:
        try:
            with urllib.request.urlopen(url, timeout=5):
                return time.perf_counter() - start
        except urllib.error.HTTPError:
            if any_status:
                return time.perf_counter() - start
        except OSError:
            pass
        time.sleep(0.01)
    raise TimeoutError(f"{url} does not answer")
