"""Every kind of entry that can be on the record, in one place.

The docstrings are the reference documentation. A field marked ``Private`` is a person's words or
identity and stays erasable; everything else is public within the record and hashed as it is.
Moments are RFC 3339 text in UTC. Never change the meaning of a field: add a new kind instead.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from typing_extensions import TypedDict

from bot.record.entry import Entry, Private, Privileged

Json = dict[str, Any]


# --- the incident -----------------------------------------------------------------------------


class IncidentOpened(Entry):
    """Somebody opened an incident or a drill; they command it until somebody takes over."""

    kind: ClassVar[str] = "incident.opened"
    number: int
    drill: bool = False
    private: bool = False
    channel_name: Private[str]
    origin_channel: str | None = None
    families: list[str] = []
    title: Private[str]
    opener: Private[str]
    summary: Private[str] = ""
    #: People who were asked into the channel at once.
    invited: Private[list[str]] = []


class ChannelMade(Entry):
    """The incident's channel exists in Slack."""

    kind: ClassVar[str] = "incident.channel_made"
    channel_id: str
    channel_name: Private[str]


class CardPosted(Entry):
    """The incident's one card was posted; from now on it is edited in place."""

    kind: ClassVar[str] = "incident.card_posted"
    channel_id: str
    ts: str


class IncidentAnnounced(Entry):
    """The incident was announced in the broadcast channel."""

    kind: ClassVar[str] = "incident.announced"
    channel_id: str
    ts: str


class PersonJoined(Entry):
    """Somebody came into the channel of a private incident; from now on they know of it."""

    kind: ClassVar[str] = "incident.joined"
    person: Private[str]


class PersonLeft(Entry):
    """Somebody left the channel of a private incident; they see it no longer.

    ``in_role``: they hold a role and see it until they are relieved; then it is said again without.
    """

    kind: ClassVar[str] = "incident.left"
    person: Private[str]
    in_role: bool = False


class ChannelLost(Entry):
    """The incident's channel was archived, deleted or renamed, or the bot was removed from it."""

    kind: ClassVar[str] = "incident.channel_lost"
    what: str
    channel_name: Private[str] = ""


class TitleChanged(Entry):
    """The incident's title or summary was put into better words."""

    kind: ClassVar[str] = "incident.title_changed"
    title: Private[str]
    summary: Private[str] = ""


class FamiliesSet(Entry):
    """The harm families were set outside of an assessment; the first one leads."""

    kind: ClassVar[str] = "incident.families_set"
    families: list[str]
    #: Their names at that moment.
    titles: list[str]
    previous: list[str]


class IncidentContained(Entry):
    """The commander states that the harm is no longer spreading."""

    kind: ClassVar[str] = "incident.contained"
    #: The containment rung that stopped it, when it was named.
    rung: str | None = None
    statement: Private[str]


class IncidentResolved(Entry):
    """The commander ended the response; criteria still open are named with the reason."""

    kind: ClassVar[str] = "incident.resolved"
    open_criteria: list[str] = []
    open_steps: list[str] = []
    summary: Private[str] = ""
    reason: Private[str] = ""


class IncidentCancelled(Entry):
    """It was a false alarm: the response ended without an incident. Reopening takes it back."""

    kind: ClassVar[str] = "incident.cancelled"
    #: Steps that changed the system and are not undone.
    in_place: list[str] = []
    reason: Private[str]


class IncidentReopened(Entry):
    """The response began again."""

    kind: ClassVar[str] = "incident.reopened"
    reason: Private[str]


class IncidentClosed(Entry):
    """Nothing is left to do but the action items."""

    kind: ClassVar[str] = "incident.closed"
    reason: Private[str] = ""


# --- severity ---------------------------------------------------------------------------------


class SeverityAssessed(Entry):
    """Somebody answered the severity questions; the rules proposed a severity."""

    kind: ClassVar[str] = "severity.assessed"
    answers: Json
    rules: list[Json]
    risk: int
    aggravation: int
    proposed: str
    floor: str | None = None
    tempo: str
    families: list[str]


