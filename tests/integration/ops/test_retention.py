"""Old deliveries are forgotten in small pieces; young ones stay."""

from __future__ import annotations

from sqlalchemy import func
from sqlmodel import Session, select

from bot import scheduler
from bot.house import House
from bot.record.tx import Tx
from db.tables import Delivery
from tests.support.houses import Run


def _remember(tx: Tx, prefix: str, count: int) -> None:
    for n in range(count):
        tx.remember(f"{prefix}:{n}", None)


def _left(session: Session) -> int:
    return session.exec(select(func.count()).select_from(Delivery)).one()


async def test_only_what_slack_will_not_repeat_is_deleted(house: House, run: Run) -> None:
    """More than one piece of old ones goes, a week's worth stays."""
    old = scheduler.AT_ONCE + 20
    run("U01ADA", lambda tx: _remember(tx, "old", old))
    run.later(days=6)
    run("U01ADA", lambda tx: _remember(tx, "young", 10))
    assert await scheduler.forget_deliveries(house) == 0
    run.later(days=2)
    assert await scheduler.forget_deliveries(house) == old
    assert house.read_sync(_left) == 10
    assert await scheduler.forget_deliveries(house) == 0
