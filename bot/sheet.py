"""One incident on one sheet: what the card shows in Slack, for doors that have no Slack.

Read in one go; the texts in it are untrusted and unescaped. Mentions are words already.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlmodel import Session

from bot.comms import queries as notice_queries
from bot.effects import store
from bot.effects.names import in_words
from bot.incident import queries
from bot.incident.names import parse_ref, ref
from bot.playbook import asked, criteria, step_approval, steps, walk
from bot.record import read, timeline
from bot.record.batch import Env
from db.tables import Approval, ExitCriterion, Incident, Notice, Step

LINES = 40
MOST_NAMED = 4
_NEVER = datetime.max.replace(tzinfo=UTC)
_PERSON = re.compile(r"<@([UW][A-Z0-9]+)(?:\|[^>]*)?>")


@dataclass(frozen=True, slots=True)
class Keep:
    """Evidence that a step asks for: its id, what it is, how to keep it."""

    id: str
    title: str
    how: str
    must: bool


@dataclass(frozen=True, slots=True)
class StepView:
    """One step: what, whose, by when, and what has to come with «done»."""

    number: int
    key: str
    title: str
    state: str
    who: str
    due_at: datetime | None
    late: bool
    #: For after containment or the end, and that has not come.
    later: bool
    offered: bool
    reason: str
    #: What to do about the yes that it takes; empty when it takes none, or has it.
    approval: str
    how: tuple[str, ...]
    first: tuple[str, ...]
    keep: tuple[Keep, ...]
    options: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Waiting:
    """An approval that waits for a yes, or for a confirmation afterwards."""

    number: int
    title: str
    by: str
    waits_for: str
    ratify: bool


@dataclass(frozen=True, slots=True)
class CriterionView:
    """One exit criterion: how it is judged and by whom, and what was said of it."""

    number: int
    title: str
    state: str
    how: str
    #: The measure that must be reached, in words; empty when there is none.
    measure: str
    #: Who confirms it; while it is open.
    who: str
    #: The evidence, or the reason, and who gave it; empty while it is open.
    said: str
    by: str


@dataclass(frozen=True, slots=True)
class Sheet:
    """An incident as it stands."""

    number: int
    ref: str
    title: str
    drill: bool
    private: bool
    status: str
    severity: str
    tempo: str
    summary: str
    opened_at: datetime
    opened_by: str
    channel: str
    next_update_at: datetime | None
    roles: tuple[tuple[str, str], ...]
    steps: tuple[StepView, ...]
    settled: tuple[int, int]
    notices: tuple[Notice, ...]
    approvals: tuple[Waiting, ...]
    troubles: tuple[str, ...]
    lines: tuple[timeline.Line, ...]

    @property
    def open_steps(self) -> list[StepView]:
        """What has to be done, in the order of Slack; what is only on offer is left out."""
        found = [each for each in self.steps if each.state in steps.LIVE and not each.offered]
        return sorted(found, key=lambda each: (each.later, each.due_at or _NEVER))


def words(text: str) -> str:
    """Our own sentences, written for Slack, as they read at a command line or on a page."""
    return people(text).replace("`/incident ", "`steadyhand incident ")


def people(text: str) -> str:
    """Mentions as they read outside Slack."""
    return _PERSON.sub(r"@\1", text)


def who(person: str | None) -> str:
    """Somebody's name in a line of text."""
    if not person:
        return "nobody"
    return "the bot" if person == "system" else f"@{person}" if person[:1] in "UW" else person


def find(session: Session, name: str, person: str) -> Incident:
    """The incident that ``INC-3`` or ``3`` means, if the person may know of it. Raises ``NotFound``."""
    return queries.find(session, parse_ref(name), person, name)


def read_sheet(
    session: Session, incident: Incident, env: Env, now: datetime, lines: int = LINES
) -> Sheet:
    """Everything about one incident; of the record the last ``lines`` lines."""
    number = incident.number
    return Sheet(
        number=number, ref=ref(number), title=incident.title, drill=incident.kind == "drill",
        private=incident.private, status=queries.status(incident),
        severity=incident.severity or "not assessed", tempo=incident.tempo,
        summary=incident.summary, opened_at=incident.opened_at, opened_by=who(incident.opened_by),
        channel=f"#{incident.channel_name}" if incident.channel_id else "",
        next_update_at=incident.next_update_at, roles=_roles(session, number, env),
        steps=tuple(step_view(session, row, env, now) for row in _rows(session, number)),
        settled=criteria.progress(session, number),
        notices=tuple(notice_queries.notices(session, number)),
        approvals=approvals_of(session, number, env),
        troubles=_troubles(session, number), lines=tuple(last_lines(session, number, lines, env)),
    )  # fmt: skip


def _rows(session: Session, number: int) -> list[Step]:
    rows = steps.of_incident(session, number)
    return [row for row in rows if row.state != "not_required"]


