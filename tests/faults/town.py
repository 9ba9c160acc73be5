"""A Slack workspace and bots that are killed in it; and what may never be: lost, doubled, untold."""

from __future__ import annotations

import asyncio
import re
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import exists
from sqlalchemy.orm import aliased
from sqlmodel import Session, col, func, select

from bot.sandbox import acts
from bot.sandbox.core import Call
from bot.sandbox.people import Person
from bot.sandbox.server import Sandbox
from bot.sandbox.state import BOT_USER, Channel, Message
from db.engine import Engines, open_engines
from db.tables import EffectRow
from tests.support.houses import assert_proven, make_house
from tests.support.process import BotProcess
from tests.support.world import MANIFEST

#: Effects that a person sees as one message each.
POSTS = ("card.post", "announce.post", "channel.say", "notice.post", "person.tell")
OPEN = ("pending", "inflight")
#: What became due after everything was at rest, while a test looks, is not lost.
JUST_NOW = timedelta(seconds=2)


@dataclass
class Town:
    """One workspace, one database, one or more bots."""

    slack: Sandbox
    url: str
    folder: Path
    engines: Engines
    bots: list[BotProcess] = field(default_factory=list)
    #: How far the bots' clock is ahead of ours.
    ahead: timedelta = timedelta()
    #: When nothing was left to do (see :meth:`rest`). What came later may still be under way.
    rested: datetime | None = None

    @property
    def bot(self) -> BotProcess:
        """The first bot."""
        return self.bots[0]

    def person(self, name: str) -> Person:
        """Somebody, by name or id."""
        return self.slack.person(name)

    # --- the database ------------------------------------------------------------------------

    def rows(self) -> list[EffectRow]:
        """Every effect."""
        with Session(self.engines.read, expire_on_commit=False) as session:
            return list(session.exec(select(EffectRow).order_by(col(EffectRow.id))).all())

    def waiting(self, since: timedelta = timedelta()) -> list[EffectRow]:
        """Effects that should have happened ``since`` ago or have begun.

        Work of our own whose time lies ahead (a reminder, the next checkpoint) is at rest, even if
        that time is a second away. Once it was tried it is not: then it waits for its next attempt.
        """
        now = datetime.now(UTC) + self.ahead
        before = aliased(EffectRow)
        blocked = col(EffectRow.after).is_not(None) & ~exists().where(
            col(before.key) == col(EffectRow.after), col(before.state) == "done"
        )
        with Session(self.engines.read, expire_on_commit=False) as session:
            rows = session.exec(select(EffectRow).where(col(EffectRow.state).in_(OPEN), ~blocked))
            return [row for row in rows if not _at_rest(row, now, since)]

    def behind(self) -> int:
        """How much waits for Slack."""
        outside = ~col(EffectRow.kind).startswith("house.")
        statement = select(func.count()).where(col(EffectRow.state).in_(OPEN), outside)
        with Session(self.engines.read) as session:
            return int(session.exec(statement).one())

    async def rest(self, timeout: float = 60) -> None:
        """Until nothing is left to do."""
        deadline = time.monotonic() + timeout
        looked = datetime.now(UTC)
        while left := await asyncio.to_thread(self.waiting):
            if time.monotonic() > deadline:
                shown = [(r.key, r.state, r.attempts, r.error, r.owner) for r in left]
                raise AssertionError(f"still waiting: {shown}")
            await asyncio.sleep(0.1 if len(left) < 50 else 1)
            looked = datetime.now(UTC)
        self.rested = looked
        await self.slack.settle(0.1)

    def proven(self) -> None:
        """The chain holds and the state follows from the record."""
        house = make_house(self.url, self.folder)
        try:
            assert_proven(house)
        finally:
            house.close()

    # --- what people see -----------------------------------------------------------------------

    def messages(self, room: Channel) -> list[Message]:
        """What stands in a channel."""
        return [message for message in room.messages.values() if not message.deleted]

    def shown(self) -> Counter[str]:
        """How often each effect stands somewhere as a message, by its key."""
        return Counter(
            key_of(message)
            for room in self.slack.workspace.channels.values()
            for message in self.messages(room)
            if key_of(message)
        )

    def doubled(self) -> list[str]:
        """Everything that somebody would notice as done twice."""
        out = [f"message {key} x{n}" for key, n in self.shown().items() if n > 1]
        names: Counter[str] = Counter()
        for room in self.slack.workspace.channels.values():
            if match := re.match(r"(?:inc|drill)-(\d+)-", room.name):
                names[match[0]] += 1
            out += [f"{room.name}: {what} x{n}" for what, n in self._lines(room).items() if n > 1]
        return out + [f"channel {name} x{n}" for name, n in names.items() if n > 1]

    def _lines(self, room: Channel) -> Counter[str]:
        system = ("channel_topic", "group_topic", "channel_join", "group_join")
        lines = [f"{m.user} {m.text}" for m in self.messages(room) if m.subtype in system]
        links = [f"bookmark {mark.get('link')}" for mark in room.bookmarks.values()]
        return Counter(lines + links)

    def lost(self) -> list[str]:
        """Effects that did not happen, or are called done and are nowhere to be seen."""
        rows = self.rows()
        shown = self.shown()  # after the rows: what is done stands there already
        out = [f"{row.key} {row.state}: {row.error}" for row in rows if row.state == "failed"]
        ago = datetime.now(UTC) - self.rested if self.rested is not None else timedelta()
        out += [f"{row.key} {row.state}" for row in self.waiting(max(ago, JUST_NOW))]
        out += [
            f"{row.key} is done and nowhere"
            for row in rows
            if row.state == "done" and row.kind in POSTS and not shown[_stands_in(row)]
        ]
        return out

    def disordered(self) -> list[str]:
        """Lanes whose messages do not stand in the order in which they were stored."""
        at = {
            key_of(m): m.ts
            for room in self.slack.workspace.channels.values()
            for m in self.messages(room)
        }
        last: dict[str, tuple[str, str]] = {}
        out = []
        for row in self.rows():
            ts = at.get(row.key)
            if row.kind not in POSTS or ts is None:
                continue
            if row.lane in last and last[row.lane][0] > ts:
                out.append(f"{row.key} stands before {last[row.lane][1]}")
            last[row.lane] = (ts, row.key)
        return out

    def counts(self) -> str:
        """Effects, duplicates, losses in words, for the end of a run."""
        done = sum(row.state == "done" for row in self.rows())
        return (
            f"{done} effects, {len(self.doubled())} duplicates seen, {len(self.lost())} losses, "
            f"{len(self.disordered())} out of order"
        )

    def whole(self) -> None:
        """Nothing lost, nothing doubled, everything in order, and the record holds."""
        assert not self.doubled(), self.doubled()
        assert not self.lost(), self.lost()
        assert not self.disordered(), self.disordered()
        self.proven()


