"""Secrets and private words planted everywhere, and then looked for where they must not be."""

from __future__ import annotations

import asyncio
import io
import logging
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner
from sqlalchemy import select

from bot import logs
from bot.incident.opening import open_incident
from bot.postmortem.export import export_document
from db.tables import EffectRow
from tests.security.desk import (
    ADA,
    EVE,
    PUBLIC,
    Desk,
    click,
    command,
    event,
    furnish,
    open_desk,
    submit,
)
from tests.support.databases import sqlite_copy
from tests.support.houses import Run
from tests.support.outside import Outside

SECRETS = {
    "SLACK_BOT_TOKEN": "xoxb-canary-bot-1111",
    "SLACK_SIGNING_SECRET": "s3cret-of-the-tests",
    "SLACK_APP_TOKEN": "xapp-1-A0OURS-canary-app-2222",
}
HOOK = "http://127.0.0.1:9/commands/T0/canary-hook-3333"
WORDS = [
    "canary-note-4444",
    "canary-title-5555",
    "canary-message-6666",
    "canary-form-7777",
    "canary-typo-8888",
]
PRIVATE_WORDS = ["canary-private-9999", "canary-sealed-0000", "canary-privileged-1212"]


@pytest.fixture
def written() -> Iterator[io.StringIO]:
    """What the process logs, at its most talkative."""
    root = logging.getLogger()
    before, level = root.handlers[:], root.level
    stream = io.StringIO()
    yield stream
    root.handlers[:] = before
    root.setLevel(level)


async def _story(desk: Desk) -> None:
    run = Run(desk.house)
    with_hook = {"response_url": HOOK}
    await desk.payload({**command(ADA, f"note {WORDS[0]}", PUBLIC), **with_hook})
    await desk.payload({**command(ADA, f"open {WORDS[1]}"), **with_hook})
    await desk.payload(event(ADA, "message", subtype="message_changed", channel=PUBLIC,
                             message={"ts": "1700000001.000100", "text": WORDS[2]},
                             previous_message={"ts": "1700000001.000100", "text": WORDS[2]}))  # fmt: skip
    await desk.payload(submit(ADA, "record_submit", {"text": {"value": WORDS[3]}}, '{"i":1}'))
    await desk.payload(command(ADA, f"nonsense {WORDS[4]}", PUBLIC))
    await desk.payload({**click(EVE, "timeline", WORDS[4]), **with_hook})
    await desk.payload({**click(EVE, "timeline", WORDS[4]), "user": WORDS[4]})
    await desk.send(b"payload=" + WORDS[4].encode())
    note = {"text": {"value": PRIVATE_WORDS[2]},
            "readers": {"selected_options": [{"value": "legal"}]}}  # fmt: skip
    await desk.payload(submit(ADA, "privileged_submit", note, '{"i":1}'))
    await desk.payload({**command(ADA, f"privileged {PRIVATE_WORDS[2]}", PUBLIC), **with_hook})
    run(ADA, lambda tx: open_incident(tx, PRIVATE_WORDS[0], private=True))
    await desk.payload(command(ADA, f"INC-2 note {PRIVATE_WORDS[1]}", "C0INC2"))
    await desk.quiet()
    Outside(desk.house).settle()


async def test_no_canary_sings(
    sqlite_template: Path, tmp_path: Path, written: io.StringIO, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = sqlite_copy(sqlite_template, tmp_path)
    monkeypatch.setenv("STEADYHAND_LOG_LEVEL", "DEBUG")
    async with open_desk(url, tmp_path, **SECRETS) as desk:
        logs.configure(desk.settings, written)
        furnish(desk.house)
        await _story(desk)

        # A crash in the middle of a request, with words and secrets in its message.
        async def crash(body: object) -> None:
            raise RuntimeError(f"{WORDS[0]} {SECRETS['SLACK_BOT_TOKEN']} {PRIVATE_WORDS[0]}")

        monkeypatch.setattr(desk.door, "_action", crash)
        answer = await desk.payload(click(ADA, "timeline", "{}"))
        assert answer.status_code == 500 and answer.text == ""
        secret = [*SECRETS.values(), "canary-hook-3333"]
        everything = [*secret, *WORDS, *PRIVATE_WORDS]
        text = written.getvalue()
        assert "request_failed" in text and "payload_refused" in text
        _silent("the log", text, everything)
        for path in ("/healthz", "/readyz", "/metrics", "/status", "/status.json", "/status/feed"):
            page = await desk.http.get(path)
            _silent(path, page.text + str(page.headers), everything)
        for verb in ("status INC-1", "timeline", "list", "help", "search canary", "mine", ""):
            shown = await desk.payload(command(EVE, verb))
            _silent(verb, shown.text, [*secret, *PRIVATE_WORDS])
        for form in ("md", "html", "json"):
            made = export_document(desk.house, 1, form).decode()
            _silent(form, made, [*secret, *PRIVATE_WORDS])
        rows = desk.house.read_sync(lambda s: list(s.execute(select(EffectRow)).scalars()))
        for row in rows:
            _silent(row.key, f"{row.key} {row.error} {row.payload} {row.result}", secret)
            if row.incident not in (2, 4, 5):
                _silent(row.key, f"{row.payload}", PRIVATE_WORDS)
    said = await asyncio.to_thread(_said_by_commands, url, tmp_path)
    _silent("the command line", said, secret)


def _said_by_commands(url: str, folder: Path) -> str:
    from bot.cli import cli

    env = {"DATABASE_URL": url, "STEADYHAND_DATA_DIR": str(folder), **SECRETS,
           "SLACK_API_URL": "http://127.0.0.1:9/api/"}  # fmt: skip
    said = ""
    for call in (["settings"], ["doctor"], ["verify"], ["effects", "list", "--all"]):
        done = CliRunner().invoke(cli, call, env=env)
        said += done.output + repr(done.exception)
    away = {**env, "DATABASE_URL": "postgresql://ada:canary-password-1234@127.0.0.1:9/x"}
    for call in (["settings"], ["doctor"], ["verify"]):
        done = CliRunner().invoke(cli, call, env=away)
        text = done.output + repr(done.exception)
        assert "canary-password-1234" not in text, (call, text)
        said += text
    return said


def _silent(where: str, text: str, canaries: list[str]) -> None:
    heard = [canary for canary in canaries if canary in text]
    assert not heard, f"{where}: {heard}"
