"""Steps whose doing is on the record anyway are completed by that entry, and say so."""

from __future__ import annotations

from typing import Any

import pytest

from bot.comms import cadence
from bot.errors import Conflict
from bot.incident import assessing, items, lifecycle, roles
from bot.playbook import walk
from bot.playbook.by_itself import look_back
from bot.record import catalogue as c
from bot.record import timeline
from bot.record.read import entries
from tests.integration.playbook.conftest import ADA, BASE, MAX, SEC, Story

ASSESS, TAKE, FILL = f"{BASE}/assess-severity", f"{BASE}/take-command", f"{BASE}/fill-roles"
DECIDE, VERIFY = "base.containment/decide", "base.containment/verify"
FIRST_WORD = "base.communication/internal-first"
USERS, HAPPENING = f"{BASE}/users-affected", f"{BASE}/still-happening"


def done_entries(story: Story, key: str) -> list[Any]:
    def look(session: Any) -> list[Any]:
        found = entries(session, story.number, kinds=[c.StepDone.kind])
        return [one for one in found if one.entry.key == key]

    return story.house.read_sync(look)


def test_setting_the_severity_completes_the_step_and_points_at_the_entry(story: Story) -> None:
    story.do(ADA, assessing.set_severity, "SEV2")
    row = story.step(ASSESS)
    assert (row.state, row.changed_by) == ("done", ADA)
    said = done_entries(story, ASSESS)[0]
    shown = story.house.read_sync(
        lambda s: next(entries(s, 1, after=said.entry.by_entry - 1, limit=1))
    )
    assert shown.entry.kind == c.SeveritySet.kind
    assert timeline.words(said) == (
        f"Step done: Assess the severity (by itself: severity set, entry {shown.n})"
    )


def test_a_severity_given_at_opening_counts_for_the_step_composed_later(story: Story) -> None:
    other = Story(story.house).open("The ranking is wrong", severity="SEV3")
    assert other.step(ASSESS).state == "done"
    assert other.step(TAKE).state == "open"


def test_a_step_that_somebody_opened_again_waits_for_a_new_entry(story: Story) -> None:
    story.do(ADA, assessing.set_severity, "SEV3")
    story.do(ADA, walk.reopen, ASSESS, "we were too quick")
    story.do(ADA, items.note, "somebody else reports it too")
    assert story.step(ASSESS).state == "open"
    story.do(ADA, assessing.set_severity, "SEV2")
    assert story.step(ASSESS).state == "done"
    assert len(done_entries(story, ASSESS)) == 2


def test_taking_over_command_completes_the_step_another_role_does_not(story: Story) -> None:
    story.take(ml=MAX)
    assert story.step(TAKE).state == "open"
    story.do(SEC, roles.take, "commander", "Ada is asleep")
    assert (story.step(TAKE).state, story.step(TAKE).changed_by) == ("done", SEC)


def test_the_opener_accepts_command_once(story: Story) -> None:
    assert "accepted command" in story.do(ADA, roles.take, "commander")
    assert story.step(TAKE).state == "done"
    with pytest.raises(Conflict, match="already"):
        story.do(ADA, roles.take, "commander")


def test_roles_are_filled_when_the_last_one_is(story: Story) -> None:
    story.do(ADA, assessing.set_severity, "SEV2")
    story.take(ml=MAX)
    assert story.step(FILL).state == "open"
    story.take(scribe=SEC)
    assert story.step(FILL).state == "done"


def test_the_first_update_and_the_containment_decision(story: Story) -> None:
    story.do(ADA, assessing.set_severity, "SEV2")
    story.work()
    story.do(ADA, cadence.post_update, "Mail tool is off, 12 people touched.")
    assert story.step(FIRST_WORD).state == "done"
    story.do(ADA, items.decide, "We keep the channel internal")
    assert story.step(DECIDE).state == "open"


def test_evidence_must_be_there_and_may_come_from_the_record(story: Story) -> None:
    story.do(ADA, assessing.set_severity, "SEV2")
    story.work()
    story.do(ADA, items.evidence, "0 of 40 probes", kind="containment_check")
    row = story.step(VERIFY)
    assert row.state == "done" and row.evidence["containment_check"].startswith("entry ")


