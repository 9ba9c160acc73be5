"""The rule table of severity, and what it takes to go down again."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.incident.severity import (
    AnswerError,
    Answers,
    Downgrade,
    answers_from,
    assess,
    check_downgrade,
    facts_from,
)
from bot.playbook.load import load_content
from bot.playbook.values import Severity, Tempo

ROOT = Path(__file__).parents[3]
CONTENT = load_content(ROOT / "playbooks", ROOT / "comms_templates")
RULES = CONTENT.severity
SEV1, SEV2, SEV3, SEV4 = Severity


def answers(s: int, likelihood: int, pvgo: str, **more: object) -> Answers:
    """Answers from S, L and the digits of P, V, G, O; ``?`` is unknown."""
    p, v, g, o = (None if digit == "?" else int(digit) for digit in pvgo)
    base = Answers(s, likelihood, p, v, g, o, exposed="yes")
    return replace(base, **more)  # type: ignore[arg-type]


WORKED = [
    # toxic support assistant, suspected; then measured at 0.9 % of replies
    (answers(4, 3, "1101", families=("a",)), 12, 3, ["R1"], None, SEV2, Tempo.rolling),
    (answers(4, 4, "1101", families=("a",)), 16, 3, ["R1"], None, SEV2, Tempo.rolling),
    # credit fairness: suspected, confirmed, and seen in a shadow run only
    (answers(5, 2, "1111", families=("b",)), 10, 4, ["R1", "R2"], SEV2, SEV2, Tempo.latent),
    (
        answers(5, 5, "2121", families=("b",), flags=frozenset({"F6"})),
        *(25, 6, ["R1", "R2", "R3", "F6"], SEV2, SEV1, Tempo.latent),
    ),
    (
        answers(5, 1, "0010", families=("b",), exposed="no"),
        *(5, 1, ["R1", "N1"], None, SEV3, Tempo.latent),
    ),
    # injection on a model with tools, suspected
    (answers(5, 3, "1201", families=("d",)), 15, 4, ["R1", "R2"], SEV2, SEV2, Tempo.acute),
    # medical triage, recall under its gate
    (answers(5, 2, "1221", families=("f",)), 10, 6, ["R1", "R2", "R3"], SEV2, SEV1, Tempo.acute),
]


@pytest.mark.parametrize(("given_", "r", "a", "fired", "floor", "severity", "tempo"), WORKED)
def test_worked_examples(
    given_: Answers,
    r: int,
    a: int,
    fired: list[str],
    floor: Severity | None,
    severity: Severity,
    tempo: Tempo,
) -> None:
    found = assess(RULES, given_, CONTENT.families)
    assert (found.r, found.a, found.floor) == (r, a, floor)
    assert [rule.id for rule in found.fired] == fired
    assert (found.severity, found.tempo) == (severity, tempo)


@pytest.mark.parametrize(
    ("given_", "severity", "why"),
    [
        (answers(4, 5, "0000"), SEV1, "R 20"),
        (answers(3, 4, "0000"), SEV2, "R 12"),
        (answers(2, 3, "0000"), SEV3, "R 6"),
        (answers(1, 5, "0000"), SEV4, "R 5"),
        (answers(1, 5, "2210"), SEV3, "A 5 raises by one"),
        (answers(1, 5, "3221"), SEV2, "A 8 raises by two"),
        (answers(4, 5, "3222"), SEV1, "never worse than SEV1"),
        (answers(2, 3, "????"), SEV3, "unknown scores 1 each, A is 4"),
        (answers(2, 3, "1???", vulnerable=2), SEV2, "A is 5 with unknowns"),
        (answers(5, 1, "0000", exposed="unknown"), SEV2, "unknown exposure counts as exposure"),
        (answers(5, 5, "3222", exposed="no"), SEV3, "no exposure, critical harm"),
        (answers(4, 5, "3222", exposed="no"), SEV4, "no exposure"),
        (answers(1, 1, "0000", exposed="no", flags=frozenset({"F3"})), SEV1, "a floor beats N1"),
        (answers(1, 1, "0000", flags=frozenset({"F5"})), SEV2, "a clock is running"),
    ],
)
def test_edges(given_: Answers, severity: Severity, why: str) -> None:
    assert assess(RULES, given_).severity is severity, why


@pytest.mark.parametrize("flag", ["F1", "F2", "F3", "F4"])
def test_hard_floors_are_sev1(flag: str) -> None:
    found = assess(RULES, answers(1, 1, "0000", flags=frozenset({flag})))
    assert found.severity is found.floor is SEV1
    assert flag in [rule.id for rule in found.fired]


def test_a_near_miss_with_critical_harm_must_be_reviewed() -> None:
    assert assess(RULES, answers(5, 1, "0000", exposed="no")).review_required
    assert not assess(RULES, answers(4, 1, "0000", exposed="no")).review_required


def test_explanations_carry_the_numbers() -> None:
    found = assess(RULES, answers(4, 3, "1101"))
    assert found.fired[0].explanation == "Harm 4 x likelihood 3 = 12. From 12 to 19 it is SEV2."


def test_tempo_becomes_acute_when_it_spreads_or_a_life_is_at_stake() -> None:
    latent = answers(5, 2, "1111", families=("b",))
    assert assess(RULES, latent, CONTENT.families).tempo is Tempo.latent
    assert assess(RULES, replace(latent, ongoing=2), CONTENT.families).tempo is Tempo.acute
    at_risk = replace(latent, flags=frozenset({"F1"}))
    assert assess(RULES, at_risk, CONTENT.families).tempo is Tempo.acute
    assert assess(RULES, answers(3, 3, "0000")).tempo is Tempo.rolling


SCORE = st.none() | st.integers(0, 2)


@given(
    st.integers(1, 5),
    st.integers(1, 5),
    st.tuples(SCORE, SCORE, SCORE, SCORE),
    st.frozensets(st.sampled_from(["F1", "F2", "F3", "F4", "F5", "F6"])),
    st.sampled_from(["yes", "no", "unknown"]),
)
def test_never_below_the_floor_and_never_better_for_knowing_less(
    s: int,
    likelihood: int,
    scores: tuple[int | None, ...],
    flags: frozenset[str],
    exposed: str,
) -> None:
    found = assess(RULES, Answers(s, likelihood, *scores, exposed=exposed, flags=flags))  # type: ignore[arg-type]
    assert found.floor is None or found.severity.at_least(found.floor)
    assert found.fired, "at least R1 always fires"
    known_zero = Answers(s, likelihood, 0, 0, 0, 0, exposed=exposed, flags=flags)  # type: ignore[arg-type]
    assert found.severity.at_least(assess(RULES, known_zero).severity)


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"harm": 6, "likelihood": 1}, "'harm' is 6; it must be between 1 and 5."),
        ({"harm": 1, "likelihood": 0}, "'likelihood' is 0"),
        ({"harm": 1, "likelihood": 1, "people": 4}, "'people' is 4"),
        ({"harm": 1, "likelihood": 1, "ongoing": 3}, "'ongoing' is 3"),
    ],
)
def test_answers_outside_their_scale(fields: dict[str, int], said: str) -> None:
    with pytest.raises(AnswerError, match=said):
        Answers(**fields)


def test_answers_from_a_form() -> None:
    form = {
        "harm": "4", "likelihood": "3", "people": "1", "reversibility": "unknown",
        "vulnerable": "0", "ongoing": "1", "confidence": "likely", "exposed": "yes",
        "flags": ["F5"],
    }  # fmt: skip
    found = answers_from(RULES, form, families=["a"])
    assert found == Answers(
        4, 3, 1, None, 0, 1, "likely", "yes", families=("a",), flags=frozenset({"F5"})
    )


@pytest.mark.parametrize(
    ("form", "said"),
    [
        ({"likelihood": "3"}, "needs an answer"),
        ({"harm": "9", "likelihood": "3"}, "'9' is not an answer"),
        ({"harm": "4", "likelihood": "3", "flags": ["F9"]}, "'F9' is not an answer"),
    ],
)
def test_a_form_that_does_not_fit(form: dict[str, str | list[str]], said: str) -> None:
    with pytest.raises(AnswerError, match=said):
        answers_from(RULES, form)


@pytest.mark.parametrize(
    ("given_", "facts"),
    [
        (answers(4, 3, "1101"), {"users_affected": True, "still_happening": True}),
        (answers(4, 3, "?10?"), {}),
        (answers(4, 3, "0100"), {"still_happening": False}),
        (answers(4, 3, "010?", exposed="no"), {"users_affected": False}),
        # two answers that disagree settle nothing
        (answers(4, 3, "210?", exposed="no"), {}),
        (answers(5, 3, "?002", flags=frozenset({"F1"})), {"life_at_risk": True, "still_happening": True}),
    ],
)  # fmt: skip
def test_answers_settle_the_facts_they_answer(given_: Answers, facts: dict[str, bool]) -> None:
    assert facts_from(RULES, given_) == facts


def test_options_fit_into_slack() -> None:
    for question in RULES.questions:
        assert len(question.label) <= 150
        for option in question.options:
            assert len(option.text) <= 75 and len(option.description or "") <= 75


NOON = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
ASKED = Downgrade(
    current=SEV2,
    target=SEV3,
    floor=None,
    current_since=NOON,
    now=NOON + timedelta(hours=2),
    commander="U1",
    approver="U2",
    approver_role="security",
    reason="Measured at 3 of 50,000 replies.",
    evidence=("E7",),
)


@pytest.mark.parametrize(
    ("change", "refused"),
    [
        ({}, []),
        ({"target": SEV4}, ["one-level"]),
        ({"target": SEV2}, ["direction"]),
        ({"target": SEV1}, ["direction"]),
        ({"floor": SEV2}, ["floor"]),
        ({"floor": SEV3}, []),  # down to the floor is allowed
        ({"commander": None}, ["commander"]),
        ({"approver": None}, ["approver"]),
        ({"approver": "U1"}, ["same-person"]),
        ({"approver_role": "deputy"}, ["same-function"]),  # same function as the commander
        ({"approver_role": "scribe"}, ["same-function"]),
        ({"approver_role": "nobody"}, ["same-function"]),
        ({"approver_role": "legal"}, []),
        ({"reason": "  "}, ["reason"]),
        ({"evidence": ()}, ["evidence"]),
        ({"current": SEV1, "target": SEV2, "now": NOON + timedelta(minutes=59)}, ["too-early"]),
        ({"current": SEV1, "target": SEV2, "now": NOON + timedelta(minutes=60)}, []),
        ({"now": NOON + timedelta(minutes=1)}, []),  # only SEV1 has to wait
        ({"reason": "", "evidence": (), "commander": None}, ["commander", "reason", "evidence"]),
    ],
)
def test_going_down(change: dict[str, object], refused: list[str]) -> None:
    request = replace(ASKED, **change)  # type: ignore[arg-type]
    found = check_downgrade(RULES, CONTENT.roles, request)
    assert [refusal.id for refusal in found] == refused
    assert all(refusal.explanation.endswith(".") for refusal in found)