class SeveritySet(Entry):
    """The commander set the severity, following the rules or overriding them with a reason."""

    kind: ClassVar[str] = "severity.set"
    severity: str
    previous: str | None = None
    proposed: str | None = None
    floor: str | None = None
    tempo: str
    families: list[str]
    overridden: bool = False
    downgrade_approver: Private[str | None] = None
    reason: Private[str] = ""


# --- roles ------------------------------------------------------------------------------------


class RoleOffered(Entry):
    """Somebody was asked to hold a role."""

    kind: ClassVar[str] = "role.offered"
    role: str
    holder: Private[str]
    previous: Private[str | None] = None


class RoleAccepted(Entry):
    """The person asked holds the role now."""

    kind: ClassVar[str] = "role.accepted"
    role: str
    holder: Private[str]


class RoleDeclined(Entry):
    """The person asked cannot hold the role."""

    kind: ClassVar[str] = "role.declined"
    role: str
    holder: Private[str]
    reason: Private[str] = ""


class RoleHandedOver(Entry):
    """The role went from one holder to the next; ``note`` says why, where it was taken over."""

    kind: ClassVar[str] = "role.handed_over"
    role: str
    previous: Private[str]
    holder: Private[str]
    note: Private[str] = ""


class RoleReleased(Entry):
    """Nobody holds the role any more."""

    kind: ClassVar[str] = "role.released"
    role: str
    holder: Private[str]


# --- playbook ---------------------------------------------------------------------------------


class PlaybookComposed(Entry):
    """The playbook was composed for the severity and harm; versions are pinned by their hash."""

    kind: ClassVar[str] = "playbook.composed"
    modules: list[Json]
    #: Whole plans of steps that were not there before, and of open steps whose plan changed.
    added: list[Json]
    changed: list[Json] = []
    kept: list[str]
    #: Every required step in the order in which it is walked.
    order: list[str] = []
    not_required: list[Json]
    criteria: list[Json]
    why: list[str]
    #: Rule files (ladder, levels …) and their hashes at this moment.
    rules: dict[str, str] = {}


class StepDone(Entry):
    """A step was done, with the evidence it asked for."""

    kind: ClassVar[str] = "step.done"
    key: str
    title: str = ""
    outcome: str | None = None
    #: Number of the entry that shows the doing; then nobody had to say that the step is done.
    by_entry: int | None = None
    evidence: Private[Json] = {}
    comment: Private[str] = ""


class StepNotNeeded(Entry):
    """A step is not needed here, for the reason given."""

    kind: ClassVar[str] = "step.not_needed"
    key: str
    title: str = ""
    reason: Private[str]


class StepBlocked(Entry):
    """A step cannot go on, for the reason given."""

    kind: ClassVar[str] = "step.blocked"
    key: str
    title: str = ""
    reason: Private[str]


class StepReopened(Entry):
    """A step is open again."""

    kind: ClassVar[str] = "step.reopened"
    key: str
    title: str = ""
    reason: Private[str] = ""


class StepPreconditionsWaived(Entry):
    """The commander let a step go ahead although steps before it are not done."""

    kind: ClassVar[str] = "step.preconditions_waived"
    key: str
    title: str = ""
    preconditions: list[str]
    reason: Private[str]


class StepsOverdue(Entry):
    """Steps that were not done by the time the playbook sets."""

    kind: ClassVar[str] = "steps.overdue"
    keys: list[str]
    titles: list[str] = []
    due_at: str


class FactsSet(Entry):
    """Facts that conditions of the playbook ask for became known, or unknown again (null)."""

    kind: ClassVar[str] = "facts.set"
    facts: Json


class StepAssigned(Entry):
    """A person took a step or was given it."""

    kind: ClassVar[str] = "step.assigned"
    key: str
    title: str = ""
    owner: Private[str | None]


class ApprovalAsked(Entry):
    """People with the right were asked to approve one exact text or action."""

    kind: ClassVar[str] = "approval.asked"
    number: int
    subject: str
    subject_key: str
    digest: str
    rule: Json
    expires_at: str | None = None
    title: Private[str]
    #: What the approvers are shown: what, why, effect, side effects, way back.
    details: Private[Json] = {}


