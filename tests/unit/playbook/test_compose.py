"""Composing a playbook: the nine rules, as examples and as properties."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.playbook.compose import compose, diff, strictest
from bot.playbook.plan import ApprovalPlan, Composition, IncidentFacts
from bot.playbook.values import ApprovalRule, Severity, Tempo
from tests.unit.playbook.library import (
    CONTENT,
    PART_OFF,
    SEV1,
    SEV2,
    SEV3,
    SEV4,
    facts,
    keys,
    module,
    with_modules,
)

# --- preconditions ---


def test_who_waited_for_a_replaced_step_waits_for_its_replacement() -> None:
    content = with_modules(
        module(steps=[
            {"id": "new", "overrides": PART_OFF, "reason": "Better."},
            {"id": "after", "preconditions": [PART_OFF]},
        ])
    )  # fmt: skip
    step = compose(content, facts()).step("harm.x.test/after")
    assert step is not None and step.preconditions == ("harm.x.test/new",)


def test_a_precondition_that_is_not_needed_is_not_waited_for() -> None:
    found = compose(CONTENT, facts(families="d", known={"data_damaged": False}))
    assert "harm.d.prompt-injection/backups" not in keys(found)
    present = set(keys(found))
    assert all(set(step.preconditions) <= present for step in found.steps)


@pytest.mark.parametrize("rung", ["C5", "C6", "C7", "C8", "C9"])
def test_the_snapshot_comes_before_disruptive_rungs(rung: str) -> None:
    content = with_modules(module(steps=[{"ladder": rung}], requires=["base.evidence"]))
    step = compose(content, facts()).step("harm.x.test/one")
    assert step is not None and step.preconditions == ("base.evidence/snapshot",)


def test_an_emergency_does_not_wait_for_the_snapshot_and_says_so() -> None:
    live = facts(SEV1, "d", known={"exfiltration_live": True})
    step = compose(CONTENT, live).step("harm.d.prompt-injection/agent-off")
    assert step is not None
    assert step.preconditions == ()
    assert step.skipped_snapshots == (
        "base.evidence/snapshot", "harm.d.prompt-injection/snapshot",
    )  # fmt: skip


# --- approvals ---


@pytest.mark.parametrize(
    ("severity", "known", "floors", "groups", "quorum", "ratify", "emergency"),
    [
        (SEV1, {}, (), (("commander",), ("product",)), 2, (), False),
        (SEV3, {}, (), (("commander",), ("product",)), 2, (), False),
        # unknown is not enough for the short way
        (SEV1, {"exfiltration_live": None}, (), (("commander",), ("product",)), 2, (), False),
        (SEV1, {"destructive_live": True}, (), (("commander", "ml", "security", "sre"),), 1, (("exec", 30),), True),
        (SEV1, {}, ("F1",), (("commander", "ml", "security", "sre"),), 1, (("exec", 30),), True),
        (SEV1, {}, ("F5",), (("commander",), ("product",)), 2, (), False),
    ],
)  # fmt: skip
def test_the_kill_switch_of_an_agent(
    severity: Severity,
    known: dict[str, Any],
    floors: tuple[str, ...],
    groups: tuple[tuple[str, ...], ...],
    quorum: int,
    ratify: tuple[tuple[str, int], ...],
    emergency: bool,
) -> None:
    asked = facts(severity, "d", known=known, floors=frozenset(floors))
    step = compose(CONTENT, asked).step("harm.d.prompt-injection/agent-off")
    assert step is not None and step.approval is not None
    approval = step.approval
    assert (approval.groups, approval.quorum, approval.emergency) == (groups, quorum, emergency)
    assert tuple((one.role, one.within_minutes) for one in approval.ratify) == ratify


def test_live_exfiltration_lets_the_commander_stop_a_leak_alone() -> None:
    found = compose(CONTENT, facts(SEV1, "c", known={"exfiltration_live": True}))
    step = found.step("harm.c.privacy-leakage/stop")
    assert step is not None and step.approval is not None
    assert step.approval.groups == (("commander",),)
    assert step.approval.ratify[0].role == "exec"


@pytest.mark.parametrize(
    ("severity", "groups", "ratify"),
    [
        (SEV1, (("commander",),), ("ml",)),
        (SEV2, (("commander",),), ("ml",)),
        (SEV3, (("commander",), ("ml",)), ()),
        (SEV4, (("commander",), ("ml",)), ()),
    ],
)
def test_a_rollback_follows_the_ladder(
    severity: Severity, groups: tuple[tuple[str, ...], ...], ratify: tuple[str, ...]
) -> None:
    step = compose(CONTENT, facts(severity)).step("base.containment/roll-back")
    assert step is not None and step.approval is not None
    assert step.approval.groups == groups
    assert tuple(one.role for one in step.approval.ratify) == ratify


def test_a_step_may_ask_for_more_than_its_rung_and_tighten_for_more_still() -> None:
    stricter = module(
        tighten=[{
            "step": PART_OFF, "reason": "The law says so.", "evidence": ["impact_count"],
            "approve": {"default": {"any_of": ["legal", "privacy"], "quorum": 2}, "timeout": "5 minutes"},
        }]
    )  # fmt: skip
    step = compose(with_modules(stricter), facts()).step(PART_OFF)
    assert step is not None and step.approval is not None
    assert step.approval.groups == (("commander",), ("legal", "privacy"))
    assert (step.approval.quorum, step.approval.timeout_minutes) == (2, 5)
    assert step.evidence == ("impact_count",)
    assert step.why == ("The law says so.",)


def test_who_has_said_yes() -> None:
    plan = ApprovalPlan(groups=(("commander",), ("legal", "privacy")), quorum=2)
    commander, legal = frozenset({"commander"}), frozenset({"legal"})
    assert plan.missing({}) == plan.groups
    assert plan.missing({"U1": commander}) == (("legal", "privacy"),)
    assert plan.complete({"U1": commander, "U2": legal})
    assert not plan.complete({"U1": commander | legal}), "two people are asked for"
    assert not plan.complete({"U1": commander, "U2": frozenset({"scribe"})})


ROLES = st.sampled_from(["commander", "ml", "sre", "legal", "exec"])
RULES = st.builds(
    lambda all_of, any_of, quorum: ApprovalRule(
        all_of=tuple(all_of), any_of=tuple(any_of), quorum=quorum
    ),
    st.lists(ROLES, max_size=2, unique=True),
    st.lists(ROLES, max_size=3, unique=True),
    st.integers(1, 3),
)


@given(st.lists(RULES, min_size=1, max_size=4), st.lists(st.frozensets(ROLES), max_size=4))
def test_the_strictest_approval_wins(
    rules: list[ApprovalRule], people: list[frozenset[str]]
) -> None:
    said_yes = {f"U{at}": held for at, held in enumerate(people)}
    merged = strictest(rules)
    if merged.complete(said_yes):
        held = {role for roles in people for role in roles}
        for rule in rules:
            assert set(rule.all_of) <= held
            assert not rule.any_of or held & set(rule.any_of)
            assert len(people) >= rule.quorum
    assert merged == strictest(reversed(rules)), "the order of the rules does not matter"


# --- due times ---


MINUTES = st.integers(1, 500)


@given(st.lists(MINUTES, min_size=1, max_size=4), st.none() | MINUTES, st.sampled_from(Severity))
def test_the_earliest_due_wins(demands: list[int], own: int | None, severity: Severity) -> None:
    due = {"due": {"default": f"{own} minutes"}} if own else {}
    target = module(steps=[due])
    others = [
        module(
            id=f"reg.t{at}",
            order=60,
            tighten=[
                {"step": "harm.x.test/one", "reason": "R.", "due": {"default": f"{m} minutes"}}
            ],
        )
        for at, m in enumerate(demands)
    ]
    step = compose(with_modules(target, *others), facts(severity)).step("harm.x.test/one")
    assert step is not None
    assert step.due_minutes == min([*demands, *([own] if own else [])])


@pytest.mark.parametrize(("severity", "minutes"), [(SEV1, 15), (SEV2, 60), (SEV3, 1440), (SEV4, None)])  # fmt: skip
def test_the_levels_table_bounds_a_due_time(severity: Severity, minutes: int | None) -> None:
    step = compose(CONTENT, facts(severity)).step("base.containment/decide")
    assert step is not None and step.due_minutes == minutes


def test_business_time_is_marked() -> None:
    step = compose(CONTENT, facts(SEV3)).step("base.containment/decide")
    assert step is not None and step.due_counting == "business"


# --- properties over everything shipped ---


FACTS = st.builds(
    IncidentFacts,
    families=st.lists(st.sampled_from("abcdefghijk"), unique=True, max_size=4).map(tuple),
    severity=st.sampled_from(Severity),
    tempo=st.none() | st.sampled_from(Tempo),
    known=st.dictionaries(
        st.sampled_from([fact.id for fact in CONTENT.facts.values() if fact.type == "yes_no"]),
        st.sampled_from([True, False, None]),
        max_size=8,
    ),
    floors=st.frozensets(st.sampled_from(["F1", "F2", "F5"]), max_size=2),
    drill=st.booleans(),
)


@settings(deadline=None, max_examples=60)
@given(FACTS)
def test_composing_is_deterministic(asked: IncidentFacts) -> None:
    first, again = compose(CONTENT, asked), compose(CONTENT, asked)
    assert first.model_dump_json() == again.model_dump_json()
    assert Composition.model_validate_json(first.model_dump_json()) == first
    assert len(set(keys(first))) == len(first.steps)
    turned = dataclasses.replace(asked, families=asked.families[::-1])
    assert keys(compose(CONTENT, turned)) == keys(first)


@settings(deadline=None, max_examples=60)
@given(FACTS, st.integers(1, 3))
def test_a_worse_severity_removes_nothing_and_delays_nothing(
    asked: IncidentFacts, levels: int
) -> None:
    assert asked.severity is not None
    worse = dataclasses.replace(asked, severity=asked.severity.raised(levels))
    before, after = compose(CONTENT, asked), compose(CONTENT, worse)
    assert set(keys(before)) <= set(keys(after))
    assert {c.key for c in before.exit_criteria} <= {c.key for c in after.exit_criteria}
    for step in before.steps:
        later = after.step(step.key)
        assert later is not None
        if step.due_minutes is not None:
            assert later.due_minutes is not None and later.due_minutes <= step.due_minutes
        assert set(step.evidence) <= set(later.evidence)


@settings(deadline=None, max_examples=60)
@given(FACTS)
def test_every_plan_can_be_walked_to_its_end(asked: IncidentFacts) -> None:
    found = compose(CONTENT, asked)
    waiting = {step.key: set(step.preconditions) for step in found.steps}
    done: set[str] = set()
    while ready := {key for key, waits in waiting.items() if waits <= done}:
        done |= ready
        waiting = {key: waits for key, waits in waiting.items() if key not in ready}
    assert not waiting, "steps wait for each other"
    for step in found.steps:
        assert step.role in CONTENT.roles
        if step.rung:
            assert step.effect is not None and step.effect.rollback
            assert step.approval is not None and step.approval.groups


@settings(deadline=None, max_examples=60)
@given(FACTS, FACTS)
def test_what_goes_away_says_why(one: IncidentFacts, other: IncidentFacts) -> None:
    old, new = compose(CONTENT, one), compose(CONTENT, other)
    changes = diff(old, new)
    assert {s.key for s in changes.added} | {s.key for s in changes.kept} == set(keys(new))
    gone = {item.key for item in changes.no_longer_required}
    assert gone == set(keys(old)) - set(keys(new))
    for item in changes.no_longer_required:
        assert item.reason and "no longer in the playbook library" not in item.reason


# --- diff and pins ---


def test_finished_steps_stay_finished() -> None:
    old = compose(CONTENT, facts(SEV2, "d"))
    states = dict.fromkeys(keys(old), "open")
    states["harm.d.prompt-injection/live"] = "done"
    changes = diff(states, compose(CONTENT, facts(SEV2, "c")))
    assert changes.finished == ("harm.d.prompt-injection/live",)
    gone = {item.key: item.reason for item in changes.no_longer_required}
    assert "harm.d.prompt-injection/live" not in gone
    assert gone["harm.d.prompt-injection/left"] == (
        "The incident is not marked as: Prompt injection or agent misuse."
    )
    assert changes.added[0].key.startswith("base.containment/")


def test_an_incident_keeps_the_module_it_ran_with() -> None:
    old = CONTENT.modules["base.first-15"]
    newer = old.model_copy(update={"title": "Changed", "steps": old.steps[:1]})
    content = dataclasses.replace(CONTENT, modules={**CONTENT.modules, old.id: newer})
    pinned = compose(content, facts(), {old.id: (old, "hash-of-old")})
    assert keys(pinned) == keys(compose(CONTENT, facts()))
    assert pinned.modules[0].sha256 == "hash-of-old"
    assert len(keys(compose(content, facts()))) < len(keys(pinned))
