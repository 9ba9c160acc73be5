"""The workspace in memory: people, channels, messages, views, and the ids they get."""

from __future__ import annotations

import itertools
import secrets
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

TEAM_ID = "T0SANDBOX"
TEAM_NAME = "Sandbox"
TEAM_DOMAIN = "sandbox"
BOT_USER = "U0BOT"
BOT_ID = "B0BOT"
APP_ID = "A0SANDBOX"

Json = dict[str, Any]


@dataclass
class Member:
    """Somebody with an account in the workspace, or the bot."""

    id: str
    name: str
    real_name: str
    title: str = ""
    color: str = "#6b7280"
    is_bot: bool = False
    email: str = ""
    tz: str = "Europe/Berlin"

    def brief(self) -> Json:
        """The person as the sandbox page shows them."""
        keys = ("id", "name", "real_name", "title", "is_bot", "color")
        return {key: getattr(self, key) for key in keys}


@dataclass
class Message:
    """One message; `only_for` names the one reader of an ephemeral message."""

    ts: str
    channel: str
    user: str
    text: str
    blocks: list[Json] | None = None
    attachments: list[Json] | None = None
    metadata: Json | None = None
    thread_ts: str | None = None
    subtype: str | None = None
    edited: Json | None = None
    deleted: bool = False
    only_for: str | None = None
    bot_id: str | None = None
    broadcast: bool = False
    reactions: dict[str, list[str]] = field(default_factory=dict)
    files: list[Json] = field(default_factory=list)
    values: Json = field(default_factory=dict)

    @property
    def ephemeral(self) -> bool:
        """Only one person sees it and it is kept nowhere else."""
        return self.only_for is not None

    @property
    def in_thread(self) -> bool:
        """It is a reply, not the first message of a thread."""
        return self.thread_ts is not None and self.thread_ts != self.ts


@dataclass
class Channel:
    """A public or private channel, or a direct message between two."""

    id: str
    name: str
    creator: str
    created: int
    is_private: bool = False
    is_im: bool = False
    is_general: bool = False
    is_archived: bool = False
    topic: str = ""
    purpose: str = ""
    members: list[str] = field(default_factory=list)
    messages: dict[str, Message] = field(default_factory=dict)
    pins: dict[str, tuple[str, int]] = field(default_factory=dict)
    bookmarks: dict[str, Json] = field(default_factory=dict)
    previous_names: list[str] = field(default_factory=list)
    read: dict[str, str] = field(default_factory=dict)

    @property
    def kind(self) -> str:
        """The word that scopes use: channels, groups or im."""
        if self.is_im:
            return "im"
        return "groups" if self.is_private else "channels"

    def seen_by(self, user: str) -> bool:
        """Public channels are visible to all; others to their members."""
        return user in self.members or not (self.is_private or self.is_im)

    def replies(self, ts: str) -> list[Message]:
        """The replies (not the parent) of one thread, oldest first."""
        return [
            m for m in self.messages.values() if m.in_thread and m.thread_ts == ts and not m.deleted
        ]


@dataclass
class View:
    """A modal or a Home tab that is open somewhere."""

    id: str
    user: str
    hash: str
    body: Json
    root: str
    previous: str | None = None
    values: Json = field(default_factory=dict)
    errors: dict[str, str] | None = None
    open: bool = True
    origin_channel: str | None = None


@dataclass
class Trigger:
    """What lets an app open a modal: one use within three seconds."""

    user: str
    until: float
    used: bool = False
    channel: str | None = None
    view: str | None = None


@dataclass
class ResponseUrl:
    """A URL that lets an app answer where something happened, five times in 30 minutes."""

    user: str
    channel: str
    until: float
    left: int = 5
    message: str | None = None
    ephemeral: bool = False
    thread_ts: str | None = None


class Clock:
    """The workspace's time; a test may move it forward."""

    def __init__(self) -> None:
        self.offset = 0.0

    def now(self) -> float:
        """Unix seconds."""
        return time.time() + self.offset

    def advance(self, seconds: float) -> None:
        """Moves time forward; nothing runs by itself, but what expires has expired."""
        self.offset += seconds


