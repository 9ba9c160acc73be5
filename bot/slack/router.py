"""Which handler gets which request. Surfaces list theirs; nothing registers itself on import."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlmodel import Session

from bot.effects.message import Message
from bot.slack.request import Handler
from db.tables import Incident

#: Words a message: (session, incident, params) -> what people see.
Wording = Callable[[Session, Incident | None, dict[str, Any]], Message]


@dataclass(frozen=True)
class Surface:
    """What one surface can handle: verbs of /incident, buttons, forms, shortcuts, events.

    A module's table is its ``SURFACE``. Where handlers or wordings need something besides the
    request, ``surface(needs)`` makes the table and binds it to them with ``partial``.
    """

    verbs: Mapping[str, Handler] = field(default_factory=dict)
    actions: Mapping[str, Handler] = field(default_factory=dict)
    views: Mapping[str, Handler] = field(default_factory=dict)
    shortcuts: Mapping[str, Handler] = field(default_factory=dict)
    events: Mapping[str, Handler] = field(default_factory=dict)
    wordings: Mapping[str, Wording] = field(default_factory=dict)


@dataclass(frozen=True)
class Verb:
    """How help shows a verb."""

    name: str
    usage: str
    what: str
    aliases: tuple[str, ...] = ()


def merge(surfaces: Iterable[Surface]) -> Surface:
    """One surface out of many. Two handlers of one name are a mistake found at start."""
    out: dict[str, dict[str, Any]] = {
        name: {} for name in ("verbs", "actions", "views", "shortcuts", "events", "wordings")
    }
    for surface in surfaces:
        for name, found in out.items():
            for key, handler in getattr(surface, name).items():
                if key in found:
                    raise ValueError(f"two handlers for {name} «{key}»")
                found[key] = handler
    return Surface(**out)
