"""A person leaves the record; the chain, the state and the proof stay."""

# ruff: noqa: B023 - the verbs are run before the loop goes on

from __future__ import annotations

import random
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select, text

from bot.errors import BadInput, NotFound
from bot.house import House
from bot.incident import channels, items, roles
from bot.incident.opening import Evidence, channel_made, open_incident
from bot.incident.queries import get
from bot.record import bundle, erase, keys, retention
from bot.record.entry import commitment
from bot.record.read import entries
from bot.record.verify import verify_incident, verify_record
from db.tables import EntryPrivate, EntryText
from tests.integration.proof.conftest import CLI
from tests.support import databases, houses
from tests.support.houses import Run, assert_proven

PEOPLE = ["U01ADA", "U02MLE", "U03SEC", "U04PRIV"]
pytestmark = pytest.mark.usefixtures("key")


def _everything(house: House) -> str:
    """All that the database still says, but for the entries' hashed texts."""
    with house.engines.read.connect() as conn:
        names = ["entry_private", "entry_text", "incident", "role_holder", "record_item", "effect"]
        return "\n".join(
            str(row) for name in names for row in conn.execute(text(f"SELECT * FROM {name}")).all()
        )


@pytest.fixture
def story(run: Run) -> int:
    """Four people in one incident."""
    number = run("U01ADA", lambda tx: open_incident(tx, "It insults people")).number

    def act(person: str, verb: Callable[[Any, Any], Any]) -> None:
        run(person, lambda tx: verb(tx, get(tx.session, number)), source="cli")

    act("U02MLE", lambda tx, row: items.note(tx, row, "zebra deployed by me"))
    act("U01ADA", lambda tx, row: items.note(tx, row, "asked <@U02MLE> about it"))
    act("U01ADA", lambda tx, row: items.decide(tx, row, "switch off quokka", rationale="safe"))
    seen = Evidence("C1", "1.0", "2026-11-21T05:00:00.000Z", "walrus text", "U02MLE", "https://x")
    act("U01ADA", lambda tx, row: items.capture(tx, row, seen, "emoji"))
    act("U01ADA", lambda tx, row: roles.assign(tx, row, "comms", "U02MLE"))
    return number


def test_names_and_words_are_gone_and_everything_holds(house: House, story: int) -> None:
    wish = erase.Wish("U02MLE")
    before = house.change_sync(CLI, lambda tx: erase.erase(tx, wish, "Request 12", dry_run=True))
    assert "zebra" in _everything(house), "a dry run changes nothing"
    done = house.change_sync(CLI, lambda tx: erase.erase(tx, wish, "Request 12"))
    assert before.entries == done.entries and done.values == before.values > 4
    left = _everything(house)
    for gone in ("U02MLE", "zebra", "walrus"):
        assert gone not in left
    for stays in ("U01ADA", "quokka", "It insults people"):
        assert stays in left
    assert house.read_sync(verify_record).whole
    assert house.read_sync(lambda s: verify_incident(s, story)).whole
    assert_proven(house)
    told = house.read_sync(lambda s: list(entries(s, story, kinds=["person.erased"])))
    assert told[0].entry.reason == "Request 12" and told[0].actor == CLI.id
    with pytest.raises(NotFound):
        house.change_sync(CLI, lambda tx: erase.erase(tx, wish, "again"))


@pytest.mark.parametrize("engine_name", ["sqlite"], indirect=True)
def test_nothing_is_left_in_the_file(house: House, story: int, tmp_path: Path) -> None:
    """SQLite frees pages without clearing them unless it is told to."""
    house.change_sync(CLI, lambda tx: erase.erase(tx, erase.Wish("U02MLE"), "Request 12"))
    # Nor in the log beside it, although the bot goes on running.
    raw = b"".join(path.read_bytes() for path in tmp_path.glob("steadyhand.db*"))
    assert b"quokka" in raw
    for gone in (b"zebra", b"walrus", b"U02MLE"):
        assert gone not in raw


@pytest.mark.parametrize("engine_name", ["sqlite"], indirect=True)
def test_somebody_who_reads_meanwhile_stops_no_erasure(
    house: House, story: int, caplog: pytest.LogCaptureFixture
) -> None:
    with house.engines.read.connect() as reader:
        reader.execute(text("SELECT count(*) FROM entry")).scalar_one()
        done = house.change_sync(
            CLI, lambda tx: erase.erase(tx, erase.Wish("U02MLE"), "Request 12")
        )
    assert done.values and "erased_words_in_log" in caplog.text
    assert house.engines.empty_log()


