"""All surfaces together."""

from __future__ import annotations

from bot.playbook.load import Content
from bot.settings import Settings
from bot.slack import commands, open, overview, record, roles, severity
from bot.slack.router import Surface, merge


def all_surfaces(settings: Settings, content: Content) -> Surface:
    """Every handler, by name."""
    parts = [
        open.SURFACE,
        severity.SURFACE,
        roles.surface(content),
        record.surface(settings.capture_emoji),
        overview.surface(home_sections()),
    ]
    verbs = merge(parts).verbs
    return merge([*parts, commands.surface(verbs)])


def home_sections() -> overview.Sections:
    """What App Home shows besides incidents."""
    return ()
