"""Walking the playbook as people see it in Slack."""

from __future__ import annotations

from typing import Any

from bot.sandbox.people import Person
from bot.sandbox.seen import Seen
from tests.support.world import World, joined, opened, said

HASH = "a" * 64


def _last(person: Person, channel: Any, text: str) -> Seen:
    """The newest private or public message with this text."""
    return next(seen for seen in reversed(person.sees(channel)) if text in seen.plain)


async def _asks(person: Person, channel: Any, what: str) -> None:
    """Somebody asks whether the affected part may be switched off."""
    await person.command("/incident step ask switch off the affected", channel)
    form = await person.modal()
    form.fill("What exactly will you do?", what)
    await form.submit()


async def test_next_shows_my_steps_and_a_click_finishes_one(world: World) -> None:
    ada, channel = await opened(world)
    await ada.command("/incident next", channel)
    shown = _last(ada, channel, "for you")
    assert (
        "Take command" in shown.plain
        and "Say in the channel that you are the commander" in shown.plain
    )
    await ada.click(shown, action_id="step_done:3")
    await ada.waits_for("«Take command» is done. Next for you", channel)
    await world.quiet()
    reply = await ada.command("/incident step done 3", channel)
    assert "done already" in said(reply)
    reply = await ada.command("/incident step", channel)
    assert "✓ 3 Take command" in said(reply) and "○ 1 Is a person at risk" in said(reply)


async def test_a_decision_asks_for_its_answer_and_the_playbook_follows(world: World) -> None:
    ada, channel = await opened(world)
    await ada.command("/incident step done 1", channel)
    form = await ada.modal()
    assert (await form.submit()).errors
    form.fill("The answer", "No")
    assert (await form.submit()).ok
    await ada.waits_for("is done", channel)
    await world.quiet()
    assert "1 step no longer required" in ada.reads(channel)


async def test_evidence_is_asked_for_in_its_own_fields(world: World) -> None:
    ada, channel = await opened(world)
    await ada.command("/incident step done record exactly", channel)
    form = await ada.modal()
    assert form.labels[:3] == [
        "Model and version",
        "System prompt",
        "Guardrail, decoding and config",
    ]
    form.fill("Model and version", "support-7b 1.4").fill("System prompt", "abc")
    form.fill("Guardrail, decoding and config", HASH)
    answer = await form.submit()
    assert answer.errors and "SHA-256" in answer.errors["System prompt"]
    form.fill("System prompt", HASH)
    assert (await form.submit()).ok
    await world.quiet()


async def test_a_risky_step_is_asked_approved_and_done(world: World) -> None:
    ada, channel = await opened(world)
    max_ = await joined(world, ada, channel, "sre", "max")
    await max_.command("/incident step switch off the affected", channel)
    step = _last(max_, channel, "Needs approval")
    await max_.click(step, "Ask for approval")
    form = await max_.modal()
    assert "Switch the flag on again" in form.text
    form.fill("What exactly will you do?", "Flag support-agent off for EU")
    assert (await form.submit()).ok
    await world.quiet()
    asked = await ada.waits_for("needs your answer", "dm")
    for part in (
        "Flag support-agent off for EU",
        "The harm stops",
        "lose the feature",
        "Switch the flag on",
    ):
        assert part in asked.plain
    await max_.waits_for("asks for approval 1", channel)
    await ada.waits_for("Switch off the affected part: Waits for Incident commander", channel)
    await max_.command("/incident approvals", channel)
    await max_.click(_last(max_, channel, "Approvals of INC-1"), "Approve")
    await max_.waits_for("can answer this", channel)
    await ada.click(asked, "Approve")
    await world.quiet()
    await max_.waits_for("is given by", channel)
    reply = await max_.command("/incident step done switch off the affected", channel)
    assert "is done" in said(reply)


