"""The document: everything that a postmortem says, as frozen values. Every format is made from it.

The descriptions of the fields are the reference documentation of the JSON export. People appear
as roles, never by name. Texts are what people wrote: untrusted, escaped by each format for itself.
"""

from __future__ import annotations

import hashlib
from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, PlainSerializer

from bot.record.entry import canonical
from bot.timing import rfc3339

FORMAT = "steadyhand-postmortem/1"
#: A moment; in JSON it is RFC 3339 text in UTC with milliseconds.
Moment = Annotated[datetime, PlainSerializer(rfc3339, return_type=str, when_used="json")]


def about(meaning: str, default: Any = ...) -> Any:
    """A field with its meaning."""
    return Field(default, description=meaning)


class Part(BaseModel):
    """Base of all parts: frozen, and nothing that is not described."""

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)


class FiredRule(Part):
    """A severity rule that fired."""

    id: str = about("Name of the rule in severity.yaml.")
    why: str = about("What it said.")


class SeverityChange(Part):
    """The severity was set."""

    n: int = about("Number of the entry.")
    at: Moment = about("When.")
    severity: str = about("SEV1 to SEV4.")
    role: str = about("Role of whoever set it.")
    overridden: bool = about("Whether it differs from what the rules proposed.")
    reason: str = about("The reason given; may be empty.")


class Milestone(Part):
    """A point on the way, and how long it took to get there."""

    key: str = about("`detected`, `opened`, `first_update`, `contained`, `resolved`.")
    title: str = about("The same in words.")
    at: Moment | None = about("When; null when it has not happened.")
    since: str = about("The key of the milestone from which `seconds` counts; may be empty.")
    seconds: int | None = about("Time it took, in seconds; null when it has not happened.")
    measure: str = about("Usual name of this time, such as `time to contain`; may be empty.")


class Module(Part):
    """A playbook module that the incident ran with."""

    id: str = about("Name of the module.")
    version: str = about("Its version.")
    sha256: str = about("Hash of its canonical JSON.")


class Line(Part):
    """One line of the timeline."""

    n: int = about("Number of the entry in the incident's record.")
    at: Moment = about("When it happened.")
    role: str = about("Who, as a role.")
    kind: str = about("Kind of the entry, see the reference of entries.")
    text: str = about("What happened. A corrected entry shows the corrected text.")
    link: str = about("Address of the message or evidence when there is one (http or https).", "")
    kept: str = about("Where the evidence is kept, in words.", "")
    sha256: str = about("Hash of the evidence.", "")
    late: bool = about("Entered more than ten minutes after it happened.", False)
    entered_at: Moment = about("When it was entered.")
    late_reason: str = about("Why it was entered late.", "")
    corrected_by: int | None = about("Number of the entry that corrects this one.", None)
    withdrawn_by: int | None = about("Number of the entry that withdraws this one.", None)
    withdrawn_reason: str = about("Why it was withdrawn.", "")
    changed_in_slack: str = about("`edited` or `deleted` when the message changed later.", "")


class Option(Part):
    """One option of a decision."""

    label: str = about("What could have been done.")
    harm_reduction: str = about("What it was expected to reduce of the harm; may be empty.")
    side_effects: str = about("What it was expected to break or cost; may be empty.")


class Decision(Part):
    """A decision, with what was known and considered."""

    n: int = about("Number of the entry.")
    at: Moment = about("When it was taken.")
    role: str = about("Role of whoever decided.")
    entered_by: str = about("Role of whoever put it on the record; empty when it is the same.", "")
    topic: str = about("Topic, such as `containment`, `severity`, `waiver`.")
    statement: str = about("What was decided.")
    options: tuple[Option, ...] = about("What was considered.")
    chosen: str = about("Which option was taken; may be empty.")
    rationale: str = about("Why.")
    facts: tuple[int, ...] = about("Entries that it relied on.")
    hypothesis: int | None = about("Entry of the hypothesis that it rests on.", None)
    confidence: str = about(
        "How sure: `suspected`, `likely`, `confirmed`, or `unknown` when nobody said.", ""
    )
    reversibility: str = about("Whether it could be taken back.")
    rollback: str = about("How.")
    approved_by: tuple[str, ...] = about("Roles that approved the action, when it needed approval.")
    affected_groups: str = about("What was considered for the people affected.")
    dissent: tuple[str, ...] = about("Who disagreed, and why.")
    review_at: Moment | None = about("When it was to be looked at again.", None)
    expires_at: Moment | None = about("Until when it held.", None)
    supersedes: int | None = about("Entry of the decision that it took the place of.", None)
    withdrawn: bool = about("Withdrawn later.")


class Hypothesis(Part):
    """An explanation that was tested."""

    n: int = about("Number of the entry.")
    at: Moment = about("When it was stated.")
    role: str = about("Role of whoever stated it.")
    text: str = about("The explanation.")
    status: str = about("`open`, `supported` or `refuted`.")
    reason: str = about("What settled it.")
    by: tuple[int, ...] = about("Entries that settled it.")


class StepLine(Part):
    """A step of the playbook and what became of it."""

    number: int = about("Number of the step.")
    key: str = about("Module and step.")
    title: str = about("What was to be done.")
    role: str = about("Role that it was for.")
    state: str = about("`done`, `not_needed`, `blocked` or `open`.")
    at: Moment | None = about("When it came to this state.")
    outcome: str = about("The answer of a decision; may be empty.")
    reason: str = about("Comment or reason.")
    rung: str = about("Containment rung, C0 to C9; may be empty.")
    overdue: bool = about("Not done by its time.")


