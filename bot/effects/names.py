"""Kinds of effects in words, for people."""

from __future__ import annotations

_WORDS = {
    "channel.create": "Making the channel",
    "channel.invite": "Inviting people",
    "channel.topic": "Setting the topic",
    "channel.bookmark": "Adding the bookmark",
    "channel.say": "Posting a message",
    "channel.archive": "Archiving the channel",
    "card.post": "Posting the card",
    "card.pin": "Pinning the card",
    "card.update": "Updating the card",
    "announce.post": "Announcing the incident",
    "announce.update": "Updating the announcement",
    "notice.post": "Publishing the notice",
    "console.notice": "Showing the drill's notice",
    "house.notice_page": "Putting the notice on the status page",
    "person.tell": "Writing to a person",
    "person.retell": "Bringing a private message up to date",
    "message.react": "Marking the message",
    "message.fetch": "Reading the marked message",
}


def in_words(kind: str) -> str:
    """``channel.create`` as «Making the channel»."""
    return _WORDS.get(kind, kind.removeprefix("house.").replace("_", " "))
