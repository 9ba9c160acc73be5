"""What modules and rule files are both made of: severity, spans of time, conditions, ids, approval.

`bot.playbook.module` has the shape of a module, `bot.playbook.rules` that of every rule file.
"""

from __future__ import annotations

import re
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
