"""The shape of a playbook module and of all that stands in it: one frozen class for each.

What a field means is said in its description, because the published JSON Schema carries it to the
editor. `bot.playbook.load` reads files into these classes; nothing here touches a file.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Literal

from pydantic import Field

from bot.playbook.values import (
    BySeverity,
    Condition,
    EntryName,
    Key,
    ModuleId,
    Phase,
    Rung,
    Severity,
    Sla,
    Slug,
    Span,
    StepRef,
    StepType,
    Strict,
    Tempo,
    Text,
    Version,
    Within,
)


class Due(Strict):
    """By when, for each severity. A severity that is not named takes ``default``."""

    after: Literal["declared", "contained", "resolved"] = "declared"
    default: Within | None = None
    unassessed: Within | None = Field(
        default=None, description="Before anybody has set a severity."
    )
    SEV1: Within | None = None
    SEV2: Within | None = None
    SEV3: Within | None = None
    SEV4: Within | None = None
    sla: Sla | None = Field(
        default=None, description="Never later than this column of levels.yaml."
    )

    def at(self, severity: Severity) -> Span | None:
        """The step's own due time at a severity, before the levels table is applied."""
        found: Span | None = getattr(self, severity.value)
        return found or self.default


class Effect(Strict):
    """What a risky action does, what it breaks, and the way back."""

    expected: Text
    side_effects: Text
    rollback: Text
    expires: Within | None = Field(
        default=None, description="Look again by then: keep it or undo it."
    )


class Option(Strict):
    """One answer to a decision, and the facts it settles."""

    id: Slug
    label: Text = Field(max_length=75)
    sets: dict[Key, bool | str | None] = Field(
        default_factory=dict, description="Facts that become known; null makes one unknown again."
    )
    harm_reduction: Text | None = Field(
        default=None,
        description="What it is expected to reduce of the harm; kept with the decision.",
    )
    side_effects: Text | None = Field(
        default=None, description="What it breaks or costs; kept with the decision."
    )


class NoticeRef(Strict):
    """The template a communicate step starts from."""

    audience: Key
    stage: Key


class DoneBy(Strict):
    """An entry on the record by which the step turns out to be done, without anybody saying so."""

    entry: EntryName = Field(description="Its kind, such as severity.set; see the entries.")
    where: dict[Key, bool | str | tuple[str, ...] | None] = Field(
        default_factory=dict,
        description="What must be so in it: a value, or a list of which one must be there.",
    )
    outcome: Slug | None = Field(
        default=None,
        description="The answer of a decision; without it, the one whose facts are all known.",
    )
    gives: tuple[Key, ...] = Field(
        default=(), description="Kinds of evidence that the entry itself is."
    )


class Step(Strict):
    """One thing for one role to do, decide, approve or check."""

    id: Slug
    phase: Phase
    type: StepType
    title: Text = Field(max_length=100)
    how: tuple[Text, ...] = Field(min_length=1, max_length=6)
    role: Key
    min_severity: Severity = Field(
        default=Severity.SEV4, description="Needed at this severity and worse."
    )
    tempo: tuple[Tempo, ...] = Field(
        default=(), description="Only at these tempos; empty means all."
    )
    when: Condition | None = Field(
        None, description="Left out only when this is known to be false."
    )
    due: Due | None = None
    evidence: tuple[Key, ...] = Field(
        default=(), description="Must be attached before the step is done."
    )
    evidence_if_possible: tuple[Key, ...] = ()
    offer: bool = Field(
        default=False, description="Offered, not demanded: it may stay open when it is not needed."
    )
    snapshot: bool = Field(
        default=False, description="Rungs that need a snapshot wait for this step."
    )
    ladder: Rung | None = None
    effect: Effect | None = None
    approve: BySeverity | None = Field(
        default=None, description="Added to what the rung already asks."
    )
    preconditions: tuple[StepRef, ...] = ()
    options: tuple[Option, ...] = Field(
        default=(), max_length=10, description="Answers of a decision; Slack shows ten at most."
    )
    notice: NoticeRef | None = None
    done_by: tuple[DoneBy, ...] = Field(
        default=(),
        description="Any of these on the record completes the step; never without its approval, "
        "its evidence and the steps before it.",
    )
    overrides: StepRef | None = Field(
        default=None, description="module/step that this one replaces."
    )
    reason: Text | None = Field(
        default=None, description="Why it overrides; people are shown this."
    )


