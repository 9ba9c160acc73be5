"""Ten thousand ways to tamper with a bundle, with and without the database; every one is found."""

from __future__ import annotations

import base64
import hashlib
import io
import json
import random
import zipfile
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest

from bot.record.entry import canonical, commitment, leaf_hash
from bot.record.merkle import Tree
from bot.record.notes import body, make_private, read_notes
from bot.record.verify import verify_record

Files = dict[str, bytes]
MUTATIONS = 10_500
pytestmark = pytest.mark.parametrize("engine_name", ["sqlite"], indirect=True)


def unzip(raw: bytes) -> Files:
    box = zipfile.ZipFile(io.BytesIO(raw))
    return {name: box.read(name) for name in box.namelist()}


def rezip(files: Files) -> io.BytesIO:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as box:
        for name, text in files.items():
            box.writestr(name, text)
    return out


def lines_of(files: Files) -> list[dict[str, Any]]:
    return [json.loads(line) for line in files["entries.jsonl"].splitlines()]


def put(files: Files, lines: list[dict[str, Any]]) -> None:
    files["entries.jsonl"] = b"".join(canonical(line).encode() + b"\n" for line in lines)


def flip(files: Files, dice: random.Random) -> None:
    """One bit of one file."""
    name = dice.choice([name for name, text in files.items() if text])
    raw = bytearray(files[name])
    raw[dice.randrange(len(raw))] ^= 1 << dice.randrange(8)
    files[name] = bytes(raw)


def cut_line(files: Files, dice: random.Random) -> None:
    lines = lines_of(files)
    lines.pop(dice.randrange(len(lines)))
    put(files, lines)


def swap(files: Files, dice: random.Random) -> None:
    lines = lines_of(files)
    one, two = dice.sample(range(len(lines)), 2)
    lines[one], lines[two] = lines[two], lines[one]
    put(files, lines)


def insert(files: Files, dice: random.Random) -> None:
    lines = lines_of(files)
    lines.insert(dice.randrange(len(lines) + 1), dict(dice.choice(lines)))
    put(files, lines)


def cut_tail(files: Files, dice: random.Random) -> None:
    lines = lines_of(files)
    put(files, lines[: dice.randrange(1, len(lines))])


def _edit(line: dict[str, Any], dice: random.Random) -> None:
    """Change a field, and everything that can be made to fit without the key."""
    doc = json.loads(line["doc"])
    if line["private"] and dice.random() < 0.5:
        name = dice.choice(list(line["private"]))
        salt, _ = line["private"][name]
        line["private"][name] = [salt, f"forged {dice.random()}"]
        doc["private"][name] = commitment(salt, line["private"][name][1])
    else:
        doc[dice.choice(["at", "effective_at", "role", "source", "kind"])] = f"x{dice.random()}"
    line["doc"] = canonical(doc)


def edit(files: Files, dice: random.Random) -> None:
    lines = lines_of(files)
    _edit(dice.choice(lines), dice)
    put(files, lines)


def edit_and_relink(files: Files, dice: random.Random) -> None:
    """Edit an entry, mend every later hash, number and manifest; only the key is missing."""
    lines = lines_of(files)
    _edit(dice.choice(lines), dice)
    _relink(files, lines, dice)


def remove_and_relink(files: Files, dice: random.Random) -> None:
    lines = lines_of(files)
    lines.pop(dice.randrange(len(lines)))
    _relink(files, lines, dice)


def withhold(files: Files, dice: random.Random) -> None:
    """Take a private value away, as if it had been erased."""
    lines = lines_of(files)
    line = dice.choice([line for line in lines if line["private"]])
    line["private"].pop(dice.choice(list(line["private"])))
    put(files, lines)
    if dice.random() < 0.5:
        _bind(files, json.loads(files["seal.json"]))


def proofs(files: Files, dice: random.Random) -> None:
    """Change a Merkle proof, or add one that proves nothing."""
    seal = json.loads(files["seal.json"])
    part = seal[dice.choice(["inclusion", "consistency"])]
    name = dice.choice(list(part))
    if dice.random() < 0.3 or not part[name]:
        part[str(int(name) + 1000)] = part[name]
    elif dice.random() < 0.5:
        part[name].pop(dice.randrange(len(part[name])))
    else:
        part[name][dice.randrange(len(part[name]))] = dice.randbytes(32).hex()
    files["seal.json"] = canonical(seal).encode()


def whole_rewrite(files: Files, dice: random.Random) -> None:
    """A new history with a key of the forger's own, right in every other way."""
    lines = lines_of(files)
    _edit(dice.choice(lines[1:]), dice)
    key = make_private(files["keys.txt"].decode().split("+")[0])
    files["keys.txt"] = f"{key.public}\n".encode()
    for line in lines:
        doc = json.loads(line["doc"])
        if doc["kind"] == "key.introduced":
            doc["data"] = {**doc["data"], "key_id": key.public.id, "public": str(key.public)}
            line["doc"] = canonical(doc)
    files["checkpoints.txt"] = b""
    _relink(files, lines, dice, key)


