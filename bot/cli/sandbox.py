"""``steadyhand sandbox``: a Slack workspace and the bot in one process, on this machine only."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import click

from bot.settings import ROOT, Settings, load_settings

if TYPE_CHECKING:
    from bot.sandbox.server import Sandbox

PORT = 8080
NOTICES = "customer-notices"
HELLO = """\
Steadyhand sandbox: {url}/

  Open this address in a browser. The switch at the top makes you somebody else.
  Type in any channel:  /incident open Support assistant is insulting customers
  Without Slack: {local} (the token is in {token}).
  Nothing leaves this machine. Ctrl-C ends it.
"""


@click.command()
@click.option("--port", default=PORT, show_default=True, help="Port of the page (0: any free one).")
@click.option("--http/--socket", "http", default=True, help="How requests reach the bot.")
@click.option(
    "--fresh/--keep", default=True,
    help="Begin with an empty record (as the workspace does), or keep the last one.",
)  # fmt: skip
def sandbox(port: int, http: bool, fresh: bool) -> None:
    """Try everything in the browser, without a Slack account.

    A workspace with people and channels, and the bot in it, in one process on 127.0.0.1.
    """
    from bot import logs
    from bot.serve import run_loop

    data = load_settings().data_dir
    logs.configure(load_settings(STEADYHAND_LOG_LEVEL=_level()))
    run_loop(_run(data / "sandbox.db", port, http=http, fresh=fresh))


def _level() -> str:
    """On a person's terminal only what went wrong, unless they asked for more."""
    return os.environ.get("STEADYHAND_LOG_LEVEL", "ERROR")


async def _run(database: Path, port: int, *, http: bool, fresh: bool) -> None:
    from bot.errors import ConfigError
    from bot.sandbox.server import Sandbox
    from bot.serve import address, bind, serving, stop_signal

    stop = stop_signal()
    if fresh:
        for path in database.parent.glob(f"{database.name}*"):
            path.unlink()
    slack = Sandbox(ROOT / "app_manifest.yaml", port=port, verbs=_verbs())
    try:
        await slack.start()
    except OSError as problem:
        raise ConfigError(
            f"Cannot listen on 127.0.0.1 port {port}: {problem.strerror}.",
            instead="Choose another with --port.",
        ) from None
    try:
        await _furnish(slack)
        listener = bind("127.0.0.1", 0)
        settings = settings_for(slack, database, address(listener), http=http)
        async with serving(settings, listener=listener) as served:
            if http:
                slack.deliver_to(f"{served.url}/slack/events")
            click.echo(
                HELLO.format(
                    url=slack.url,
                    local=f"{served.url}/local",
                    token=settings.data_dir / "local-token",
                )
            )
            await stop.wait()
    finally:
        await slack.stop()


def _verbs() -> dict[str, list[dict[str, str]]]:
    from bot.slack.commands import VERBS

    return {
        "/incident": [
            {"verb": verb.name, "usage": verb.usage, "description": verb.what} for verb in VERBS
        ]
    }


async def _furnish(slack: Sandbox) -> None:
    """A channel to which notices go, with the bot in it."""
    people = [member.id for member in slack.workspace.people.values() if not member.is_bot]
    channel = slack.workspace.add_channel(NOTICES, people[0], members=people)
    channel.purpose = "What we tell our customers"
    await slack.person("ada").invites("app", NOTICES)


def settings_for(slack: Sandbox, database: Path, url: str, *, http: bool) -> Settings:
    """The sandbox's own settings; what a ``.env`` says about a real Slack is not used."""
    return load_settings(
        SLACK_BOT_TOKEN=slack.bot_token,
        SLACK_SIGNING_SECRET=slack.signing_secret,
        SLACK_APP_TOKEN="" if http else slack.app_token,
        SLACK_API_URL=slack.api_url,
        DATABASE_URL=f"sqlite:///{database}",
        STEADYHAND_BASE_URL=url,
        STEADYHAND_ANNOUNCE_CHANNEL=slack.channel("incidents").id,
        STEADYHAND_NOTICE_CHANNEL=slack.channel(NOTICES).id,
        STEADYHAND_RESPONDERS="",
        STEADYHAND_MIGRATE=True,
    )
