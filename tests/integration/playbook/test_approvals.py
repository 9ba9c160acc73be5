"""Risky steps: asked of the people named, bound to what is done, never approved silently."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select

from bot import rooms
from bot.errors import BadInput, Conflict, NotAllowed, NotFound, NotReady
from bot.incident import roles
from bot.playbook import approvals, step_approval, walk
from bot.playbook.plan import ApprovalPlan
from bot.record import freeze
from db.tables import Approval, RecordItem
from tests.integration.playbook.conftest import ADA, AGENT, EXEC, MAX, PROD, SAM, SEC, Story

TOOL_OFF, KILL, ROLLBACK = f"{AGENT}/tool-off", f"{AGENT}/agent-off", "base.containment/roll-back"
SNAPSHOTS = ("base.evidence/snapshot", f"{AGENT}/snapshot")


@pytest.fixture
def acting(story: Story) -> Story:
    """A SEV2 with people in the roles that containment needs."""
    return story.take(ml=MAX, sre=SAM, security=SEC, product=PROD).assess("SEV2")


def _ask(
    story: Story, person: str, key: str, what: str = "Mail tool off at the gateway"
) -> Approval:
    rung = story.step(key).rung
    if rung is not None and story.house.read_sync(
        lambda s: freeze.needed_before(s, story.incident, rung)
    ):
        story.do(person, freeze.freeze, {"model": "7b", "config": "9d2e"}, rung=rung)
    row = story.do(person, step_approval.ask_for_step, key, what=what, why="it deletes mail")
    return story.approval(row.number)


def _give(story: Story, person: str, row: Approval, **more: str) -> approvals.Given:
    return story.do(
        person, approvals.give, row.number, more.get("digest", row.digest),
        subjects=rooms.approval_subjects(),
    )  # fmt: skip


def _refuse(story: Story, person: str, row: Approval, why: str) -> None:
    story.do(
        person, approvals.refuse, row.number, row.digest, why, subjects=rooms.approval_subjects()
    )


def _decisions(story: Story) -> list[RecordItem]:
    statement = select(RecordItem).where(
        RecordItem.incident == story.number, RecordItem.kind == "decision"
    )
    return list(story.house.read_sync(lambda s: s.execute(statement).scalars().all()))


def test_a_risky_step_waits_for_the_yes_of_the_person_named(acting: Story) -> None:
    with pytest.raises(NotReady, match="needs approval"):
        acting.do(SAM, walk.done, TOOL_OFF)
    row = _ask(acting, SAM, TOOL_OFF)
    assert list(acting.told("approval_asked")) == [ADA]
    assert [one["number"] for one in acting.said("approval_requested")] == [row.number]
    with pytest.raises(NotReady, match="still waits"):
        acting.do(SAM, walk.done, TOOL_OFF)
    with pytest.raises(NotAllowed, match=f"Incident commander.*{ADA}"):
        _give(acting, MAX, row)
    assert _give(acting, ADA, row).complete
    decision = _decisions(acting)[-1]
    assert decision.author == ADA and decision.details["topic"] == "containment"
    assert "Mail tool off at the gateway" in decision.text
    assert "gateway" in decision.details["rollback"] and "mail" in decision.details["rationale"]
    assert "fail" in str(decision.details["options"])
    assert (decision.details["approval"], decision.details["approved_as"]) == (1, ["commander"])
    assert decision.details["approvers"] == [ADA]
    acting.do(SAM, walk.done, TOOL_OFF)
    assert acting.step(TOOL_OFF).state == "done"


def test_a_second_click_and_a_changed_text_are_conflicts(acting: Story) -> None:
    row = _ask(acting, SAM, TOOL_OFF)
    with pytest.raises(Conflict, match="asked already"):
        _ask(acting, MAX, TOOL_OFF)
    with pytest.raises(Conflict, match="text was changed"):
        _give(acting, ADA, row, digest="0" * 64)
    newer = _ask(acting, SAM, TOOL_OFF, "Mail tool and calendar tool off")
    assert acting.approval(row.number).state == "void"
    with pytest.raises(Conflict, match="void"):
        _give(acting, ADA, row)
    _give(acting, ADA, newer)
    with pytest.raises(Conflict, match="approved already"):
        _give(acting, ADA, newer)
    with pytest.raises(Conflict, match="approved already"):
        _ask(acting, SAM, TOOL_OFF)


def test_nobody_approves_their_own_request(acting: Story) -> None:
    with pytest.raises(NotReady, match="that is you"):
        _ask(acting, ADA, TOOL_OFF)
    row = _ask(acting, SAM, TOOL_OFF)
    acting.do(ADA, roles.assign, "commander", SAM)
    acting.do(SAM, roles.accept, "commander")
    with pytest.raises(NotAllowed, match="nobody approves their own"):
        _give(acting, SAM, row)
    with pytest.raises(NotAllowed, match=SAM):
        _give(acting, ADA, row)


def test_two_roles_take_two_people_and_the_first_yes_is_not_enough(acting: Story) -> None:
    for key, evidence in zip(SNAPSHOTS, _evidence(), strict=True):
        acting.do(MAX, walk.done, key, evidence=evidence)
    row = _ask(acting, SAM, KILL, "Stop the agent")
    assert set(acting.told("approval_asked")) == {ADA, PROD}
    given = _give(acting, ADA, row)
    assert (given.complete, given.missing) == (False, (("product",),))
    with pytest.raises(Conflict, match="yes already"):
        _give(acting, ADA, row)
    with pytest.raises(NotReady):
        acting.do(SAM, walk.done, KILL)
    assert _give(acting, PROD, row).complete
    acting.do(SAM, walk.done, KILL)


def _evidence() -> list[dict[str, str]]:
    return [
        {"model_version": "7b", "system_prompt_hash": "a" * 64, "config_hash": "b" * 64},
        {"trace_full": "https://traces.example/1", "tool_manifest_hash": "c" * 64},
    ]


def test_one_person_with_both_roles_does_not_make_two(acting: Story) -> None:
    acting.do(PROD, roles.release, "product")
    acting.do(ADA, roles.take, "product")
    row = _ask(acting, SAM, KILL, "Stop the agent")
    given = _give(acting, ADA, row)
    assert not given.complete and given.missing == () and given.people_missing == 1


def test_a_rung_that_needs_a_snapshot_waits_for_it(acting: Story) -> None:
    row = _ask(acting, SAM, KILL, "Stop the agent")
    _give(acting, ADA, row)
    _give(acting, PROD, row)
    with pytest.raises(NotReady, match="Record exactly what is running"):
        acting.do(SAM, walk.done, KILL)
    acting.do(ADA, walk.waive_preconditions, KILL, "data is leaving; the snapshot follows")
    acting.do(SAM, walk.done, KILL)
    assert any(item.details["topic"] == "waiver" for item in _decisions(acting))


def test_a_role_without_a_holder_is_said_aloud_and_nothing_is_approved(story: Story) -> None:
    story.take(sre=SAM).assess("SEV2")
    row = _ask(story, SAM, KILL, "Stop the agent")
    vacant = story.told("approval_vacant")[ADA]
    assert vacant[0]["groups"] == [["product"]] and vacant[0]["names"] == {
        "product": "Product owner"
    }
    _give(story, ADA, row)
    assert story.approval(row.number).state == "waiting"
    story.take(product=PROD)
    story.do(ADA, roles.assign, "product", PROD)  # taken after the question it takes her name
    assert PROD in story.told("approval_asked")
    assert [a.number for a in story.house.read_sync(lambda s: approvals.waiting_for(s, PROD))] == [
        row.number
    ]
    assert story.house.read_sync(lambda s: approvals.waiting_for(s, ADA)) == []
    assert _give(story, PROD, row).complete


def test_refused_with_a_reason_and_asked_again(acting: Story) -> None:
    row = _ask(acting, SAM, TOOL_OFF)
    with pytest.raises(BadInput):
        _refuse(acting, ADA, row, " ")
    with pytest.raises(NotAllowed):
        _refuse(acting, MAX, row, "I think not")
    _refuse(acting, ADA, row, "only the mail tool, not all")
    assert acting.approval(row.number).state == "refused"
    assert SAM in acting.told("approval_refused")
    with pytest.raises(NotReady, match="needs approval"):
        acting.do(SAM, walk.done, TOOL_OFF)
    again = _ask(acting, SAM, TOOL_OFF)
    assert again.number == row.number + 1 and again.state == "waiting"


def test_unanswered_it_is_asked_again_and_lapses(acting: Story) -> None:
    row = _ask(acting, SAM, TOOL_OFF)
    acting.run.later(minutes=16)
    acting.work()
    assert len(acting.told("approval_asked")[ADA]) == 2 and ADA in acting.told("approval_late")
    acting.run.later(hours=4)
    with pytest.raises(Conflict, match="lapsed"):
        _give(acting, ADA, row)
    acting.work()
    assert acting.approval(row.number).state == "expired"
    assert SAM in acting.told("approval_ended")
    _ask(acting, SAM, TOOL_OFF)


def test_in_an_emergency_the_person_on_call_acts_and_it_is_confirmed_later(acting: Story) -> None:
    acting.do(SEC, walk.done, f"{AGENT}/live", outcome=_destructive(acting))
    acting.work()
    plan = acting.step(KILL).plan
    assert plan["approval"]["emergency"] and plan["skipped_snapshots"]
    row = _ask(acting, SAM, KILL, "Stop the agent")
    assert _give(acting, SAM, row).complete
    assert ADA in acting.told("approval_inform") and ADA in acting.told("approval_vacant")
    assert any("before preserving" in item.text for item in _decisions(acting))
    acting.do(SAM, walk.done, KILL)
    with pytest.raises(NotAllowed):
        acting.do(ADA, approvals.ratify, row.number, row.digest)
    acting.take(exec=EXEC)
    acting.do(ADA, roles.assign, "exec", EXEC)
    acting.run.later(minutes=31)
    acting.work()
    assert acting.said("ratify_late") and EXEC in acting.told("approval_to_ratify")
    acting.do(EXEC, approvals.ratify, row.number, row.digest)
    with pytest.raises(Conflict):
        acting.do(EXEC, approvals.ratify, row.number, row.digest)
    assert acting.approval(row.number).ratified[0]["by"] == EXEC


def _destructive(story: Story) -> str:
    """The answer that says: it destroys right now."""
    options = story.step(f"{AGENT}/live").plan["options"]
    return next(o["id"] for o in options if o["sets"].get("destructive_live") is True)


def test_no_confirmation_is_an_answer_too_and_names_the_way_back(acting: Story) -> None:
    acting.do(SEC, walk.done, f"{AGENT}/live", outcome=_destructive(acting))
    acting.work()
    acting.take(exec=EXEC)
    row = _ask(acting, SAM, KILL, "Stop the agent")
    _give(acting, SAM, row)
    _refuse(acting, EXEC, row, "one tool would have been enough")
    assert acting.approval(row.number).state == "refused"
    assert acting.said("approval_refused")


def test_low_rungs_are_the_decision_of_those_who_act(acting: Story) -> None:
    tighten = f"{AGENT}/filter"
    acting.do(MAX, walk.done, tighten)
    assert acting.step(tighten).state == "done"
    assert ADA in acting.told("step_informed")
    with pytest.raises(Conflict, match="nobody's approval"):
        _ask(acting, SAM, tighten)


def test_other_rules_after_another_severity_void_what_waits(acting: Story) -> None:
    approve_writes = f"{AGENT}/approve-writes"
    row = _ask(acting, SAM, approve_writes, "Gate in front of every write")
    assert acting.approval(row.number).rule["groups"] == [["commander"]]
    version = acting.incident.version
    acting.assess("SEV1")
    assert acting.approval(row.number).state == "waiting"
    assert acting.incident.version > version
    acting.do(SEC, walk.done, f"{AGENT}/live", outcome=_destructive(acting))
    kill = _ask(acting, MAX, KILL, "Stop")
    acting.work()
    assert acting.approval(kill.number).state == "void"


def test_a_containment_for_a_time_is_looked_at_again(acting: Story) -> None:
    row = _ask(acting, SAM, TOOL_OFF)
    _give(acting, ADA, row)
    acting.do(SAM, walk.done, TOOL_OFF)
    acting.run.later(hours=25)
    acting.work()
    assert {ADA, SAM} <= set(acting.told("look_again"))


def test_any_room_can_ask_and_hear_what_became_of_it(story: Story) -> None:
    story.take(legal=EXEC)
    heard: list[str] = []
    subjects = {
        "notice": approvals.Subject(
            approved=lambda tx, incident, row: heard.append("approved"),
            ended=lambda tx, incident, row: heard.append(row.state),
        )
    }
    rule = ApprovalPlan(groups=(("legal",),))

    def ask(key: str) -> Approval:
        return story.do(
            ADA, approvals.ask, subject="notice", key=key, title="Notice", digest="d" * 64,
            rule=rule, expires_at=story.now + timedelta(minutes=5),
        )  # fmt: skip

    first, second, third = ask("1").number, ask("2").number, ask("3").number
    story.do(EXEC, approvals.give, first, "d" * 64, subjects=subjects)
    story.do(EXEC, approvals.refuse, second, "d" * 64, "no", subjects=subjects)
    story.run.later(minutes=6)
    story.do("system", approvals.expire, third, subjects=subjects)
    story.do("system", approvals.void, first, "text changed", subjects=subjects)
    story.do("system", approvals.void, second, "text changed", subjects=subjects)
    assert heard == ["approved", "refused", "expired", "void"]
    with pytest.raises(NotFound):
        story.do(EXEC, approvals.give, 99, "d" * 64, subjects=subjects)
