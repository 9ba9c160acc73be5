"""A bundle proves itself, alone, to somebody who has nothing but Python."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from bot.errors import NotAllowed, NotReady
from bot.house import House
from bot.incident import items
from bot.incident.opening import open_incident
from bot.incident.queries import get
from bot.record import bundle, checkpoint, keys, privileged
from bot.record.notes import make_private, read_notes
from bot.record.verify import verify_record
from db import guards
from tests.integration.proof.conftest import CLI, VERIFIER
from tests.integration.proof.test_mutations import rezip, unzip
from tests.support.houses import Run, assert_proven


def _alone(folder: Path, *args: str) -> subprocess.CompletedProcess[str]:
    """The verifier as a stranger runs it: isolated, in an empty folder, without our packages."""
    empty = folder / "empty"
    empty.mkdir(exist_ok=True)
    return subprocess.run(
        [sys.executable, "-I", "-S", str(VERIFIER), *args],
        cwd=empty, env={"PATH": os.environ["PATH"], "PYTHONIOENCODING": "utf-8"},
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip


def test_the_verifier_runs_alone(
    exported: Callable[..., bytes], key: Any, tmp_path: Path, house: House
) -> None:
    raw = exported()
    path, public, kept = tmp_path / "b.zip", tmp_path / "key.pub", tmp_path / "kept.txt"
    path.write_bytes(raw)
    public.write_text(f"{key}\n")
    notes = house.read_sync(lambda s: [row.note for row in checkpoint.at_or_after(s, 0)])
    kept.write_text("copied from Slack:\n" + "\n".join(notes), encoding="utf-8")
    told = _alone(tmp_path, str(path), "--key", str(public), "--checkpoints", str(kept))
    assert (told.returncode, told.stderr) == (0, ""), told.stderr
    assert "Whole: INC-1" in told.stdout
    bare = _alone(tmp_path, str(path))
    assert bare.returncode == 0 and key.fingerprint in bare.stdout and "another way" in bare.stdout
    wrong = _alone(tmp_path, str(path), "--key", "00" * 32)
    assert wrong.returncode == 1 and "do not trust" in wrong.stderr
    bad = unzip(raw)
    bad["entries.jsonl"] = bad["entries.jsonl"].replace(b"fact 3", b"fact X")
    path.write_bytes(rezip(bad).getvalue())
    caught = _alone(tmp_path, str(path), "--key", str(public))
    assert caught.returncode == 1 and "NOT WHOLE: entry 5" in caught.stderr
    path.write_bytes(b"no zip")
    assert _alone(tmp_path, str(path)).returncode == 1


def test_a_hostile_bundle_does_not_say_the_verdict_itself(
    tmp_path: Path, exported: Callable[..., bytes]
) -> None:
    """A terminal would obey what stands in a name; a few kilobytes would unpack to all memory."""
    files, path = unzip(exported()), tmp_path / "bundle.zip"
    path.write_bytes(rezip({**files, "a\x1b[2K\rWhole: INC-1, 12 entries\n": b""}).getvalue())
    said = _alone(tmp_path, str(path))
    assert said.returncode == 1 and said.stdout == ""
    assert (
        said.stderr.startswith("NOT WHOLE: a?[2K?Whole") and said.stderr.rstrip("\n").isprintable()
    )
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as box:
        box.writestr("seal.json", b"x" * 1000)
        box.infolist()[0].file_size = 1 << 30  # what it says of itself, as a real one would
    said = _alone(tmp_path, str(path))
    assert said.returncode == 1 and "more than a gigabyte" in said.stderr


def test_an_empty_file_is_no_key_that_somebody_trusts(
    tmp_path: Path, exported: Callable[..., bytes]
) -> None:
    """A download that failed: nothing would be compared, and nobody would be told."""
    (tmp_path / "bundle.zip").write_bytes(exported())
    for name in ("--key", "--checkpoints"):
        for words in ("", " \n\n"):
            (tmp_path / "nothing").write_text(words)
            said = _alone(tmp_path, str(tmp_path / "bundle.zip"), name, str(tmp_path / "nothing"))
            assert said.returncode == 1 and "holds none" in said.stderr, (name, words)


def test_a_file_that_is_not_there_is_no_verdict_about_the_bundle(
    tmp_path: Path, exported: Callable[..., bytes]
) -> None:
    (tmp_path / "bundle.zip").write_bytes(exported())
    for words in (("nope.zip",), (str(tmp_path / "bundle.zip"), "--checkpoints", "nope.txt")):
        said = _alone(tmp_path, *words)
        assert said.returncode == 1 and "there is no file nope" in said.stderr
        assert "NOT WHOLE" not in said.stderr


def test_the_verifier_is_short() -> None:
    lines = VERIFIER.read_text(encoding="utf-8").splitlines()
    assert len(lines) < 120


def test_a_bundle_is_deterministic_but_for_its_own_entry(
    house: House, exported: Callable[..., bytes]
) -> None:
    one, two = unzip(exported()), unzip(exported())
    same = {name for name in one if one.get(name) == two.get(name)}
    assert set(one) - same == {"entries.jsonl", "checkpoints.txt", "manifest.json", "seal.json"}
    assert_proven(house)


def test_a_later_checkpoint_shows_that_the_end_was_cut(
    house: House, run: Run, told: int, exported: Callable[..., bytes], key: Any, verifier: Any
) -> None:
    """A genuine older bundle shown in place of the present one."""
    old = exported()
    run("U01ADA", lambda tx: items.note(tx, get(tx.session, told), "the embarrassing part"))
    exported()
    notes = house.read_sync(lambda s: [row.note for row in checkpoint.at_or_after(s, 0)])
    outside, trusted = verifier.read_notes("\n".join(notes)), {key.fingerprint}
    with pytest.raises(verifier.Bad, match="cut off, or old"):
        verifier.verify(rezip(unzip(old)), trusted, outside)


def test_an_outside_checkpoint_of_another_history_is_named(
    house: House, exported: Callable[..., bytes], key: Any, verifier: Any
) -> None:
    raw = exported()
    signing = house.env.signer.key()
    other = signing.sign(f"{signing.public.name}\n9\n{'A' * 43}=\n")
    with pytest.raises(verifier.Bad, match="over 9 entries is not the one"):
        verifier.verify(rezip(unzip(raw)), {key.fingerprint}, verifier.read_notes(other))


def test_a_bundle_after_a_rotation_is_good_for_who_has_the_old_key(
    house: House, exported: Callable[..., bytes], key: Any, verifier: Any
) -> None:
    house.change_sync(CLI, lambda tx: keys.rotate(tx, "yearly"))
    house.read_sync(lambda session: keys.settle(session, house.env.signer.path))
    new = house.read_sync(keys.current)
    assert new is not None and new.public != key
    raw = exported()
    for trusted in (key, new.public):
        assert verifier.verify(rezip(unzip(raw)), {trusted.fingerprint}).startswith("Whole")
    assert house.read_sync(verify_record).whole


def test_a_key_that_only_the_database_introduced_is_not_trusted(
    house: House, exported: Callable[..., bytes], key: Any, tmp_path: Path, told: int, verifier: Any
) -> None:
    """Somebody with the database, but not the key file, introduces a key of their own."""
    house.env.signer.path.rename(tmp_path / "kept")
    house.env.signer.forget()
    house.change_sync(CLI, lambda tx: keys.make(tx, anew=True))
    raw = exported()
    with pytest.raises(verifier.Bad, match="do not trust"):
        verifier.verify(rezip(unzip(raw)), {key.fingerprint})
    fault = house.read_sync(verify_record).fault
    assert fault is not None and "without a signature of the key before" in fault.what


def test_the_bot_does_not_sign_for_a_key_that_is_not_its_own(
    house: House, told: int, key: Any
) -> None:
    from bot.record import catalogue as c

    evil = make_private(key.name)
    entry = c.KeyIntroduced(key_id=evil.public.id, public=str(evil.public), replaces=key.id)
    house.change_sync(CLI, lambda tx: tx.append(entry, None) and None)
    with pytest.raises(NotReady, match="not in the file"):
        house.change_sync(CLI, lambda tx: checkpoint.make(tx, "timer"))


def test_the_bundle_of_a_drill_says_so_first(
    house: House, run: Run, key: Any, verifier: Any, tmp_path: Path
) -> None:
    number = run("U01ADA", lambda tx: open_incident(tx, "Practice", drill=True)).number
    made = house.change_sync(CLI, lambda tx: bundle.export(tx, number))
    path = tmp_path / "drill.zip"
    path.write_bytes(made)
    with zipfile.ZipFile(path) as box:
        assert box.read("README.txt").decode().startswith("DRILL. This was an exercise")
    assert "Whole: INC-1" in verifier.verify(str(path), [], [])


def test_privileged_and_private_stay_inside(house: House, run: Run, key: Any) -> None:
    number = run("U01ADA", lambda tx: open_incident(tx, "Board matter", private=True)).number
    secret = "advice of counsel 4711"
    run("U01ADA", lambda tx: privileged.note(tx, get(tx.session, number), secret, ["legal"]))
    bare = unzip(house.change_sync(CLI, lambda tx: bundle.export(tx, number)))
    for words in (b"Board matter", b"board-matter", b"advice of counsel"):
        assert not any(words in one for one in bare.values())
    full = unzip(house.change_sync(CLI, lambda tx: bundle.export(tx, number, values=True)))
    assert any(b"Board matter" in one for one in full.values())
    assert not any(b"advice of counsel" in one for one in full.values())
    with pytest.raises(NotAllowed):
        run("U09OUT", lambda tx: bundle.export(tx, number))
    assert_proven(house)


def test_without_a_key_there_is_no_bundle(house: House, run: Run) -> None:
    run("U01ADA", lambda tx: open_incident(tx, "It insults people"))
    with pytest.raises(NotReady, match="No key"):
        house.change_sync(CLI, lambda tx: bundle.export(tx, 1))


def test_an_attacker_with_the_database_alone_is_found(
    house: House, told: int, exported: Callable[..., bytes], key: Any
) -> None:
    """Edits an entry, mends every hash after it; only the signature cannot be mended."""
    from bot.record.entry import canonical, leaf_hash

    exported()
    kept = house.read_sync(
        lambda s: [read_notes(row.note)[0] for row in checkpoint.at_or_after(s, 0)][-1:]
    )
    with house.engines.write.begin() as conn:
        guards.remove(conn)
        prev, tips = "", {}
        for seq, doc_text in conn.execute(text("SELECT seq, doc FROM entry ORDER BY seq")).all():
            doc = json.loads(doc_text)
            if seq == 5:
                doc["effective_at"] = "2020-01-01T00:00:00.000Z"
            doc["prev"] = prev
            if doc["incident"] is not None:
                doc["iprev"] = tips.get(doc["incident"], "")
            new = canonical(doc)
            prev = leaf_hash(new)
            tips[doc["incident"]] = prev
            conn.execute(
                text("UPDATE entry SET doc = :d, hash = :h WHERE seq = :s"),
                {"d": new, "h": prev, "s": seq},
            )
        conn.execute(text("UPDATE head SET hash = :h"), {"h": prev})
        conn.execute(text("DELETE FROM tree_node"))
        guards.install(conn)
    fault = house.read_sync(verify_record).fault
    assert fault is not None and "another root" in fault.what
    with house.engines.write.begin() as conn:
        guards.remove(conn)
        conn.execute(text("DELETE FROM checkpoint"))
        guards.install(conn)
    assert house.read_sync(verify_record).whole, "nothing inside shows it any more …"
    # … but a checkpoint that stands in Slack does.
    fault = house.read_sync(lambda s: verify_record(s, kept)).fault
    assert fault is not None and "kept outside has another root" in fault.what


def test_a_checkpoint_kept_outside_finds_a_cut_and_a_rewrite(
    house: House, told: int, exported: Callable[..., bytes], key: Any
) -> None:
    exported()
    notes = house.read_sync(
        lambda s: [read_notes(row.note)[0] for row in checkpoint.at_or_after(s, 0)]
    )
    assert house.read_sync(lambda s: verify_record(s, notes)).whole
    with house.engines.write.begin() as conn:
        guards.remove(conn)
        conn.execute(text("DELETE FROM checkpoint WHERE size > 10"))
        conn.execute(text("DELETE FROM entry WHERE seq > 10"))
        conn.execute(text("DELETE FROM entry_private WHERE seq > 10"))
        conn.execute(
            text("UPDATE head SET seq = 10, hash = (SELECT hash FROM entry WHERE seq = 10)")
        )
        guards.install(conn)
    assert house.read_sync(verify_record).whole
    fault = house.read_sync(lambda s: verify_record(s, notes)).fault
    assert fault is not None and "kept outside" in fault.what


def test_a_damaged_history_is_not_signed_again(house: House, run: Run, told: int, key: Any) -> None:
    house.change_sync(CLI, checkpoint.sign_now)
    run("U01ADA", lambda tx: items.note(tx, get(tx.session, told), "life goes on"))
    with house.engines.write.begin() as conn:
        guards.remove(conn)
        conn.execute(text("UPDATE entry SET hash = :h WHERE seq = 4"), {"h": "ab" * 32})
        guards.install(conn)
    for _ in range(2):
        assert house.change_sync(CLI, lambda tx: checkpoint.make(tx, "timer")) is None
    with house.engines.read.connect() as conn:
        query = text("SELECT count(*) FROM entry WHERE kind = 'checkpoint.refused'")
        assert conn.execute(query).scalar() == 1
