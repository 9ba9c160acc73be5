"""The postmortem's verbs: begin, write, name factors, review, post. Building is ``build``."""

from __future__ import annotations

from bot.effects import kinds, store
from bot.effects.store import Claimed
from bot.errors import BadInput, Conflict, NotAllowed, NotFound
from bot.incident.names import ref
from bot.incident.queries import get
from bot.incident.rights import allowed, require
from bot.playbook.telling import commander_of
from bot.postmortem import reminders, sections
from bot.record import catalogue as c
from bot.record.entry import Recorded
from bot.record.tx import Tx, roles_held
from db.tables import EntryRow, Incident, Postmortem

TEXT_MAX = 3000


def begin_task(tx: Tx, effect: Claimed) -> None:
    """The stored wish of resolving: begin the postmortem and say so, once each time."""
    assert effect.incident is not None
    incident = get(tx.session, effect.incident)
    if incident.status not in ("resolved", "closed"):
        return  # reopened meanwhile: resolving again stores a new wish
    begin(tx, incident)
    tx.effect(kinds.say(incident.number, effect.key, "postmortem_begun"))
    reminders.schedule(tx, incident)
    tx.refresh_card(incident.number)


def begin(tx: Tx, incident: Incident) -> Postmortem:
    """The postmortem's row; the first time an entry says that it was begun."""
    if tx.session.get(Postmortem, incident.number) is None:
        tx.append(c.PostmortemStarted(), incident.number)
    row = tx.session.get(Postmortem, incident.number)
    assert row is not None
    return row


def write(
    tx: Tx, incident: Incident, key: str, text: str, seen: int | None = None
) -> Recorded | None:
    """Write a section. ``seen`` is the entry whose text the writer had before them.

    Returns None when nothing changed. Raises ``Conflict`` when somebody wrote meanwhile.
    """
    require(tx, "edit_postmortem", incident)
    section = sections.section(key)
    text = _fits(text, key)
    row = begin(tx, incident)
    now = row.sections.get(key, {})
    if now.get("text", "") == text:
        return None
    n = now.get("n", 0)
    if seen is not None and n != seen:
        has = f"has another text by now, entry {n}" if n else "has no text yet"
        raise Conflict(
            f"«{section.title}» {has}.",
            instead="Copy yours, look at it (`/incident postmortem`) and bring both together.",
        )
    entry = tx.append(c.PostmortemEdited(section=key, text=text), incident.number)
    tx.refresh_card(incident.number)
    return entry


def name_factor(
    tx: Tx, incident: Incident, text: str, entries: list[int], number: int | None = None
) -> int:
    """Name a contributing factor, or put number ``number`` into other words. Returns its number."""
    require(tx, "edit_postmortem", incident)
    text = " ".join(_fits(text, "text").split())
    if not text:
        raise BadInput("Say what contributed.", instead="One factor at a time.", field="text")
    entries = sorted(set(entries))
    for n in entries:
        _on_record(tx, incident, n)
    row = begin(tx, incident)
    known = {one["number"]: one for one in row.factors}
    if number is not None and number not in known:
        raise NotFound(f"There is no contributing factor {number}.")
    same = next((one for one in known.values() if one["text"] == text), None)
    if same is not None and same["entries"] == entries:
        raise Conflict(f"Contributing factor {same['number']} says this already.")
    number = number or _next_factor(tx, incident)
    tx.append(c.FactorNamed(number=number, entries=entries, text=text), incident.number)
    return number


def withdraw_factor(tx: Tx, incident: Incident, number: int, reason: str = "") -> None:
    """Take a contributing factor back; the record keeps it."""
    require(tx, "edit_postmortem", incident)
    row = begin(tx, incident)
    if number not in {one["number"] for one in row.factors}:
        raise NotFound(f"There is no contributing factor {number}.")
    tx.append(c.FactorWithdrawn(number=number, reason=reason.strip()), incident.number)


def review(tx: Tx, incident: Incident, seen: str, comment: str = "") -> Recorded:
    """Accept the document with the digest ``seen``; never by the commander of the incident.

    Raises ``Conflict`` when the document is not the one that was read.
    """
    if tx.by.id == commander_of(tx, incident):
        raise NotAllowed(
            "The commander does not review their own incident.",
            instead=f"Ask one who holds: {', '.join(_reviewers(tx, incident))}.",
            verb="approve_postmortem", incident=incident.number, needs="another person",
        )  # fmt: skip
    require(tx, "approve_postmortem", incident)
    row = tx.session.get(Postmortem, incident.number)
    if row is None or incident.status not in ("resolved", "closed"):
        raise Conflict(
            f"{ref(incident.number)} is not resolved, so there is nothing to review yet."
        )
    now = _digest(tx, incident)
    if row.state == "reviewed" and row.reviewed_sha256 == now:
        raise Conflict("It is reviewed already, exactly as it stands.")
    if seen != now:
        raise Conflict(
            "The document changed while you were reading.",
            instead="Look at it again: `/incident postmortem`.",
        )
    entry = tx.append(
        c.PostmortemReviewed(sha256=now, role=_role(tx, incident), comment=comment.strip()),
        incident.number,
    )
    tx.effect(kinds.say(incident.number, f"reviewed:{entry.n}", "postmortem_reviewed", by=tx.by.id))
    tx.refresh_card(incident.number)
    return entry


def post(tx: Tx, incident: Incident) -> None:
    """Post the document's head into the channel, once for each text of it."""
    require(tx, "edit_postmortem", incident)
    key = f"postmortem:{_digest(tx, incident)[:16]}"
    wish = kinds.say(incident.number, key, "postmortem_posted")
    if store.by_key(tx.session, wish.key) is not None:
        raise Conflict("This text of the postmortem was posted to the channel already.")
    tx.effect(wish)


def _digest(tx: Tx, incident: Incident) -> str:
    """Digest of the document as it stands, with what this transaction already put on the record."""
    from bot.postmortem.build import build

    tx.batch.flush()
    return build(tx.session, incident, tx.env.content).proof.digest


def _reviewers(tx: Tx, incident: Incident) -> list[str]:
    titles = {role.id: role.title for role in tx.env.content.roles.values()}
    wanted = allowed(tx, "approve_postmortem", incident)
    return [titles.get(one, one) for one in wanted if one != tx.env.content.commander.id]


def _role(tx: Tx, incident: Incident) -> str:
    """The role in which the actor reviews."""
    wanted = allowed(tx, "approve_postmortem", incident)
    held = roles_held(tx.session, incident.number, tx.by.id)
    return next((role for role in held if role in wanted), held[0] if held else "")


def _next_factor(tx: Tx, incident: Incident) -> int:
    """One more than the highest number ever used here, so that a number keeps its meaning."""
    from bot.record.read import entries

    used = entries(tx.session, incident.number, kinds=[c.FactorNamed.kind])
    return max((each.entry.number for each in used), default=0) + 1


def _on_record(tx: Tx, incident: Incident, n: int) -> None:
    from sqlalchemy import select

    found = select(EntryRow.seq).where(EntryRow.incident == incident.number, EntryRow.n == n)  # type: ignore[call-overload]
    if tx.session.execute(found).first() is None:
        raise BadInput(
            f"There is no entry {n} in {ref(incident.number)}.",
            instead="`/incident timeline` shows the numbers.", field="entries",
        )  # fmt: skip


def _fits(text: str, field: str) -> str:
    text = text.strip()
    if len(text) > TEXT_MAX:
        raise BadInput(f"At most {TEXT_MAX} characters.", field=field)
    return text
