"""When checkpoints are made, and where they go; the verbs that stand beside them."""

from __future__ import annotations

import stat
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from bot.effects.files import FilesAdapter
from bot.effects.outcome import Done
from bot.effects.store import Claimed
from bot.errors import BadInput, Conflict, NotReady
from bot.house import House
from bot.incident import items
from bot.incident.opening import open_incident
from bot.incident.queries import get
from bot.record import catalogue as c
from bot.record import checkpoint, freeze, keys, privileged
from bot.record.notes import read_notes
from bot.record.read import entries
from bot.record.verify import verify_incident, verify_record
from bot.slack.proof import SURFACE
from db import guards
from db.tables import EffectRow
from tests.integration.proof.conftest import CLI
from tests.support.houses import Run, assert_proven


def _effects(house: House, kind: str) -> list[Any]:
    from sqlalchemy import select

    return house.read_sync(
        lambda s: list(s.execute(select(EffectRow).where(EffectRow.kind == kind)).scalars())  # type: ignore[arg-type]
    )


def _claimed(row: Any, *, doubt: bool = False) -> Claimed:
    return Claimed(
        row.id, row.key, row.kind, row.lane, row.incident, row.payload, 1, doubt, row.created_at,
        row.created_at, "",
    )  # fmt: skip


def _run_task(house: House, row: Any) -> None:
    house.change_sync(CLI, lambda tx: checkpoint.task(tx, _claimed(row)))


def _set_severity(run: Run, number: int, severity: str) -> None:
    entry = c.SeveritySet(severity=severity, tempo="acute", families=[])
    run("U01ADA", lambda tx: tx.append(entry, number) and None)


def test_the_key_file_is_the_owners_alone_and_not_in_the_database(house: House, key: Any) -> None:
    path = house.env.signer.path
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    seed = path.read_text().strip().split("+", 4)[-1]
    with house.engines.read.connect() as conn:
        for table in ("entry", "entry_private", "checkpoint", "effect"):
            assert seed not in str(conn.execute(text(f"SELECT * FROM {table}")).all())


def test_a_grave_decision_asks_for_a_checkpoint_at_once(house: House, run: Run, key: Any) -> None:
    number = run("U01ADA", lambda tx: open_incident(tx, "It insults people")).number
    run("U01ADA", lambda tx: items.decide(tx, get(tx.session, number), "wait and see"))
    asked = [row for row in _effects(house, "house.checkpoint") if row.incident == number]
    assert asked == [], "no severity yet"
    _set_severity(run, number, "SEV2")
    run(
        "U01ADA",
        lambda tx: tx.append(c.ChannelMade(channel_id="C9", channel_name="x"), number) and None,
    )
    card = c.CardPosted(channel_id="C9", ts="1700000000.000100")
    run("U01ADA", lambda tx: tx.append(card, number) and None)
    run("U01ADA", lambda tx: items.decide(tx, get(tx.session, number), "switch it off"))
    severity, asked = (row for row in _effects(house, "house.checkpoint") if row.incident == number)
    assert severity.payload["reason"] == asked.payload["reason"] == "decision"
    _run_task(house, asked)
    (said,) = [
        row for row in _effects(house, "channel.say") if row.payload["message"] == "checkpoint"
    ]
    (note,) = read_notes(said.payload["params"]["note"])
    assert note.signer({key.id: key}) == key
    assert said.payload["thread"] == card.ts  # under the card, not in the way of the talk
    shown = SURFACE.wordings["checkpoint"](None, None, said.payload["params"])  # type: ignore[arg-type]
    [block] = shown.blocks
    assert block["type"] == "context" and note.body in block["elements"][0]["text"]
    run("U01ADA", lambda tx: tx.append(c.IncidentClosed(), number) and None)
    assert len([r for r in _effects(house, "house.checkpoint") if r.incident == number]) == 3
    assert house.read_sync(verify_record).whole