class Workspace:
    """Everything there is in one sandbox. Knows no rules beyond identity and visibility."""

    def __init__(self, clock: Clock | None = None) -> None:
        self.clock = clock or Clock()
        self.people: dict[str, Member] = {}
        self.channels: dict[str, Channel] = {}
        self.views: dict[str, View] = {}
        self.stacks: dict[str, list[str]] = {}
        self.homes: dict[str, str] = {}
        self.triggers: dict[str, Trigger] = {}
        self.response_urls: dict[str, ResponseUrl] = {}
        self.usergroups: dict[str, Json] = {}
        self.files: dict[str, Json] = {}
        self.file_bytes: dict[str, bytes] = {}
        self.ephemerals: dict[str, list[Message]] = {}
        self.version = 0
        self.on_change: Callable[[str, str | None, str | None], None] | None = None
        self._names: dict[str, str] = {}
        self._ims: dict[frozenset[str], str] = {}
        self._numbers = itertools.count(1)
        self._last_micros = 0

    # identity -----------------------------------------------------------------

    def now(self) -> float:
        """Unix seconds in this workspace."""
        return self.clock.now()

    def new_ts(self) -> str:
        """A message ts later than every one before."""
        micros = max(int(self.now() * 1_000_000), self._last_micros + 1)
        self._last_micros = micros
        return f"{micros // 1_000_000}.{micros % 1_000_000:06d}"

    def new_id(self, prefix: str) -> str:
        """An id of Slack's shape: a letter and upper-case letters and digits."""
        return f"{prefix}0{next(self._numbers):04d}{secrets.token_hex(3).upper()}"

    def changed(self, what: str, channel: str | None = None, user: str | None = None) -> None:
        """Something that people can see is different now."""
        self.version += 1
        if self.on_change is not None:
            self.on_change(what, channel, user)

    # people and channels --------------------------------------------------------

    def add_person(self, member: Member) -> Member:
        """Gives somebody an account."""
        self.people[member.id] = member
        return member

    def add_channel(
        self, name: str, creator: str, *, is_private: bool = False, members: list[str] | None = None
    ) -> Channel:
        """Makes a channel; the caller has checked that the name is free."""
        channel = Channel(
            id=self.new_id("C"),
            name=name,
            creator=creator,
            created=int(self.now()),
            is_private=is_private,
            members=list(members or [creator]),
        )
        self.channels[channel.id] = channel
        self._names[name] = channel.id
        self.changed("channels")
        return channel

    def rename(self, channel: Channel, name: str) -> None:
        """Gives a channel another name and frees the old one."""
        self._names.pop(channel.name, None)
        channel.previous_names.append(channel.name)
        channel.name = name
        self._names[name] = channel.id
        self.changed("channels", channel.id)

    def forget(self, channel: Channel) -> None:
        """Takes a channel away for good."""
        self._names.pop(channel.name, None)
        self.channels.pop(channel.id, None)
        self.changed("channels", channel.id)

    def by_name(self, name: str) -> Channel | None:
        """The channel of this name, with or without `#`; archived ones keep their names."""
        found = self._names.get(name.lstrip("#"))
        return self.channels.get(found) if found else None

    def im(self, one: str, other: str) -> Channel:
        """The direct message between two, made when it is first needed."""
        key = frozenset((one, other))
        if key not in self._ims:
            channel = Channel(
                id=self.new_id("D"),
                name="",
                creator=one,
                created=int(self.now()),
                is_im=True,
                members=[one, other],
            )
            self.channels[channel.id] = channel
            self._ims[key] = channel.id
            self.changed("channels", channel.id)
        return self.channels[self._ims[key]]

    def visible(self, user: str) -> Iterator[Channel]:
        """The channels that this person may see."""
        return (c for c in self.channels.values() if c.seen_by(user))

    def person_by(self, word: str) -> Member | None:
        """Somebody by id, handle or first name."""
        if word in self.people:
            return self.people[word]
        wanted = word.lower().lstrip("@")
        return next((p for p in self.people.values() if p.name == wanted), None)

    # messages ---------------------------------------------------------------------

    def post(self, message: Message) -> Message:
        """Keeps a message; an ephemeral one only for its reader."""
        if message.only_for is not None:
            self.ephemerals.setdefault(message.channel, []).append(message)
        else:
            self.channels[message.channel].messages[message.ts] = message
        self.changed("messages", message.channel, message.only_for)
        return message

    def find_ephemeral(self, channel: str, ts: str) -> Message | None:
        """An ephemeral message that is still shown."""
        kept = self.ephemerals.get(channel, [])
        return next((m for m in kept if m.ts == ts and not m.deleted), None)

    def shown_to(self, user: str, channel: str) -> list[Message]:
        """All messages of a channel that this person sees, oldest first, threads included."""
        room = self.channels[channel]
        kept = [m for m in room.messages.values() if not m.deleted]
        mine = [m for m in self.ephemerals.get(channel, []) if m.only_for == user and not m.deleted]
        return sorted(kept + mine, key=lambda m: m.ts)

    # triggers and response urls -------------------------------------------------------

    def new_trigger(self, user: str, channel: str | None = None, view: str | None = None) -> str:
        """A trigger id for what this person just did: three seconds, one use."""
        token = f"{next(self._numbers)}.{int(self.now() * 1000)}.{secrets.token_hex(16)}"
        self.triggers[token] = Trigger(user, self.now() + 3.0, channel=channel, view=view)
        return token

    def new_response_url(self, entry: ResponseUrl) -> str:
        """A token for /response/<token>."""
        token = secrets.token_urlsafe(24)
        self.response_urls[token] = entry
        return token

    # views ------------------------------------------------------------------------------

    def stack(self, user: str) -> list[View]:
        """This person's open modals, the one on top last."""
        return [self.views[v] for v in self.stacks.get(user, [])]

    def home(self, user: str) -> View | None:
        """This person's Home tab, when the app has published one."""
        found = self.homes.get(user)
        return self.views[found] if found else None
