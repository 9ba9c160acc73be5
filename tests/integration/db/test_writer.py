"""The one writer: many jobs in one commit, and no job pays for another's mistake."""

from __future__ import annotations

import threading
from concurrent.futures import Future, wait

import pytest

from bot.errors import BadInput
from bot.house import House
from bot.incident.opening import Opened, open_incident
from bot.record.batch import Batch
from bot.record.entry import Actor
from bot.record.tx import Tx
from tests.support.houses import Run

pytestmark = pytest.mark.usefixtures("proven")


def _open(title: str, person: str = "U01ADA"):  # type: ignore[no-untyped-def]
    return lambda batch: open_incident(Tx(batch, Actor(person, "slash")), title)


def test_jobs_that_wait_share_a_commit_and_keep_their_order(house: House) -> None:
    gate = threading.Event()
    house.writer.submit(lambda batch: gate.wait(5))
    futures: list[Future[Opened]] = [house.writer.submit(_open(f"t{n}")) for n in range(30)]
    gate.set()
    wait(futures)
    assert [future.result().number for future in futures] == list(range(1, 31))


def test_a_job_that_raises_costs_the_others_nothing(house: House) -> None:
    gate = threading.Event()
    house.writer.submit(lambda batch: gate.wait(5))
    good = [house.writer.submit(_open(f"t{n}")) for n in range(3)]
    bad = house.writer.submit(_open("   "))
    more = house.writer.submit(_open("last"))
    gate.set()
    with pytest.raises(BadInput):
        bad.result(5)
    assert [future.result(5).number for future in [*good, more]] == [1, 2, 3, 4]


def test_numbers_are_not_burnt_by_failures(run: Run) -> None:
    def fails(tx: Tx) -> None:
        open_incident(tx, "half")
        raise RuntimeError("after the append")

    with pytest.raises(RuntimeError):
        run("U01ADA", fails)
    assert run("U01ADA", lambda tx: open_incident(tx, "whole")).number == 1


def test_urgent_work_passes_the_rest_but_not_for_ever(house: House) -> None:
    gate, order = threading.Event(), []
    house.writer.submit(lambda batch: gate.wait(5))

    def mark(name: str):  # type: ignore[no-untyped-def]
        def job(batch: Batch) -> None:
            if batch.careful or name not in order:
                order.append(name)

        return job

    later = house.writer.submit(mark("later"), urgent=False)
    urgent = house.writer.submit(mark("urgent"))
    gate.set()
    wait([later, urgent])
    assert sorted(order) == ["later", "urgent"]


def test_the_same_delivery_is_carried_out_once(house: House) -> None:
    def once(batch: Batch) -> tuple[bool, object]:
        tx = Tx(batch, Actor("U01ADA", "slash"))
        seen, before = tx.seen_before("cmd:1")
        if seen:
            return True, before
        opened = open_incident(tx, "only one")
        tx.remember("cmd:1", {"n": opened.number})
        return False, {"n": opened.number}

    gate = threading.Event()
    house.writer.submit(lambda batch: gate.wait(5))
    futures = [house.writer.submit(once) for _ in range(5)]
    gate.set()
    answers = [future.result(10) for future in futures]
    assert sorted(seen for seen, _ in answers) == [False, True, True, True, True]
    assert {str(answer) for _, answer in answers} == {"{'n': 1}"}
