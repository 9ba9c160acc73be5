"""The rules of walking, without a database: who is asked, what a yes is bound to, when it is due."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from bot.errors import BadInput
from bot.playbook import criteria, steps, walk
from bot.playbook.composing import GRACE, due_at
from bot.playbook.plan import ApprovalPlan, CriterionPlan, StepPlan
from bot.playbook.rules import EvidenceKind
from bot.playbook.step_approval import asked_of, step_digest
from db.tables import Incident, Step

T0 = datetime(2026, 11, 21, 4, 0, tzinfo=UTC)


def _plan(**more: Any) -> StepPlan:
    given = {
        "key": "m/s", "module": "m", "step": "s", "order": 0, "phase": "contain",
        "type": "approval", "title": "Roll back", "how": ("Do it",), "role": "ml",
    }  # fmt: skip
    return StepPlan.model_validate({**given, **more})


def _rule(*groups: tuple[str, ...], **more: Any) -> ApprovalPlan:
    return ApprovalPlan(groups=groups, **more)


@pytest.mark.parametrize(
    ("rung", "rule", "asked"),
    [
        ("C0", _rule(("ml",)), False),  # the step's own role decides at a low rung
        ("C1", _rule(("ml",), inform=("commander",)), False),
        ("C2", _rule(("ml", "security")), False),  # one of them acts
        ("C2", _rule(("sre", "security")), True),  # but this step's role is neither
        ("C1", _rule(("ml",), ("commander",)), True),  # the step asks for somebody else as well
        ("C1", _rule(("ml",), quorum=2), True),  # two people cannot be one
        ("C3", _rule(("ml",)), True),  # from here on somebody else looks at it
        ("C8", _rule(("commander",), ("product",)), True),
        (None, _rule(("legal",)), True),  # a step that asks without a rung
        ("C3", None, False),
        (None, None, False),
    ],
)  # fmt: skip
def test_who_is_asked(rung: str | None, rule: ApprovalPlan | None, asked: bool) -> None:
    assert (asked_of(_plan(rung=rung, approval=rule)) is not None) is asked


EFFECT = {"expected": "a", "side_effects": "b", "rollback": "c"}
DETAILS = {"what": "v1.3.2", "why": "last good"}


@pytest.mark.parametrize(
    ("plan", "details"),
    [
        (_plan(effect=EFFECT), {**DETAILS, "what": "v1.3.3"}),
        (_plan(effect=EFFECT), {**DETAILS, "why": "last good."}),
        (_plan(effect={**EFFECT, "rollback": "d"}), DETAILS),
        (_plan(effect={**EFFECT, "side_effects": "d"}), DETAILS),
        (_plan(effect=EFFECT, title="Roll back!"), DETAILS),
        (_plan(effect=EFFECT, rung="C6"), DETAILS),
        (_plan(effect=EFFECT, expires_minutes=10), DETAILS),
        (_plan(effect=EFFECT, key="m/t"), DETAILS),
    ],
)
def test_one_changed_word_is_another_action(plan: StepPlan, details: dict[str, str]) -> None:
    assert step_digest(plan, details) != step_digest(_plan(effect=EFFECT), DETAILS)


def test_what_does_not_change_the_action_does_not_change_its_hash() -> None:
    calm = _plan(effect=EFFECT)
    hurried = _plan(effect=EFFECT, due_minutes=5, approval=_rule(("ml",)), why=("stricter",))
    assert step_digest(calm, DETAILS) == step_digest(hurried, {**DETAILS, "rung": "C6"})


def _incident(**more: Any) -> Incident:
    return Incident(number=1, title="x", opened_by="U1", opened_at=T0, **more)


def _row(due: datetime | None) -> Step:
    return Step(
        incident=1, key="m/s", number=1, position=0, title="x", phase="contain", kind="action",
        role="ml", plan={}, due_at=due,
    )  # fmt: skip


MINUTE = timedelta(minutes=1)


@pytest.mark.parametrize(
    ("after", "minutes", "now", "before", "due"),
    [
        ("declared", 15, 0, None, 15),  # from the moment the incident was opened
        ("declared", 15, 10, None, 15),
        ("declared", None, 0, None, None),
        ("contained", 30, 0, None, None),  # nothing is contained yet
        ("declared", 15, 60, None, 70),  # appears too late: ten minutes, not the past
        ("declared", 5, 60, None, 65),  # but never longer than its own time
        ("declared", 15, 60, 15, 15),  # was overdue and stays so
        ("declared", 15, 60, 70, 70),  # its grace does not grow
        ("declared", 15, 60, 240, 70),  # a tighter time that is past becomes grace
        ("declared", 240, 60, 15, 240),  # a later time is taken as it is
    ],
)  # fmt: skip
def test_due_times(
    after: str, minutes: int | None, now: int, before: int | None, due: int | None
) -> None:
    row = _row(T0 + before * MINUTE) if before is not None else None
    found = due_at(_incident(), _plan(due_after=after, due_minutes=minutes), row, T0 + now * MINUTE)
    assert found == (T0 + due * MINUTE if due is not None else None)


def test_what_counts_from_containment_starts_with_it() -> None:
    incident = _incident(contained_at=T0 + timedelta(hours=2))
    plan = _plan(due_after="contained", due_minutes=30)
    assert due_at(incident, plan, None, T0 + timedelta(hours=2)) == T0 + timedelta(minutes=150)
    assert timedelta(minutes=5) <= GRACE <= timedelta(minutes=15)


def _kind(form: str) -> EvidenceKind:
    return EvidenceKind.model_validate({"id": "x", "title": "X", "keep": "k", "form": form})


@pytest.mark.parametrize(
    ("form", "typed", "kept"),
    [
        ("text", "support-7b", "support-7b"),
        ("sha256", "A" * 64, "a" * 64),
        ("sha256", f"sha256:{'b' * 64}", "b" * 64),
        ("sha256", "b" * 63, None),
        ("sha256", "see the ticket", None),
        ("link", "https://traces.example/1", "https://traces.example/1"),
        ("link", "traces.example/1", None),
        ("link", "https://a b", None),
        ("number", "about 120-150", "about 120-150"),
        ("number", "many", None),
        ("text", "x" * 3001, None),
    ],
)
def test_evidence_fits_its_form(form: str, typed: str, kept: str | None) -> None:
    if kept is not None:
        assert walk._checked(_kind(form), typed) == kept
        return
    with pytest.raises(BadInput) as refusal:
        walk._checked(_kind(form), typed)
    assert refusal.value.field == "e.x"


def test_a_step_is_whose_it_is_by_owner_then_role_then_command() -> None:
    row = _row(None)
    assert steps.whose(row, {"ml": "U2", "commander": "U1"}) == "U2"
    assert steps.whose(row, {"commander": "U1"}) == "U1"
    row.owner = "U3"
    assert steps.whose(row, {"ml": "U2", "commander": "U1"}) == "U3"
    assert steps.whose(_row(None), {}) is None


def test_a_measure_is_said_whole() -> None:
    metric = {
        "name": "injection_success_rate", "op": "<=", "value": "0.001", "unit": "of tries",
        "n": 2995, "window": "the attack set", "confidence": "0.95",
    }  # fmt: skip
    plan = CriterionPlan.model_validate(
        {"key": "m/p", "title": "Probes", "how": "Try", "approver": "safety", "metric": metric}
    )
    assert criteria.gate(plan) == (
        "injection success rate <= 0.001 of tries, on at least 2995 observations, "
        "over the attack set, at confidence 0.95"
    )
    assert criteria.gate(plan.model_copy(update={"metric": None})) == ""
