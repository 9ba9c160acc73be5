"""The web door: what is not certainly Slack's goes no further, and probes get reasons."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from slack_sdk.signature import SignatureVerifier

from bot.bootstrap import Running, running
from bot.sandbox.server import Sandbox
from bot.settings import ROOT
from bot.web.guard import LARGEST_BODY
from db import guards
from tests.support.databases import sqlite_copy
from tests.support.houses import content_for
from tests.support.world import settings_for

FORM = "application/x-www-form-urlencoded"
CHALLENGE = json.dumps({"type": "url_verification", "challenge": "xyz", "token": "t"}).encode()


@pytest.fixture
async def slack() -> AsyncIterator[Sandbox]:
    """A workspace."""
    async with Sandbox(ROOT / "app_manifest.yaml") as made:
        yield made


@pytest.fixture
async def bot(slack: Sandbox, sqlite_template: Path, tmp_path: Path) -> AsyncIterator[Running]:
    """The bot in it, not served: requests go straight to the application."""
    url = sqlite_copy(sqlite_template, tmp_path)
    settings = settings_for(slack, url, tmp_path)
    async with running(settings, None, content_for(settings)) as made:
        yield made


@pytest.fixture
async def web(bot: Running) -> AsyncIterator[httpx.AsyncClient]:
    """Requests to the bot's web application."""
    transport = httpx.ASGITransport(app=bot.web)
    async with httpx.AsyncClient(transport=transport, base_url="http://bot") as client:
        yield client


def signed(slack: Sandbox, body: bytes, kind: str = "application/json") -> dict[str, str]:
    """Headers as Slack sends them."""
    now = str(int(time.time()))
    made = SignatureVerifier(slack.signing_secret).generate_signature(timestamp=now, body=body)
    assert made is not None
    return {"content-type": kind, "x-slack-request-timestamp": now, "x-slack-signature": made}


async def test_a_signed_request_comes_through(web: httpx.AsyncClient, slack: Sandbox) -> None:
    """Slack's own check of the address."""
    answer = await web.post("/slack/events", content=CHALLENGE, headers=signed(slack, CHALLENGE))
    assert (answer.status_code, "xyz" in answer.text) == (200, True)


CASES: list[Any] = [
    pytest.param({}, 401, id="no signature at all"),
    pytest.param({"x-slack-request-timestamp": "soon"}, 401, id="timestamp in words"),
    pytest.param({"x-slack-request-timestamp": "١٢٣"}, 401, id="digits of another script"),
    pytest.param({"x-slack-request-timestamp": "9" * 400}, 401, id="timestamp without end"),
    pytest.param({"x-slack-request-timestamp": ""}, 401, id="timestamp empty"),
    pytest.param({"x-slack-signature": "v0=ümlaut"}, 401, id="signature not ASCII"),
    pytest.param({"x-slack-signature": "v0=00"}, 401, id="signature wrong"),
    pytest.param({"x-slack-request-timestamp": "1000000000"}, 401, id="an old request again"),
    pytest.param({"content-type": "text/plain"}, 415, id="neither form nor JSON"),
    pytest.param({"content-type": ""}, 415, id="no content type"),
    pytest.param({"content-length": "lots"}, 413, id="length in words"),
]


@pytest.mark.parametrize(("headers", "status"), CASES)
async def test_what_is_not_slack_is_turned_away(
    headers: dict[str, str], status: int, web: httpx.AsyncClient, slack: Sandbox
) -> None:
    """Never a 500: an answer that says no, before anything is parsed."""
    good = signed(slack, CHALLENGE) if headers else {"content-type": "application/json"}
    raw = {**good, **headers}
    sent = [(name.encode(), value.encode()) for name, value in raw.items()]
    answer = await web.post("/slack/events", content=CHALLENGE, headers=sent)
    assert answer.status_code == status


