"""Composing an incident's playbook again: pin what it runs with, put the difference on the record."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select

from bot.effects import kinds
from bot.effects.store import Claimed
from bot.incident import queries
from bot.playbook import approvals, by_itself, reminders
from bot.playbook.compose import compose, diff
from bot.playbook.module import Module
from bot.playbook.plan import Changes, Composition, IncidentFacts, StepPlan
from bot.playbook.steps import LIVE, of_incident
from bot.playbook.values import Severity, Tempo
from bot.record import catalogue as c
from bot.record.tx import Tx
from bot.timing import rfc3339
from db.tables import ContentRow, ExitCriterion, Incident, Step

#: A step that appears when its time is already past gets this long, not a time in the past.
GRACE = timedelta(minutes=10)


def ask_again(incident: int, n: int) -> kinds.Effect:
    """Stored whenever something changed that the playbook depends on; ``n`` is the entry's number."""
    return kinds.house("compose", incident, key=f"compose:{incident}:{n}")


def compose_task(tx: Tx, effect: Claimed) -> None:
    """The stored wish to compose: after opening, a new severity, new facts, containment."""
    assert effect.incident is not None
    recompose(tx, queries.get(tx.session, effect.incident))


def learn(tx: Tx, incident: Incident, facts: Mapping[str, Any]) -> None:
    """Put facts that conditions ask for on the record (None: unknown again) and compose again."""
    news = {name: value for name, value in facts.items() if incident.facts.get(name) != value}
    if not news:
        return
    entry = tx.append(c.FactsSet(facts=news), incident.number)
    assert entry.n is not None
    tx.effect(ask_again(incident.number, entry.n))


def facts_of(incident: Incident) -> IncidentFacts:
    """What is known of the incident, for conditions."""
    fired = incident.answers.get("rules", [])
    assessed = incident.severity is not None
    return IncidentFacts(
        families=tuple(incident.families),
        severity=Severity(incident.severity) if incident.severity else None,
        tempo=Tempo(incident.tempo) if assessed else None,
        known=incident.facts,
        floors=frozenset(rule["id"] for rule in fired if rule["id"].startswith("F")),
        drill=incident.kind == "drill",
    )


def recompose(tx: Tx, incident: Incident) -> bool:
    """Compose for what is known now. Finished steps stay; says whether anything changed."""
    content = tx.env.content
    found = compose(content, facts_of(incident), _pinned(tx, incident))
    rows = {row.key: row for row in of_incident(tx.session, incident.number)}
    states = {key: row.state for key, row in rows.items() if row.state != "not_required"}
    entry = _Entry(tx, incident, found, diff(states, found), rows).entry()
    if entry is None:
        return False
    _pin(tx, found)
    first = not incident.modules
    recorded = tx.append(entry, incident.number)
    assert recorded.n is not None
    _void_changed(tx, incident, entry)
    reminders.schedule(tx, incident, recorded.n, [*entry.added, *entry.changed])
    if not first and (entry.added or entry.not_required):
        tx.effect(
            kinds.say(
                incident.number, f"composed:{recorded.n}", "playbook_changed",
                added=[plan["number"] for plan in entry.added], gone=len(entry.not_required),
            )
        )  # fmt: skip
    by_itself.look_back(tx, incident, [plan["key"] for plan in entry.added])
    tx.refresh_card(incident.number)
    return True


