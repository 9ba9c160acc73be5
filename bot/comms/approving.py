"""Approval of notices: ask the people that content names, take their yes or no, let it lapse.

An approval belongs to the digest of the exact text. Whoever wrote on the text, or asked for its
approval, cannot approve it.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from bot.comms import checks, queries
from bot.comms.notices import findings
from bot.effects import kinds
from bot.effects.store import Claimed
from bot.errors import BadInput, Conflict, NotAllowed, NotReady
from bot.incident import people as people_
from bot.incident import queries as incidents
from bot.incident.rights import people_of, require, who_may
from bot.incident.tenure import Tenure, of_roles, tenures
from bot.playbook.counting import asked_at, not_by_that, taken_since
from bot.record import catalogue as c
from bot.record.tx import Tx, roles_held
from bot.timing import rfc3339
from db.tables import Incident, Notice

#: An approval that was asked for, or given and not used, lapses after this time: facts get old.
LASTS = timedelta(hours=4)
#: Approvers are asked once more after this time when content does not say.
ASK_AGAIN = timedelta(minutes=30)


def submit(tx: Tx, incident: Incident, number: int, digest: str | None = None) -> str:
    """Ask the people that the audience's rule names to approve the exact text.

    Raises ``NotReady`` while a check blocks it, ``Conflict`` when it was asked already.
    """
    row = queries.notice(tx.session, incident.number, number)
    require(tx, "draft_notice", incident)
    same_text(row, digest)
    if row.state not in ("draft", "returned"):
        raise Conflict(f"Notice {number} is {row.state} already.")
    found = findings(tx.env.content, incident, row)
    stops = checks.blocking(found)
    if stops:
        raise NotReady(f"{stops[0].what} {stops[0].fix}", field="body")
    people = _ready_to_ask(tx, incident, row)
    until = tx.now + LASTS
    entry = tx.append(
        c.NoticeSubmitted(
            number=number, digest=row.digest, expires_at=rfc3339(until),
            advice=sorted({finding.id for finding in found}), asked_of=people,
        ),
        incident.number,
    )  # fmt: skip
    ask(tx, incident, row, people, f"{entry.n}")
    say(tx, incident, row, "notice_submitted", people=people)
    tx.effect(
        _remind("notice_waiting", incident, row, entry.n, tx.now + _patience(tx, row)),
        _remind("notice_expires", incident, row, entry.n, until),
    )
    tx.refresh_card(incident.number)
    return _asked_sentence(tx, incident, row, people)


def approve(tx: Tx, incident: Incident, number: int, digest: str, code: str = "") -> str:
    """Say yes to the exact text with this digest. Returns what happens next.

    Past Slack nobody knows who is typing: there it takes a ``code`` (see ``bot.incident.people``).
    """
    row = queries.notice(tx.session, incident.number, number)
    same_text(row, digest)
    rule = queries.rule_for(tx.env.content, row.audience, incident.severity)
    again = row.state == "approved" and not queries.is_satisfied(tx.env.content, incident, row)
    held = _right_to_approve(tx, incident, row)
    known = _known(tx, incident)
    held = _counting(tx, incident, row, held, known)
    if row.state != "submitted" and not again:
        raise Conflict(f"Notice {number} is {row.state}; there is nothing to approve.")
    if row.expires_at is not None and tx.now >= row.expires_at:
        raise Conflict("The time to approve this is over.", instead="Its author can ask again.")
    before = queries.said_yes(row)
    if tx.by.id in before:
        raise Conflict(f"You approved notice {number} already.")
    proof = people_.proof(tx, incident, f"notice-{number}", row.digest, code)
    complete = rule.complete({**before, tx.by.id: frozenset(held)})
    entry = tx.append(
        c.NoticeApproved(
            number=number, digest=row.digest, role=", ".join(held), roles=list(held),
            complete=complete, expires_at=rfc3339(tx.now + LASTS) if complete else None,
            proof=proof, **of_roles(known, held),
        ),
        incident.number,
    )  # fmt: skip
    tx.refresh_card(incident.number)
    if not complete:
        wanted = needed(tx, incident, row)
        say(tx, incident, row, "notice_half_approved", needed=wanted)
        return f"You approved notice {number}. Still needed: {wanted}."
    _told(tx, incident, row, "notice_approved", f"{entry.n}")
    say(tx, incident, row, "notice_approved", by=tx.by.id)
    tx.effect(_remind("notice_expires", incident, row, entry.n, tx.now + LASTS))
    return f"Notice {number} is approved. {_who_publishes(tx, incident)} can publish it now."


def send_back(tx: Tx, incident: Incident, number: int, digest: str, comment: str) -> str:
    """Say no for now; the comment tells the authors what to change."""
    row = queries.notice(tx.session, incident.number, number)
    same_text(row, digest)
    comment = comment.strip()
    _right_to_approve(tx, incident, row)
    if row.state not in ("submitted", "approved"):
        raise Conflict(f"Notice {number} is {row.state}; it cannot be sent back.")
    if not comment:
        raise BadInput(
            "Say what should change.", instead="One sentence is enough.", field="comment"
        )
    entry = tx.append(
        c.NoticeReturned(number=number, digest=row.digest, comment=comment), incident.number
    )
    _told(tx, incident, row, "notice_returned", f"{entry.n}", comment=comment, by=tx.by.id)
    say(tx, incident, row, "notice_returned", by=tx.by.id)
    tx.refresh_card(incident.number)
    return f"Notice {number} went back to its author with your comment."


# --- later ------------------------------------------------------------------------------------


def waiting_task(tx: Tx, effect: Claimed) -> None:
    """Nobody has answered for a while: ask again, once, and say it in the channel."""
    found = _still_asked(tx, effect)
    if found is None or found[1].state != "submitted":
        return
    incident, row = found
    people = queries.approvers(tx.session, tx.env.content, incident, row)
    ask(tx, incident, row, people, f"again:{effect.payload['n']}")
    say(tx, incident, row, "notice_waiting", people=people, needed=needed(tx, incident, row))


def expires_task(tx: Tx, effect: Claimed) -> None:
    """The time is over: an unanswered request or an unused approval lapses."""
    found = _still_asked(tx, effect)
    if found is None or found[1].expires_at is None or found[1].expires_at > tx.now:
        return
    incident, row = found
    was = row.state
    why = "nobody approved it in time" if was == "submitted" else "it was not published in time"
    comment = f"It lapsed: {why}. Look at the text again and ask anew."
    entry = tx.append(
        c.NoticeReturned(number=row.number, digest=row.digest, expired=True, comment=comment),
        incident.number,
    )
    _told(tx, incident, row, "notice_expired", f"{entry.n}", was=was)
    say(tx, incident, row, "notice_expired", was=was)
    tx.refresh_card(incident.number)


def _still_asked(tx: Tx, effect: Claimed) -> tuple[Incident, Notice] | None:
    assert effect.incident is not None
    incident = incidents.get(tx.session, effect.incident)
    row = tx.session.get(Notice, (incident.number, effect.payload["number"]))
    if row is None or row.digest != effect.payload["digest"]:
        return None
    return (incident, row) if row.state in ("submitted", "approved") else None


def _remind(
    task: str, incident: Incident, row: Notice, n: int | None, at: datetime
) -> kinds.Effect:
    key = f"{task}:{incident.number}:{row.number}:{n}"
    return kinds.house(
        task, incident.number, key=key, at=at, number=row.number, digest=row.digest, n=n
    )


def same_text(row: Notice, digest: str | None) -> None:
    """Raises ``Conflict`` when the text is not the one that the person saw."""
    if digest is not None and digest != row.digest:
        raise Conflict(
            f"The text of notice {row.number} changed since you saw it.",
            instead=f"Look at it again: `/incident notice {row.number}`",
        )


def _right_to_approve(tx: Tx, incident: Incident, row: Notice) -> tuple[str, ...]:
    """The roles that give the actor the right. Raises ``NotAllowed`` with who has it."""
    rule = queries.rule_for(tx.env.content, row.audience, incident.severity)
    held = roles_held(tx.session, incident.number, tx.by.id)
    mine = queries.counts(rule, row, tx.by.id, held)
    if mine:
        return mine
    who = people_of(tx, incident, rule.roles)
    if tx.by.id in row.authors:
        raise NotAllowed(
            "You wrote this text or asked for its approval, so somebody else must approve it.",
            instead=f"It takes {who}.",
            verb="approve_notice", incident=incident.number, needs="another person",
        )  # fmt: skip
    raise NotAllowed(
        f"Only {who} can approve this.",
        instead="Ask them, or take the role first: `/incident role`.",
        verb="approve_notice", incident=incident.number, needs=", ".join(rule.roles),
    )  # fmt: skip


def _known(tx: Tx, incident: Incident) -> dict[str, Tenure]:
    tx.batch.flush()
    return tenures(tx.session, incident, tx.by.id)


def _counting(
    tx: Tx, incident: Incident, row: Notice, held: tuple[str, ...], known: dict[str, Tenure]
) -> tuple[str, ...]:
    """Those of the actor's roles whose yes counts. Raises ``NotAllowed`` when none does.

    A role that somebody took alone after the approval was asked for is not enough.
    """
    late = taken_since(known, asked_at(tx.session, row)) if row.asked_at else frozenset()
    left = tuple(role for role in held if role not in late)
    if not left:
        raise not_by_that(tx, incident, known, held, "approve_notice")
    return left


def _ready_to_ask(tx: Tx, incident: Incident, row: Notice) -> list[str]:
    """Whom to ask once the actor counts as an author too."""
    people = queries.approvers(tx.session, tx.env.content, incident, row)
    return [person for person in people if person != tx.by.id]


def _asked_sentence(tx: Tx, incident: Incident, row: Notice, people: list[str]) -> str:
    wanted = needed(tx, incident, row)
    if not people:
        return (
            f"Notice {row.number} waits for approval, but nobody who may approve is there: {wanted}. "
            "Give somebody the role: `/incident role`."
        )
    names = ", ".join(f"<@{person}>" for person in people)
    return f"Asked {names} to approve notice {row.number}. Needed: {wanted}."


def needed(tx: Tx, incident: Incident, row: Notice) -> str:
    """The roles whose approval is still missing and who holds them, in words."""
    groups = queries.still_needed(tx.env.content, incident, row)
    return ", and ".join(people_of(tx, incident, group) for group in groups) or "nobody else"


def _who_publishes(tx: Tx, incident: Incident) -> str:
    found = who_may(tx, "publish_notice", incident)
    return found[:1].upper() + found[1:]


def _patience(tx: Tx, row: Notice) -> timedelta:
    audience = tx.env.content.audiences.get(row.audience)
    timeout = audience.approve.timeout if audience is not None else None
    return timedelta(minutes=timeout.minutes) if timeout is not None else ASK_AGAIN


def ask(tx: Tx, incident: Incident, row: Notice, people: list[str], key: str) -> None:
    """Ask these people, privately, with the exact text and what the checks found in it."""
    found = findings(tx.env.content, incident, row)
    audience = tx.env.content.audiences.get(row.audience)
    for person in people:
        tx.effect(
            kinds.tell(
                person, f"notice:{incident.number}:{row.number}:{key}", "notice_asked",
                incident=incident.number, number=row.number, digest=row.digest,
                by=tx.by.id, audience=audience.title if audience else row.audience,
                findings=[f"{finding.what} {finding.fix}" for finding in found],
            )
        )  # fmt: skip


def _told(tx: Tx, incident: Incident, row: Notice, message: str, key: str, **params: Any) -> None:
    """Tell those who wrote on the text, except the one who acts."""
    for person in row.authors:
        if person != tx.by.id and person[:1] in "UW":
            tx.effect(
                kinds.tell(
                    person, f"{message}:{incident.number}:{row.number}:{key}", message,
                    incident=incident.number, number=row.number, **params,
                )
            )  # fmt: skip


def say(tx: Tx, incident: Incident, row: Notice, message: str, **params: Any) -> None:
    """Say in the channel that something happened to a notice, never its text."""
    tx.effect(
        kinds.say(
            incident.number, f"{message}:{row.number}:{incident.version}", message + "_said", number=row.number, audience=row.audience, stage=row.stage, **params,
        )
    )  # fmt: skip
