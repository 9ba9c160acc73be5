"""A storm: people work on many incidents while processes are killed and stopped at random."""

from __future__ import annotations

import asyncio
import random
import re
import time
from collections import Counter
from dataclasses import dataclass, field

from sqlmodel import Session, col, func, select

from bot.sandbox.delivery import Parcel
from bot.sandbox.people import Person
from bot.sandbox.seen import Seen
from bot.sandbox.state import Channel
from db.tables import EntryRow
from tests.faults.town import Town, key_of
from tests.support.process import BotProcess

#: Short, so that pauses can outlast it; a call may take half of it, on a machine that is busy as well.
LEASE_S = 4
UPDATES = ("first", "second")
TRIES = 200
#: People do not open more while so much waits for Slack; all at once would measure the machine.
BACKLOG_MOST = 80
#: Acknowledged without having been saved, or before it is known; a process may die before it says so.
NO_ANSWER = ("could not be saved", "takes longer than usual")


@dataclass
class Storm:
    """What happened to the town, and what came of it."""

    town: Town
    chance: random.Random
    pauses: int = 0
    redeliveries: int = 0
    #: Requests that nobody acknowledged, so that they were sent again.
    repeated: int = 0
    numbers: list[int] = field(default_factory=list)
    over: asyncio.Event = field(default_factory=asyncio.Event)
    calm: asyncio.Event = field(default_factory=asyncio.Event)
    _hurt: set[int] = field(default_factory=set)
    _began: float = field(default_factory=time.monotonic)

    # --- people --------------------------------------------------------------------------------

    async def work(self, incidents: int, at_once: int) -> None:
        """``at_once`` people open incidents and post two updates in each."""
        waiting = iter(range(incidents))

        async def one(person: Person) -> None:
            for n in waiting:
                await self.calm.wait()
                number = await self._open(person, n)
                self.numbers.append(number)
                for word in UPDATES:
                    await self._say(person, f"/incident update inc-{number} The {word} of {number}")

        people = self.town.slack.people
        await asyncio.gather(*(one(people[n % len(people)]) for n in range(at_once)))

    async def _open(self, person: Person, n: int) -> int:
        answer = await self._say(person, f"/incident open Trouble number {n} in the assistant")
        found = re.search(r"INC-(\d+)", answer)
        assert found, answer
        return int(found[1])

    async def _say(self, person: Person, line: str) -> str:
        """A request without an answer is delivered again: the same one, so it counts once."""
        self.route()
        reply = await person.command(line)
        text = line.partition(" ")[2]
        for _ in range(TRIES):
            if reply.ok and not any(words in str(reply.body) for words in NO_ANSWER):
                return str(reply.body)
            self.repeated += 1
            await asyncio.sleep(0.25)
            sent = reversed(self.town.slack.core.delivery.sent)
            parcel = next(one for one in sent if one.payload.get("text") == text)
            self.route()
            reply = await self.town.slack.core.delivery._once(parcel)
        raise AssertionError(f"{line} was never acknowledged: {reply}")

    async def watch(self) -> None:
        """Let people go on when what they began has mostly reached Slack."""
        while not self.over.is_set():
            behind = await asyncio.to_thread(self.town.behind)
            (self.calm.set if behind < BACKLOG_MOST else self.calm.clear)()
            await asyncio.sleep(0.25)

    # --- the network -------------------------------------------------------------------------

    def route(self) -> None:
        """The next request goes to any process that is not known to be in trouble."""
        self.chance.choice(self._well()).listen()

    def _well(self) -> list[BotProcess]:
        return [bot for bot in self.town.bots if id(bot) not in self._hurt]

    async def redeliver(self) -> None:
        """Now and then something delivered before comes again, up to five times, all at once."""
        delivery = self.town.slack.core.delivery
        while not self.over.is_set():
            await self._pause(0.1, 0.5)
            if not delivery.sent:
                continue
            old: list[Parcel] = [self.chance.choice(delivery.sent)]
            old *= self.chance.randint(1, 5)
            self.redeliveries += len(old)
            self.route()
            await asyncio.gather(*(delivery._once(parcel) for parcel in old))

    # --- what hurts ------------------------------------------------------------------------------

    async def kill(self) -> None:
        """Kill one at a random moment, start it again at another, until the storm is over."""
        while not self.over.is_set():
            await self._pause(1.0, 4.0)
            bot = await self._victim()
            bot.kill9()
            await self._pause(0.0, 1.0)
            bot.start()
            await bot.up()
            self._hurt.discard(id(bot))

    async def stop(self) -> None:
        """Stop one for longer than its lease, again and again."""
        while not self.over.is_set():
            await self._pause(4.0, 9.0)
            bot = await self._victim()
            bot.pause()
            await asyncio.sleep(LEASE_S + self.chance.uniform(0.2, 1.0))
            bot.resume()
            self.pauses += 1
            self._hurt.discard(id(bot))

    async def _victim(self) -> BotProcess:
        """One that is well, once another that is well could carry on."""
        while len(well := self._well()) < 2:
            await asyncio.sleep(0.05)
        bot = self.chance.choice(well)
        self._hurt.add(id(bot))
        self.route()
        return bot

    async def _pause(self, least: float, most: float) -> None:
        await asyncio.sleep(self.chance.uniform(least, most))

    # --- what came of it ---------------------------------------------------------------------------

    def counts(self) -> str:
        """One line for the log of the run."""
        kills = sum(bot.kills for bot in self.town.bots)
        seconds = time.monotonic() - self._began
        return (
            f"{len(self.town.bots)} processes, {len(self.numbers)} incidents, {kills} kills, "
            f"{self.pauses} pauses, {self.redeliveries} redeliveries, {self.repeated} requests "
            f"repeated, {len(self.town.slack.calls)} calls, {self.town.counts()}, {seconds:.0f} s"
        )

    def whole(self) -> None:
        """Everything once, on the record and in every channel, and in order."""
        self.town.whole()
        kinds = self._kinds()
        count = len(self.numbers)
        assert kinds["incident.opened"] == count and kinds["update.posted"] == 2 * count, kinds
        rooms = {
            match[1]: room
            for room in self.town.slack.workspace.channels.values()
            if (match := re.match(r"inc-(\d+)-", room.name))
        }
        assert sorted(map(int, rooms)) == sorted(self.numbers) == list(range(1, count + 1))
        for number, room in rooms.items():
            card, *texts = self._reads(room)
            assert f"The second of {number}" in card, card
            said = [word for text in texts for word in UPDATES if f"The {word} of {number}" in text]
            assert said == list(UPDATES), f"INC-{number}: {texts}"

    def _reads(self, room: Channel) -> list[str]:
        """What stands in a channel: the card first, then the rest in its order."""
        messages = sorted(self.town.messages(room), key=lambda m: float(m.ts))
        messages.sort(key=lambda m: not key_of(m).startswith("card:"))
        return [Seen(self.town.slack.workspace, message).plain for message in messages]

    def _kinds(self) -> Counter[str]:
        statement = select(col(EntryRow.kind), func.count()).group_by(col(EntryRow.kind))
        with Session(self.town.engines.read) as session:
            return Counter(dict(session.exec(statement).all()))


async def weathered(
    town: Town, seed: int, *, incidents: int, at_once: int = 12, rest: float = 200
) -> Storm:
    """Let people work through a storm; afterwards everything is whole."""
    storm = Storm(town, random.Random(seed))
    async with asyncio.TaskGroup() as group:
        for trouble in (storm.watch, storm.kill, storm.stop, storm.redeliver):
            group.create_task(trouble())
        await storm.work(incidents, at_once)
        storm.over.set()
    for bot in town.bots:
        await bot.ready()
    await town.rest(rest)
    return storm
