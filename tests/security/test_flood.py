"""One person opens incident after incident: held back, told what to do, and on the record."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.errors import ConfigError, NotAllowed
from bot.incident.flood import WITHIN
from bot.incident.opening import open_incident
from bot.record import catalogue as c
from bot.record.entry import Actor
from bot.record.read import entries
from db.tables import Head
from tests.security.desk import ADA, BEN, Desk, command, open_desk
from tests.support.databases import sqlite_copy
from tests.support.houses import assert_proven, make_settings


@pytest.fixture
async def desk(sqlite_template: Path, tmp_path: Path) -> AsyncIterator[Desk]:
    """Three an hour, through the front door."""
    url = sqlite_copy(sqlite_template, tmp_path)
    async with open_desk(url, tmp_path, STEADYHAND_OPENINGS_PER_HOUR=3) as made:
        yield made
        assert_proven(made.house)


def _opened(desk: Desk) -> int:
    head = desk.house.read_sync(lambda s: s.get(Head, 1))
    return head.incidents if head is not None else 0


def _denied(desk: Desk, number: int) -> list[tuple[str, str, str]]:
    found = desk.house.read_sync(
        lambda s: list(entries(s, number, kinds=[c.PermissionDenied.kind]))
    )
    return [(one.actor, one.entry.verb, one.entry.needs) for one in found]


async def test_a_flood_is_held_back_and_others_are_not(desk: Desk) -> None:
    for n in range(3):
        await desk.payload(command(ADA, f"open The assistant <!channel> insults group {n}"))
    one_more = command(ADA, "open The assistant insults group 3")
    refused = (await desk.payload(one_more)).json()["text"]
    assert "You opened 3 incidents within the last hour" in refused
    assert "INC-3" in refused and "INC-1" in refused, "what is open already is named"
    assert "<!channel>" not in refused
    assert "steadyhand incident open" in refused and "STEADYHAND_OPENINGS_PER_HOUR" in refused
    assert "You typed" in refused, "nothing that was typed is lost"
    await desk.payload(one_more)
    await desk.payload(command(ADA, "open And another"))
    await desk.quiet()
    assert _opened(desk) == 3
    needs = "at most 3 incidents opened within an hour"
    assert _denied(desk, 3) == [(ADA, "declare", needs)], "once in ten minutes for the same"
    assert _denied(desk, 1) == []
    await desk.payload(command(BEN, "open The ranking is wrong"))
    assert _opened(desk) == 4
    await desk.payload(command(ADA, "drill Practice for the night"))
    assert _opened(desk) == 5, "drills are counted apart"


async def test_a_redelivered_opening_is_not_one_more(desk: Desk) -> None:
    sent = [command(ADA, f"open Trouble {n}") for n in range(3)]
    first = [(await desk.payload(one)).json() for one in sent]
    again = [(await desk.payload(one)).json() for one in (*sent, *sent)]
    assert again == first * 2 and _opened(desk) == 3
    desk.house.clock.advance(WITHIN)
    await desk.payload(command(ADA, "open Trouble after an hour"))
    assert _opened(desk) == 4


async def test_the_command_line_and_the_bot_itself_are_not_limited(desk: Desk) -> None:
    for source, person in (("cli", "cli:op"), ("cli", ADA), ("house", "system")):
        for n in range(5):
            by = Actor(person, source, trace=f"{source}{person}{n}")
            await desk.house.change(
                by, lambda tx, n=n, by=by: open_incident(tx, f"{by.id} {n}") and None
            )
    assert _opened(desk) == 15
    by = lambda n: Actor(ADA, "web", trace=f"web{n}")  # noqa: E731
    for n in range(3):
        await desk.house.change(by(n), lambda tx, n=n: open_incident(tx, f"Local {n}") and None)
    with pytest.raises(NotAllowed, match="held back"):
        await desk.house.change(by(3), lambda tx: open_incident(tx, "Local 3") and None)


def test_a_limit_below_nothing_stops_the_start(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="0 for no limit"):
        make_settings("sqlite://", tmp_path, STEADYHAND_OPENINGS_PER_HOUR=-1)
