"""Signed checkpoints: how long the record is and what it hashes to, kept where we cannot rewrite it.

A checkpoint costs a few hundred hashes whatever the record's length. Before one is signed, the last
one's root is computed again from the same tree; if it differs, nothing is signed and that is put on
the record: a log must never sign two histories.
"""

from __future__ import annotations

import logging

from sqlalchemy import select
from sqlmodel import Session, col

from bot.effects import kinds
from bot.effects.kinds import Effect
from bot.effects.store import Claimed
from bot.errors import NotReady
from bot.record import catalogue as c
from bot.record import keys, notes
from bot.record.batch import Follower
from bot.record.entry import Recorded
from bot.record.merkle import Tree
from bot.record.notes import Private
from bot.record.read import entries
from bot.record.tx import Tx
from db import pending
from db.tables import Checkpoint, EntryRow, Incident, TreeNode

log = logging.getLogger(__name__)
GRAVE = ("SEV1", "SEV2")
FILE = "checkpoints.log"


def tree(session: Session, size: int) -> Tree:
    """The tree over the first ``size`` entries; reads only what is asked of it."""

    def source(height: int, first: int, count: int) -> list[bytes]:
        if height == 0:
            column, place = col(EntryRow.hash), col(EntryRow.seq)
            statement = select(column).where(place > first, place <= first + count)
        else:
            column, place = col(TreeNode.hash), col(TreeNode.place)
            statement = select(column).where(
                col(TreeNode.height) == height, place >= first, place < first + count
            )
        return [bytes.fromhex(one) for one in session.execute(statement.order_by(place)).scalars()]

    return Tree(source, size)


def last(session: Session) -> Checkpoint | None:
    """The newest checkpoint."""
    return session.execute(
        select(Checkpoint).order_by(col(Checkpoint.seq).desc()).limit(1)
    ).scalar()


def make(
    tx: Tx, reason: str, incident: int | None = None, *, with_key: Private | None = None
) -> Checkpoint | None:
    """Sign the record as it stands in this transaction, and have it written to the file.

    Returns the last checkpoint when nothing was added since, None without a key. Raises ``NotReady``
    when the key's file and the record disagree.
    """
    if tx.env.signer is None or (with_key is None and tx.env.signer.key() is None):
        return None
    tx.batch.flush()
    size, _ = tx.batch.head()
    before = last(tx.session)
    key = with_key or keys.signing(tx.session, tx.env.signer)
    if before is not None and (before.size, before.key_id) == (size, key.public.id):
        return before
    grown = tree(tx.session, size)
    if before is not None and not _grew_from(before, grown):
        _refuse(tx, before, size)
        return None
    root = grown.root()
    row = Checkpoint(
        seq=before.seq + 1 if before else 1, size=size, root=root.hex(), key_id=key.public.id,
        at=tx.now, reason=reason, incident=incident,
        note=key.sign(notes.body(key.public.name, size, root)),
    )  # fmt: skip
    pending.add(tx.session, Checkpoint, row.model_dump())
    for (height, place), found in grown.fresh.items():
        pending.add(tx.session, TreeNode, {"height": height, "place": place, "hash": found.hex()})
    tx.effect(_to_file(row))
    return row


def sign_now(tx: Tx) -> str:
    """Sign at somebody's wish. Returns the checkpoint's text. Raises ``NotReady`` when it cannot."""
    tx.batch.flush()
    keys.signing(tx.session, tx.env.signer)
    made = make(tx, "asked")
    if made is None:
        raise NotReady(
            "Nothing was signed: the record does not continue its last checkpoint.",
            instead="`steadyhand verify` names the entry that was changed.",
        )
    return made.note


def task(tx: Tx, effect: Claimed) -> None:
    """``house.checkpoint``: make one and show it in the incident's and the audit channel."""
    reason = str(effect.payload.get("reason", "timer"))
    before = last(tx.session)
    made = make(tx, reason, effect.incident)
    if made is None:
        return
    if effect.incident is not None:
        row = tx.session.get(Incident, effect.incident)
        if row is not None and row.channel_id:
            # In the card's thread: kept where we cannot rewrite it, and in nobody's way.
            say = kinds.say(
                row.number, f"checkpoint:{made.seq}", "checkpoint", thread=row.card_ts,
                note=made.note,
            )  # fmt: skip
            tx.effect(say)
    if tx.env.audit_channel and (before is None or before.seq != made.seq):
        tx.effect(_to_audit(tx.env.audit_channel, made))


def after_decision(tx: Tx, recorded: Recorded) -> None:
    """A decision in a SEV1 or SEV2 incident is covered by a checkpoint at once.

    So is the one by which it stops being grave.
    """
    row = tx.session.get(Incident, recorded.incident)
    levels = (row.severity if row is not None else None, getattr(recorded.entry, "previous", None))
    if any(level in GRAVE for level in levels):
        _ask(tx, recorded, "decision")


def after_close(tx: Tx, recorded: Recorded) -> None:
    """So is the end of an incident."""
    _ask(tx, recorded, "closed")


def _ask(tx: Tx, recorded: Recorded, reason: str) -> None:
    if tx.env.signer is not None and tx.env.signer.key() is not None:
        key = f"checkpoint:{recorded.seq}"
        tx.effect(kinds.house("checkpoint", recorded.incident, key=key, reason=reason))


#: What somebody decides, by a word of its own or in so many words.
DECISIONS = tuple(
    entry.kind
    for entry in (
        c.DecisionMade, c.FreezeSkipped, c.SeveritySet, c.NoticeReleased, c.IncidentContained,
        c.IncidentResolved, c.IncidentReopened,
    )
)  # fmt: skip
FOLLOWERS: dict[str, Follower] = {
    **dict.fromkeys(DECISIONS, after_decision),
    c.IncidentClosed.kind: after_close,
    c.IncidentCancelled.kind: after_close,
}


def _grew_from(before: Checkpoint, grown: Tree) -> bool:
    return before.size <= grown.size and grown.root(before.size).hex() == before.root


def _refuse(tx: Tx, before: Checkpoint, size: int) -> None:
    log.error("checkpoint_refused", extra={"size": size, "before": before.size})
    refused = [e.entry.size for e in entries(tx.session, after=before.size,
                                             kinds=[c.CheckpointRefused.kind])]  # fmt: skip
    if not refused:
        why = f"it does not continue the checkpoint over {before.size} entries"
        tx.append(c.CheckpointRefused(size=size, why=why), None)


def _to_file(row: Checkpoint) -> Effect:
    return Effect(
        "file.append", f"file:checkpoint:{row.seq}:{row.root[:8]}", f"file:{FILE}",
        {"file": FILE, "text": row.note + "\n"},
    )  # fmt: skip


def _to_audit(channel: str, row: Checkpoint) -> Effect:
    return Effect(
        "channel.post", f"audit:checkpoint:{row.seq}", f"audit:{channel}",
        {"channel": channel, "message": "checkpoint", "params": {"note": row.note}},
        pace_ms=kinds.MESSAGE_PACE_MS,
    )  # fmt: skip


def at_or_after(session: Session, size: int) -> list[Checkpoint]:
    """Checkpoints over at least ``size`` entries, oldest first. Raises ``NotReady`` if there is none."""
    statement = select(Checkpoint).where(col(Checkpoint.size) >= size).order_by(col(Checkpoint.seq))
    found = list(session.execute(statement).scalars())
    if not found:
        raise NotReady("No checkpoint covers this yet.", instead="`steadyhand keys make` once.")
    return found
