"""A yes on the local page: exactly what it is about, a question, and the code that answers it.

Nobody vouches here for who is typing, so a yes is the signature of a question made with the person's
key, as at the command line (`steadyhand incident confirm-code`).
"""

from __future__ import annotations

from dataclasses import dataclass

from bot import rooms, sheet
from bot.comms import approving
from bot.comms import queries as notices
from bot.errors import NotFound
from bot.incident import people
from bot.playbook import approvals, asked
from bot.record.tx import Tx
from db.tables import Incident


@dataclass(frozen=True, slots=True)
class Question:
    """What somebody is about to say yes to, and what they have to sign for it."""

    kind: str
    number: int
    heading: str
    parts: tuple[tuple[str, str], ...]
    text: str
    digest: str
    question: str


def question(tx: Tx, row: Incident, kind: str, number: int) -> Question:
    """Ask for a yes to a ``notice``, an ``approval``, or for its confirmation (``ratify``).

    Raises ``NotAllowed`` for somebody who is not enrolled, ``NotFound``.
    """
    look = _notice if _known(kind) == "notice" else _approval
    heading, parts, text, digest = look(tx, row, number)
    signed = people.question(tx, row, f"{kind}-{number}", digest)
    return Question(kind, number, heading, parts, text, digest, signed)


_Shown = tuple[str, tuple[tuple[str, str], ...], str, str]


def _notice(tx: Tx, row: Incident, number: int) -> _Shown:
    found = notices.notice(tx.session, row.number, number)
    heading = f"Notice {number} for {found.audience.replace('_', ' ')} ({found.stage})"
    return heading, (("Title", found.title),), found.body, found.digest


def _approval(tx: Tx, row: Incident, number: int) -> _Shown:
    found = asked.get(tx.session, row.number, number)
    return f"Approval {number}: {found.title}", sheet.approval_parts(found), "", found.digest


def say_yes(tx: Tx, row: Incident, kind: str, number: int, digest: str, code: str) -> None:
    """The verbs of Slack's buttons, with the code that proves who says it."""
    if _known(kind) == "notice":
        approving.approve(tx, row, number, digest, code)
    elif kind == "ratify":
        approvals.ratify(tx, row, number, digest, code)
    else:
        approvals.give(tx, row, number, digest, subjects=rooms.approval_subjects(), code=code)


def _known(kind: str) -> str:
    if kind not in ("notice", "approval", "ratify"):
        raise NotFound("Nothing of this kind waits for a yes.")
    return kind
