"""The fixtures themselves: a story on both databases, proven afterwards."""

from __future__ import annotations

import pytest

from bot.house import House
from bot.incident.opening import open_incident
from bot.record.entry import ERASED
from bot.record.read import entries
from tests.support.houses import Run

pytestmark = pytest.mark.usefixtures("proven")


def test_a_story_on_both_databases(house: House, run: Run) -> None:
    """People act, time passes, and the record tells it in order."""
    first = run("U01ADA", lambda tx: open_incident(tx, "Model insults customers"))
    run.later(minutes=10)
    second = run("U02BEN", lambda tx: open_incident(tx, "Index leaks names"))
    assert (first.number, second.number) == (1, 2)
    found = house.read_sync(lambda session: list(entries(session, kinds=["incident.opened"])))
    assert [one.actor for one in found] == ["U01ADA", "U02BEN"]
    assert (found[1].at - found[0].at).total_seconds() >= 600
    assert ERASED not in [one.actor for one in found]
