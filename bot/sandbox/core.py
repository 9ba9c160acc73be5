"""What all parts of one sandbox share: the workspace, the app, the weather, the log of calls."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from bot.sandbox.checks import Advice
from bot.sandbox.manifest import Manifest
from bot.sandbox.state import Workspace
from bot.sandbox.weather import Faults, Limits, Weather

if TYPE_CHECKING:
    from bot.sandbox.delivery import Delivery

Json = dict[str, Any]
Hook = Callable[["Call"], Awaitable[None] | None]


@dataclass
class Call:
    """One Web API call, as it came and as it went. Times are Unix seconds."""

    method: str
    args: Json
    at_start: float
    at_end: float | None = None
    ok: bool | None = None
    error: str | None = None
    status: int | None = None
    answer: Json | None = None
    answered: bool = True

    def finish(self, status: int, answer: Json, now: float) -> None:
        """Notes what came out of it."""
        self.status, self.answer, self.at_end = status, answer, now
        self.ok = bool(answer.get("ok"))
        self.error = answer.get("error")


@dataclass(frozen=True)
class Notice:
    """A transient text that Slack shows one person, like a command that failed."""

    user: str
    text: str
    channel: str | None = None


@dataclass
class Core:
    """One sandbox. Plain data and the few things that everybody calls."""

    workspace: Workspace
    manifest: Manifest
    bot_token: str
    app_token: str
    signing_secret: str
    weather: Weather = field(default_factory=Weather)
    faults: Faults = field(default_factory=Faults)
    limits: Limits = field(default_factory=Limits)
    calls: list[Call] = field(default_factory=list)
    advice: list[Advice] = field(default_factory=list)
    mistakes: list[str] = field(default_factory=list)
    notices: list[Notice] = field(default_factory=list)
    before_call: Hook | None = None
    after_call: Hook | None = None
    in_flight: int = 0
    last_call: float = 0.0
    base_url: str = ""
    delivery: Delivery = field(init=False)

    @property
    def scopes(self) -> frozenset[str]:
        """What the app was granted."""
        return self.manifest.scopes

    def notice(self, user: str, text: str, channel: str | None = None) -> None:
        """Shows one person a transient text."""
        self.notices.append(Notice(user, text, channel))
        self.workspace.changed("notice", channel, user)

    def mistake(self, text: str) -> None:
        """Notes an answer of the app that Slack would not take, with no call to refuse."""
        self.mistakes.append(text)
