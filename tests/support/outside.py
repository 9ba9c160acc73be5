"""Carries stored effects out without a network: own tasks for real, outside effects as noted."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from sqlmodel import Session, col, func, select

from bot import rooms
from bot.effects import store
from bot.house import House
from bot.record.entry import Actor
from bot.record.tx import Tx
from db.tables import EffectRow

PACE = timedelta(seconds=5)
STEP = timedelta(milliseconds=500)


class Outside:
    """What left the house. ``settle()`` carries out everything that is due now."""

    def __init__(self, house: House) -> None:
        self.house = house
        self.done: list[store.Claimed] = []
        #: Kinds that fail when they are tried.
        self.broken: set[str] = set()

    def settle(self) -> None:
        """Until nothing is due; the pace of lanes is waited for by moving the time on."""
        for _ in range(500):
            by = Actor("system", "effect")
            claimed = self.house.change_sync(
                by, lambda tx: store.claim(tx.session, tx.now, "test", 50)
            )
            if not claimed:
                waiting = self.house.read_sync(_next_due)
                left = waiting - self.house.clock.now() if waiting is not None else None
                if left is None or left > PACE:
                    return
                # What is due but waits for its lane moves when the lane's pace is over.
                self.house.clock.advance(left if left > timedelta() else STEP)
                continue
            for effect in claimed:
                self.house.change_sync(by, lambda tx, effect=effect: self._one(tx, effect))
        raise AssertionError("effects never come to rest")

    def _one(self, tx: Tx, effect: store.Claimed) -> None:
        row = store.owned(tx.session, effect, "test")
        assert row is not None
        task = rooms.tasks().get(effect.kind)
        if task is not None:
            task(tx, effect)
            store.mark_done(row, tx.now, None)
            return
        if effect.kind in self.broken:
            store.mark_failed(row, tx.now, "broken on purpose")
            rooms.effect_failed(tx, effect, "broken on purpose")
            return
        self.done.append(effect)
        result = self._answer(effect)
        store.mark_done(row, tx.now, result)
        handler = rooms.returned().get(effect.kind)
        if handler is not None:
            handler(tx, effect, result)

    def _answer(self, effect: store.Claimed) -> dict[str, Any]:
        if effect.kind == "channel.create":
            return {"channel": f"C0INC{effect.incident}", "name": effect.payload["name"]}
        return {"channel": effect.payload.get("channel", "C0SOME"), "ts": f"17.{effect.id:06d}"}

    def of(self, kind: str) -> list[store.Claimed]:
        """Effects of one kind that were carried out."""
        return [effect for effect in self.done if effect.kind == kind]

    def told(self, person: str, message: str = "") -> list[dict[str, Any]]:
        """What one person was told privately."""
        return [
            effect.payload for effect in self.of("person.tell")
            if effect.payload["user"] == person and message in ("", effect.payload["message"])
        ]  # fmt: skip

    def said(self, message: str) -> list[dict[str, Any]]:
        """Messages of one wording in channels."""
        return [
            e.payload["params"] for e in self.of("channel.say") if e.payload["message"] == message
        ]


def _next_due(session: Session) -> datetime | None:
    """When the next open effect may be tried."""
    statement = select(func.min(col(EffectRow.next_at))).where(col(EffectRow.state) == "pending")
    return session.exec(statement).one()
