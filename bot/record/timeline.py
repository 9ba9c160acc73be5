"""The timeline: entries in plain words, one line each. Used by Slack, pages and documents."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from bot.record import catalogue as c
from bot.record.entry import Recorded

#: Entries about the machinery; left out unless somebody asks for everything.
QUIET = frozenset(
    {
        c.ChannelMade.kind, c.CardPosted.kind, c.IncidentAnnounced.kind, c.EffectRetried.kind,
        c.SeverityAssessed.kind, c.PlaybookComposed.kind, c.StepAssigned.kind,
        c.NoticeEdited.kind, c.DocumentExported.kind, c.ActionChanged.kind, c.UpdateDue.kind,
        c.NoticePlaced.kind, c.PrivilegedRead.kind,
    }
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Line:
    """One line: number, when it happened, who (in which role), what, in words."""

    n: int
    at: datetime
    actor: str
    role: str | None
    kind: str
    text: str
    late: bool
    late_reason: str = ""
    link: str = ""
    #: Numbers of the entries that corrected this one last, and that withdrew it.
    corrected_by: int | None = None
    withdrawn_by: int | None = None

    @property
    def fate(self) -> str:
        """What became of it later, in words; empty when it stands as it was made."""
        parts = [
            f"{word} by {n}"
            for word, n in (("corrected", self.corrected_by), ("withdrawn", self.withdrawn_by))
            if n is not None
        ]
        return ", ".join(parts)


#: Role ids and what people call them.
Titles = Mapping[str, str]
_NO_TITLES: Titles = {}


def line(recorded: Recorded, titles: Titles = _NO_TITLES) -> Line:
    """An entry in words. The text is untrusted: escape it for where it goes."""
    late = (recorded.at - recorded.effective_at).total_seconds() > 600
    return Line(
        n=recorded.n or 0,
        at=recorded.effective_at,
        actor=recorded.actor,
        role=titles.get(recorded.role, recorded.role) if recorded.role else None,
        kind=recorded.entry.kind,
        text=words(recorded, titles),
        late=late,
        late_reason=recorded.late_reason,
        link=getattr(recorded.entry, "permalink", ""),
    )


def lines(found: Sequence[Recorded], titles: Titles = _NO_TITLES) -> list[Line]:
    """Entries in words as they hold now: what was corrected reads as corrected and says by which.

    What an entry said before stands in the line of the correction, so nothing is out of sight.
    """
    corrected = {e.entry.n: e for e in found if e.entry.kind == c.ItemCorrected.kind}
    withdrawn = {e.entry.n: e for e in found if e.entry.kind == c.ItemWithdrawn.kind}
    said: dict[int, str] = {}
    out = []
    for e in found:
        made = line(e, titles)
        if e.entry.kind == c.ItemCorrected.kind and e.entry.n in said:
            made = replace(made, text=f"{made.text} Before: {said[e.entry.n]}")
            said[e.entry.n] = e.entry.text
        elif e.n is not None and (field := own_words(e)):
            said[e.n] = getattr(e.entry, field)
        fixed, gone = corrected.get(e.n), withdrawn.get(e.n)
        if fixed is not None or gone is not None:
            made = replace(
                made, text=words(reworded(e, fixed), titles) if fixed is not None else made.text,
                corrected_by=fixed.n if fixed is not None else None,
                withdrawn_by=gone.n if gone is not None else None,
            )  # fmt: skip
        out.append(made)
    return out


def own_words(recorded: Recorded) -> str:
    """The field that a correction of this entry puts into other words; empty when there is none."""
    fields = ("statement", "text")
    return next((name for name in fields if name in type(recorded.entry).model_fields), "")


def reworded(recorded: Recorded, correction: Recorded) -> Recorded:
    """The entry as it reads after its correction."""
    update = {own_words(recorded): correction.entry.text}
    return replace(recorded, entry=recorded.entry.model_copy(update=update))


def words(recorded: Recorded, titles: Titles = _NO_TITLES) -> str:
    """What happened, in one sentence; roles by their titles where these are given."""
    entry = _titled(recorded.entry, titles) if titles else recorded.entry
    say = _WORDS.get(entry.kind)
    return say(entry) if say is not None else (type(entry).__doc__ or entry.kind).splitlines()[0]


def _titled(entry: Any, titles: Titles) -> Any:
    """The entry with titles where it names roles."""
    said = {name: getattr(entry, name, None) for name in ("role", "roles", "readers", "needs")}
    update: dict[str, Any] = {}
    for name, value in said.items():
        if isinstance(value, list):
            update[name] = [titles.get(one, one) for one in value]
        elif isinstance(value, str):
            update[name] = ", ".join(titles.get(one, one) for one in value.split(", "))
    return entry.model_copy(update=update) if update else entry


def _why(text: str) -> str:
    return f" ({text})" if text else ""


def by_themselves(came: Iterable[Mapping[str, Any]]) -> str:
    """Said of a yes whose role nobody gave to the person: since when they have it."""
    all_ = list(came)
    if not all_ or any(one["how"] != "taken" for one in all_):
        return ""
    since = max(str(one["since"]) for one in all_)
    return f" (took the role themselves at {since[11:16]} UTC)"


def _fact(name: str, value: object) -> str:
    known = {True: "yes", False: "no", None: "unknown"}
    said = known.get(value) if value is None or isinstance(value, bool) else str(value)
    return f"{name.replace('_', ' ')}: {said}"


def option_words(option: c.DecisionOption) -> str:
    """One option with what was expected of it, in words."""
    parts = [
        f"{name}: {said}"
        for name, said in (
            ("reduces", option["harm_reduction"]), ("side effects", option["side_effects"])
        )
        if said
    ]  # fmt: skip
    return option["label"] + (f" [{'; '.join(parts)}]" if parts else "")


def _options(entry: c.DecisionMade) -> str:
    found = [option_words(c.as_option(one)) for one in entry.options]
    return f" Options: {' / '.join(found)}" if found else ""


def details(recorded: Recorded, titles: Titles = _NO_TITLES) -> list[tuple[str, str]]:
    """The parts of a decision or a piece of evidence that its line does not say, with their names."""
    e = recorded.entry
    parts: list[tuple[str, str]] = []
    if e.kind == c.DecisionMade.kind:
        parts = _decision_parts(e, titles)
    elif e.kind == c.EvidenceAdded.kind:
        parts = [
            ("Kind", e.evidence_kind.replace("_", " ")), ("From", e.source),
            ("Kept in", e.location), ("In charge", e.custodian), ("SHA-256", e.sha256 or ""),
        ]  # fmt: skip
    if recorded.late_reason:
        parts.append(("Entered late", recorded.late_reason))
    return [(name, said) for name, said in parts if said]


def _decision_parts(e: c.DecisionMade, titles: Titles) -> list[tuple[str, str]]:
    relied = ", ".join(map(str, e.facts))
    guess = f"hypothesis {e.hypothesis}" if e.hypothesis is not None else ""
    yes = ", ".join(titles.get(role, role) for role in e.approved_as)
    return [
        ("Decided by", _decider(e, titles)),
        ("Relied on", "; ".join(one for one in (relied, guess) if one)),
        ("How sure", "" if e.confidence == "unknown" else e.confidence),
        ("Can be taken back", "" if e.reversibility == "unknown" else e.reversibility),
        ("Way back", e.rollback),
        ("People affected", e.affected_groups),
        ("Dissent", "; ".join(e.dissent)),
        ("Approved", f"{yes} (approval {e.approval})" if e.approval is not None else ""),
        ("In place of", "" if e.supersedes is None else str(e.supersedes)),
        ("Look at it again", e.review_at or ""),
        ("Holds until", e.expires_at or ""),
    ]


def _decider(e: c.DecisionMade, titles: Titles) -> str:
    if not e.decider:
        return ""
    role = titles.get(e.decider_role, e.decider_role)
    return f"<@{e.decider}>" + (f" ({role})" if role else "")


def _short(value: str) -> str:
    return value if len(value) <= 24 else value[:23] + "…"


def _who(person: str | None) -> str:
    return f"<@{person}>" if person else "nobody"


_WORDS: dict[str, Callable[..., str]] = {
    c.IncidentOpened.kind: lambda e: f"{'Drill' if e.drill else 'Incident'} opened: {e.title}",
    c.ChannelMade.kind: lambda e: f"Channel #{e.channel_name} made",
    c.ChannelLost.kind: lambda e: f"The channel was {e.what}",
    c.PersonJoined.kind: lambda e: f"<@{e.person}> came into the channel",
    c.PersonLeft.kind: lambda e: (
        f"<@{e.person}> left the channel" + (" and sees it while in a role" if e.in_role else "")
    ),
    c.TitleChanged.kind: lambda e: f"Title: {e.title}",
    c.FamiliesSet.kind: lambda e: f"Kinds of harm: {', '.join(e.titles)}",
    c.IncidentContained.kind: lambda e: (
        f"Contained{f' by {e.rung}' if e.rung else ''}: {e.statement}"
    ),
    c.IncidentResolved.kind: lambda e: f"Resolved{_why(e.reason)}",
    c.IncidentCancelled.kind: lambda e: f"False alarm: {e.reason}",
    c.IncidentReopened.kind: lambda e: f"Reopened: {e.reason}",
    c.IncidentClosed.kind: lambda e: f"Closed{_why(e.reason)}",
    c.SeverityAssessed.kind: lambda e: f"Severity assessed: the rules propose {e.proposed}",
    c.SeveritySet.kind: lambda e: (
        f"Severity {e.severity}"
        + (f" (was {e.previous})" if e.previous else "")
        + (", against the rules" if e.overridden else "")
        + _why(e.reason)
    ),
    c.RoleOffered.kind: lambda e: f"Asked <@{e.holder}> to be {e.role}",
    c.RoleAccepted.kind: lambda e: f"<@{e.holder}> is {e.role}",
    c.RoleDeclined.kind: lambda e: f"<@{e.holder}> cannot be {e.role}",
    c.RoleHandedOver.kind: lambda e: (
        f"<@{e.holder}> took over as {e.role} from <@{e.previous}>{_why(e.note)}"
    ),
    c.RoleReleased.kind: lambda e: f"<@{e.holder}> is no longer {e.role}",
    c.PlaybookComposed.kind: lambda e: (
        f"Playbook composed: {len(e.added)} steps added, {len(e.not_required)} no longer required"
    ),
    c.StepDone.kind: lambda e: (
        f"Step done: {e.title or e.key}"
        + (f" → {e.outcome}" if e.outcome else "")
        + (_why(f"{e.comment}, entry {e.by_entry}") if e.by_entry is not None else "")
    ),
    c.StepNotNeeded.kind: lambda e: f"Step not needed: {e.title or e.key} ({e.reason})",
    c.StepBlocked.kind: lambda e: f"Step blocked: {e.title or e.key} ({e.reason})",
    c.StepReopened.kind: lambda e: f"Step open again: {e.title or e.key}{_why(e.reason)}",
    c.StepPreconditionsWaived.kind: lambda e: f"Step goes ahead: {e.title or e.key} ({e.reason})",
    c.StepsOverdue.kind: lambda e: f"Overdue: {', '.join(e.titles or e.keys)}",
    c.FactsSet.kind: lambda e: "Facts: " + ", ".join(_fact(*pair) for pair in e.facts.items()),
    c.ApprovalAsked.kind: lambda e: f"Approval asked: {e.title}",
    c.ApprovalGiven.kind: lambda e: (
        f"Approval {e.number} given as {', '.join(e.roles)}{by_themselves(e.came)}{_why(e.comment)}"
    ),
    c.ApprovalRefused.kind: lambda e: f"Approval {e.number} refused as {e.role}: {e.comment}",
    c.ApprovalEnded.kind: lambda e: f"Approval {e.number} {e.state}: {e.why}",
    c.ApprovalRatified.kind: lambda e: f"Approval {e.number} ratified as {e.role}",
    c.CriterionMet.kind: lambda e: f"Exit criterion met: {e.title or e.key} ({e.evidence})",
    c.CriterionWaived.kind: lambda e: f"Exit criterion waived: {e.title or e.key} ({e.reason})",
    c.CriterionReopened.kind: lambda e: (
        f"Exit criterion open again: {e.title or e.key} ({e.reason})"
    ),
    c.NoteAdded.kind: lambda e: e.text,
    c.DecisionMade.kind: lambda e: f"Decision: {e.statement}{_why(e.rationale)}{_options(e)}",
    c.HypothesisStated.kind: lambda e: f"Hypothesis: {e.text}",
    c.HypothesisMoved.kind: lambda e: f"Hypothesis {e.n} {e.status}{_why(e.reason)}",
    c.EvidenceAdded.kind: lambda e: f"Evidence: {e.text}",
    c.MessageCaptured.kind: lambda e: f"<@{e.author}> wrote: {e.text}",
    c.MessageChanged.kind: lambda e: (
        f"The message of entry {e.n} was {'deleted' if e.deleted else 'edited'} in Slack later"
    ),
    c.ItemCorrected.kind: lambda e: f"Correction of entry {e.n}: {e.text}{_why(e.reason)}",
    c.ItemWithdrawn.kind: lambda e: f"Entry {e.n} withdrawn: {e.reason}",
    c.CardPosted.kind: lambda e: "Card posted",
    c.IncidentAnnounced.kind: lambda e: "Announced",
    c.StepAssigned.kind: lambda e: f"Step given to {_who(e.owner)}: {e.key}",
    c.UpdateDue.kind: lambda e: f"Next update due: {e.next_update_at or 'none'}{_why(e.why)}",
    c.UpdateMissed.kind: lambda e: "The internal update that was due did not come",
    c.NoticeEdited.kind: lambda e: f"Notice {e.number} edited",
    c.NoticePlaced.kind: lambda e: f"Notice {e.number} is at one of its places",
    c.NoticeReleased.kind: lambda e: f"Notice {e.number} released for publication",
    c.ActionChanged.kind: lambda e: f"Action item {e.number} changed",
    c.DocumentExported.kind: lambda e: f"Exported as {e.format}",
    c.EffectRetried.kind: lambda e: f"Tried again: {e.key}",
    c.UpdatePosted.kind: lambda e: f"Update: {e.text}",
    c.NoticeDrafted.kind: lambda e: f"Notice {e.number} drafted for {e.audience} ({e.stage})",
    c.NoticeSubmitted.kind: lambda e: f"Notice {e.number} sent for approval",
    c.NoticeReturned.kind: lambda e: f"Notice {e.number} sent back: {e.comment}",
    c.NoticeApproved.kind: lambda e: (
        f"Notice {e.number} approved as {e.role}{by_themselves(e.came)}"
    ),
    c.NoticePublished.kind: lambda e: f"Notice {e.number} published",
    c.NoticeWithdrawn.kind: lambda e: f"Notice {e.number} withdrawn{_why(e.reason)}",
    c.ActionAdded.kind: lambda e: f"Action item {e.number}: {e.text}",
    c.ActionDone.kind: lambda e: f"Action item {e.number} done, proof: {e.proof}",
    c.ActionOverdue.kind: lambda e: f"Action item {e.number} is overdue",
    c.ActionProven.kind: lambda e: f"Action item {e.number} proven",
    c.ActionReopened.kind: lambda e: f"Action item {e.number} open again: {e.reason}",
    c.ActionDropped.kind: lambda e: f"Action item {e.number} dropped: {e.reason}",
    c.PostmortemStarted.kind: lambda e: "Postmortem begun",
    c.PostmortemEdited.kind: lambda e: f"Postmortem: {e.section} written",
    c.FactorNamed.kind: lambda e: f"Contributing factor {e.number}: {e.text}",
    c.FactorWithdrawn.kind: lambda e: f"Contributing factor {e.number} withdrawn{_why(e.reason)}",
    c.PostmortemReviewed.kind: lambda e: "Postmortem reviewed",
    c.KeyIntroduced.kind: lambda e: f"Key {e.key_id} signs checkpoints from now on",
    c.KeyRetired.kind: lambda e: f"Key {e.key_id} signs no more{_why(e.reason)}",
    c.CheckpointRefused.kind: lambda e: f"No checkpoint signed at {e.size} entries: {e.why}",
    c.PersonErased.kind: lambda e: (
        f"{e.values} private values erased in {len(e.entries)} entries ({e.reason})"
    ),
    c.TextErased.kind: lambda e: (
        f"{e.values} private texts erased in entries {', '.join(map(str, e.entries))} ({e.reason})"
    ),
    c.RetentionApplied.kind: lambda e: (
        f"Private values deleted after {e.days} days, as the rule «{e.rule}» says"
    ),
    c.PrivilegedNoteAdded.kind: lambda e: f"Privileged note for {', '.join(e.readers)}",
    c.PrivilegedRead.kind: lambda e: (
        f"Read privileged {'notes' if len(e.notes) > 1 else 'note'} "
        f"{', '.join(map(str, e.notes))} as {', '.join(e.roles)}"
    ),
    c.EvidenceFrozen.kind: lambda e: (
        f"Evidence frozen{f' before {e.rung}' if e.rung else ''}: "
        + ", ".join(f"{part} {_short(value)}" for part, value in e.fingerprints.items())
    ),
    c.FreezeSkipped.kind: lambda e: f"{e.rung} goes ahead without an evidence freeze: {e.reason}",
    c.PersonEnrolled.kind: lambda e: f"<@{e.person}> enrolled with key {e.key_id}",
    c.EnrolmentEnded.kind: lambda e: f"Key {e.key_id} counts no more{_why(e.reason)}",
    c.EffectFailed.kind: lambda e: f"Did not happen: {e.effect}: {e.error}",
    c.EffectGivenUp.kind: lambda e: f"Given up: {e.key}{_why(e.reason)}",
    c.PermissionDenied.kind: lambda e: (
        "Looked for this private incident without being in it: refused"
        if e.verb == "view"
        else f"Refused: {e.verb.replace('_', ' ')} (it takes: {e.needs})"
    ),
}
