"""What an entry is: typed public data, private data behind commitments, and who said it.

The chain must stay whole when a person's data are erased. So a field marked :data:`Private` is not
part of the hashed document: the document holds SHA-256(salt || value), and salt and value live in
a table of their own, from which they can be deleted.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Annotated, Any, ClassVar, TypeVar

from pydantic import BaseModel, ConfigDict

T = TypeVar("T")


class _PrivateMarker:
    """Marks a field whose value is kept outside the chain."""


PRIVATE = _PrivateMarker()
#: ``title: Private[str]``: a person's words or identity; erasable, committed to by a salted hash.
Private = Annotated[T, PRIVATE]


class _PrivilegedMarker(_PrivateMarker):
    """Marks a private field that is read by nothing but ``bot.record.privileged``."""


#: ``text: Privileged[str]``: private, and never in state, search, pages or exports.
Privileged = Annotated[T, _PrivilegedMarker()]

ERASED = "[erased]"
WITHHELD = "[privileged]"


class Entry(BaseModel):
    """Base of everything that can be on the record. Subclasses live in ``catalogue``."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", defer_build=True, ser_json_timedelta="iso8601"
    )
    kind: ClassVar[str]

    @classmethod
    def private_fields(cls) -> frozenset[str]:
        """Names of the fields that stay outside the chain."""
        return _marked(cls, _PrivateMarker)

    @classmethod
    def privileged_fields(cls) -> frozenset[str]:
        """Names of the private fields that only the people named in the entry may read."""
        return _marked(cls, _PrivilegedMarker)


@cache
def _marked(kind: type[Entry], marker: type) -> frozenset[str]:
    """Fields of a kind of entry that carry a marker; asked for every entry that is written or read."""
    return frozenset(
        name
        for name, info in kind.model_fields.items()
        if any(isinstance(mark, marker) for mark in info.metadata)
    )


@dataclass(frozen=True, slots=True)
class Actor:
    """Who did something, and through which door.

    ``id`` is a Slack user id, ``system`` for the bot itself, or ``cli:NAME``.
    """

    id: str
    source: str = "house"
    trace: str = ""
    #: The channel in which the person acted: whoever acts in an incident's channel is a responder.
    channel: str | None = None

    @property
    def is_system(self) -> bool:
        """Whether the bot itself acted."""
        return self.id == "system"


SYSTEM = Actor("system")
#: Doors on our own machine that work without Slack: nobody vouches there for who is typing.
OFF_SLACK = ("cli", "web")


@dataclass(frozen=True, slots=True)
class Recorded:
    """An entry as it stands on the record; projectors turn it into state."""

    seq: int
    incident: int | None
    n: int | None
    at: datetime
    effective_at: datetime
    actor: str
    role: str | None
    source: str
    corrects: int | None
    entry: Any
    late_reason: str = ""


def canonical(value: Any) -> str:
    """JSON as RFC 8785 has it, for the values that the record allows.

    Objects with ASCII keys, lists, strings without lone surrogates, integers up to 2^53-1, booleans
    and null: for these, sorted keys without spaces give the same bytes as RFC 8785. Floats are
    refused, because their text form differs between writers.
    """
    _check(value)
    return _ENCODER.encode(value)


_ENCODER = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def commitment(salt: str, value: Any) -> str:
    """The salted hash that stands for ``value`` in the chain."""
    return hashlib.sha256(bytes.fromhex(salt) + canonical(value).encode()).hexdigest()


def leaf_hash(doc: str) -> str:
    """SHA-256 of 0x00 and the document's bytes: a leaf as in RFC 6962."""
    return hashlib.sha256(b"\x00" + doc.encode()).hexdigest()


def clean_text(text: str) -> str:
    """Text that can be hashed and stored anywhere: no NUL, no lone surrogates."""
    return text.replace("\x00", "").encode("utf-8", "replace").decode("utf-8")


_SAFE_INT = 2**53 - 1


def _check(value: Any) -> None:
    if isinstance(value, str | bool) or value is None:
        return
    if isinstance(value, int):
        if abs(value) > _SAFE_INT:
            raise ValueError(f"{value} is too large for the record; write it as text")
    elif isinstance(value, dict):
        for key, inner in value.items():
            if not (isinstance(key, str) and key.isascii()):
                raise ValueError(f"key {key!r} is not ASCII text")
            _check(inner)
    elif isinstance(value, list | tuple):
        for inner in value:
            _check(inner)
    else:
        raise ValueError(f"{type(value).__name__} cannot be on the record: {value!r}")
