"""Checkpoints and keys as text, in the forms of C2SP (c2sp.org/signed-note, tlog-checkpoint).

A checkpoint is three lines (origin, number of entries, root in base64), an empty line, and one line
a signature. Nothing here knows the database.
"""

from __future__ import annotations

import base64
import hashlib
import re
from dataclasses import dataclass, field

from bot import ed25519
from bot.errors import BadInput, ConfigError

_ED25519 = b"\x01"
_PRIVATE = "PRIVATE+KEY+"
_NOTE = re.compile(
    r"(?m)^(?P<body>(?P<origin>\S+)\n(?P<size>0|[1-9]\d{0,15})\n(?P<root>[A-Za-z0-9+/]{43}=)\n)\n"
    r"(?P<signed>(?:— \S+ [A-Za-z0-9+/=]+\n)+)"
)


@dataclass(frozen=True, slots=True)
class Public:
    """A verifier key: ``<name>+<id>+<base64 of 0x01 and the key>``."""

    name: str
    raw: bytes

    @property
    def id(self) -> str:
        """The first four bytes of SHA-256(name, newline, 0x01, key), in hex."""
        text = self.name.encode() + b"\n" + _ED25519 + self.raw
        return hashlib.sha256(text).hexdigest()[:8]

    @property
    def fingerprint(self) -> str:
        """SHA-256 of the raw key, in hex: what two people compare."""
        return hashlib.sha256(self.raw).hexdigest()

    def __str__(self) -> str:
        return f"{self.name}+{self.id}+{base64.b64encode(_ED25519 + self.raw).decode()}"

    def signed(self, body: str, signature: bytes) -> bool:
        """Whether ``signature`` over ``body`` was made with this key."""
        return ed25519.holds(self.raw, body.encode(), signature)


@dataclass(frozen=True, slots=True)
class Private:
    """A signing key. Its text is ``PRIVATE+KEY+<name>+<id>+<base64 of 0x01 and the seed>``."""

    public: Public
    _seed: bytes = field(repr=False)

    def sign(self, body: str) -> str:
        """The whole note: the body, an empty line, and this key's signature line."""
        raw = bytes.fromhex(self.public.id) + ed25519.sign(self._seed, body.encode())
        return f"{body}\n— {self.public.name} {base64.b64encode(raw).decode()}\n"

    def text(self) -> str:
        """What the key file holds."""
        seed = base64.b64encode(_ED25519 + self._seed).decode()
        return f"{_PRIVATE}{self.public.name}+{self.public.id}+{seed}\n"


@dataclass(frozen=True, slots=True)
class Note:
    """A checkpoint as it was read."""

    origin: str
    size: int
    root: str
    body: str
    signatures: tuple[tuple[str, str, bytes], ...]

    def signer(self, keys: dict[str, Public]) -> Public | None:
        """The first of ``keys`` (by id) whose signature on this note holds."""
        for name, key_id, signature in self.signatures:
            key = keys.get(key_id)
            if key is not None and key.name == name and key.signed(self.body, signature):
                return key
        return None


def body(origin: str, size: int, root: bytes) -> str:
    """What is signed."""
    return f"{origin}\n{size}\n{base64.b64encode(root).decode()}\n"


def make_private(name: str) -> Private:
    """A new key."""
    return _with_public(name, ed25519.new_seed())


def read_private(text: str) -> Private:
    """A key from its file's text. Raises ``ConfigError``."""
    try:
        name, key_id, seed = _parts(text.removeprefix(_PRIVATE))
        found = _with_public(name, seed)
    except ValueError:
        found = key_id = None  # type: ignore[assignment]
    if found is None or not text.startswith(_PRIVATE) or found.public.id != key_id:
        raise ConfigError(
            "The file with the signing key does not hold one.",
            instead="Look at STEADYHAND_SIGNING_KEY_FILE; `steadyhand keys make` makes a key.",
        )
    return found


def read_public(text: str) -> Public:
    """A verifier key from its line. Raises ``BadInput``."""
    try:
        name, key_id, raw = _parts(text)
    except ValueError:
        raw = b""
    if len(raw) != 32 or Public(name, raw).id != key_id:
        raise BadInput("That is not a verifier key.", instead="`steadyhand keys public` shows one.")
    return Public(name, raw)


def read_notes(text: str) -> list[Note]:
    """Every checkpoint in a text, in its order; whatever stands around them is passed over."""
    out = []
    # Copied out of Slack's source, a checkpoint stands between ``` marks.
    text = text.replace("\r\n", "\n").replace("`", "\n").rstrip("\n") + "\n"
    for found in _NOTE.finditer(text):
        signatures = []
        for line in found["signed"].splitlines():
            _, name, encoded = line.split(" ")
            raw = base64.b64decode(encoded + "==")
            signatures.append((name, raw[:4].hex(), raw[4:]))
        root = base64.b64decode(found["root"]).hex()
        out.append(
            Note(found["origin"], int(found["size"]), root, found["body"], tuple(signatures))
        )
    return out


def _with_public(name: str, seed: bytes) -> Private:
    return Private(Public(name, ed25519.public_of(seed)), seed)


def _parts(text: str) -> tuple[str, str, bytes]:
    name, key_id, encoded = text.strip().split("+", 2)
    raw = base64.b64decode(encoded, validate=True)
    if raw[:1] != _ED25519:
        raise ValueError("not an Ed25519 key")
    return name, key_id, raw[1:]
