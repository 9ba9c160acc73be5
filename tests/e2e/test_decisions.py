"""The decision form: what was decided, what else was possible, and what each would have done."""

from __future__ import annotations

from bot.record import catalogue as c
from bot.record.read import entries
from tests.support.world import World, said


async def test_each_option_has_its_effect_and_its_side_effects(sqlite_world: World) -> None:
    world = sqlite_world
    ada = world.person("ada")
    await ada.command("/incident open It insults people")
    channel = await ada.waits_for_channel("inc-1")
    await world.quiet()
    await ada.command("/incident decide", channel)
    form = await ada.modal()
    form.fill("What was decided?", "Roll back to v40").fill("text_harm", "All of it")
    form.fill("text_side", "Two fixes are lost").fill("other1_side", "People are insulted")
    answer = await form.submit()
    assert answer.errors and "What is this option?" in answer.errors["What else was considered?"]
    form.fill("What else was considered?", "Wait an hour")
    assert (await form.submit()).ok
    await world.quiet()
    kinds = [c.DecisionMade.kind]
    decision = world.house.read_sync(lambda s: next(entries(s, 1, kinds=kinds))).entry
    assert decision.chosen == decision.statement == "Roll back to v40"
    assert decision.options == [
        {"label": "Roll back to v40", "harm_reduction": "All of it",
         "side_effects": "Two fixes are lost"},
        {"label": "Wait an hour", "harm_reduction": "", "side_effects": "People are insulted"},
    ]  # fmt: skip
    reply = await ada.command("/incident timeline", channel)
    assert "reduces: All of it; side effects: Two fixes are lost" in said(reply)
    await ada.command("/incident step done decide how to contain", channel)
    form = await ada.modal()
    form.fill("The answer", "Contain now")
    assert (await form.submit()).ok
    await world.quiet()
    settled = world.house.read_sync(lambda s: list(entries(s, 1, kinds=kinds)))[-1].entry
    assert all(one["harm_reduction"] and one["side_effects"] for one in settled.options)
