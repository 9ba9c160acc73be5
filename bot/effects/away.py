"""What was to be said while Slack was away is said once, in order, when it is back.

The first message that waits in a channel's lane takes in those behind it: it becomes one message
with the lines of the record for that time, and keeps its key and its place. The others are done,
with ``{"folded_into": key}``. In the lane of one person's direct messages it is the same, except that
the messages themselves become the parts of one, and a reminder that was repeated stands once. All of it is part of the transaction that claims the first, so a crash
leaves either the single messages or the one. What may have been posted already is never taken in:
it is looked for in Slack first.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import func, select
from sqlmodel import Session, col

from bot.effects.kinds import AWAY_MESSAGE, AWAY_TOLD, card_key, channel_key
from bot.record.entry import OFF_SLACK
from db.tables import EffectRow, EntryRow, Incident

SAY, TELL = "channel.say", "person.tell"
#: These only say what an entry of the record says as well. What asks somebody for something
#: (an approval, above all) and what stands nowhere else is posted by itself.
ON_RECORD = frozenset(
    {
        AWAY_MESSAGE, "action_done", "approval_complete", "approval_ended", "approval_partly",
        "approval_ratified", "approval_refused", "decision", "incident_cancelled", "incident_closed",
        "incident_contained", "incident_reopened", "incident_resolved", "notice_approved_said",
        "notice_expired_said", "notice_half_approved_said", "notice_published_said",
        "notice_returned_said", "notice_voided_said", "playbook_changed", "postmortem_begun",
        "postmortem_reviewed", "role_declined", "role_handover", "severity_set", "step_blocked",
        "update", "update_overdue",
    }
)  # fmt: skip


#: Reminders and news for one person. What asks for their yes or their answer (an approval, a notice, a
#: role) and what only they may ever see is written by itself.
IN_PERSON = frozenset(
    {
        AWAY_TOLD, "action_due", "action_dropped", "action_given", "action_late", "action_proof",
        "action_reopened", "action_soon", "approval_inform", "approval_late", "approval_vacant",
        "channel_failed", "channel_lost", "effect_failed", "look_again", "person_untold", "postmortem_due",
        "step_given", "step_informed", "steps_overdue", "update_overdue_you", "update_soon",
    }
)  # fmt: skip
#: So many direct messages become one; Slack takes 50 blocks.
PARTS_MOST = 10
#: What differs between a reminder and its repetition.
REPEATED = ("due", "times")


def folds(row: EffectRow) -> bool:
    """Whether this message may become a line, or a part, of a longer one."""
    payload = row.payload
    if row.kind == TELL:
        return payload["message"] in IN_PERSON
    return row.kind == SAY and payload["message"] in ON_RECORD and not payload.get("thread")


def stale(row: EffectRow, now: datetime, away: timedelta) -> bool:
    """Whether it waited so long that Slack must have been away."""
    return now - row.created_at >= away


def behind(session: Session, first: EffectRow) -> list[EffectRow]:
    """What waits in the lane behind ``first`` and can be taken in, in order."""
    statement = (
        select(EffectRow)
        .where(
            col(EffectRow.lane) == first.lane,
            col(EffectRow.state) == "pending",
            col(EffectRow.doubt).is_(False),
            col(EffectRow.id) > first.id,
        )
        .order_by(col(EffectRow.id))
    )
    return [row for row in session.execute(statement).scalars() if folds(row)]


def must_wait(session: Session, row: EffectRow) -> bool:
    """The card comes first where the channel is new."""
    if row.kind == TELL:
        return False
    card = select(col(EffectRow.state)).where(col(EffectRow.key) == card_key(row.incident or 0))
    return session.execute(card).scalar() in ("pending", "inflight")


def gather(session: Session, first: EffectRow) -> list[EffectRow]:
    """Take everything behind ``first`` into it. The caller holds the write lock, and settles what
    was taken in, which is returned.

    ``first`` is pending, certainly not posted, and can be folded itself.
    """
    rest = behind(session, first)
    if not rest:
        return []
    folded: Sequence[str] = first.payload.get("folded") or [first.key]
    if first.kind == TELL:
        rest = rest[: PARTS_MOST - len(folded)]
        made = {"user": first.payload["user"], **_told(first, rest)}
    else:
        made = {**_said(session, first, rest), "thread": None}
    first.payload = {**made, "folded": [*folded, *(row.key for row in rest)]}
    return rest


def _said(session: Session, first: EffectRow, rest: list[EffectRow]) -> dict[str, Any]:
    """One message with the lines of the record for the time."""
    incident = session.get(Incident, first.incident)
    assert incident is not None
    whole = [row for row in (first, *rest) if row.payload["message"] == AWAY_MESSAGE]
    after = (
        min(row.payload["params"]["after"] for row in whole)
        if whole
        else _last_seen(session, first)
    )
    return {"message": AWAY_MESSAGE, "params": {"after": after, "upto": incident.version}}


def _told(first: EffectRow, rest: list[EffectRow]) -> dict[str, Any]:
    """One message with what each would have said; of a reminder and its repetitions the last."""
    parts: dict[str, dict[str, Any]] = {}
    for row in (first, *rest):
        for part in _parts(row):
            params = {name: v for name, v in part["params"].items() if name not in REPEATED}
            same = json.dumps([part["message"], part["incident"], params], sort_keys=True)
            parts.pop(same, None)  # it stands where the last one stands
            parts[same] = part
    return {"message": AWAY_TOLD, "params": {"parts": list(parts.values())}}


def _parts(row: EffectRow) -> list[dict[str, Any]]:
    payload = row.payload
    if payload["message"] == AWAY_TOLD:
        return list(payload["params"]["parts"])
    one = {"message": payload["message"], "params": payload["params"], "incident": row.incident}
    return [one]


def _last_seen(session: Session, first: EffectRow) -> int:
    """The number of the last entry that the channel may know of.

    The one before the first message that waits; earlier when people worked past Slack before that.
    """
    if _was_late(session, first):
        return 0
    number = first.incident
    mine = col(EntryRow.incident) == number
    before = select(func.max(col(EntryRow.n))).where(
        mine, col(EntryRow.recorded_at) < first.created_at
    )
    last = int(session.execute(before).scalar() or 0)
    heard = _last_heard(session, first)
    rows = select(EntryRow).where(mine, col(EntryRow.n) <= last).order_by(col(EntryRow.n).desc())
    for row in session.execute(rows.limit(200)).scalars():
        off_slack = json.loads(row.doc)["source"] in OFF_SLACK
        if not off_slack or (heard is not None and row.recorded_at <= heard):
            break
        last = (row.n or 1) - 1
    return last


def _was_late(session: Session, first: EffectRow) -> bool:
    """Whether the message was stored before there was a channel."""
    made = select(col(EffectRow.done_at)).where(
        col(EffectRow.key) == channel_key(first.incident or 0)
    )
    at = session.execute(made).scalar()
    return at is not None and at > first.created_at


def _last_heard(session: Session, first: EffectRow) -> datetime | None:
    """When Slack last did something for this incident before the message was stored."""
    statement = select(func.max(col(EffectRow.done_at))).where(
        col(EffectRow.incident) == first.incident,
        col(EffectRow.state) == "done",
        col(EffectRow.kind).not_like("house.%"),
        col(EffectRow.done_at) <= first.created_at,
    )
    return session.execute(statement).scalar()
