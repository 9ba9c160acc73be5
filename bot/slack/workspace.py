"""Whose Slack this is. Steadyhand serves one workspace, and only its people act.

A signature proves that Slack sent a request for this app, not that our workspace did: an app can be
installed twice, and in channels shared through Slack Connect strangers see our buttons.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

from bot.house import House
from bot.record.entry import SYSTEM
from bot.record.tx import Tx
from bot.slack import payload
from db.tables import Known

log = logging.getLogger(__name__)
KEY = "workspace"


class Foreign(Exception):
    """This comes from another workspace, another app, or a person who is not of ours."""


class Workspace:
    """Our workspace's id, kept in the database from the first time that Slack says it."""

    def __init__(self, house: House, friends: frozenset[str] = frozenset(), app: str = "") -> None:
        self._house = house
        #: Other workspaces of the same organisation whose people may act (Enterprise Grid).
        self._friends = friends
        self.app = app
        row = house.read_sync(lambda session: session.get(Known, KEY))
        kept = row.value if row is not None else {}
        self.team, self._url = str(kept.get("team", "")), str(kept.get("url", ""))

    async def learn(self, answer: Mapping[str, Any]) -> None:
        """What ``auth.test`` answered: the token's own workspace is ours, and its address."""
        team, url = str(answer.get("team_id") or ""), str(answer.get("url") or "")
        if not team or (team, url) == (self.team, self._url):
            return
        if self.team and team != self.team:
            log.warning("workspace_changed", extra={"before": self.team, "now": team})

        def keep(tx: Tx) -> None:
            row = tx.session.get(Known, KEY) or Known(key=KEY, value={}, at=tx.now)
            row.value, row.at = {"team": team, "url": url}, tx.now
            tx.session.add(row)

        await self._house.change(SYSTEM, keep)
        self.team, self._url = team, url

    def admit(self, body: payload.Json) -> None:
        """Raises ``Foreign`` with the reason. Until Slack has said who we are, its word counts."""
        app = body.get("api_app_id")
        if self.app and app is not None and app != self.app:
            raise Foreign("another app")
        if not self.team:
            return
        # A shortcut inside a shared channel names the workspace in which the app is installed.
        team = payload.team_of(body)
        if team is not None and team != self.team and not self._shared(body):
            raise Foreign("another workspace")
        home = payload.home_of_actor(body)
        if home is not None and home != self.team and home not in self._friends:
            raise Foreign("a person of another workspace")

    def _shared(self, body: payload.Json) -> bool:
        """An event of a shared channel names its sender's workspace; who it is for stands beside."""
        given = body.get("authorizations")
        if not isinstance(given, list):
            return False
        return any(isinstance(one, dict) and one.get("team_id") == self.team for one in given)


def app_of(app_token: str) -> str:
    """The app's id as an app-level token carries it: ``xapp-1-A0123-…``; empty when it does not."""
    parts = app_token.split("-")
    return parts[2] if len(parts) > 3 and payload.ID.fullmatch(parts[2]) else ""
