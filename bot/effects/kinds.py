"""Every kind of effect that a room can ask for, in the rooms' words.

An effect says what should happen outside, not how: the adapter of each world knows the calls.
``key`` makes it happen once. ``lane`` orders: one after the other within a lane. ``after`` is the
key of an effect that must have succeeded first. ``pace_ms`` is the least time between two effects
of the lane.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

#: The bookmark of the status page; the other one is that of the card.
PAGE = "page"
TELL, RETELL = "person.tell", "person.retell"
MESSAGE_PACE_MS = 1_000
CARD_PACE_MS = 1_500
#: The wording of what is said in one message after Slack was away; see ``bot.effects.away``.
AWAY_MESSAGE = "while_away"
#: The same for what was to be said to one person.
AWAY_TOLD = "while_away_you"


@dataclass(frozen=True, slots=True)
class Effect:
    """One wish, before it is stored."""

    kind: str
    key: str
    lane: str
    payload: dict[str, Any] = field(default_factory=dict)
    incident: int | None = None
    after: str | None = None
    pace_ms: int = 0
    at: datetime | None = None


def for_slack(effect: Effect) -> Effect | None:
    """The effect without people whom Slack does not know (``cli:ann``); None when nobody is left."""
    if effect.kind == TELL:
        return effect if slack_knows(effect.payload["user"]) else None
    if effect.kind == "channel.invite" and not all(map(slack_knows, effect.payload["users"])):
        users = [user for user in effect.payload["users"] if slack_knows(user)]
        return replace(effect, payload={**effect.payload, "users": users}) if users else None
    return effect


def slack_knows(person: str) -> bool:
    """Whether this is a Slack user id, and not the bot or somebody at the command line."""
    return person[:1] in ("U", "W")


def channel_key(incident: int) -> str:
    """Key of the effect that makes the channel."""
    return f"channel:{incident}"


def card_key(incident: int) -> str:
    """Key of the effect that posts the card."""
    return f"card:{incident}"


def opening(incident: int, *, name: str, private: bool) -> list[Effect]:
    """What opening an incident begins with: its channel, and work of our own that needs none.

    The rest follows when there is a channel (see :func:`furnishing`): so little is stored while
    the opener waits for the acknowledgement.
    """
    return [
        Effect(
            "channel.create", channel_key(incident), f"make:{incident}",
            {"name": name, "private": private}, incident,
        ),
        house("begin", incident, key=f"begin:{incident}"),
    ]  # fmt: skip


def furnishing(incident: int, *, opener: str, announce: str | None) -> list[Effect]:
    """Everything that is done in a new channel.

    Invitation and card go side by side, so that the opener sees the first message two calls after
    opening; the rest follows the card, all at once.
    """
    channel, card = channel_key(incident), card_key(incident)

    def after_card(kind: str, lane: str) -> Effect:
        return Effect(kind, f"{lane}:{incident}", f"{lane}:{incident}", {}, incident, card)

    out = [
        Effect(
            "channel.invite", f"invite:{incident}:opener", f"invite:{incident}",
            {"users": [opener]}, incident, channel,
        ),
        Effect("card.post", card, f"cardpost:{incident}", {}, incident, channel),
        after_card("channel.topic", "topic"),
        after_card("card.pin", "pin"),
        after_card("channel.bookmark", "bookmark"),
    ]  # fmt: skip
    if announce:
        out.append(
            Effect(
                "announce.post", f"announce:{incident}", f"announce:{announce}",
                {"channel": announce}, incident, card, MESSAGE_PACE_MS,
            )
        )  # fmt: skip
    return out


def bookmark_page(incident: int) -> Effect:
    """Link the status page in the channel's head, once there is something on it to see."""
    return Effect(
        "channel.bookmark", f"bookmark:{incident}:{PAGE}", f"bookmark:{incident}", {"what": PAGE},
        incident, channel_key(incident),
    )  # fmt: skip


def house(
    task: str, incident: int | None, *, key: str, at: datetime | None = None, **payload: Any
) -> Effect:
    """Work of our own to be done after the commit or at a later time: reminders, follow-ups."""
    return Effect(f"house.{task}", key, f"house:{key}", payload, incident, at=at)


def say(
    incident: int, key: str, message: str, *, thread: str | None = None, **params: Any
) -> Effect:
    """Post a message into the incident's channel. ``message`` names its wording."""
    return Effect(
        "channel.say", f"say:{incident}:{key}", f"talk:{incident}",
        {"message": message, "params": params, "thread": thread}, incident,
        channel_key(incident), MESSAGE_PACE_MS,
    )  # fmt: skip


def tell(
    user: str, key: str, message: str, *, incident: int | None = None, **params: Any
) -> Effect:
    """Write to one person, seen by nobody else."""
    return Effect(
        TELL, f"tell:{user}:{key}", f"dm:{user}",
        {"user": user, "message": message, "params": params}, incident, None, MESSAGE_PACE_MS,
    )  # fmt: skip


def retell(tell_key: str, user: str, incident: int, n: int) -> Effect:
    """Bring a message to one person up to the state after entry ``n``; none, if it was never sent."""
    return Effect(
        RETELL, f"re{tell_key}:{n}", f"dm:{user}", {"tell": tell_key, "user": user}, incident
    )


def invite(incident: int, key: str, users: list[str]) -> Effect:
    """Bring people into the incident's channel."""
    return Effect(
        "channel.invite", f"invite:{incident}:{key}", f"invite:{incident}:{key}",
        {"users": users}, incident, channel_key(incident),
    )  # fmt: skip


def read_group(group: str, stretch: int) -> Effect:
    """Ask Slack who is in a user group; once in each ``stretch`` of time."""
    return Effect("group.read", f"group:{group}:{stretch}", f"group:{group}", {"group": group})


def refresh_card(incident: int, n: int) -> Effect:
    """Bring the card up to the state; many wishes become one call (see ``Tx.refresh_card``)."""
    return Effect(
        "card.update", f"card:{incident}:{n}", f"cardlane:{incident}", {}, incident,
        card_key(incident), CARD_PACE_MS,
    )  # fmt: skip
