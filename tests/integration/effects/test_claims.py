"""Claims: what waits for another effect is marked, and looked at again when that one is settled."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlmodel import col, select

from bot.effects import control, store
from bot.effects.kinds import Effect, tell
from bot.house import House
from bot.record import erase
from bot.record.tx import Tx
from db.tables import EffectRow
from tests.support.houses import Run


def _store(run: Run, *effects: Effect) -> None:
    run("system", lambda tx: tx.effect(*effects))


def _claimed(run: Run, limit: int = 50) -> list[str]:
    found = run("system", lambda tx: store.claim(tx.session, tx.now, "here", limit))
    return [each.key for each in found]


def _settle(run: Run, key: str, *, fails: bool = False) -> None:
    def end(tx: Tx) -> None:
        row = store.by_key(tx.session, key)
        assert row is not None
        if fails:
            store.mark_failed(row, tx.now, "no")
        else:
            store.mark_done(row, tx.now, None)

    run("system", end)


def _marked(house: House) -> set[str]:
    statement = select(EffectRow.key).where(col(EffectRow.blocked).is_(True))
    return set(house.read_sync(lambda session: session.exec(statement).all()))


def _in_lane(key: str, **more: Any) -> Effect:
    return Effect("group.read", key, "one lane", **more)


def test_a_lane_goes_on_with_the_next_at_once(house: House, run: Run) -> None:
    _store(run, *(_in_lane(f"k{n}") for n in range(40)))
    assert _claimed(run) == ["k0"]
    assert len(_marked(house)) == 39, "none of them is walked along by the next claim"
    assert _claimed(run) == []
    for n in range(3):
        _settle(run, f"k{n}", fails=n == 1)  # a failure frees the lane as well
        assert len(_marked(house)) == 39 - n - 1, "the next alone is looked at"
        assert _claimed(run) == [f"k{n + 1}"]


def test_what_waits_for_a_success_is_free_after_it_and_not_after_a_failure(
    house: House, run: Run
) -> None:
    for first in ("good", "bad"):
        _store(
            run, Effect("group.read", first, first, incident=1),
            *(Effect("group.read", f"{first}{n}", f"{first}{n}", {}, 1, first) for n in range(3)),
        )  # fmt: skip
    assert _claimed(run) == ["good", "bad"]
    _settle(run, "good")
    _settle(run, "bad", fails=True)
    assert _claimed(run) == ["good0", "good1", "good2"]
    assert _claimed(run) == []


def test_many_that_wait_do_not_hide_one_that_is_ready(run: Run) -> None:
    _store(run, *(_in_lane(f"k{n}") for n in range(100)))
    _store(run, Effect("group.read", "alone", "another lane"))
    assert _claimed(run, 2) == ["k0", "alone"]


def test_a_wrong_mark_is_mended_by_the_upkeep(house: House, run: Run) -> None:
    _store(run, _in_lane("k0"), _in_lane("k1"))

    def spoil(tx: Tx) -> None:
        for row in tx.session.exec(select(EffectRow)):
            row.blocked = True

    run("system", spoil)
    assert _claimed(run) == []
    run("system", lambda tx: store.release_all(tx.session))
    assert _marked(house) == {"k1"}
    assert _claimed(run) == ["k0"]


def _give_up(tx: Tx) -> None:
    row = store.by_key(tx.session, "k0")
    assert row is not None
    row.attempts = 1  # tried in vain: only such a one can be given up
    control.give_up(tx, "k0", "we go on without it")


def _erase(tx: Tx) -> None:
    erase.forget_quotes(tx, [], ["zebra"])


@pytest.mark.parametrize("end", [_give_up, _erase])
def test_whoever_ends_an_effect_frees_its_lane_at_once(
    house: House, run: Run, end: Callable[[Tx], None]
) -> None:
    """Given up by a person, or erased because it quotes what is gone: the next one may go."""
    soon = house.clock.now() + timedelta(hours=1)
    _store(run, _in_lane("k0", payload={"text": "a zebra"}, at=soon))
    _store(run, _in_lane("k1"), _in_lane("k2"))
    assert _claimed(run) == [] and _marked(house) == {"k1", "k2"}
    run("cli:root", end, source="cli")
    assert _marked(house) == {"k2"}
    assert _claimed(run) == ["k1"]


def test_what_waits_for_a_folded_message_goes_at_once(house: House, run: Run) -> None:
    """A message taken in by the one before it is done: that counts for what waits for it."""
    first, second = (tell("U01ADA", name, "action_due", due="-") for name in ("one", "two"))
    _store(run, first, second, Effect("group.read", "later", "elsewhere", after=second.key))
    others = store.Except(kinds=[first.kind])
    assert not run("system", lambda tx: store.claim(tx.session, tx.now, "here", 50, but=others))
    assert _marked(house) == {"later"}
    run.later(hours=1)
    away = timedelta(minutes=5)
    run("system", lambda tx: store.claim(tx.session, tx.now, "here", 1, away=away))
    assert "later" not in _marked(house)
    assert _claimed(run) == ["later"]


@pytest.mark.parametrize("count", [1, 2, 7, 41])
def test_rows_arrive_whole_and_in_order(house: House, run: Run, count: int) -> None:
    """However many go into one statement; a key that is there already is left out."""
    words = {"text": "ä ☃ \x7f 'quoted' \"twice\"", "list": [1, None, True], "empty": {}}
    _store(run, Effect("group.read", "k0", "old", {"kept": True}))
    _store(run, *(Effect("group.read", f"k{n}", f"l{n}", {**words, "n": n}) for n in range(count)))
    rows = house.read_sync(
        lambda s: list(s.exec(select(EffectRow).order_by(col(EffectRow.id))).all())
    )
    assert [row.key for row in rows] == [f"k{n}" for n in range(count)]
    assert rows[0].payload == {"kept": True}
    for n, row in enumerate(rows[1:], 1):
        assert row.payload == {**words, "n": n} and row.lane == f"l{n}"
        assert row.created_at.tzinfo is not None and row.after is None and row.doubt is False


def test_messages_that_wait_for_their_pace_do_not_hide_what_is_ready(run: Run) -> None:
    """A burst in many channels: whoever opens an incident meanwhile waits for none of them."""
    lanes = [f"lane {n}" for n in range(30)]
    _store(run, *(Effect("group.read", f"first {lane}", lane) for lane in lanes))
    for key in _claimed(run):
        _settle(run, key)
    _store(run, *(Effect("group.read", f"next {lane}", lane, pace_ms=1000) for lane in lanes))
    _store(run, Effect("group.read", "urgent", "a lane of its own"))
    assert _claimed(run, 4) == ["urgent"]
    run.later(seconds=1.1)
    assert len(_claimed(run)) == 30
