"""Severity and tempo from answers, by the rules in severity.yaml. Pure: same answers, same result.

S (harm) times L (likelihood) is R; P + V + G + O (people, reversibility, vulnerable groups,
ongoing) is A. The rules are read from top to bottom; what fired is kept with its reason. An answer
nobody has yet scores 1, never 0.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Literal

from bot.playbook.expressions import Value, parse
from bot.playbook.rules import Family, Question, QuestionOption, Role, SeverityRule, SeverityRules
from bot.playbook.values import Severity, Tempo

UNKNOWN_SCORES = 1
Confidence = Literal["suspected", "likely", "confirmed"]
Exposed = Literal["yes", "no", "unknown"]


class AnswerError(ValueError):
    """An answer is outside its scale. The message says which one and what is allowed."""


@dataclass(frozen=True, slots=True)
class Answers:
    """What people said so far; None means nobody knows yet."""

    harm: int
    likelihood: int
    people: int | None = None
    reversibility: int | None = None
    vulnerable: int | None = None
    ongoing: int | None = None
    confidence: Confidence = "suspected"
    exposed: Exposed = "unknown"
    families: tuple[str, ...] = ()
    flags: frozenset[str] = frozenset()

    def __post_init__(self) -> None:
        _within("harm", self.harm, 1, 5)
        _within("likelihood", self.likelihood, 1, 5)
        _within("people", self.people, 0, 3)
        for name in ("reversibility", "vulnerable", "ongoing"):
            _within(name, getattr(self, name), 0, 2)


@dataclass(frozen=True, slots=True)
class Fired:
    """A rule that fired, and why, in plain words."""

    id: str
    explanation: str


@dataclass(frozen=True, slots=True)
class Assessment:
    """What the rules propose. A person confirms it; in doubt, take the worse level."""

    severity: Severity
    fired: tuple[Fired, ...]
    r: int
    a: int
    floor: Severity | None
    tempo: Tempo
    tempo_because: str
    review_required: bool
    """A near miss that must be reviewed although nobody was harmed."""


@dataclass(frozen=True, slots=True)
class Downgrade:
    """A request to lower the severity."""

    current: Severity
    target: Severity
    floor: Severity | None
    current_since: datetime
    now: datetime
    commander: str | None
    """Who agreed as commander: a person's id, or None if nobody did."""
    approver: str | None
    approver_role: str | None
    reason: str
    evidence: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a severity may not go down yet, and what is needed."""

    id: str
    explanation: str


def _within(name: str, value: int | None, low: int, high: int) -> None:
    if value is not None and not low <= value <= high:
        raise AnswerError(f"'{name}' is {value}; it must be between {low} and {high}.")


def assess(
    rules: SeverityRules, answers: Answers, families: Mapping[str, Family] | None = None
) -> Assessment:
    """Propose severity and tempo, with every rule that fired (domain rules R, F, N)."""
    facts = _facts(answers)
    fired: list[Fired] = []
    level, floor, review = Severity.SEV4, None, False
    for rule in rules.rules:
        if not _fires(rule, facts):
            continue
        level = _applied(rule, level)
        if rule.at_least and (floor is None or rule.at_least.at_least(floor)):
            floor = rule.at_least
        review = review or rule.review
        fired.append(Fired(rule.id, _said(rule, facts)))
    severity = floor if floor is not None and floor.at_least(level) else level
    tempo, because = _tempo(rules, answers, families or {}, facts)
    return Assessment(
        severity=severity,
        fired=tuple(fired),
        r=answers.harm * answers.likelihood,
        a=_aggravation(answers),
        floor=floor,
        tempo=tempo,
        tempo_because=because,
        review_required=review,
    )


def _aggravation(answers: Answers) -> int:
    parts = (answers.people, answers.reversibility, answers.vulnerable, answers.ongoing)
    return sum(UNKNOWN_SCORES if part is None else part for part in parts)


def _facts(answers: Answers) -> dict[str, Value]:
    def scored(value: int | None) -> int:
        return UNKNOWN_SCORES if value is None else value

    return {
        "S": answers.harm,
        "L": answers.likelihood,
        "P": scored(answers.people),
        "V": scored(answers.reversibility),
        "G": scored(answers.vulnerable),
        "O": scored(answers.ongoing),
        "R": answers.harm * answers.likelihood,
        "A": _aggravation(answers),
        "exposed": None if answers.exposed == "unknown" else answers.exposed,
        "confidence": answers.confidence,
        "families": answers.families,
        "flags": answers.flags,
    }


def _fires(rule: SeverityRule, facts: Mapping[str, Value]) -> bool:
    found = parse(rule.when).evaluate(facts)
    return rule.unknown == "fires" if found is None else found


def _applied(rule: SeverityRule, level: Severity) -> Severity:
    if rule.base is not None:
        return rule.base
    if rule.exactly is not None:
        return rule.exactly
    if rule.up is not None:
        return level.raised(rule.up)
    if rule.at_least is not None and rule.at_least.at_least(level):
        return rule.at_least
    return level


def _said(rule: SeverityRule, facts: Mapping[str, Value]) -> str:
    text = rule.say
    for name in ("S", "L", "P", "V", "G", "O", "R", "A"):
        text = text.replace("{" + name + "}", str(facts[name]))
    return text


def _tempo(
    rules: SeverityRules,
    answers: Answers,
    families: Mapping[str, Family],
    facts: Mapping[str, Value],
) -> tuple[Tempo, str]:
    for rule in rules.tempo:
        if parse(rule.when).evaluate(facts):
            return rule.tempo, rule.say
    speeds = list(Tempo)
    known = [families[family] for family in answers.families if family in families]
    if not known:
        return rules.default_tempo, "No harm family is set yet."
    fastest = min(known, key=lambda family: speeds.index(family.tempo[0]))
    return fastest.tempo[0], f"Usual for '{fastest.name}'."


def answers_from(
    rules: SeverityRules,
    values: Mapping[str, str | Iterable[str]],
    families: Iterable[str] = (),
) -> Answers:
    """Answers from form values (question id to option value). Raises AnswerError."""
    answers = Answers(harm=1, likelihood=1, families=tuple(families))
    for question in rules.questions:
        given = values.get(question.id)
        if given is None and question.id in ("harm", "likelihood"):
            raise AnswerError(f"'{question.label}' needs an answer.")
        if given is not None:
            answers = _answered(answers, question, given)
    return answers


def _answered(answers: Answers, question: Question, given: str | Iterable[str]) -> Answers:
    options = {option.value: option for option in question.options}
    chosen = [given] if isinstance(given, str) else list(given)
    for value in chosen:
        if value not in options:
            raise AnswerError(f"'{value}' is not an answer to '{question.label}'.")
    if question.many:
        return replace(answers, **{question.id: frozenset(chosen)})  # type: ignore[arg-type]
    if not chosen:
        return answers
    option = options[chosen[0]]
    single: object = option.value
    if question.id not in ("confidence", "exposed"):
        single = None if option.value == "unknown" else option.score
    return replace(answers, **{question.id: single})  # type: ignore[arg-type]


def facts_from(rules: SeverityRules, answers: Answers) -> dict[str, bool | str]:
    """Facts of the playbook that the answers settle. Where two answers differ, nothing is settled."""
    said: dict[str, set[bool | str]] = {}
    for question in rules.questions:
        given = getattr(answers, question.id, None)
        for option in question.options:
            if _chosen(option, given):
                for fact, value in option.sets.items():
                    said.setdefault(fact, set()).add(value)
    return {fact: values.pop() for fact, values in said.items() if len(values) == 1}


def _chosen(option: QuestionOption, given: object) -> bool:
    if isinstance(given, frozenset):
        return option.value in given
    if given is None or option.value == "unknown":
        return False
    return given == (option.value if option.score is None else option.score)


def check_downgrade(
    rules: SeverityRules, roles: Mapping[str, Role], request: Downgrade
) -> tuple[Refusal, ...]:
    """Rule D1: every reason why the severity may not go down now; empty means it may."""
    checks = (
        _direction(rules, request),
        _floor(request),
        _too_early(rules, request),
        _people(rules, roles, request),
        _grounds(request),
    )
    return tuple(refusal for refusals in checks for refusal in refusals)


def _direction(rules: SeverityRules, request: Downgrade) -> list[Refusal]:
    down = request.target.rank - request.current.rank
    allowed = rules.downgrade.levels_per_decision
    if down <= 0:
        text = f"{request.target} is not lower than {request.current}."
        return [Refusal("direction", text)]
    if down > allowed:
        step = f"SEV{request.current.rank + allowed}"
        text = f"Severity goes down {allowed} level per decision. Ask for {step} first."
        return [Refusal("one-level", text)]
    return []


def _floor(request: Downgrade) -> list[Refusal]:
    if request.floor is None or request.target.at_least(request.floor):
        return []
    text = f"A rule holds this incident at {request.floor} or worse. Correct the answers first."
    return [Refusal("floor", text)]


def _too_early(rules: SeverityRules, request: Downgrade) -> list[Refusal]:
    wait = rules.downgrade.not_before.get(request.current)
    if wait is None:
        return []
    until = request.current_since + timedelta(minutes=wait.minutes)
    if request.now >= until:
        return []
    text = f"{request.current} stays for its first {wait.minutes} minutes, until {until:%H:%M} UTC."
    return [Refusal("too-early", text)]


def _people(rules: SeverityRules, roles: Mapping[str, Role], request: Downgrade) -> list[Refusal]:
    found = []
    if request.commander is None:
        found.append(Refusal("commander", "The commander has not agreed."))
    if request.approver is None or request.approver_role is None:
        text = "One approver of another function than command must agree."
        return [*found, Refusal("approver", text)]
    if request.approver == request.commander:
        found.append(Refusal("same-person", "The approver must be a different person."))
    commander = roles.get(rules.downgrade.commander_role)
    approver = roles.get(request.approver_role)
    if approver is None or (commander and approver.function == commander.function):
        text = "The approver must come from another function than the commander."
        found.append(Refusal("same-function", text))
    return found


def _grounds(request: Downgrade) -> list[Refusal]:
    found = []
    if not request.reason.strip():
        found.append(Refusal("reason", "Say in one sentence why it is less severe now."))
    if not request.evidence:
        found.append(Refusal("evidence", "Attach at least one piece of evidence."))
    return found