@pytest.mark.parametrize("announced", [True, False])
async def test_too_large_a_body_is_not_read_to_its_end(
    announced: bool, web: httpx.AsyncClient, slack: Sandbox
) -> None:
    """With and without a length in front."""
    sent = 0

    async def pieces() -> AsyncIterator[bytes]:
        nonlocal sent
        for _ in range(100):
            sent += 100_000
            yield b"x" * 100_000

    headers = {"content-type": FORM}
    if announced:
        headers["content-length"] = "10000000"
    answer = await web.post("/slack/events", content=pieces(), headers=headers)
    assert answer.status_code == 413
    assert announced or sent >= LARGEST_BODY


@pytest.mark.parametrize(
    ("body", "kind"),
    [(b"{not json", "application/json"), (b"payload={not json", FORM), (b"\xff\xfe", FORM)],
)
async def test_a_broken_body_is_no_crash(
    body: bytes, kind: str, web: httpx.AsyncClient, slack: Sandbox
) -> None:
    """Signed or not."""
    headers = {"content-type": kind}
    if body.isascii():
        headers = signed(slack, body, kind)
    answer = await web.post("/slack/events", content=body, headers=headers)
    assert answer.status_code in (400, 401)


async def test_slack_may_check_the_certificate_unsigned(web: httpx.AsyncClient) -> None:
    """ssl_check is answered and does nothing."""
    body = b"ssl_check=1&token=x&command=%2Fincident&text=open+x"
    answer = await web.post("/slack/events", content=body, headers={"content-type": FORM})
    assert (answer.status_code, answer.text) == (200, "")


async def test_without_a_signing_secret_there_is_no_door(
    slack: Sandbox, sqlite_template: Path, tmp_path: Path
) -> None:
    """In Socket Mode nobody can send requests over HTTP, signed with whatever."""
    url = sqlite_copy(sqlite_template, tmp_path)
    settings = settings_for(slack, url, tmp_path, socket=True, SLACK_SIGNING_SECRET="")
    async with running(settings) as bot:
        transport = httpx.ASGITransport(app=bot.web)
        async with httpx.AsyncClient(transport=transport, base_url="http://bot") as client:
            answer = await client.post("/slack/events", content=b"{}")
    assert answer.status_code == 404


@pytest.mark.parametrize("path", ["/healthz", "/readyz", "/nowhere", "/slack/events"])
async def test_every_answer_carries_security_headers(path: str, web: httpx.AsyncClient) -> None:
    """Errors too."""
    answer = await web.get(path)
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["x-frame-options"] == "DENY"
    assert answer.headers["referrer-policy"] == "no-referrer"
    assert "strict-transport-security" not in answer.headers


async def _parts(web: httpx.AsyncClient) -> tuple[int, dict[str, bool]]:
    answer = await web.get("/readyz")
    return answer.status_code, {one["part"]: one["ok"] for one in answer.json()["parts"]}


async def _first_round(bot: Running) -> None:
    while bot.house.dispatcher is None or bot.house.dispatcher.last_round is None:
        await asyncio.sleep(0.01)


async def test_ready_once_slack_was_heard(bot: Running, web: httpx.AsyncClient) -> None:
    """Alive at once; ready when everything that the work needs is there."""
    assert (await web.get("/healthz")).status_code == 200
    await _first_round(bot)
    assert await _parts(web) == (503, {"database": True, "dispatcher": True, "slack": False})
    await bot.health.ask_slack()
    assert await _parts(web) == (200, {"database": True, "dispatcher": True, "slack": True})


async def test_not_ready_says_why(bot: Running, web: httpx.AsyncClient, slack: Sandbox) -> None:
    """A revoked token, missing triggers, a dispatcher that stands still."""
    slack.revoke_token()
    await bot.health.ask_slack()
    with bot.house.engines.write.begin() as conn:
        guards.remove(conn)
    assert bot.house.dispatcher is not None
    await bot.house.dispatcher.stop()
    bot.house.clock.advance(timedelta(minutes=5))
    answer = await web.get("/readyz")
    said = {one["part"]: one["what"] for one in answer.json()["parts"]}
    assert answer.status_code == 503
    assert "token_revoked" in said["slack"]
    assert "entry_no_update" in said["database"]
    assert "s ago" in said["dispatcher"] or "not begun" in said["dispatcher"]
