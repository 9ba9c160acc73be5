"""What containment is expected to reduce and to cost differs with the kind of harm."""

from __future__ import annotations

import pytest

from bot.playbook.compose import compose
from bot.playbook.plan import IncidentFacts, StepPlan
from bot.playbook.values import Severity, Tempo
from bot.slack import kit
from bot.slack.step_forms import done_form
from db.tables import Step
from tests.unit.playbook.library import CONTENT

DECIDE = "base.containment/decide"
OWN = {
    "a": "harm.a.toxic-output/decide",
    "c": "harm.c.privacy-leakage/decide",
    "d": "harm.d.prompt-injection/decide",
}


def _step(family: str | None, key: str) -> StepPlan | None:
    families = (family,) if family else ()
    facts = IncidentFacts(families=families, severity=Severity("SEV2"), tempo=Tempo("acute"))
    return compose(CONTENT, facts).step(key)


def _texts(step: StepPlan | None) -> set[str | None]:
    assert step is not None
    chosen = [one for one in step.options if one.id != "contain-now"]
    return {text for one in chosen for text in (one.harm_reduction, one.side_effects)}


@pytest.mark.parametrize("family", OWN)
def test_each_complete_family_says_what_each_option_reduces_and_costs(family: str) -> None:
    base, own = _step(None, DECIDE), _step(family, OWN[family])
    assert base is not None and own is not None and _step(family, DECIDE) is None
    assert all(one.harm_reduction and one.side_effects for one in own.options)
    assert {"contain-now", "watch", "nothing"} <= {one.id for one in own.options}
    others = [base, *(_step(one, OWN[one]) for one in OWN if one != family)]
    shared = _texts(own) & {text for one in others for text in _texts(one)}
    assert not shared, "facts of this harm, not a phrase that fits all"
    assert (own.due_minutes, own.role) == (base.due_minutes, base.role)


@pytest.mark.parametrize("family", OWN)
def test_each_rung_that_is_offered_names_a_step_of_the_family(family: str) -> None:
    own = _step(family, OWN[family])
    assert own is not None
    rungs = [one for one in own.options if one.label.endswith(")")]
    module = CONTENT.modules[own.module]
    ladder = {str(step.ladder) for step in module.steps if step.ladder is not None}
    assert len(rungs) >= 6
    assert {one.label[-3:-1] for one in rungs} <= ladder, "a rung without a step cannot be taken"


def test_the_form_shows_them_before_somebody_chooses() -> None:
    plan = _step("c", OWN["c"])
    assert plan is not None
    row = Step(
        incident=1, key=plan.key, number=4, position=4, title=plan.title, phase="contain",
        kind="decision", role="commander", plan=plan.model_dump(mode="json"),
    )  # fmt: skip
    shown = str(done_form(row, plan, CONTENT, None)["blocks"])
    for one in plan.options:
        assert kit.esc(str(one.harm_reduction)) in shown and str(one.side_effects) in shown
