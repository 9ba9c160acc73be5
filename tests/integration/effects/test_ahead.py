"""A card drawn ahead is shown only while it still says how things stand."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pytest
from sqlmodel import Session

from bot.effects.ahead import FURNISHED_S, KEPT_MOST, Ahead
from bot.effects.message import Message
from bot.house import House
from bot.incident.items import note
from bot.incident.opening import channel_made, open_incident
from bot.incident.queries import get
from db.tables import Incident
from tests.support.houses import Run


class Pen:
    """Draws, and counts how often."""

    def __init__(self) -> None:
        self.drawn = 0

    def __call__(self, session: Session, incident: Incident) -> Message:
        self.drawn += 1
        return Message(f"{incident.title}, entry {incident.version}")


@pytest.fixture
def pen(run: Run) -> Iterator[Pen]:
    run("U01ADA", lambda tx: open_incident(tx, "It insults people"))
    return Pen()


def _shown(house: House, ahead: Ahead) -> Message:
    draw = ahead.card(1)
    return house.read_sync(lambda session: draw(session, get(session, 1)))


async def _drawn_ahead(house: House, pen: Pen) -> Ahead:
    ahead = Ahead(house.read, pen)
    ahead.begin(1)
    while not pen.drawn:
        await asyncio.sleep(FURNISHED_S / 2)
    await asyncio.sleep(FURNISHED_S)
    return ahead


async def test_it_is_shown_when_only_the_channel_came(house: House, run: Run, pen: Pen) -> None:
    ahead = await _drawn_ahead(house, pen)
    run("system", lambda tx: channel_made(tx, 1, "C1", "inc-1"))
    assert _shown(house, ahead).text == "It insults people, entry 1"
    assert pen.drawn == 1
    assert _shown(house, ahead).text.endswith("entry 2"), "it is used once"


async def test_it_is_drawn_anew_when_more_came(house: House, run: Run, pen: Pen) -> None:
    ahead = await _drawn_ahead(house, pen)
    incident = house.read_sync(lambda session: get(session, 1))
    run("U01ADA", lambda tx: note(tx, incident, "People are named"))
    run("system", lambda tx: channel_made(tx, 1, "C1", "inc-1"))
    assert _shown(house, ahead).text.endswith("entry 3")
    assert pen.drawn == 2


async def test_nobody_waits_for_it(house: House, run: Run, pen: Pen) -> None:
    ahead = Ahead(house.read, pen)
    ahead.begin(1)
    run("system", lambda tx: channel_made(tx, 1, "C1", "inc-1"))
    assert _shown(house, ahead).text.endswith("entry 2"), "not ready yet: drawn when it is wanted"
    ahead.begin(1)
    ahead.forget(1)
    await asyncio.sleep(FURNISHED_S * 2)
    assert pen.drawn == 1, "without a channel nothing is drawn"


async def test_what_was_drawn_after_the_channel_came_is_no_older_than_it_says(
    house: House, run: Run, pen: Pen
) -> None:
    """It counted the channel already: the entry after that is one that the card does not show."""
    run("system", lambda tx: channel_made(tx, 1, "C1", "inc-1"))
    ahead = await _drawn_ahead(house, pen)
    incident = house.read_sync(lambda session: get(session, 1))
    run("U01ADA", lambda tx: note(tx, incident, "People are named"))
    assert _shown(house, ahead).text.endswith("entry 3")


async def test_a_card_that_cannot_be_drawn_ahead_is_drawn_when_it_is_wanted(
    house: House, run: Run, pen: Pen
) -> None:
    class Broken(Pen):
        def __call__(self, session: Session, incident: Incident) -> Message:
            message = super().__call__(session, incident)
            if self.drawn == 1:
                raise KeyError("a wording")
            return message

    ahead = await _drawn_ahead(house, broken := Broken())
    assert _shown(house, ahead).text.endswith("entry 1") and broken.drawn == 2


async def test_cards_that_another_process_posted_are_not_kept(house: House, pen: Pen) -> None:
    ahead = Ahead(house.read, pen)
    for number in range(1, KEPT_MOST + 50):
        ahead.begin(number)
    assert len(ahead._tasks) == KEPT_MOST
    for number in range(1, KEPT_MOST + 50):
        ahead.forget(number)
