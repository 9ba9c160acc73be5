"""``steadyhand incident``: the whole response at the command line, on the same record as in Slack.

Every command calls the verb that Slack's button calls, so no rule stands here. What has to happen in
Slack is stored and carried out by `steadyhand run`, now or when Slack is back.
"""

from __future__ import annotations

import click

from bot.cli.incident.action import action
from bot.cli.incident.approvals import approvals_group
from bot.cli.incident.describing import facts, families, rename, severity
from bot.cli.incident.exits import exit_group
from bot.cli.incident.freeze import freeze
from bot.cli.incident.looking import list_, next_, show, timeline
from bot.cli.incident.notice import notice
from bot.cli.incident.people import role
from bot.cli.incident.postmortem import postmortem
from bot.cli.incident.proving import confirm_code
from bot.cli.incident.record import correct, decide, evidence, hypothesis, note, update, withdraw
from bot.cli.incident.steps import step
from bot.cli.incident.turns import cancel, close, contain, open_, reopen, resolve


class _Words(click.Group):
    """Understands Slack's word where the command has another name here."""

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        return super().get_command(ctx, {"status": "show"}.get(cmd_name, cmd_name))


@click.group(cls=_Words)
def incident() -> None:
    """Work on incidents without Slack, on the same record."""


#: In the order in which the reference shows them: as a response goes.
for _one in (
    list_, show, next_, timeline, open_, severity, role, step, freeze, approvals_group, confirm_code,
    contain, rename, families, facts, note, decide, hypothesis, evidence, correct, withdraw, update, notice,
    exit_group, resolve, cancel, reopen, action, postmortem, close,
):  # fmt: skip
    incident.add_command(_one)
