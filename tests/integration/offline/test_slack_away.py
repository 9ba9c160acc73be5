"""Slack goes away and comes back: one channel, one card, one message for the time between."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from sqlmodel import Session, select

from bot.effects import away, kinds
from bot.effects.kinds import AWAY_MESSAGE
from bot.house import House
from bot.incident import queries
from bot.playbook.load import Content
from bot.record.entry import Actor
from bot.sandbox.seen import Seen
from bot.sandbox.server import Sandbox
from bot.slack.surfaces import all_surfaces
from db.tables import EffectRow
from tests.integration.offline.conftest import Browser, Cli, command_line
from tests.support.houses import assert_proven, make_house
from tests.support.process import BotProcess
from tests.support.world import MANIFEST, World, make_world, opened

ADA, MAX = "U01ADA", "U02MAX"
HEAD = "While Slack was away"


def messages(slack: Sandbox, name: str) -> list[str]:
    """What stands in the channel, in order."""
    return [message.plain for message in slack.person("ada").sees(name)]


def channels(slack: Sandbox) -> list[str]:
    return [c.name for c in slack.workspace.channels.values() if c.name.startswith("inc-")]


def rows(session: Session) -> list[EffectRow]:
    return list(session.exec(select(EffectRow).where(EffectRow.kind == "channel.say")))


def in_order(text: str, *parts: str) -> None:
    at = -1
    for part in parts:
        assert text.count(part) == 1, f"{part!r} stands {text.count(part)} times in {text}"
        assert text.index(part) > at, f"{part!r} is out of order in {text}"
        at = text.index(part)


async def run_cli(cli: Cli, *words: str, **more: bool) -> str:
    """In a thread: the bot in this loop goes on."""
    return (await asyncio.to_thread(cli, *words, **more)).stdout


async def _comes_back(world: World) -> None:
    """Slack is there again; what waited is tried when its time has come."""
    world.slack.set_weather({"offline": False})
    for _ in range(6):
        world.later(minutes=2)
        await asyncio.sleep(0.3)
    await world.quiet()


async def test_a_whole_incident_without_slack_is_caught_up_once(
    url: str, tmp_path: Path, cli: Cli
) -> None:
    """No Slack and no `steadyhand run` at all: opened, worked on, contained; then Slack comes."""
    cli("incident", "open", "Assistant leaks names", "--severity", "sev2", "--as", ADA)
    assert "Is a person at risk" in cli("incident", "next", "INC-1", "--as", ADA).stdout
    cli("incident", "note", "INC-1", "First seen in the German chat", "--as", MAX)
    cli("incident", "step", "INC-1", "done", "1", "--outcome", "no", "--as", ADA)
    cli("incident", "decide", "INC-1", "Roll back to v41", "--because", "it is quick", "--as", ADA)
    cli("incident", "contain", "INC-1", "v41 is live, no new cases", "--as", ADA)
    async with make_world(url, tmp_path, STEADYHAND_AWAY_S=1) as world:
        await world.quiet()
        assert channels(world.slack) == ["inc-1-assistant-leaks-names"]
        texts = messages(world.slack, channels(world.slack)[0])
        cards = [text for text in texts if "Exit criteria" in text]
        told = [text for text in texts if HEAD in text]
        assert len(cards) == len(told) == 1
        assert texts.index(cards[0]) < texts.index(told[0])
        in_order(
            told[0], "Incident opened: Assistant leaks names", "Severity SEV2",
            "First seen in the German chat", "Step done: Is a person at risk",
            "Decision: Roll back to v41", "Contained: v41 is live",
        )  # fmt: skip
        others = [text for text in texts if text not in (cards[0], told[0])]
        for words in ("Roll back to v41", "v41 is live", "SEV2"):
            assert not [text for text in others if words in text], others
        found = {row.key: row for row in await world.house.read(rows)}
        assert [row.state for row in found.values()] == ["done"] * len(found)
        (kept,) = [
            row
            for row in found.values()
            if row.payload["message"] == AWAY_MESSAGE and (row.result or {}).get("ts")
        ]
        for row in found.values():
            assert (
                row is kept
                or row.result == {"folded_into": kept.key}
                or row.key not in kept.payload["folded"]
            )
        assert len(kept.payload["folded"]) >= 4
        assert_proven(world.house)


async def test_slack_goes_in_the_middle(world: World, cli: Cli, browser: Browser) -> None:
    """Command line and local page together; what needs somebody's yes is not put into the message."""
    slack = world.slack
    _, channel = await opened(world, "open Insults customers")
    before = messages(slack, channel.name)
    slack.set_weather({"offline": True})
    await browser.sign_in()
    await browser.send("/local/1/note", where="/local/1", text="The vendor page is down too")
    for n in range(3):
        await run_cli(cli, "incident", "decide", "1", f"Decision number {n}", "--as", ADA)
    await world.house.change(Actor(MAX, "cli"), _ask)
    await run_cli(cli, "incident", "severity", "INC-1", "SEV2", "--as", ADA)
    assert messages(slack, channel.name) == before
    world.later(minutes=10)
    await asyncio.sleep(0.5)
    await _comes_back(world)
    new = messages(slack, channel.name)[len(before) :]
    (told,) = [text for text in new if HEAD in text]
    in_order(
        told, "The vendor page is down too", "Decision number 0", "Decision number 1",
        "Decision number 2", "Severity SEV2",
    )  # fmt: skip
    assert "Decision number" not in "".join(text for text in new if text != told)
    asked = [text for text in new if "asks for approval" in text]
    assert len(asked) == 1 and new.index(asked[0]) > new.index(told)
    last = await run_cli(cli, "incident", "decide", "1", "Back to normal", "--as", ADA)
    assert "On the record" in last
    await world.person("ada").waits_for("Back to normal", channel)
    assert len([text for text in messages(slack, channel.name) if HEAD in text]) == 1


