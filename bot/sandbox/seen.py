"""A message as one person sees it."""

from __future__ import annotations

from typing import Any

from bot.sandbox.forms import elements
from bot.sandbox.state import Message, Workspace
from bot.sandbox.text import flatten, readable

Json = dict[str, Any]


class Seen:
    """A message on somebody's screen; it always shows what stands there now."""

    def __init__(self, workspace: Workspace, message: Message) -> None:
        self.workspace = workspace
        self.message = message

    def __repr__(self) -> str:
        return f"<Seen {self.ts} {self.plain[:60]!r}>"

    @property
    def ts(self) -> str:
        """The message's ts."""
        return self.message.ts

    @property
    def channel(self) -> str:
        """The channel's id."""
        return self.message.channel

    @property
    def user(self) -> str:
        """Who wrote it."""
        return self.message.user

    @property
    def text(self) -> str:
        """The raw text, which notifications and screen readers use."""
        return self.message.text

    @property
    def blocks(self) -> list[Json]:
        """The blocks, empty when there are none."""
        return self.message.blocks or []

    @property
    def thread_ts(self) -> str | None:
        """The thread it belongs to."""
        return self.message.thread_ts

    @property
    def ephemeral(self) -> bool:
        """Whether only this person sees it."""
        return self.message.ephemeral

    @property
    def deleted(self) -> bool:
        """Whether it is gone."""
        return self.message.deleted

    @property
    def reactions(self) -> dict[str, list[str]]:
        """Emoji names and who reacted."""
        return self.message.reactions

    @property
    def pinned(self) -> bool:
        """Whether it is pinned."""
        room = self.workspace.channels.get(self.channel)
        return room is not None and self.ts in room.pins

    @property
    def plain(self) -> str:
        """Everything that a person reads in it: blocks when there are some, else the text."""
        m = self.message
        attached = [b for a in m.attachments or () for b in a.get("blocks", ())]
        words = [a.get("text") or a.get("fallback") or "" for a in m.attachments or ()]
        parts = [
            flatten(self.workspace, m.blocks) if m.blocks else readable(self.workspace, m.text)
        ]
        parts += [flatten(self.workspace, attached), *words]
        parts += [f"[file {f['title']}]" for f in m.files]
        return "\n".join(p for p in parts if p)

    @property
    def buttons(self) -> list[str]:
        """The texts of its buttons."""
        return button_texts(self.blocks)


def button_texts(blocks: list[Json]) -> list[str]:
    """The texts of all buttons in some blocks."""
    return [p["text"]["text"] for _, p in elements(blocks) if p["type"] == "button"]
