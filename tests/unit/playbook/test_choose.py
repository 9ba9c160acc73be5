"""Which modules and steps are in: by family, severity, tempo and condition, each with its reason."""

from __future__ import annotations

import pytest

from bot.playbook.compose import compose
from bot.playbook.plan import IncidentFacts
from bot.playbook.values import Tempo
from tests.unit.playbook.library import (
    CONTENT,
    PART_OFF,
    facts,
    keys,
    module,
    with_modules,
)

# --- which modules ---


@pytest.mark.parametrize("family", "abcdefghijk")
def test_every_family_gets_the_base_modules(family: str) -> None:
    found = compose(CONTENT, facts(families=family))
    ids = [ref.id for ref in found.modules]
    assert [one for one in ids if one.startswith("base.")] == [
        "base.first-15", "base.evidence", "base.containment", "base.communication", "base.closing",
    ]  # fmt: skip
    assert any(step.rung for step in found.steps), "there is always a way to contain"
    assert found.exit_criteria


def test_modules_come_in_order_with_version_and_hash() -> None:
    found = compose(CONTENT, facts(families="dc"))
    assert [ref.id for ref in found.modules] == [
        "base.first-15", "base.evidence", "base.containment", "harm.c.privacy-leakage",
        "harm.d.prompt-injection", "base.communication", "base.closing",
    ]  # fmt: skip
    for ref in found.modules:
        assert ref.sha256 == CONTENT.hashes[ref.id]
        assert ref.version == CONTENT.modules[ref.id].version


def test_each_module_says_why_it_is_there_or_not() -> None:
    found = compose(CONTENT, facts(families="c"))
    why = {one.module: one.why for one in found.explanations}
    assert why["harm.c.privacy-leakage"] == "The incident is marked as: Privacy leakage."
    assert why["base.evidence"] == "It belongs to every incident."
    assert found.left_out["harm.a.toxic-output"] == (
        "The incident is not marked as: Toxic or harmful output."
    )


def test_before_a_severity_is_set_the_first_steps_are_there() -> None:
    found = compose(CONTENT, IncidentFacts())
    assert found.severity is None
    step = found.step("base.first-15/assess-severity")
    assert step is not None and step.due_minutes == 10
    assert all(key.startswith("base.") for key in keys(found))


def test_a_required_module_comes_even_if_it_would_not_apply() -> None:
    helper = module(id="env.helper", order=20, applies_when={"families": ["k"]})
    needs = module(requires=["env.helper"], applies_when={"families": ["e"]})
    content = with_modules(helper, needs)
    found = compose(content, facts(families="e"))
    assert "env.helper/one" in keys(found)
    assert "env.helper" not in found.left_out
    assert "env.helper/one" not in keys(compose(content, facts(families="f")))


def test_of_two_modules_in_conflict_the_first_stays() -> None:
    first = module(id="reg.first", order=60)
    second = module(id="reg.second", order=61, conflicts=["reg.first"])
    found = compose(with_modules(first, second), facts())
    assert "reg.first/one" in keys(found) and "reg.second/one" not in keys(found)
    assert found.why_not("reg.second/one") == "It conflicts with Test, which comes first."


# --- unknown is not false ---


@pytest.mark.parametrize(("known", "there"), [({}, True), ({"users_affected": True}, True), ({"users_affected": False}, False)])  # fmt: skip
def test_only_a_known_no_leaves_a_step_out(known: dict[str, bool], there: bool) -> None:
    found = compose(CONTENT, facts(known=known))
    assert ("base.communication/users-first" in keys(found)) is there


def test_a_step_names_the_facts_it_still_depends_on() -> None:
    found = compose(CONTENT, facts())
    step = found.step("base.communication/users-first")
    assert step is not None and step.depends_on == ("users_affected",)
    settled = compose(CONTENT, facts(known={"users_affected": True}))
    step = settled.step("base.communication/users-first")
    assert step is not None and step.depends_on == ()


def test_tempo_leaves_out_only_when_it_is_known() -> None:
    content = with_modules(module(steps=[{"tempo": ["acute"]}]))
    assert "harm.x.test/one" in keys(compose(content, facts()))
    assert "harm.x.test/one" in keys(compose(content, facts(tempo=Tempo.acute)))
    latent = compose(content, facts(tempo=Tempo.latent))
    assert latent.why_not("harm.x.test/one") == "The tempo is latent; it is for: acute."


def test_environment_facts_count_like_others() -> None:
    content = with_modules(module(applies_when={"when": "architecture in ['rag']"}))
    assert "harm.x.test/one" in keys(compose(content, facts()))
    assert "harm.x.test/one" in keys(compose(content, facts(environment={"architecture": "rag"})))
    chat = compose(content, facts(environment={"architecture": "chat"}))
    assert "harm.x.test/one" not in keys(chat)


def test_a_drill_is_a_fact_that_conditions_can_name() -> None:
    content = with_modules(module(steps=[{"when": "not drill"}]))
    assert "harm.x.test/one" in keys(compose(content, facts()))
    assert "harm.x.test/one" not in keys(compose(content, facts(drill=True)))


# --- one step in place of another ---


def test_a_step_replaces_another_with_its_reason() -> None:
    plain, injection = compose(CONTENT, facts()), compose(CONTENT, facts(families="d"))
    assert PART_OFF in keys(plain)
    assert PART_OFF not in keys(injection)
    assert injection.why_not(PART_OFF) == (
        "Replaced by 'Disable the tool or connector': "
        "With agents the smallest part is one tool or connector."
    )
