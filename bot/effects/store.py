"""Effects as rows: claim, settle, look at, try again. Everything here runs in a transaction."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import and_, exists, func, inspect, literal_column, or_, select, update
from sqlalchemy.orm import aliased, object_session
from sqlmodel import Session, col

from bot.effects import away as away_
from db.tables import EffectRow

#: Longer than any call may take, so that nobody else takes an effect that is still being tried.
LEASE = timedelta(seconds=60)
#: So many more than wanted are looked at in one go, since some of them have to wait.
LOOK_AHEAD = 16
#: So many that only wait for the pace of their lane are passed by in one claim, then it ends.
PASSED_MOST = 64
#: No effect on the outside waits longer for its next attempt, whatever Slack or a clock says.
WAIT_MOST = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class Claimed:
    """An effect that this process carries out now. ``doubt``: it may have happened already."""

    id: int
    key: str
    kind: str
    lane: str
    incident: int | None
    payload: dict[str, Any]
    attempts: int
    doubt: bool
    first_try_at: datetime
    created_at: datetime
    trace: str
    #: Only find out whether it happened: what waits behind it may go out together with it.
    only_look: bool = False


def unsettled(row: Any = EffectRow) -> Any:
    """Condition: not over yet. In literals, because only so SQLite sees that the partial indexes
    over open effects hold every row asked for; a bound value could be anything."""
    return col(row.state).in_((literal_column("'pending'"), literal_column("'inflight'")))


def failed() -> Any:
    """Condition: failed, in the words of its index."""
    return col(EffectRow.state) == literal_column("'failed'")


def due(now: datetime) -> Any:
    """Condition: its time has come, or somebody's lease on it is over."""
    return and_(
        unsettled(),
        col(EffectRow.next_at) <= now,
        or_(
            col(EffectRow.state) == "pending",
            and_(col(EffectRow.state) == "inflight", col(EffectRow.lease_until) < now),
        ),
    )


def free() -> Any:
    """Condition: nothing before it in its lane is open, and what it waits for is done."""
    earlier, before = aliased(EffectRow), aliased(EffectRow)
    lane_busy = exists().where(
        col(earlier.lane) == col(EffectRow.lane),
        col(earlier.id) < col(EffectRow.id),
        unsettled(earlier),
    )
    before_done = exists().where(
        col(before.key) == col(EffectRow.after), col(before.state) == "done"
    )
    return and_(~lane_busy, or_(col(EffectRow.after).is_(None), before_done))


def ready(now: datetime) -> Any:
    """Condition: due, its lane free, and what it waits for done."""
    return and_(due(now), free())


@dataclass(frozen=True, slots=True)
class Except:
    """What a claim leaves alone: effects that this process has in hand, kinds that wait."""

    ids: Collection[int] = ()
    kinds: Collection[str] = ()

    def conditions(self) -> list[Any]:
        """The same for a query."""
        out = [col(EffectRow.id).not_in(self.ids)] if self.ids else []
        return out + ([col(EffectRow.kind).not_in(self.kinds)] if self.kinds else [])


def any_ready(session: Session, now: datetime, but: Except) -> bool:
    """Whether a claim would find something: asked first, so that nobody waits for an idle look."""
    wanted = (ready(now), _not_blocked(), *but.conditions())
    return session.execute(select(col(EffectRow.id)).where(*wanted).limit(1)).first() is not None


def claim(
    session: Session,
    now: datetime,
    owner: str,
    limit: int,
    *,
    lease: timedelta = LEASE,
    but: Except = Except(),
    away: timedelta | None = None,
) -> list[Claimed]:
    """Take up to ``limit`` effects that are ready. The caller holds the write lock.

    Messages that waited longer than ``away`` are put together (see ``bot.effects.away``).
    """
    out: list[Claimed] = []
    passed: list[int] = []
    while (wanted := limit - len(out)) and len(passed) < PASSED_MOST:
        seen = _candidates(session, now, wanted, Except([*but.ids, *passed], but.kinds))
        for row in seen:
            taken = _take_if_its_turn(session, row, now, owner, lease, away)
            if taken is None:
                passed.append(row.id or 0)
            else:
                out.append(taken)
        if len(seen) < wanted:
            break  # else those that wait for their pace would hide what is ready behind them
    return out