async def test_refusing_asks_why_and_the_asker_hears_it(world: World) -> None:
    ada, channel = await opened(world)
    max_ = await joined(world, ada, channel, "sre", "max")
    await _asks(max_, channel, "All off")
    await world.quiet()
    await ada.click(await ada.waits_for("needs your answer", "dm"), "Refuse")
    why = await ada.modal()
    why.fill("Why not?", "Only the EU")
    assert (await why.submit()).ok
    await world.quiet()
    await max_.waits_for("Only the EU", "dm")
    await ada.command("/incident approvals", channel)
    assert "Nothing waits for approval" in ada.reads(channel)


async def test_overdue_reaches_the_person_and_the_card(world: World) -> None:
    ada, channel = await opened(world)
    world.later(minutes=6)
    await ada.waits_for("this is overdue and waits for you", "dm")
    await ada.waits_for("2 overdue", channel)
    await ada.click(_last(ada, "dm", "overdue"), action_id="step_done:3")
    await ada.waits_for("1 overdue", channel)


async def test_resolving_names_what_is_open_and_takes_a_reason(world: World) -> None:
    ada, channel = await opened(world)
    reply = await ada.command(
        "/incident contain tool off since 04:10, no new mail deleted", channel
    )
    assert "contained" in said(reply)
    await ada.command("/incident exit met 1 0 of 300 tries", channel)
    await ada.command("/incident exit", channel)
    assert "Exit criteria of INC-1" in ada.reads(channel)
    await ada.command("/incident resolve", channel)
    form = await ada.modal()
    assert "Still open" in form.text and "Exit criterion" in form.text
    form.fill("What happened, in a few plain sentences", "An agent followed hidden text.")
    answer = await form.submit()
    assert answer.errors and "Say why, in a sentence" in str(answer.errors)
    form.fill("Why resolve it all the same?", "moved to INC-7")
    assert (await form.submit()).ok
    await ada.waits_for("INC-1 is *resolved*", channel)
    await ada.command("/incident close", channel)
    closing = await ada.modal()
    closing.fill("Why close it all the same?", "nothing left")
    assert (await closing.submit()).ok
    await world.quiet()
    reply = await ada.command("/incident reopen because it is back", channel)
    assert "open again" in said(reply)
    await world.quiet()


async def test_app_home_shows_my_steps_and_what_waits_for_my_yes(sqlite_world: World) -> None:
    world = sqlite_world
    ada, channel = await opened(world)
    max_ = await joined(world, ada, channel, "sre", "max")
    await _asks(max_, channel, "All off")
    await world.quiet()
    home = await ada.opens_home()
    assert "Switch off the affected part" in home.text and "Approve" in home.buttons
    assert "Take command" in home.text


async def test_what_is_over_opens_no_form(sqlite_world: World) -> None:
    """Buttons of a reminder outlive their incident: they say so before anything is typed."""
    world = sqlite_world
    ada, channel = await opened(world)
    await ada.command("/incident step", channel)
    await ada.command("/incident step done 1", channel)
    form = await ada.modal()
    form.fill("The answer", "No")
    assert (await form.submit()).ok
    await world.quiet()
    reply = await ada.command("/incident step 2", channel)
    assert "Step 2 «Protect the person first» is no longer required" in said(reply)
    await ada.command("/incident cancel", channel)
    form = await ada.modal(title="Cancel INC-1")
    assert (form.view.body["submit"]["text"], form.view.body["close"]["text"]) == (
        "It was a false alarm", "Go back",
    )  # fmt: skip
    form.fill("Why is it a false alarm?", "a test of mine")
    assert (await form.submit()).ok
    await world.quiet()
    for typed in ("done 4", "skip 4", "block 4"):
        reply = await ada.command(f"/incident step {typed}", channel)
        assert "The incident is closed" in said(reply) and not ada.has_modal, typed


async def test_a_step_of_a_drill_is_marked_at_home(sqlite_world: World) -> None:
    world = sqlite_world
    ada = world.person("ada")
    await ada.command("/incident drill Practice")
    await ada.waits_for_channel("drill-inc-1")
    await world.quiet()
    home = await ada.opens_home()
    assert "*DRILL* · *INC-1 · 1 Is a person at risk" in home.text
