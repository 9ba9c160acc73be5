"""A decision's options: what each would take away of the harm, and what it would break."""

from __future__ import annotations

import pytest

from bot.house import House
from bot.incident import items
from bot.incident.opening import open_incident
from bot.incident.queries import get
from bot.postmortem.export import export_document
from bot.record import catalogue as c
from bot.record import search
from bot.record.query import parse
from bot.record.read import entries, from_doc
from bot.record.timeline import words
from tests.support.houses import Run

ADA = "U01ADA"
pytestmark = pytest.mark.usefixtures("proven")
OPTIONS = [
    {"label": "Roll back", "harm_reduction": "All of it", "side_effects": "Fixes are lost"},
    {"label": "Wait", "harm_reduction": "", "side_effects": "People are insulted"},
]


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
