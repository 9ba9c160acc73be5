"""Checkpoints as they arrive where people see them, and at the first start."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.record import catalogue as c
from bot.record.entry import SYSTEM
from bot.record.notes import read_notes
from bot.record.verify import verify_record
from bot.serve import first_key
from tests.support.databases import sqlite_copy
from tests.support.world import World, make_world


@pytest.fixture
async def world(sqlite_template: Path, tmp_path: Path) -> AsyncIterator[World]:
    """A bot that made its key at the start, as ``steadyhand run`` does."""
    async with make_world(sqlite_copy(sqlite_template, tmp_path), tmp_path) as made:
        await first_key(made.running)
        yield made


async def test_a_grave_decision_brings_a_checkpoint_to_the_channel(
    world: World, tmp_path: Path
) -> None:
    ada = world.person("ada")
    await ada.command("/incident open It insults customers")
    channel = await ada.waits_for_channel("inc-1")
    await world.quiet()
    entry = c.SeveritySet(severity="SEV1", tempo="acute", families=[])
    await world.house.change(SYSTEM, lambda tx: tx.append(entry, 1) and None)
    await ada.command("/incident decide Switch the assistant off because it harms people", channel)
    await ada.waits_for("Record signed at", channel)
    await world.quiet()
    kept = read_notes(ada.reads(channel))
    assert kept, "what stands in the channel can be copied and verified"
    assert (await world.house.read(lambda s: verify_record(s, kept))).whole
    world.later(minutes=11)
    await world.quiet()
    written = read_notes((tmp_path / "checkpoints.log").read_text(encoding="utf-8"))
    assert {note.body for note in kept} <= {note.body for note in written}
    assert (await world.house.read(lambda s: verify_record(s, written))).whole
    assert not world.slack.mistakes


async def test_a_second_start_makes_no_second_key(world: World) -> None:
    from bot.record import keys

    await first_key(world.running)
    assert len(await world.house.read(keys.known)) == 1


async def test_a_key_that_is_away_is_said_once_and_work_goes_on(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    world.house.env.signer.path.unlink()
    world.house.env.signer.forget()
    await first_key(world.running)
    assert [r.message for r in caplog.records].count("checkpoints_off") == 1
    ada = world.person("ada")
    await ada.command("/incident open It insults customers")
    await ada.waits_for_channel("inc-1")
    await world.quiet()