def test_the_receipt_proves_whom_it_was_about(house: House, story: int) -> None:
    done = house.change_sync(CLI, lambda tx: erase.erase(tx, erase.Wish("U02MLE"), "Request 12"))
    ((seq, salt),) = done.receipts.items()
    with house.engines.read.connect() as conn:
        doc = conn.execute(text("SELECT doc FROM entry WHERE seq = :s"), {"s": seq}).scalar_one()
    assert commitment(salt, "U02MLE") in doc and "U02MLE" not in doc


def test_search_does_not_find_what_was_erased(house: House, story: int) -> None:
    house.change_sync(CLI, lambda tx: erase.erase(tx, erase.Wish("U02MLE"), "Request 12"))
    words = house.read_sync(lambda s: " ".join(s.execute(select(EntryText.words)).scalars()))
    assert "zebra" not in words and "walrus" not in words and "quokka" in words


def test_a_phrase_goes_wherever_it_stands(house: House, story: int) -> None:
    wish = erase.Wish("U04PRIV", phrase="QUOKKA")
    house.change_sync(CLI, lambda tx: erase.erase(tx, wish, "It was a customer's name"))
    assert "quokka" not in _everything(house)
    assert_proven(house)


@pytest.mark.parametrize(
    "phrase", ['the "Axe"', "first\nsecond", "back\\slash", "Jose\u0301", "JOS\u00c9"]
)
def test_a_phrase_goes_from_within_lists_as_people_wrote_it(
    house: House, run: Run, phrase: str
) -> None:
    number = run("U01ADA", lambda tx: open_incident(tx, "It insults people")).number
    words = 'Max the "Axe" first\nsecond back\\slash Jos\u00e9 walrus'
    options = [{"label": "Roll back", "side_effects": words}, {"label": "Wait"}]
    run(
        "U01ADA",
        lambda tx: items.decide(
            tx,
            get(tx.session, number),
            "Roll back",
            rationale="x",
            options=options,
            chosen="Roll back",
        ),
    )
    house.change_sync(CLI, lambda tx: erase.erase(tx, erase.Wish(phrase=phrase), "R"))
    assert "walrus" not in _everything(house)
    assert_proven(house)


def test_a_phrase_alone_leaves_people_alone(house: House, story: int) -> None:
    done = house.change_sync(
        CLI, lambda tx: erase.erase(tx, erase.Wish(phrase="Quokka"), "A customer's name")
    )
    assert done.receipts == {} and done.values == 1
    left = _everything(house)
    assert "quokka" not in left and "zebra" in left and "U02MLE" in left
    told = house.read_sync(lambda s: list(entries(s, story, kinds=["text.erased"])))
    assert told[0].entry.rule == erase.PHRASE and told[0].entry.reason == "A customer's name"
    assert_proven(house)


def test_the_words_of_any_entry_can_go(house: House, story: int) -> None:
    """One after the other, the title of the incident among them; who made them stays."""
    numbers = [e.n for e in house.read_sync(lambda s: list(entries(s, story))) if e.n]
    gone = 0
    for n in numbers:
        with suppress(NotFound):
            wish = erase.Wish(entries=(n,))
            gone += house.change_sync(CLI, lambda tx: erase.erase(tx, wish, "R", story)).values
        assert_proven(house)
    left = _everything(house)
    assert gone > 5
    for word in ("zebra", "walrus", "quokka", "It insults people"):
        assert word not in left
    assert "U02MLE" in left and "U01ADA" in left
    assert house.read_sync(lambda s: verify_incident(s, story)).whole
    for wish, where in ((erase.Wish(), story), (erase.Wish(entries=(1,)), None),
                        (erase.Wish(phrase="abc"), story), (erase.Wish("system"), story)):  # fmt: skip
        with pytest.raises(BadInput):
            house.change_sync(CLI, lambda tx: erase.erase(tx, wish, "R", where))


def _docs(house: House) -> str:
    """What is hashed, and so stands there for ever."""
    with house.engines.read.connect() as conn:
        return "\n".join(conn.execute(text("SELECT doc FROM entry")).scalars())


@pytest.mark.parametrize(
    "wish", [erase.Wish(phrase="Jo\u00e9 Quimby"), erase.Wish("U01ADA"), erase.Wish(entries=(1,))]
)
def test_a_name_in_a_title_goes_from_the_channels_name_too(
    house: House, run: Run, wish: erase.Wish
) -> None:
    title = "It insults Jo\u00e9 Quimby"
    number = run("U01ADA", lambda tx: open_incident(tx, title, private=True)).number
    run("system", lambda tx: channel_made(tx, number, "C1", "inc-1-it-insults-joe-quimby"))
    run("system", lambda tx: channels.lost(tx, "C1", "renamed", "joe-quimby-again") and None)
    assert "joe-quimby" in _everything(house)
    house.change_sync(CLI, lambda tx: erase.erase(tx, wish, "R", number))
    for everything in (_everything(house), _docs(house)):
        assert "quimby" not in everything.lower()
    assert house.read_sync(verify_record).whole
    assert_proven(house)