def replay(files: Files, dice: random.Random) -> None:
    """End the bundle earlier, under an older checkpoint that was really signed."""
    seal = json.loads(files["seal.json"])
    notes = read_notes(files["checkpoints.txt"].decode())
    old = dice.choice(notes)
    whole = f"{old.body}\n— {old.signatures[0][0]} " + base64.b64encode(
        bytes.fromhex(old.signatures[0][1]) + old.signatures[0][2]
    ).decode() + "\n"  # fmt: skip
    kept = [line for line in lines_of(files) if json.loads(line["doc"])["seq"] <= old.size]
    seal["note"], seal["doc"] = whole, kept.pop()["doc"]
    seal["inclusion"] = {k: v for k, v in seal["inclusion"].items() if int(k) <= old.size}
    seal["consistency"] = {}
    put(files, kept)
    files["checkpoints.txt"] = b""
    _bind(files, seal)


def _bind(files: Files, seal: dict[str, Any]) -> None:
    """Make manifest and last entry fit the files."""
    manifest = json.loads(files["manifest.json"])
    manifest["files"] = {
        name: hashlib.sha256(text).hexdigest()
        for name, text in files.items()
        if name not in ("manifest.json", "seal.json")
    }
    files["manifest.json"] = canonical(manifest).encode()
    doc = json.loads(seal["doc"])
    doc["data"] = {**doc["data"], "sha256": hashlib.sha256(files["manifest.json"]).hexdigest()}
    seal["doc"] = canonical(doc)
    files["seal.json"] = canonical(seal).encode()


def _relink(
    files: Files, lines: list[dict[str, Any]], dice: random.Random, key: Any = None
) -> None:
    """Number and link everything anew as one log; sign it when there is a key to sign with."""
    seal = json.loads(files["seal.json"])
    put(files, lines)
    seal["consistency"] = seal["consistency"] if key is None else {}
    _bind(files, seal)
    seal = json.loads(files["seal.json"])
    n, prev, tip, leaves = 0, "", "", []
    for seq, line in enumerate([*lines, seal], 1):
        doc = {**json.loads(line["doc"]), "seq": seq, "prev": prev}
        if doc["incident"] is not None:
            n += 1
            doc |= {"n": n, "iprev": tip}
        line["doc"] = canonical(doc)
        prev = leaf_hash(line["doc"])
        tip = prev if doc["incident"] is not None else tip
        leaves.append(bytes.fromhex(prev))
    put(files, lines)
    _bind(files, seal)
    leaves[-1] = bytes.fromhex(leaf_hash(seal["doc"]))
    tree = Tree(
        lambda h, first, count: leaves[first : first + count] if h == 0 else [], len(leaves)
    )
    seal["inclusion"] = {
        str(i + 1): [s.hex() for s in tree.inclusion(i)] for i in range(len(leaves))
    }
    origin = read_notes(seal["note"])[0].origin
    text = body(origin, len(leaves), tree.root())
    old = seal["note"].split("\n\n")[1]
    seal["note"] = key.sign(text) if key else f"{text}\n{old}"
    files["seal.json"] = canonical(seal).encode()


KINDS: dict[Callable[[Files, random.Random], None], int] = {
    flip: 30, cut_line: 8, swap: 8, insert: 8, cut_tail: 6, edit: 10, edit_and_relink: 8,
    remove_and_relink: 4, withhold: 6, proofs: 8, whole_rewrite: 2, replay: 2,
}  # fmt: skip


def test_every_mutation_of_a_bundle_is_found(
    exported: Callable[..., bytes], key: Any, verifier: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    exported()  # an earlier export, whose checkpoint can be replayed
    good = unzip(exported())
    trusted = {key.fingerprint}
    assert verifier.verify(rezip(good), trusted).startswith("Whole")
    dice, done, missed = random.Random(20261121), Counter[str](), []
    kinds, weights = list(KINDS), list(KINDS.values())
    while done.total() < MUTATIONS:
        kind = dice.choices(kinds, weights)[0]
        files = dict(good)
        kind(files, dice)
        if files == good:
            continue  # two equal lines swapped: nothing was changed
        done[kind.__name__] += 1
        try:
            said = verifier.verify(rezip(files), trusted)
        except Exception:
            continue
        missed.append((kind.__name__, said))
    with capsys.disabled():
        print(f"\n{done.total()} mutations, {len(missed)} missed: {dict(done)}")
    assert not missed


def test_a_whole_rewrite_is_right_in_every_way_but_the_key(
    exported: Callable[..., bytes], key: Any, verifier: Any
) -> None:
    """Otherwise the forgeries above would prove nothing about the key."""
    files = unzip(exported())
    whole_rewrite(files, random.Random(4))
    assert verifier.verify(rezip(files)).startswith("Whole"), "it agrees with the key inside it"
    with pytest.raises(verifier.Bad, match="do not trust"):
        verifier.verify(rezip(files), {key.fingerprint})


def test_flips_of_the_container_change_nothing_or_are_found(
    exported: Callable[..., bytes], key: Any, verifier: Any
) -> None:
    raw, dice = exported(), random.Random(7)
    good = unzip(raw)
    for _ in range(300):
        bad = bytearray(raw)
        bad[dice.randrange(len(bad))] ^= 1 << dice.randrange(8)
        try:
            verifier.verify(io.BytesIO(bytes(bad)), {key.fingerprint})
        except Exception:
            continue
        assert unzip(bytes(bad)) == good


def test_the_whole_record_agrees(house: Any, exported: Callable[..., bytes]) -> None:
    exported()
    assert house.read_sync(verify_record).whole
