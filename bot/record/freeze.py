"""Evidence freeze: what ran, by fingerprint, before a containment rung changes or destroys it."""

from __future__ import annotations

from collections.abc import Mapping

from sqlmodel import Session

from bot.errors import BadInput, Conflict
from bot.incident.rights import require
from bot.record import catalogue as c
from bot.record.entry import Recorded
from bot.record.read import entries
from bot.record.tx import Tx
from db.tables import Incident

#: What a freeze can name; the values are hashes, digests or version ids, never the thing itself.
PARTS = ("model", "prompt", "guardrail", "config", "dataset", "index")
#: Rungs after which the state that did the harm can no longer be looked at.
DESTRUCTIVE = ("C5", "C6", "C7", "C8", "C9")
VALUE_MAX = 200


def freeze(
    tx: Tx, incident: Incident, fingerprints: Mapping[str, str], rung: str | None = None
) -> Recorded:
    """Put on the record what runs now. ``rung``: the rung that is about to be taken, if one is."""
    require(tx, "add_evidence", incident)
    found = {name: str(value).strip() for name, value in fingerprints.items() if str(value).strip()}
    unknown = sorted(set(found) - set(PARTS))
    if unknown or not found:
        raise BadInput(
            f"«{unknown[0]}» cannot be frozen." if unknown else "Nothing was named to freeze.",
            instead="Name one or more of: " + ", ".join(PARTS), field="fingerprints",
        )  # fmt: skip
    long = [name for name, value in found.items() if len(value) > VALUE_MAX]
    if long:
        raise BadInput(
            f"The fingerprint of the {long[0]} is too long.",
            instead="Give a hash or a version id, not the thing itself.", field="fingerprints",
        )  # fmt: skip
    return tx.append(c.EvidenceFrozen(fingerprints=found, rung=rung), incident.number)


def needed_before(session: Session, incident: Incident, rung: str) -> bool:
    """Whether ``rung`` destroys evidence and nothing was frozen for it yet.

    Each such rung needs a freeze of its own, or somebody's decision to go without, since what
    runs after one rung is not what ran before it. A freeze at declaration counts for the first.
    """
    if rung not in DESTRUCTIVE:
        return False
    kinds = (c.EvidenceFrozen.kind, c.FreezeSkipped.kind)
    answers = list(entries(session, incident.number, kinds=kinds))
    if any(e.entry.rung == rung for e in answers):
        return False
    first = not any(e.entry.rung in DESTRUCTIVE for e in answers)
    return not (first and any(e.entry.rung is None for e in answers))


def go_without(tx: Tx, incident: Incident, rung: str, reason: str) -> Recorded:
    """Decide to take ``rung`` (a rollback, say) without a freeze. The reason is on the record."""
    require(tx, "record_decision", incident)
    if not reason.strip():
        raise BadInput(
            "Why can it not wait for a freeze?", instead="Say it in a sentence.", field="reason"
        )
    if not needed_before(tx.session, incident, rung):
        raise Conflict(f"{rung} needs no freeze now.", instead="Go ahead.")
    return tx.append(c.FreezeSkipped(rung=rung, reason=reason.strip()), incident.number)
