"""What a composed playbook looks like: every field settled for one incident at one severity."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from pydantic import Field

from bot.playbook.expressions import Value
from bot.playbook.module import DoneBy, Effect, Metric, NoticeRef, Option
from bot.playbook.values import Phase, Rung, Severity, StepType, Strict, Tempo


@dataclass(frozen=True, slots=True)
class IncidentFacts:
    """What a playbook is composed from. Facts that are absent from ``known`` are unknown."""

    families: tuple[str, ...] = ()
    severity: Severity | None = None
    tempo: Tempo | None = None
    environment: Mapping[str, Value] = field(default_factory=dict)
    known: Mapping[str, Value] = field(default_factory=dict)
    floors: frozenset[str] = frozenset()
    """Severity floors that fired, such as F1."""
    drill: bool = False


class ModuleRef(Strict):
    """Exactly this version of a module."""

    id: str
    version: str
    sha256: str


class RatifyPlan(Strict):
    """Who confirms afterwards, and within how many minutes."""

    role: str
    within_minutes: int


class ApprovalPlan(Strict):
    """Who must say yes before a step is carried out.

    Each group needs one yes from one of its roles; ``quorum`` different people at least must say
    yes; the person who asks never counts.
    """

    groups: tuple[tuple[str, ...], ...]
    quorum: int = 1
    ratify: tuple[RatifyPlan, ...] = ()
    inform: tuple[str, ...] = ()
    timeout_minutes: int | None = None
    emergency: bool = False

    @property
    def roles(self) -> tuple[str, ...]:
        """Every role that may say yes."""
        return tuple(dict.fromkeys(role for group in self.groups for role in group))

    def missing(self, said_yes: Mapping[str, frozenset[str]]) -> tuple[tuple[str, ...], ...]:
        """Groups still without a yes, given who said yes (person to the roles they hold)."""
        held = {role for roles in said_yes.values() for role in roles}
        return tuple(group for group in self.groups if not held.intersection(group))

    def complete(self, said_yes: Mapping[str, frozenset[str]]) -> bool:
        """Is it approved, given who said yes (person to the roles they hold)?"""
        counted = {who for who, roles in said_yes.items() if roles.intersection(self.roles)}
        return not self.missing(said_yes) and len(counted) >= self.quorum


class StepPlan(Strict):
    """One step of the playbook of an incident. ``due_minutes`` counts from ``due_after``."""

    key: str
    module: str
    step: str
    order: int
    phase: Phase
    type: StepType
    title: str
    how: tuple[str, ...]
    role: str
    due_after: str = "declared"
    due_minutes: int | None = None
    due_counting: str = "calendar"
    evidence: tuple[str, ...] = ()
    evidence_if_possible: tuple[str, ...] = ()
    offer: bool = False
    snapshot: bool = False
    rung: Rung | None = None
    effect: Effect | None = None
    expires_minutes: int | None = None
    approval: ApprovalPlan | None = None
    preconditions: tuple[str, ...] = ()
    skipped_snapshots: tuple[str, ...] = Field(
        default=(), description="Not waited for in an emergency; that is a decision to record."
    )
    options: tuple[Option, ...] = ()
    notice: NoticeRef | None = None
    done_by: tuple[DoneBy, ...] = ()
    depends_on: tuple[str, ...] = Field(
        default=(), description="Facts still unknown; when known to be false the step goes away."
    )
    why: tuple[str, ...] = ()


class CriterionPlan(Strict):
    """One exit criterion of an incident."""

    key: str
    title: str
    how: str
    approver: str
    metric: Metric | None = None
    evidence: tuple[str, ...] = ()
    note: str | None = None


class Prompt(Strict):
    """A question for the postmortem, and the module that asks it."""

    module: str
    text: str


class Explanation(Strict):
    """Why a module is part of the playbook."""

    module: str
    why: str


class Composition(Strict):
    """The playbook of one incident, and why each part is or is not in it."""

    severity: Severity | None
    modules: tuple[ModuleRef, ...]
    steps: tuple[StepPlan, ...]
    exit_criteria: tuple[CriterionPlan, ...]
    postmortem_prompts: tuple[Prompt, ...]
    explanations: tuple[Explanation, ...]
    left_out: dict[str, str]
    """Module id or step key to the reason why it is not needed."""

    def step(self, key: str) -> StepPlan | None:
        """A step by its key."""
        return next((step for step in self.steps if step.key == key), None)

    def why_not(self, key: str) -> str:
        """Why a step is not part of this playbook."""
        module = key.partition("/")[0]
        gone = "It is no longer in the playbook library."
        return self.left_out.get(key) or self.left_out.get(module) or gone


class NotRequired(Strict):
    """A step that was there and is not needed any more."""

    key: str
    reason: str


class Changes(Strict):
    """What a new composition means for the steps an incident already has."""

    added: tuple[StepPlan, ...]
    kept: tuple[StepPlan, ...]
    """Still needed, with their fields as they are now."""
    finished: tuple[str, ...]
    """Finished before and no longer asked for; they stay finished."""
    no_longer_required: tuple[NotRequired, ...]