def _take_if_its_turn(
    session: Session, row: EffectRow, now: datetime, owner: str, lease: timedelta,
    away: timedelta | None,
) -> Claimed | None:  # fmt: skip
    """The effect in hand; None while its lane's pace, or the card, has to be waited for."""
    wait = _pace_left(session, row, now)
    if wait is not None:
        row.next_at = wait
        return None
    late = away is not None and away_.folds(row) and away_.stale(row, now, away)
    if late and away_.must_wait(session, row):
        return None
    only_look = late and _uncertain(row) and bool(away_.behind(session, row))
    if late and not _uncertain(row):
        _fold(session, row, now)
    return replace(take(row, now, owner, lease), only_look=only_look)


def _candidates(session: Session, now: datetime, limit: int, but: Except) -> list[EffectRow]:
    """Effects that are ready, the longest due first.

    Those that are due but must wait for another effect are marked, so that no later claim walks
    along them: what a claim costs does not grow with what waits.
    """
    look = (
        select(col(EffectRow.id), free().label("free"))
        .where(due(now), _not_blocked(), *but.conditions())
        .order_by(col(EffectRow.next_at), col(EffectRow.id))
        .limit(limit + LOOK_AHEAD)
    )
    found: list[int] = []
    while len(found) < limit:
        seen = session.execute(look).all()
        waiting = [row.id for row in seen if not row.free]
        found = [row.id for row in seen if row.free][:limit]
        if not waiting:
            break
        mark = update(EffectRow).where(col(EffectRow.id).in_(waiting)).values(blocked=True)
        session.execute(mark, execution_options={"synchronize_session": False})
    if not found:
        return []
    rows = select(EffectRow).where(col(EffectRow.id).in_(found)).order_by(col(EffectRow.id))
    return list(session.execute(rows).scalars())


def _not_blocked() -> Any:
    return col(EffectRow.blocked).is_(False)


def _release(row: EffectRow) -> None:
    """``row`` is settled: the next of its lane, and what waited for it, may be looked at."""
    session = object_session(row)
    assert session is not None
    mine: Any = inspect(EffectRow).local_table
    other = aliased(EffectRow)
    lane = select(func.min(col(other.id))).where(
        col(other.lane) == row.lane, col(other.id) > row.id, unsettled(other)
    )
    after = select(col(other.id)).where(
        col(other.incident) == row.incident, col(other.state) == "pending",
        col(other.after) == row.key,
    )  # fmt: skip
    either = or_(mine.c.id == lane.scalar_subquery(), mine.c.id.in_(after))
    session.connection().execute(update(mine).where(either, mine.c.blocked).values(blocked=False))


def release_all(session: Session) -> None:
    """Look again at everything that is marked as waiting and does not have to wait (a safety net)."""
    statement = update(EffectRow).where(unsettled(), col(EffectRow.blocked), free())
    session.execute(
        statement.values(blocked=False), execution_options={"synchronize_session": False}
    )


def _fold(session: Session, first: EffectRow, now: datetime) -> None:
    """What waits behind ``first`` and can be said together with it is said by it."""
    for row in away_.gather(session, first):
        row.result, row.error = {"folded_into": first.key}, ""
        settle(row, "done", now)


def _uncertain(row: EffectRow) -> bool:
    """Whether it may have happened unseen. A row found inflight was left by a process that died or
    hung: nobody knows how far it came."""
    return row.doubt or row.state == "inflight"


def take(row: EffectRow, now: datetime, owner: str, lease: timedelta) -> Claimed:
    """Mark the row as in hand."""
    row.doubt = _uncertain(row)
    row.state, row.owner, row.lease_until = "inflight", owner, now + lease
    row.attempts += 1
    row.first_try_at = row.first_try_at or now
    assert row.id is not None
    return Claimed(
        row.id, row.key, row.kind, row.lane, row.incident, row.payload, row.attempts, row.doubt,
        row.first_try_at, row.created_at, row.trace,
    )  # fmt: skip


def _pace_left(session: Session, row: EffectRow, now: datetime) -> datetime | None:
    if not row.pace_ms:
        return None
    # What was done in the future was done before the clock was set back: it holds nobody up.
    past = and_(col(EffectRow.lane) == row.lane, col(EffectRow.done_at) <= now)
    last = session.execute(select(func.max(col(EffectRow.done_at))).where(past)).scalar()
    if last is None:
        return None
    free = last + timedelta(milliseconds=row.pace_ms)
    return free if free > now else None


def owned(session: Session, claimed: Claimed, owner: str) -> EffectRow | None:
    """The row, if it is still ours: after a lost lease somebody else may have settled it."""
    row = session.get(EffectRow, claimed.id)
    if row is None or row.state != "inflight" or row.owner != owner:
        return None
    return row


