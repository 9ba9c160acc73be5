"""What people see in Slack of an incident: announcement, topic, bookmark, worded messages."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlmodel import Session

from bot.effects.kinds import AWAY_TOLD, PAGE
from bot.effects.message import Message
from bot.incident.names import ref
from bot.incident.queries import get, status
from bot.record.batch import Env
from bot.slack import away, card, kit
from bot.slack.router import Wording
from bot.slack.wording import mark
from db.tables import Incident

TOPIC_MAX = 250


class SlackRenderer:
    """Readings of the state, made at the moment they are sent."""

    def __init__(
        self, wordings: Mapping[str, Wording], env: Env, parts: Sequence[card.Part] = ()
    ) -> None:
        self._wordings = wordings
        self._parts = parts
        self._env = env

    def card(self, session: Session, incident: Incident) -> Message:
        """The incident's one card."""
        return card.render(session, incident, self._env, self._parts)

    def announcement(self, session: Session, incident: Incident) -> Message:
        """The line in the broadcast channel."""
        head = f"{mark(incident)}*{ref(incident.number)}* {kit.esc(incident.title)}"
        where = f" · <#{incident.channel_id}>" if incident.channel_id else ""
        severity = incident.severity or "severity not assessed yet"
        line = (
            f"{severity} · {status(incident)} · opened by {kit.person(incident.opened_by)}{where}"
        )
        text = f"{ref(incident.number)} {severity}, {status(incident)}"
        return Message(text, [kit.section(f"{head}\n{line}")])

    def topic(self, incident: Incident) -> str:
        """The channel's topic: what this is, in one line."""
        mark = "DRILL · " if incident.kind == "drill" else ""
        return kit.clip(
            f"{mark}{ref(incident.number)} · {kit.esc(incident.title)} · /incident", TOPIC_MAX
        )

    def bookmark(self, incident: Incident, what: str, workspace: str) -> tuple[str, str] | None:
        """Title and link: of the card in ``workspace`` (its address), or of the status page."""
        if what == PAGE:
            base = self._env.base_url
            return (f"{ref(incident.number)} status page", f"{base}/status") if base else None
        if not (incident.channel_id and incident.card_ts):
            return None
        # The pattern of Slack's message links, so that asking for one costs no call.
        place = f"archives/{incident.channel_id}/p{incident.card_ts.replace('.', '')}"
        return f"{ref(incident.number)} at a glance", f"{workspace.rstrip('/')}/{place}"

    def message(
        self, session: Session, incident: Incident | None, name: str, params: dict[str, Any]
    ) -> Message:
        """A message by the name of its wording."""
        if name != AWAY_TOLD:
            return self._wordings[name](session, incident, params)
        to = {name: params[name] for name in params if name == "to"}  # when it is told anew
        return away.told([self._part(session, part, to) for part in params["parts"]])

    def _part(self, session: Session, part: dict[str, Any], to: dict[str, Any]) -> Message:
        number = part["incident"]
        incident = get(session, number) if number is not None else None
        return self.message(session, incident, part["message"], {**part["params"], **to})
