"""How entries of the incident room change state. Used live and when rebuilding, nowhere else."""

from __future__ import annotations

from typing import Any

from sqlmodel import Session

from bot.record import catalogue as c
from bot.record.batch import Projector
from bot.record.entry import Recorded
from bot.timing import from_rfc3339
from db import pending
from db.tables import Incident, Member, RecordItem, RoleHolder


def _incident(session: Session, e: Recorded) -> Incident:
    found = session.get(Incident, e.incident)
    assert found is not None, f"entry {e.seq} speaks of an incident that was never opened"
    return found


def opened(session: Session, e: Recorded) -> None:
    entry: c.IncidentOpened = e.entry
    pending.add(
        session,
        Incident,
        {
            "number": entry.number, "kind": "drill" if entry.drill else "real",
            "private": entry.private, "title": entry.title, "summary": entry.summary,
            "families": list(entry.families), "opened_by": entry.opener, "opened_at": e.at,
            "origin_channel": entry.origin_channel, "channel_name": entry.channel_name,
        },
    )  # fmt: skip
    pending.add(
        session,
        RoleHolder,
        {
            "incident": entry.number, "role": "commander", "holder": entry.opener,
            "state": "accepted", "given_by": entry.opener, "since": e.at,
        },
    )  # fmt: skip
    if entry.private:
        for person in dict.fromkeys([entry.opener, *entry.invited]):
            pending.add(session, Member, {"incident": entry.number, "person": person})


def channel_made(session: Session, e: Recorded) -> None:
    row = _incident(session, e)
    row.channel_id, row.channel_name = e.entry.channel_id, e.entry.channel_name


def channel_lost(session: Session, e: Recorded) -> None:
    row = _incident(session, e)
    if e.entry.what == "renamed":
        row.channel_name = e.entry.channel_name


def joined(session: Session, e: Recorded) -> None:
    _brought_in(session, e, e.entry.person)


def left(session: Session, e: Recorded) -> None:
    row = session.get(Member, (e.incident, e.entry.person))
    if row is not None and not e.entry.in_role:
        session.delete(row)


def card_posted(session: Session, e: Recorded) -> None:
    _incident(session, e).card_ts = e.entry.ts


def announced(session: Session, e: Recorded) -> None:
    row = _incident(session, e)
    row.announced_channel, row.announced_ts = e.entry.channel_id, e.entry.ts


def title_changed(session: Session, e: Recorded) -> None:
    row = _incident(session, e)
    row.title = e.entry.title
    row.summary = e.entry.summary or row.summary


def families_set(session: Session, e: Recorded) -> None:
    row = _incident(session, e)
    row.families = list(e.entry.families)
    if row.answers:  # setting the severity later goes by these
        row.answers = {**row.answers, "families": list(e.entry.families)}


def contained(session: Session, e: Recorded) -> None:
    row = _incident(session, e)
    row.status, row.contained_at = "contained", e.effective_at


def resolved(session: Session, e: Recorded) -> None:
    row = _incident(session, e)
    row.status, row.resolved_at, row.next_update_at = "resolved", e.effective_at, None
    row.contained_at = row.contained_at or e.effective_at
    row.summary = e.entry.summary or row.summary


def cancelled(session: Session, e: Recorded) -> None:
    # Closed without ever being resolved: that is what makes it a false alarm (``queries.status``).
    row = _incident(session, e)
    row.status, row.closed_at, row.next_update_at = "closed", e.effective_at, None


def reopened(session: Session, e: Recorded) -> None:
    row = _incident(session, e)
    row.status, row.resolved_at, row.closed_at, row.contained_at = "investigating", None, None, None


def closed(session: Session, e: Recorded) -> None:
    row = _incident(session, e)
    row.status, row.closed_at = "closed", e.effective_at


def assessed(session: Session, e: Recorded) -> None:
    row = _incident(session, e)
    more = {"proposed": e.entry.proposed, "rules": e.entry.rules, "tempo": e.entry.tempo}
    row.answers = {**e.entry.answers, **more}
    row.severity_floor = e.entry.floor


def severity_set(session: Session, e: Recorded) -> None:
    row = _incident(session, e)
    row.severity, row.tempo = e.entry.severity, e.entry.tempo
    row.families, row.severity_floor = list(e.entry.families), e.entry.floor
    row.severity_at = e.at


def role_offered(session: Session, e: Recorded) -> None:
    entry: c.RoleOffered = e.entry
    _brought_in(session, e, entry.holder)
    # Until the new person accepts, a previous holder keeps the role; the offer waits beside it.
    held = session.get(RoleHolder, (e.incident, entry.role))
    if held is None or held.state == "offered":
        _hold(session, e, entry.role, entry.holder, "offered")


def role_accepted(session: Session, e: Recorded) -> None:
    _brought_in(session, e, e.entry.holder)
    _hold(session, e, e.entry.role, e.entry.holder, "accepted")


def role_gone(session: Session, e: Recorded) -> None:
    held = session.get(RoleHolder, (e.incident, e.entry.role))
    if held is not None and held.holder == e.entry.holder:
        session.delete(held)


