"""Command is taken over in the channel: with a reason that everybody reads."""

from __future__ import annotations

from tests.support.world import World, opened, said


async def test_command_is_taken_over_with_a_reason(sqlite_world: World) -> None:
    world = sqlite_world
    ada, channel = await opened(world, "open It insults people")
    max_ = world.person("max")
    await ada.invites(max_, channel)
    refused = said(await max_.command("/incident role commander", channel))
    assert "why you take over" in refused and "role commander because" in refused
    await max_.command("/incident role commander because Ada is on a plane", channel)
    told = await ada.waits_for("took over as", channel)
    assert "Ada is on a plane" in told.plain
    await world.quiet()
    card = next(m for m in ada.sees(channel) if m.plain.startswith("INC-1 "))
    await ada.click(card, "Assign a role")
    form = await ada.modal()
    form.fill("Role", "commander")
    answer = await form.submit()
    assert answer.errors and "why you take over" in answer.errors["Why"]
