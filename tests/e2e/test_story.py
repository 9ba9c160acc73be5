"""The whole main job, from the first word to the exported postmortem, as people live it."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import httpx

from bot.record.entry import Actor
from bot.sandbox.people import Person
from bot.sandbox.state import Channel
from bot.slack import kit
from db.tables import Notice
from tests.support.world import World, said

TITLE = "Support assistant is insulting customers"


async def _role(world: World, commander: Person, who: Person, role: str, channel: Channel) -> None:
    await commander.command(f"/incident role {role} {who.mention}", channel)
    offer = await who.waits_for("asks you to be", "dm")
    await who.click(offer, "Accept")
    await who.waits_for("Your first 15 minutes", "dm")
    await world.quiet()


async def _assess(person: Person, channel: Channel) -> None:
    await person.command("/incident severity", channel)
    form = await person.modal()
    form.fill("What kind of harm?", ["a"])
    form.fill("How serious is this kind of harm at its worst?", "4")
    form.fill("How often does it happen?", "3")
    form.fill("Could any real person have been exposed?", "yes")
    form.fill("How many people are affected?", "1")
    form.fill("Can it be undone?", "1")
    form.fill("Are vulnerable people affected?", "0")
    form.fill("Is it still happening?", "1")
    form.fill("How sure are we?", "likely")
    assert not (await form.submit()).errors
    proposal = await person.modal(title="Confirm the severity")
    assert "SEV2" in str(proposal.view)
    assert not (await proposal.submit()).errors


async def test_from_the_first_word_to_the_last_lesson(world: World) -> None:
    ada, max_, cleo, priya, sam = (
        world.person(name) for name in ("ada", "max", "cleo", "priya", "sam")
    )
    # 2. One line, and the engineer is in the channel.
    await max_.command(f"/incident open {TITLE}")
    channel = await max_.waits_for_channel("inc-1")
    card = await max_.waits_for(TITLE, channel)
    await world.quiet()

    # 5. Roles: the commander is handed over, others are offered and accepted.
    await _role(world, max_, ada, "commander", channel)
    await _role(world, ada, cleo, "comms", channel)
    await _role(world, ada, sam, "security", channel)
    await _role(world, ada, priya, "privacy", channel)
    assert "took over as *Incident commander*" in max_.reads(channel)

    # 4. The severity questions; the rules propose SEV2 and say which fired.
    await _assess(ada, channel)
    await world.quiet()
    shown = next(m for m in max_.sees(channel) if m.ts == card.ts)
    assert "SEV2" in shown.plain and "rolling" in shown.plain
    assert len([m for m in max_.sees(channel) if m.plain.startswith("INC-1 ")]) == 1, "one card"

    # 6. The playbook was composed for it; a step is done, another is not needed.
    reply = await ada.command("/incident next", channel)
    assert "Is a person at risk right now" in said(reply)
    reply = await ada.command("/incident step skip 5 because all roles are filled", channel)
    assert "5" in said(reply)

    # 7. The record by word, by emoji; a later edit adds an entry.
    await max_.command("/incident note v41 went to 100 % at 08:30", channel)
    await max_.command("/incident hypothesis the refund prompt lost its tone rules", channel)
    await ada.command("/incident decide route refunds to people because it stops the harm", channel)
    await max_.command("/incident evidence prompt diff, in the vault, by max", channel)
    fact = await max_.says("we rolled back at 09:12", channel)
    await sam.reacts(fact, "pushpin")
    await world.quiet()
    assert "white_check_mark" in str(max_._message(fact).reactions)
    await max_.edits(fact, "we rolled back at 09:21")
    await world.quiet()
    reply = await max_.command("/incident timeline", channel)
    for words in (
        "v41 went to",
        "Hypothesis:",
        "Decision: route refunds",
        "rolled back at 09:12",
        "edited",
    ):
        assert words in said(reply), words

    # An internal update, and when the next one is due.
    await cleo.command(
        "/incident update We know of 3 customers. Refund answers go to people now.", channel
    )
    await world.quiet()
    await ada.waits_for("We know of 3 customers", channel)

    # 8. The notice: drafted, approved by another person, published byte for byte.
    await _notice(world, cleo, priya, ada, channel)

    # 9. Resolving is refused while criteria are open, and names them.
    reply = await ada.command("/incident contain no insult in 2,000 replies since 09:21", channel)
    await world.quiet()
    reply = await ada.command("/incident resolve", channel)
    form = await ada.modal()
    assert "open" in str(form.view)
    await _override(ada, form)
    await world.quiet()
    assert "resolved" in next(m for m in max_.sees(channel) if m.ts == card.ts).plain

    # 10. The postmortem in every format; people appear as roles.
    for format_ in ("md", "html", "json"):
        made = await _export(world, format_)
        assert TITLE in made and "route refunds" in made
        assert "U01ADA" not in made and "Ada" not in made
    assert json.loads(await _export(world, "json"))


async def _override(ada: Person, form) -> None:  # type: ignore[no-untyped-def]
    label = next(
        label for label in form.labels if "reason" in label.lower() or "why" in label.lower()
    )
    form.fill(label, "the fix is verified; the rest is followed up as action items")
    assert not (await form.submit()).errors


async def _export(world: World, format_: str) -> str:
    from bot.postmortem.export import export_document

    by = Actor("cli:test", "cli")
    made = await asyncio.to_thread(export_document, world.house, 1, format_, by)
    return made.decode()


FACTS = {
    "what_happened": "Our support assistant answered some refund questions in an insulting way.",
    "when_started": "It began at 08:40 today and ended at 09:21.",
    "what_ai_did": "It answered refund questions rudely.",
    "who_affected": "Three customers that we know of.",
    "how_we_know": "We read every answer of that time.",
    "what_we_did": "People answer refund questions now.",
    "what_you_should_do": "Ask us again if an answer upset you.",
    "how_to_get_review": "Write to us and a person looks at your case.",
    "contact": "Write to help@example.com.",
    "next_update_at": "We write again tomorrow at 10:00.",
}


async def _notice(world: World, cleo: Person, priya: Person, ada: Person, channel: Channel) -> None:
    """Drafted by the comms lead, approved by two others, published byte for byte."""
    await cleo.command("/incident notice", channel)
    form = await cleo.modal()
    form.fill("audience", "users")
    form.fill("stage", "first")
    assert not (await form.submit()).errors
    form = await cleo.modal()
    for name, answer in FACTS.items():
        form.fill(name, answer)
    assert not (await form.submit()).errors
    form = await cleo.modal()
    body = next(label for label in form.labels if label.startswith("body_") or "Text" in label)
    text = str(form.value(body))
    assert "insulting" in text
    form.fill("next", "ask")
    assert not (await form.submit()).errors
    await world.quiet()
    for approver in (ada, priya):
        asked = await approver.waits_for("help@example.com", "dm")
        await approver.click(asked, "Approve this text")
        await world.quiet()
    await cleo.command("/incident notice 1", channel)
    mine = next(m for m in reversed(cleo.sees(channel)) if "Publish" in m.plain)
    await cleo.click(mine, "Publish")
    await world.quiet()
    posted = [m for m in cleo.sees("support") if "insulting way" in m.plain]
    assert len(posted) == 1
    row = await world.house.read(lambda s: s.get(Notice, (1, 1)))
    assert row is not None and row.state == "published"
    assert row.body in _plain(posted[0])
    async with httpx.AsyncClient() as client:
        page = await client.get(f"{world.url}/status")
        assert page.status_code == 200 and "insulting way" in page.text
        assert "SEV" not in page.text and "INC-" not in page.text


def _plain(message: Any) -> str:
    return kit.unescape(message.plain)
