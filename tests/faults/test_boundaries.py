"""Kill -9 at every boundary: before Slack does the work, and after it did, before we know."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.faults.stories import OPENING, OTHERS, Story
from tests.faults.town import Boundary, Town, calls_of, key_of, kill_at, make_town, until


async def _one(town: Town, story: Story, n: int, boundary: Boundary) -> None:
    given = await story.before(town, n)
    dead = kill_at(town, boundary)
    await story.request(town, given)
    await until(dead)
    town.slack.before_call = town.slack.after_call = None
    await town.bot.restart()
    await town.rest()
    assert not town.doubled(), f"{story.name}, {boundary}: {town.doubled()}"
    assert not town.lost(), f"{story.name}, {boundary}: {town.lost()}"


async def _after_the_ack(town: Town, story: Story, n: int) -> None:
    given = await story.before(town, n)
    await story.request(town, given)
    town.bot.kill9()
    await town.bot.restart()
    await town.rest()


async def _all(town: Town, story: Story, moments: tuple[bool, ...]) -> int:
    given = await story.before(town, 1)
    labels = await calls_of(town, lambda where: story.request(where, given))
    assert set(story.leads_to) <= set(labels), labels
    boundaries = [
        Boundary(one, done) for one in labels if not one.startswith("views.") for done in moments
    ]
    for n, boundary in enumerate(boundaries, start=2):
        await _one(town, story, n, boundary)
    await _after_the_ack(town, story, len(boundaries) + 2)
    town.whole()
    return len(boundaries) + 1


def _stands_once(town: Town, n: int) -> None:
    """What a person sees of incident ``n``: one channel, card, pin, topic, announcement, first steps."""
    ada = town.person("ada")
    [room] = [c for c in town.slack.workspace.channels.values() if c.name.startswith(f"inc-{n}-")]
    [card] = [message for message in town.messages(room) if key_of(message) == f"card:{n}"]
    assert list(room.pins) == [card.ts]
    assert ada.id in room.members and f"INC-{n} " in room.topic
    assert ada.reads("incidents").count(f"*INC-{n}*") == 1
    assert "Is a person at risk" in ada.reads(room)


@pytest.mark.parametrize(
    "moment",
    [
        pytest.param(True, id="done, answer lost"),
        pytest.param(False, id="not done", marks=pytest.mark.slow),
    ],
)
async def test_opening_survives_a_kill_at_every_boundary(
    file_url: str, tmp_path: Path, moment: bool
) -> None:
    async with make_town(file_url, tmp_path) as town:
        deaths = await _all(town, OPENING, (moment,))
        for n in range(1, deaths + 2):
            _stands_once(town, n)
        print(f"opening: {deaths} deaths, 0 lost, 0 doubled")


@pytest.mark.slow
@pytest.mark.parametrize("story", OTHERS, ids=lambda story: story.name)
async def test_other_turns_survive_a_kill_after_the_work_was_done(
    file_url: str, tmp_path: Path, story: Story
) -> None:
    async with make_town(file_url, tmp_path) as town:
        deaths = await _all(town, story, (True,))
        print(f"{story.name}: {deaths} deaths, 0 lost, 0 doubled")
