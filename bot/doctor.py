"""``steadyhand doctor``: is everything there that `run` needs? Each line says what to do if not."""

from __future__ import annotations

import asyncio
import shutil
import time
from collections.abc import AsyncIterator, Awaitable, Iterator
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import Any

import aiohttp
from slack_sdk.errors import SlackApiError, SlackClientError
from slack_sdk.web.async_client import AsyncWebClient
from sqlalchemy import Connection, make_url
from sqlalchemy.exc import SQLAlchemyError

from bot.effects.outcome import ACCESS_LOST
from bot.errors import BadInput, ConfigError
from bot.settings import ROOT, Settings, require_slack
from db import guards
from db.engine import Engines

OK, WARN, FAIL = "ok", "warn", "fail"
#: Slack signs requests with its time and we refuse those more than five minutes old.
SKEW_WARN_S, SKEW_FAIL_S = 30, 240
LITTLE_SPACE = 200_000_000
HELLO_S = 5

#: What people miss when the app was installed without a scope of the manifest.
LOST = {
    "app_mentions:read": "the bot does not answer when it is mentioned",
    "bookmarks:read": "a link may be added to a channel twice after a crash",
    "bookmarks:write": "channels get no links to the record",
    "channels:history": "captured messages do not follow edits; a post may be doubled after a crash",
    "channels:manage": "no channel can be made for a public incident: nothing works without it",
    "channels:read": "renamed or archived channels are not noticed",
    "chat:write": "the bot cannot say anything: nothing works without it",
    "commands": "/incident and the shortcuts do not exist: nothing works without it",
    "groups:history": "as channels:history, for private incidents",
    "groups:read": "as channels:read, for private incidents",
    "groups:write": "no private incident can be opened",
    "im:history": "the bot does not answer direct messages",
    "im:write": "a message to one person may be doubled after a crash",
    "pins:write": "the card is not pinned",
    "reactions:read": "the emoji puts nothing on the record; the shortcut still does",
    "reactions:write": "people do not see on the message that it was taken",
    "usergroups:read": "groups cannot be named as on call or as approvers",
}
NEEDED = frozenset({"channels:manage", "chat:write", "commands"})
#: Settings that name a channel, and what does not happen when the bot cannot post there.
POSTS_TO = {
    "announce_channel": "new incidents are not announced",
    "notice_channel": "approved notices are not published there",
    "audit_channel": "checkpoints of the record are not posted there",
}
REINSTALL = "Add it under OAuth & Permissions of the app and install the app again."


@dataclass(frozen=True, slots=True)
class Line:
    """One thing looked at: ``ok``, ``warn`` or ``fail``, and what to do about it."""

    level: str
    what: str
    do: str = ""


async def examine(settings: Settings) -> AsyncIterator[Line]:
    """Look at everything, the cheap things first. Changes nothing."""
    for line in [*_settings(settings), *_content(settings)]:
        yield line
    for line in await asyncio.to_thread(lambda: list(_database(settings))):
        yield line
    if settings.slack_bot_token.get_secret_value():
        async for line in _slack(settings):
            yield line
    if settings.socket_mode:
        yield await _socket(settings)


def manifest_scopes() -> list[str]:
    """The bot scopes that ``app_manifest.yaml`` asks for."""
    import yaml

    text = (ROOT / "app_manifest.yaml").read_text(encoding="utf-8")
    found: list[str] = yaml.safe_load(text)["oauth_config"]["scopes"]["bot"]
    return found


# --- settings, content ------------------------------------------------------------------------


def _settings(settings: Settings) -> Iterator[Line]:
    try:
        require_slack(settings)
    except ConfigError as problem:
        yield Line(FAIL, problem.message, problem.instead)
    else:
        mode = "Socket Mode" if settings.socket_mode else "HTTP"
        yield Line(OK, f"Settings are complete; requests come through {mode}.")
    if not settings.announce_channel:
        yield Line(
            WARN,
            "New incidents are not announced.",
            "Set STEADYHAND_ANNOUNCE_CHANNEL to a channel id.",
        )
    if settings.base_url and not settings.base_url.startswith(("https://", "http://127.0.0.1")):
        yield Line(
            WARN,
            "STEADYHAND_BASE_URL is not https.",
            "Put a proxy with TLS in front and use its address.",
        )
    yield from _fingerprints(settings)


def _fingerprints(settings: Settings) -> Iterator[Line]:
    from bot.record.fingerprints import Fingerprints

    if settings.fingerprints_file is None:
        return
    try:
        found = Fingerprints(settings.fingerprints_file).read()
    except BadInput as problem:
        do = "Have your pipeline write it again; until then nothing is frozen at an opening."
        yield Line(WARN, f"Fingerprints: {problem.message}", do)
    else:
        at = f"{found.as_of:%Y-%m-%d %H:%M} UTC"
        yield Line(OK, f"Fingerprints of {', '.join(found.parts)}, written {at}.")