class ApprovalLine(Part):
    """A request for approval."""

    number: int = about("Number of the request.")
    title: str = about("What was to be approved.")
    digest: str = about("Hash of exactly that.")
    state: str = about("`approved`, `refused`, `expired`, `void` or `waiting`.")
    asked_by: str = about("Role of whoever asked.")
    asked_at: Moment = about("When.")
    given: tuple[str, ...] = about(
        "Roles that said yes, and since when whoever took theirs alone has it."
    )
    ratified: tuple[str, ...] = about("Roles that confirmed it afterwards.")
    comment: str = about("What was said; may be empty.")


class NoticeLine(Part):
    """A notice that went out."""

    number: int = about("Number of the notice.")
    audience: str = about("Who was told.")
    stage: str = about("At which stage.")
    title: str = about("Its title.")
    at: Moment = about("When it was out.")
    digest: str = about("Hash of its exact text.")
    corrects: int | None = about("Number of the notice that it corrects.")


class Criterion(Part):
    """An exit criterion."""

    key: str = about("Module and criterion.")
    title: str = about("What had to hold.")
    state: str = about("`met`, `waived` or `open`.")
    text: str = about("The evidence, or the reason of the waiver.")
    role: str = about("Role of whoever confirmed or waived it; may be empty.")
    at: Moment | None = about("When.")


class Written(Part):
    """A section that people wrote."""

    key: str = about("Key of the section.")
    title: str = about("Its title.")
    text: str = about("The text; empty when nobody wrote it yet.")


class Known(Part):
    """Something about the impact that the record holds, whatever people wrote about it."""

    question: str = about("What was asked, or what was measured.")
    answer: str = about("What is known of it.")
    entry: int = about("Number of the entry that says so.")


class Factor(Part):
    """A contributing factor."""

    number: int = about("Its number.")
    text: str = about("What contributed.")
    entries: tuple[int, ...] = about("Entries that show it.")


class Action(Part):
    """An action item."""

    number: int = about("Its number.")
    text: str = about("What has to be done.")
    kind: str = about("`prevent`, `detect`, `mitigate`, `process` or `communicate`.")
    owner: str = about("Role of whoever does it.")
    due_at: Moment = about("Until when.")
    state: str = about("`open`, `done`, `proven` or `dropped`.")
    overdue: bool = about("Past its time.")
    proof_wanted: str = about("What will prove it.")
    proof: str = about("The proof given; may be empty.")
    accepted_by: str = about("Role of whoever accepted the proof; may be empty.")
    reason: str = about("Why it was reopened or dropped; may be empty.")


class Review(Part):
    """The review of the document."""

    state: Literal["not begun", "draft", "reviewed", "changed since review"] = about(
        "Where the document stands."
    )
    role: str = about("Role of the reviewer; may be empty.", "")
    at: Moment | None = about("When it was reviewed.", None)
    sha256: str = about("Digest of the content as reviewed; may be empty.", "")
    comment: str = about("What the reviewer said.", "")


class Proof(Part):
    """What ties the document to the record."""

    entries: int = about("Entries of the incident at that moment, exports not counted.")
    seq: int = about("Number of the last of them in the whole record.")
    head: str = about("Hash of that entry: the chain up to here.")
    at: Moment = about("When it was made.")
    digest: str = about("SHA-256 of the content that a review is bound to.")


class Document(Part):
    """A postmortem."""

    format: Literal["steadyhand-postmortem/1"] = about("Name and version of this format.", FORMAT)
    ref: str = about("Name of the incident, such as INC-7.")
    number: int = about("Its number.")
    drill: bool = about("Whether this was a drill.")
    title: str = about("Its title.")
    status: str = about("`investigating`, `contained`, `resolved` or `closed`.")
    closed_at: Moment | None = about("When it was closed.")
    severity: str = about("SEV1 to SEV4; empty when never assessed.")
    severity_rules: tuple[FiredRule, ...] = about("Rules that fired at the last assessment.")
    severity_history: tuple[SeverityChange, ...] = about("Each time the severity was set.")
    tempo: str = about("`acute`, `rolling` or `latent`.")
    families: tuple[str, ...] = about("Harm families, in words; the first one leads.")
    milestones: tuple[Milestone, ...] = about("Points on the way and times between them.")
    written: tuple[Written, ...] = about("What people wrote, in the order of the document.")
    impact: tuple[Known, ...] = about("What the record holds about the impact.")
    factors: tuple[Factor, ...] = about("Contributing factors.")
    timeline: tuple[Line, ...] = about("The record, in the order in which it happened.")
    decisions: tuple[Decision, ...] = about("Decisions.")
    hypotheses: tuple[Hypothesis, ...] = about("Hypotheses and how they ended.")
    steps: tuple[StepLine, ...] = about("Steps of the playbook.")
    approvals: tuple[ApprovalLine, ...] = about("Approvals.")
    notices: tuple[NoticeLine, ...] = about("Notices that went out.")
    criteria: tuple[Criterion, ...] = about("Exit criteria.")
    actions: tuple[Action, ...] = about("Action items.")
    modules: tuple[Module, ...] = about("Playbook modules with version and hash.")
    review: Review = about("Whether and by whom it was reviewed.")
    proof: Proof = about("What ties the document to the record.")

    def section(self, key: str) -> str:
        """The text of a written section."""
        return next((one.text for one in self.written if one.key == key), "")


#: What goes on after a review without making it another text.
_MOVING: Any = {
    "status": True, "closed_at": True, "review": True, "proof": True,
    "actions": {"__all__": {"state", "overdue", "proof", "accepted_by", "reason", "due_at", "owner"}},
}  # fmt: skip


def digest(document: Document) -> str:
    """SHA-256 of what a reviewer reads. Progress of actions, closing and exports do not change it."""
    body = document.model_dump(mode="json", exclude=_MOVING)
    return hashlib.sha256(canonical(body).encode()).hexdigest()
