"""Somebody remembers a word and finds the entry."""

from __future__ import annotations

from tests.support.world import World, said


async def test_a_word_finds_the_entry_and_more_shows_the_rest(world: World) -> None:
    ada, evan = world.person("ada"), world.person("evan")
    await ada.command("/incident open Support assistant is insulting customers")
    channel = await ada.waits_for_channel("inc-1")
    for number in range(11):
        await ada.command(f"/incident note Sparrow {number} <b>seen</b> & *counted*", channel)
    await world.quiet()
    reply = await evan.command("/incident search sparr kind:note")
    text = said(reply)
    assert "*INC-1*" in text and "*Sparrow* 10" in text and "&lt;b&gt;" in text
    assert "*Sparrow* 0 " not in text
    answer = next(m for m in reversed(evan.sees("general")) if m.ephemeral)
    await evan.click(answer, "Show more")
    await evan.waits_for("*Sparrow* 0 ", "general")
    assert "Nothing is found" in said(await evan.command("/incident search sparr in:inc-2"))
    assert "INC-1" in said(
        await evan.command(f"/incident find insult by:{ada.mention} since:1h drill:no")
    )
    assert "INC-1" in said(await evan.command("/incident inc-1 search insulting"))


async def test_an_empty_or_crooked_search_says_how(sqlite_world: World) -> None:
    evan = sqlite_world.person("evan")
    assert "Say what to look for" in said(await evan.command("/incident search"))
    assert "no such kind" in said(await evan.command("/incident search x kind:nonsense"))
    assert "not a time" in said(await evan.command("/incident search x since:yesterday"))
    assert "Nothing is found" in said(await evan.command('/incident search "AND (* NEAR'))
