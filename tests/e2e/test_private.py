"""A private incident leaves no trace anywhere for people who are not in it."""

from __future__ import annotations

import re

import httpx
import pytest

from bot.incident import queries
from bot.sandbox.people import Person
from tests.support.world import World, said

SECRET = "Moonbeam payroll leak"
TRACES = re.compile(r"moonbeam|payroll|inc-?1\b|inc-1-", re.IGNORECASE)
#: What an outsider types without naming an incident, in #general.
WORDS = (
    "", "list", "mine", "status", "timeline", "timeline all", "search moonbeam", "search payroll leak",
    "search kind:incident", "search by:<@U01ADA>", "search since:7d drill:no", "next", "step", "steps",
    "step done 1", "approvals", "severity", "severity sev2", "role", "role comms <@U01ADA>", "exit",
    "contain it stopped", "resolve", "close", "reopen because x", "decide x because y", "update x",
    "notice", "notice list", "notice 1", "note x", "hypothesis x", "evidence x, there",
    "rename x", "families", "facts", "correct 1 other", "action", "action list", "action list all", "action list drills",
    "action done 1 https://x.example", "postmortem", "moonbeam", "help", "freeze model=x",
    "freeze without C6 because x", "privileged", "privileged read", "erase", "erase 1",
)  # fmt: skip
#: The same with a number: it must read as if that incident had never been.
NUMBERED = (
    "status", "timeline", "search moonbeam", "next", "step done 1", "approvals", "severity",
    "role commander", "exit", "resolve", "close", "decide x because y", "update x", "notice list",
    "note x", "correct 1 other", "action list", "postmortem", "rename x", "families", "facts",
)  # fmt: skip


async def _plant(world: World, title: str = SECRET) -> Person:
    """Ada's private incident with a decision, an action item and something that failed."""
    ada = world.person("ada")
    world.slack.faults.add(method="pins.add", then="error:not_pinnable", times=20)
    await ada.command(f"/incident open --private {title}")
    channel = await ada.waits_for_channel("inc-1")
    await world.quiet()
    await ada.command("/incident decide Freeze moonbeam because payroll", channel)
    await ada.command("/incident action add Rotate moonbeam keys", channel)
    await ada.command("/incident notice users first", channel)
    await ada.command("/incident update moonbeam is contained", channel)
    await world.quiet()
    return ada


def _all_that_is_seen(world: World, who: Person) -> str:
    """Every channel this person can read, with what was shown to them alone."""
    return "\n".join(
        [*who.channels(), *(who.reads(name) for name in who.channels()), who.reads("dm")]
    )


async def test_no_word_of_an_outsider_meets_it(sqlite_world: World) -> None:
    world = sqlite_world
    await _plant(world)
    evan = world.person("evan")
    for words in WORDS:
        reply = await evan.command(f"/incident {words}".rstrip())
        shown = said(reply).replace(words, "")
        assert not TRACES.search(shown), f"/incident {words}: {shown}"
        if evan.has_modal:
            form = await evan.modal()
            assert not TRACES.search(str(form.view)), f"the form of /incident {words}"
            await form.close()
    await world.quiet()
    home = await evan.opens_home()
    assert not TRACES.search(str(home.view))
    everything = _all_that_is_seen(world, evan)
    for words in WORDS:  # refusals give back what was typed
        everything = everything.replace(words, "") if TRACES.search(words) else everything
    assert not TRACES.search(everything), TRACES.search(everything)


async def test_its_number_answers_like_one_that_was_never_given(sqlite_world: World) -> None:
    await _plant(sqlite_world)
    evan = sqlite_world.person("evan")
    for words in NUMBERED:
        real = said(await evan.command(f"/incident inc-1 {words}"))
        never = said(await evan.command(f"/incident inc-99 {words}"))
        assert real.lower() == never.lower().replace("inc-99", "inc-1"), words


async def test_pages_and_probes_say_nothing(sqlite_world: World) -> None:
    await _plant(sqlite_world)
    async with httpx.AsyncClient(base_url=sqlite_world.url) as web:
        for path in ("/", "/status", "/status.json", "/status/feed", "/healthz", "/readyz",
                     "/metrics", "/incidents/1", "/incident/1", "/status/1"):  # fmt: skip
            page = await web.get(path)
            assert not TRACES.search(page.text), path


async def test_its_people_meet_it_through_the_same_words(sqlite_world: World) -> None:
    world = sqlite_world
    ada = await _plant(world)
    for words in ("list", "mine", "search moonbeam", "action list", "inc-1 status", ""):
        assert TRACES.search(said(await ada.command(f"/incident {words}".rstrip()))), words
        if ada.has_modal:
            await (await ada.modal()).close()
    assert TRACES.search(str((await ada.opens_home()).view))


async def test_whoever_is_brought_into_the_channel_belongs_until_they_leave(
    sqlite_world: World,
) -> None:
    world = sqlite_world
    ada = await _plant(world)
    evan = world.person("evan")
    channel = ada.channel("inc-1-moonbeam-payroll-leak")
    await ada.invites("evan", channel)
    await world.quiet()
    assert "Moonbeam" in said(await evan.command("/incident list"))
    await evan.leaves(channel)
    await world.quiet()
    assert not TRACES.search(said(await evan.command("/incident list")))
    row = await world.house.read(lambda s: queries.get(s, 1))
    assert not await world.house.read(lambda s: queries.may_see(s, row, evan.id))


@pytest.mark.parametrize("words", ["action add Rotate keys @evan", "action owner 1 @evan"])
async def test_work_in_it_is_given_to_nobody_outside(sqlite_world: World, words: str) -> None:
    world = sqlite_world
    ada = await _plant(world)
    evan = world.person("evan")
    channel = ada.channel("inc-1-moonbeam-payroll-leak")
    reply = await ada.command(f"/incident {words.replace('@evan', evan.mention)}", channel)
    assert "not in this private incident" in said(reply)
    await world.quiet()
    assert not TRACES.search(_all_that_is_seen(world, evan))
