"""Full text over the record, on both databases alike."""

from __future__ import annotations

import itertools
import random
from datetime import timedelta

import pytest
from sqlalchemy import text
from sqlmodel import Session, col, select

from bot.errors import BadInput
from bot.house import House
from bot.incident import items, queries, roles
from bot.incident.opening import Evidence, open_incident
from bot.record import search
from bot.record.query import parse
from db import fulltext, guards
from db.tables import EntryRow, EntryText, Incident
from tests.support.houses import Run

ADA, BOB, OUT = "U01ADA", "U02BOB", "U09OUT"
pytestmark = pytest.mark.usefixtures("proven")


def found(
    house: House, typed: str, person: str = BOB, here: str | None = None
) -> list[tuple[int, int]]:
    """Incident and number of what is found."""
    query = parse(typed, house.clock.now())
    hits, _ = house.read_sync(lambda s: search.find(s, query, person, here=here))
    return [(hit.incident.number, hit.line.n) for hit in hits]


@pytest.fixture
def told(house: House, run: Run) -> None:
    """One incident with a few entries, one drill."""
    run(ADA, lambda tx: open_incident(tx, "Chatbot insults customers"))
    run(ADA, lambda tx: items.note(tx, queries.get(tx.session, 1), "Rollback of model v2 finished"))
    pause, why = "Pause the café assistant", "it's too risky"
    run(ADA, lambda tx: items.decide(tx, queries.get(tx.session, 1), pause, rationale=why))
    run.later(days=3)
    run(BOB, lambda tx: open_incident(tx, "Practice rollback", drill=True))


def test_words_filters_and_beginnings(house: House, told: None) -> None:
    assert found(house, "rollback") == [(2, 1), (1, 2)]
    assert found(house, "ROLLB") == [(2, 1), (1, 2)]
    assert found(house, "rollb finished") == []  # only the last word may be a beginning
    assert found(house, "finished rollb") == [(1, 2)]
    assert found(house, "cafe") == [(1, 3)]
    assert found(house, "CAFÉ paus") == [(1, 3)]
    assert found(house, "risky") == [(1, 3)]
    assert found(house, "rollback drill:no") == [(1, 2)]
    assert found(house, "rollback drill:only") == [(2, 1)]
    assert found(house, "rollback in:inc-2") == [(2, 1)]
    assert found(house, "rollback since:24h") == [(2, 1)]
    assert found(house, "kind:decision") == [(1, 3)]
    assert found(house, f"by:<@{BOB}|bob>") == [(2, 1)]
    assert found(house, "kind:fact in:1") == [(1, 2)]
    assert found(house, "nowhere") == []


@pytest.mark.parametrize(
    "typed",
    ['"', "roll\"back'", "a AND", "OR NOT", "NEAR(", "col:x", "* rollback *", "(((", "rollback & !x",
     "':*", "%_\\", "=o", "=p rollback", "-rollback", "日本", "\x00rollback", "in: rollback", "a" * 5000],
)  # fmt: skip
def test_what_is_typed_is_never_an_error_of_the_database(
    house: House, told: None, typed: str
) -> None:
    try:
        hits = found(house, typed)
    except BadInput as refusal:
        assert refusal.instead
    else:
        assert all(number in (1, 2) for number, _ in hits)


def test_no_mark_of_the_index_can_be_typed(house: House, run: Run) -> None:
    run(ADA, lambda tx: open_incident(tx, "Secret matter", private=True))
    for typed in ("=p", "=i1", "secret =p", "=i1 secret", "secret in:inc-1", "p", "i1"):
        assert found(house, typed, OUT) == []


def test_a_private_incident_is_found_by_its_people_only(house: House, run: Run) -> None:
    run(
        ADA, lambda tx: open_incident(tx, "Leak of the moonbeam files", private=True, people=(BOB,))
    )
    run(ADA, lambda tx: roles.assign(tx, queries.get(tx.session, 1), "comms", "U03CLEO"))
    for person, sees in ((ADA, True), (BOB, True), ("U03CLEO", True), (OUT, False)):
        assert bool(found(house, "moonbeam", person)) is sees, person
        assert house.read_sync(lambda s: queries.may_see(s, queries.get(s, 1), person)) is sees  # noqa: B023


def test_whoever_asks_in_the_private_channel_finds_it(house: House, run: Run) -> None:
    from bot.incident.opening import channel_made

    run(ADA, lambda tx: open_incident(tx, "Leak of the moonbeam files", private=True))
    run("system", lambda tx: channel_made(tx, 1, "C0PRIV", "inc-1-leak"))
    assert found(house, "moonbeam", OUT, here="C0PRIV") == [(1, 1)]
    assert found(house, "moonbeam", OUT, here="C0ELSE") == []


def test_a_captured_message_is_found_by_its_author_and_linked(house: House, run: Run) -> None:
    seen = Evidence(
        "C9",
        "17.1",
        "2026-01-01T00:00:00.000Z",
        "it said *something* rude",
        BOB,
        "https://x.example/p1",
    )
    run(ADA, lambda tx: open_incident(tx, "Rude", evidence=seen))
    query = parse(f"rude kind:message by:{BOB}", house.clock.now())
    hits, more = house.read_sync(lambda s: search.find(s, query, OUT))
    assert [hit.line.link for hit in hits] == ["https://x.example/p1"] and more is None
    assert f"{search.MARKS[0]}rude{search.MARKS[1]}" in hits[0].snippet


