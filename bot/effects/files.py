"""Files that are only appended to. Kept outside the database, so that it cannot rewrite them."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

from bot.effects.outcome import Done, Later, Outcome
from bot.effects.store import Claimed


class FilesAdapter:
    """Appends text to files of the data directory, once: a text that is there is not repeated."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def handles(self, kind: str) -> bool:
        """Whether this adapter knows the kind."""
        return kind == "file.append"

    async def perform(self, effect: Claimed) -> Outcome:
        """Append; look first whether an earlier attempt did."""
        path = self._folder / Path(effect.payload["file"]).name
        try:
            await asyncio.to_thread(_append, path, effect.payload["text"], effect.doubt)
        except OSError as problem:
            return Later(f"{path.name} cannot be written: {problem.strerror}", doubt=True)
        return Done()


def _append(path: Path, text: str, doubt: bool) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    if doubt and path.is_file() and text in path.read_text(encoding="utf-8"):
        return
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
    try:
        os.write(handle, text.encode())
        os.fsync(handle)
    finally:
        os.close(handle)
