"""Title, kinds of harm and facts in Slack: typed, and in forms."""

from __future__ import annotations

from bot.incident.queries import get
from tests.support.world import World, said


async def test_what_it_is_can_be_put_into_better_words(sqlite_world: World) -> None:
    world, ada = sqlite_world, sqlite_world.person("ada")
    await ada.command("/incident open It insults customers")
    channel = await ada.waits_for_channel("inc-1")
    await world.quiet()
    assert "It leaks names" in said(await ada.command("/incident rename It leaks names", channel))
    await ada.command("/incident rename", channel)
    form = await ada.modal()
    assert "It leaks names" in str(form.view)
    await form.submit()  # unchanged: refused in the form, nothing happens
    assert "Privacy" in said(await ada.command("/incident families privacy-leakage", channel))
    assert "Did you mean" in said(await ada.command("/incident families privacy-leak", channel))
    assert "yes" in said(await ada.command("/incident facts personal_data yes", channel))
    await world.quiet()
    read = ada.reads(channel)
    assert "put the title into better words" in read and "It leaks names" in read
    row = world.house.read_sync(lambda s: get(s, 1))
    assert row.title == "It leaks names" and row.facts == {"personal_data": True}
    assert "leaks names" in ada.reads("incidents")
