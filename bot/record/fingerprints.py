"""What runs now, as the deployment pipeline wrote it down: a small file, read when it changed.

The file is JSON or YAML and names one or more parts (model, prompt, guardrail, config, dataset,
index), each with a hash, a digest or a version id::

    {"model": "support-7b@sha256:4f1c", "prompt": "v41", "config": "9d2e11"}

Opening an incident looks at it, so a look costs one ``stat`` unless the file changed.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from bot.errors import BadInput

log = logging.getLogger(__name__)

#: What a freeze can name; the values are hashes, digests or version ids, never the thing itself.
PARTS = ("model", "prompt", "guardrail", "config", "dataset", "index")
#: What a part is called, and what to name of it.
LABELS = {
    "model": ("Model", "Name and version, or the digest of its weights."),
    "prompt": ("System prompt", "Version or hash. Not the text."),
    "guardrail": ("Guardrail", "Version or hash of filters and classifiers."),
    "config": ("Configuration", "Hash of decoding, routing and feature settings."),
    "dataset": ("Data set", "Version of the data behind it."),
    "index": ("Retrieval index", "Snapshot id."),
}
VALUE_MAX = 200
#: Nobody's list of six short values is longer; what is, was named by mistake.
FILE_MAX = 16_384
_NOTHING = ("", "null", "~")


@dataclass(frozen=True, slots=True)
class RunningNow:
    """What runs now, by part, and when that was written down."""

    parts: Mapping[str, str]
    as_of: datetime


class Fingerprints:
    """The file. Trouble with it never stops an opening: it is logged, and `doctor` names it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._seen: tuple[int, ...] | None = None
        self._found: RunningNow | None = None

    def now(self) -> RunningNow | None:
        """What the file says now; None while it is missing or cannot be used."""
        try:
            stat = self.path.stat()
            seen: tuple[int, ...] = (stat.st_mtime_ns, stat.st_size, stat.st_ino)
        except OSError:
            seen = ()
        if seen != self._seen:
            self._seen, self._found = seen, None
            try:
                self._found = self.read()
            except BadInput as problem:
                log.warning("fingerprints_unusable", extra={"why": problem.message})
        return self._found

    def read(self) -> RunningNow:
        """Read the file anew. Raises ``BadInput`` saying what is wrong with it."""
        try:
            with self.path.open("rb") as file:
                raw = file.read(FILE_MAX + 1)
                at = os.fstat(file.fileno()).st_mtime
        except OSError as problem:
            raise BadInput(f"{self.path} cannot be read: {problem.strerror}.") from None
        if len(raw) > FILE_MAX:
            raise BadInput(f"{self.path} is longer than {FILE_MAX} bytes.")
        return RunningNow(checked(_parsed(self.path, raw)), datetime.fromtimestamp(at, UTC))


def checked(given: Mapping[str, Any]) -> dict[str, str]:
    """The parts that say something, in their order. Raises ``BadInput`` with the part as field.

    The values stand in the chain for good, so prose (a prompt, a name) must not get in.
    """
    unknown = sorted(str(name) for name in given if name not in PARTS)
    if unknown:
        raise BadInput(
            f"«{unknown[0]}» cannot be frozen.",
            instead="Name one or more of: " + ", ".join(PARTS), field="model",
        )  # fmt: skip
    found = {name: str(given[name]).strip() for name in PARTS if given.get(name) is not None}
    found = {name: value for name, value in found.items() if value}
    if not found:
        raise BadInput(
            "Nothing was named to freeze.",
            instead="Name one or more of: " + ", ".join(PARTS), field="model",
        )  # fmt: skip
    for name, value in found.items():
        if len(value) > VALUE_MAX or len(value.split()) > 1 or not value.isprintable():
            raise BadInput(
                f"The fingerprint of the {name} is too long, or has spaces or invisible signs in it.",
                instead="Give a hash or a version id, not the thing itself.", field=name,
            )  # fmt: skip
    return found


def _parsed(path: Path, raw: bytes) -> Mapping[str, Any]:
    """Every value as the text that stands there: 1.10 is no number here, nor 012 an octal one."""
    import yaml

    try:
        found = yaml.load(raw.decode("utf-8"), Loader=yaml.BaseLoader)  # noqa: S506 - makes only texts
    except (yaml.YAMLError, UnicodeDecodeError, RecursionError):  # the last: brackets without end
        raise BadInput(f"{path} is neither JSON nor YAML.") from None
    if not isinstance(found, dict):
        raise BadInput(f"{path} is no list of parts.", instead='Write {"model": "…"}.')
    if any(not isinstance(value, str) for value in found.values()):
        raise BadInput(f"{path}: each part has one version or hash.")
    return {name: value for name, value in found.items() if value not in _NOTHING}