@dataclass(slots=True)
class _Entry:
    """The entry that turns the steps an incident has into those it needs."""

    tx: Tx
    incident: Incident
    found: Composition
    changes: Changes
    rows: dict[str, Step]

    def entry(self) -> c.PlaybookComposed | None:
        """None when nothing changes."""
        number = max((row.number for row in self.rows.values()), default=0)
        added = []
        for plan in self.changes.added:
            row = self.rows.get(plan.key)
            number += row is None
            added.append(self.full(plan, row, row.number if row else number))
        entry = c.PlaybookComposed(
            modules=[module.model_dump(mode="json") for module in self.found.modules],
            added=added,
            changed=self.changed(),
            kept=[plan.key for plan in self.changes.kept],
            order=[plan.key for plan in self.found.steps],
            not_required=[
                {"key": gone.key, "why": gone.reason}
                for gone in self.changes.no_longer_required
            ],
            criteria=[item.model_dump(mode="json") for item in self.found.exit_criteria],
            why=[f"{one.module}: {one.why}" for one in self.found.explanations],
            rules={
                name: sha for name, sha in self.tx.env.content.versions.items()
                if name.endswith(".yaml")
            },
        )  # fmt: skip
        return entry if self.news(entry) else None

    def changed(self) -> list[dict[str, Any]]:
        kept = [(plan, self.rows[plan.key]) for plan in self.changes.kept]
        plans = [(self.full(plan, row, row.number), row) for plan, row in kept if row.state in LIVE]
        return [plan for plan, row in plans if plan != row.plan]

    def full(self, plan: StepPlan, row: Step | None, number: int) -> dict[str, Any]:
        due = due_at(self.incident, plan, row, self.tx.now)
        return {
            **plan.model_dump(mode="json"),
            "number": number,
            "due_at": rfc3339(due) if due else None,
        }

    def news(self, entry: c.PlaybookComposed) -> bool:
        if entry.added or entry.changed or entry.not_required:
            return True
        wanted = {plan["key"] for plan in entry.criteria}
        return entry.modules != self.incident.modules or wanted != self.known_criteria(wanted)

    def known_criteria(self, wanted: set[str]) -> set[str]:
        """Criteria that count now; those settled before stay, whether or not they are wanted."""
        statement = select(ExitCriterion).where(
            ExitCriterion.incident == self.incident.number,  # type: ignore[arg-type]
            ExitCriterion.state != "not_required",  # type: ignore[arg-type]
        )
        rows = self.tx.session.execute(statement).scalars()
        return {row.key for row in rows if row.state == "open" or row.key in wanted}


def due_at(incident: Incident, plan: StepPlan, row: Step | None, now: datetime) -> datetime | None:
    """When the step is due; None while what it counts from has not happened."""
    since = {
        "declared": incident.opened_at,
        "contained": incident.contained_at,
        "resolved": incident.resolved_at,
    }[plan.due_after]
    if since is None or plan.due_minutes is None:
        return None
    due = since + timedelta(minutes=plan.due_minutes)
    if due > now:
        return due
    soon = now + min(GRACE, timedelta(minutes=plan.due_minutes))
    return min(row.due_at, soon) if row is not None and row.due_at is not None else soon


def _pinned(tx: Tx, incident: Incident) -> dict[str, tuple[Module, str]]:
    """The modules that the incident runs with, as they were."""
    content = tx.env.content
    out = {}
    for module in incident.modules:
        sha = module["sha256"]
        if content.hashes.get(module["id"]) == sha:
            continue  # the library still has exactly this one
        row = tx.session.get(ContentRow, sha)
        if row is not None:
            out[module["id"]] = (Module.model_validate(row.body), sha)
    return out


def _pin(tx: Tx, found: Composition) -> None:
    """Keep each module under its hash, once: what an incident ran with can always be read again."""
    import json

    content = tx.env.content
    for module in found.modules:
        if content.hashes.get(module.id) != module.sha256:
            continue
        if tx.session.get(ContentRow, module.sha256) is None:
            body = json.loads(content.canonicals[module.id])
            tx.session.add(
                ContentRow(
                    sha256=module.sha256, kind="module", name=module.id, version=module.version,
                    body=body,
                )
            )  # fmt: skip


def _void_changed(tx: Tx, incident: Incident, entry: c.PlaybookComposed) -> None:
    """A waiting request is bound to the rule it was asked under."""
    plans = {plan["key"]: plan for plan in entry.changed}
    gone = {one["key"] for one in entry.not_required}
    for row in approvals.waiting(tx.session, incident.number):
        if row.subject != "step":
            continue
        plan = plans.get(row.subject_key)
        if row.subject_key in gone:
            approvals.void(tx, incident, row.number, "The step is no longer required.")
        elif plan is not None and plan["approval"] != row.rule:
            approvals.void(tx, incident, row.number, "Other people must approve it now. Ask again.")
