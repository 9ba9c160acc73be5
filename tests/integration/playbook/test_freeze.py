"""Evidence is frozen at declaration and before every rung that destroys it, or somebody says why not."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from bot import doctor, rooms
from bot.errors import BadInput, Conflict, NotAllowed, NotReady
from bot.house import House
from bot.incident import lifecycle
from bot.playbook import approvals, step_approval, walk
from bot.record import catalogue as c
from bot.record import freeze
from bot.record.fingerprints import Fingerprints
from bot.record.read import entries
from db.tables import Approval
from tests.integration.playbook.conftest import ADA, MAX, PROD, SAM, SEC, Story
from tests.support import houses

SNAPSHOT, ROLLBACK, STOP = (
    "base.evidence/snapshot",
    "base.containment/roll-back",
    "base.containment/stop",
)
RUNS = {"model": "support-7b@1.4", "prompt": "v41", "config": "9d2e11"}


def _kinds(story: Story) -> list[str]:
    return story.house.read_sync(lambda s: [e.entry.kind for e in entries(s, story.number)])


def _of(story: Story, kind: type[Any]) -> list[Any]:
    found = story.house.read_sync(lambda s: list(entries(s, story.number, kinds=[kind.kind])))
    return [e.entry for e in found]


@pytest.fixture
def acting(story: Story) -> Story:
    """A SEV3 with people in the roles that a rollback needs."""
    return story.take(ml=MAX, sre=SAM, security=SEC, product=PROD).assess("SEV3", families=())


def _ask(story: Story, key: str = ROLLBACK) -> Approval:
    row = story.do(SAM, step_approval.ask_for_step, key, what="Back to v40", why="v41 did it")
    return story.approval(row.number)


def _yes(story: Story, row: Approval, *people: str) -> None:
    for person in people:
        story.do(person, approvals.give, row.number, row.digest, subjects=rooms.approval_subjects())


def test_the_freeze_at_declaration_completes_its_step(story: Story) -> None:
    assert story.step(SNAPSHOT).state == "open"
    story.do(ADA, freeze.freeze, RUNS)
    row = story.step(SNAPSHOT)
    assert row.state == "done"
    (frozen,) = _of(story, c.EvidenceFrozen)
    assert (frozen.fingerprints, frozen.rung, frozen.as_of) == (RUNS, None, None)


def test_a_freeze_before_a_rung_is_not_the_one_at_declaration(story: Story) -> None:
    story.do(ADA, freeze.freeze, RUNS, rung="C6")
    assert story.step(SNAPSHOT).state == "open"


def test_asking_approving_and_doing_wait_for_the_freeze(acting: Story) -> None:
    acting.do(ADA, freeze.freeze, RUNS)
    with pytest.raises(NotReady, match="C6") as refusal:
        _ask(acting)
    assert "/incident freeze C6" in refusal.value.instead and "without" in refusal.value.instead
    acting.do(SAM, freeze.freeze, RUNS, rung="C6")
    row = _ask(acting)
    _yes(acting, row, ADA, MAX)
    acting.do(SAM, walk.done, ROLLBACK)
    assert acting.house.read_sync(lambda s: freeze.needed_before(s, acting.incident, "C6"))
    acting.do(SAM, walk.reopen, ROLLBACK, "marked by mistake")
    acting.do(SAM, walk.done, ROLLBACK)


def test_each_rung_taken_uses_its_answer_up(acting: Story) -> None:
    acting.do(ADA, freeze.freeze, RUNS)
    acting.do(SAM, freeze.freeze, RUNS, rung="C8")
    row = _ask(acting, STOP)
    _yes(acting, row, ADA)
    with pytest.raises(NotReady):
        _ask(acting)  # frozen before C8, not before C6
    # An answer that was used up before the last yes is none: nothing is approved on it.
    _yes(acting, row, PROD)
    acting.do(SAM, walk.done, STOP)
    with pytest.raises(NotReady):
        acting.run("system", lambda tx: step_approval.step_ready(tx, acting.incident, row))


def test_a_rollback_without_a_freeze_is_a_decision_with_its_reason(acting: Story) -> None:
    acting.do(ADA, freeze.freeze, RUNS)
    with pytest.raises(NotAllowed, match="commander"):
        acting.do(SAM, freeze.go_without, "C6", "no time")
    with pytest.raises(BadInput):
        acting.do(ADA, freeze.go_without, "C6", " ")
    with pytest.raises(BadInput):
        acting.do(ADA, freeze.go_without, "C3", "no time")
    acting.do(ADA, freeze.go_without, "C6", "harm spreads by the minute")
    with pytest.raises(Conflict):
        acting.do(ADA, freeze.go_without, "C6", "again")
    (skipped,) = _of(acting, c.FreezeSkipped)
    assert (skipped.rung, skipped.reason) == ("C6", "harm spreads by the minute")
    decision = _of(acting, c.DecisionMade)[-1]
    assert decision.topic == "preservation" and decision.rationale == "harm spreads by the minute"
    row = _ask(acting)
    _yes(acting, row, ADA, MAX)
    acting.do(SAM, walk.done, ROLLBACK)


def test_a_drill_is_asked_the_same(house: House, proven: None) -> None:
    story = Story(house).open(drill=True)
    story.take(ml=MAX, sre=SAM).do(ADA, freeze.freeze, RUNS)
    with pytest.raises(NotReady, match="C6"):
        _ask(story)
    story.do(ADA, freeze.go_without, "C6", "practised")
    _ask(story)


def test_contained_by_a_rung_that_was_not_frozen_takes_an_answer(story: Story) -> None:
    with pytest.raises(BadInput):
        story.do(ADA, lifecycle.contain, "prayed", rung="C12")
    with pytest.raises(NotReady, match="C6"):
        story.do(ADA, lifecycle.contain, "rolled back to v40", rung="C6")
    story.do(ADA, freeze.go_without, "C6", "it was done by the night shift")
    story.do(ADA, lifecycle.contain, "rolled back to v40", rung="C6")
    assert _of(story, c.IncidentContained)[0].rung == "C6"


@pytest.mark.parametrize(
    "bad",
    [
        {},
        {"weather": "x"},
        {"model": "x" * 201},
        {"prompt": "You are a helpful"},
        {"model": " "},
        {"model": "v41\x1b[31m"},
        {"model": "v41\ud800"},
    ],
)
def test_only_fingerprints_get_into_the_chain(story: Story, bad: dict[str, str]) -> None:
    before = _kinds(story)
    with pytest.raises(BadInput):
        story.do(ADA, freeze.freeze, bad)
    assert _kinds(story) == before


# --- the pipeline's file ------------------------------------------------------------------------------


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """What the pipeline says runs."""
    path = tmp_path / "running.json"
    path.write_text(json.dumps(RUNS))
    return path


@pytest.fixture
def piped(db_url: str, tmp_path: Path, file: Path) -> Iterator[Story]:
    """A house that knows what runs. Afterwards the record is proven."""
    house = houses.make_house(db_url, tmp_path, STEADYHAND_FINGERPRINTS_FILE=file)
    yield Story(house)
    houses.assert_proven(house)
    house.close()


def test_what_the_pipeline_says_is_frozen_with_the_opening(piped: Story, file: Path) -> None:
    piped.open()
    assert _kinds(piped)[:2] == ["incident.opened", "evidence.frozen"]
    (frozen,) = _of(piped, c.EvidenceFrozen)
    assert frozen.fingerprints == RUNS and frozen.as_of
    found = piped.house.read_sync(
        lambda s: next(entries(s, piped.number, kinds=["evidence.frozen"]))
    )
    assert found.actor == "system"
    assert piped.step(SNAPSHOT).state == "done"
    piped.take(ml=MAX, sre=SAM)
    file.write_text(json.dumps({**RUNS, "prompt": "v42-hotfix"}))
    _ask(piped)
    before_rung = _of(piped, c.EvidenceFrozen)[-1]
    assert (before_rung.rung, before_rung.fingerprints["prompt"]) == ("C6", "v42-hotfix")


@pytest.mark.parametrize("engine_name", ["sqlite"], indirect=True)
@pytest.mark.parametrize(
    "text",
    ["{", "[]", '{"weather": "x"}', '{"model": "two words"}', "x" * 20_000, "[" * 16_000, "- " * 8_000,
     "model: &a [*a]", 'model: "\\ud800"', 'model: "v41\\0"', 'model: "v41\\e[31m"', "? [model]\n: x"],
)  # fmt: skip
def test_a_bad_file_stops_no_opening(piped: Story, file: Path, text: str) -> None:
    file.write_text(text)
    piped.open()
    assert "evidence.frozen" not in _kinds(piped)
    assert piped.step(SNAPSHOT).state == "open"


@pytest.mark.parametrize("engine_name", ["sqlite"], indirect=True)
def test_the_doctor_says_what_is_wrong_with_the_file(
    db_url: str, tmp_path: Path, file: Path
) -> None:
    settings = houses.make_settings(db_url, tmp_path, STEADYHAND_FINGERPRINTS_FILE=file)
    (line,) = doctor._fingerprints(settings)
    assert line.level == doctor.OK and "model, prompt, config" in line.what
    for text, what in (("model: [1]", "one version"), ("weather: fine", "weather")):
        file.write_text(text)
        (line,) = doctor._fingerprints(settings)
        assert line.level == doctor.WARN and what in line.what and line.do
    file.unlink()
    (line,) = doctor._fingerprints(settings)
    assert line.level == doctor.WARN and "cannot be read" in line.what


def test_the_file_is_read_only_when_it_changed(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    reads = 0
    read = Fingerprints.read

    def counted(self: Fingerprints) -> Any:
        nonlocal reads
        reads += 1
        return read(self)

    monkeypatch.setattr(Fingerprints, "read", counted)
    found = Fingerprints(file)
    for _ in range(5):
        now = found.now()
        assert now is not None and now.parts["prompt"] == "v41"
    assert reads == 1
    file.write_text("model: 1.10\nindex: 012\nprompt: null\n")
    now = found.now()
    assert now is not None and now.parts == {"model": "1.10", "index": "012"}
    file.unlink()
    assert found.now() is None and found.now() is None
    assert reads == 3, "a missing file is looked for, and read once"
