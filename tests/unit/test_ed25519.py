"""Signatures, against the examples of RFC 8032 (section 7.1)."""

from __future__ import annotations

import pytest

from bot import ed25519

#: Seed, public key, message, signature: tests 1 and 2 of the RFC.
VECTORS = [
    (
        "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
        "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
        "",
        "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46b"
        "d25bf5f0595bbe24655141438e7a100b",
    ),
    (
        "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
        "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
        "72",
        "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c"
        "387b2eaeb4302aeeb00d291612bb0c00",
    ),
]


@pytest.mark.parametrize(("seed", "public", "message", "signature"), VECTORS)
def test_the_examples_of_the_rfc(seed: str, public: str, message: str, signature: str) -> None:
    assert ed25519.public_of(bytes.fromhex(seed)).hex() == public
    assert ed25519.sign(bytes.fromhex(seed), bytes.fromhex(message)).hex() == signature
    assert ed25519.holds(bytes.fromhex(public), bytes.fromhex(message), bytes.fromhex(signature))


@pytest.mark.parametrize("damage", [b"", b"\0" * 64, b"x" * 63])
def test_what_is_no_signature_or_no_key_does_not_hold(damage: bytes) -> None:
    seed = ed25519.new_seed()
    good = ed25519.sign(seed, b"text")
    assert ed25519.holds(ed25519.public_of(seed), b"text", good)
    assert not ed25519.holds(ed25519.public_of(seed), b"text", damage)
    assert not ed25519.holds(ed25519.public_of(ed25519.new_seed()), b"text", good)
    assert not ed25519.holds(b"short", b"text", good)


def test_a_private_key_has_32_bytes() -> None:
    with pytest.raises(ValueError, match="32 bytes"):
        ed25519.public_of(b"short")
