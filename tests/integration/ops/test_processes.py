"""The commands as people run them: real processes, real signals."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import aiohttp
import httpx
import pytest

from bot.incident.opening import open_incident
from bot.settings import ROOT
from db.engine import open_engines
from tests.support.houses import Run, make_house

Start = Callable[..., subprocess.Popen[str]]


def _env(folder: Path, **more: str) -> dict[str, str]:
    return {
        "PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1",
        "STEADYHAND_DATA_DIR": str(folder), **more,
    }  # fmt: skip


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Start ``steadyhand …`` in a folder of its own; whatever still runs is stopped at the end."""
    begun: list[subprocess.Popen[str]] = []

    def starter(*words: str, **env: str) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [sys.executable, "-m", "bot.cli", *words], cwd=tmp_path, env=_env(tmp_path, **env),
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip
        begun.append(process)
        return process

    yield starter
    for process in begun:
        if process.poll() is None:
            process.kill()
            process.wait()


def _say(folder: Path, *words: str, **env: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "bot.cli", *words], cwd=folder, env=_env(folder, **env),
        capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip


def _log_line(process: subprocess.Popen[str], event: str) -> dict[str, Any]:
    assert process.stderr is not None
    for line in process.stderr:
        found: dict[str, Any] = json.loads(line)
        if found["event"] == event:
            return found
    raise AssertionError(f"it ended without «{event}»")


@pytest.mark.parametrize("word", [signal.SIGTERM, signal.SIGINT])
def test_run_serves_until_it_is_told_to_stop(word: signal.Signals, start: Start) -> None:
    """Ready without Slack in reach, says so, and ends in order with exit code 0."""
    process = start(
        "run", SLACK_BOT_TOKEN="xoxb-1", SLACK_SIGNING_SECRET="s" * 32, STEADYHAND_PORT="0",
        SLACK_API_URL="http://127.0.0.1:9/api/",
    )  # fmt: skip
    ready = _log_line(process, "ready")
    assert httpx.get(f"{ready['address']}/healthz").text == "alive\n"
    answer = httpx.get(f"{ready['address']}/readyz")
    assert answer.status_code == 503
    assert "cannot be reached" in answer.text or "not asked" in answer.text
    process.send_signal(word)
    assert _log_line(process, "stopped")
    assert process.wait(timeout=20) == 0


def test_a_port_in_use_is_said_in_words(start: Start) -> None:
    """With the settings to change."""
    env = {
        "SLACK_BOT_TOKEN": "xoxb-1", "SLACK_SIGNING_SECRET": "s" * 32,
        "SLACK_API_URL": "http://127.0.0.1:9/api/",
    }  # fmt: skip
    first = start("run", STEADYHAND_PORT="0", **env)
    port = _log_line(first, "ready")["address"].rpartition(":")[2]
    second = start("run", STEADYHAND_PORT=port, **env)
    _, said = second.communicate(timeout=30)
    assert second.returncode == 2
    assert "STEADYHAND_PORT" in said
    assert "Traceback" not in said


@pytest.mark.parametrize("mode", ["--http", "--socket"])
async def test_the_sandbox_shows_one_address(mode: str, start: Start) -> None:
    """The page is there, and the sandbox ends quietly although somebody looks at it."""
    process = start("sandbox", "--port", "0", mode)
    assert process.stdout is not None
    url = process.stdout.readline().split()[-1]
    assert url.startswith("http://127.0.0.1:")
    page = await asyncio.to_thread(httpx.get, url)
    assert "<title>Steadyhand sandbox</title>" in page.text
    # A page is open when it ends, as it is with people.
    watching = f"{url}ui/stream?as=U01ADA"
    async with aiohttp.ClientSession() as http, http.ws_connect(watching):
        process.send_signal(signal.SIGINT)
        assert await asyncio.to_thread(process.wait, 20) == 0
    assert process.stderr is not None
    assert process.stderr.read() == ""


@pytest.fixture
def story(sqlite_template: Path, tmp_path: Path) -> Path:
    """A folder whose database tells of one incident."""
    import shutil

    shutil.copyfile(sqlite_template, tmp_path / "steadyhand.db")
    house = make_house(f"sqlite:///{tmp_path / 'steadyhand.db'}", tmp_path)
    Run(house)("U01ADA", lambda tx: open_incident(tx, "Model insults customers"))
    house.close()
    return tmp_path


def test_verify_and_rebuild_prove_a_whole_record(story: Path) -> None:
    """Exit code 0 and how much was read."""
    for words in (("verify",), ("rebuild", "--check")):
        done = _say(story, *words)
        assert done.returncode == 0, done.stderr
        assert "1 incidents" in done.stdout or "whole" in done.stdout


def test_verify_names_the_first_bad_entry(story: Path) -> None:
    """Somebody with the file removed the guards and changed a word."""
    engines = open_engines(f"sqlite:///{story / 'steadyhand.db'}")
    with engines.write.begin() as conn:
        conn.exec_driver_sql("DROP TRIGGER entry_no_update")
        conn.exec_driver_sql("UPDATE entry SET doc = replace(doc, 'slash', 'drill') WHERE seq = 1")
    engines.dispose()
    done = _say(story, "verify")
    assert done.returncode == 1
    assert "entry 1" in done.stderr


def test_rebuild_names_what_differs(story: Path) -> None:
    """A state row that the record does not lead to."""
    engines = open_engines(f"sqlite:///{story / 'steadyhand.db'}")
    with engines.write.begin() as conn:
        conn.exec_driver_sql("UPDATE incident SET severity = 'SEV1'")
    engines.dispose()
    done = _say(story, "rebuild", "--check")
    assert done.returncode == 1
    assert "INC-1 incident" in done.stderr
    assert "severity" in done.stderr


def test_effects_are_listed_and_shown(story: Path) -> None:
    """Whoever looks sees keys, states and errors, and no text of people."""
    listed = _say(story, "effects", "list")
    assert "channel:1" in listed.stdout
    shown = _say(story, "effects", "show", "channel:1")
    assert "pending" in shown.stdout
    refused = _say(story, "effects", "give-up", "channel:1")
    assert refused.returncode == 1
    assert "waits for its turn" in refused.stderr


def test_db_state_check_and_export(story: Path) -> None:
    """The remaining commands on a healthy database."""
    assert "up to date" in _say(story, "db", "state").stdout
    assert _say(story, "db", "check").returncode == 0
    assert "Nothing to do" in _say(story, "db", "upgrade").stdout
    target = story / "inc.json"
    done = _say(story, "export", "INC-1", "--format", "json", "-o", str(target))
    assert done.returncode == 0, done.stderr
    assert json.loads(target.read_text())


def test_settings_hide_secrets(tmp_path: Path) -> None:
    """Set or not set, never the value; an address without its password."""
    done = _say(
        tmp_path, "settings", SLACK_BOT_TOKEN="xoxb-very-secret",
        DATABASE_URL="postgresql://bot:geheim@db/x",
    )  # fmt: skip
    assert "set (hidden)" in done.stdout
    assert "very-secret" not in done.stdout
    assert "geheim" not in done.stdout


def test_help_answers_quickly(tmp_path: Path) -> None:
    """Generous here; what it measures is that nothing heavy crept in (0.06 s on a quiet laptop)."""
    began = time.monotonic()
    assert _say(tmp_path, "--help").returncode == 0
    assert time.monotonic() - began < 3