def test_names_only_keeps_the_words(house: House, story: int) -> None:
    wish = erase.Wish("U02MLE", words=False)
    house.change_sync(CLI, lambda tx: erase.erase(tx, wish, "Request 12"))
    left = _everything(house)
    assert "zebra" in left and "U02MLE" not in left
    assert_proven(house)


def test_a_bundle_holds_after_erasure(house: House, story: int, key: Any, verifier: Any) -> None:
    from tests.integration.proof.test_mutations import rezip, unzip

    house.change_sync(CLI, lambda tx: erase.erase(tx, erase.Wish("U02MLE"), "Request 12"))
    files = unzip(house.change_sync(CLI, lambda tx: bundle.export(tx, story)))
    assert verifier.verify(rezip(files), {key.fingerprint}).startswith("Whole")
    assert not any(b"zebra" in one for one in files.values())


def test_retention_clears_what_is_over_its_time(house: House, run: Run) -> None:
    rules = house.env.content.retention
    number = run("U01ADA", lambda tx: open_incident(tx, "Practice run", drill=True)).number
    from bot.record import catalogue as c

    house.change_sync(CLI, lambda tx: tx.append(c.IncidentResolved(), number) and None)
    house.change_sync(CLI, lambda tx: tx.append(c.IncidentClosed(), number) and None)
    look = lambda: house.read_sync(lambda s: retention.due(s, rules, house.clock.now()))  # noqa: E731
    assert look() == []
    run.later(days=91)
    (one,) = look()
    house.change_sync(CLI, lambda tx: retention.apply(tx, one))
    assert look() == [] and "Practice run" not in _everything(house)
    assert house.read_sync(verify_record).whole
    assert_proven(house)


def _random_history(run: Run, dice: random.Random) -> list[int]:
    numbers = [run(dice.choice(PEOPLE), lambda tx: open_incident(tx, "Story")).number]
    for i in range(dice.randrange(3, 14)):
        person, number, other = dice.choice(PEOPLE), dice.choice(numbers), dice.choice(PEOPLE)
        acts: list[Callable[[Any], Any]] = [
            lambda tx: items.note(tx, get(tx.session, number), f"note {i} on <@{other}>"),
            lambda tx: items.suppose(tx, get(tx.session, number), f"guess {i}"),
            lambda tx: items.evidence(tx, get(tx.session, number), f"log {i}", custodian=other),
            lambda tx: tx.append(_accepted(other), number),
            lambda tx: items.message_changed(tx, "C1", f"{i - 1}.0", "other", deleted=False),
            lambda tx: items.capture(
                tx, get(tx.session, number),
                Evidence("C1", f"{i}.0", "2026-11-21T05:00:00.000Z", f"said {i}", other, ""), "emoji",
            ),
        ]  # fmt: skip
        if dice.random() < 0.15:
            private = dice.random() < 0.5
            made = run(person, lambda tx: open_incident(tx, f"More {i}", private=private))
            numbers.append(made.number)
        else:
            run(person, dice.choice(acts), source="cli")
    return numbers


def _accepted(person: str) -> Any:
    from bot.record import catalogue as c

    return c.RoleAccepted(role="comms", holder=person)


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(seed=st.integers(0, 2**32), who=st.lists(st.sampled_from(PEOPLE), min_size=1, unique=True))
@pytest.mark.parametrize("engine_name", ["sqlite"], indirect=True)
def test_any_history_holds_after_erasing_anybody(
    sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory, seed: int, who: list[str],
    key: Any,
) -> None:  # fmt: skip
    dice, folder = random.Random(seed), tmp_path_factory.mktemp("house")
    house = houses.make_house(databases.sqlite_copy(sqlite_template, folder), folder)
    try:
        house.change_sync(CLI, keys.make)
        numbers = _random_history(Run(house), dice)
        for person in who:
            wish = erase.Wish(person, words=dice.random() < 0.7)
            try:
                house.change_sync(CLI, lambda tx, wish=wish: erase.erase(tx, wish, "Request"))  # type: ignore[misc]
            except NotFound:
                continue
            assert not house.read_sync(
                lambda s, p=person: [
                    row.seq
                    for row in s.execute(select(EntryPrivate)).scalars()
                    if p in str(row.body)
                ]
            )
            assert house.read_sync(verify_record).whole
            assert_proven(house)
        for number in numbers:
            assert house.read_sync(lambda s, n=number: verify_incident(s, n)).whole
    finally:
        house.close()
