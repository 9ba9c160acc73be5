"""The tree is RFC 6962's: published roots, and proofs that the one-file verifier accepts."""

from __future__ import annotations

import hashlib
import importlib.util
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from bot.record.merkle import Growing, Tree

#: The test vectors of Certificate Transparency (RFC 6962's reference implementation).
LEAVES = [
    "", "00", "10", "2021", "3031", "40414243", "5051525354555657",
    "606162636465666768696a6b6c6d6e6f",
]  # fmt: skip
ROOTS = [
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]
EMPTY = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"


@pytest.fixture(scope="module")
def verifier() -> Any:
    path = Path(__file__).parents[3] / "bot/record/verifier/verify_bundle.py"
    spec = importlib.util.spec_from_file_location("verify_bundle", path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _leaf(data: bytes) -> bytes:
    return hashlib.sha256(b"\x00" + data).digest()


def _tree(leaves: list[bytes], stored: dict[tuple[int, int], bytes] | None = None) -> Tree:
    def source(height: int, first: int, count: int) -> list[bytes]:
        if height == 0:
            return leaves[first : first + count]
        kept = [(stored or {}).get((height, first + i)) for i in range(count)]
        return [one for one in kept if one is not None]

    return Tree(source, len(leaves))


@pytest.mark.parametrize("size", range(1, 9))
def test_published_roots(size: int) -> None:
    leaves = [_leaf(bytes.fromhex(one)) for one in LEAVES[:size]]
    assert _tree(leaves).root().hex() == ROOTS[size - 1]
    assert Growing(leaves).root().hex() == ROOTS[size - 1]


def test_the_empty_tree() -> None:
    assert _tree([]).root().hex() == Growing().root().hex() == EMPTY


@pytest.mark.parametrize("size", [1, 2, 3, 7, 8, 13, 255, 256, 257, 300])
def test_proofs_are_accepted_and_others_are_not(size: int, verifier: Any) -> None:
    leaves = [_leaf(str(i).encode()) for i in range(size)]
    tree = _tree(leaves)
    for place in {0, 1, size // 2, size - 1} & set(range(size)):
        path = [one.hex() for one in tree.inclusion(place)]
        args = (place, size - 1, verifier.unhex(path))
        assert verifier.climb(leaves[place], leaves[place], *args)[1] == tree.root()
        assert verifier.climb(_leaf(b"x"), _leaf(b"x"), *args)[1] != tree.root()
    new = SimpleNamespace(size=size, root=tree.root())
    for before in {1, 2, size // 2, size - 1} & set(range(1, size)):
        path = [one.hex() for one in tree.consistency(before)]
        old = SimpleNamespace(size=before, root=_tree(leaves[:before]).root())
        assert verifier.grew(old, new, path)
        old.root = _leaf(b"other history")
        assert not verifier.grew(old, new, path)


def test_stored_nodes_spare_reading() -> None:
    """A root over 70,000 leaves, then another one: the second reads a few hundred hashes."""
    leaves = [i.to_bytes(32, "big") for i in range(70_000)]
    first = _tree(leaves)
    root = first.root()
    assert root == Growing(leaves).root()
    assert len(first.fresh) == 70_000 // 256 + 1
    read = 0

    def source(height: int, begin: int, count: int) -> list[bytes]:
        nonlocal read
        found = (
            leaves[begin : begin + count] if height == 0
            else [first.fresh[height, begin + i] for i in range(count)
                  if (height, begin + i) in first.fresh]
        )  # fmt: skip
        read += len(found)
        return found

    again = Tree(source, len(leaves))
    assert again.root() == root and read <= 3 * 256
    assert again.fresh == {}
