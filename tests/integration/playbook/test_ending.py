"""The turns of an incident: contained, exit criteria, resolved, reopened, closed."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from bot.errors import BadInput, Conflict, NotAllowed, NotFound, NotReady
from bot.incident import lifecycle
from bot.playbook import criteria, steps, walk
from bot.record.read import entries
from db.tables import EffectRow
from tests.integration.playbook.conftest import ADA, MAX, SAM, SEC, Story

STOPPED, PACK = "base.containment/stopped", "base.evidence/pack-sealed"
VERIFY = "base.containment/verify"


def _kinds(story: Story) -> list[str]:
    statement = select(EffectRow.kind).where(EffectRow.incident == story.number)
    return list(story.house.read_sync(lambda s: s.execute(statement).scalars().all()))


def _finish(story: Story) -> None:
    for row in story.house.read_sync(lambda s: steps.required(s, story.number)):
        story.do(ADA, walk.not_needed, row.key, "walked elsewhere")
    for item in story.house.read_sync(lambda s: criteria.still_open(s, story.number)):
        story.do(ADA, criteria.waive, item.key, "shown in the test")


def test_contained_is_said_and_starts_what_counts_from_it(story: Story) -> None:
    story.assess("SEV2")
    assert story.step(VERIFY).due_at is None
    with pytest.raises(BadInput) as refusal:
        story.do(ADA, lifecycle.contain, "  ")
    assert refusal.value.field == "statement"
    with pytest.raises(NotAllowed):
        story.do(SAM, lifecycle.contain, "off")
    story.do(ADA, lifecycle.contain, "tool off, nothing new for 20 minutes")
    story.work()
    assert story.incident.status == "contained"
    assert (story.step(VERIFY).due_at - story.incident.contained_at).total_seconds() == 3600
    assert story.said("incident_contained") and "announce.update" in _kinds(story)
    with pytest.raises(Conflict):
        story.do(ADA, lifecycle.contain, "again")


def test_an_exit_criterion_is_confirmed_by_its_role_with_evidence(story: Story) -> None:
    story.assess("SEV2").take(ml=MAX)
    with pytest.raises(BadInput) as refusal:
        story.do(ADA, criteria.met, STOPPED, "")
    assert refusal.value.field == "evidence"
    with pytest.raises(NotAllowed, match="Incident commander"):
        story.do(MAX, criteria.met, STOPPED, "0 of 300")
    story.do(ADA, criteria.met, STOPPED, "0 of 300 tries")
    settled, total = story.house.read_sync(lambda s: criteria.progress(s, 1))
    assert settled == 1 and total > 1
    with pytest.raises(Conflict):
        story.do(ADA, criteria.met, STOPPED, "again")
    story.do(MAX, criteria.reopen, STOPPED, "one new case")
    assert story.house.read_sync(lambda s: criteria.progress(s, 1))[0] == 0


def test_the_commander_stands_in_while_nobody_holds_the_role(story: Story) -> None:
    story.assess("SEV2")
    role = story.house.read_sync(
        lambda s: criteria.approver_of(s, 1, criteria.find(s, 1, PACK), "commander")
    )
    assert role == "commander"
    story.do(ADA, criteria.met, PACK, "all kinds are there")
    story.do(ADA, criteria.reopen, PACK, "one is missing")
    story.take(security=SEC)
    with pytest.raises(NotAllowed, match=SEC):
        story.do(ADA, criteria.met, PACK, "all kinds are there")
    story.do(SEC, criteria.waive, PACK, "gap explained in entry 12")
    with pytest.raises(NotAllowed):
        story.do(MAX, criteria.waive, STOPPED, "no")
    with pytest.raises(NotFound):
        story.do(ADA, criteria.met, "no/such", "x")


def test_resolving_names_what_is_open(story: Story) -> None:
    story.assess("SEV2")
    with pytest.raises(NotReady, match="Exit criterion: The harm has stopped"):
        story.do(ADA, lifecycle.resolve, "fixed")
    assert story.incident.status == "investigating"
    found = story.house.read_sync(lambda s: lifecycle.in_the_way(s, 1))
    assert found.criteria and found.steps
    assert all(row.phase != "learn" for row in found.steps)
    assert not any(row.plan["offer"] for row in found.steps)


def test_resolving_when_all_is_done_prepares_the_postmortem(story: Story) -> None:
    story.assess("SEV2")
    _finish(story)
    story.do(ADA, lifecycle.resolve, "A connector acted on hidden text.")
    row = story.incident
    assert (row.status, row.summary) == ("resolved", "A connector acted on hidden text.")
    assert _kinds(story).count("house.postmortem") == 1
    with pytest.raises(Conflict):
        story.do(ADA, lifecycle.resolve, "twice")
    assert _kinds(story).count("house.postmortem") == 1


def test_an_override_is_on_the_record_with_what_was_open(story: Story) -> None:
    story.assess("SEV2")
    with pytest.raises(NotAllowed):
        story.do(SAM, lifecycle.resolve, "", "because")
    story.do(ADA, lifecycle.resolve, "", "handed to another incident")
    entry = story.house.read_sync(lambda s: next(entries(s, 1, kinds=["incident.resolved"]))).entry
    assert STOPPED in entry.open_criteria and entry.open_steps
    assert entry.reason == "handed to another incident"


def test_reopened_it_begins_again_and_can_be_resolved_again(story: Story) -> None:
    with pytest.raises(Conflict):
        story.do(ADA, lifecycle.reopen, "not yet")
    story.do(ADA, lifecycle.resolve, "", "false alarm")
    with pytest.raises(BadInput):
        story.do(ADA, lifecycle.reopen, "")
    story.do(MAX, lifecycle.reopen, "it came back")
    story.work()
    assert story.incident.status == "investigating"
    story.do(ADA, lifecycle.resolve, "", "really")
    assert _kinds(story).count("house.postmortem") == 2


def test_closing_names_what_the_severity_still_asks_for(story: Story) -> None:
    story.assess("SEV2")
    with pytest.raises(NotReady, match="not resolved"):
        story.do(ADA, lifecycle.close)
    _finish(story)
    story.do(ADA, lifecycle.resolve, "done")
    with pytest.raises(NotReady, match="No action item") as refusal:
        story.do(ADA, lifecycle.close)
    assert "postmortem is not reviewed" in str(refusal.value)
    with pytest.raises(NotAllowed):
        story.do(SAM, lifecycle.close, "because")
    story.do(ADA, lifecycle.close, "kept in the other incident")
    assert story.incident.status == "closed"
    with pytest.raises(Conflict):
        story.do(ADA, lifecycle.close)
    key = next(iter(story.steps()))
    with pytest.raises(Conflict, match="closed"):
        story.do(ADA, walk.done, key)


def test_after_closing_nobody_is_reminded(story: Story) -> None:
    story.do(ADA, lifecycle.resolve, "", "false alarm")
    story.do(ADA, lifecycle.close, "nothing to learn")
    story.run.later(hours=30)
    story.work()
    assert not story.told("steps_overdue")
