"""What the sandbox reads from app_manifest.yaml: commands, shortcuts, scopes, events."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Command:
    """A slash command, as people see it in the composer."""

    command: str
    description: str = ""
    usage_hint: str = ""
    should_escape: bool = False


@dataclass(frozen=True)
class Shortcut:
    """A global or message shortcut."""

    name: str
    type: str
    callback_id: str
    description: str = ""


@dataclass(frozen=True)
class Manifest:
    """The app as it is installed in the sandbox workspace."""

    name: str = "Steadyhand"
    bot_name: str = "steadyhand"
    commands: tuple[Command, ...] = ()
    shortcuts: tuple[Shortcut, ...] = ()
    scopes: frozenset[str] = frozenset()
    events: frozenset[str] = frozenset()
    interactive: bool = True
    home_tab: bool = True
    messages_tab: bool = True
    raw: dict[str, Any] = field(default_factory=dict, compare=False)

    @classmethod
    def read(cls, path: Path) -> Manifest:
        """Reads the YAML file. Raises OSError, or KeyError when it is not a manifest."""
        import yaml

        return cls.from_dict(yaml.safe_load(path.read_text(encoding="utf-8")))

    @classmethod
    def from_dict(cls, raw: dict[str, Any]) -> Manifest:
        """Takes the parsed manifest; absent parts mean what they mean to Slack (off)."""
        features = raw.get("features", {})
        settings = raw.get("settings", {})
        home = features.get("app_home", {})
        return cls(
            name=raw["display_information"]["name"],
            bot_name=features.get("bot_user", {}).get("display_name", "bot"),
            commands=tuple(_command(c) for c in features.get("slash_commands", ())),
            shortcuts=tuple(Shortcut(**s) for s in features.get("shortcuts", ())),
            scopes=frozenset(raw.get("oauth_config", {}).get("scopes", {}).get("bot", ())),
            events=frozenset(settings.get("event_subscriptions", {}).get("bot_events", ())),
            interactive=bool(settings.get("interactivity", {}).get("is_enabled", False)),
            home_tab=bool(home.get("home_tab_enabled", False)),
            messages_tab=bool(home.get("messages_tab_enabled", False)),
            raw=raw,
        )

    def command(self, word: str) -> Command | None:
        """The slash command with this word, like `/incident`."""
        return next((c for c in self.commands if c.command == word), None)

    def shortcut(self, kind: str, callback_id: str) -> Shortcut | None:
        """The shortcut of this kind ("global" or "message") and callback id."""
        return next(
            (s for s in self.shortcuts if s.type == kind and s.callback_id == callback_id), None
        )


def _command(raw: dict[str, Any]) -> Command:
    return Command(
        command=raw["command"],
        description=raw.get("description", ""),
        usage_hint=raw.get("usage_hint", ""),
        should_escape=bool(raw.get("should_escape", False)),
    )
