"""Slack is away: people work at the command line and on the local page, on the same record."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from io import StringIO
from pathlib import Path

import httpx
import pytest

from bot.cli import main
from bot.house import House
from tests.support.databases import sqlite_copy
from tests.support.houses import assert_proven, make_house
from tests.support.world import World, make_world

ROOT = Path(__file__).parents[3]
Cli = Callable[..., subprocess.CompletedProcess[str]]


def command_line(url: str, folder: Path, **more: str) -> Cli:
    """``cli("incident", "list")`` runs the command in a process of its own."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("STEADYHAND_", "SLACK_"))}
    env = {**kept, "DATABASE_URL": url, "STEADYHAND_DATA_DIR": str(folder), "PYTHONPATH": str(ROOT)}

    def run(*words: str, fails: bool = False) -> subprocess.CompletedProcess[str]:
        done = subprocess.run(
            [sys.executable, "-m", "bot.cli", *words], cwd=folder, env={**env, **more},
            capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL, timeout=60,
        )  # fmt: skip
        assert "Traceback" not in done.stderr, done.stderr
        assert (done.returncode != 0) == fails, done.stdout + done.stderr
        return done

    return run


@pytest.fixture
def url(sqlite_template: Path, tmp_path: Path) -> str:
    """A new SQLite database."""
    return sqlite_copy(sqlite_template, tmp_path)


@pytest.fixture
def cli(url: str, tmp_path: Path) -> Cli:
    """The command line on that database; no Slack anywhere."""
    return command_line(url, tmp_path)


@dataclass(frozen=True)
class Said:
    """What a command printed, and how it ended."""

    code: int
    out: str
    err: str


Here = Callable[..., Said]


@pytest.fixture
def here(url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Here:
    """``here("U01ADA", "incident", "list")``: the whole program, in this process, as Ada.

    ``code`` is the exit code that is expected; None: any.
    """
    for name in list(os.environ):
        if name.startswith(("STEADYHAND_", "SLACK_")):
            monkeypatch.delenv(name)
    monkeypatch.setenv("DATABASE_URL", url)
    monkeypatch.setenv("STEADYHAND_DATA_DIR", str(tmp_path))
    monkeypatch.chdir(tmp_path)

    def run(person: str, *words: str, code: int | None = 0) -> Said:
        monkeypatch.setenv("STEADYHAND_AS", person)
        shown, trouble = StringIO(), StringIO()
        with redirect_stdout(shown), redirect_stderr(trouble), pytest.raises(SystemExit) as end:
            main(list(words))
        said = Said(int(end.value.code or 0), shown.getvalue(), trouble.getvalue())
        assert code is None or said.code == code, said
        return said

    return run


@pytest.fixture
def sqlite_house(url: str, tmp_path: Path) -> Iterator[House]:
    """To look at the record of that database, which must hold afterwards."""
    made = make_house(url, tmp_path)
    yield made
    assert_proven(made)
    made.close()


@pytest.fixture
async def world(url: str, tmp_path: Path) -> AsyncIterator[World]:
    """The running bot on the same database, with a Slack that can go away."""
    async with make_world(url, tmp_path) as made:
        yield made
        assert_proven(made.house)


class Browser:
    """Somebody at the local page, without scripts: follows links and sends forms."""

    def __init__(self, base: str, folder: Path) -> None:
        self.http = httpx.AsyncClient(base_url=base, follow_redirects=True)
        self.operator = folder / "local-token"

    async def sign_in(self, token: str | None = None) -> httpx.Response:
        """With the operator's token, or with another."""
        given = self.operator.read_text().strip() if token is None else token
        return await self.http.post("/local/sign-in", data={"token": given})

    async def send(self, path: str, *, where: str = "/local", **fields: str) -> httpx.Response:
        """Send a form of the page ``where`` with what it hides in it."""
        page = await self.http.get(where)
        hidden = {
            name: page.text.partition(f'name="{name}" value="')[2].partition('"')[0]
            for name in ("form", "once")
        }
        return await self.http.post(path, data={**hidden, **fields})


@pytest.fixture
async def browser(world: World, tmp_path: Path) -> AsyncIterator[Browser]:
    """Not signed in yet."""
    made = Browser(world.url, tmp_path)
    async with made.http:
        yield made