def _dms(slack: Sandbox, name: str = "ada") -> list[Seen]:
    return list(slack.person(name).sees("dm"))


async def test_direct_messages_of_an_hour_are_one(world: World) -> None:
    """Reminders pile up; who comes back reads one message in order, and each request by itself."""
    slack = world.slack
    ada, channel = await opened(world, "open Insults customers")
    before = len(_dms(slack))
    slack.set_weather({"offline": True})
    for minutes in range(0, 60, 5):
        if minutes == 30:
            await world.house.change(Actor(MAX, "cli"), _ask)
        world.later(minutes=5)
        await asyncio.sleep(0.15)
    waiting = await world.house.read(_tells)
    assert len(waiting) >= 4, waiting
    await _comes_back(world)
    new = _dms(slack)[before:]
    (told,) = [seen for seen in new if HEAD in seen.plain]
    in_order(told.plain, "update on *INC-1* is due", "update on *INC-1* was due", "still waits for")
    asked = [seen for seen in new if "needs your answer" in seen.plain]
    assert asked and told not in asked and all("Switch the model off" in a.plain for a in asked)
    rows = {row.key: row for row in await world.house.read(_tells)}
    piled = [rows[row.key] for row in waiting if row.payload["message"] in away.IN_PERSON]
    first, *others = piled
    assert first.state == "done" and first.result["ts"] == told.ts
    assert [row.result for row in others] == [{"folded_into": first.key}] * len(others)
    await ada.click(told, "Done")  # its buttons work
    assert channel.name and await ada.modal()


def _tells(session: Session) -> list[EffectRow]:
    mine = select(EffectRow).where(EffectRow.lane == f"dm:{ADA}")
    return list(session.exec(mine.order_by(EffectRow.id)))


