"""From the record to the document. Reads, decides nothing, changes nothing.

The same record gives the same document: nothing here looks at the clock, and exports (which add
an entry about themselves) are not counted.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlmodel import Session, col

from bot.action.queries import of_incident as actions_of
from bot.errors import NotFound
from bot.incident.names import ref
from bot.playbook.load import Content
from bot.postmortem import impact
from bot.postmortem import model as m
from bot.postmortem.lines import Titles, lines
from bot.postmortem.people import People
from bot.postmortem.sections import SECTIONS
from bot.record import catalogue as c
from bot.record import timeline
from bot.record.entry import Entry, Recorded
from bot.record.read import entries
from bot.timing import from_rfc3339
from db.tables import (
    Approval,
    EntryRow,
    ExitCriterion,
    Incident,
    Notice,
    Postmortem,
    RecordItem,
    Step,
)

#: Step states that the document shows; a step that was never required is left out.
_SHOWN_STEPS = ("done", "not_needed", "blocked", "open")
#: Steps of this phase go on after the review (the review is one of them) and are no part of it.
_AFTERWARDS = "learn"


def build(session: Session, incident: Incident, content: Content) -> m.Document:
    """The document of an incident as its record stands. Raises ``NotFound`` without any entry."""
    return _Build(session, incident, content).document()


class _Build:
    """One run: what was read, and one method for each part."""

    def __init__(self, session: Session, incident: Incident, content: Content) -> None:
        self.session, self.incident, self.content = session, incident, content
        self.entries = [
            each
            for each in entries(session, incident.number)
            if each.entry.kind != c.DocumentExported.kind
        ]
        if not self.entries:
            raise NotFound(f"{ref(incident.number)} has no entries.")
        self.by_n = {each.n: each for each in self.entries}
        self.people = People(self.entries, content)
        self.clean = self.people.clean
        self.items = {row.n: row for row in self._rows(RecordItem, RecordItem.n)}
        self.steps: list[Step] = self._rows(Step, Step.position)
        self.criteria: list[ExitCriterion] = self._rows(ExitCriterion, ExitCriterion.key)
        self.approvals: list[Approval] = self._rows(Approval, Approval.number)
        self.written = session.get(Postmortem, incident.number)

    def _rows(self, table: Any, order: Any) -> list[Any]:
        statement = select(table).where(table.incident == self.incident.number)
        return list(self.session.execute(statement.order_by(col(order))).scalars())

    def document(self) -> m.Document:
        row = self.incident
        made = m.Document(
            ref=ref(row.number), number=row.number, drill=row.kind == "drill",
            title=self.clean(row.title), status=row.status, closed_at=row.closed_at, severity=row.severity or "",
            severity_rules=self._rules(), severity_history=self._severities(), tempo=row.tempo,
            families=self._families(), milestones=self._milestones(), written=self._sections(),
            impact=impact.known(self.entries, self.items.values(), content_of=self.content, clean=self.clean),
            factors=self._factors(),
            timeline=lines(self._response(), self.items, self.people, self._titles()),
            decisions=self._decisions(), hypotheses=self._hypotheses(), steps=self._steps(),
            approvals=self._approvals(), notices=self._notices(), criteria=self._criteria(),
            actions=self._actions(), modules=self._modules(),
            review=m.Review(state="draft"), proof=self._proof(),
        )  # fmt: skip
        digest = m.digest(made)
        proof = made.proof.model_copy(update={"digest": digest})
        return made.model_copy(update={"proof": proof, "review": self._review(digest)})

    # --- head ----------------------------------------------------------------------------------

    def _rules(self) -> tuple[m.FiredRule, ...]:
        found = self.incident.answers.get("rules", [])
        return tuple(m.FiredRule(id=one["id"], why=one["why"]) for one in found)

    def _severities(self) -> tuple[m.SeverityChange, ...]:
        return tuple(
            m.SeverityChange(
                n=e.n or 0, at=e.effective_at, severity=e.entry.severity,
                role=self.people.named(e.actor, e.role), overridden=e.entry.overridden,
                reason=self.clean(e.entry.reason),
            )
            for e in self._of(c.SeveritySet)
        )  # fmt: skip

    def _families(self) -> tuple[str, ...]:
        known = self.content.families
        return tuple(known[one].name if one in known else one for one in self.incident.families)

    def _of(self, *kinds: type[Entry]) -> list[Recorded]:
        return [each for each in self.entries if isinstance(each.entry, kinds)]

    def _milestones(self) -> tuple[m.Milestone, ...]:
        row = self.incident
        first = next(iter(self._of(c.UpdatePosted)), None)
        times: dict[str, datetime | None] = {
            "detected": self._detected(), "opened": row.opened_at,
            "first_update": first.at if first is not None else None,
            "contained": row.contained_at, "resolved": row.resolved_at,
        }  # fmt: skip
        return tuple(_milestone(key, times) for key in times)

    def _detected(self) -> datetime:
        """When somebody saw it: the message that it was opened from, else the opening itself."""
        seen = [
            from_rfc3339(e.entry.posted_at)
            for e in self._of(c.MessageCaptured)
            if e.entry.how == "opened_from"
        ]
        return min([*seen, self.incident.opened_at])

    def _response(self) -> list[Recorded]:
        """Entries without what came after the response: its last steps, troubles of the machinery."""
        end = self.incident.resolved_at
        later = {row.key for row in self.steps if row.phase == _AFTERWARDS}
        return [
            e for e in self.entries
            if (end is None or e.at <= end or e.entry.kind != c.EffectFailed.kind)
            and not (e.entry.kind.startswith("step") and later.issuperset(_keys(e.entry)))
        ]  # fmt: skip

    # --- what people wrote ----------------------------------------------------------------------

    def _sections(self) -> tuple[m.Written, ...]:
        texts = self.written.sections if self.written is not None else {}
        out = []
        for section in SECTIONS:
            text = texts.get(section.key, {}).get("text", "")
            if not text and section.key == "summary":
                text = self.incident.summary
            out.append(m.Written(key=section.key, title=section.title, text=self.clean(text)))
        return tuple(out)

    def _factors(self) -> tuple[m.Factor, ...]:
        found = self.written.factors if self.written is not None else []
        return tuple(
            m.Factor(
                number=one["number"], text=self.clean(one["text"]), entries=tuple(one["entries"])
            )
            for one in found
        )

    def _review(self, digest: str) -> m.Review:
        row = self.written
        if row is None:
            return m.Review(state="not begun")
        if row.state != "reviewed":
            return m.Review(state="draft")
        same = row.reviewed_sha256 == digest
        return m.Review(
            state="reviewed" if same else "changed since review",
            role=self.people.named(row.reviewed_by, row.reviewed_role), at=row.reviewed_at,
            sha256=row.reviewed_sha256, comment=self.clean(row.review_comment),
        )  # fmt: skip

    # --- the record -----------------------------------------------------------------------------

    def _titles(self) -> Titles:
        outcomes = {
            (row.key, option["id"]): option["label"]
            for row in self.steps
            for option in row.plan.get("options") or ()
        }
        return Titles(
            steps={row.key: row.title for row in self.steps},
            criteria={row.key: row.title for row in self.criteria},
            audiences={key: one.title for key, one in self.content.audiences.items()},
            outcomes=outcomes,
        )

    def _author(self, n: int) -> str:
        """Whoever put entry ``n`` on the record, in the role of that moment."""
        entry = self.by_n.get(n)
        return self.people.named(entry.actor, entry.role) if entry is not None else "unknown"

    def _decisions(self) -> tuple[m.Decision, ...]:
        rows = [row for row in self.items.values() if row.kind == "decision"]
        return tuple(self._decision(row) for row in rows)

    def _decision(self, row: RecordItem) -> m.Decision:
        said = row.details
        decider = said.get("decider")
        entered = self._author(row.n)
        return m.Decision(
            n=row.n, at=row.at, topic=said.get("topic", ""),
            role=self.people.named(decider, said.get("decider_role")) if decider else entered,
            entered_by=entered if decider else "",
            statement=self.clean(row.text),
            options=tuple(self._option(one) for one in said.get("options", [])),
            chosen=self.clean(said.get("chosen", "")),
            rationale=self.clean(said.get("rationale", "")), facts=tuple(said.get("facts", [])),
            hypothesis=said.get("hypothesis"), confidence=said.get("confidence", ""),
            reversibility=said.get("reversibility", "unknown"),
            rollback=self.clean(said.get("rollback", "")), approved_by=self._approvers(row),
            affected_groups=self.clean(said.get("affected_groups", "")),
            dissent=tuple(self.clean(one) for one in said.get("dissent", [])),
            review_at=_when(said.get("review_at")), expires_at=_when(said.get("expires_at")),
            supersedes=said.get("supersedes"), withdrawn=row.withdrawn,
        )  # fmt: skip

    def _option(self, said: Mapping[str, Any]) -> m.Option:
        option = c.as_option(said)
        return m.Option(
            label=self.clean(option["label"]),
            harm_reduction=self.clean(option["harm_reduction"]),
            side_effects=self.clean(option["side_effects"]),
        )

    def _approvers(self, row: RecordItem) -> tuple[str, ...]:
        """Roles that approved it, or the step which it settled."""
        step = row.details.get("step")
        given = list(row.details.get("approved_as", ())) + [
            role
            for each in self.approvals
            if step and (each.subject, each.subject_key) == ("step", step)
            for one in each.given
            for role in one["roles"]
        ]
        return tuple(dict.fromkeys(self.people.title(role) for role in given))

    def _hypotheses(self) -> tuple[m.Hypothesis, ...]:
        return tuple(
            m.Hypothesis(
                n=row.n, at=row.at, role=self._author(row.n), text=self.clean(row.text),
                status="withdrawn" if row.withdrawn else row.status or "open",
                reason=self.clean(row.details.get("reason", "")),
                by=tuple(row.details.get("by", [])),
            )
            for row in self.items.values()
            if row.kind == "hypothesis"
        )  # fmt: skip

    def _steps(self) -> tuple[m.StepLine, ...]:
        titles = self._titles().outcomes
        return tuple(
            m.StepLine(
                number=row.number, key=row.key, title=row.title,
                role=self.people.title(row.role), state=row.state, at=row.changed_at,
                outcome=titles.get((row.key, row.outcome or ""), row.outcome or ""),
                reason=self.clean(row.reason), rung=row.rung or "", overdue=row.overdue,
            )
            for row in self.steps
            if row.state in _SHOWN_STEPS
            and row.phase != _AFTERWARDS
            and not (row.state == "open" and row.plan.get("offer"))
        )  # fmt: skip

    def _approvals(self) -> tuple[m.ApprovalLine, ...]:
        return tuple(
            m.ApprovalLine(
                number=row.number, title=self.clean(row.title), digest=row.digest, state=row.state,
                asked_by=self.people.named(row.asked_by), asked_at=row.asked_at,
                given=tuple(
                    ", ".join(map(self.people.title, one["roles"]))
                    + timeline.by_themselves(one.get("came", ()))
                    for one in row.given
                ),
                ratified=tuple(self.people.title(one["role"]) for one in row.ratified),
                comment=self.clean(row.comment),
            )
            for row in self.approvals
        )  # fmt: skip

    def _notices(self) -> tuple[m.NoticeLine, ...]:
        known, stages = self.content.audiences, self.content.stages
        rows = [row for row in self._rows(Notice, Notice.number) if row.published_at is not None]
        return tuple(
            m.NoticeLine(
                number=row.number,
                audience=known[row.audience].title if row.audience in known else row.audience,
                stage=stages[row.stage].title if row.stage in stages else row.stage,
                title=self.clean(row.title), at=row.published_at, digest=row.digest,
                corrects=row.corrects,
            )
            for row in rows
        )  # fmt: skip

    def _criteria(self) -> tuple[m.Criterion, ...]:
        return tuple(
            m.Criterion(
                key=row.key, title=row.title, state=row.state, text=self.clean(row.evidence),
                role=self.people.named(row.changed_by) if row.changed_by else "",
                at=row.changed_at,
            )
            for row in self.criteria
            if row.state != "not_required"
        )  # fmt: skip

    def _actions(self) -> tuple[m.Action, ...]:
        return tuple(
            m.Action(
                number=row.number, text=self.clean(row.text), kind=row.kind,
                owner=self.people.named(row.owner), due_at=row.due_at, state=row.state,
                overdue=row.overdue, proof_wanted=self.clean(row.proof_wanted),
                proof=self.clean(row.proof), reason=self.clean(row.reason),
                accepted_by=self.people.named(row.accepted_by, row.accepted_role)
                if row.accepted_by else "",
            )
            for row in actions_of(self.session, self.incident.number)
        )  # fmt: skip

    def _modules(self) -> tuple[m.Module, ...]:
        return tuple(
            m.Module(id=one["id"], version=one["version"], sha256=one["sha256"])
            for one in self.incident.modules
        )

    def _proof(self) -> m.Proof:
        last = self.entries[-1]
        row = self.session.get(EntryRow, last.seq)
        assert row is not None
        return m.Proof(
            entries=len(self.entries), seq=last.seq, head=row.hash, at=last.at, digest=""
        )


def _when(text: str | None) -> datetime | None:
    return from_rfc3339(text) if text else None


_MEASURES = {
    "detected": ("Detected", "", ""),
    "opened": ("Opened", "detected", "time to open"),
    "first_update": ("First update", "opened", "time to first update"),
    "contained": ("Contained", "opened", "time to contain"),
    "resolved": ("Resolved", "opened", "time to resolve"),
}


def _milestone(key: str, times: Mapping[str, datetime | None]) -> m.Milestone:
    title, since, measure = _MEASURES[key]
    at, start = times[key], times.get(since)
    took = int((at - start).total_seconds()) if at is not None and start is not None else None
    return m.Milestone(key=key, title=title, at=at, since=since, seconds=took, measure=measure)


def _keys(entry: Any) -> list[str]:
    """The steps that an entry is about."""
    keys: list[str] = getattr(entry, "keys", None) or [entry.key]
    return keys