class Metric(Strict):
    """A number that must be reached, on how many observations, over which time."""

    name: Key
    op: Literal["<", "<=", ">", ">=", "=="]
    value: Decimal
    unit: Text
    n: int | None = Field(default=None, ge=1, description="Observations needed at least.")
    window: Text | None = Field(default=None, description="Over which time or on which set.")
    max_failures: int | None = Field(default=None, ge=0)
    confidence: Decimal | None = Field(
        default=None, gt=0, lt=1, description="One-sided, exact binomial."
    )


class ExitCriterion(Strict):
    """What must be true before the incident may be resolved."""

    id: Slug
    title: Text = Field(max_length=150)
    how: Text
    approver: Key
    metric: Metric | None = None
    evidence: tuple[Key, ...] = ()
    min_severity: Severity = Severity.SEV4
    when: Condition | None = None
    rationale: Text | None = Field(default=None, description="Where the number comes from.")


class Signal(Strict):
    """A sign by which this harm shows itself."""

    id: Slug
    say: Text
    page: bool = Field(default=False, description="Worth waking a person for at once.")


class Obligation(Strict):
    """A duty that may apply, and the clocks to look at."""

    say: Text
    clocks: tuple[str, ...] = ()


class TaxonomyCodes(Strict):
    """Codes of one taxonomy, never without its version."""

    scheme: Key
    version: str
    codes: tuple[str, ...]


class AppliesWhen(Strict):
    """Which incidents a module is for. All that is given must hold."""

    families: tuple[str, ...] = Field(default=(), description="Any of these harm families.")
    min_severity: Severity = Severity.SEV4
    when: Condition | None = Field(
        default=None, description="Left out only when known to be false."
    )


class Tighten(Strict):
    """A stricter demand on a step of another module: earlier, more approvers, more evidence."""

    step: StepRef
    reason: Text
    due: Due | None = None
    approve: BySeverity | None = None
    evidence: tuple[Key, ...] = ()


class Module(Strict):
    """A playbook module: steps, exit criteria and questions for one purpose."""

    schema_: Literal["steadyhand-module/1"] = Field(alias="schema")
    id: ModuleId
    version: Version
    title: Text
    summary: Text
    kind: Literal["base", "harm", "environment", "regulatory", "comms"]
    order: int = Field(ge=0, le=99)
    applies_when: AppliesWhen = AppliesWhen()
    requires: tuple[ModuleId, ...] = ()
    conflicts: tuple[ModuleId, ...] = ()
    taxonomy: tuple[TaxonomyCodes, ...] = ()
    signals: tuple[Signal, ...] = ()
    steps: tuple[Step, ...] = Field(min_length=1)
    tighten: tuple[Tighten, ...] = ()
    quantify: tuple[Text, ...] = ()
    affected: tuple[Text, ...] = ()
    obligations: tuple[Obligation, ...] = ()
    exit_criteria: tuple[ExitCriterion, ...] = ()
    postmortem_prompts: tuple[Text, ...] = ()


def resolve(module_id: str, reference: str) -> str:
    """``step`` or ``module/step`` as a full key, seen from a module."""
    return reference if "/" in reference else f"{module_id}/{reference}"


def step_index(modules: Mapping[str, Module]) -> dict[str, Step]:
    """Every step of the library by its full key ``module/step``."""
    return {f"{module.id}/{step.id}": step for module in modules.values() for step in module.steps}
