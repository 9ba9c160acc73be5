"""All surfaces together."""

from __future__ import annotations

from bot.settings import Settings
from bot.slack import commands, open
from bot.slack.router import Surface, merge


def all_surfaces(settings: Settings) -> Surface:
    """Every handler, by name."""
    parts = [open.SURFACE]
    verbs = merge(parts).verbs
    return merge([*parts, commands.surface(verbs)])
