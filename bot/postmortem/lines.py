"""The timeline of the document: which entries matter, and how each reads."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from bot.postmortem.model import Line
from bot.postmortem.people import People
from bot.record import catalogue as c
from bot.record import timeline
from bot.record.entry import Recorded
from bot.timing import from_rfc3339
from db.tables import RecordItem

#: What the document shows in chapters of its own, or what says nothing about the incident.
LEFT_OUT = timeline.QUIET | {
    c.ActionAdded.kind, c.ActionChanged.kind, c.ActionDone.kind, c.ActionProven.kind,
    c.ActionReopened.kind, c.ActionOverdue.kind, c.ActionDropped.kind, c.PostmortemStarted.kind,
    c.PostmortemEdited.kind, c.FactorNamed.kind, c.FactorWithdrawn.kind,
    c.PostmortemReviewed.kind, c.PermissionDenied.kind, c.NoticeReleased.kind,
    c.NoticePlaced.kind, c.UpdateDue.kind, c.EffectGivenUp.kind, c.MessageChanged.kind,
    c.IncidentClosed.kind,
}  # fmt: skip
#: So many steps are named in one line.
NAMED = 3
_ITEMS = {
    "note": "", "decision": "Decision: ", "hypothesis": "Hypothesis: ", "evidence": "Evidence: ",
    "message": "",
}  # fmt: skip


@dataclass(frozen=True)
class Titles:
    """What keys are called: steps, exit criteria, audiences, outcomes."""

    steps: Mapping[str, str]
    criteria: Mapping[str, str]
    audiences: Mapping[str, str]
    outcomes: Mapping[tuple[str, str], str]


def lines(
    entries: list[Recorded], items: Mapping[int, RecordItem], people: People, titles: Titles
) -> tuple[Line, ...]:
    """Every entry that matters, in the order in which it happened."""
    made = _Lines(entries, items, people, titles)
    found = [made.line(entry) for entry in entries if entry.entry.kind not in LEFT_OUT]
    return tuple(sorted(found, key=lambda line: (line.at, line.n)))


class _Lines:
    def __init__(
        self,
        entries: list[Recorded],
        items: Mapping[int, RecordItem],
        people: People,
        titles: Titles,
    ) -> None:
        self.items, self.people, self.titles = items, people, titles
        self.withdrawn = {
            one.entry.n: one for one in entries if one.entry.kind == c.ItemWithdrawn.kind
        }
        self.corrected = {
            one.entry.n: one for one in entries if one.entry.kind == c.ItemCorrected.kind
        }

    def line(self, e: Recorded) -> Line:
        item = self.items.get(e.n or 0)
        gone = self.withdrawn.get(e.n or 0)
        fixed = self.corrected.get(e.n or 0)
        at = item.at if item is not None else e.effective_at
        late = (e.at - e.effective_at).total_seconds() > 600
        return Line(
            n=e.n or 0, at=at, role=self._who(e), kind=e.entry.kind, text=self._text(e, item),
            late=late, entered_at=e.at,
            late_reason=self.people.clean(e.late_reason) if late else "",
            corrected_by=fixed.n if fixed is not None else None,
            withdrawn_by=gone.n if gone is not None else None,
            withdrawn_reason=self.people.clean(gone.entry.reason) if gone is not None else "",
            changed_in_slack=_changed(item), **self._where(e),
        )  # fmt: skip

    def _who(self, e: Recorded) -> str:
        if e.entry.kind == c.MessageCaptured.kind:
            return self.people.named(e.entry.author)
        if e.entry.kind in (c.RoleAccepted.kind, c.RoleHandedOver.kind):
            return self.people.named(e.entry.holder, e.entry.role)
        return self.people.named(e.actor, e.role)

    def _text(self, e: Recorded, item: RecordItem | None) -> str:
        clean = self.people.clean
        if item is not None and item.kind in _ITEMS:
            words = clean(item.text, from_slack=item.kind == "message" and not item.corrected_by)
            why = e.entry.rationale if item.kind == "decision" else ""
            return _ITEMS[item.kind] + words + (f" ({clean(why)})" if why else "")
        say = _WORDS.get(e.entry.kind)
        return clean(say(self, e.entry) if say is not None else timeline.words(e))

    def _where(self, e: Recorded) -> dict[str, str]:
        """Link, place and hash of a message or a piece of evidence."""
        entry = e.entry
        if entry.kind == c.MessageCaptured.kind:
            return {"link": http(entry.permalink)}
        if entry.kind != c.EvidenceAdded.kind:
            return {}
        link = http(entry.location)
        said = ("" if link else entry.location, entry.custodian and f"in charge: {entry.custodian}",
                entry.source and f"from {entry.source}")  # fmt: skip
        kept = self.people.clean(", ".join(one for one in said if one))
        return {"link": link, "kept": kept, "sha256": entry.sha256 or ""}

    # --- keys in words -------------------------------------------------------------------------

    def step(self, key: str) -> str:
        return self.titles.steps.get(key, key)

    def steps(self, keys: list[str]) -> str:
        more = f" and {len(keys) - NAMED} more" if len(keys) > NAMED else ""
        return "; ".join(self.step(key) for key in keys[:NAMED]) + more

    def criterion(self, key: str) -> str:
        return self.titles.criteria.get(key, key)

    def audience(self, key: str) -> str:
        return self.titles.audiences.get(key, key)

    def outcome(self, key: str, outcome: str | None) -> str:
        return f" → {self.titles.outcomes.get((key, outcome), outcome)}" if outcome else ""

    def roles(self, roles: list[str]) -> str:
        return ", ".join(self.people.title(role) for role in roles)


def http(address: str) -> str:
    """The address if it is one of the web without white space or quotes, else nothing."""
    address = address.strip()
    plain = not any(mark in address for mark in " \t\n\r<>\"'`\\|")
    return address if plain and address.startswith(("https://", "http://")) else ""


def _changed(item: RecordItem | None) -> str:
    changes = item.details.get("changed") if item is not None else None
    if not changes:
        return ""
    return "deleted" if changes[-1]["deleted"] else "edited"


def _plain(value: object) -> str:
    return ("no", "yes")[value] if isinstance(value, bool) else str(value)


def _why(text: str) -> str:
    return f" ({text})" if text else ""


def _moment(text: str) -> datetime:
    return from_rfc3339(text)


_WORDS: dict[str, Callable[[_Lines, Any], str]] = {
    c.RoleOffered.kind: lambda t, e: f"Somebody was asked to be {t.people.title(e.role)}",
    c.RoleAccepted.kind: lambda t, e: f"Holds the role {t.people.title(e.role)} from here on",
    c.RoleDeclined.kind: lambda t, e: f"The role {t.people.title(e.role)} was declined",
    c.RoleHandedOver.kind: lambda t, e: (
        f"Took over as {t.people.title(e.role)} from {t.people.named(e.previous, e.role)}"
        + _why(e.note)
    ),
    c.RoleReleased.kind: lambda t, e: f"The role {t.people.title(e.role)} is free again",
    c.StepDone.kind: lambda t, e: (
        f"Step done: {t.step(e.key)}{t.outcome(e.key, e.outcome)}{_why(e.comment)}"
    ),
    c.StepNotNeeded.kind: lambda t, e: f"Step not needed: {t.step(e.key)} ({e.reason})",
    c.StepBlocked.kind: lambda t, e: f"Step blocked: {t.step(e.key)} ({e.reason})",
    c.StepReopened.kind: lambda t, e: f"Step open again: {t.step(e.key)}{_why(e.reason)}",
    c.StepPreconditionsWaived.kind: lambda t, e: (
        f"Went ahead with «{t.step(e.key)}» before: {t.steps(e.preconditions)} ({e.reason})"
    ),
    c.StepsOverdue.kind: lambda t, e: f"Overdue since {_moment(e.due_at):%H:%M}: {t.steps(e.keys)}",
    c.FactsSet.kind: lambda t, e: (
        "Known now: " + ", ".join(f"{k.replace('_', ' ')}: {_plain(v)}" for k, v in e.facts.items())
    ),
    c.ApprovalGiven.kind: lambda t, e: (
        f"Approval {e.number} given as {t.roles(e.roles)}{timeline.by_themselves(e.came)}{_why(e.comment)}"
    ),
    c.ApprovalRefused.kind: lambda t, e: (
        f"Approval {e.number} refused as {t.people.title(e.role)}: {e.comment}"
    ),
    c.ApprovalRatified.kind: lambda t, e: (
        f"Approval {e.number} confirmed afterwards as {t.people.title(e.role)}"
    ),
    c.CriterionMet.kind: lambda t, e: f"Exit criterion met: {t.criterion(e.key)} ({e.evidence})",
    c.CriterionWaived.kind: lambda t, e: (
        f"Exit criterion waived: {t.criterion(e.key)} ({e.reason})"
    ),
    c.CriterionReopened.kind: lambda t, e: (
        f"Exit criterion open again: {t.criterion(e.key)} ({e.reason})"
    ),
    c.UpdatePosted.kind: lambda t, e: (
        f"Update: {e.text}" + (f" Not known yet: {e.unknown}" if e.unknown else "")
    ),
    c.UpdateMissed.kind: lambda t, e: f"The update due at {_moment(e.due_at):%H:%M} did not come",
    c.NoticeDrafted.kind: lambda t, e: (
        f"Notice {e.number} drafted for {t.audience(e.audience)} ({e.stage})"
    ),
    c.NoticeApproved.kind: lambda t, e: (
        f"Notice {e.number} approved as {t.roles(e.roles or [e.role])}{timeline.by_themselves(e.came)}"
    ),
}
