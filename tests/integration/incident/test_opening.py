"""Opening: what is stored in one transaction, and what a second click does."""

from __future__ import annotations

import pytest
from sqlmodel import col, select

from bot.errors import BadInput
from bot.house import House
from bot.incident.names import channel_name, parse_ref
from bot.incident.opening import Evidence, channel_made, open_incident
from bot.incident.queries import get, holder_of, may_see, open_incidents
from db.tables import EffectRow, RecordItem
from tests.support.houses import Run

pytestmark = pytest.mark.usefixtures("proven")


def _effects(house: House) -> list[EffectRow]:
    return house.read_sync(lambda s: list(s.exec(select(EffectRow).order_by(col(EffectRow.id)))))


def test_one_line_gives_an_incident_a_commander_and_everything_that_follows(
    house: House, run: Run
) -> None:
    opened = run("U01ADA", lambda tx: open_incident(tx, "  Support   assistant insults "))
    row = house.read_sync(lambda s: get(s, opened.number))
    assert (row.title, row.status, row.severity) == (
        "Support assistant insults",
        "investigating",
        None,
    )
    assert row.channel_name == "inc-1-support-assistant-insults"
    assert house.read_sync(lambda s: holder_of(s, 1, "commander")) == "U01ADA"
    kinds = [effect.kind for effect in _effects(house)]
    assert kinds == ["channel.create", "house.begin"], (
        "nothing that needs a channel comes before it"
    )
    run("system", lambda tx: channel_made(tx, 1, "C1", row.channel_name))
    rest = _effects(house)[2:]
    assert {"channel.invite", "card.post", "card.pin", "announce.post"} <= {e.kind for e in rest}
    assert {e.after for e in rest} == {"channel:1", "card:1"}


def test_a_private_incident_is_announced_nowhere_and_hidden(house: House, run: Run) -> None:
    run("U01ADA", lambda tx: open_incident(tx, "Leak", private=True))
    run("system", lambda tx: channel_made(tx, 1, "C1", "inc-1"))
    assert not [e for e in _effects(house) if e.kind.startswith("announce")]
    row = house.read_sync(lambda s: get(s, 1))
    assert house.read_sync(lambda s: may_see(s, row, "U01ADA"))
    assert not house.read_sync(lambda s: may_see(s, row, "U05EXE"))
    assert house.read_sync(lambda s: open_incidents(s, "U05EXE")) == []


@pytest.mark.parametrize("gap", [0, 15])
def test_opening_the_same_twice_means_the_same(run: Run, gap: int) -> None:
    first = run("U01ADA", lambda tx: open_incident(tx, "It insults people"))
    run.later(seconds=gap)
    again = run("U01ADA", lambda tx: open_incident(tx, "it insults people"))
    assert again.already and again.number == first.number


def test_later_or_by_somebody_else_it_is_another_incident(run: Run) -> None:
    numbers = {run("U01ADA", lambda tx: open_incident(tx, "Again")).number}
    numbers.add(run("U02MLE", lambda tx: open_incident(tx, "Again")).number)
    run.later(minutes=2)
    numbers.add(run("U01ADA", lambda tx: open_incident(tx, "Again")).number)
    assert numbers == {1, 2, 3}


@pytest.mark.parametrize("title", ["", "   ", "x" * 151])
def test_a_title_that_does_not_fit_is_refused_with_what_to_type(run: Run, title: str) -> None:
    with pytest.raises(BadInput) as refused:
        run("U01ADA", lambda tx: open_incident(tx, title))
    assert refused.value.instead and refused.value.field == "title"


def test_a_message_becomes_the_first_evidence(house: House, run: Run) -> None:
    kept = Evidence(
        "C1", "1700000000.000100", "2023-11-14T22:13:20.000Z", "you are <ugly>", "U9", "l"
    )
    run("U01ADA", lambda tx: open_incident(tx, "Insults", evidence=kept))
    items = house.read_sync(lambda s: list(s.exec(select(RecordItem))))
    assert [(i.kind, i.text, i.author, i.n) for i in items] == [
        ("message", "you are <ugly>", "U9", 2)
    ]


def test_severity_can_be_given_at_once(house: House, run: Run) -> None:
    run("U01ADA", lambda tx: open_incident(tx, "Leak", severity="SEV1", families=("c",)))
    row = house.read_sync(lambda s: get(s, 1))
    assert row.severity == "SEV1" and row.families == ["c"]


@pytest.mark.parametrize(
    ("title", "drill", "expected"),
    [
        ("Support assistant", False, "inc-7-support-assistant"),
        ("Größe ≠ Maß!", False, "inc-7-groe-ma"),
        ("日本語", False, "inc-7"),
        ("a" * 200, False, "inc-7"),
        ("Practice", True, "drill-inc-7-practice"),
    ],
)
def test_channel_names_are_what_slack_accepts(title: str, drill: bool, expected: str) -> None:
    name = channel_name(7, title, drill=drill)
    assert name == expected and len(name) <= 80


@pytest.mark.parametrize(
    ("typed", "number"),
    [
        ("INC-12", 12),
        ("inc12", 12),
        ("#12", 12),
        ("12", 12),
        ("INC-012", 12),
        ("inc", None),
        ("x1", None),
    ],
)
def test_references_are_read_however_they_are_typed(typed: str, number: int | None) -> None:
    assert parse_ref(typed) == number
