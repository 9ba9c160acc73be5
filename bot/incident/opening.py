"""Opening an incident, and what comes back from Slack while it is set up."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import timedelta

from bot.effects import kinds
from bot.errors import BadInput
from bot.incident import assessing, flood, queries
from bot.incident.names import channel_name
from bot.incident.rights import require_anywhere
from bot.record import catalogue as c
from bot.record import freeze
from bot.record.tx import Tx

TITLE_MAX = 150
#: The same person opening the same title again within this time (at most twice it) means the same.
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
    #: The channel's id, where it was opened before and there is one.
    channel: str | None = None


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
    the title is missing or too long, ``NotAllowed`` without the right or after very many.
    """
    title = title_of(title)
    kind = "drill" if drill else "private" if private else "default"
    require_anywhere(tx, "start_drill" if drill else "declare", kind)
    severity = assessing.parse_severity(severity) if severity else None
    unknown = [family for family in families if family not in tx.env.content.families]
    if unknown:
        raise BadInput("There is no such kind of harm.", field="families")
    twin = _just_opened(tx, title, drill)
    if twin is not None:
        channel = queries.get(tx.session, twin).channel_id
        return Opened(twin, title, drill, private, already=True, channel=channel)
    flood.hold_back(tx, drill)
    number = tx.batch.next_incident()
    asked = [person for person in (*tx.env.default_responders, *people) if person != tx.by.id]
    asked = list(dict.fromkeys(asked))
    name = channel_name(number, title, drill=drill, prefix=tx.env.channel_prefix)
    tx.append(
        c.IncidentOpened(
            number=number, drill=drill, private=private, channel_name=name,
            origin_channel=origin_channel, title=title, opener=tx.by.id, families=list(families),
            summary=summary, invited=asked,
        ),
        number,
        role="commander",
    )  # fmt: skip
    _remember_opening(tx, title, drill, number)
    if evidence is not None:
        capture_first(tx, number, evidence)
    freeze.at_declaration(tx, number)
    tx.effect(*kinds.opening(number, name=name, private=private))
    if asked:
        tx.effect(kinds.invite(number, "responders", asked))
    if severity is not None:
        tx.session.flush()
        assessing.set_severity(tx, queries.get(tx.session, number), severity)
    return Opened(number, title, drill, private)


def title_of(text: str) -> str:
    """A title in one line. Raises ``BadInput`` when it is missing or too long."""
    title = " ".join(text.split())
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
    return title


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
    """Slack made the channel: now it is furnished."""
    tx.append(c.ChannelMade(channel_id=channel_id, channel_name=name), number)
    incident = queries.get(tx.session, number)
    announce = None if incident.private else tx.env.announce_channel
    tx.effect(*kinds.furnishing(number, opener=incident.opened_by, announce=announce))


def catch_up(tx: Tx, number: int) -> None:
    """The channel came late: it is told once what went on without it, from the beginning."""
    upto = queries.get(tx.session, number).version
    tx.effect(kinds.say(number, "away", kinds.AWAY_MESSAGE, after=0, upto=upto))


def card_posted(tx: Tx, number: int, channel_id: str, ts: str) -> None:
    """Slack shows the card."""
    tx.append(c.CardPosted(channel_id=channel_id, ts=ts), number)


def announced(tx: Tx, number: int, channel_id: str, ts: str) -> None:
    """The broadcast channel shows the announcement."""
    tx.append(c.IncidentAnnounced(channel_id=channel_id, ts=ts), number)


def _just_opened(tx: Tx, title: str, drill: bool) -> int | None:
    """The incident that this person opened under this title a moment ago, if any."""
    for key in _opening_keys(tx, title, drill)[:1]:
        seen, answer = tx.seen_before(key)
        if seen and answer is not None:
            return int(answer["number"])
    return None


def _remember_opening(tx: Tx, title: str, drill: bool, number: int) -> None:
    for key in _opening_keys(tx, title, drill):
        tx.remember(key, {"number": number})


def _opening_keys(tx: Tx, title: str, drill: bool) -> tuple[str, str]:
    """Keys of this stretch of time and the next: whoever opens the same again meets one of them."""
    stretch = int(tx.now.timestamp() // SAME_WITHIN.total_seconds())
    said = hashlib.sha256(f"{tx.by.id}\x1f{drill}\x1f{title.lower()}".encode()).hexdigest()[:32]
    return f"opening:{said}:{stretch}", f"opening:{said}:{stretch + 1}"
