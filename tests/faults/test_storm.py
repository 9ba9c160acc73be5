"""Several processes on one database carry many incidents through kills, pauses and redeliveries."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.faults.conftest import Counts
from tests.faults.storm import LEASE_S, weathered
from tests.faults.town import make_town
from tests.needs import needs_postgres

SEED = 20261121


async def _carried(url: str, folder: Path, bots: int, incidents: int, counts: Counts) -> None:
    settings = {
        "STEADYHAND_LEASE_S": LEASE_S, "STEADYHAND_AWAY_S": 3600,
        "STEADYHAND_OPENINGS_PER_HOUR": incidents,  # a handful of people open all of them
    }  # fmt: skip
    async with make_town(url, folder, bots=bots, **settings) as town:
        storm = await weathered(town, SEED + bots, incidents=incidents)
        counts(storm.counts())
        storm.whole()


@needs_postgres
@pytest.mark.parametrize(
    ("bots", "incidents"),
    [
        pytest.param(3, 12, id="three"),
        pytest.param(2, 40, id="two", marks=pytest.mark.slow),
        pytest.param(3, 500, id="three, 500 incidents", marks=pytest.mark.slow),
    ],
)
async def test_on_one_postgresql(
    pg_url: str, tmp_path: Path, bots: int, incidents: int, counts: Counts
) -> None:
    await _carried(pg_url, tmp_path, bots, incidents, counts)


@pytest.mark.slow
@pytest.mark.parametrize("bots", [2, 3])
async def test_on_one_sqlite(file_url: str, tmp_path: Path, bots: int, counts: Counts) -> None:
    await _carried(file_url, tmp_path, bots, 30, counts)
