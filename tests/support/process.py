"""The bot as people run it, ``steadyhand run`` in a process of its own, to be killed and stopped.

async with Sandbox(MANIFEST) as slack:
    with BotProcess(slack, url, tmp_path) as bot:
        await bot.ready()
        bot.kill9()
        await bot.restart()
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path
from types import TracebackType
from typing import Any

from bot.sandbox.server import Sandbox

ROOT = Path(__file__).parents[2]
#: Starting on a machine that is busy with other tests may take long.
START_S = 45.0


def free_port() -> int:
    """A port that nobody listens on just now."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


class BotProcess:
    """One ``steadyhand run``. Ends with the ``with`` block, whatever happened in it."""

    def __init__(
        self, slack: Sandbox, url: str, folder: Path, *, name: str = "bot", **more: Any
    ) -> None:
        self.slack = slack
        self.log = folder / f"{name}.log"
        self.port = free_port()
        self.address = f"http://127.0.0.1:{self.port}"
        self.kills = 0
        self._more = more
        self._folder, self._url = folder, url
        self._process: subprocess.Popen[bytes] | None = None
        self.start()

    # --- living -----------------------------------------------------------------------------

    def start(self) -> None:
        """Start it; see :meth:`ready`."""
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "bot.cli", "run"],
                cwd=ROOT, env=self._environment(), stdout=log, stderr=log, stdin=subprocess.DEVNULL,
            )  # fmt: skip

    def _environment(self) -> dict[str, str]:
        given = {
            "SLACK_BOT_TOKEN": self.slack.bot_token,
            "SLACK_SIGNING_SECRET": self.slack.signing_secret,
            "SLACK_API_URL": self.slack.api_url,
            "DATABASE_URL": self._url,
            "STEADYHAND_DATA_DIR": self._folder,
            "STEADYHAND_ANNOUNCE_CHANNEL": self.slack.channel("incidents").id,
            "STEADYHAND_NOTICE_CHANNEL": self.slack.channel("support").id,
            "STEADYHAND_HOST": "127.0.0.1",
            "STEADYHAND_PORT": self.port,
            **self._more,
        }
        kept = {k: v for k, v in os.environ.items() if not k.startswith(("STEADYHAND_", "SLACK_"))}
        return {**kept, **{name: str(value) for name, value in given.items()}}

    async def ready(self, *, listen: bool = True) -> None:
        """Until /readyz answers that it can work; ``listen``: Slack then sends requests here."""
        deadline = time.monotonic() + START_S
        while time.monotonic() < deadline:
            assert self._process is not None
            if self._process.poll() is not None:
                break
            if await asyncio.to_thread(_answers, f"{self.address}/readyz"):
                if listen:
                    self.listen()
                return
            await asyncio.sleep(0.05)
        found = await asyncio.to_thread(_said, f"{self.address}/readyz")
        raise AssertionError(f"the bot does not get ready: {found}\n{self.log.read_text()[-3000:]}")

    async def up(self) -> None:
        """Until the process answers at all, ready or not (Slack may be away)."""
        deadline = time.monotonic() + START_S
        while not await asyncio.to_thread(_answers, f"{self.address}/healthz"):
            assert time.monotonic() < deadline, self.log.read_text()[-3000:]
            await asyncio.sleep(0.05)

    def listen(self) -> None:
        """Slack sends its requests here from now on."""
        self.slack.deliver_to(f"{self.address}/slack/events")

    @property
    def alive(self) -> bool:
        """Whether the process lives (stopped counts as living)."""
        return self._process is not None and self._process.poll() is None

    # --- being hurt --------------------------------------------------------------------------

    def kill9(self) -> None:
        """As the kernel or a power cut would: no goodbye."""
        self._signal(signal.SIGKILL)
        if self._process is not None:
            self._process.wait()
        self.kills += 1

    def pause(self) -> None:
        """It stands still, holding whatever it holds."""
        self._signal(signal.SIGSTOP)

    def resume(self) -> None:
        """It goes on as if no time had passed."""
        self._signal(signal.SIGCONT)

    async def restart(self) -> None:
        """Start it again and wait until it is ready."""
        if self.alive:
            self.kill9()
        self.start()
        await self.ready()

    def close(self) -> None:
        """End it for good."""
        if self.alive:
            self._signal(signal.SIGCONT)
            self._signal(signal.SIGKILL)
        if self._process is not None:
            self._process.wait()

    def _signal(self, number: signal.Signals) -> None:
        if self._process is not None:
            with contextlib.suppress(ProcessLookupError):
                self._process.send_signal(number)

    def __enter__(self) -> BotProcess:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()
        if kind is not None and self.log.exists():  # pytest shows it with the failure
            print(f"--- {self.log.name} ---\n{self.log.read_text()[-6000:]}")


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=5) as answer:
            return bool(answer.status == 200)
    except (urllib.error.URLError, OSError):
        return False


def _said(url: str) -> str:
    try:
        with urllib.request.urlopen(url, timeout=5) as answer:
            return str(answer.read().decode())
    except urllib.error.HTTPError as answer:
        return str(answer.read().decode())
    except OSError as problem:
        return str(problem)