def test_whatever_decides_in_so_many_words_is_a_decision(house: House, run: Run, key: Any) -> None:
    """Severity, also down from grave; contained, resolved, begun again; a notice let out."""
    number = run("U01ADA", lambda tx: open_incident(tx, "It insults people")).number
    _set_severity(run, number, "SEV1")
    text = {"statement": "off"}
    for entry in (
        c.IncidentContained(**text), c.IncidentResolved(), c.IncidentReopened(reason="again"),
        c.SeveritySet(severity="SEV3", previous="SEV1", tempo="acute", families=[]),
    ):  # fmt: skip
        run("U01ADA", lambda tx, entry=entry: tx.append(entry, number) and None)  # type: ignore[misc]
    count = len([r for r in _effects(house, "house.checkpoint") if r.incident == number])
    assert count == 5
    run("U01ADA", lambda tx: items.decide(tx, get(tx.session, number), "go on"))
    assert len([r for r in _effects(house, "house.checkpoint") if r.incident == number]) == 5


def test_new_entries_ask_for_one_checkpoint_in_ten_minutes(
    house: House, run: Run, key: Any
) -> None:
    number = run("U01ADA", lambda tx: open_incident(tx, "It insults people")).number
    for i in range(3):
        run("U01ADA", lambda tx, i=i: items.note(tx, get(tx.session, number), f"n{i}"))  # type: ignore[misc]
    before = [row for row in _effects(house, "house.checkpoint") if row.incident is None]
    assert 1 <= len(before) <= 2  # two when the test runs over the edge of a slot
    _run_task(house, before[-1])
    size = house.read_sync(lambda s: checkpoint.last(s).size)  # type: ignore[union-attr]
    _run_task(house, before[-1])
    assert house.read_sync(lambda s: checkpoint.last(s).size) == size  # type: ignore[union-attr]
    run.later(minutes=30)
    assert len([r for r in _effects(house, "house.checkpoint") if r.incident is None]) == len(
        before
    )
    run("U01ADA", lambda tx: items.note(tx, get(tx.session, number), "later"))
    after = [row for row in _effects(house, "house.checkpoint") if row.incident is None]
    assert len(after) == len(before) + 1
    assert after[-1].next_at - after[-1].created_at <= timedelta(minutes=10)


def test_without_a_key_nothing_is_asked_and_work_goes_on(house: House, run: Run) -> None:
    number = run("U01ADA", lambda tx: open_incident(tx, "It insults people")).number
    _set_severity(run, number, "SEV1")
    run("U01ADA", lambda tx: items.decide(tx, get(tx.session, number), "switch it off"))
    assert _effects(house, "house.checkpoint") == []
    assert house.read_sync(verify_record).whole


async def test_the_file_is_appended_to_once(house: House, key: Any, tmp_path: Path) -> None:
    (row,) = _effects(house, "file.append")
    adapter = FilesAdapter(tmp_path / "out")
    assert adapter.handles("file.append") and not adapter.handles("channel.say")
    assert await adapter.perform(_claimed(row)) == Done()
    assert await adapter.perform(_claimed(row, doubt=True)) == Done()
    kept = (tmp_path / "out" / "checkpoints.log").read_text(encoding="utf-8")
    assert len(read_notes(kept)) == 1
    assert house.read_sync(lambda s: verify_record(s, read_notes(kept))).whole


def test_keys_are_made_once_rotated_and_retired(house: House, run: Run, key: Any) -> None:
    with pytest.raises(Conflict):
        house.change_sync(CLI, keys.make)
    old, new = house.change_sync(CLI, lambda tx: keys.rotate(tx, "yearly"))
    path = house.env.signer.path
    assert keys.waiting(path).is_file(), "the file changes after the commit"
    house.read_sync(lambda s: keys.settle(s, path))
    assert not keys.waiting(path).exists()
    found = house.read_sync(keys.known)
    assert list(found) == [old.id, new.id] and found[old.id].until and not found[new.id].until
    run("U01ADA", lambda tx: open_incident(tx, "It insults people"))
    made = read_notes(house.change_sync(CLI, checkpoint.sign_now))[0]
    assert made.signer({new.id: new}) == new
    house.change_sync(CLI, lambda tx: keys.retire(tx, "end of service"))
    with pytest.raises(NotReady):
        house.change_sync(CLI, checkpoint.sign_now)
    assert house.read_sync(verify_record).whole
    assert house.change_sync(CLI, keys.make).id not in (old.id, new.id)


