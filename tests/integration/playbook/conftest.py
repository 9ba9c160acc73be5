"""A story of one incident: people act, time passes, our own stored work is done."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest
from sqlalchemy import select

from bot import rooms
from bot.effects.store import Claimed
from bot.house import House
from bot.incident import assessing, roles
from bot.incident.opening import channel_made, open_incident
from bot.incident.queries import get
from bot.incident.severity import Answers
from bot.playbook import approvals, steps
from bot.record.tx import Tx
from db.tables import Approval, EffectRow, Incident, Step
from tests.support.houses import Run

ADA, MAX, SAM, SEC, EXEC, PROD = "U01ADA", "U02MAX", "U03SAM", "U04SEC", "U05EXE", "U06PRO"
BASE, AGENT = "base.first-15", "harm.d.prompt-injection"


class Story:
    """One incident that people walk through."""

    def __init__(self, house: House, number: int = 1) -> None:
        self.house, self.run, self.number = house, Run(house), number

    def open(self, title: str = "The agent deletes mail", **more: Any) -> Story:
        """Ada opens it and commands; the channel and the first playbook are there."""
        opened = self.run(ADA, lambda tx: open_incident(tx, title, **more))
        self.number = opened.number
        name = f"C{self.number}"
        self.run("system", lambda tx: channel_made(tx, self.number, name, f"inc-{self.number}"))
        self.work()
        return self

    def do(self, person: str, verb: Callable[..., Any], *args: Any, **more: Any) -> Any:
        """A person of the incident's channel does something."""
        return self.run(
            person,
            lambda tx: verb(tx, get(tx.session, self.number), *args, **more),
            channel=f"C{self.number}",
        )

    def take(self, **held: str) -> Story:
        """People take roles: ``take(ml=MAX)``."""
        for role, person in held.items():
            self.do(person, roles.take, role)
        return self

    def assess(self, severity: str, families: tuple[str, ...] = ("d",), **more: Any) -> Story:
        """Ada answers the questions and sets the severity."""
        answers = Answers(
            harm=4, likelihood=3, people=1, reversibility=1, vulnerable=0, ongoing=1,
            families=families, **more,
        )  # fmt: skip
        self.do(ADA, assessing.answer, answers)
        if self.incident.severity != severity:
            self.do(ADA, assessing.set_severity, severity, reason="in doubt the worse")
        self.work()
        return self

    def work(self) -> None:
        """Do all stored work of our own whose time has come, as the dispatcher would."""
        tasks = rooms.tasks()
        for _ in range(50):
            found = self.house.read_sync(lambda s: self._due(s, tasks))
            if not found:
                return
            for effect in found:
                self.run("system", lambda tx, e=effect: self._carry_out(tx, e, tasks))
        raise AssertionError("work of our own never ends")

    def _due(self, session: Any, tasks: dict[str, Any]) -> list[Claimed]:
        statement = select(EffectRow).where(
            EffectRow.state == "pending",
            EffectRow.kind.in_(list(tasks)),
            EffectRow.next_at <= self.house.clock.now(),
        )
        return [
            Claimed(
                row.id, row.key, row.kind, row.lane, row.incident, row.payload, 1, False,
                row.next_at, row.created_at, "",
            )
            for row in session.execute(statement.order_by(EffectRow.id)).scalars()
        ]  # fmt: skip

    @staticmethod
    def _carry_out(tx: Tx, effect: Claimed, tasks: dict[str, Any]) -> None:
        row = tx.session.get(EffectRow, effect.id)
        row.state, row.done_at = "done", tx.now
        tasks[effect.kind](tx, effect)

    # --- looking ---

    @property
    def incident(self) -> Incident:
        """The incident as it stands."""
        return self.house.read_sync(lambda s: get(s, self.number))

    def step(self, key: str) -> Step:
        """A step as it stands."""
        return self.house.read_sync(lambda s: steps.find(s, self.number, key))

    def steps(self) -> dict[str, Step]:
        """All steps by key."""
        rows = self.house.read_sync(lambda s: steps.of_incident(s, self.number))
        return {row.key: row for row in rows}

    def approval(self, number: int) -> Approval:
        """An approval as it stands."""
        return self.house.read_sync(lambda s: approvals.get(s, self.number, number))

    def told(self, message: str) -> dict[str, list[dict[str, Any]]]:
        """Who was written to with this message, and with which details."""

        def look(session: Any) -> dict[str, list[dict[str, Any]]]:
            out: dict[str, list[dict[str, Any]]] = {}
            rows = session.execute(select(EffectRow).where(EffectRow.kind == "person.tell"))
            for row in rows.scalars():
                if row.payload["message"] == message and row.incident == self.number:
                    out.setdefault(row.payload["user"], []).append(row.payload["params"])
            return out

        return self.house.read_sync(look)

    def said(self, message: str) -> list[dict[str, Any]]:
        """What was said in the channel under this name."""

        def look(session: Any) -> list[dict[str, Any]]:
            rows = session.execute(select(EffectRow).where(EffectRow.kind == "channel.say"))
            return [
                row.payload["params"] for row in rows.scalars()
                if row.payload["message"] == message and row.incident == self.number
            ]  # fmt: skip

        return self.house.read_sync(look)

    @property
    def now(self) -> datetime:
        """The present moment of the house."""
        return self.house.clock.now()


@pytest.fixture
def story(house: House, proven: None) -> Story:
    """An incident that Ada opened and commands. Afterwards the record is proven."""
    return Story(house).open()
