"""A request that took too long is acknowledged first; what follows says what really happened."""

from __future__ import annotations

import pytest

from bot.sandbox.people import Person
from bot.slack.app import STILL_WORKING
from tests.support.world import World, opened, said

DONE = "It is done."


def _heard(person: Person, channel: object) -> list[str]:
    """What only this person was told, in the channel and in private."""
    seen = [*person.sees(channel), *person.sees("dm")]  # type: ignore[arg-type]
    return [one.plain for one in seen]


async def test_a_form_that_opens_late_is_not_called_done(
    sqlite_world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = sqlite_world
    ada, channel = await opened(world)
    monkeypatch.setattr("bot.slack.app.ANSWER_WITHIN_S", 0)
    assert STILL_WORKING in said(await ada.command("/incident resolve", channel))
    form = await ada.modal()
    await world.quiet()
    assert not [words for words in _heard(ada, channel) if DONE in words]
    form.fill("summary", "A prompt lost a rule").fill("override", "a story")
    assert (await form.submit()).ok
    await world.quiet()
    heard = _heard(ada, channel)
    assert [words for words in heard if STILL_WORKING in words]
    assert len([words for words in heard if "Resolved. The postmortem" in words]) == 1
    assert not [words for words in heard if DONE in words]
