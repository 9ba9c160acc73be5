"""People of the stories after an incident."""

from __future__ import annotations

import pytest

from bot.house import House
from tests.integration.comms.conftest import Story
from tests.support.houses import Run
from tests.support.outside import Outside


@pytest.fixture
def outside(house: House) -> Outside:
    return Outside(house)


@pytest.fixture
def story(run: Run, outside: Outside) -> Story:
    """Ada commands, Cam is comms, Lee legal, Pia privacy, Mal has no role."""
    return Story(run, outside)


@pytest.fixture
def drill(run: Run, outside: Outside) -> Story:
    return Story(run, outside, drill=True)


@pytest.fixture
def private(run: Run, outside: Outside) -> Story:
    return Story(run, outside, private=True)
