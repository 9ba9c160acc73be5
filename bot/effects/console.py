"""The console: where a drill's outside effects go instead, so that nothing leaves the house."""

from __future__ import annotations

import logging

from bot.effects.outcome import Done, Outcome
from bot.effects.store import Claimed

log = logging.getLogger(__name__)
PREFIX = "console."


class ConsoleAdapter:
    """Takes every effect whose kind begins with ``console.`` and writes a line to the log.

    The line names the incident and what it is about by number and hash; people's words stay in
    the database. What would have happened is told in the drill's channel by the room that asked.
    """

    def handles(self, kind: str) -> bool:
        """Whether this adapter knows the kind."""
        return kind.startswith(PREFIX)

    async def perform(self, effect: Claimed) -> Outcome:
        """Write the line. Repeating it after a crash does no harm."""
        ids = {
            name: value
            for name, value in effect.payload.items()
            if name in ("number", "digest", "place", "rung", "step")
        }
        log.info(
            "drill_effect",
            extra={"kind": effect.kind, "incident": effect.incident, "key": effect.key, **ids},
        )
        return Done({"printed": True})
