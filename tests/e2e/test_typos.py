"""What people type wrongly is answered so that they can go on."""

from __future__ import annotations

from tests.support.world import World, said


async def test_a_name_that_slack_does_not_know(sqlite_world: World) -> None:
    ada = sqlite_world.person("ada")
    await ada.command("/incident open It insults customers")
    channel = await ada.waits_for_channel("inc-1")
    told = said(await ada.command("/incident role commander @nobody", channel))
    assert "knows nobody called «@nobody»" in told
    assert "There is no role" not in told


async def test_a_wrong_line_comes_back_with_names_not_ids(sqlite_world: World) -> None:
    ada = sqlite_world.person("ada")
    await ada.command("/incident open It insults customers")
    channel = await ada.waits_for_channel("inc-1")
    told = said(await ada.command("/incident role wizard @cleo", channel))
    assert "/incident role wizard @cleo" in told
    assert "U03COM" not in told


async def test_an_entry_that_cannot_be_corrected_is_not_called_missing(sqlite_world: World) -> None:
    ada = sqlite_world.person("ada")
    await ada.command("/incident open It insults customers")
    channel = await ada.waits_for_channel("inc-1")
    told = said(await ada.command("/incident correct 1 the right words", channel))
    assert "Entry 1 is no fact, decision, hypothesis or evidence" in told


async def test_resolving_without_a_reason_says_so_where_the_reason_goes(
    sqlite_world: World,
) -> None:
    ada = sqlite_world.person("ada")
    await ada.command("/incident open It insults customers")
    channel = await ada.waits_for_channel("inc-1")
    await ada.command("/incident resolve", channel)
    errors = (await (await ada.modal()).submit()).errors
    assert list(errors or {}) == ["Why resolve it all the same?"]
