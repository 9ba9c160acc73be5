"""Freezing evidence in Slack: at declaration, and before a rung that destroys it."""

from __future__ import annotations

from typing import Any

from bot.record import catalogue as c
from bot.record.read import entries
from bot.sandbox.people import Person
from bot.sandbox.seen import Seen
from tests.support.world import World, joined, opened, said

ROLL_BACK = "/incident step ask roll back"


def _card(person: Person, channel: Any) -> Seen:
    return next(seen for seen in person.sees(channel) if seen.pinned)


def _frozen(world: World, kind: type[Any] = c.EvidenceFrozen) -> list[Any]:
    return world.house.read_sync(lambda s: [e.entry for e in entries(s, 1, kinds=[kind.kind])])


async def test_the_card_asks_for_the_freeze_until_it_is_there(sqlite_world: World) -> None:
    world = sqlite_world
    ada, channel = await opened(world)
    assert "name what runs now" in _card(ada, channel).plain
    await ada.click(_card(ada, channel), "Freeze")
    form = await ada.modal()
    answer = await form.submit()
    assert answer.errors and "Nothing was named" in answer.errors["Model"]
    form.fill("Model", "support-7b@sha256:4f1c").fill("System prompt", "You are a helpful agent")
    answer = await form.submit()
    assert answer.errors and "not the thing itself" in answer.errors["System prompt"]
    form.fill("System prompt", "v41")
    assert (await form.submit()).ok
    await ada.waits_for("Frozen as entry", channel)
    await world.quiet()
    assert _frozen(world)[0].fingerprints == {"model": "support-7b@sha256:4f1c", "prompt": "v41"}
    card = _card(ada, channel).plain
    assert "name what runs now" not in card and "Record exactly what is running" not in card
    reply = await ada.command("/incident timeline all", channel)
    assert "model support-7b@sha256:4f1c, prompt v41" in said(reply)


async def test_before_a_rollback_the_freeze_comes_first_and_leads_on(sqlite_world: World) -> None:
    world = sqlite_world
    ada, channel = await opened(world)
    max_ = await joined(world, ada, channel, "sre", "max")
    await ada.command("/incident freeze model=m1 prompt=v41", channel)
    reply = await max_.command(ROLL_BACK, channel)
    assert "freeze it first" in said(reply) and not max_.has_modal
    asked = next(seen for seen in reversed(max_.sees(channel)) if "freeze it first" in seen.plain)
    await max_.click(asked, "Freeze")
    form = await max_.modal()
    assert "Filled in with what was known last" in form.text
    form.fill("System prompt", "v42")
    assert (await form.submit()).ok
    form = await max_.modal(title="Ask for approval")
    form.fill("What exactly will you do?", "Back to v40")
    assert (await form.submit()).ok
    await world.quiet()
    frozen = _frozen(world)[-1]
    assert (frozen.rung, frozen.fingerprints) == ("C6", {"model": "m1", "prompt": "v42"})
    reply = await ada.command("/incident approvals", channel)
    assert "Frozen before C6 as entry" in said(reply)


async def test_going_without_is_the_commanders_decision_and_the_channel_hears_it(
    sqlite_world: World,
) -> None:
    world = sqlite_world
    ada, channel = await opened(world)
    max_ = await joined(world, ada, channel, "sre", "max")
    await max_.command(ROLL_BACK, channel)
    asked = next(seen for seen in reversed(max_.sees(channel)) if "freeze it first" in seen.plain)
    await max_.click(asked, "Go without")
    form = await max_.modal()
    form.fill("Why can it not wait two minutes?", "mail is being deleted now")
    await form.submit()
    refused = await max_.modal(title="Not possible")
    assert "Only the Incident commander" in refused.text
    assert not _frozen(world, c.FreezeSkipped)
    reply = await ada.command(
        "/incident freeze without C6 because mail is being deleted now", channel
    )
    assert "may go ahead without a freeze" in said(reply)
    await world.quiet()
    await max_.waits_for("C6 goes ahead without an evidence freeze", channel)
    assert _frozen(world, c.DecisionMade)[-1].rationale == "mail is being deleted now"
    await max_.command(ROLL_BACK, channel)
    form = await max_.modal(title="Ask for approval")
    form.fill("What exactly will you do?", "Back to v40")
    assert (await form.submit()).ok
    await world.quiet()
    reply = await ada.command("/incident approvals", channel)
    assert "Not frozen: mail is being deleted now" in said(reply)


async def test_what_is_typed_is_forgiven_or_explained(sqlite_world: World) -> None:
    world = sqlite_world
    ada, channel = await opened(world)
    for typed, expected in (
        ("freeze the model", "Write each part"),
        ("freeze weather=fine", "cannot be frozen"),
        ("freeze C3 model=m1", "needs no freeze"),
        ("freeze without because hurry", "Before which rung"),
        ("freeze before c6: model=m1, prompt=v41", "Frozen before C6 as entry"),
        ("freez model=m1", "Did you mean `/incident freeze`"),
        ("contain C8 all off, nothing new for 15 minutes", "Before C8"),
        ("contain C6: back to v40, nothing new", "on the record as contained"),
    ):
        assert expected in said(await ada.command(f"/incident {typed}", channel)), typed
    await ada.command("/incident freeze without C9", channel)
    form = await ada.modal()
    assert "C9 without a freeze" in form.text
    await world.quiet()
