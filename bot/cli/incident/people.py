"""``steadyhand incident role``: who does what in the response."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from bot.cli.acting import about, changing, somebody_else

if TYPE_CHECKING:
    from bot.record.tx import Tx
    from db.tables import Incident


@click.command()
@about
@click.argument("role_name", metavar="ROLE")
@click.argument("holder", metavar="[USERID]", required=False)
@click.option("--release", is_flag=True, help="Give the role back.")
@click.option("--decline", metavar="REASON", help="Say no to an offer, and why.")
@click.option("--reason", default="", help="Why; needed to take command over from somebody.")
@changing
def role(
    tx: Tx, row: Incident, role_name: str, holder: str | None, release: bool, decline: str | None,
    reason: str,
) -> str:  # fmt: skip
    """Ask somebody to take a role; without USERID, or with your own: take it, or accept it."""
    from bot.incident import roles

    if sum((holder is not None, release, decline is not None)) > 1:
        raise click.UsageError("Give one of USERID, --release and --decline.")
    found = roles.find_role(tx, role_name)
    if release:
        return roles.release(tx, row, found)
    if decline is not None:
        return roles.decline(tx, row, found, decline)
    return roles.assign(tx, row, found, somebody_else(holder) if holder else tx.by.id, reason)