def _brought_in(session: Session, e: Recorded, person: str) -> None:
    """Whoever was asked into a private incident may know of it from then on."""
    assert e.incident is not None
    private = _incident(session, e).private
    if private and session.get(Member, (e.incident, person)) is None:
        session.add(Member(incident=e.incident, person=person))


def _hold(session: Session, e: Recorded, role: str, holder: str, state: str) -> None:
    assert e.incident is not None
    row = session.get(RoleHolder, (e.incident, role))
    if row is None:
        row = RoleHolder(incident=e.incident, role=role, holder=holder, since=e.at)
        session.add(row)
    row.holder, row.state, row.given_by, row.since = holder, state, e.actor, e.at


def _item(session: Session, e: Recorded, kind: str, text: str, **more: Any) -> None:
    assert e.incident is not None and e.n is not None
    more.setdefault("author", e.actor)
    session.add(
        RecordItem(
            incident=e.incident, n=e.n, kind=kind, text=text, author_role=e.role,
            at=e.effective_at, **more,
        )
    )  # fmt: skip


def note(session: Session, e: Recorded) -> None:
    _item(session, e, "note", e.entry.text)


def decision(session: Session, e: Recorded) -> None:
    details = e.entry.model_dump(mode="json", exclude={"statement"})
    _item(session, e, "decision", e.entry.statement, details=details)


def hypothesis(session: Session, e: Recorded) -> None:
    _item(session, e, "hypothesis", e.entry.text, status="open")


def hypothesis_moved(session: Session, e: Recorded) -> None:
    row = session.get(RecordItem, (e.incident, e.entry.n))
    if row is not None:
        row.status = e.entry.status
        row.details = {**row.details, "by": e.entry.by, "reason": e.entry.reason}


def evidence(session: Session, e: Recorded) -> None:
    details = e.entry.model_dump(mode="json", exclude={"text"})
    _item(session, e, "evidence", e.entry.text, details=details)


def message(session: Session, e: Recorded) -> None:
    entry: c.MessageCaptured = e.entry
    assert e.incident is not None and e.n is not None
    session.add(
        RecordItem(
            incident=e.incident, n=e.n, kind="message", text=entry.text, author=entry.author,
            author_role=None, at=from_rfc3339(entry.posted_at),
            details={"permalink": entry.permalink, "how": entry.how, "captured_by": e.actor},
            source_channel=entry.channel_id, source_ts=entry.ts,
        )
    )  # fmt: skip


def message_changed(session: Session, e: Recorded) -> None:
    row = session.get(RecordItem, (e.incident, e.entry.n))
    if row is not None:
        change = {"deleted": e.entry.deleted, "text": e.entry.text, "entry": e.n}
        row.details = {**row.details, "changed": [*row.details.get("changed", []), change]}


def corrected(session: Session, e: Recorded) -> None:
    row = session.get(RecordItem, (e.incident, e.entry.n))
    if row is not None:
        row.text, row.corrected_by = e.entry.text, e.n


def withdrawn(session: Session, e: Recorded) -> None:
    row = session.get(RecordItem, (e.incident, e.entry.n))
    if row is not None:
        row.withdrawn, row.corrected_by = True, e.n


def update_posted(session: Session, e: Recorded) -> None:
    row = _incident(session, e)
    row.last_update, row.last_update_at = e.entry.text, e.at
    due = e.entry.next_update_at
    row.next_update_at = from_rfc3339(due) if due else None


PROJECTORS: dict[str, Projector] = {
    c.IncidentOpened.kind: opened,
    c.ChannelMade.kind: channel_made,
    c.ChannelLost.kind: channel_lost,
    c.PersonJoined.kind: joined,
    c.PersonLeft.kind: left,
    c.CardPosted.kind: card_posted,
    c.IncidentAnnounced.kind: announced,
    c.TitleChanged.kind: title_changed,
    c.FamiliesSet.kind: families_set,
    c.IncidentContained.kind: contained,
    c.IncidentResolved.kind: resolved,
    c.IncidentCancelled.kind: cancelled,
    c.IncidentReopened.kind: reopened,
    c.IncidentClosed.kind: closed,
    c.SeverityAssessed.kind: assessed,
    c.SeveritySet.kind: severity_set,
    c.RoleOffered.kind: role_offered,
    c.RoleAccepted.kind: role_accepted,
    c.RoleHandedOver.kind: role_accepted,
    c.RoleDeclined.kind: role_gone,
    c.RoleReleased.kind: role_gone,
    c.NoteAdded.kind: note,
    c.DecisionMade.kind: decision,
    c.HypothesisStated.kind: hypothesis,
    c.HypothesisMoved.kind: hypothesis_moved,
    c.EvidenceAdded.kind: evidence,
    c.MessageCaptured.kind: message,
    c.MessageChanged.kind: message_changed,
    c.ItemCorrected.kind: corrected,
    c.ItemWithdrawn.kind: withdrawn,
    c.UpdatePosted.kind: update_posted,
}
