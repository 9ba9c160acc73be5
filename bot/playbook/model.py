"""The shape of everything responders edit: one frozen class for each kind of content.

What a field means is said in its description, because the published JSON Schema carries it to the
editor. `bot.playbook.load` reads files into these classes; nothing here touches a file.
"""

from __future__ import annotations

import re
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Literal

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
    WithJsonSchema,
)
from pydantic_core import PydanticCustomError

from bot.playbook.expressions import ExpressionError, parse


class Severity(StrEnum):
    """How bad it is: SEV1 is the worst."""

    SEV1 = "SEV1"
    SEV2 = "SEV2"
    SEV3 = "SEV3"
    SEV4 = "SEV4"

    @property
    def rank(self) -> int:
        """1 for SEV1 to 4 for SEV4: the smaller, the worse."""
        return int(self.value[3])

    def at_least(self, other: Severity) -> bool:
        """Is this as bad as ``other`` or worse?"""
        return self.rank <= other.rank

    def raised(self, levels: int) -> Severity:
        """This severity made worse by some levels, stopping at SEV1."""
        return Severity(f"SEV{max(1, self.rank - levels)}")


class Tempo(StrEnum):
    """How fast it moves: minutes matter, hours matter, or days matter."""

    acute = "acute"
    rolling = "rolling"
    latent = "latent"


class Strict(BaseModel):
    """Frozen, and a key that is not known is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid", coerce_numbers_to_str=True)


_SPAN = re.compile(r"(\d+) (?:(business) )?(minute|hour|day|week)s?\Z")
_MINUTES = {"minute": 1, "hour": 60, "day": 1440, "week": 10080}


class Span(Strict):
    """A length of time. ``minutes`` never reads later than the business calendar would.

    Business time is counted in working hours; until a working calendar is applied, the minutes
    are the strict reading (a business day is one day), which is early and so safe.
    """

    minutes: int
    counting: Literal["calendar", "business"] = "calendar"

    def __str__(self) -> str:
        for unit in ("week", "day", "hour"):
            if self.minutes and self.minutes % _MINUTES[unit] == 0:
                return self._worded(self.minutes // _MINUTES[unit], unit)
        return self._worded(self.minutes, "minute")

    def _worded(self, amount: int, unit: str) -> str:
        business = "business " if self.counting == "business" else ""
        return f"{amount} {business}{unit}{'' if amount == 1 else 's'}"


def span(text: object) -> object:
    """Read ``15 minutes``, ``4 business hours``, ``1 week``. Other shapes pass through."""
    if not isinstance(text, str):
        return text
    match = _SPAN.match(text.strip())
    if match is None:
        raise PydanticCustomError(
            "span", "'{found}' is not a length of time", {"found": text, "fix": "span"}
        )
    amount, business, unit = match.groups()
    counting = "business" if business else "calendar"
    return {"minutes": int(amount) * _MINUTES[unit], "counting": counting}


def condition(text: object) -> object:
    """Check that a condition can be read; it stays text so that content stays hashable."""
    if isinstance(text, str):
        try:
            parse(text)
        except ExpressionError as error:
            raise PydanticCustomError(
                "condition",
                "The condition cannot be read: {what} at column {column}",
                {"what": error.what, "column": error.column},
            ) from error
    return text


_SPAN_SCHEMA = {
    "type": "string",
    "pattern": r"^\d+ (business )?(minute|hour|day|week)s?$",
    "examples": ["15 minutes", "4 business hours", "1 week"],
}
Within = Annotated[Span, BeforeValidator(span), WithJsonSchema(_SPAN_SCHEMA)]
Condition = Annotated[str, BeforeValidator(condition)]
Slug = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9]*(-[a-z0-9]+)*$")]
Key = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]*$")]
ModuleId = Annotated[
    str, StringConstraints(pattern=r"^(base|harm|env|reg|comms)\.[a-z0-9]+([.-][a-z0-9]+)*$")
]
StepRef = Annotated[str, StringConstraints(pattern=r"^([a-z][a-z0-9.-]*/)?[a-z][a-z0-9-]*$")]
EntryName = Annotated[str, StringConstraints(pattern=r"^[a-z_]+\.[a-z_]+$")]
Version = Annotated[str, StringConstraints(pattern=r"^\d+\.\d+\.\d+$")]
Text = Annotated[str, StringConstraints(min_length=1, strip_whitespace=True)]
Phase = Literal[
    "detect", "triage", "preserve", "contain", "eradicate", "recover", "communicate", "learn"
]
StepType = Literal["action", "decision", "approval", "check"]
Rung = Literal["C0", "C1", "C2", "C3", "C4", "C5", "C6", "C7", "C8", "C9"]
Sla = Literal[
    "ack",
    "declare",
    "first_update",
    "containment_decision",
    "clock_assessment",
    "notice_draft",
    "postmortem_draft",
    "postmortem_review",
]
IncidentKind = Literal["default", "private", "drill"]


class Ratify(Strict):
    """Somebody who must confirm an approval afterwards, and by when."""

    role: Key
    within: Within


class ApprovalRule(Strict):
    """Who must say yes. Nobody approves their own request."""

    all_of: tuple[Key, ...] = Field(default=(), description="Each of these roles must say yes.")
    any_of: tuple[Key, ...] = Field(default=(), description="One of these roles must say yes.")
    quorum: int = Field(default=1, ge=1, le=5, description="How many different people, at least.")
    ratify: Ratify | None = None
    inform: tuple[Key, ...] = Field(default=(), description="Told at once; they need not answer.")


class EmergencyRule(ApprovalRule):
    """The short way for when waiting adds harm."""

    when: Condition | None = Field(
        None, description="When it counts, besides the life-safety floors. Unknown is not enough."
    )


class BySeverity(Strict):
    """One approval rule for each severity, or ``default`` for those not named."""

    default: ApprovalRule | None = None
    SEV1: ApprovalRule | None = None
    SEV2: ApprovalRule | None = None
    SEV3: ApprovalRule | None = None
    SEV4: ApprovalRule | None = None
    emergency: EmergencyRule | None = None
    timeout: Within | None = Field(default=None, description="Unanswered for this long: escalate.")

    def at(self, severity: Severity) -> ApprovalRule | None:
        """The rule for a severity."""
        found: ApprovalRule | None = getattr(self, severity.value)
        return found or self.default


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
    options: tuple[Option, ...] = ()
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
