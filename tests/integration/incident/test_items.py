"""Facts, decisions, hypotheses, evidence and messages: added, corrected, never changed."""

from __future__ import annotations

from datetime import timedelta

import pytest

from bot.errors import BadInput, Conflict, NotAllowed, NotFound
from bot.house import House
from bot.incident import items
from bot.incident.opening import Evidence, open_incident
from bot.incident.queries import get
from bot.record import history, read, timeline
from bot.record.tx import Tx
from db.tables import RecordItem
from tests.support.houses import Run

pytestmark = pytest.mark.usefixtures("proven")
ADA, MAX = "U01ADA", "U02MLE"
MESSAGE = Evidence("C1", "1700000000.000100", "2023-11-14T22:13:20.000Z", "you are ugly", MAX)


@pytest.fixture(autouse=True)
def incident(run: Run) -> None:
    run(ADA, lambda tx: open_incident(tx, "It insults people"))


def _do(run: Run, verb, *args: object, person: str = ADA, **more: object):  # type: ignore[no-untyped-def]
    def job(tx: Tx) -> object:
        return verb(tx, get(tx.session, 1), *args, **more)

    return run(person, job)


def _item(house: House, n: int) -> RecordItem:
    found = house.read_sync(lambda s: s.get(RecordItem, (1, n)))
    assert found is not None
    return found


def test_a_correction_is_a_new_entry_and_readers_see_both(house: House, run: Run) -> None:
    n = _do(run, items.note, "340 users").n
    fixed = _do(run, items.correct, n, "378 users", "recounted")
    assert fixed.corrects == n
    assert (_item(house, n).text, _item(house, n).corrected_by) == ("378 users", fixed.n)
    lines = house.read_sync(lambda s: [timeline.line(e) for e in read.entries(s, 1)])
    assert [line.text for line in lines[1:]] == [
        "340 users",
        f"Correction of entry {n}: 378 users (recounted)",
    ]


def test_a_late_entry_says_so_and_why(house: House, run: Run) -> None:
    at = house.clock.now() - timedelta(hours=1)
    _do(run, items.note, "first report", at, "found in the ticket system")
    line = house.read_sync(lambda s: [timeline.line(e) for e in read.entries(s, 1)])[-1]
    assert line.late and line.late_reason == "found in the ticket system" and line.at == at


@pytest.mark.parametrize("verb", [items.note, items.decide, items.suppose, items.evidence])
def test_whatever_comes_late_has_its_own_time_and_a_reason(house: House, run: Run, verb) -> None:  # type: ignore[no-untyped-def]
    at = house.clock.now() - timedelta(hours=1)
    with pytest.raises(BadInput) as problem:
        _do(run, verb, "it began", at=at)
    assert problem.value.field == "late"
    with pytest.raises(BadInput) as problem:
        _do(run, verb, "it begins", at=house.clock.now() + timedelta(hours=1), late="a slip")
    assert problem.value.field == "at"
    _do(run, verb, "it began", at=at, late="found in the ticket system")
    line = house.read_sync(lambda s: [timeline.line(e) for e in read.entries(s, 1)])[-1]
    assert line.late and line.late_reason == "found in the ticket system" and line.at == at
    _do(run, verb, "just now", at=house.clock.now() - timedelta(minutes=5))


def test_evidence_says_where_it_came_from_who_holds_it_and_where_it_is_sealed(
    house: House, run: Run
) -> None:
    n = _do(
        run, items.evidence, "chat log", kind="prompt_chain", source="gateway log", custodian="Sam",
        location="vault/7", sha256="AB" * 32,
    ).n  # fmt: skip
    entry = house.read_sync(lambda s: next(read.entries(s, 1, after=n - 1))).entry
    assert (entry.source, entry.custodian, entry.location) == ("gateway log", "Sam", "vault/7")
    assert entry.sha256 == "ab" * 32
    for field, value in (("sha256", "abc"), ("kind", "poetry")):
        with pytest.raises(BadInput) as problem:
            _do(run, items.evidence, "x", **{field: value})
        assert problem.value.field == field


def test_a_hypothesis_is_moved_by_entries(house: House, run: Run) -> None:
    n = _do(run, items.suppose, "the new prompt").n
    proof = _do(run, items.evidence, "diff of the prompt, in the vault").n
    _do(run, items.settle, n, "supported", "it is in the diff", [proof])
    assert (_item(house, n).status, _item(house, n).details["by"]) == ("supported", [proof])
    with pytest.raises(Conflict):
        _do(run, items.settle, n, "supported")


def test_a_hash_in_the_text_is_the_evidences_hash(house: House, run: Run) -> None:
    n = _do(run, items.evidence, f"weights {'AB' * 32} in s3").n
    assert _item(house, n).details["sha256"] == "ab" * 32


def test_a_message_is_kept_once_and_its_later_fate_is_added(house: House, run: Run) -> None:
    kept, new = _do(run, items.capture, MESSAGE, "reaction")
    assert new and _do(run, items.capture, MESSAGE, "shortcut") == (None, False)

    def edited(tx: Tx) -> int:
        return items.message_changed(tx, "C1", MESSAGE.ts, "you are nice", deleted=False)

    assert run(MAX, edited) == 1
    run(MAX, edited)  # the same event again adds nothing
    run(MAX, lambda tx: items.message_changed(tx, "C1", MESSAGE.ts, "", deleted=True))
    row = _item(house, kept.n)
    assert row.text == "you are ugly"
    assert [c["deleted"] for c in row.details["changed"]] == [False, True]


def test_only_who_may_records_decisions(run: Run) -> None:
    with pytest.raises(NotAllowed, match=ADA):
        _do(run, items.decide, "roll back", person=MAX)


@pytest.mark.parametrize("verb", [items.note, items.decide, items.suppose, items.evidence])
def test_empty_words_are_refused(run: Run, verb) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(BadInput):
        _do(run, verb, "   ")


def test_what_is_not_there_cannot_be_corrected(run: Run) -> None:
    with pytest.raises(NotFound):
        _do(run, items.correct, 99, "x")


def test_readers_see_the_corrected_view_and_the_history(house: House, run: Run) -> None:
    """A timeline reads as it holds now and says by which entry; the correction says what stood there."""
    n = _do(run, items.note, "340 users").n
    first = _do(run, items.correct, n, "378 users", "recounted").n
    fixed = _do(run, items.correct, n, "379 users").n
    gone = _do(run, items.decide, "wait").n
    end = _do(run, items.withdraw, gone, "it was a slip").n
    lines = {
        line.n: line for line in house.read_sync(lambda s: timeline.lines(read.latest(s, 1, 50)))
    }
    assert (lines[n].text, lines[n].fate) == ("379 users", f"corrected by {fixed}")
    assert lines[first].text.endswith("378 users (recounted) Before: 340 users")
    assert lines[fixed].text.endswith("379 users Before: 378 users")
    assert (lines[gone].text, lines[gone].fate) == ("Decision: wait", f"withdrawn by {end}")
    later = house.read_sync(lambda s: history.of(s, 1, n))
    first_line = house.read_sync(lambda s: next(read.entries(s, 1, after=n - 1)))
    shown = [line.text for line in history.lines(first_line, later, {})]
    assert shown[0] == "340 users" and len(shown) == 3, "as it was made, then each change"
