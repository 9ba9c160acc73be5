"""Steps that are done by what is on the record anyway: nobody has to say it a second time.

Content names the entries by which a step turns out to be done (``done_by``). When such an entry is
appended, or when a step is composed after it, the step is completed in the same transaction by an
entry that points at it. Nothing is done this way before its approval, its evidence and the steps
before it are there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from sqlalchemy import select
from sqlmodel import Session, col

from bot.incident.queries import roles
from bot.playbook.load import Content
from bot.playbook.module import DoneBy
from bot.playbook.plan import StepPlan
from bot.playbook.step_approval import approved, asked_of
from bot.playbook.steps import LIVE, plan_of, unmet
from bot.playbook.values import Severity
from bot.record import catalogue as c
from bot.record.batch import Follower
from bot.record.entry import Recorded
from bot.record.read import entries
from bot.record.tx import Tx
from db.tables import Incident, Notice, RecordItem, Step

#: Steps that were done before the one that replaces them was composed: looked back at, never waited
#: for. Every step ends in such an entry.
_LOOKED_BACK_AT = frozenset({c.StepDone.kind})
#: What was seen, in words; people's own words stay in the entry that is pointed at.
_DEEDS = {
    c.SeveritySet.kind: "severity set", c.RoleAccepted.kind: "role accepted",
    c.RoleHandedOver.kind: "role handed over", c.UpdatePosted.kind: "update posted",
    c.NoticeDrafted.kind: "notice drafted", c.NoticePublished.kind: "notice published",
    c.DecisionMade.kind: "decision recorded", c.EvidenceAdded.kind: "evidence added",
    c.EvidenceFrozen.kind: "evidence frozen", c.FactsSet.kind: "answered elsewhere",
    c.PostmortemReviewed.kind: "postmortem reviewed", c.StepDone.kind: "answered before",
}  # fmt: skip


def followers(content: Content) -> dict[str, Follower]:
    """The entries that some step waits for, each with what follows from it."""
    named = {
        one.entry for module in content.modules.values() for step in module.steps
        for one in step.done_by
    }  # fmt: skip
    return dict.fromkeys(sorted(named - _LOOKED_BACK_AT), follow)


def follow(tx: Tx, recorded: Recorded) -> None:
    """Complete the open steps that this entry shows to be done."""
    incident = tx.session.get(Incident, recorded.incident) if recorded.incident else None
    if incident is None or incident.status == "closed":
        return
    seen = _Seen(tx, incident)
    for row in _waiting(tx.session, incident.number, recorded.entry.kind):
        seen.look(row, [recorded])


def look_back(tx: Tx, incident: Incident, keys: Iterable[str]) -> None:
    """Complete new steps by what was on the record before they were composed."""
    found = (tx.session.get(Step, (incident.number, key)) for key in keys)
    rows = [row for row in found if row is not None and row.plan.get("done_by")]
    if not rows:
        return
    tx.batch.flush()  # what this transaction appended is part of what happened
    kinds = {one["entry"] for row in rows for one in row.plan["done_by"]}
    before = list(entries(tx.session, incident.number, kinds=kinds))
    seen = _Seen(tx, incident)
    for row in rows:
        seen.look(row, before)


def _waiting(session: Session, incident: int, kind: str) -> list[Step]:
    """Steps that name this kind: live ones, and answered ones whose facts may have changed."""
    states = (*LIVE, "done") if kind == c.FactsSet.kind else LIVE
    statement = (
        select(Step)
        .where(col(Step.incident) == incident, col(Step.state).in_(states))
        .order_by(col(Step.position), col(Step.number))
    )
    rows = session.execute(statement).scalars()
    return [row for row in rows if any(kind == one["entry"] for one in row.plan.get("done_by", ()))]


class _Seen:
    """Looks at steps in the light of entries."""

    def __init__(self, tx: Tx, incident: Incident) -> None:
        self.tx, self.incident = tx, incident

    def look(self, row: Step, before: list[Recorded]) -> None:
        """Complete the step by the last of the entries that shows it to be done."""
        plan = plan_of(row)
        for recorded in reversed(before):
            for rule in plan.done_by:
                fits = rule.entry == recorded.entry.kind and self.fits(rule, recorded)
                if fits and self.complete(row, plan, rule, recorded):
                    return

    def fits(self, rule: DoneBy, recorded: Recorded) -> bool:
        return all(
            _is(self.value(name, recorded), wanted) for name, wanted in rule.where.items()
        )  # fmt: skip

    def value(self, name: str, recorded: Recorded) -> Any:
        found = _VALUES.get(name)
        if found is not None and not hasattr(recorded.entry, name):
            return found(self.tx, self.incident, recorded)
        return getattr(recorded.entry, name, None)

    def complete(self, row: Step, plan: StepPlan, rule: DoneBy, recorded: Recorded) -> bool:
        """Append the entry; False when something that the step needs is not there."""
        session = self.tx.session
        outcome = rule.outcome or self.answer(plan)
        settled = row.state == "done" and row.outcome == outcome
        if settled or (bool(plan.options) != bool(outcome)) or unmet(session, row):
            return False
        if asked_of(plan) is not None and approved(session, row) is None:
            return False
        evidence = self.evidence(row, plan, rule, recorded)
        if evidence is None:
            return False
        deed = _DEEDS.get(rule.entry, rule.entry.replace(".", " ").replace("_", " "))
        self.tx.append(
            c.StepDone(
                key=row.key, title=row.title, outcome=outcome, by_entry=recorded.n,
                evidence=evidence, comment=f"by itself: {deed}",
            ),
            self.incident.number,
        )  # fmt: skip
        self.tx.refresh_card(self.incident.number)
        return True

    def answer(self, plan: StepPlan) -> str | None:
        """The option of a decision whose facts are all known and as it says."""
        facts: Mapping[str, Any] = self.incident.facts
        for option in plan.options:
            sets = option.sets.items()
            if sets and all(value is not None and facts.get(name) == value for name, value in sets):
                return option.id
        return None

    def evidence(
        self, row: Step, plan: StepPlan, rule: DoneBy, recorded: Recorded
    ) -> dict[str, str] | None:
        """Where each demanded piece is; None while one is missing."""
        found = dict(row.evidence)
        missing = [key for key in plan.evidence if key not in found]
        found |= {key: f"entry {recorded.n}" for key in missing if key in rule.gives}
        missing = [key for key in missing if key not in found]
        if missing:
            found |= self.on_record(missing)
        return None if any(key not in found for key in missing) else found

    def on_record(self, wanted: list[str]) -> dict[str, str]:
        statement = select(RecordItem).where(
            col(RecordItem.incident) == self.incident.number, col(RecordItem.kind) == "evidence",
            col(RecordItem.withdrawn).is_(False),
        )  # fmt: skip
        rows = self.tx.session.execute(statement).scalars()
        kinds = ((row.details.get("evidence_kind"), row.n) for row in rows)
        return {str(kind): f"entry {n}" for kind, n in kinds if kind in wanted}


def _is(found: Any, wanted: Any) -> bool:
    if isinstance(wanted, tuple):
        return any(_is(found, one) for one in wanted)
    if isinstance(wanted, str):
        return found is not None and str(found) == wanted
    return bool(found is wanted)


def _notice(tx: Tx, incident: Incident, recorded: Recorded) -> Notice | None:
    return tx.session.get(Notice, (incident.number, recorded.entry.number))


def _audience(tx: Tx, incident: Incident, recorded: Recorded) -> str | None:
    row = _notice(tx, incident, recorded)
    return row.audience if row is not None else None


def _stage(tx: Tx, incident: Incident, recorded: Recorded) -> str | None:
    row = _notice(tx, incident, recorded)
    return row.stage if row is not None else None


def _roles_filled(tx: Tx, incident: Incident, recorded: Recorded) -> bool:
    """Whether every role that the severity asks for has somebody; no severity, not yet."""
    if incident.severity is None:
        return False
    known = [family for family in incident.families if family in tx.env.content.families]
    wanted = tx.env.content.roles_for(Severity(incident.severity), known)
    held = {row.role for row in roles(tx.session, incident.number) if row.state == "accepted"}
    return held.issuperset(wanted)


_VALUES: dict[str, Callable[[Tx, Incident, Recorded], Any]] = {
    "by_role": lambda tx, incident, recorded: recorded.role,
    "audience": _audience,
    "stage": _stage,
    "roles_filled": _roles_filled,
}
