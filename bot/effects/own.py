"""Work of our own that is due, done at the command line: nobody has to wait for `steadyhand run`."""

from __future__ import annotations

import logging
from collections.abc import Mapping

from sqlalchemy import select
from sqlmodel import col

from bot.effects import store
from bot.effects.dispatcher import Task
from bot.record.batch import Batch
from bot.record.entry import SYSTEM, Actor
from bot.record.tx import Tx
from db.tables import EffectRow
from db.writer import Writer

log = logging.getLogger(__name__)
OWNER = "command line"
#: One call leaves the rest to the next, or to `steadyhand run`.
MOST = 30


def do_due(writer: Writer[Batch], tasks: Mapping[str, Task]) -> int:
    """Carry out what is due, each in one transaction with its mark. Returns how many."""
    failed: list[int] = []
    for count in range(MOST):
        one: list[int] = []

        def job(batch: Batch, one: list[int] = one, failed: list[int] = failed) -> bool:
            one.clear()
            return _next(batch, tasks, failed, one)

        try:
            if not writer.run_sync(job):
                return count
        except Exception as problem:  # noqa: BLE001 - rolled back; `steadyhand run` tries it and says so
            log.warning("task_left", extra={"error": type(problem).__name__})
            failed += one
    return MOST


def _next(batch: Batch, tasks: Mapping[str, Task], but: list[int], taken: list[int]) -> bool:
    statement = (
        select(EffectRow)
        .where(
            store.ready(batch.now),
            col(EffectRow.state) == "pending",
            col(EffectRow.kind).in_(list(tasks)),
            col(EffectRow.id).not_in(but),
        )
        .order_by(col(EffectRow.id))
        .limit(1)
    )
    row = batch.session.execute(statement).scalars().first()
    if row is None:
        return False
    taken.append(row.id or 0)
    effect = store.take(row, batch.now, OWNER, store.LEASE)
    tasks[effect.kind](Tx(batch, Actor(SYSTEM.id, "schedule", effect.trace)), effect)
    store.mark_done(row, batch.now, None)
    return True