def _content(settings: Settings) -> Iterator[Line]:
    from bot.playbook.lint import check

    faults = check(settings.content_dir, settings.templates_dir)
    for fault in faults:
        yield Line(FAIL, f"{fault.file}:{fault.line}: {fault.what}", fault.fix)
    if not faults:
        yield Line(OK, "Content: rules, playbook modules and templates are without faults.")


# --- database ---------------------------------------------------------------------------------


def _database(settings: Settings) -> Iterator[Line]:
    from bot.bootstrap import open_database

    try:
        engines, state = open_database(settings)
    except ConfigError as problem:
        yield Line(FAIL, problem.message, problem.instead)
        return
    try:
        yield _shape(state, settings)
        yield from _writable(engines, state)
        if engines.is_sqlite:
            yield from _sqlite_file(engines)
        if state == "current":
            yield _signing(engines, settings)
    finally:
        engines.dispose()


def _signing(engines: Engines, settings: Settings) -> Line:
    """Whether checkpoints are signed, and that the key is nobody else's to read."""
    from sqlmodel import Session

    from bot.errors import Refusal
    from bot.record import keys

    try:
        with Session(engines.read) as session:
            if not keys.known(session):
                return Line(
                    WARN, "No key signs checkpoints yet: a rewritten record would not be noticed.",
                    "The first `steadyhand run` makes one, or do it now: `steadyhand keys make`.",
                )  # fmt: skip
            key = keys.signing(session, keys.Signer(settings.key_file))
    except (Refusal, ConfigError, OSError) as problem:
        return Line(
            WARN,
            f"Checkpoints are off: {problem}",
            "Put the key's file back: `steadyhand keys list`.",
        )
    if settings.key_file.stat().st_mode & 0o077:
        return Line(
            WARN, f"Others can read {settings.key_file}.", f"Run: chmod 600 {settings.key_file}"
        )
    return Line(OK, f"Checkpoints are signed with the key {key.public.id}.")


def _shape(state: str, settings: Settings) -> Line:
    if state == "current":
        return Line(OK, "The database is up to date.")
    if state == "unknown":
        return Line(FAIL, "The database was made by a newer release.", "Install that release.")
    if settings.migrate:
        return Line(OK, "The database is brought up to date at the next start.")
    return Line(FAIL, "The database is not up to date.", "Run `steadyhand db upgrade`.")


def _writable(engines: Engines, state: str) -> Iterator[Line]:
    try:
        with engines.write.connect() as conn:
            read_only = _read_only(conn, engines.is_sqlite)
            missing = guards.missing(conn) if state == "current" else []
            conn.rollback()
    except SQLAlchemyError as problem:
        why = str(getattr(problem, "orig", "")).partition("\n")[0] or type(problem).__name__
        yield Line(FAIL, f"The database cannot be written: {why}.", "Look at its rights and locks.")
        return
    if read_only:
        yield Line(FAIL, "The database is read-only.", "Point DATABASE_URL at the primary server.")
    if missing:
        yield Line(
            FAIL, f"Triggers that protect the record are missing: {', '.join(missing)}.",
            "Run `steadyhand verify`, find out who removed them; the next start puts them back.",
        )  # fmt: skip
    if not (read_only or missing):
        yield Line(OK, "The database can be written, and the record only appended to.")


def _read_only(conn: Connection, sqlite: bool) -> bool:
    if not sqlite:
        return conn.exec_driver_sql("SHOW transaction_read_only").scalar() == "on"
    # Our BEGIN IMMEDIATE has taken the write lock already; a file without rights fails right here.
    version = conn.exec_driver_sql("PRAGMA user_version").scalar() or 0
    conn.exec_driver_sql(f"PRAGMA user_version = {int(version)}")
    return False


def _sqlite_file(engines: Engines) -> Iterator[Line]:
    with engines.read.connect() as conn:
        mode = conn.exec_driver_sql("PRAGMA journal_mode").scalar()
    if mode != "wal":
        yield Line(
            WARN, f"SQLite uses the journal mode {mode}, so readers and writers wait for each other.",
            "Keep the file on a local disk; network drives cannot do WAL.",
        )  # fmt: skip
    path = make_url(engines.url).database
    free = shutil.disk_usage(path).free if path else LITTLE_SPACE
    if free < LITTLE_SPACE:
        yield Line(WARN, f"Only {free // 1_000_000} MB are free for {path}.", "Make room.")


# --- Slack ------------------------------------------------------------------------------------


