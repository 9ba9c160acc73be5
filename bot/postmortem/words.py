"""Words that all formats share: lengths of time, states, where the document stands."""

from __future__ import annotations

from datetime import datetime

from bot.postmortem.model import Criterion, Decision, Document, Line, Milestone, Review, StepLine

BANNER = "DRILL. This was an exercise; nothing of it happened to real people."
#: Keys of the sections that are the impact.
IMPACT = ("impact_people", "impact_harm", "impact_duration")
STATES = {
    "done": "done",
    "not_needed": "not needed",
    "blocked": "blocked",
    "open": "open",
    "met": "met",
    "waived": "waived",
    "proven": "proven",
    "dropped": "dropped",
}


def moment(at: datetime | None) -> str:
    """``2026-11-21 04:05 UTC``, or a dash."""
    return f"{at:%Y-%m-%d %H:%M} UTC" if at is not None else "—"


def length(seconds: int | None) -> str:
    """``2 h 05 min``, ``3 d 4 h``, ``40 s``; a dash when it did not happen."""
    if seconds is None:
        return "—"
    if seconds < 60:
        return f"{seconds} s"
    minutes = seconds // 60
    if minutes < 60:
        return f"{minutes} min"
    hours, rest = divmod(minutes, 60)
    if hours < 48:
        return f"{hours} h {rest:02d} min" if rest else f"{hours} h"
    days, left = divmod(hours, 24)
    return f"{days} d {left} h" if left else f"{days} d"


def measure(one: Milestone) -> str:
    """``time to contain: 24 min``; empty for the first point."""
    return f"{one.measure}: {length(one.seconds)}" if one.measure else ""


def heading(document: Document) -> str:
    """``INC-7 Support assistant insults customers``, marked when it was a drill."""
    mark = "DRILL · " if document.drill else ""
    return f"{mark}{document.ref} {document.title}"


def review(found: Review) -> str:
    """Where the document stands, in one sentence."""
    if found.state == "not begun":
        return "The postmortem is not begun; this is a reading of the record."
    if found.state == "draft":
        return "Draft. Nobody has reviewed it yet."
    said = f"Reviewed by {found.role} at {moment(found.at)}."
    if found.state == "changed since review":
        return f"{said} It was changed since then and has to be reviewed again."
    return said


def notes(line: Line) -> list[str]:
    """What has to be known about a line of the timeline besides its text."""
    out = []
    if line.late:
        why = f": {line.late_reason}" if line.late_reason else ""
        out.append(f"entered late, at {moment(line.entered_at)}{why}")
    if line.corrected_by is not None:
        out.append(f"corrected by entry {line.corrected_by}; the first text stays in the record")
    if line.withdrawn_by is not None:
        why = f": {line.withdrawn_reason}" if line.withdrawn_reason else ""
        out.append(f"withdrawn by entry {line.withdrawn_by}{why}")
    if line.changed_in_slack:
        out.append(f"the message was {line.changed_in_slack} in Slack later")
    return out


def step_end(step: StepLine) -> str:
    """What became of a step."""
    parts = [STATES[step.state] + (f": {step.outcome}" if step.outcome else "")]
    if step.reason:
        parts.append(step.reason)
    if step.overdue:
        parts.append("late")
    return " · ".join(parts)


def criterion_end(one: Criterion) -> str:
    """How an exit criterion ended."""
    said = STATES[one.state] + (f" by {one.role}" if one.role and one.state != "open" else "")
    return f"{said}: {one.text}" if one.text else said


def grounds(one: Decision) -> tuple[int, ...]:
    """Entries that a decision relied on, the hypothesis that it rests on among them."""
    return one.facts if one.hypothesis is None else (*one.facts, one.hypothesis)


def entry_list(numbers: tuple[int, ...]) -> str:
    """``entry 4`` or ``entries 4, 7``; empty for none."""
    if not numbers:
        return ""
    word = "entry" if len(numbers) == 1 else "entries"
    return f"{word} {', '.join(str(each) for each in numbers)}"