def _rule(story: Story, key: str, **more: Any) -> None:
    """Give a step another way to be done by itself, as other content would."""

    def change(tx: Any, incident: Any) -> None:
        plan = {**story.step(key).plan, "done_by": [{"entry": "severity.set", **more}]}
        tx.append(
            c.PlaybookComposed(
                modules=incident.modules, added=[], changed=[plan], kept=[], not_required=[],
                criteria=[], why=[], order=[],
            ),
            incident.number,
        )  # fmt: skip

    story.do("system", change)


def test_never_without_approval_evidence_answer_or_the_steps_before(story: Story) -> None:
    story.assess("SEV2", families=("d",))
    risky = next(r for r in story.steps().values() if r.state == "open" and r.rung == "C8")
    keys = [risky.key, "base.evidence/snapshot", f"{BASE}/on-purpose", f"{BASE}/protect-person"]
    for key in keys:
        _rule(story, key)
    story.do(ADA, assessing.set_severity, "SEV1", reason="in doubt the worse")
    assert [story.step(key).state for key in keys] == ["open"] * 4
    _rule(story, "base.evidence/snapshot",
          gives=["model_version", "system_prompt_hash", "config_hash"])  # fmt: skip
    story.run("system", lambda tx: look_back(tx, story.incident, ["base.evidence/snapshot"]))
    row = story.step("base.evidence/snapshot")
    assert row.state == "done" and set(row.evidence) == {
        "model_version", "system_prompt_hash", "config_hash",
    }  # fmt: skip


def test_an_answer_given_once_answers_every_step_that_asks_for_the_same(story: Story) -> None:
    from bot.playbook.composing import learn

    story.do(ADA, lambda tx, incident: learn(tx, incident, {"users_affected": True}))
    row = story.step(USERS)
    assert (row.state, row.outcome) == ("done", "yes")
    story.do(ADA, lambda tx, incident: learn(tx, incident, {"users_affected": False}))
    assert story.step(USERS).outcome == "no"
    story.do(ADA, lambda tx, incident: learn(tx, incident, {"users_affected": None}))
    assert story.step(USERS).outcome == "no"


def test_what_the_severity_form_asked_is_not_asked_again_by_the_playbook(story: Story) -> None:
    story.assess("SEV2")
    assert story.incident.facts == {"users_affected": True, "still_happening": True}
    assert (story.step(USERS).outcome, story.step(HAPPENING).outcome) == ("yes", "yes")
    story.assess("SEV2", exposed="unknown")
    assert len(done_entries(story, USERS)) == 1


def test_a_closed_incident_is_left_alone(story: Story) -> None:
    story.do(ADA, lifecycle.resolve, "over", "a test")
    story.do(ADA, lifecycle.close, "a test")
    version = story.incident.version
    story.run("system", lambda tx: tx.append(
        c.SeveritySet(severity="SEV3", tempo="rolling", families=[]), 1))  # fmt: skip
    assert story.incident.version == version + 1 and story.step(ASSESS).state == "open"


def test_a_decision_made_before_the_family_was_known_is_not_asked_again(story: Story) -> None:
    """The family brings its own options; what was answered before counts for them."""
    story.do(ADA, walk.done, DECIDE, outcome="watch", comment="we look again at noon")
    story.assess("SEV3", families=("c",))
    own = story.step("harm.c.privacy-leakage/decide")
    assert (own.state, own.outcome) == ("done", "watch")
    assert story.step(DECIDE).state == "done"
    story.do(ADA, walk.reopen, own.key, "it goes on")
    story.do(ADA, walk.done, own.key, outcome="stop-flow", comment="data crosses still")
    decisions = story.house.read_sync(
        lambda s: list(entries(s, story.number, kinds=[c.DecisionMade.kind]))
    )
    made = decisions[-1].entry
    assert made.chosen.startswith("Switch the feature, tenant or connector off")
    assert all(one["harm_reduction"] and one["side_effects"] for one in made.options)


def test_without_an_answer_before_the_family_asks_once(story: Story) -> None:
    story.assess("SEV3", families=("a",))
    assert story.step("harm.a.toxic-output/decide").state == "open"
    assert DECIDE not in story.steps() or story.step(DECIDE).state == "not_required"
    story.do(ADA, items.decide, "English off", topic="containment")
    assert story.step("harm.a.toxic-output/decide").outcome == "contain-now"
