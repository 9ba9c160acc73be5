"""RFC 3161 timestamps of a checkpoint: the query is written here, the answer only kept.

A timestamp authority proves when a checkpoint existed. Nothing here needs the network or checks
the answer's signature: ``openssl ts -verify`` does.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Iterable
from pathlib import Path

from bot.errors import BadInput
from bot.record.notes import read_notes

#: AlgorithmIdentifier of SHA-256 without parameters given as NULL (RFC 5754).
_SHA256 = bytes.fromhex("300d06096086480165030402010500")


def query(note: str) -> bytes:
    """A TimeStampReq (RFC 3161, 2.4.1) over the note's bytes, with a nonce and asking for certificates."""
    imprint = _der(0x30, _SHA256 + _der(0x04, hashlib.sha256(note.encode()).digest()))
    nonce = _der(0x02, b"\x01" + secrets.token_bytes(8))
    return _der(0x30, _der(0x02, b"\x01") + imprint + nonce + _der(0x01, b"\xff"))


def keep(folder: Path, answer: bytes, notes: Iterable[str]) -> Path:
    """Store an answer beside the checkpoint whose hash is in it. Raises ``BadInput`` for another."""
    for note in notes:
        if hashlib.sha256(note.encode()).digest() in answer:
            size = read_notes(note)[0].size
            path = folder / "timestamps" / f"checkpoint-{size}.tsr"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.with_suffix(".txt").write_text(note, encoding="utf-8")
            path.write_bytes(answer)
            return path
    raise BadInput(
        "That answer is for no checkpoint of this record.",
        instead="Was it asked with the file that --tsa-request wrote?",
    )


def how(path: Path) -> str:
    """The command that checks a kept answer."""
    return f"openssl ts -verify -data {path.with_suffix('.txt')} -in {path} -CAfile CA.pem"


def _der(tag: int, content: bytes) -> bytes:
    assert len(content) < 128  # everything here is short
    return bytes([tag, len(content)]) + content