@pytest.mark.parametrize("count", [1, 3, 25])
async def test_many_direct_messages_are_as_many_as_slack_can_show(world: World, count: int) -> None:
    """Ten a message; what was said twice stands once, and what came later stands later."""
    slack = world.slack
    await opened(world, "open Insults customers")
    pat = world.person("pat").id
    slack.set_weather({"offline": True})
    for n in (*range(count), 0):
        await world.house.change(Actor(ADA, "cli"), lambda tx, n=n: _fails(tx, pat, n))
    world.later(minutes=10)
    await asyncio.sleep(0.3)
    await _comes_back(world)
    new = [seen.plain for seen in _dms(slack, "pat")]
    assert len(new) == -(-(count + 1) // 10), new
    text = "\n".join(new)
    at = [text.rindex(f"reason {n}.") for n in (*range(1, count), 0)]
    assert at == sorted(at)
    assert text.count("reason 0.") == (1 if count < 10 else 2)  # once a message
    await world.house.change(Actor(ADA, "cli"), lambda tx: _told_anew(tx, pat))
    await world.quiet()
    anew = [call.args["ts"] for call in slack.calls_of("chat.update")]
    assert _dms(slack, "pat")[-1].ts in anew  # the message in which the last one stands
    assert [seen.plain for seen in _dms(slack, "pat")] == new
    assert not slack.mistakes


def _told_anew(tx, person):  # type: ignore[no-untyped-def]
    mine = select(EffectRow).where(EffectRow.lane == f"dm:{person}").order_by(EffectRow.id.desc())
    last = tx.session.execute(mine).scalars().first()
    tx.effect(kinds.retell(last.key, person, 1, 999))


def _fails(tx, person, n):  # type: ignore[no-untyped-def]
    key = f"try:{n}:{tx.now.timestamp()}"
    more = {"effect": "card.pin", "error": f"reason {n}"}
    tx.effect(kinds.tell(person, key, "effect_failed", incident=1, **more))


def _ask(tx):  # type: ignore[no-untyped-def]
    from bot.playbook import approvals
    from bot.playbook.plan import ApprovalPlan

    incident = queries.get(tx.session, 1)
    approvals.ask(
        tx, incident, subject="downgrade", key="k", title="Switch the model off", digest="d",
        rule=ApprovalPlan(groups=(("ml", "commander"),)), details={},
    )  # fmt: skip


async def test_a_short_break_folds_nothing(world: World) -> None:
    _, channel = await opened(world, "open Insults customers")
    world.slack.set_weather({"offline": True})
    await asyncio.sleep(0.1)
    from bot.incident import items

    for n in range(2):
        await world.house.change(
            Actor(ADA, "cli"),
            lambda tx, n=n: items.decide(tx, queries.get(tx.session, 1), f"Decision {n}"),
        )
    await asyncio.sleep(0.5)
    world.slack.set_weather({"offline": False})
    await world.quiet()
    texts = "\n".join(messages(world.slack, channel.name))
    assert HEAD not in texts
    assert texts.count("Decision 0") == texts.count("Decision 1") == 1


@pytest.mark.parametrize("when", ["before", "after"])
async def test_killed_while_it_catches_up(url: str, tmp_path: Path, when: str) -> None:
    """Kill -9 around the posting of the one message: afterwards it stands there once, whole."""
    cli = command_line(url, tmp_path)
    await run_cli(cli, "incident", "open", "Leaks names", "--severity", "sev2", "--as", ADA)
    for n in range(3):
        await run_cli(cli, "incident", "decide", "1", f"Decision number {n}", "--as", ADA)
    async with Sandbox(MANIFEST, retry_scale=0.001) as slack:
        with BotProcess(slack, url, tmp_path, STEADYHAND_AWAY_S=1) as bot:

            async def strike(call):  # type: ignore[no-untyped-def]
                if call.method == "chat.postMessage" and HEAD in str(call.args) and not bot.kills:
                    bot.kill9()

            if when == "before":
                slack.before_call = strike
            else:
                slack.after_call = strike
            await slack.wait_until(lambda: bot.kills == 1, timeout=40)
            await bot.restart()
            await slack.wait_until(
                lambda: any(HEAD in text for text in messages(slack, channels(slack)[0])),
                timeout=40,
            )
            await slack.settle(1.5, timeout=30)
            texts = messages(slack, channels(slack)[0])
            (told,) = [text for text in texts if HEAD in text]
            in_order(told, "Severity SEV2", *(f"Decision number {n}" for n in range(3)))
            assert sum("Decision number 1" in text for text in texts) == 1
            assert len(channels(slack)) == 1
    house = make_house(url, tmp_path)
    assert_proven(house)
    house.close()


def test_only_what_has_a_wording_and_asks_nobody_is_folded(house: House) -> None:
    """Names are spelled as the surfaces spell them; requests for a yes are never among them."""
    content: Content = house.env.content
    from tests.support.houses import make_settings

    known = set(all_surfaces(make_settings("sqlite://", Path()), content).wordings)
    assert known >= away.ON_RECORD
    assert known | {kinds.AWAY_TOLD} >= away.IN_PERSON
    assert not {"approval_requested", "approval_asked", "approval_to_ratify", "notice_asked",
                "notice_submitted_said", "ratify_late", "role_offer", "privileged_added",
                } & (away.ON_RECORD | away.IN_PERSON)  # fmt: skip
