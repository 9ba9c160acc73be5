"""What people see, as the Slack adapter takes it from whoever words it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeVar

from sqlmodel import Session

from db.tables import Incident

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Message:
    """A message as Slack takes it: ``text`` is what notifications and screen readers get."""

    text: str
    blocks: list[dict[str, Any]] = field(default_factory=list)


class Renderer(Protocol):
    """Turns the state into what people see. Lives with the Slack surfaces."""

    def card(self, session: Session, incident: Incident) -> Message: ...
    def announcement(self, session: Session, incident: Incident) -> Message: ...
    def topic(self, incident: Incident) -> str: ...
    def bookmark(self, incident: Incident, what: str, workspace: str) -> tuple[str, str] | None: ...
    def message(
        self, session: Session, incident: Incident | None, name: str, params: dict[str, Any]
    ) -> Message: ...


class Reader(Protocol):
    """Runs a reading function against the database, off the event loop."""

    async def __call__(self, job: Callable[[Session], T]) -> T: ...
