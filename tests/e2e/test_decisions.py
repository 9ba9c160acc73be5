"""The decision form: what was decided, what else was possible, and what each would have done."""

from __future__ import annotations

from bot.record import catalogue as c
from bot.record.entry import Entry, Recorded
from bot.record.read import entries
from tests.support.world import World, joined, opened, said


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


async def test_the_scribe_writes_it_down_for_whoever_decided(sqlite_world: World) -> None:
    """All parts have a place in the form; what is missing or over is said at its field; all is read back."""
    world = sqlite_world
    ada, channel = await opened(world, "open It insults people")
    sam = await joined(world, ada, channel, "scribe", "sam")
    await ada.command("/incident hypothesis the tone rules are lost", channel)
    guess = _last(world, c.HypothesisStated).n
    await sam.command("/incident decide", channel)
    form = await sam.modal()
    form.fill("What was decided?", "Roll back to v40").fill("decider", ada.id)
    form.fill("affected_groups", "Customers in crisis wait longer").fill("confidence", "likely")
    form.fill("hypothesis", str(guess)).fill("facts", "99").fill("late", "we were on the phone")
    answer = await form.submit()
    assert answer.errors and "no entry 99" in answer.errors["Which entries does it rely on?"]
    now = int(world.house.clock.now().timestamp())
    form.fill("facts", str(guess)).fill("expires_at", now + 3600).fill("at", now - 3600)
    assert (await form.submit()).ok
    await ada.waits_for("Decision", channel)
    assert "by @ada: Roll back" in ada.reads(channel), "it names who decided"
    made = _last(world, c.DecisionMade)
    assert (made.actor, made.entry.decider, made.entry.decider_role) == (
        sam.id, ada.id, "commander",
    )  # fmt: skip
    reply = said(await sam.command(f"/incident timeline {made.n}", channel))
    for words in ("Customers in crisis wait longer", "Holds until", "we were on the phone"):
        assert words in reply, words
    world.later(hours=1)
    due = await ada.waits_for("is *over*", "dm")
    assert "Roll back to v40" in due.plain


async def test_evidence_has_its_own_fields_and_an_entry_can_be_withdrawn(
    sqlite_world: World,
) -> None:
    world = sqlite_world
    ada, channel = await opened(world, "open It insults people")
    await ada.command("/incident evidence", channel)
    form = await ada.modal()
    form.fill("In your words", "The chat of 08:40").fill("source", "gateway log")
    form.fill("location", "vault/7").fill("custodian", "Sam").fill("sha256", "abc")
    answer = await form.submit()
    assert answer.errors and "64 characters" in answer.errors["If evidence: its SHA-256"]
    form.fill("sha256", "ab" * 32).fill("at", int(world.house.clock.now().timestamp()) - 3600)
    answer = await form.submit()
    assert answer.errors and "only now" in answer.errors["And why only now?"]
    form.fill("late", "found in the ticket system")
    assert (await form.submit()).ok
    kept = _last(world, c.EvidenceAdded)
    assert (kept.entry.source, kept.entry.custodian) == ("gateway log", "Sam")
    assert kept.late_reason == "found in the ticket system"
    reply = said(await ada.command("/incident withdraw 99", channel))
    assert "why it no longer holds" in reply
    reply = said(await ada.command(f"/incident withdraw {kept.n} because of another case", channel))
    assert "is withdrawn" in reply
    reply = said(await ada.command("/incident timeline", channel))
    assert "of another case" in reply and "entered later: found in the ticket system" in reply


def _last(world: World, kind: type[Entry]) -> Recorded:
    return world.house.read_sync(lambda s: list(entries(s, 1, kinds=[kind.kind])))[-1]