def settle(row: EffectRow, state: str, now: datetime) -> None:
    """It is over, as ``state`` says: ``done``, ``failed`` or ``given_up``.

    Every effect ends here, so that what waited behind it is looked at by the next claim.
    """
    row.state, row.done_at = state, now
    row.lease_until, row.owner = None, None
    _release(row)


def mark_done(row: EffectRow, now: datetime, result: dict[str, Any] | None) -> None:
    """It happened; ``result`` is what later effects may need."""
    row.result, row.error, row.doubt = result, "", False
    settle(row, "done", now)


def mark_later(
    row: EffectRow, at: datetime, error: str, *, doubt: bool, certain: bool = False
) -> None:
    """Not now: try again at ``at``. ``doubt`` says that the attempt may have succeeded.

    ``certain``: it was looked for, and neither this attempt nor an earlier one succeeded.
    """
    row.state, row.next_at, row.error = "pending", at, error
    row.doubt = not certain and (row.doubt or doubt)
    row.lease_until, row.owner = None, None


def mark_failed(row: EffectRow, now: datetime, error: str) -> None:
    """It will not happen by waiting; a person has to look."""
    row.error = error
    settle(row, "failed", now)


def hold_kind(session: Session, prefix_kinds: Iterable[str], until: datetime) -> None:
    """Nothing of these kinds is tried before ``until`` (the world said: too many)."""
    session.execute(
        update(EffectRow)
        .where(
            unsettled(),
            col(EffectRow.kind).in_(list(prefix_kinds)),
            col(EffectRow.state) == "pending",
            col(EffectRow.next_at) < until,
        )
        .values(next_at=until)
    )


def reclaim(session: Session, now: datetime, dead_owners: Iterable[str]) -> int:
    """Free what processes that are known to be dead had begun. Returns how many."""
    owners = list(dead_owners)
    if not owners:
        return 0
    found = session.execute(
        update(EffectRow)
        .where(unsettled(), col(EffectRow.state) == "inflight", col(EffectRow.owner).in_(owners))
        .values(lease_until=now - timedelta(seconds=1))
    )
    return int(found.rowcount)  # type: ignore[attr-defined]


def owners(session: Session) -> list[str]:
    """Every process that has an effect in hand."""
    inflight = (unsettled(), col(EffectRow.state) == "inflight")
    statement = select(col(EffectRow.owner)).where(*inflight).distinct()
    return [owner for owner in session.execute(statement).scalars() if owner]


def clock_went_back(session: Session, now: datetime, lease: timedelta) -> None:
    """What was meant for now must not wait until a clock that was set back catches up.

    Reminders keep their moment: they were stored for a time of their own. Nothing else waits for
    longer than ``WAIT_MOST``.
    """
    pending = col(EffectRow.state) == "pending"
    ours = col(EffectRow.kind).startswith("house.")
    for late, values in (
        (
            and_(
                pending,
                col(EffectRow.attempts) == 0,
                col(EffectRow.created_at) > now,
                col(EffectRow.next_at) <= col(EffectRow.created_at),
            ),
            {"next_at": now},
        ),
        (
            and_(
                pending,
                ~ours,
                or_(
                    and_(col(EffectRow.attempts) == 0, col(EffectRow.created_at) > now),
                    col(EffectRow.next_at) > now + WAIT_MOST,
                ),
            ),
            {"next_at": now},
        ),
        (and_(pending, col(EffectRow.first_try_at) > now), {"next_at": now, "first_try_at": now}),
        (
            and_(col(EffectRow.state) == "inflight", col(EffectRow.lease_until) > now + lease * 2),
            {"lease_until": now + lease, "next_at": now},
        ),
    ):
        session.execute(update(EffectRow).where(unsettled(), late).values(**values))


def troubles(session: Session, incident: int) -> list[EffectRow]:
    """Effects of the incident that failed, or were tried more than once and still wait."""
    statement = (
        select(EffectRow)
        .where(
            col(EffectRow.incident) == incident,
            or_(
                col(EffectRow.state) == "failed",
                and_(col(EffectRow.state) == "pending", col(EffectRow.attempts) > 1),
            ),
        )
        .order_by(col(EffectRow.id))
    )
    return list(session.execute(statement).scalars())


def by_key(session: Session, key: str) -> EffectRow | None:
    """The effect with this key."""
    return session.execute(select(EffectRow).where(col(EffectRow.key) == key)).scalars().first()
