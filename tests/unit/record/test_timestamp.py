"""A timestamp query is DER that others read; an answer is kept beside its checkpoint."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
from pathlib import Path

import pytest

from bot.errors import BadInput
from bot.record.notes import body, make_private
from bot.record.timestamp import keep, query


def _note() -> str:
    key = make_private("steadyhand/x")
    return key.sign(body("steadyhand/x", 7, bytes(32)))


@pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl is not here")
def test_openssl_reads_the_query(tmp_path: Path) -> None:
    note, path = _note(), tmp_path / "q.tsq"
    path.write_bytes(query(note))
    told = subprocess.run(
        ["openssl", "ts", "-query", "-in", str(path), "-text"],
        capture_output=True, text=True, check=True,
    ).stdout  # fmt: skip
    assert "sha256" in told and "Certificate required: yes" in told
    hexes = "".join(
        line.split(" - ")[1].split("   ")[0] for line in told.splitlines() if " - " in line
    )
    assert hashlib.sha256(note.encode()).hexdigest() in hexes.replace("-", "").replace(" ", "")


def test_an_answer_is_kept_beside_its_checkpoint(tmp_path: Path) -> None:
    note = _note()
    answer = b"0x" + hashlib.sha256(note.encode()).digest() + b"rest"
    kept = keep(tmp_path, answer, [note])
    assert kept.name == "checkpoint-7.tsr" and kept.read_bytes() == answer
    assert kept.with_suffix(".txt").read_text(encoding="utf-8") == note
    with pytest.raises(BadInput):
        keep(tmp_path, b"another", [note])
