"""The few loops of this process. Work that must not be lost is a stored effect, never a timer here."""

from __future__ import annotations

import logging
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from bot.effects import kinds
from bot.house import House
from bot.incident.rights import user_groups
from bot.record.batch import Batch
from bot.record.entry import SYSTEM

if TYPE_CHECKING:
    from apscheduler.schedulers.asyncio import AsyncIOScheduler  # type: ignore[import-untyped]

    from bot.bootstrap import Running

log = logging.getLogger(__name__)
WAKE_S, ASK_SLACK_S, FORGET_S = 1, 60, 3600
#: Whoever leaves a user group loses its rights within this time (and a day without Slack).
GROUPS_S = 300
#: Slack repeats an event for an hour at most (a day with delayed events); a week is plenty.
KEEP_DELIVERIES = timedelta(days=7)
#: Rows a transaction: short enough that no person waits behind it.
AT_ONCE = 500
SILENT = timedelta(seconds=30)


def start(bot: Running) -> AsyncIOScheduler:
    """Begin the loops. The caller shuts the scheduler down."""
    from apscheduler.schedulers.asyncio import AsyncIOScheduler

    scheduler = AsyncIOScheduler(
        timezone=UTC,
        job_defaults={"misfire_grace_time": None, "coalesce": True, "max_instances": 1},
    )
    now = datetime.now(UTC)

    def every(seconds: int, job: Any, *args: Any, first: timedelta = timedelta()) -> None:
        scheduler.add_job(job, "interval", args, seconds=seconds, next_run_time=now + first)

    every(WAKE_S, wake, bot.house)
    every(ASK_SLACK_S, bot.health.ask_slack)
    every(GROUPS_S, read_groups, bot.house)
    every(FORGET_S, forget_deliveries, bot.house, first=timedelta(minutes=5))
    scheduler.start()
    return scheduler


async def wake(house: House) -> None:
    """Reminders come due without a change that wakes the dispatcher, so it looks each second."""
    dispatcher = house.dispatcher
    if dispatcher is None or dispatcher.last_round is None:
        return
    silent = house.clock.now() - dispatcher.last_round
    if silent > timedelta(seconds=WAKE_S):
        dispatcher.wake()
    if silent > SILENT:
        log.error("dispatcher_silent", extra={"seconds": int(silent.total_seconds())})


async def read_groups(house: House) -> None:
    """Store the wish to read each user group that permissions name: nobody waits for it later."""
    groups = user_groups(house.env.content)
    if not groups:
        return
    stretch = int(house.clock.now().timestamp() // GROUPS_S)
    wishes = [kinds.read_group(group, stretch) for group in groups]
    await house.change(SYSTEM, lambda tx: tx.effect(*wishes))


async def forget_deliveries(house: House) -> int:
    """Delete requests that Slack will not repeat any more. Returns how many."""
    before = house.clock.now() - KEEP_DELIVERIES
    gone = 0
    while True:
        some = await house.writer.run(lambda batch: _forget_some(batch, before), urgent=False)
        gone += some
        if some < AT_ONCE:
            break
    if gone:
        log.info("deliveries_forgotten", extra={"count": gone})
    return gone


def _forget_some(batch: Batch, before: datetime) -> int:
    from sqlalchemy import delete, select

    from db.tables import Delivery

    old = select(Delivery.key).where(Delivery.received_at < before).limit(AT_ONCE)  # type: ignore[call-overload]
    keys = list(batch.session.execute(old).scalars())
    if keys:
        batch.session.execute(delete(Delivery).where(Delivery.key.in_(keys)))  # type: ignore[attr-defined]
    return len(keys)
