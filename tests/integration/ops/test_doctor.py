"""The doctor looks at a real workspace and says what to do."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from bot.doctor import FAIL, OK, WARN, Line, examine
from bot.record import keys
from bot.record.entry import SYSTEM
from bot.sandbox.manifest import Manifest
from bot.sandbox.server import Sandbox
from bot.settings import ROOT
from db import guards
from db.engine import open_engines
from tests.support.databases import sqlite_copy
from tests.support.houses import make_house
from tests.support.world import settings_for

MANIFEST = ROOT / "app_manifest.yaml"


@pytest.fixture
async def slack() -> AsyncIterator[Sandbox]:
    """A workspace in which the bot was invited where it has to write."""
    async with Sandbox(MANIFEST) as made:
        await made.person("ada").invites("app", "support")
        yield made


@pytest.fixture
def url(sqlite_template: Path, tmp_path: Path) -> str:
    """The database of a bot that ran before."""
    made = sqlite_copy(sqlite_template, tmp_path)
    house = make_house(made, tmp_path)
    house.change_sync(SYSTEM, keys.make)
    house.close()
    return made


async def _look(slack: Sandbox, url: str, folder: Path, **more: Any) -> list[Line]:
    return [line async for line in examine(settings_for(slack, url, folder, **more))]


def _worst(lines: list[Line], word: str) -> Line:
    return next(line for line in lines if line.level != OK and word in line.what)


@pytest.mark.parametrize("socket", [False, True])
async def test_a_healthy_house(socket: bool, slack: Sandbox, url: str, tmp_path: Path) -> None:
    """Every line is fine, in both ways of receiving requests."""
    lines = await _look(slack, url, tmp_path, socket=socket)
    assert [line for line in lines if line.level != OK] == []
    said = " ".join(line.what for line in lines)
    for word in ("@steadyhand", "clock", "scopes", "#incidents", "#support", "appended"):
        assert word in said
    assert ("Socket Mode: a connection" in said) == socket


async def test_missing_scopes_say_what_is_lost(url: str, tmp_path: Path) -> None:
    """One that nothing works without fails, another warns."""
    whole = Manifest.read(MANIFEST)
    from dataclasses import replace

    poor = replace(whole, scopes=whole.scopes - {"pins:write", "channels:manage"})
    async with Sandbox(poor) as slack:
        lines = await _look(slack, url, tmp_path)
    assert _worst(lines, "channels:manage").level == FAIL
    pins = _worst(lines, "pins:write")
    assert pins.level != FAIL
    assert "card is not pinned" in pins.what
    assert "install the app again" in pins.do


@pytest.mark.parametrize(
    ("setting", "lost"),
    [
        ("STEADYHAND_ANNOUNCE_CHANNEL", "not announced"),
        ("STEADYHAND_NOTICE_CHANNEL", "not published"),
        ("STEADYHAND_AUDIT_CHANNEL", "checkpoints"),
    ],
)
async def test_a_channel_without_the_bot(
    setting: str, lost: str, slack: Sandbox, url: str, tmp_path: Path
) -> None:
    """Named, with what does not happen and the words to type; quiet once they were typed."""
    other = slack.channel("ml-platform")
    lines = await _look(slack, url, tmp_path, **{setting: other.id})
    found = _worst(lines, "#ml-platform")
    assert (found.level, "/invite @steadyhand in #ml-platform" in found.do) == (FAIL, True)
    assert setting in found.what and lost in found.what
    await slack.person("ada").invites("app", "ml-platform")
    lines = await _look(slack, url, tmp_path, **{setting: other.id})
    assert f"{setting}: the bot is in #ml-platform." in [
        line.what for line in lines if line.level == OK
    ]
    other.is_archived = True
    lines = await _look(slack, url, tmp_path, **{setting: other.id})
    assert "Unarchive" in _worst(lines, "#ml-platform is archived").do
    lines = await _look(slack, url, tmp_path, **{setting: "C0NOWHERE"})
    assert "id (C…" in _worst(lines, "C0NOWHERE").do


async def test_a_revoked_token(slack: Sandbox, url: str, tmp_path: Path) -> None:
    """Slack's own word, and what to do; no question after it is asked in vain."""
    slack.revoke_token()
    lines = await _look(slack, url, tmp_path)
    assert "SLACK_BOT_TOKEN" in _worst(lines, "auth.test").do


@pytest.mark.parametrize(("seconds", "level"), [(60, WARN), (-60, WARN), (290, FAIL)])
async def test_a_clock_that_is_off(
    seconds: float, level: str, slack: Sandbox, url: str, tmp_path: Path
) -> None:
    """Slack's time against ours: past five minutes nothing works, so it fails before that."""
    slack.advance(seconds)
    found = _worst(await _look(slack, url, tmp_path), "clock")
    assert (found.level, "NTP" in found.do) == (level, True)


async def test_slack_out_of_reach(slack: Sandbox, url: str, tmp_path: Path) -> None:
    """Another line of advice than for a bad token."""
    lines = await _look(slack, url, tmp_path, SLACK_API_URL="http://127.0.0.1:9/api/")
    assert "can be reached" in _worst(lines, "auth.test").do


async def test_missing_triggers_are_reported_not_repaired(
    slack: Sandbox, url: str, tmp_path: Path
) -> None:
    """The doctor changes nothing, so that somebody can find out who removed them."""
    engines = open_engines(url)
    with engines.write.begin() as conn:
        guards.remove(conn)
    lines = await _look(slack, url, tmp_path)
    assert "verify" in _worst(lines, "entry_no_update").do
    with engines.read.connect() as conn:
        assert guards.missing(conn)
    engines.dispose()


async def test_faults_of_content_and_settings(slack: Sandbox, url: str, tmp_path: Path) -> None:
    """File and line; missing tokens by their names."""
    lines = await _look(slack, url, tmp_path, STEADYHAND_CONTENT_DIR=tmp_path / "none")
    assert _worst(lines, "severity.yaml:1").level == FAIL
    lines = await _look(slack, url, tmp_path, SLACK_BOT_TOKEN="", SLACK_SIGNING_SECRET="")
    assert _worst(lines, "SLACK_BOT_TOKEN").level == FAIL
