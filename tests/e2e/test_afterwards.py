"""Action items, the postmortem and drills as people meet them in Slack."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from sqlmodel import Session

from bot.sandbox.people import Person
from bot.sandbox.seen import Seen
from db.tables import ActionItem, Incident, Postmortem
from tests.support.world import World, joined, opened, said


def _last(person: Person, text: str, channel: Any = None) -> Seen:
    return next(seen for seen in reversed(person.sees(channel)) if text in seen.plain)


def _card(person: Person, channel: Any) -> str:
    return next(seen.plain for seen in person.sees(channel) if seen.pinned)


async def _resolved(
    world: World, line: str = "open It insults people"
) -> tuple[Person, Person, Any]:
    ada, channel = await opened(world, line)
    cleo = await joined(world, ada, channel, "safety", "cleo")
    await ada.command("/incident severity sev3", channel)
    await world.quiet()
    await ada.command("/incident resolve", channel)
    form = await ada.modal()
    form.fill("summary", "A prompt lost a rule").fill("override", "a story")
    assert (await form.submit()).ok
    await world.quiet()
    return ada, cleo, channel


def _item(world: World, number: int = 1) -> ActionItem:
    def look(session: Session) -> ActionItem:
        found = session.get(ActionItem, (1, number))
        assert found is not None
        return found

    return world.house.read_sync(look)


async def test_an_action_item_by_form_by_text_and_by_button(world: World) -> None:
    ada, cleo, channel = await _resolved(world)
    await ada.command("/incident action", channel)
    form = await ada.modal()
    form.fill("text", "Test <b>style</b> & *tone*").fill("owner", cleo.id)
    form.fill("proof_wanted", "a failing test")
    assert (await form.submit()).ok
    await world.quiet()
    told = await cleo.waits_for("gave you action item", "dm")
    assert "Test <b>style</b> & *tone*" in told.plain
    reply = await ada.command(
        f"/incident action add Alert on tone {cleo.mention} by 2031-05-02 --detect proof: the alert",
        channel,
    )
    assert "Action item 2" in said(reply)
    row = _item(world, 2)
    assert (row.owner, row.kind, row.proof_wanted) == (cleo.id, "detect", "the alert")
    await cleo.click(told, "Done")
    form = await cleo.modal()
    assert (await form.fill("proof", "https://ci.example/7").submit()).ok
    await world.quiet()
    asked = await ada.waits_for("The proof of action item", "dm")
    await cleo.command("/incident action accept 1", channel)
    assert _item(world).state == "done"
    await ada.click(asked, "Accept the proof")
    form = await ada.modal()
    assert (await form.fill("comment", "it failed without the fix").submit()).ok
    await world.quiet()
    assert _item(world).state == "proven"
    assert "1 open · 1 proven" in _card(ada, channel)


async def test_what_people_mistype_is_forgiven_or_explained(world: World) -> None:
    ada, _, channel = await _resolved(world)
    assert "Action item 1" in said(await ada.command("/incident action Rotate the keys", channel))
    assert "`/incident action list`" in said(await ada.command("/incident action lst", channel))
    assert "by its number" in said(await ada.command("/incident action done it", channel))
    assert "is not a day" in said(await ada.command("/incident action due 1 someday", channel))
    assert "is due at another time" in said(
        await ada.command("/incident action due 1 in 3 weeks", channel)
    )
    assert "is done" in said(await ada.command("/incident action 1 done see the log", channel))
    assert "own proof" in said(await ada.command("/incident action accept 1 fine", channel))
    assert "is open again" in said(await ada.command("/incident action reopen 1 no log", channel))
    await ada.command("/incident action drop 1", channel)
    form = await ada.modal()
    assert form.labels == ["Why will it not be done?"]
    assert not (await form.fill("reason", " x ").submit()).errors
    listed = said(await ada.command("/incident action list all", channel))
    assert "Rotate the keys" in listed and "dropped" in listed
    everywhere = said(await ada.command("/incident action list", "general"))
    assert "None is open" in everywhere


async def test_reminders_come_to_the_owner_and_home_shows_what_is_mine(world: World) -> None:
    ada, cleo, channel = await _resolved(world)
    await ada.command(f"/incident action add Test tone {cleo.mention} by in 5 days", channel)
    due = _item(world).due_at - world.house.clock.now()
    world.later(seconds=(due - timedelta(days=2)).total_seconds() + 5)
    await world.quiet()
    assert "due in two days" in cleo.reads("dm")
    world.later(days=2)
    await world.quiet()
    assert "is due now" in cleo.reads("dm")
    home = await cleo.opens_home()
    assert "Test tone" in home.text and "overdue" in home.text
    assert "overdue" in _card(ada, channel)


async def test_the_postmortem_is_begun_written_reviewed_and_posted(world: World) -> None:
    ada, cleo, channel = await _resolved(world)
    begun = _last(ada, "The postmortem of INC-1 is begun", channel)
    await ada.click(begun, "Open the postmortem")
    await world.quiet()
    shown = _last(ada, "Still empty", channel)
    assert "A prompt lost a rule" in shown.plain and shown.ephemeral
    await ada.choose(shown, "pm_write", "What was hard")
    form = await ada.modal()
    submitted = await form.fill("text", "Max should have known <!channel>").submit()
    again = submitted.modal
    assert again is not None and "should have known" in again.text and "Saved" in again.text
    assert (await again.fill("text", "The log was read by nobody").submit()).ok
    await ada.choose(shown, "pm_write", "Add a contributing factor")
    form = await ada.modal()
    form.fill("text", "No test held the rule").fill("entries", "1 999")
    refused = await form.submit()
    assert refused.errors is not None and "no entry 999" in str(refused.errors)
    assert (await form.fill("entries", "1").submit()).ok
    reply = await ada.command("/incident postmortem", channel)
    assert "The log was read by nobody" in said(reply) and "No test held the rule" in said(reply)
    await world.quiet()
    await cleo.command("/incident pm", channel)
    await cleo.click(_last(cleo, "Still empty", channel), "Mark as reviewed")
    form = await cleo.modal()
    assert "Still empty" in form.text
    assert (await form.fill("comment", "clear").submit()).ok
    await world.quiet()
    row = world.house.read_sync(lambda s: s.get(Postmortem, 1))
    assert row is not None and (row.state, row.reviewed_by) == ("reviewed", cleo.id)
    await ada.click(shown, "Post to channel")
    await world.quiet()
    posted = _last(cleo, "steadyhand export INC-1", channel)
    assert not posted.ephemeral and "Reviewed by" in posted.plain


async def test_a_drill_is_marked_from_its_name_to_its_postmortem(world: World) -> None:
    ada = world.person("ada")
    await ada.command("/incident drill")
    form = await ada.modal()
    assert form.title == "Open a drill" and "nothing of it leaves" in form.text
    await form.close()
    ada, _, channel = await _resolved(world, "drill Assistant insults people")
    assert channel.name.startswith("drill-inc-1")
    row = world.house.read_sync(lambda s: s.get(Incident, 1))
    assert row is not None and row.kind == "drill"
    assert "DRILL" in _card(ada, channel)
    await ada.command("/incident action add Practise again", channel)
    assert "None is open" in said(await ada.command("/incident action list", "general"))
    assert "Practise again" in said(await ada.command("/incident action list drills", "general"))
    assert "DRILL" in said(await ada.command("/incident postmortem", channel))
