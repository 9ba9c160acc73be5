"""Kill -9 at every boundary: before Slack does the work, and after it did, before we know."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.faults.conftest import Counts
from tests.faults.stories import OPENING, OTHERS, PUBLISH, RESOLVE, ROLE, Story
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


async def _all(town: Town, story: Story) -> int:
    """Every boundary of a story's request, each in an incident of its own. Returns the deaths."""
    given = await story.before(town, 1)
    labels = await calls_of(town, lambda where: story.request(where, given))
    assert set(story.leads_to) <= set(labels), labels
    boundaries = [
        Boundary(one, done)
        for one in labels
        if not one.startswith("views.")
        for done in (True, False)
    ]
    for n, boundary in enumerate(boundaries, start=2):
        await _one(town, story, n, boundary)
    await _after_the_ack(town, story, len(boundaries) + 2)
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


def _every_incident_stands_once(town: Town, incidents: int) -> None:
    for n in range(1, incidents + 1):
        _stands_once(town, n)


#: What hurts most if it is lost or done twice.
WORST = (
    (OPENING, Boundary("conversations.create", done=True)),
    (OPENING, Boundary("chat.postMessage card", done=True)),
    (OPENING, Boundary("chat.postMessage announce", done=False)),
    (ROLE, Boundary("chat.postMessage tell", done=True)),
    (RESOLVE, Boundary("chat.postMessage say", done=True)),
    (PUBLISH, Boundary("chat.postMessage notice", done=True)),
)


async def test_the_boundaries_that_matter_most(db_url: str, tmp_path: Path, counts: Counts) -> None:
    async with make_town(db_url, tmp_path) as town:
        for n, (story, boundary) in enumerate(WORST, start=1):
            await _one(town, story, n, boundary)
        _every_incident_stands_once(town, len(WORST))
        town.whole()
        counts(f"{town.bot.kills} kills, {town.counts()}")


@pytest.mark.slow
@pytest.mark.parametrize("story", (OPENING, *OTHERS), ids=lambda story: story.name)
async def test_every_boundary_before_and_after_the_work_was_done(
    db_url: str, tmp_path: Path, story: Story, counts: Counts
) -> None:
    async with make_town(db_url, tmp_path) as town:
        deaths = await _all(town, story)
        _every_incident_stands_once(town, deaths + 1)
        town.whole()
        counts(f"{deaths} kills, {town.counts()}")
