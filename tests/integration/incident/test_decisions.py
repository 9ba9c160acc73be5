"""A decision's options: what each would take away of the harm, and what it would break."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from bot.errors import BadInput
from bot.house import House
from bot.incident import items, roles
from bot.incident.opening import open_incident
from bot.incident.queries import get
from bot.postmortem.export import export_document
from bot.record import catalogue as c
from bot.record import search
from bot.record.query import parse
from bot.record.read import entries, from_doc
from bot.record.timeline import details, words
from bot.timing import rfc3339
from tests.integration.playbook.conftest import Story
from tests.support.houses import Run

ADA, SAM = "U01ADA", "U03SAM"
pytestmark = pytest.mark.usefixtures("proven")
OPTIONS = [
    {"label": "Roll back", "harm_reduction": "All of it", "side_effects": "Fixes are lost"},
    {"label": "Wait", "harm_reduction": "", "side_effects": "People are insulted"},
]


def act(run: Run, person: str, verb: Callable[..., Any], *args: Any, **more: Any) -> Any:
    """Somebody of the first incident's channel does something."""
    return run(person, lambda tx: verb(tx, get(tx.session, 1), *args, **more), channel="C1")


@pytest.fixture
def decided(run: Run) -> int:
    """Ada decided between two options."""
    number = run(ADA, lambda tx: open_incident(tx, "It insults people")).number
    run(ADA, lambda tx: items.decide(tx, get(tx.session, number), "Roll back", options=OPTIONS,
                                     chosen="Roll back", rationale="two people saw it"))  # fmt: skip
    return number


def test_they_are_kept_shown_and_found(house: House, decided: int) -> None:
    kinds = [c.DecisionMade.kind]
    recorded = house.read_sync(lambda s: next(entries(s, decided, kinds=kinds)))
    assert recorded.entry.options == OPTIONS
    line = words(recorded)
    assert "Roll back [reduces: All of it; side effects: Fixes are lost]" in line
    assert "Wait [side effects: People are insulted]" in line
    query = parse("insulted kind:decision", house.clock.now())
    hits, _ = house.read_sync(lambda s: search.find(s, query, ADA, here=None, limit=5, before=None))
    assert [hit.line.n for hit in hits] == [recorded.n]
    for form in ("md", "html"):
        text = export_document(house, decided, form).decode()
        for part in ("Expected to reduce: All of it", "Side effects: People are insulted"):
            assert part in text


def test_entries_from_before_options_had_parts_still_read(house: House, run: Run) -> None:
    doc = {
        "kind": c.DecisionMade.kind, "seq": 3, "incident": 1, "n": 3, "role": "commander",
        "at": "2026-11-21T04:05:06.789Z", "effective_at": "2026-11-21T04:05:06.789Z",
        "source": "slash", "corrects": None, "data": {"topic": "scope"},
    }  # fmt: skip
    private = {
        "statement": "Yes",
        "options": [{"option": "Yes"}, {"label": "No"}],
        "actor": ADA,
        "rationale": "",
    }
    read = from_doc(doc, private).entry
    assert [c.as_option(one)["label"] for one in read.options] == ["Yes", "No"]
    assert c.as_option(read.options[0])["harm_reduction"] == ""
    assert words(from_doc(doc, private)) == "Decision: Yes Options: Yes / No"


def test_all_parts_of_a_decision_are_kept_and_read(house: House, run: Run) -> None:
    """Who decided in which role, on what, how sure, who is affected, until when; each reader sees it."""
    run(ADA, lambda tx: open_incident(tx, "It insults people"))
    act(run, ADA, roles.assign, "scribe", SAM)
    act(run, SAM, roles.accept, "scribe")
    fact = act(run, SAM, items.note, "8 of 10 replies insult").n
    guess = act(run, ADA, items.suppose, "the tone rules are lost").n
    old = act(run, ADA, items.decide, "Wait").n
    soon, later = (house.clock.now() + timedelta(hours=n) for n in (1, 24))
    act(
        run, SAM, items.decide, "Roll back", decider=ADA, facts=[fact], hypothesis=guess,
        confidence="confirmed", affected_groups="Customers who asked for refunds", supersedes=old,
        reversibility="reversible", rollback="Ship v42 again", dissent=["Max: it hides the cause"],
        review_at=rfc3339(soon), expires_at=rfc3339(later),
    )  # fmt: skip
    found = house.read_sync(lambda s: list(entries(s, 1, kinds=[c.DecisionMade.kind])))[-1]
    assert (found.actor, found.role) == (SAM, "scribe"), "who put it there"
    assert (found.entry.decider, found.entry.decider_role) == (ADA, "commander"), "who decided"
    parts = dict(details(found, house.env.content.role_titles))
    assert parts["Decided by"] == f"<@{ADA}> (Incident commander)"
    assert parts["People affected"] == "Customers who asked for refunds"
    assert parts["Relied on"] == f"{fact}; hypothesis {guess}" and parts["How sure"] == "confirmed"
    assert parts["In place of"] == str(old) and parts["Dissent"] == "Max: it hides the cause"
    assert parts["Look at it again"] == rfc3339(soon) and parts["Holds until"] == rfc3339(later)
    for form in ("md", "html", "json"):
        text = export_document(house, 1, form).decode()
        for part in (
            "Customers who asked for refunds",
            "Max: it hides the cause",
            "Ship v42 again",
        ):
            assert part in text, (form, part)
    document = json.loads(export_document(house, 1, "json"))["decisions"][-1]
    assert document["role"] == "Incident commander" and document["hypothesis"] == guess
    assert document["review_at"] == rfc3339(soon) and document["expires_at"] == rfc3339(later)
    assert document["confidence"] == "confirmed" and document["supersedes"] == old


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("facts", [99]), ("hypothesis", 1), ("supersedes", 1), ("review_at", "2020-01-01T00:00:00.000Z"),
        ("expires_at", "2020-01-01T00:00:00.000Z"), ("confidence", "quite"), ("reversibility", "hard"),
    ],
)  # fmt: skip
def test_what_a_decision_names_has_to_be_there(run: Run, field: str, value: object) -> None:
    run(ADA, lambda tx: open_incident(tx, "It insults people"))
    with pytest.raises(BadInput) as problem:
        act(run, ADA, items.decide, "Roll back", **{field: value})
    assert problem.value.field


def test_when_to_look_again_comes_somebody_is_told(house: House, run: Run) -> None:
    """Whoever decided and the commander, once each for the look and for the end; not when withdrawn."""
    story = Story(house).open()
    story.do(ADA, roles.assign, "scribe", SAM)
    story.do(SAM, roles.accept, "scribe")
    at = house.clock.now() + timedelta(hours=1)
    kept = story.do(SAM, items.decide, "Block refunds", review_at=rfc3339(at)).n
    gone = story.do(ADA, items.decide, "Block all", expires_at=rfc3339(at)).n
    story.do(ADA, items.withdraw, gone, "it was never done")
    story.work()
    assert story.told("decision_due") == {}
    run.later(hours=1)
    story.work()
    told = story.told("decision_due")
    assert {who: [one["n"] for one in said] for who, said in told.items()} == {
        ADA: [kept], SAM: [kept],
    }  # fmt: skip
