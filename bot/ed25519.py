"""Ed25519 signatures (RFC 8032), by libsodium. Keys are 32 raw bytes: a seed, and its public half.

The library is loaded at the first use: most processes never sign.
"""

from __future__ import annotations

import secrets

KEY_BYTES = 32


def new_seed() -> bytes:
    """A private key that nobody can guess."""
    return secrets.token_bytes(KEY_BYTES)


def public_of(seed: bytes) -> bytes:
    """The public half of a private key. Raises ``ValueError`` when it has not 32 bytes."""
    from nacl.exceptions import CryptoError
    from nacl.signing import SigningKey

    try:
        return bytes(SigningKey(seed).verify_key)
    except (CryptoError, TypeError) as problem:
        raise ValueError("a private key has 32 bytes") from problem


def sign(seed: bytes, message: bytes) -> bytes:
    """The 64 bytes that prove who holds the private key of ``message``."""
    from nacl.signing import SigningKey

    return SigningKey(seed).sign(message).signature


def holds(public: bytes, message: bytes, signature: bytes) -> bool:
    """Whether ``signature`` over ``message`` was made with the private half of ``public``."""
    from nacl.exceptions import CryptoError
    from nacl.signing import VerifyKey

    try:
        VerifyKey(public).verify(message, signature)
    except (CryptoError, TypeError, ValueError):
        return False
    return True
