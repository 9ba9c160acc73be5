"""People of the comms stories, and what leaves the house."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

import pytest

from bot.house import House
from bot.incident import queries, roles
from bot.incident.opening import open_incident
from bot.record.tx import Tx
from db.tables import Incident
from tests.support.houses import Run
from tests.support.outside import Outside

T = TypeVar("T")
ADA, CAM, LEE, PIA, MAL = "U01ADA", "U02CAM", "U03LEE", "U04PIA", "U05MAL"


class Story:
    """One incident: Ada commands, Cam writes (comms), Lee is legal, Pia privacy, Mal has no role."""

    def __init__(self, run: Run, outside: Outside, **opening: bool) -> None:
        self.run, self.outside = run, outside
        self.number = run(
            ADA, lambda tx: open_incident(tx, "Assistant shows other chats", **opening)
        ).number
        outside.settle()
        for role, person in (("comms", CAM), ("legal", LEE), ("privacy", PIA)):
            self.do(person, lambda tx, row, role=role: roles.take(tx, row, role))
        outside.settle()

    def do(self, person: str, verb: Callable[[Tx, Incident], T]) -> T:
        """A person in the incident's channel does something."""
        channel = f"C0INC{self.number}"
        return self.run(
            person, lambda tx: verb(tx, queries.get(tx.session, self.number)), channel=channel
        )

    def see(self, look: Callable[..., T]) -> T:
        """Read: ``see(lambda session, incident: …)``."""
        return self.run.house.read_sync(lambda s: look(s, queries.get(s, self.number)))


@pytest.fixture
def outside(house: House) -> Outside:
    return Outside(house)


@pytest.fixture
def story(run: Run, outside: Outside) -> Story:
    return Story(run, outside)


@pytest.fixture
def drill(run: Run, outside: Outside) -> Story:
    return Story(run, outside, drill=True)


@pytest.fixture
def private(run: Run, outside: Outside) -> Story:
    return Story(run, outside, private=True)
