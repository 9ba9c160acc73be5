"""What people put on the record: facts, decisions, hypotheses, evidence, messages, corrections."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlmodel import Session, col

from bot.effects import kinds
from bot.effects.kinds import Effect
from bot.errors import BadInput, Conflict, NotFound
from bot.incident.opening import Evidence
from bot.incident.rights import require
from bot.record import catalogue as c
from bot.record.entry import Recorded
from bot.record.tx import Tx
from db.tables import Incident, RecordItem

SHA256 = re.compile(r"\b[0-9a-fA-F]{64}\b")
STATUSES = ("open", "supported", "refuted")


def note(
    tx: Tx, incident: Incident, text: str, at: datetime | None = None, late: str = ""
) -> Recorded:
    """Put a fact on the record."""
    require(tx, "add_note", incident)
    return tx.append(
        c.NoteAdded(text=_said(text, "What happened?")), incident.number, effective_at=at,
        late_reason=late,
    )  # fmt: skip


def decide(tx: Tx, incident: Incident, statement: str, **more: Any) -> Recorded:
    """Put a decision on the record; ``more`` are the other fields of ``DecisionMade``."""
    require(tx, "record_decision", incident)
    entry = c.DecisionMade(statement=_said(statement, "What was decided?"), **more)
    recorded = tx.append(entry, incident.number)
    tx.effect(
        kinds.say(
            incident.number, f"decision:{recorded.n}", "decision", n=recorded.n, by=tx.by.id,
            statement=entry.statement, why=entry.rationale,
        )
    )  # fmt: skip
    return recorded


def suppose(tx: Tx, incident: Incident, text: str) -> Recorded:
    """State a hypothesis, open until it is supported or refuted."""
    require(tx, "add_hypothesis", incident)
    return tx.append(c.HypothesisStated(text=_said(text, "What do you suspect?")), incident.number)


def settle(
    tx: Tx, incident: Incident, n: int, status: str, reason: str = "", by: list[int] | None = None
) -> Recorded:
    """Support, refute or reopen a hypothesis, naming the entries that moved it."""
    require(tx, "settle_hypothesis", incident)
    found = item(tx, incident, n, "hypothesis")
    if status not in STATUSES:
        raise BadInput(f"«{status}» is not a state.", instead="Use: " + ", ".join(STATUSES))
    if found.status == status:
        raise Conflict(f"Hypothesis {n} is already {status}.")
    return tx.append(
        c.HypothesisMoved(n=n, status=status, by=by or [], reason=reason), incident.number
    )


def evidence(
    tx: Tx, incident: Incident, text: str, *, kind: str = "other", location: str = "",
    custodian: str = "", sha256: str | None = None,
) -> Recorded:  # fmt: skip
    """Put evidence on the record: what it is, where it is kept. Never the leaked data itself."""
    require(tx, "add_evidence", incident)
    text = _said(text, "What is it, and where is it kept?")
    found = SHA256.search(text)
    digest = (sha256 or (found.group(0) if found else "")).lower() or None
    return tx.append(
        c.EvidenceAdded(
            evidence_kind=kind, text=text, location=location, custodian=custodian, sha256=digest
        ),
        incident.number,
    )


def capture(
    tx: Tx, incident: Incident, message: Evidence, how: str
) -> tuple[Recorded | None, bool]:
    """Keep a message of the channel as it stands. Returns the entry and whether it is new."""
    require(tx, "add_note", incident)
    twin = captured(tx, message.channel, message.ts, incident.number)
    if twin:
        return None, False
    recorded = tx.append(
        c.MessageCaptured(
            channel_id=message.channel, ts=message.ts, posted_at=message.posted_at, how=how,
            text=message.text, author=message.author, permalink=message.permalink,
        ),
        incident.number,
    )  # fmt: skip
    mark = {"channel": message.channel, "ts": message.ts, "name": "white_check_mark"}
    key = f"react:{incident.number}:{recorded.n}"
    tx.effect(Effect("message.react", key, key, mark, incident.number))
    return recorded, True


def ask_capture(tx: Tx, incident: Incident, channel: str, ts: str, author: str) -> None:
    """Somebody reacted with the capture emoji. The event holds no text, so the message is read
    from Slack by an effect, and kept when it comes back."""
    require(tx, "add_note", incident)
    key = f"capture:{incident.number}:{channel}:{ts}"
    payload = {"channel": channel, "ts": ts, "author": author, "by": tx.by.id}
    tx.effect(Effect("message.fetch", key, key, payload, incident.number))


def is_captured(session: Session, channel: str, ts: str) -> bool:
    """Whether a message is on any incident's record."""
    statement = select(col(RecordItem.n)).where(
        col(RecordItem.source_channel) == channel, col(RecordItem.source_ts) == ts
    )
    return session.execute(statement).first() is not None


def captured(tx: Tx, channel: str, ts: str, incident: int | None = None) -> list[RecordItem]:
    """Items that were captured from this message."""
    statement = select(RecordItem).where(
        col(RecordItem.source_channel) == channel,
        col(RecordItem.source_ts) == ts,
    )
    if incident is not None:
        statement = statement.where(col(RecordItem.incident) == incident)
    return list(tx.session.execute(statement).scalars())


def message_changed(tx: Tx, channel: str, ts: str, text: str, *, deleted: bool) -> int:
    """A captured message was edited or deleted later: add an entry, change none. Returns how many."""
    found = captured(tx, channel, ts)
    for row in found:
        changes = row.details.get("changed") or []
        last = changes[-1]["text"] if changes else row.text
        if deleted or text != last:
            tx.append(c.MessageChanged(n=row.n, deleted=deleted, text=text), row.incident)
    return len(found)


def correct(tx: Tx, incident: Incident, n: int, text: str, reason: str = "") -> Recorded:
    """Correct an item by a new entry that points at it; the old one stays."""
    require(tx, "correct_entry", incident)
    found = item(tx, incident, n)
    if found.text == text.strip():
        raise Conflict(f"Entry {n} reads like that already.")
    return tx.append(
        c.ItemCorrected(n=n, text=_said(text, "How should it read?"), reason=reason),
        incident.number, corrects=n,
    )  # fmt: skip


def withdraw(tx: Tx, incident: Incident, n: int, reason: str) -> Recorded:
    """Mark an item as no longer held to be true; it stays readable."""
    require(tx, "correct_entry", incident)
    if item(tx, incident, n).withdrawn:
        raise Conflict(f"Entry {n} is withdrawn already.")
    return tx.append(
        c.ItemWithdrawn(n=n, reason=_said(reason, "Why?")), incident.number, corrects=n
    )


def item(tx: Tx, incident: Incident, n: int, kind: str | None = None) -> RecordItem:
    """The item with entry number ``n``. Raises ``NotFound``."""
    found = tx.session.get(RecordItem, (incident.number, n))
    if found is None or (kind is not None and found.kind != kind):
        wanted = kind or "fact, decision, hypothesis or evidence"
        raise NotFound(
            f"Entry {n} is no {wanted} of this incident.",
            instead="`/incident timeline` shows the numbers.",
        )
    return found


def _said(text: str, question: str) -> str:
    text = text.strip()
    if not text:
        raise BadInput(
            f"{question} The text is empty.", instead="Type it after the word.", field="text"
        )
    return text
