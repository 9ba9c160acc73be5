"""Who somebody is when Slack cannot say: enrolled keys, and approvals that are proven with them.

An enrolled person has a file with an Ed25519 key and a token. The record holds only the public key
and the hash of the token. To approve something past Slack, a question is stored and shown that names
the person, the exact text by its hash, and a number used once. The answer is the signature of that
question, so the record itself proves who approved what (RFC 8032).
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlmodel import Session

from bot import ed25519
from bot.effects import kinds
from bot.errors import BadInput, Conflict, NotAllowed, NotFound
from bot.incident.names import ref
from bot.incident.rights import need_reason
from bot.record import catalogue as c
from bot.record.entry import OFF_SLACK
from bot.record.read import entries
from bot.record.tx import Tx
from bot.timing import from_rfc3339, rfc3339
from db.tables import Incident

#: A question that was not answered in this time must be asked anew.
ANSWER_WITHIN = timedelta(minutes=10)
_PERSON = re.compile(r"[UW][A-Z0-9]{2,20}\Z")
_ASKED, _ANSWERED = "confirm:", "confirmed:"
_NOT_ENROLLED = "The operator enrols people: `steadyhand people enroll U0123`."


@dataclass(frozen=True, slots=True)
class Enrolled:
    """Somebody who can prove who they are; ``by`` enrolled them."""

    person: str
    key_id: str
    public: str
    token_sha256: str
    at: datetime
    by: str


# --- enrolment ------------------------------------------------------------------------------------


def enrol(tx: Tx, person: str, public: str, token: str) -> Enrolled:
    """Let the person prove who they are with this key and token. They are told in Slack.

    Raises ``BadInput``; ``NotAllowed`` for anybody but the operator at the command line.
    """
    _operator(tx)
    if not is_person(person):
        raise BadInput(
            f"«{person}» is not a Slack user id.",
            instead="It looks like U01ADA; in Slack: the person's profile, «Copy member ID».",
        )
    if len(_raw(public)) != 32:
        raise BadInput("This is not an Ed25519 public key.")
    entry = c.PersonEnrolled(
        key_id=key_id(public), public=public, person=person,
        token_sha256=hashlib.sha256(token.encode()).hexdigest(),
    )  # fmt: skip
    recorded = tx.append(entry, None)
    tx.effect(kinds.tell(person, f"enrolled:{recorded.seq}", "enrolled", key_id=entry.key_id))
    return Enrolled(person, entry.key_id, public, entry.token_sha256, tx.now, tx.by.id)


def is_person(person: str) -> bool:
    """Whether this is a Slack user id."""
    return _PERSON.match(person) is not None


def end(tx: Tx, person: str, reason: str) -> str:
    """The person's key and token count for nobody from now on. Returns the key's id."""
    _operator(tx)
    reason = need_reason(reason, "Say in a sentence why the key counts no more.")
    found = enrolled(tx.session, person)
    if found is None:
        raise NotFound(f"{person} is not enrolled.", instead="`steadyhand people list` shows all.")
    tx.append(c.EnrolmentEnded(key_id=found.key_id, reason=reason), None)
    return found.key_id


def _operator(tx: Tx) -> None:
    if tx.by.source != "cli" or not tx.by.id.startswith("cli:"):
        raise NotAllowed(
            "Only the operator can do this, at the command line.",
            verb="enrol",
            needs="the operator",
        )


def all_enrolled(session: Session) -> dict[str, Enrolled]:
    """Person to their enrolment as it counts now."""
    out: dict[str, Enrolled] = {}
    for found in _history(session):
        if isinstance(found, Enrolled):
            out[found.person] = found
        else:
            out = {who: each for who, each in out.items() if each.key_id != found}
    return out


def _history(session: Session) -> Iterator[Enrolled | str]:
    """Enrolments, and ids of keys that ended, in order."""
    wanted = (c.PersonEnrolled.kind, c.EnrolmentEnded.kind)
    for each in entries(session, kinds=wanted):
        entry = each.entry
        if isinstance(entry, c.PersonEnrolled):
            yield Enrolled(
                entry.person, entry.key_id, entry.public, entry.token_sha256, each.at, each.actor
            )
        else:
            yield str(entry.key_id)


def enrolled(session: Session, person: str) -> Enrolled | None:
    """The person's enrolment, if it counts now."""
    return all_enrolled(session).get(person)


