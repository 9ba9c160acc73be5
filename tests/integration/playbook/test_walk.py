"""Walking a real playbook: composed on opening, walked by the people whose steps they are."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select

from bot.errors import BadInput, Conflict, NotAllowed, NotFound, NotReady
from bot.playbook import composing, steps, walk
from bot.record.read import entries
from db.tables import ContentRow, RecordItem
from tests.integration.playbook.conftest import ADA, AGENT, BASE, EXEC, MAX, SAM, SEC, Story

TAKE, AT_RISK, HAPPENING = (
    f"{BASE}/take-command",
    f"{BASE}/person-at-risk",
    f"{BASE}/still-happening",
)
SNAPSHOT = "base.evidence/snapshot"
PACK = {"model_version": "support-7b 1.4", "system_prompt_hash": "a" * 64, "config_hash": "B" * 64}


def test_opening_composes_the_first_steps_and_next_shows_them_to_the_commander(
    story: Story,
) -> None:
    mine = story.house.read_sync(lambda s: steps.steps_in(s, 1, ADA))
    assert [row.key for row in mine[:2]] == [AT_RISK, TAKE]
    assert mine[1].due_at == story.incident.opened_at + timedelta(minutes=5)
    assert [row.due_at for row in mine[:6]] == sorted(row.due_at for row in mine[:6])
    story.do(ADA, walk.done, TAKE)
    row = story.step(TAKE)
    assert (row.state, row.changed_by) == ("done", ADA)
    left = story.house.read_sync(lambda s: steps.steps_in(s, 1, ADA))
    assert TAKE not in [row.key for row in left]


def test_the_modules_an_incident_runs_with_are_pinned_by_their_hash(story: Story) -> None:
    content = story.house.env.content
    for module in story.incident.modules:
        assert content.hashes[module["id"]] == module["sha256"]
        row = story.house.read_sync(lambda s, m=module: s.get(ContentRow, m["sha256"]))
        assert row is not None and row.body["id"] == module["id"]


def test_a_second_click_changes_nothing(story: Story) -> None:
    story.do(ADA, walk.done, TAKE)
    version = story.incident.version
    with pytest.raises(Conflict, match=f"done already.*{ADA}"):
        story.do(ADA, walk.done, TAKE)
    assert story.incident.version == version


def test_a_step_goes_to_who_holds_its_role_and_to_its_owner_before_them(story: Story) -> None:
    def mine(person: str) -> list[str]:
        return [row.key for row in story.house.read_sync(lambda s: steps.steps_in(s, 1, person))]

    assert HAPPENING in mine(ADA)
    story.take(ml=MAX)
    assert HAPPENING in mine(MAX) and HAPPENING not in mine(ADA)
    story.do(SAM, walk.take, HAPPENING)
    assert HAPPENING in mine(SAM) and HAPPENING not in mine(MAX)
    assert [row.key for row in story.house.read_sync(lambda s: steps.steps_of(s, SAM))] == [
        HAPPENING
    ]
    with pytest.raises(Conflict, match="already"):
        story.do(SAM, walk.take, HAPPENING)
    with pytest.raises(NotAllowed, match="Incident commander"):
        story.do(MAX, walk.assign, HAPPENING, EXEC)
    story.do(ADA, walk.assign, HAPPENING, EXEC)
    assert list(story.told("step_given")) == [EXEC]


def test_a_decision_wants_an_answer_sets_facts_and_the_playbook_follows(story: Story) -> None:
    with pytest.raises(BadInput, match="needs an answer") as refusal:
        story.do(ADA, walk.done, AT_RISK)
    assert refusal.value.field == "outcome"
    assert story.step(f"{BASE}/protect-person").state == "open"
    story.do(ADA, walk.done, AT_RISK, outcome="no", comment="text only")
    story.work()
    assert story.incident.facts == {"life_at_risk": False}
    gone = story.step(f"{BASE}/protect-person")
    assert gone.state == "not_required" and "life_at_risk" in gone.reason
    item = story.house.read_sync(
        lambda s: s.execute(select(RecordItem).where(RecordItem.kind == "decision")).scalars().one()
    )
    assert item.text.startswith("Is a person at risk right now?") and item.details["chosen"] == "No"


def test_an_answer_can_be_taken_back_and_the_step_comes_again(story: Story) -> None:
    story.do(ADA, walk.done, AT_RISK, outcome="no")
    story.work()
    number = story.step(f"{BASE}/protect-person").number
    story.do(ADA, walk.reopen, AT_RISK, "we heard of a patient")
    story.do(ADA, walk.done, AT_RISK, outcome="yes")
    story.work()
    again = story.step(f"{BASE}/protect-person")
    assert (again.state, again.number) == ("open", number)
    assert story.step(AT_RISK).state == "done"


def test_evidence_that_a_step_asks_for_is_demanded_checked_and_kept(story: Story) -> None:
    with pytest.raises(BadInput, match="Model and version") as refusal:
        story.do(ADA, walk.done, SNAPSHOT)
    assert refusal.value.field == "e.model_version"
    with pytest.raises(BadInput, match="SHA-256") as refusal:
        story.do(ADA, walk.done, SNAPSHOT, evidence={**PACK, "config_hash": "abc"})
    assert refusal.value.field == "e.config_hash"
    story.do(ADA, walk.done, SNAPSHOT, evidence={**PACK, "unasked": "x"})
    assert story.step(SNAPSHOT).evidence == {**PACK, "config_hash": "b" * 64}
    kept = story.house.read_sync(
        lambda s: [e.entry for e in entries(s, 1, kinds=["evidence.added"])]
    )
    assert [(e.evidence_kind, e.sha256) for e in kept] == [
        ("model_version", None), ("system_prompt_hash", "a" * 64), ("config_hash", "b" * 64),
    ]  # fmt: skip


def test_reasons_are_demanded_and_rights_are_kept(story: Story) -> None:
    with pytest.raises(BadInput):
        story.do(ADA, walk.not_needed, TAKE, "  ")
    with pytest.raises(NotAllowed, match="Incident commander"):
        story.do(SAM, walk.not_needed, TAKE, "no")
    story.do(ADA, walk.not_needed, TAKE, "I opened it myself")
    assert story.step(TAKE).state == "not_needed"
    story.do(SAM, walk.block, HAPPENING, "no access to the logs")
    assert [p["step"] for p in story.said("step_blocked")] == [HAPPENING]
    story.do(SAM, walk.reopen, HAPPENING)
    assert story.step(HAPPENING).state == "open"
    stranger = lambda tx: walk.done(tx, story.incident, HAPPENING, outcome="no")  # noqa: E731
    with pytest.raises(NotAllowed):
        story.run("U99XXX", stranger, channel="C-elsewhere")


def test_a_step_waits_for_those_before_it_unless_the_commander_lets_it_go(story: Story) -> None:
    story.take(ml=MAX, sre=SAM).assess("SEV2")
    late = f"{AGENT}/quarantine"
    with pytest.raises(NotReady, match="Keep the text that carried the injection"):
        story.do(SAM, walk.done, late)
    with pytest.raises(NotAllowed, match="Incident commander"):
        story.do(SAM, walk.waive_preconditions, late, "hurry")
    with pytest.raises(BadInput):
        story.do(ADA, walk.waive_preconditions, late, "")
    story.do(ADA, walk.waive_preconditions, late, "the source is copied elsewhere")
    with pytest.raises(NotReady, match="needs approval"):
        story.do(SAM, walk.done, late)
    with pytest.raises(Conflict, match="Nothing holds up"):
        story.do(ADA, walk.waive_preconditions, late, "again")


def test_a_worse_severity_adds_steps_keeps_what_is_done_and_numbers_stay(story: Story) -> None:
    story.do(ADA, walk.done, TAKE)
    numbers = {key: row.number for key, row in story.steps().items()}
    story.assess("SEV2")
    after = story.steps()
    assert after[TAKE].state == "done"
    assert f"{AGENT}/snapshot" in after
    assert {key: after[key].number for key in numbers} == numbers
    assert len({row.number for row in after.values()}) == len(after)
    replaced = after["base.containment/part-off"]
    assert replaced.state == "not_required" and "Disable the tool" in replaced.reason
    assert story.said("playbook_changed")
    many = len(after)
    story.assess("SEV1")
    again = story.steps()
    assert len(again) >= many and again[TAKE].state == "done"
    assert again["base.containment/decide"].due_at <= after["base.containment/decide"].due_at


def test_composing_again_without_news_changes_nothing(story: Story) -> None:
    story.assess("SEV2")
    version = story.incident.version
    assert story.do("system", composing.recompose) is False
    story.run.later(hours=9)
    story.do("system", composing.recompose)
    story.work()
    version = story.incident.version
    assert story.do("system", composing.recompose) is False
    assert story.incident.version == version


def test_a_running_incident_keeps_the_module_versions_it_has(story: Story) -> None:
    import dataclasses

    house = story.house
    before = story.step(TAKE).plan["how"]
    module = house.env.content.modules[BASE]
    edited = module.model_copy(
        update={
            "steps": tuple(
                step.model_copy(update={"how": ("Edited since.",)}) for step in module.steps
            )
        }
    )
    content = dataclasses.replace(
        house.env.content,
        modules={**house.env.content.modules, BASE: edited},
        hashes={**house.env.content.hashes, BASE: "f" * 64},
    )
    house.env = dataclasses.replace(house.env, content=content)
    story.assess("SEV2")
    assert story.step(TAKE).plan["how"] == before
    pinned = {module["id"]: module["sha256"] for module in story.incident.modules}
    assert pinned[BASE] != "f" * 64


def test_overdue_is_on_the_record_told_once_and_goes_to_the_commander(story: Story) -> None:
    story.take(ml=MAX)
    story.do(ADA, walk.done, TAKE)
    story.run.later(minutes=16)
    story.work()
    late = {row.key for row in story.steps().values() if row.overdue}
    assert AT_RISK in late and HAPPENING in late and TAKE not in late
    assert set(story.told("steps_overdue")) == {ADA, MAX}
    assert [HAPPENING in one["keys"] for one in story.told("steps_overdue")[MAX]] == [True]
    assert not story.told("steps_late")
    story.do(MAX, walk.done, HAPPENING, outcome="unknown")
    story.run.later(minutes=11)
    story.work()
    escalated = [key for one in story.told("steps_late")[ADA] for key in one["keys"]]
    assert AT_RISK in escalated and HAPPENING not in escalated
    first = story.house.read_sync(lambda s: steps.steps_in(s, 1, ADA))[0]
    assert first.overdue
    count = len(story.told("steps_overdue")[MAX])
    story.work()
    assert len(story.told("steps_overdue")[MAX]) == count


def test_a_step_that_appears_late_is_not_late_at_once(story: Story) -> None:
    story.run.later(hours=2)
    story.assess("SEV1")
    row = story.step(f"{AGENT}/snapshot")
    assert story.now < row.due_at <= story.now + timedelta(minutes=10)


def test_steps_are_found_by_number_and_by_words(story: Story) -> None:
    def found(words: str) -> str:
        return story.house.read_sync(lambda s: steps.search(s, 1, words)).key

    assert found(str(story.step(TAKE).number)) == TAKE
    assert found("take comm") == TAKE
    assert found("Take command") == TAKE
    with pytest.raises(BadInput, match="Several steps"):
        found("the")
    with pytest.raises(NotFound):
        found("unicorn")
    with pytest.raises(NotFound):
        found("999")


def test_in_a_drill_everything_is_the_same(house, proven: None) -> None:  # type: ignore[no-untyped-def]
    story = Story(house).open("Tool leaks secrets", drill=True).assess("SEV2")
    story.do(ADA, walk.done, TAKE)
    assert story.step(TAKE).state == "done" and story.incident.kind == "drill"
    assert SEC not in story.told("steps_overdue")
