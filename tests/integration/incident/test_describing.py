"""Title, kinds of harm, facts: put into better words, with a right, on the record."""

from __future__ import annotations

from typing import Any

import pytest

from bot.errors import BadInput, Conflict, NotAllowed
from bot.house import House
from bot.incident import describing, roles
from bot.incident.opening import open_incident
from bot.incident.queries import get
from bot.playbook.rules import FactKind
from bot.record.read import entries
from tests.support.houses import Run
from tests.support.outside import Outside

pytestmark = pytest.mark.usefixtures("proven")
ADA, BEN, EVE = "U01ADA", "U02BEN", "U66EVE"


@pytest.fixture
def outside(house: House, run: Run) -> Outside:
    """A public incident of Ada's, set up."""
    run(ADA, lambda tx: open_incident(tx, "It insults people", severity="SEV2"))
    made = Outside(house)
    made.settle()
    return made


def _do(run: Run, verb: Any, *args: Any, by: str = ADA) -> Any:
    return run(by, lambda tx: verb(tx, get(tx.session, 1), *args))


def test_a_better_title_reaches_card_topic_and_announcement(
    house: House, run: Run, outside: Outside
) -> None:
    said = _do(run, describing.rename, "  It leaks   names ")
    assert "«It leaks names»" in said
    row = house.read_sync(lambda s: get(s, 1))
    assert row.title == "It leaks names"
    before = len(outside.done)
    outside.settle()
    kinds = [one.kind for one in outside.done[before:]]
    assert {"channel.topic", "card.update", "announce.update", "channel.say"} <= set(kinds)
    for wrong, refusal in (("", BadInput), ("x" * 151, BadInput), ("It leaks names", Conflict)):
        with pytest.raises(refusal):
            _do(run, describing.rename, wrong)
    with pytest.raises(NotAllowed):
        _do(run, describing.rename, "Nothing happened", by=EVE)


def test_other_kinds_of_harm_change_the_playbook(house: House, run: Run, outside: Outside) -> None:
    def modules() -> set[str]:
        return {one["id"] for one in house.read_sync(lambda s: get(s, 1).modules)}

    before = modules()
    found = run(ADA, lambda tx: describing.find_families(tx, "Privacy leakage, prompt injection"))
    known = house.env.content.families
    assert [known[one].slug for one in found] == ["privacy-leakage", "prompt-injection"]
    assert known[found[0]].name in _do(run, describing.set_families, found)
    outside.settle()
    assert "harm.c.privacy-leakage" in modules() - before
    (entry,) = house.read_sync(lambda s: list(entries(s, 1, kinds=["incident.families_set"])))
    assert entry.entry.families == found and entry.entry.previous == []
    for wrong, refusal in (([], BadInput), (["zz"], BadInput), (found, Conflict)):
        with pytest.raises(refusal):
            _do(run, describing.set_families, wrong)
    with pytest.raises(BadInput, match="no kind of harm"):
        run(ADA, lambda tx: describing.find_families(tx, "bad weather"))
    with pytest.raises(NotAllowed):
        _do(run, describing.set_families, found[:1], by=EVE)


def test_a_fact_becomes_known_and_unknown_again(house: House, run: Run, outside: Outside) -> None:
    assert "yes" in _do(run, describing.set_fact, "personal-data", "Yes")
    _do(run, describing.set_fact, "hosting", "vendor API")
    _do(run, describing.set_fact, "region", "EU, US")
    outside.settle()
    facts = house.read_sync(lambda s: get(s, 1).facts)
    assert facts == {"personal_data": True, "hosting": "vendor_api", "region": ["EU", "US"]}
    _do(run, describing.set_fact, "hosting", "unknown")
    outside.settle()
    assert "hosting" not in house.read_sync(lambda s: get(s, 1).facts)
    with pytest.raises(Conflict):
        _do(run, describing.set_fact, "personal_data", "yes")
    for name, value in (("personal_data", "perhaps"), ("hosting", "the moon"), ("colour", "blue")):
        with pytest.raises(BadInput):
            _do(run, describing.set_fact, name, value)
    with pytest.raises(NotAllowed):
        _do(run, describing.set_fact, "personal_data", "no", by=EVE)


@pytest.mark.parametrize(
    ("kind", "text", "value"),
    [("number", "12", 12), ("number", "-1", None), ("number", "1e9", None), ("text", " a b ", "a b"),
     ("text", "x" * 61, None),
     ("text", "<@U1>", None), ("text", "a\nb", None), ("list", "EU, https://x.example", None), ("list", " , ", []), ("yes_no", "NO", False)],
)  # fmt: skip
def test_what_somebody_writes_becomes_a_value(kind: str, text: str, value: object) -> None:
    fact = FactKind.model_validate({"id": "f", "type": kind, "ask": "What?"})
    if value is None:
        with pytest.raises(BadInput):
            describing.value_of(fact, text)
    else:
        assert describing.value_of(fact, text) == value


def test_only_some_bring_others_into_a_private_incident(house: House, run: Run) -> None:
    """The holder of a role may hand it over; letting somebody new see it all is another right."""
    run(ADA, lambda tx: open_incident(tx, "Payroll in answers", private=True, people=(BEN,)))
    Outside(house).settle()
    run(BEN, lambda tx: roles.assign(tx, get(tx.session, 1), "comms", BEN), channel="C0INC1")
    with pytest.raises(NotAllowed) as refused:
        run(BEN, lambda tx: roles.assign(tx, get(tx.session, 1), "comms", EVE), channel="C0INC1")
    assert refused.value.verb == "invite"
    run(BEN, lambda tx: roles.assign(tx, get(tx.session, 1), "comms", ADA), channel="C0INC1")
    run(ADA, lambda tx: roles.assign(tx, get(tx.session, 1), "scribe", EVE))
    Outside(house).settle()


def test_a_kind_of_harm_is_suggested_by_how_its_name_begins(run: Run, outside: Outside) -> None:
    for typed, said in (("toxic", "Did you mean «toxic"), ("xyz", "privacy-leakage")):
        with pytest.raises(BadInput) as problem:
            run(ADA, lambda tx, typed=typed: describing.find_families(tx, typed))
        assert said in problem.value.instead, "names, not letters"
