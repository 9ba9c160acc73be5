"""Failed effects: people see them, try them again, or go on without them, on the record."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from sqlmodel import Session, col, select

from bot.effects import control, store
from bot.errors import Conflict, NotAllowed, NotFound
from bot.house import House
from bot.incident.opening import open_incident
from bot.record import catalogue as c
from bot.record.read import entries
from db.tables import EffectRow
from tests.support.houses import Run

pytestmark = pytest.mark.usefixtures("proven")
ADA, BEN = "U01ADA", "U02BEN"


@pytest.fixture
def key(run: Run) -> str:
    """The key of an effect that failed: the channel could not be made. Invitations wait for it."""
    run(ADA, lambda tx: open_incident(tx, "Model insults customers", people=(BEN,)))

    def fail(tx: object) -> str:
        (claimed,) = store.claim(tx.session, tx.now, "test", 1)  # type: ignore[attr-defined]
        row = store.owned(tx.session, claimed, "test")  # type: ignore[attr-defined]
        assert row is not None
        store.mark_failed(row, tx.now, "four names were taken")  # type: ignore[attr-defined]
        return row.key

    return run("system", fail, source="effect")


def _row(house: House, key: str) -> EffectRow:
    found = house.read_sync(lambda session: store.by_key(session, key))
    assert found is not None
    return found


def _kinds(house: House) -> list[str]:
    return [one.entry.kind for one in house.read_sync(lambda session: list(entries(session)))]


def test_retry_makes_it_due_now(house: House, run: Run, key: str) -> None:
    """It is pending, without its old error, and the record says who asked."""
    run(ADA, lambda tx: control.retry(tx, key) and None)
    row = _row(house, key)
    assert (row.state, row.error, row.attempts) == ("pending", "", 0)
    assert row.next_at <= house.clock.now()
    (entry,) = house.read_sync(lambda session: list(entries(session, kinds=["effect.retried"])))
    assert (entry.actor, entry.entry) == (ADA, c.EffectRetried(key=key))


def test_a_second_retry_is_harmless(house: House, run: Run, key: str) -> None:
    """A double click says that it is so already and adds nothing to the record."""
    run(ADA, lambda tx: control.retry(tx, key) and None)
    with pytest.raises(Conflict):
        run(ADA, lambda tx: control.retry(tx, key) and None)
    assert _kinds(house).count("effect.retried") == 1


def test_doubt_survives_a_retry(house: House, run: Run, key: str) -> None:
    """What may have happened unseen is looked for before it is done again."""

    def doubtful(tx: object) -> None:
        row = store.by_key(tx.session, key)  # type: ignore[attr-defined]
        row.doubt = True

    run("system", doubtful)
    run(ADA, lambda tx: control.retry(tx, key) and None)
    assert _row(house, key).doubt


def test_give_up_ends_it_with_a_reason(house: House, run: Run, key: str) -> None:
    """Nothing that waits for it is ever claimed."""
    run(ADA, lambda tx: control.give_up(tx, key, " we use #ops ") and None)
    assert _row(house, key).state == "given_up"
    (entry,) = house.read_sync(lambda session: list(entries(session, kinds=["effect.given_up"])))
    assert entry.entry.reason == "we use #ops"
    with pytest.raises(Conflict):
        run(ADA, lambda tx: control.give_up(tx, key) and None)
    with pytest.raises(Conflict):
        run(ADA, lambda tx: control.retry(tx, key) and None)
    after = house.read_sync(_waiting_for(key))
    assert after
    claimed = run("system", lambda tx: store.claim(tx.session, tx.now, "test", 50))
    assert not {one.key for one in claimed} & set(after)


def _waiting_for(key: str) -> Callable[[Session], list[str]]:
    statement = select(EffectRow.key).where(col(EffectRow.after) == key)
    return lambda session: list(session.exec(statement))


def test_what_has_not_failed_is_left_alone(house: House, run: Run) -> None:
    """A reminder that waits for its time cannot be lost by a slip."""
    run(ADA, lambda tx: open_incident(tx, "Model insults customers"))
    (waiting,) = house.read_sync(
        lambda session: list(session.exec(select(EffectRow.key).where(EffectRow.id == 1)))
    )
    for verb in (control.retry, control.give_up):
        with pytest.raises(Conflict, match="waits for its turn"):
            run(ADA, lambda tx, verb=verb: verb(tx, waiting) and None)  # type: ignore[misc]


def test_only_people_of_the_incident(run: Run, key: str) -> None:
    """Somebody without a part in it is told who may; whoever runs the command line may."""
    with pytest.raises(NotAllowed):
        run(BEN, lambda tx: control.retry(tx, key) and None)
    run("cli:root", lambda tx: control.retry(tx, key) and None, source="cli")


def test_an_unknown_key_is_said_so(run: Run) -> None:
    """With the way to the keys."""
    with pytest.raises(NotFound, match="no effect"):
        run(ADA, lambda tx: control.retry(tx, "nope") and None)
