"""What people put on the record: facts, decisions, hypotheses, evidence, messages, corrections."""

from __future__ import annotations

import difflib
import re
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select
from sqlmodel import Session, col

from bot.effects import kinds
from bot.effects.kinds import Effect
from bot.errors import BadInput, Conflict, NotFound
from bot.incident import decisions
from bot.incident.opening import Evidence
from bot.incident.rights import require
from bot.record import catalogue as c
from bot.record.entry import Recorded
from bot.record.tx import LATE_AFTER, Tx
from db.tables import Incident, RecordItem

SHA256 = re.compile(r"\b[0-9a-fA-F]{64}\b")
#: Clocks of people and servers differ by that much.
SLIP = timedelta(minutes=1)
STATUSES = ("open", "supported", "refuted")


def note(
    tx: Tx, incident: Incident, text: str, at: datetime | None = None, late: str = ""
) -> Recorded:
    """Put a fact on the record. ``at``: when it happened, if earlier; ``late``: why only now."""
    require(tx, "add_note", incident)
    _in_time(tx, at, late)
    return tx.append(
        c.NoteAdded(text=_said(text, "What happened?")), incident.number, effective_at=at,
        late_reason=late,
    )  # fmt: skip


def decide(
    tx: Tx, incident: Incident, statement: str, *, at: datetime | None = None, late: str = "",
    decider: str | None = None, **more: Any,
) -> Recorded:  # fmt: skip
    """Put a decision on the record; ``more`` are the other fields of ``DecisionMade``.

    ``decider`` is whoever decided, when it is not the person who puts it there.
    """
    require(tx, "record_decision", incident)
    _in_time(tx, at, late)
    if decider is not None and decider != tx.by.id:
        more |= {
            "decider": decider,
            "decider_role": decisions.role_of_decider(tx, incident, decider),
        }
    entry = c.DecisionMade(statement=_said(statement, "What was decided?"), **more)
    decisions.check(tx, incident, entry)
    recorded = tx.append(entry, incident.number, effective_at=at, late_reason=late)
    decisions.remind(tx, incident, recorded)
    tx.effect(
        kinds.say(
            incident.number, f"decision:{recorded.n}", "decision", n=recorded.n,
            by=entry.decider or tx.by.id, statement=entry.statement, why=entry.rationale,
        )
    )  # fmt: skip
    return recorded


def suppose(
    tx: Tx, incident: Incident, text: str, at: datetime | None = None, late: str = ""
) -> Recorded:
    """State a hypothesis, open until it is supported or refuted."""
    require(tx, "add_hypothesis", incident)
    _in_time(tx, at, late)
    entry = c.HypothesisStated(text=_said(text, "What do you suspect?"))
    return tx.append(entry, incident.number, effective_at=at, late_reason=late)


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
    tx: Tx, incident: Incident, text: str, *, kind: str = "other", source: str = "",
    location: str = "", custodian: str = "", sha256: str | None = None,
    at: datetime | None = None, late: str = "",
) -> Recorded:  # fmt: skip
    """Put evidence on the record: what it is, where it came from, where it is sealed, who holds it.

    Never the leaked data itself. A SHA-256 in the text is taken as its hash when none is given.
    """
    require(tx, "add_evidence", incident)
    text = _said(text, "What is it, and where is it kept?")
    _in_time(tx, at, late)
    if kind != "other" and kind not in tx.env.content.evidence:
        near = difflib.get_close_matches(kind, tx.env.content.evidence, n=1)
        hint = f"Did you mean «{near[0]}»?" if near else "Without one it is kept as «other»."
        raise BadInput(f"There is no kind of evidence «{kind}».", instead=hint, field="kind")
    found = SHA256.search(text)
    digest = ((sha256 or "").strip() or (found.group(0) if found else "")).lower() or None
    if digest is not None and not SHA256.fullmatch(digest):
        raise BadInput("A SHA-256 has 64 characters, 0 to 9 and a to f.", field="sha256")
    entry = c.EvidenceAdded(
        evidence_kind=kind, text=text, source=source, location=location, custodian=custodian,
        sha256=digest,
    )  # fmt: skip
    return tx.append(entry, incident.number, effective_at=at, late_reason=late)


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
        c.ItemWithdrawn(n=n, reason=_said(reason, "Why?", "reason")), incident.number, corrects=n
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


def _in_time(tx: Tx, at: datetime | None, why: str) -> None:
    """What happened earlier than ten minutes ago says why it is entered only now."""
    if at is None:
        return
    if at > tx.now + SLIP:
        raise BadInput("That moment has not come yet.", instead="When did it happen?", field="at")
    if at < tx.now - LATE_AFTER and not why.strip():
        raise BadInput(
            "Why is it entered only now?", instead="Say it in a few words.", field="late"
        )


def _said(text: str, question: str, field: str = "text") -> str:
    text = text.strip()
    if not text:
        raise BadInput(
            f"{question} The text is empty.", instead="Type it after the word.", field=field
        )
    return text
