"""``steadyhand run``: serve a Slack workspace."""

from __future__ import annotations

from typing import Any

import click


@click.command()
@click.option("--host", help="Address to listen on, instead of STEADYHAND_HOST.")
@click.option("--port", type=int, help="Port to listen on, instead of STEADYHAND_PORT.")
def run(host: str | None, port: int | None) -> None:
    """Serve a Slack workspace, until SIGTERM or Ctrl-C.

    Requests come through Socket Mode when SLACK_APP_TOKEN is set, else over HTTP at /slack/events.
    /healthz says that the process lives, /readyz that it can work.
    """
    import gc

    gc.disable()  # until everything is up: nothing that the start makes is garbage for long
    from bot import logs
    from bot.serve import run_loop, until_told
    from bot.settings import load_settings, require_slack

    given: dict[str, Any] = {"STEADYHAND_HOST": host, "STEADYHAND_PORT": port}
    settings = load_settings(**{name: value for name, value in given.items() if value is not None})
    require_slack(settings)
    logs.configure(settings)
    run_loop(until_told(settings))
