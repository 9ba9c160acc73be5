"""Opening an incident, and what comes back from Slack while it is set up."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from sqlmodel import col, select

from bot.effects import kinds
from bot.errors import BadInput
from bot.incident import assessing, queries
from bot.incident.names import channel_name
from bot.record import catalogue as c
from bot.record.tx import Tx
from db.tables import Incident

TITLE_MAX = 150
#: The same person opening the same title within this time means the same incident.
SAME_WITHIN = timedelta(seconds=20)


@dataclass(frozen=True, slots=True)
class Evidence:
    """A message that an incident is opened from."""

    channel: str
    ts: str
    posted_at: str
    text: str
    author: str
    permalink: str = ""


@dataclass(frozen=True, slots=True)
class Opened:
    """What opening answers with. ``already`` is set when the same incident was just opened."""

    number: int
    title: str
    drill: bool
    private: bool
    already: bool = False


def open_incident(
    tx: Tx,
    title: str,
    *,
    drill: bool = False,
    private: bool = False,
    origin_channel: str | None = None,
    evidence: Evidence | None = None,
    severity: str | None = None,
    families: tuple[str, ...] = (),
    summary: str = "",
    people: tuple[str, ...] = (),
) -> Opened:
    """Open an incident (or a drill). The opener commands it until somebody takes over.

    Stores everything that must happen in Slack; makes no call itself. Raises ``BadInput`` when
    the title is missing or too long.
    """
    title = " ".join(title.split())
    if not title:
        raise BadInput(
            "An incident needs a title.",
            instead="Say in a few words what the system is doing: "
            "`/incident open Support assistant is insulting customers`",
            field="title",
        )
    if len(title) > TITLE_MAX:
        raise BadInput(
            f"The title has {len(title)} characters; {TITLE_MAX} is the most.",
            instead="Shorten it; details can follow in the channel.",
            field="title",
        )
    twin = _just_opened(tx, title, drill)
    if twin is not None:
        return Opened(twin.number, twin.title, drill, twin.private, already=True)
    number = tx.batch.next_incident()
    name = channel_name(number, title, drill=drill, prefix=tx.env.channel_prefix)
    tx.append(
        c.IncidentOpened(
            number=number, drill=drill, private=private, channel_name=name,
            origin_channel=origin_channel, title=title, opener=tx.by.id, families=list(families),
            summary=summary,
        ),
        number,
        role="commander",
    )  # fmt: skip
    if evidence is not None:
        capture_first(tx, number, evidence)
    announce = None if private else tx.env.announce_channel
    tx.effect(
        *kinds.opening(number, name=name, private=private, opener=tx.by.id, announce=announce)
    )
    asked = [person for person in (*tx.env.default_responders, *people) if person != tx.by.id]
    if asked:
        tx.effect(kinds.invite(number, "responders", list(dict.fromkeys(asked))))
    if severity is not None:
        tx.session.flush()
        assessing.set_severity(tx, queries.get(tx.session, number), severity)
    return Opened(number, title, drill, private)


def capture_first(tx: Tx, number: int, evidence: Evidence) -> None:
    """Keep the message that the incident was opened from as its first evidence."""
    tx.append(
        c.MessageCaptured(
            channel_id=evidence.channel, ts=evidence.ts, posted_at=evidence.posted_at,
            how="opened_from", text=evidence.text, author=evidence.author,
            permalink=evidence.permalink,
        ),
        number,
    )  # fmt: skip


def channel_made(tx: Tx, number: int, channel_id: str, name: str) -> None:
    """Slack made the channel."""
    tx.append(c.ChannelMade(channel_id=channel_id, channel_name=name), number)


def card_posted(tx: Tx, number: int, channel_id: str, ts: str) -> None:
    """Slack shows the card."""
    tx.append(c.CardPosted(channel_id=channel_id, ts=ts), number)


def announced(tx: Tx, number: int, channel_id: str, ts: str) -> None:
    """The broadcast channel shows the announcement."""
    tx.append(c.IncidentAnnounced(channel_id=channel_id, ts=ts), number)


def _just_opened(tx: Tx, title: str, drill: bool) -> Incident | None:
    statement = (
        select(Incident)
        .where(
            col(Incident.number) > tx.batch.last_incident() - 50,
            col(Incident.opened_by) == tx.by.id,
            col(Incident.opened_at) > tx.now - SAME_WITHIN,
            col(Incident.status).in_(("investigating", "contained")),
        )
        .order_by(col(Incident.number).desc())
    )
    for found in tx.session.exec(statement):
        if found.title == title and (found.kind == "drill") == drill:
            return found
    return None