def _at_rest(row: EffectRow, now: datetime, since: timedelta) -> bool:
    """Not due ``since`` ago, or stored since then (not: in the future, by a clock set back)."""
    ours = row.kind.startswith("house.") and row.state == "pending" and not row.attempts
    return (ours and row.next_at > now - since) or now - since < row.created_at <= now


def _stands_in(row: EffectRow) -> str:
    """The message in which it stands: its own, or one that says several things after an outage."""
    return str((row.result or {}).get("folded_into") or row.key)


def key_of(message: Message) -> str:
    """The effect that a message is, by its metadata."""
    payload = (message.metadata or {}).get("event_payload") or {}
    return str(payload.get("key", ""))


@asynccontextmanager
async def make_town(url: str, folder: Path, *, bots: int = 1, **more: Any) -> AsyncIterator[Town]:
    """Start Slack and bots on one database; the first one gets Slack's requests.

    Messages follow each other quickly: this Slack does not count them.
    """
    more = {"STEADYHAND_MESSAGE_PACE_MS": 0} | more
    async with AsyncExitStack() as stack:
        slack = await stack.enter_async_context(Sandbox(MANIFEST, retry_scale=0.001))
        for name in ("incidents", "support"):  # where it announces and publishes
            room = slack.channel(name)
            if BOT_USER not in room.members:
                acts.join(slack.core, room, BOT_USER)
        town = Town(slack, url, folder, open_engines(url))
        stack.callback(town.engines.dispose)
        for n in range(bots):
            made = BotProcess(slack, url, folder, name=f"bot{n}", **more)
            town.bots.append(stack.enter_context(made))
        for bot in reversed(town.bots):
            await bot.ready()
        yield town


# --- killing at a boundary ----------------------------------------------------------------------


@dataclass(frozen=True)
class Boundary:
    """A call, and whether Slack does it before the bot dies."""

    label: str
    done: bool

    def __str__(self) -> str:
        return f"{self.label} {'done, answer lost' if self.done else 'not done'}"


def label(call: Call) -> str:
    """A call's method, and for messages the kind of effect: ``chat.postMessage card``."""
    payload = (call.args.get("metadata") or {}).get("event_payload") or {}
    kind = str(payload.get("key", "")).split(":")[0]
    return f"{call.method} {kind}".strip()


def kill_at(town: Town, boundary: Boundary) -> asyncio.Event:
    """Kill the bot at the first such call from now on. The event is set when it is dead."""
    dead = asyncio.Event()

    def strikes(call: Call) -> bool:
        return not dead.is_set() and label(call) == boundary.label

    def after(call: Call) -> None:
        if strikes(call):
            town.bot.kill9()
            dead.set()

    def before(call: Call) -> None:
        if strikes(call):
            town.slack.faults.add(call.method, "drop_before", match=lambda args: args == call.args)
            town.bot.kill9()
            dead.set()

    town.slack.before_call = None if boundary.done else before
    town.slack.after_call = after if boundary.done else None
    return dead


async def until(event: asyncio.Event, seconds: float = 20) -> None:
    """Wait for an event, not for ever."""
    await asyncio.wait_for(event.wait(), seconds)


Act = Callable[[Town], Awaitable[Any]]


async def calls_of(town: Town, act: Act) -> list[str]:
    """The calls that an act leads to when nothing goes wrong, each once, in their order."""
    before = len(town.slack.calls)
    await act(town)
    await town.rest()
    made = [label(call) for call in town.slack.calls[before:]]
    return list(dict.fromkeys(one for one in made if one != "auth.test"))