def step_view(session: Session, row: Step, env: Env, now: datetime) -> StepView:
    """One step."""
    plan = steps.plan_of(row)
    held = steps.holders(session, row.incident)
    owner = row.owner or held.get(row.role)
    wanted = walk.evidence_wanted(env.content, plan)
    live = row.state in steps.LIVE
    incident = queries.get(session, row.incident)
    return StepView(
        number=row.number, key=row.key, title=row.title, state=row.state,
        who=who(owner) if owner else f"{_title(env, row.role)} (nobody yet)",
        due_at=row.due_at if live else None,
        late=live and (row.overdue or (row.due_at is not None and row.due_at <= now)),
        later=live and steps.waits_for(row, incident) is not None,
        offered=steps.offered(row), reason=row.reason or "",
        approval=_approval(session, row) if live else "", how=tuple(plan.how),
        first=tuple(steps.describe(one) for one in steps.unmet(session, row)) if live else (),
        keep=tuple(Keep(one.kind.id, one.kind.title, one.kind.keep, one.must) for one in wanted),
        options=tuple((option.id, option.label) for option in plan.options),
    )  # fmt: skip


def _approval(session: Session, row: Step) -> str:
    if step_approval.asked_of(steps.plan_of(row)) is None or step_approval.approved(session, row):
        return ""
    last = asked.latest(session, row.incident, "step", row.key)
    if last is not None and last.state == "waiting":
        return f"Approval {last.number} is awaited."
    name = f"{ref(row.incident)} {row.number}"
    return f'Needs approval: steadyhand incident approvals ask {name} --what "…"'


def approvals_of(session: Session, number: int, env: Env) -> tuple[Waiting, ...]:
    """What waits for somebody's yes, oldest first; then what waits for a confirmation."""
    out = []
    for row in asked.waiting(session, number):
        missing = asked.rule_of(row).missing(asked.said_yes(row))
        groups = [_people(session, number, group, env) for group in missing]
        waits_for = " and ".join(groups) or "one more person"
        out.append(_waiting(row, waits_for + _said_yes(row), ratify=False))
    for row, role in asked.unratified(session, number):
        out.append(_waiting(row, _people(session, number, [role], env), ratify=True))
    return tuple(out)


def _said_yes(row: Approval) -> str:
    """Who said yes so far, and since when whoever took their role alone has it."""
    yes = [f"{who(one['by'])}{timeline.by_themselves(one.get('came', ()))}" for one in row.given]
    return f"; said yes: {', '.join(yes)}" if yes else ""


#: What an approval is about, by the names of its details.
_DETAILS = (
    ("what", "What"), ("why", "Why"), ("rung", "Rung"), ("expected", "Effect"),
    ("side_effects", "Side effects"), ("rollback", "Way back"), ("from", "Severity now"),
    ("to", "Severity then"), ("reason", "Why"), ("evidence", "Evidence"),
)  # fmt: skip


def approval_parts(row: Approval) -> tuple[tuple[str, str], ...]:
    """Everything that a yes to it is about, part by part."""
    details = row.details or {}
    said = [(label, str(details[key])) for key, label in _DETAILS if details.get(key)]
    return (("Asked by", who(row.asked_by)), *said)


def criteria_of(session: Session, number: int, env: Env) -> tuple[CriterionView, ...]:
    """The exit criteria, numbered as ``criteria.search`` finds them."""
    rows = criteria.of_incident(session, number)
    return tuple(_criterion(session, at, row, env) for at, row in enumerate(rows, 1))


def _criterion(session: Session, at: int, row: ExitCriterion, env: Env) -> CriterionView:
    plan, settled = criteria.plan_of(row), row.state != "open"
    role = criteria.approver_of(session, row.incident, row, env.content.commander.id)
    by = _people(session, row.incident, [role], env)
    if role != plan.approver:
        by = f"{_title(env, plan.approver)}: nobody yet; {by} stands in"
    return CriterionView(
        number=at, title=row.title, state=row.state, how=plan.how, measure=criteria.gate(plan),
        who="" if settled else by, said=row.evidence or "" if settled else "",
        by=who(row.changed_by) if settled else "",
    )  # fmt: skip


def _waiting(row: Approval, waits_for: str, *, ratify: bool) -> Waiting:
    wanted = waits_for + (" to confirm it" if ratify else "")
    return Waiting(row.number, row.title, who(row.asked_by), wanted, ratify)


def _people(session: Session, number: int, roles: Iterable[str], env: Env) -> str:
    named = [
        f"{_title(env, role)} ({who(queries.holder_of(session, number, role))})" for role in roles
    ]
    if len(named) > MOST_NAMED:  # a rule may name every role of other functions
        named = [one for one in named if not one.endswith("(nobody)")] or named[:MOST_NAMED]
    return " or ".join(named)


def _roles(session: Session, number: int, env: Env) -> tuple[tuple[str, str], ...]:
    return tuple(
        (_title(env, row.role), who(row.holder) + (" (asked)" if row.state == "offered" else ""))
        for row in queries.roles(session, number)
    )


def _title(env: Env, role: str) -> str:
    found = env.content.roles.get(role)
    return str(found.title) if found is not None else role


def _troubles(session: Session, number: int) -> tuple[str, ...]:
    return tuple(
        f"{in_words(row.kind)} {'did not happen' if row.state == 'failed' else 'waits'}: {row.error}"
        for row in store.troubles(session, number)
    )


def last_lines(session: Session, number: int, most: int, env: Env) -> list[timeline.Line]:
    """The last lines of the timeline, oldest first, without those about the machinery."""
    found = timeline.lines(read.latest(session, number, most * 3), env.content.role_titles)
    return [each for each in found if each.kind not in timeline.QUIET][-most:]
