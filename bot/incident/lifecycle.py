"""The course of an incident after it was opened: contained, resolved, reopened, closed."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import func, select
from sqlmodel import Session

from bot.comms import queries as comms
from bot.effects import kinds
from bot.errors import BadInput, Conflict, NotReady
from bot.incident import queries
from bot.incident.names import ref
from bot.incident.queries import OPEN_STATUSES
from bot.incident.rights import denied, need_reason, people_of, require
from bot.playbook import approvals, criteria, steps
from bot.playbook.values import Severity
from bot.record import catalogue as c
from bot.record import freeze
from bot.record.batch import Env
from bot.record.entry import Recorded
from bot.record.tx import Tx
from db.tables import ActionItem, Approval, ExitCriterion, Incident, Postmortem, Step

NAMED = 6
FALSE_ALARM = "It was a false alarm."


@dataclass(frozen=True, slots=True)
class InTheWay:
    """What is still open when somebody wants to end the response."""

    criteria: list[ExitCriterion]
    steps: list[Step]
    unratified: list[Approval]

    def __bool__(self) -> bool:
        return bool(self.criteria or self.steps or self.unratified)

    def lines(self) -> list[str]:
        """One line each, exit criteria first."""
        return [
            *(f"Exit criterion: {row.title}" for row in self.criteria),
            *(f"{steps.describe(row)}" for row in self.steps),
            *(f"Approval {row.number} is not confirmed: {row.title}" for row in self.unratified),
        ]


def contain(tx: Tx, incident: Incident, statement: str, rung: str | None = None) -> None:
    """State that the harm no longer spreads, and how that is known.

    ``rung``: the containment rung that stopped it. Raises ``NotReady`` when it destroys evidence and
    there never was a freeze for it, nor a decision to go without.
    """
    require(tx, "contain", incident)
    if incident.status == "contained":
        raise Conflict(f"{ref(incident.number)} is contained already.")
    _open(incident)
    statement = statement.strip()
    if not statement:
        raise BadInput(
            "Say what stopped it and how you know.",
            instead="`/incident contain Tool switched off, no new cases for 15 minutes`",
            field="statement",
        )
    _frozen(tx, incident, rung)
    entry = tx.append(c.IncidentContained(statement=statement, rung=rung), incident.number)
    _follow(tx, incident, entry, "incident_contained")


def _frozen(tx: Tx, incident: Incident, rung: str | None) -> None:
    if rung is not None and rung not in tx.env.content.ladder:
        raise BadInput(f"There is no rung {rung}.", instead="C0 to C9.", field="rung")
    if rung is not None and rung in freeze.DESTRUCTIVE:
        tx.batch.flush()
        if freeze.answer(tx.session, incident, rung) is None:
            raise freeze.missing(rung)


def in_the_way(session: Session, incident: int) -> InTheWay:
    """Exit criteria, required steps and confirmations that are still open."""
    late = {row.number: row for row, _ in approvals.unratified(session, incident)}
    return InTheWay(
        criteria.still_open(session, incident), steps.required(session, incident),
        list(late.values()),
    )  # fmt: skip


def resolve(tx: Tx, incident: Incident, summary: str = "", override: str = "") -> None:
    """End the response. Raises ``NotReady`` naming what is open, unless ``override`` says why."""
    require(tx, "resolve", incident)
    if incident.status in ("resolved", "closed"):
        raise Conflict(f"{ref(incident.number)} is {incident.status} already.")
    open_now, override = in_the_way(tx.session, incident.number), override.strip()
    if open_now and not override:
        raise NotReady(
            _named("Still open", open_now.lines()),
            instead="Finish or waive them, or resolve all the same and say why: "
            "`/incident resolve`.",
            field="override",
        )
    entry = tx.append(
        c.IncidentResolved(
            open_criteria=[row.key for row in open_now.criteria],
            open_steps=[row.key for row in open_now.steps],
            summary=summary.strip(), reason=override if open_now else "",
        ),
        incident.number,
    )  # fmt: skip
    for row in approvals.waiting(tx.session, incident.number):
        if row.subject == "step":
            approvals.void(tx, incident, row.number, "The incident was resolved.")
    _follow(tx, incident, entry, "incident_resolved")
    tx.effect(
        kinds.house("postmortem", incident.number, key=f"postmortem:{incident.number}:{entry.n}")
    )


def cancel(tx: Tx, incident: Incident, reason: str) -> None:
    """End it as a false alarm: everything that waits stops; ``reopen`` takes it back.

    Raises ``NotReady`` once people outside were told (what was said must be corrected and the
    incident resolved), ``NotAllowed`` at SEV1 for everybody but the commander.
    """
    require(tx, "cancel", incident)
    number = incident.number
    if incident.status not in OPEN_STATUSES:
        raise Conflict(f"{ref(number)} is {queries.status(incident)} already.")
    commander = queries.holder_of(tx.session, number, tx.env.content.commander.id)
    if incident.severity == Severity.SEV1 and not tx.by.is_system and tx.by.id != commander:
        who = people_of(tx, incident, [tx.env.content.commander.id])
        raise denied(tx, "cancel", incident, f"At SEV1 only {who} can call it a false alarm.")
    reason = need_reason(reason)
    notices = comms.notices(tx.session, number)
    if incident.kind != "drill" and any(
        row.published_at or row.state == "publishing" for row in notices
    ):
        raise NotReady(
            "People outside were told of it, so it cannot be cancelled.",
            instead="Publish a correction, then resolve it: `/incident resolve`.",
        )
    entry = tx.append(
        c.IncidentCancelled(reason=reason, in_place=_in_place(tx.session, number)), number
    )
    for row in approvals.waiting(tx.session, number):
        approvals.void(tx, incident, row.number, FALSE_ALARM)
    for notice in notices:
        if notice.state in comms.UNFINISHED:
            tx.append(c.NoticeWithdrawn(number=notice.number, reason=FALSE_ALARM), number)
    _follow(tx, incident, entry, "incident_cancelled")


def _in_place(session: Session, incident: int) -> list[str]:
    """Containment that was carried out and is not undone."""
    rows = steps.of_incident(session, incident)
    return [row.key for row in rows if row.rung is not None and row.state == "done"]


def reopen(tx: Tx, incident: Incident, reason: str) -> None:
    """Begin the response again."""
    require(tx, "reopen", incident)
    if incident.status in OPEN_STATUSES:
        raise Conflict(f"{ref(incident.number)} is open.")
    entry = tx.append(c.IncidentReopened(reason=need_reason(reason)), incident.number)
    _follow(tx, incident, entry, "incident_reopened")
    tx.effect(kinds.house("cadence", incident.number, key=f"cadence:{incident.number}:{entry.n}"))


def missing_to_close(session: Session, incident: Incident, env: Env) -> list[str]:
    """What the severity still asks for after the response: one line each."""
    number = incident.number
    found = [
        f"{steps.describe(row)}" for row in steps.of_incident(session, number)
        if row.state in steps.LIVE and not steps.offered(row)
    ]  # fmt: skip
    level = env.content.level(Severity(incident.severity)) if incident.severity else None
    if level is None or not level.postmortem.required:
        return found
    written = session.get(Postmortem, number)
    if written is None or written.state != "reviewed":
        found.insert(0, "The postmortem is not reviewed.")
    count = select(func.count()).select_from(ActionItem).where(ActionItem.incident == number)  # type: ignore[arg-type]
    if not session.execute(count).scalar():
        found.insert(0, "No action item is on the record.")
    return found


def close(tx: Tx, incident: Incident, override: str = "") -> None:
    """Close a resolved incident. Raises ``NotReady`` naming what is open, unless overridden."""
    require(tx, "close", incident)
    if incident.status == "closed":
        raise Conflict(f"{ref(incident.number)} is closed already.")
    if incident.status != "resolved":
        raise NotReady(
            f"{ref(incident.number)} is not resolved yet.", instead="First `/incident resolve`."
        )
    lacking, override = missing_to_close(tx.session, incident, tx.env), override.strip()
    if lacking and not override:
        raise NotReady(
            _named("Before it can be closed", lacking),
            instead="Finish it, or close all the same and say why: `/incident close`.",
        )
    entry = tx.append(c.IncidentClosed(reason=override if lacking else ""), incident.number)
    _follow(tx, incident, entry, "incident_closed")


def _follow(tx: Tx, incident: Incident, entry: Recorded, message: str) -> None:
    """What every turn sets in motion: the channel hears it, card and announcement follow."""
    number, n = incident.number, entry.n
    assert n is not None
    tx.effect(
        kinds.say(number, f"turn:{n}", message, by=tx.by.id, n=n),
        kinds.house("compose", number, key=f"compose:{number}:{n}"),
        kinds.Effect(
            "announce.update", f"announce:{number}:{n}", f"announced:{number}", {}, number,
            f"announce:{number}" if incident.announced_ts else None,
        ),
    )  # fmt: skip
    tx.refresh_card(number)


def _open(incident: Incident) -> None:
    if incident.status not in OPEN_STATUSES:
        raise Conflict(
            f"{ref(incident.number)} is {incident.status}.",
            instead="`/incident reopen because …` begins the response again.",
        )


def _named(head: str, lines: list[str]) -> str:
    more = f"\n… and {len(lines) - NAMED} more." if len(lines) > NAMED else ""
    return f"{head}:\n" + "\n".join(f"• {line}" for line in lines[:NAMED]) + more