class RoleCame(TypedDict):
    """How a role came to whoever approves as it, and since when they hold it."""

    role: str
    #: ``opened`` the incident, was ``given`` it by somebody else, or ``taken`` by themselves.
    how: str
    since: str


class ApprovalGiven(Entry):
    """One person approved; ``complete`` says whether that was the last one needed.

    ``came`` says how each role came to them: they ``opened`` the incident, were ``given`` it (by
    ``given_by``, in the same order), or have ``taken`` it themselves. ``proof`` is there when it was
    given past Slack, as with a notice.
    """

    kind: ClassVar[str] = "approval.given"
    number: int
    digest: str
    #: The roles that the rule names and this person held at that moment.
    roles: list[str]
    complete: bool
    proof: dict[str, str] = {}
    came: list[RoleCame] = []
    comment: Private[str] = ""
    given_by: Private[list[str]] = []


class ApprovalRefused(Entry):
    """A person with the right said no."""

    kind: ClassVar[str] = "approval.refused"
    number: int
    digest: str
    role: str
    comment: Private[str]


class ApprovalEnded(Entry):
    """An approval lapsed without an answer, or became void because its subject changed."""

    kind: ClassVar[str] = "approval.ended"
    number: int
    state: str
    why: str


class ApprovalRatified(Entry):
    """An emergency approval was confirmed afterwards by the role the rule names."""

    kind: ClassVar[str] = "approval.ratified"
    number: int
    role: str
    proof: dict[str, str] = {}


class CriterionMet(Entry):
    """An exit criterion holds, with the evidence for it."""

    kind: ClassVar[str] = "criterion.met"
    key: str
    title: str = ""
    evidence: Private[str]


class CriterionWaived(Entry):
    """An exit criterion was waived by a person with the right, for the reason given."""

    kind: ClassVar[str] = "criterion.waived"
    key: str
    title: str = ""
    reason: Private[str]


class CriterionReopened(Entry):
    """An exit criterion no longer holds."""

    kind: ClassVar[str] = "criterion.reopened"
    key: str
    title: str = ""
    reason: Private[str]


# --- what people put on the record ------------------------------------------------------------


class NoteAdded(Entry):
    """A fact."""

    kind: ClassVar[str] = "note.added"
    text: Private[str]


class DecisionOption(TypedDict, total=False):
    """One option of a decision: what it would take away of the harm, and what it would break."""

    label: str
    harm_reduction: str
    side_effects: str
    #: What ``label`` was called once; read by :func:`as_option`, written no more.
    option: str


def as_option(found: Mapping[str, Any]) -> DecisionOption:
    """An option with all its parts, whenever it was written; what nobody said is empty."""
    return DecisionOption(
        label=str(found.get("label") or found.get("option") or ""),
        harm_reduction=str(found.get("harm_reduction") or ""),
        side_effects=str(found.get("side_effects") or ""),
    )


class DecisionMade(Entry):
    """A decision: what, among which options, why, and how to go back.

    Each option has a ``label``, the ``harm_reduction`` expected of it, and its ``side_effects``. Where
    ``decider`` is empty, whoever put it on the record decided it. Who approved it is there when
    somebody had to: ``approval`` is the request that they answered.
    """

    kind: ClassVar[str] = "decision.made"
    topic: str = "scope"
    reversibility: str = "unknown"
    confidence: str = "unknown"
    review_at: str | None = None
    expires_at: str | None = None
    facts: list[int] = []
    hypothesis: int | None = None
    #: Key of the playbook step that this decision settled.
    step: str | None = None
    #: Number of an earlier decision that this one takes the place of.
    supersedes: int | None = None
    #: Number of the approval that it took, and the roles that said yes.
    approval: int | None = None
    approved_as: list[str] = []
    #: Role of ``decider`` at that time; empty when they held none.
    decider_role: str = ""
    statement: Private[str]
    decider: Private[str | None] = None
    approvers: Private[list[str]] = []
    options: Private[list[DecisionOption]] = []
    chosen: Private[str] = ""
    rationale: Private[str] = ""
    rollback: Private[str] = ""
    affected_groups: Private[str] = ""
    dissent: Private[list[str]] = []


