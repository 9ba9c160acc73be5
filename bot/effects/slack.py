"""The Slack adapter: one effect, one Slack call, and how to find out whether it happened already.

After a crash or a lost answer nobody knows whether a call did its work. Calls that can be repeated
are repeated; a posted message is looked for by the key in its metadata before it is posted again.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any, TypeVar

from aiohttp import ClientConnectorError, ClientError
from slack_sdk.errors import SlackApiError, SlackRequestError
from slack_sdk.web.async_client import AsyncWebClient
from slack_sdk.web.async_slack_response import AsyncSlackResponse
from sqlmodel import Session

from bot.effects.ahead import Ahead
from bot.effects.answers import classify, error_of, not_about_people, same_call
from bot.effects.message import Message, Reader, Renderer
from bot.effects.outcome import ALREADY, Done, Failed, Later, Outcome
from bot.effects.store import Claimed, by_key
from bot.incident.queries import get
from db.tables import Incident, Known

T = TypeVar("T")
EVENT_TYPE = "steadyhand_effect"
#: Key of what is known of the workspace (see ``bot.slack.workspace``).
WORKSPACE = "workspace"
#: How far before the first attempt a message may seem to have been posted (clocks differ).
CLOCK_SKEW_S = 120
#: So many pages are searched whatever the clocks say: ours may have been wrong by hours.
PAGES_AT_LEAST = 3
#: Slack's words for a message that cannot be edited any more.
NOT_THERE = frozenset({"message_not_found", "cant_update_message", "edit_window_closed"})


class SlackAdapter:
    """Knows how each kind of effect is done in Slack."""

    def __init__(self, client: AsyncWebClient, read: Reader, render: Renderer) -> None:
        self._client = client
        self._read = read
        self._render = render
        self._ahead = Ahead(read, render.card)
        self._url = ""
        self._kinds: dict[str, Callable[[Claimed], Awaitable[Outcome]]] = {
            "channel.create": self._create,
            "channel.invite": self._invite,
            "channel.topic": self._topic,
            "channel.bookmark": self._bookmark,
            "channel.say": self._say,
            "channel.archive": self._archive,
            "channel.post": self._post_worded,
            "card.post": self._card,
            "card.pin": self._pin,
            "card.update": self._update_card,
            "announce.post": self._announce,
            "announce.update": self._update_announcement,
            "notice.post": self._post_notice,
            "person.tell": self._tell,
            "person.retell": self._retell,
            "message.react": self._react,
            "message.fetch": self._fetch,
            "group.read": self._read_group,
        }

    def handles(self, kind: str) -> bool:
        """Whether this adapter knows the kind."""
        return kind in self._kinds

    async def perform(self, effect: Claimed) -> Outcome:
        """Do one effect; every answer of Slack becomes an outcome."""
        try:
            return await self._kinds[effect.kind](effect)
        except SlackApiError as problem:
            outcome = classify(problem)
            if isinstance(outcome, Later) and outcome.whole_kind:
                return replace(outcome, kinds=same_call(effect.kind))
            return outcome
        except ClientConnectorError:
            return Later("Slack cannot be reached", word="unreachable")
        except (TimeoutError, ClientError, SlackRequestError, OSError):
            return Later("Slack did not answer", doubt=True, word="no_answer")

    # --- channel -------------------------------------------------------------------------------

    async def _create(self, effect: Claimed) -> Outcome:
        assert effect.incident is not None
        self._ahead.begin(effect.incident)
        made = False
        try:
            outcome = await self._make_channel(effect)
            made = isinstance(outcome, Done)
            return outcome
        finally:
            if not made:
                self._ahead.forget(effect.incident)

    async def _make_channel(self, effect: Claimed) -> Outcome:
        name, private = effect.payload["name"], effect.payload["private"]
        for suffix in ("", "-2", "-3", "-4"):
            try:
                answer = await self._client.conversations_create(
                    name=name + suffix, is_private=private
                )
            except SlackApiError as problem:
                if error_of(problem) != "name_taken":
                    raise
                ours = await self._own_channel(name + suffix, private) if effect.doubt else None
                if ours is None:
                    continue  # somebody else's channel, or an older one: ours gets a suffix
                return Done({"channel": ours, "name": name + suffix})
            made = answer["channel"]
            if bool(made.get("is_private")) != private:
                return Failed("Slack made a channel of the wrong kind; it is not used")
            return Done({"channel": made["id"], "name": made["name"]})
        return Failed("four channel names were taken by others")

    async def _own_channel(self, name: str, private: bool) -> str | None:
        """A channel of this name that we made ourselves before an answer was lost."""
        me = (await self._client.auth_test())["user_id"]
        cursor = ""
        while True:
            page = await self._client.conversations_list(
                types="public_channel,private_channel", limit=200, cursor=cursor,
                exclude_archived=True,
            )  # fmt: skip
            for channel in page["channels"]:
                same = channel["name"] == name and bool(channel.get("is_private")) == private
                if same and channel.get("creator") == me:
                    return str(channel["id"])
            cursor = (page.get("response_metadata") or {}).get("next_cursor") or ""
            if not cursor:
                return None

    async def _invite(self, effect: Claimed) -> Outcome:
        incident = await self._incident(effect)
        assert incident.channel_id
        users = effect.payload["users"]
        try:
            await self._client.conversations_invite(channel=incident.channel_id, users=users)
        except SlackApiError as problem:
            if error_of(problem) in ALREADY or len(users) == 1 or not_about_people(problem):
                raise
            return await self._invite_each(incident.channel_id, users)
        return Done()

    async def _invite_each(self, channel: str, users: list[str]) -> Outcome:
        """One person who cannot be invited must not keep the others out."""
        refused = []
        for user in users:
            try:
                await self._client.conversations_invite(channel=channel, users=[user])
            except SlackApiError as problem:
                outcome = classify(problem)
                if isinstance(outcome, Later):
                    return outcome
                if isinstance(outcome, Failed):
                    refused.append(f"<@{user}>: {outcome.error}")
        return Failed("could not invite " + ", ".join(refused)) if refused else Done()

    async def _topic(self, effect: Claimed) -> Outcome:
        incident = await self._incident(effect)
        assert incident.channel_id
        topic = self._render.topic(incident)
        if effect.doubt:
            info = await self._client.conversations_info(channel=incident.channel_id)
            if info["channel"]["topic"]["value"] == topic:
                return Done()  # each change writes a line in the channel, so it is not repeated
        await self._client.conversations_setTopic(channel=incident.channel_id, topic=topic)
        return Done()

    async def _bookmark(self, effect: Claimed) -> Outcome:
        incident = await self._incident(effect)
        assert incident.channel_id
        what = str(effect.payload.get("what", "card"))
        wanted = self._render.bookmark(incident, what, await self._workspace())
        if wanted is None:
            return Done()
        title, link = wanted
        if effect.doubt:
            listed = await self._client.bookmarks_list(channel_id=incident.channel_id)
            if any(mark.get("link") == link for mark in listed["bookmarks"]):
                return Done()
        await self._client.bookmarks_add(
            channel_id=incident.channel_id, title=title, type="link", link=link
        )
        return Done()

    async def _workspace(self) -> str:
        """The workspace's address, as Slack said it at the start; asked for where it is not known."""
        if not self._url:
            known = await self._read(lambda session: session.get(Known, WORKSPACE))
            self._url = str(known.value.get("url", "")) if known is not None else ""
        if not self._url:
            self._url = str((await self._client.auth_test())["url"])
        return self._url

    async def _archive(self, effect: Claimed) -> Outcome:
        incident = await self._incident(effect)
        assert incident.channel_id
        await self._client.conversations_archive(channel=incident.channel_id)
        return Done()

    # --- messages ------------------------------------------------------------------------------

    async def _card(self, effect: Claimed) -> Outcome:
        assert effect.incident is not None
        incident, message = await self._rendered(effect, self._ahead.card(effect.incident))
        assert incident.channel_id
        return await self._post(effect, incident.channel_id, message)

    async def _update_card(self, effect: Claimed) -> Outcome:
        incident, message = await self._rendered(effect, self._render.card)
        if not (incident.channel_id and incident.card_ts):
            return Later("the card is not there yet")
        return await self._update(incident.channel_id, incident.card_ts, message)

    async def _pin(self, effect: Claimed) -> Outcome:
        incident = await self._incident(effect)
        assert incident.channel_id and incident.card_ts
        await self._client.pins_add(channel=incident.channel_id, timestamp=incident.card_ts)
        return Done()

    async def _announce(self, effect: Claimed) -> Outcome:
        _, message = await self._rendered(effect, self._render.announcement)
        return await self._post(effect, effect.payload["channel"], message)

    async def _update_announcement(self, effect: Claimed) -> Outcome:
        incident, message = await self._rendered(effect, self._render.announcement)
        if not (incident.announced_channel and incident.announced_ts):
            return Done()  # never announced: nothing to bring up to date
        return await self._update(incident.announced_channel, incident.announced_ts, message)

    async def _say(self, effect: Claimed) -> Outcome:
        payload = effect.payload
        incident, message = await self._rendered(
            effect,
            lambda session, row: self._render.message(
                session, row, payload["message"], payload["params"]
            ),
        )
        assert incident.channel_id
        return await self._post(effect, incident.channel_id, message, payload.get("thread"))

    async def _post_worded(self, effect: Claimed) -> Outcome:
        """A worded message in a channel that belongs to no incident."""
        payload = effect.payload
        message = await self._read(
            lambda session: self._render.message(
                session, None, payload["message"], payload["params"]
            )
        )
        return await self._post(effect, payload["channel"], message)

    async def _post_notice(self, effect: Claimed) -> Outcome:
        payload = effect.payload
        message = await self._read(
            lambda session: self._render.message(session, None, "notice", payload)
        )
        return await self._post(effect, payload["channel"], message)

    async def _tell(self, effect: Claimed) -> Outcome:
        payload = effect.payload
        message = await self._read(
            lambda session: self._render.message(
                session,
                get(session, effect.incident) if effect.incident is not None else None,
                payload["message"],
                payload["params"],
            )
        )
        channel = payload["user"]
        if effect.doubt:
            opened = await self._client.conversations_open(users=channel)
            channel = opened["channel"]["id"]
        return await self._post(effect, channel, message)

    async def _retell(self, effect: Claimed) -> Outcome:
        """Show what became of what somebody was asked; what was never sent stays unsent."""

        def job(session: Session) -> tuple[dict[str, Any], Message] | None:
            told = by_key(session, effect.payload["tell"])
            if told is not None and (into := (told.result or {}).get("folded_into")):
                told = by_key(session, into)  # a part of one message after an outage
            if told is None or "ts" not in (told.result or {}):
                return None
            incident = get(session, effect.incident) if effect.incident is not None else None
            params = {**told.payload["params"], "to": effect.payload["user"]}
            shown = self._render.message(session, incident, told.payload["message"], params)
            return dict(told.result or {}), shown

        found = await self._read(job)
        if found is None:
            return Done()
        where, message = found
        try:
            return await self._update(where["channel"], where["ts"], message)
        except SlackApiError as problem:
            if error_of(problem) in NOT_THERE:
                return Done()  # deleted, or too old to be edited: a click still gets an answer
            raise

    async def _react(self, effect: Claimed) -> Outcome:
        payload = effect.payload
        await self._client.reactions_add(
            channel=payload["channel"], timestamp=payload["ts"], name=payload["name"]
        )
        return Done()

    async def _fetch(self, effect: Claimed) -> Outcome:
        """Read one message; reading can be repeated at will."""
        payload = effect.payload
        channel, ts = payload["channel"], payload["ts"]
        page = await self._client.conversations_replies(
            channel=channel, ts=ts, oldest=ts, latest=ts, inclusive=True, limit=10
        )
        found = next((m for m in page["messages"] if m["ts"] == ts), None)
        if found is None:
            return Failed("the message is gone")
        link = await self._client.chat_getPermalink(channel=channel, message_ts=ts)
        return Done(
            {
                "text": found.get("text", ""),
                "author": found.get("user") or found.get("bot_id") or "unknown",
                "permalink": link["permalink"],
            }
        )

    async def _read_group(self, effect: Claimed) -> Outcome:
        """Who is in a user group."""
        group = effect.payload["group"]
        answer = await self._client.usergroups_users_list(usergroup=group)
        return Done({"group": group, "users": [str(user) for user in answer["users"]]})

    async def _post(
        self, effect: Claimed, channel: str, message: Message, thread: str | None = None
    ) -> Outcome:
        if effect.doubt:
            found = await self._find_posted(effect, channel, thread)
            if found is not None:
                return Done({"channel": channel, "ts": found})
            if effect.only_look:
                return Later("waited while Slack was away", timedelta(), certain=True, word="away")
        answer = await self._client.chat_postMessage(
            channel=channel,
            text=message.text,
            blocks=message.blocks or None,
            thread_ts=thread,
            unfurl_links=False,
            unfurl_media=False,
            metadata={"event_type": EVENT_TYPE, "event_payload": {"key": effect.key}},
        )
        return Done({"channel": answer["channel"], "ts": answer["ts"]})

    async def _update(self, channel: str, ts: str, message: Message) -> Outcome:
        await self._client.chat_update(
            channel=channel, ts=ts, text=message.text, blocks=message.blocks or None
        )
        return Done()

    async def _find_posted(self, effect: Claimed, channel: str, thread: str | None) -> str | None:
        """The message that an earlier attempt posted, found by the key in its metadata."""
        oldest = effect.first_try_at.timestamp() - CLOCK_SKEW_S
        common: dict[str, Any] = {"channel": channel, "limit": 200, "include_all_metadata": True}
        cursor, pages = "", 0
        while True:
            page = await (
                self._client.conversations_replies(ts=thread, cursor=cursor, **common)
                if thread
                else self._client.conversations_history(cursor=cursor, **common)
            )
            pages += 1
            for message in page["messages"]:
                payload = (message.get("metadata") or {}).get("event_payload") or {}
                if payload.get("key") == effect.key:
                    return str(message["ts"])
            cursor = (page.get("response_metadata") or {}).get("next_cursor") or ""
            if not cursor or (not thread and pages >= PAGES_AT_LEAST and _before(page, oldest)):
                return None

    # --- reading -------------------------------------------------------------------------------

    async def _incident(self, effect: Claimed) -> Incident:
        number = effect.incident
        assert number is not None
        return await self._read(lambda session: get(session, number))

    async def _rendered(
        self, effect: Claimed, render: Callable[[Session, Incident], Message]
    ) -> tuple[Incident, Message]:
        number = effect.incident
        assert number is not None

        def job(session: Session) -> tuple[Incident, Message]:
            incident = get(session, number)
            return incident, render(session, incident)

        return await self._read(job)


def _before(page: AsyncSlackResponse, oldest: float) -> bool:
    return all(float(message["ts"]) < oldest for message in page["messages"][-1:])
