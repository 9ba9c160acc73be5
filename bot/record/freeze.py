"""Evidence freeze: what ran, by fingerprint, before a containment rung changes or destroys it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from sqlmodel import Session

from bot.effects import kinds
from bot.errors import BadInput, Conflict, NotReady
from bot.incident.rights import require
from bot.record import catalogue as c
from bot.record.batch import Env
from bot.record.entry import SYSTEM, Recorded
from bot.record.fingerprints import LABELS, PARTS, RunningNow, checked
from bot.record.read import entries
from bot.record.tx import Tx
from bot.timing import rfc3339
from db.tables import Incident, Step

__all__ = [
    "DESTRUCTIVE", "LABELS", "PARTS", "answer", "at_declaration", "before_asking", "freeze", "go_without",
    "in_words", "last", "missing",
    "needed_before", "require_answer", "unanswered",
]  # fmt: skip

#: Rungs after which the state that did the harm can no longer be looked at.
DESTRUCTIVE = ("C5", "C6", "C7", "C8", "C9")
REASON_MAX = 3000
_ANSWERS = (c.EvidenceFrozen.kind, c.FreezeSkipped.kind)


def freeze(
    tx: Tx, incident: Incident, fingerprints: Mapping[str, str], rung: str | None = None
) -> Recorded:
    """Put on the record what runs now. ``rung``: the rung that is about to be taken, if one is.

    Raises ``BadInput`` under the part's name when a value is no fingerprint.
    """
    require(tx, "add_evidence", incident)
    found = checked(fingerprints)
    recorded = tx.append(
        c.EvidenceFrozen(fingerprints=found, rung=_known(rung) if rung else None), incident.number
    )
    tx.refresh_card(incident.number)
    return recorded


def at_declaration(tx: Tx, number: int) -> None:
    """Freeze what the deployment pipeline says runs now, with the opening. On the fast path."""
    now = _running(tx.env)
    if now is not None:
        _freeze_by_itself(tx, number, now, None)


def before_asking(tx: Tx, incident: Incident, rung: str | None) -> None:
    """At the ask for ``rung``: freeze by itself where the pipeline says what runs, else refuse.

    Raises ``NotReady`` that says how to freeze, and how to go without.
    """
    if not _needed(tx, incident, rung):
        return
    assert rung is not None
    now = _running(tx.env)
    if now is None:
        raise missing(rung)
    _freeze_by_itself(tx, incident.number, now, rung)
    tx.batch.flush()


def require_answer(tx: Tx, incident: Incident, rung: str | None) -> None:
    """Raises ``NotReady`` when ``rung`` destroys evidence and was neither frozen nor waived."""
    if _needed(tx, incident, rung):
        raise missing(str(rung))


def _needed(tx: Tx, incident: Incident, rung: str | None) -> bool:
    if rung not in DESTRUCTIVE:
        return False
    tx.batch.flush()  # what this transaction appended counts
    return needed_before(tx.session, incident, rung)


def missing(rung: str) -> NotReady:
    """The refusal, with the two ways on."""
    return NotReady(
        f"Before {rung}, what runs now has to be frozen: afterwards nobody can look at it.",
        instead=f"`/incident freeze {rung}` takes two minutes. If it cannot wait: "
        f"`/incident freeze without {rung} because …`",
    )


def needed_before(session: Session, incident: Incident, rung: str) -> bool:
    """Whether ``rung`` destroys evidence and nobody has frozen for it, or decided to go without.

    Each time such a rung is taken it needs an answer of its own: what runs now is not what ran at
    declaration, or before the last rung. A step of the rung that was done has used its answer up.
    """
    if rung not in DESTRUCTIVE:
        return False
    keys = {row.key for row in _steps_of(session, incident.number, rung)}
    told = (*_ANSWERS, c.StepDone.kind, c.StepReopened.kind)
    answered = False
    used: set[str] = set()
    for e in entries(session, incident.number, kinds=told):
        kind = e.entry.kind
        if kind in _ANSWERS:
            answered = answered or e.entry.rung == rung
        elif kind == c.StepDone.kind and e.entry.key in keys and answered:
            answered, used = False, used | {e.entry.key}
        elif kind == c.StepReopened.kind and e.entry.key in used:  # done by mistake: not taken
            answered, used = True, used - {e.entry.key}
    return not answered


def answer(session: Session, incident: Incident, rung: str) -> Recorded | None:
    """The last freeze for ``rung``, or decision to go without, used up or not."""
    found = entries(session, incident.number, kinds=_ANSWERS)
    return next((e for e in reversed(list(found)) if e.entry.rung == rung), None)


def in_words(session: Session, incident: Incident, rung: str | None) -> str:
    """What those who approve ``rung`` are shown of it; empty when it destroys nothing."""
    found = answer(session, incident, rung) if rung in DESTRUCTIVE and rung else None
    if found is None:
        return ""
    if isinstance(found.entry, c.FreezeSkipped):
        return f"Not frozen: {found.entry.reason}"
    return f"Frozen before {rung} as entry {found.n}: {', '.join(found.entry.fingerprints)}"


def unanswered(session: Session, env: Env, incident: Incident, rung: str | None) -> bool:
    """Whether somebody has to be asked before ``rung`` is asked for: no file says what runs."""
    return rung is not None and needed_before(session, incident, rung) and _running(env) is None


def go_without(tx: Tx, incident: Incident, rung: str, reason: str) -> Recorded:
    """Decide to take ``rung`` (a rollback, say) without a freeze. The reason is on the record."""
    require(tx, "record_decision", incident)
    rung, reason = _known(rung), reason.strip()
    if not reason:
        raise BadInput(
            "Why can it not wait for a freeze?", instead="Say it in a sentence.", field="reason"
        )
    if len(reason) > REASON_MAX:
        raise BadInput(f"At most {REASON_MAX} characters.", field="reason")
    if not _needed(tx, incident, rung):
        raise Conflict(f"{rung} needs no freeze now.", instead="Go ahead.")
    recorded = tx.append(c.FreezeSkipped(rung=rung, reason=reason), incident.number)
    statement = f"{rung} goes ahead without an evidence freeze."
    decision = c.DecisionMade(
        topic="preservation", reversibility="irreversible", statement=statement, rationale=reason
    )
    n = tx.append(decision, incident.number).n
    tx.effect(
        kinds.say(
            incident.number, f"decision:{n}", "decision", n=n, by=tx.by.id, statement=statement,
            why=reason,
        )
    )  # fmt: skip
    tx.refresh_card(incident.number)
    return recorded


def last(session: Session, env: Env, incident: int) -> dict[str, str]:
    """What to show in an empty form: what the pipeline says, else what was frozen last."""
    now = _running(env)
    if now is not None:
        return dict(now.parts)
    frozen = list(entries(session, incident, kinds=[c.EvidenceFrozen.kind]))
    return dict(frozen[-1].entry.fingerprints) if frozen else {}


def _running(env: Env) -> RunningNow | None:
    found: RunningNow | None = env.fingerprints.now() if env.fingerprints is not None else None
    return found


def _freeze_by_itself(tx: Tx, number: int, now: RunningNow, rung: str | None) -> None:
    """In the bot's own name: nobody looked."""
    entry = c.EvidenceFrozen(fingerprints=dict(now.parts), rung=rung, as_of=rfc3339(now.as_of))
    Tx(tx.batch, SYSTEM).append(entry, number)


def _known(rung: str) -> str:
    if rung not in DESTRUCTIVE:
        raise BadInput(
            f"«{rung}» needs no freeze.", instead="Rungs that do: " + ", ".join(DESTRUCTIVE),
            field="rung",
        )  # fmt: skip
    return rung


def _steps_of(session: Session, incident: int, rung: str) -> Iterable[Step]:
    from sqlalchemy import select

    found = session.execute(select(Step).where(Step.incident == incident, Step.rung == rung))  # type: ignore[arg-type]
    return found.scalars()