def test_a_rotation_that_was_not_committed_leaves_the_old_key(house: House, key: Any) -> None:
    path = house.env.signer.path
    keys.write(keys.waiting(path), keys.make_private(key.name))
    house.read_sync(lambda s: keys.settle(s, path))
    assert not keys.waiting(path).exists()
    assert house.read_sync(lambda s: keys.signing(s, house.env.signer)).public == key


def test_an_incident_is_verified_alone(house: House, told: int) -> None:
    verdict = house.read_sync(lambda s: verify_incident(s, told))
    assert verdict.whole and verdict.entries == 8
    with house.engines.write.begin() as conn:
        guards.remove(conn)
        conn.execute(text("DELETE FROM entry WHERE incident = :i AND n = 4"), {"i": told})
        guards.install(conn)
    fault = house.read_sync(lambda s: verify_incident(s, told)).fault
    assert fault is not None and "entry 4 of its incident is missing" in fault.what


def test_privileged_notes_are_for_the_few(house: House, run: Run) -> None:
    number = run("U01ADA", lambda tx: open_incident(tx, "It insults people")).number
    for entry in (
        c.RoleOffered(role="legal", holder="U05LAW"),
        c.RoleAccepted(role="legal", holder="U05LAW"),
    ):
        run("U01ADA", lambda tx, entry=entry: tx.append(entry, number) and None)

    def add(tx: Any) -> Any:
        return privileged.note(tx, get(tx.session, number), "counsel says xylophone", ["legal"])

    assert run("U01ADA", add).entry.text == "[privileged]"
    read = lambda who: run(  # noqa: E731
        who, lambda tx: privileged.show(tx, get(tx.session, number), most=3)[0]
    )
    assert [note.text for note in read("U05LAW")] == ["counsel says xylophone"]
    assert read("U01ADA") == [] and read("U02MLE") == []
    shown = house.read_sync(lambda s: [str(e.entry) for e in entries(s, number)])
    assert not any("xylophone" in one for one in shown)
    with house.engines.read.connect() as conn:
        for table in ("entry", "entry_text", "record_item", "effect"):
            assert "xylophone" not in str(conn.execute(text(f"SELECT * FROM {table}")).all())
    for readers in ([], ["everybody"]):
        with pytest.raises(BadInput):
            run(
                "U01ADA", lambda tx, r=readers: privileged.note(tx, get(tx.session, number), "x", r)
            )  # type: ignore[misc]
    assert_proven(house)


def test_a_destructive_rung_wants_a_freeze(house: House, run: Run) -> None:
    number = run("U01ADA", lambda tx: open_incident(tx, "It insults people")).number
    needed = lambda rung: house.read_sync(  # noqa: E731
        lambda s: freeze.needed_before(s, get(s, number), rung)
    )
    assert not needed("C3") and needed("C5") and needed("C9")
    do = lambda verb: run("U01ADA", lambda tx: verb(tx, get(tx.session, number)))  # noqa: E731
    do(lambda tx, row: freeze.freeze(tx, row, {"model": "sha256:ab", "prompt": "v7"}))
    assert needed("C6"), "what ran at declaration is not what runs now"
    do(lambda tx, row: freeze.freeze(tx, row, {"model": "sha256:ab"}, rung="C6"))
    assert not needed("C6") and needed("C7"), "what runs now is not what was frozen"
    do(lambda tx, row: freeze.go_without(tx, row, "C7", "Harm spreads by the minute"))
    assert not needed("C7")
    with pytest.raises(Conflict):
        do(lambda tx, row: freeze.go_without(tx, row, "C7", "again"))
    for bad in ({}, {"weather": "x"}, {"model": "x" * 300}):
        with pytest.raises(BadInput):
            do(lambda tx, row, bad=bad: freeze.freeze(tx, row, bad))
    assert_proven(house)