def test_pages_follow_each_other(house: House, run: Run) -> None:
    run(ADA, lambda tx: open_incident(tx, "Many"))
    for number in range(12):
        run(ADA, lambda tx, n=number: items.note(tx, queries.get(tx.session, 1), f"sparrow {n}"))
    query = parse("sparrow", house.clock.now())
    first, after = house.read_sync(lambda s: search.find(s, query, BOB))
    rest, end = house.read_sync(lambda s: search.find(s, query, BOB, before=after))
    assert [hit.line.n for hit in [*first, *rest]] == list(range(13, 1, -1)) and end is None


@pytest.mark.parametrize("limit", [1, 3, 10])
def test_every_page_has_what_a_plain_reading_finds(house: House, run: Run, limit: int) -> None:
    """Private ones of one's own, of others, drills and public ones, in a random order."""
    chance = random.Random(limit)
    kinds = [("", {}), ("mine", {"people": (BOB,)}), ("theirs", {}), ("drill", {"drill": True})]
    for number in range(8):
        kind, more = chance.choice(kinds)
        private = kind in ("mine", "theirs")
        title = f"One {kind} {number}"
        run(ADA, lambda tx, t=title, p=private, m=more: open_incident(tx, t, private=p, **m))
    for _ in range(30):
        at, word = chance.randint(1, 8), chance.choice(["sparrow", "heron"])
        run(ADA, lambda tx, n=at, w=word: items.note(tx, queries.get(tx.session, n), w))

    for person, typed in itertools.product((ADA, BOB, OUT), ("sparrow", "spar", "heron drill:no", "drill:yes sparrow", "kind:note drill:no")):  # fmt: skip
        query = parse(typed, house.clock.now())
        pages, before = [], None
        while True:
            hits, before = house.read_sync(
                lambda s, q=query, b=before, p=person: search.find(s, q, p, limit=limit, before=b)
            )
            pages += [(hit.incident.number, hit.line.n) for hit in hits]
            if before is None:
                break
        assert pages == _read_plainly(house, person, typed), (person, typed)


def _read_plainly(house: House, person: str, typed: str) -> list[tuple[int, int]]:
    words = [word for word in typed.split() if ":" not in word]

    def look(session: Session) -> list[tuple[int, int]]:
        rows = session.exec(
            select(EntryRow.n, EntryText.words, Incident)
            .join(EntryRow, col(EntryRow.seq) == col(EntryText.seq))
            .join(Incident, col(Incident.number) == col(EntryRow.incident))
            .order_by(col(EntryText.seq).desc())
        ).all()
        return [
            (incident.number, n)
            for n, said, incident in rows
            if all(any(each.startswith(word) for each in said.split()) for word in words)
            and ("kind:" not in typed or "=knote" in said.split())
            and ("drill:" not in typed or (incident.kind == "drill") == ("drill:yes" in typed))
            and queries.may_see(session, incident, person)
        ]

    return house.read_sync(look)


def test_what_is_forgotten_is_in_no_table_of_the_index(house: House, run: Run) -> None:
    run(ADA, lambda tx: open_incident(tx, "Plain"))
    run(ADA, lambda tx: items.note(tx, queries.get(tx.session, 1), "Zebrafish is the password"))
    seqs = house.read_sync(lambda s: list(s.exec(select(col(EntryText.seq)))))
    run("system", lambda tx: search.forget(tx.session, seqs[1:]))
    assert found(house, "zebrafish") == [] and found(house, "plain") == [(1, 1)]
    if house.engines.is_sqlite:
        with house.engines.write.connect() as conn:
            kept = conn.execute(text(f"SELECT block FROM {fulltext.FTS}_data")).scalars()
            assert not any(b"zebrafish" in block or b"ebrafish" in block for block in kept)
    run("system", lambda tx: search.index_again(tx.session, seqs))
    assert found(house, "zebrafish") == [(1, 2)]


def test_a_lost_index_is_made_again_from_the_words(house: House, told: None) -> None:
    with house.engines.write.begin() as conn:
        fulltext.remove(conn)
        assert guards.missing(conn)
        guards.install(conn)
        assert not guards.missing(conn)
    assert found(house, "rollback") == [(2, 1), (1, 2)]


def test_indexing_all_again_changes_nothing(house: House, run: Run, told: None) -> None:
    rows = select(col(EntryText.seq), col(EntryText.words)).order_by(col(EntryText.seq))
    before = house.read_sync(lambda s: list(s.exec(rows)))
    with house.engines.write.begin() as conn:
        conn.execute(text("DELETE FROM entry_text"))
    run("system", lambda tx: search.index_again(tx.session))
    after = house.read_sync(lambda s: list(s.exec(rows)))
    assert [(seq, set(words.split())) for seq, words in before] == [
        (seq, set(words.split())) for seq, words in after
    ]
    assert len(after) == house.read_sync(lambda s: len(list(s.exec(select(EntryRow)))))


def test_since_takes_entries_from_a_moment_on(house: House, told: None) -> None:
    now = house.clock.now()
    first = house.read_sync(lambda s: search._first_since(s, now - timedelta(hours=1)))
    assert house.read_sync(lambda s: s.get(EntryRow, first).incident) == 2
    assert house.read_sync(lambda s: search._first_since(s, now + timedelta(days=1))) == first + 1
    assert house.read_sync(lambda s: search._first_since(s, now - timedelta(days=99))) == 1
    assert house.read_sync(lambda s: s.get(Incident, 2)).kind == "drill"
