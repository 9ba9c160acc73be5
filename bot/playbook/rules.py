"""The shape of the rule files around the modules: severity, levels, roles, families, ladder, ...

Each class here is one file of the content folder, or one row in it.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from bot.playbook.module import TaxonomyCodes
from bot.playbook.values import (
    BySeverity,
    Condition,
    IncidentKind,
    Key,
    Phase,
    Rung,
    Severity,
    Sla,
    Slug,
    Span,
    Strict,
    Tempo,
    Text,
    Within,
)

OptionText = Annotated[str, StringConstraints(min_length=1, max_length=75)]
FamilyId = Annotated[str, StringConstraints(pattern=r"^[a-z]$")]


class QuestionOption(Strict):
    """One answer in the severity form. Slack shows 75 characters at most."""

    value: str
    text: OptionText
    description: OptionText | None = None
    score: int | None = None
    sets: dict[Key, bool | str] = Field(
        default_factory=dict,
        description="Facts that this answer settles, so that no step asks for them again.",
    )


class Question(Strict):
    """One question in the severity form."""

    id: Key
    label: Text = Field(max_length=150)
    hint: Text | None = Field(default=None, max_length=300)
    many: bool = False
    optional: bool = False
    options: tuple[QuestionOption, ...] = Field(min_length=1)


class SeverityRule(Strict):
    """One row of the rule table. Exactly one of ``base``, ``at_least``, ``up``, ``exactly``."""

    id: Annotated[str, StringConstraints(pattern=r"^[A-Z][0-9]$")]
    when: Condition
    unknown: Literal["fires", "skips"] = Field(
        default="skips", description="What an unknown answer does."
    )
    base: Severity | None = Field(default=None, description="Start from this severity.")
    at_least: Severity | None = Field(default=None, description="This is the floor.")
    up: int | None = Field(default=None, ge=1, le=3, description="Worse by so many levels.")
    exactly: Severity | None = Field(
        default=None, description="This severity, unless a floor is worse."
    )
    review: bool = Field(
        default=False, description="A review is mandatory although nobody was harmed."
    )
    say: Text


class TempoRule(Strict):
    """When the incident is faster than its family usually is."""

    when: Condition
    tempo: Tempo
    say: Text


class DowngradeRule(Strict):
    """What a lower severity takes."""

    id: str = "D1"
    levels_per_decision: int = Field(default=1, ge=1)
    not_before: dict[Severity, Within] = Field(default_factory=dict)
    commander_role: Key = "commander"


class SeverityRules(Strict):
    """severity.yaml: the questions, the rules, and how severity may go down again."""

    version: str
    questions: tuple[Question, ...]
    rules: tuple[SeverityRule, ...]
    default_tempo: Tempo = Tempo.rolling
    tempo: tuple[TempoRule, ...] = ()
    downgrade: DowngradeRule = DowngradeRule()
    guidance: tuple[Text, ...] = ()

    def question(self, key: str) -> Question:
        """A question by its id. Raises KeyError."""
        return {question.id: question for question in self.questions}[key]


class Paging(Strict):
    """Who is paged at each tempo: roles, ``all`` for every role of the level, or nobody."""

    acute: tuple[str, ...] = ()
    rolling: tuple[str, ...] = ()
    latent: tuple[str, ...] = ()
    latent_meeting: Within | None = None


class PostmortemDemand(Strict):
    """Which postmortem a level asks for."""

    form: Literal["full", "short", "near_miss_note"]
    required: bool
    draft: Within | None = None
    review: Within | None = None


class NoticeDemand(Strict):
    """Whether and when an external notice is drafted."""

    needed: Literal["always", "if_users_affected", "no"]
    within: Within | None = None


class Level(Strict):
    """What one severity sets in motion."""

    title: Text
    meaning: Text
    roles: tuple[Key, ...]
    family_roles: bool = Field(
        default=False, description="Add the roles that the harm families name."
    )
    ack: Within
    declare: Within
    first_update: Within
    cadence: Within
    containment_decision: Within | None = None
    clock_assessment: Within | None = None
    notice: NoticeDemand
    postmortem: PostmortemDemand
    paging: Paging = Paging()

    def sla(self, name: Sla) -> Span | None:
        """The time a column of the table allows, or None where it sets no time."""
        if name == "notice_draft":
            return self.notice.within
        if name == "postmortem_draft":
            return self.postmortem.draft or self.postmortem.review
        if name == "postmortem_review":
            return self.postmortem.review
        found: Span | None = getattr(self, name)
        return found


class Levels(Strict):
    """levels.yaml."""

    SEV1: Level
    SEV2: Level
    SEV3: Level
    SEV4: Level

    def at(self, severity: Severity) -> Level:
        """The row of one severity."""
        found: Level = getattr(self, severity.value)
        return found


class Role(Strict):
    """One role of the response."""

    id: Key
    title: Text
    short: Text = Field(max_length=12)
    does: Text
    function: Key = Field(description="Two people of one function cannot check each other.")
    commands: bool = Field(default=False, description="Leads the incident.")
    first_15: tuple[Text, ...] = Field(min_length=1)


class Family(Strict):
    """One harm family and where other taxonomies put it."""

    id: FamilyId
    slug: Slug
    name: Text
    short: OptionText
    description: Text
    typical_s: tuple[int, int]
    tempo: tuple[Tempo, ...] = Field(min_length=1, description="The first is the default.")
    roles: tuple[Key, ...] = ()
    crosswalk: tuple[TaxonomyCodes, ...] = ()
    clocks_first: tuple[str, ...] = ()


class LadderRung(Strict):
    """One containment rung: from the least to the most disruptive."""

    id: Rung
    title: Text
    does: Text
    watch: Text
    approve: BySeverity
    snapshot_first: bool = False


class EvidenceKind(Strict):
    """One kind of evidence and how to keep it."""

    id: Key
    title: Text
    keep: Text
    form: Literal["text", "link", "sha256", "file", "number"]
    sealed: bool = Field(
        default=False, description="Holds personal data or secrets: sealed original."
    )
    pack: bool = Field(default=False, description="Part of the minimum evidence pack.")


class FactKind(Strict):
    """A fact of the incident that conditions may name."""

    id: Key
    type: Literal["yes_no", "choice", "text", "list", "number"] = "yes_no"
    ask: Text
    choices: tuple[str, ...] = ()


class Permission(Strict):
    """Who may do one thing: role ids, ``responder``, ``anyone``, ``group:S…`` or ``user:U…``."""

    verb: Key
    title: Text
    default: tuple[str, ...]
    private: tuple[str, ...] | None = None
    drill: tuple[str, ...] | None = None
    given: bool = Field(
        default=False,
        description="A role counts only if somebody else gave it, not if its holder took it.",
    )

    def may(self, kind: IncidentKind = "default") -> tuple[str, ...]:
        """Who may, for one kind of incident; private and drill fall back to default."""
        if kind == "private" and self.private is not None:
            return self.private
        if kind == "drill" and self.drill is not None:
            return self.drill
        return self.default


class Audience(Strict):
    """Somebody a notice is for."""

    id: Key
    title: Text
    external: bool
    approve: BySeverity
    max_grade: int | None = Field(default=None, description="Highest reading grade allowed.")
    blocks: tuple[Text, ...]


class Stage(Strict):
    """A point in the incident at which notices go out."""

    id: Key
    title: Text
    status_label: Text
    phase: Phase = "communicate"


class Notices(Strict):
    """notices.yaml."""

    audiences: tuple[Audience, ...]
    stages: tuple[Stage, ...]


class TemplateFact(Strict):
    """A fact a template needs, and the question to ask when nobody has it yet."""

    name: Key
    ask: Text
    required: bool = True


class TemplateHead(Strict):
    """The front matter of a notice template."""

    audience: Key
    stage: Key
    title: Text
    facts: tuple[TemplateFact, ...]


class BlamelessRule(Strict):
    """Words that look for a culprit instead of a cause, and what to write instead."""

    id: Slug
    words: tuple[Text, ...] = Field(default=(), description="Whole words or phrases, in any case.")
    mentions: bool = Field(default=False, description="Mentions of people count as well.")
    why: Text
    suggest: Text


class BlamelessFile(Strict):
    """blameless.yaml."""

    rules: tuple[BlamelessRule, ...]


class RolesFile(Strict):
    """roles.yaml."""

    roles: tuple[Role, ...]


class FamiliesFile(Strict):
    """families.yaml."""

    families: tuple[Family, ...]


class LadderFile(Strict):
    """ladder.yaml."""

    rungs: tuple[LadderRung, ...]


class EvidenceFile(Strict):
    """evidence.yaml."""

    evidence: tuple[EvidenceKind, ...]


class FactsFile(Strict):
    """facts.yaml."""

    facts: tuple[FactKind, ...]


class PermissionsFile(Strict):
    """permissions.yaml."""

    permissions: tuple[Permission, ...]


class RetentionRule(Strict):
    """How long private values of some closed incidents are kept; the first rule that fits counts."""

    id: Key
    kind: Literal["real", "drill", "any"] = "any"
    private: bool | None = None
    keep_days: int = Field(
        ge=1, le=36_500,
        description="Days after the end; an incident that is open is never touched.",
    )  # fmt: skip


class RetentionRules(Strict):
    """retention.yaml."""

    retention: tuple[RetentionRule, ...]
