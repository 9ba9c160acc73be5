"""What people decide about effects that did not happen: try again, or go on without."""

from __future__ import annotations

from sqlmodel import Session

from bot.effects import store
from bot.errors import Conflict, NotFound
from bot.incident import queries
from bot.incident.rights import need_reason, require
from bot.record import catalogue as c
from bot.record.tx import Tx
from db.tables import EffectRow

_ALREADY = {
    "done": "It happened already.",
    "inflight": "It is being tried right now.",
    "given_up": "Somebody decided to go on without it.",
}


def retry(tx: Tx, key: str) -> EffectRow:
    """Try a failed effect again now, or bring a waiting one forward.

    What may have happened unseen stays in doubt, so it is looked for before it is done again.
    Raises ``NotFound``, ``NotAllowed``, or ``Conflict`` when there is nothing to try.
    """
    row = _open_trouble(tx, key)
    row.state, row.next_at, row.attempts = "pending", tx.now, 0
    row.done_at, row.error, row.blocked = None, "", False
    tx.session.add(row)
    tx.batch.effects_stored += 1  # wakes the dispatcher after the commit
    tx.append(c.EffectRetried(key=key), row.incident)
    if row.incident is not None:
        tx.refresh_card(row.incident)
    return row


def give_up(tx: Tx, key: str, reason: str = "") -> EffectRow:
    """Go on without a failed effect; what waits for it stays undone as well.

    Raises ``NotFound``, ``NotAllowed``, or ``Conflict`` when there is nothing to give up.
    """
    row = _open_trouble(tx, key)
    reason = need_reason(reason, "Say in a sentence why the work goes on without it.")
    store.settle(row, "given_up", tx.now)
    tx.session.add(row)
    tx.append(c.EffectGivenUp(key=key, reason=reason), row.incident)
    if row.incident is not None:
        tx.refresh_card(row.incident)
    return row


def find_row(session: Session, key: str) -> EffectRow:
    """The effect with this key. Raises ``NotFound``."""
    row = store.by_key(session, key)
    if row is None:
        raise NotFound(
            f"There is no effect «{key}».",
            instead="`steadyhand effects list --all` shows the keys.",
        )
    return row


def _open_trouble(tx: Tx, key: str) -> EffectRow:
    """An effect that failed, or waits after a failed attempt. Raises ``NotFound`` or ``Conflict``."""
    row = find_row(tx.session, key)
    if row.incident is not None:
        require(tx, "settle_effect", queries.get(tx.session, row.incident))
    if row.state not in ("failed", "pending"):
        raise Conflict(_ALREADY[row.state])
    if row.state == "pending" and not row.attempts:
        raise Conflict("It waits for its turn and has not failed.")
    return row