def person_of(session: Session, token: str) -> str | None:
    """Whose token this is."""
    given = hashlib.sha256(token.encode()).hexdigest()
    found = [
        each.person for each in all_enrolled(session).values()
        if hmac.compare_digest(each.token_sha256, given)
    ]  # fmt: skip
    return found[0] if found else None


# --- proof ----------------------------------------------------------------------------------------


def question(tx: Tx, incident: Incident, what: str, digest: str) -> str:
    """What the actor must sign to approve exactly this; stored for ten minutes.

    ``what`` is ``notice-3``, ``approval-3``, or ``ratify-3`` for a confirmation afterwards.

    Raises ``NotAllowed`` for somebody who is not enrolled.
    """
    if enrolled(tx.session, tx.by.id) is None:
        raise _nobody(tx, incident)
    nonce = os.urandom(9).hex()
    until = tx.now + ANSWER_WITHIN
    asked = _question(tx.by.id, incident.number, what, digest, nonce)
    tx.remember(_ASKED + nonce, {"question": asked, "until": rfc3339(until)})
    return asked


def _question(person: str, incident: int, what: str, digest: str, nonce: str) -> str:
    return f"approve:{person}:{ref(incident)}:{what}:{digest}:{nonce}"


def proof(tx: Tx, incident: Incident, what: str, digest: str, code: str) -> dict[str, str]:
    """What the record keeps to prove an approval; empty where Slack vouches for the person.

    Raises ``NotAllowed`` when the code is missing or wrong, ``Conflict`` when it is too old or was
    used before.
    """
    if tx.by.source not in OFF_SLACK:
        return {}
    who = enrolled(tx.session, tx.by.id)
    if who is None:
        raise _nobody(tx, incident)
    nonce, _, signature = code.strip().partition(".")
    asked = _question(tx.by.id, incident.number, what, digest, nonce)
    _still_open(tx, incident, nonce, asked)
    if not verified(who.public, asked, signature):
        raise _wrong(incident)
    tx.remember(_ANSWERED + nonce, None)
    return {"key_id": who.key_id, "nonce": nonce, "signature": signature}


def _still_open(tx: Tx, incident: Incident, nonce: str, asked: str) -> None:
    found, kept = tx.recall(_ASKED + nonce[:64])
    if not found or kept is None or kept["question"] != asked:
        raise _wrong(incident)
    if tx.now >= from_rfc3339(kept["until"]):
        raise Conflict("The question is older than ten minutes.", instead="Ask for a new one.")
    if tx.recall(_ANSWERED + nonce)[0]:
        raise Conflict("This code was used already.", instead="Ask for a new question.")


def _nobody(tx: Tx, incident: Incident) -> NotAllowed:
    return NotAllowed(
        f"{tx.by.id} is not enrolled, so nobody could prove who approved.", instead=_NOT_ENROLLED,
        verb="prove", incident=incident.number, needs="a key that is enrolled",
    )  # fmt: skip


def _wrong(incident: Incident) -> NotAllowed:
    return NotAllowed(
        "This code does not prove who approves.",
        instead="Approve without --code: it prints the question that has to be signed.",
        verb="prove", incident=incident.number, needs="their key",
    )  # fmt: skip


# --- keys -----------------------------------------------------------------------------------------


def key_id(public: str) -> str:
    """Eight characters that name a public key."""
    return hashlib.sha256(_raw(public)).hexdigest()[:8]


def new_key() -> tuple[str, str]:
    """A new private key and its public one, both in base64url."""
    seed = ed25519.new_seed()
    return _text(seed), _text(ed25519.public_of(seed))


def answer(asked: str, private: str) -> str:
    """The code that answers a question, made where the private key is. Raises ``BadInput``."""
    parts = asked.strip().split(":")
    if len(parts) != 6 or parts[0] != "approve" or len(_raw(private)) != 32:
        raise BadInput("This is not a question of Steadyhand, or the key file is damaged.")
    signature = ed25519.sign(_raw(private), asked.strip().encode())
    return f"{parts[-1]}.{_text(signature)}"


def verified(public: str, asked: str, signature: str) -> bool:
    """Whether the signature of the question was made with this key."""
    return ed25519.holds(_raw(public), asked.encode(), _raw(signature))


def _text(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def _raw(text: str) -> bytes:
    try:
        return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except ValueError:
        return b""
