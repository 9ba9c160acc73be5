"""What somebody was asked in private is brought up to date when it is answered or moot.

A button that does nothing any more invites a click. So each entry that settles a question has the
messages that asked it rendered anew from the state: what became of it takes the buttons' place.
"""

from __future__ import annotations

from sqlalchemy import select
from sqlmodel import col

from bot.effects import kinds
from bot.record import catalogue as c
from bot.record.batch import Follower
from bot.record.entry import Recorded
from bot.record.tx import Tx
from db.tables import EffectRow

#: Kinds of entries that settle a question, the field that names what it is about, the same in the
#: message, and the messages that ask.
_ROLE = ("role", "role", ("role_offer",))
_APPROVAL = ("number", "number", ("approval_asked", "approval_taken", "approval_to_ratify"))
_NOTICE = ("number", "number", ("notice_asked", "notice_approved"))
_ACTION = (
    "number",
    "a",
    ("action_given", "action_soon", "action_due", "action_late", "action_proof"),
)
SETTLES: dict[str, tuple[str, str, tuple[str, ...]]] = {
    **{
        entry.kind: _ROLE
        for entry in (c.RoleOffered, c.RoleAccepted, c.RoleDeclined, c.RoleHandedOver, c.RoleReleased)
    },
    **{
        entry.kind: _APPROVAL
        for entry in (c.ApprovalGiven, c.ApprovalRefused, c.ApprovalEnded, c.ApprovalRatified)
    },
    **{
        entry.kind: _ACTION
        for entry in (c.ActionDone, c.ActionProven, c.ActionReopened, c.ActionDropped)
    },
    **{
        entry.kind: _NOTICE
        for entry in (
            c.NoticeEdited, c.NoticeSubmitted, c.NoticeReturned, c.NoticeApproved, c.NoticeReleased,
            c.NoticePublished, c.NoticeWithdrawn,
        )
    },
}  # fmt: skip


def settled(tx: Tx, recorded: Recorded) -> None:
    """Have the messages that asked this question rendered anew."""
    field, param, messages = SETTLES[recorded.entry.kind]
    wanted = getattr(recorded.entry, field)
    statement = select(EffectRow).where(
        col(EffectRow.incident) == recorded.incident,
        col(EffectRow.kind) == kinds.TELL,
        col(EffectRow.state).in_(("inflight", "done")),  # what still waits is rendered later anyway
    )
    for row in tx.session.execute(statement).scalars():
        payload = row.payload
        if payload.get("message") in messages and payload["params"].get(param) == wanted:
            assert recorded.incident is not None and recorded.n is not None
            tx.effect(kinds.retell(row.key, payload["user"], recorded.incident, recorded.n))


FOLLOWERS: dict[str, Follower] = dict.fromkeys(SETTLES, settled)