class HypothesisStated(Entry):
    """An explanation that is to be tested."""

    kind: ClassVar[str] = "hypothesis.stated"
    text: Private[str]


class HypothesisMoved(Entry):
    """A hypothesis was supported, refuted or opened again, by the entries named."""

    kind: ClassVar[str] = "hypothesis.moved"
    n: int
    status: str
    by: list[int] = []
    reason: Private[str] = ""


class EvidenceAdded(Entry):
    """A piece of evidence: what it is, where it came from, where it is kept and by whom, its hash."""

    kind: ClassVar[str] = "evidence.added"
    evidence_kind: str = "other"
    sha256: str | None = None
    text: Private[str]
    #: The system, log or person that it was taken from.
    source: Private[str] = ""
    #: Where the original is kept or sealed, and who is in charge of it.
    location: Private[str] = ""
    custodian: Private[str] = ""


class MessageCaptured(Entry):
    """A message of the channel, put on the record as it stood."""

    kind: ClassVar[str] = "message.captured"
    channel_id: str
    ts: str
    posted_at: str
    how: str
    text: Private[str]
    author: Private[str]
    permalink: Private[str] = ""


class MessageChanged(Entry):
    """A captured message was edited or deleted in Slack later; the captured text stays."""

    kind: ClassVar[str] = "message.changed"
    n: int
    deleted: bool = False
    text: Private[str] = ""


class ItemCorrected(Entry):
    """A correction of an earlier entry, which stays as it is."""

    kind: ClassVar[str] = "item.corrected"
    n: int
    text: Private[str]
    reason: Private[str] = ""


class ItemWithdrawn(Entry):
    """An earlier entry is no longer held to be true or to belong here."""

    kind: ClassVar[str] = "item.withdrawn"
    n: int
    reason: Private[str]


class UpdatePosted(Entry):
    """An internal update: what is known, what is not, and when the next one is due."""

    kind: ClassVar[str] = "update.posted"
    next_update_at: str | None
    text: Private[str]
    unknown: Private[str] = ""


class UpdateDue(Entry):
    """The next internal update is due at this moment, for the reason given; none when null."""

    kind: ClassVar[str] = "update.due"
    next_update_at: str | None
    why: str = ""


class UpdateMissed(Entry):
    """The internal update that was due did not come; people were reminded."""

    kind: ClassVar[str] = "update.missed"
    due_at: str
    times: int = 1


# --- notices ----------------------------------------------------------------------------------


class NoticeDrafted(Entry):
    """A notice was drafted from a template and the record; ``digest`` stands for its exact text."""

    kind: ClassVar[str] = "notice.drafted"
    number: int
    audience: str
    stage: str
    template: str
    template_sha256: str
    digest: str
    #: Number of the published notice that this one corrects.
    corrects: int | None = None
    title: Private[str]
    body: Private[str]
    facts: Private[Json] = {}


class NoticeEdited(Entry):
    """The text of a notice changed; an approval of the former text is void."""

    kind: ClassVar[str] = "notice.edited"
    number: int
    digest: str
    #: ``submitted`` or ``approved`` when the change voided that.
    voids: str = ""
    title: Private[str]
    body: Private[str]
    facts: Private[Json] = {}


class NoticeSubmitted(Entry):
    """Approval was asked for this exact text; unanswered, it lapses at ``expires_at``."""

    kind: ClassVar[str] = "notice.submitted"
    number: int
    digest: str
    expires_at: str
    #: Findings of the text checks that the approvers were shown.
    advice: list[str] = []
    asked_of: Private[list[str]] = []


class NoticeReturned(Entry):
    """The notice is a draft again: an approver sent it back, or nobody answered in time."""

    kind: ClassVar[str] = "notice.returned"
    number: int
    digest: str
    expired: bool = False
    comment: Private[str]


