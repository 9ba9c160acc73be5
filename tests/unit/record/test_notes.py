"""Notes and keys as C2SP writes them, and the verifier's own Ed25519."""

from __future__ import annotations

import base64
import contextlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot import ed25519
from bot.errors import BadInput, ConfigError
from bot.record.notes import body, make_private, read_notes, read_private, read_public
from tests.unit.record.test_merkle import verifier  # noqa: F401 - a fixture

#: The example of Go's package golang.org/x/mod/sumdb/note, which signed notes come from.
PETER = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
PETERS_TEXT = (
    "If you think cryptography is the answer to your problem,\n"
    "then you don't know what your problem is.\n"
)
PETERS_SIGNATURE = (
    "x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM="
)
#: RFC 8032, 7.1: public key, message, signature.
RFC8032 = [
    (
        "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a", "",
        "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e06522490155"
        "5fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b",
    ),
    (
        "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c", "72",
        "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da"
        "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00",
    ),
    (
        "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025", "af82",
        "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac"
        "18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a",
    ),
]  # fmt: skip


def test_a_key_and_a_signature_made_by_others() -> None:
    key = read_public(PETER)
    assert key.id == "c74f20a3" and str(key) == PETER
    raw = base64.b64decode(PETERS_SIGNATURE)
    assert raw[:4].hex() == key.id
    assert key.signed(PETERS_TEXT, raw[4:])
    assert not key.signed(PETERS_TEXT + "x", raw[4:])


@settings(deadline=None, max_examples=50)
@given(st.integers(0, 10**15), st.binary(min_size=32, max_size=32))
def test_a_checkpoint_is_read_as_it_was_written(size: int, root: bytes) -> None:
    key = make_private("steadyhand/0a1b2c3d4e5f")
    text = key.sign(body(key.public.name, size, root))
    (note,) = read_notes(f"Somebody wrote:\n\n{text}\nand more\n")
    assert (note.origin, note.size, note.root) == (key.public.name, size, root.hex())
    assert note.signer({key.public.id: key.public}) == key.public
    assert note.signer({}) is None
    other = make_private(key.public.name).public
    assert note.signer({key.public.id: other}) is None


def test_several_checkpoints_of_a_file() -> None:
    key = make_private("steadyhand/x")
    texts = [key.sign(body("steadyhand/x", size, bytes(32))) for size in (1, 5, 9)]
    assert [note.size for note in read_notes("\n".join(texts))] == [1, 5, 9]
    assert [note.size for note in read_notes("\r\n".join(texts).replace("\n", "\r\n"))] == [1, 5, 9]


def test_key_files_are_read_back_and_nonsense_is_refused() -> None:
    key = make_private("steadyhand/x")
    assert read_private(key.text()).public == key.public
    for bad in ("", "nonsense", str(key.public), key.text().replace(key.public.id, "00000000")):
        with pytest.raises(ConfigError):
            read_private(bad)
    for bad in ("", "a+b+c", str(key.public)[:-4] + "AAA="):
        with pytest.raises(BadInput):
            read_public(bad)


@pytest.mark.parametrize(("public", "message", "signature"), RFC8032)
def test_the_verifiers_ed25519(public: str, message: str, signature: str, verifier) -> None:  # type: ignore[no-untyped-def] # noqa: F811
    key, text, good = (bytes.fromhex(one) for one in (public, message, signature))
    assert verifier.signed(key, text, good)
    assert not verifier.signed(key, text + b"x", good)
    # s + L would verify under the bare equation; RFC 8032 demands that s is below L.
    s = int.from_bytes(good[32:], "little") + verifier.L
    assert not verifier.signed(key, text, good[:32] + s.to_bytes(32, "little"))


@settings(deadline=None, max_examples=30)
@given(st.binary(max_size=200), st.integers(0, 63), st.integers(1, 255))
def test_both_implementations_agree(message: bytes, place: int, change: int) -> None:
    import importlib.util
    from pathlib import Path

    path = Path(__file__).parents[3] / "bot/record/verifier/verify_bundle.py"
    spec = importlib.util.spec_from_file_location("v", path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    seed = ed25519.new_seed()
    public, good = ed25519.public_of(seed), bytearray(ed25519.sign(seed, message))
    assert module.signed(public, message, bytes(good))
    good[place] ^= change
    with contextlib.suppress(module.Bad):
        assert not module.signed(public, message, bytes(good))