async def _slack(settings: Settings) -> AsyncIterator[Line]:
    from bot.slack.app import make_client

    client = make_client(settings)
    answer, error = await _ask(client.auth_test())
    if answer is None:
        hint = "Check SLACK_BOT_TOKEN: install the app and copy the bot token again."
        if error not in ACCESS_LOST:
            hint = f"Check that {settings.slack_api_url} can be reached from here."
        yield Line(FAIL, f"Slack: auth.test failed ({error}).", hint)
        return
    yield Line(OK, f"Slack knows the bot as @{answer['user']} in {answer['team']}.")
    headers = {name.lower(): value for name, value in (answer.headers or {}).items()}
    yield _skew(str(headers.get("date", "")))
    for line in _scopes(str(headers.get("x-oauth-scopes", ""))):
        yield line
    for name in POSTS_TO:
        if getattr(settings, name):
            yield await _channel(client, name, getattr(settings, name))


async def _ask(call: Awaitable[Any]) -> tuple[Any | None, str]:
    try:
        return await call, ""
    except SlackApiError as problem:
        return None, str(problem.response.get("error", "unknown_error"))
    except (TimeoutError, aiohttp.ClientError, SlackClientError, OSError) as problem:
        return None, type(problem).__name__


def _skew(date: str) -> Line:
    try:
        theirs = parsedate_to_datetime(date).timestamp()
    except ValueError:
        return Line(WARN, "Slack's answer has no date, so the clock cannot be compared.")
    skew = abs(theirs - time.time())
    if skew < SKEW_WARN_S:
        return Line(OK, "The clock of this machine agrees with Slack's.")
    level = FAIL if skew >= SKEW_FAIL_S else WARN
    what = f"The clock of this machine is {int(skew)} s away from Slack's."
    return Line(level, what, "Switch on NTP; past 5 minutes every request of Slack is refused.")


def _scopes(header: str) -> Iterator[Line]:
    granted = {part.strip() for part in header.split(",") if part.strip()}
    wanted = manifest_scopes()
    if not granted:
        yield Line(WARN, "Slack did not say which scopes were granted.")
        return
    for scope in (one for one in wanted if one not in granted):
        level = FAIL if scope in NEEDED else WARN
        yield Line(level, f"The scope {scope} is missing: {LOST[scope]}.", REINSTALL)
    if granted.issuperset(wanted):
        yield Line(OK, f"All {len(wanted)} scopes of the manifest are granted.")


async def _channel(client: AsyncWebClient, name: str, channel: str) -> Line:
    """Whether the bot can post there: it has to be in the channel, also to find its own messages."""
    setting, lost = f"STEADYHAND_{name.upper()}", POSTS_TO[name]
    answer, error = await _ask(client.conversations_info(channel=channel))
    if answer is None:
        return Line(
            FAIL, f"{setting}: channel {channel} is not visible ({error}), so {lost}.",
            "Write the channel's id (C…, at the end of its details) and invite the bot there.",
        )  # fmt: skip
    found = answer["channel"]
    shown = f"#{found.get('name', channel)}"
    if found.get("is_archived"):
        what, do = f"{shown} is archived", "Unarchive it or choose another."
    elif not found.get("is_member"):
        what, do = f"the bot is not in {shown}", f"Write /invite @{await _me(client)} in {shown}."
    elif found.get("is_read_only"):
        return Line(
            WARN, f"{setting}: only some may post in {shown}; if the bot may not, {lost}.",
            "Allow the app in the channel's posting permissions, or choose another channel.",
        )  # fmt: skip
    else:
        return Line(OK, f"{setting}: the bot is in {shown}.")
    return Line(FAIL, f"{setting}: {what}, so {lost}.", do)


async def _me(client: AsyncWebClient) -> str:
    answer, _ = await _ask(client.auth_test())
    return str(answer["user"]) if answer is not None else "steadyhand"


async def _socket(settings: Settings) -> Line:
    from bot.slack.app import make_client

    token = settings.slack_app_token.get_secret_value()
    answer, error = await _ask(make_client(settings).apps_connections_open(app_token=token))
    if answer is not None:
        try:
            await asyncio.wait_for(_hello(answer["url"]), HELLO_S)
            return Line(OK, "Socket Mode: a connection was opened and greeted.")
        except (TimeoutError, aiohttp.ClientError, OSError) as problem:
            error = type(problem).__name__
    return Line(
        FAIL, f"Socket Mode cannot be opened ({error}).",
        "Check SLACK_APP_TOKEN (xapp-, scope connections:write), that Socket Mode is on in the app, "
        "and that WebSockets leave this network.",
    )  # fmt: skip


async def _hello(url: str) -> None:
    async with aiohttp.ClientSession() as session, session.ws_connect(url) as socket:
        await socket.receive_json()