class NoticeApproved(Entry):
    """Somebody other than its authors approved this exact text; ``complete``: nobody else is needed.

    ``proof`` is there when it was approved past Slack: the enrolled key, the question and its answer.
    ``came`` and ``given_by`` say how their roles came to them, as with an approval.
    """

    kind: ClassVar[str] = "notice.approved"
    number: int
    digest: str
    role: str
    roles: list[str] = []
    complete: bool = True
    expires_at: str | None = None
    proof: dict[str, str] = {}
    came: list[RoleCame] = []
    given_by: Private[list[str]] = []


class NoticeReleased(Entry):
    """Somebody with the right let the approved text out to the places named."""

    kind: ClassVar[str] = "notice.released"
    number: int
    digest: str
    places: list[Json]


class NoticePlaced(Entry):
    """The text stands in one place; ``digest`` was taken again from what was sent there."""

    kind: ClassVar[str] = "notice.placed"
    number: int
    digest: str
    place: Json


class NoticePublished(Entry):
    """The approved text is out, byte for byte, in the places named."""

    kind: ClassVar[str] = "notice.published"
    number: int
    digest: str
    places: list[Json]


class NoticeWithdrawn(Entry):
    """A draft will not be published."""

    kind: ClassVar[str] = "notice.withdrawn"
    number: int
    reason: Private[str] = ""


# --- afterwards -------------------------------------------------------------------------------


class ActionAdded(Entry):
    """An action item: what, who, until when, of which type, and what will prove it."""

    kind: ClassVar[str] = "action.added"
    number: int
    action_kind: str
    due_at: str
    text: Private[str]
    owner: Private[str]
    proof_wanted: Private[str] = ""


class ActionChanged(Entry):
    """An action item got another owner, due time or wording."""

    kind: ClassVar[str] = "action.changed"
    number: int
    due_at: str
    action_kind: str | None = None
    text: Private[str]
    owner: Private[str]
    reason: Private[str] = ""


class ActionDone(Entry):
    """The owner says it is done and gives the proof."""

    kind: ClassVar[str] = "action.done"
    number: int
    proof: Private[str]


class ActionProven(Entry):
    """Somebody else looked at the proof and accepted it; the item is closed."""

    kind: ClassVar[str] = "action.proven"
    number: int
    comment: Private[str] = ""


class ActionReopened(Entry):
    """The proof did not hold, or the work has to be done again."""

    kind: ClassVar[str] = "action.reopened"
    number: int
    reason: Private[str]


class ActionOverdue(Entry):
    """An action item was not done by the time that was set; its owner was told."""

    kind: ClassVar[str] = "action.overdue"
    number: int
    due_at: str


class ActionDropped(Entry):
    """The item will not be done, for the reason given."""

    kind: ClassVar[str] = "action.dropped"
    number: int
    reason: Private[str]


class PostmortemStarted(Entry):
    """The postmortem was generated from the record."""

    kind: ClassVar[str] = "postmortem.started"


class PostmortemEdited(Entry):
    """A person wrote a section of the postmortem."""

    kind: ClassVar[str] = "postmortem.edited"
    section: str
    text: Private[str]


class FactorNamed(Entry):
    """A contributing factor, in the words it has now, with the entries that show it."""

    kind: ClassVar[str] = "postmortem.factor"
    number: int
    entries: list[int] = []
    text: Private[str]


class FactorWithdrawn(Entry):
    """This is no longer held to have contributed, for the reason given."""

    kind: ClassVar[str] = "postmortem.factor_withdrawn"
    number: int
    reason: Private[str] = ""


class PostmortemReviewed(Entry):
    """A reviewer accepted the postmortem as it stood; ``sha256`` is the digest of its content."""

    kind: ClassVar[str] = "postmortem.reviewed"
    sha256: str
    role: str = ""
    comment: Private[str] = ""


class DocumentExported(Entry):
    """A document was made from the record and handed out."""

    kind: ClassVar[str] = "document.exported"
    format: str
    sha256: str


# --- proof and privacy ------------------------------------------------------------------------


class KeyIntroduced(Entry):
    """A key signs checkpoints from now on. ``public`` is its verifier key as C2SP writes it."""

    kind: ClassVar[str] = "key.introduced"
    key_id: str
    public: str
    #: The key that signed before; the checkpoint over this entry is signed with it.
    replaces: str | None = None


class KeyRetired(Entry):
    """A key signs no more checkpoints from here on; what it signed before stays good."""

    kind: ClassVar[str] = "key.retired"
    key_id: str
    reason: Private[str] = ""


class CheckpointRefused(Entry):
    """The bot did not sign: the record does not continue what was signed before."""

    kind: ClassVar[str] = "checkpoint.refused"
    size: int
    why: str


class PersonErased(Entry):
    """Private values that name a person, or that they wrote, were deleted from these entries.

    ``entries`` are numbers within the incident (of the whole record when it has none). The person
    stands here only as a commitment whose salt is not kept.
    """

    kind: ClassVar[str] = "person.erased"
    entries: list[int]
    values: int
    rule: str
    person: Private[str]
    reason: Private[str]


class TextErased(Entry):
    """Private texts of these entries were deleted, whoever wrote them; ``rule`` says which.

    ``entries`` are numbers within the incident (of the whole record when it has none).
    """

    kind: ClassVar[str] = "text.erased"
    entries: list[int]
    values: int
    rule: str
    reason: Private[str]


class RetentionApplied(Entry):
    """All private values of the incident were deleted because its time was over."""

    kind: ClassVar[str] = "retention.applied"
    rule: str
    days: int
    values: int


class PrivilegedNoteAdded(Entry):
    """A note for the roles named alone; the record shows that it exists, never what it says."""

    kind: ClassVar[str] = "note.privileged"
    readers: list[str]
    text: Privileged[str]


class PrivilegedRead(Entry):
    """Privileged notes were shown to whoever this entry is by, through the door it names.

    One entry a request: a request that Slack delivers twice is one reading. Never what they say.
    """

    kind: ClassVar[str] = "privileged.read"
    #: Numbers of the entries that were shown.
    notes: list[int]
    #: The roles that let this person read them.
    roles: list[str]


class EvidenceFrozen(Entry):
    """What ran at this moment, by fingerprint: model, prompt, guardrail, config, dataset, index."""

    kind: ClassVar[str] = "evidence.frozen"
    fingerprints: dict[str, str]
    #: The containment rung this came before; none: at declaration.
    rung: str | None = None
    #: When the pipeline's file that says so was written; none: a person said it.
    as_of: str | None = None


class FreezeSkipped(Entry):
    """A containment rung that destroys evidence was decided on without a freeze before it."""

    kind: ClassVar[str] = "evidence.freeze_skipped"
    rung: str
    reason: Private[str]


# --- the house itself -------------------------------------------------------------------------


class EffectFailed(Entry):
    """Something that should have happened outside did not, and will not by waiting."""

    kind: ClassVar[str] = "effect.failed"
    key: str
    effect: str
    error: str


class EffectRetried(Entry):
    """A person asked for another try of a failed effect."""

    kind: ClassVar[str] = "effect.retried"
    key: str


class EffectGivenUp(Entry):
    """A person decided to go on without a failed effect."""

    kind: ClassVar[str] = "effect.given_up"
    key: str
    reason: Private[str] = ""


class PermissionDenied(Entry):
    """Somebody tried what they have no right to do."""

    kind: ClassVar[str] = "permission.denied"
    verb: str
    needs: str


class PersonEnrolled(Entry):
    """A person can prove past Slack who they are: with a key (approvals) and a token (local page).

    ``public`` is the Ed25519 key in base64url, ``token_sha256`` the hash of the token. A later
    enrolment of the same person takes the place of an earlier one.
    """

    kind: ClassVar[str] = "person.enrolled"
    key_id: str
    public: str
    token_sha256: str
    person: Private[str]


class EnrolmentEnded(Entry):
    """From here on the key and the token count for nobody."""

    kind: ClassVar[str] = "person.enrolment_ended"
    key_id: str
    reason: Private[str] = ""


def all_kinds() -> dict[str, type[Entry]]:
    """Every kind of entry by its name."""
    return {
        entry.kind: entry
        for entry in globals().values()
        if isinstance(entry, type) and issubclass(entry, Entry) and entry is not Entry
    }
