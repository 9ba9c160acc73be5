"""What Slack refuses, the sandbox refuses with the same word: one table, through Slack's SDK."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable
from typing import Any

import aiohttp
import pytest
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from bot.sandbox.server import Sandbox

Json = dict[str, Any]
BUTTON = {"type": "button", "action_id": "a", "text": {"type": "plain_text", "text": "Press"}}
MODAL = {
    "type": "modal",
    "title": {"type": "plain_text", "text": "T"},
    "blocks": [{"type": "actions", "block_id": "b", "elements": [BUTTON]}],
}
HOME = {"type": "home", "blocks": [{"type": "divider"}]}


async def room(client: AsyncWebClient, name: str = "inc-1", **more: Any) -> str:
    made = await client.conversations_create(name=name, **more)
    return str(made["channel"]["id"])


async def post(client: AsyncWebClient, channel: str, **more: Any) -> str:
    return str((await client.chat_postMessage(channel=channel, text="x", **more))["ts"])


class World:
    """The ids that the table below speaks of."""

    def __init__(self, slack: Sandbox, client: AsyncWebClient) -> None:
        self.slack, self.client = slack, client
        self.inc = self.archived = self.secret = self.ts = self.human_ts = ""
        self.foreign = slack.channel("support").id

    async def build(self) -> World:
        client = self.client
        self.inc, self.archived = await room(client), await room(client, "old")
        await client.conversations_archive(channel=self.archived)
        self.secret = self.slack.workspace.add_channel("secret", "U01ADA", is_private=True).id
        self.ts = await post(client, self.inc)
        await client.conversations_invite(channel=self.inc, users="U01ADA")
        self.human_ts = (await self.slack.person("ada").says("hi", "inc-1")).ts
        return self


@pytest.fixture
async def world(slack: Sandbox, client: AsyncWebClient) -> World:
    return await World(slack, client).build()


NOTHING = "1111111111.000000"
Args = Callable[[World], Json]
CASES: list[tuple[str, str, Args]] = [
    ("conversations.inspect", "unknown_method", lambda w: {}),
    ("files.upload", "method_deprecated", lambda w: {}),
    ("chat.postMessage", "invalid_arguments", lambda w: {"text": "x"}),
    ("chat.postMessage", "invalid_arguments", lambda w: {"channel": w.inc, "txet": "x"}),
    ("chat.postMessage", "no_text", lambda w: {"channel": w.inc}),
    ("chat.postMessage", "channel_not_found", lambda w: {"channel": "C0NOWHERE", "text": "x"}),
    ("chat.postMessage", "channel_not_found", lambda w: {"channel": w.secret, "text": "x"}),
    ("chat.postMessage", "not_in_channel", lambda w: {"channel": w.foreign, "text": "x"}),
    ("chat.postMessage", "is_archived", lambda w: {"channel": w.archived, "text": "x"}),
    ("chat.postMessage", "thread_not_found", lambda w: {"channel": w.inc, "text": "x", "thread_ts": NOTHING}),
    ("chat.postMessage", "invalid_thread_ts", lambda w: {"channel": w.inc, "text": "x", "thread_ts": "5"}),
    ("chat.postMessage", "invalid_blocks", lambda w: {"channel": w.inc, "text": "x", "blocks": [{"type": "section"}]}),
    ("chat.postMessage", "invalid_blocks_format", lambda w: {"channel": w.inc, "text": "x", "blocks": "{no json"}),
    ("chat.postMessage", "invalid_attachments", lambda w: {"channel": w.inc, "attachments": [{}]}),
    ("chat.postMessage", "too_many_attachments", lambda w: {"channel": w.inc, "attachments": [{"text": "x"}] * 101}),
    ("chat.postMessage", "invalid_metadata_format", lambda w: {"channel": w.inc, "text": "x", "metadata": {"event_type": "a-b", "event_payload": {}}}),
    ("chat.postMessage", "markdown_text_conflict", lambda w: {"channel": w.inc, "text": "x", "markdown_text": "y"}),
    ("chat.postMessage", "msg_too_long", lambda w: {"channel": w.inc, "markdown_text": "y" * 12001}),
    ("chat.postMessage", "missing_scope", lambda w: {"channel": w.inc, "text": "x", "username": "CEO"}),
    ("chat.postMessage", "invalid_arguments", lambda w: {"channel": w.inc, "text": "x", "reply_broadcast": True}),
    ("chat.postEphemeral", "user_not_in_channel", lambda w: {"channel": w.inc, "user": "U02MLE", "text": "x"}),
    ("chat.postEphemeral", "user_not_found", lambda w: {"channel": w.inc, "user": "U0NOBODY", "text": "x"}),
    ("chat.update", "message_not_found", lambda w: {"channel": w.inc, "ts": NOTHING, "text": "x"}),
    ("chat.update", "message_not_found", lambda w: {"channel": w.inc, "ts": "now", "text": "x"}),
    ("chat.update", "cant_update_message", lambda w: {"channel": w.inc, "ts": w.human_ts, "text": "x"}),
    ("chat.update", "msg_too_long", lambda w: {"channel": w.inc, "ts": w.ts, "text": "x" * 4001}),
    ("chat.delete", "cant_delete_message", lambda w: {"channel": w.inc, "ts": w.human_ts}),
    ("chat.getPermalink", "message_not_found", lambda w: {"channel": w.inc, "message_ts": NOTHING}),
    ("conversations.create", "name_taken", lambda w: {"name": "inc-1"}),
    ("conversations.create", "name_taken", lambda w: {"name": "old"}),
    ("conversations.create", "name_taken", lambda w: {"name": "secret"}),
    ("conversations.create", "invalid_name_required", lambda w: {"name": ""}),
    ("conversations.create", "invalid_name_specials", lambda w: {"name": "Inc 2"}),
    ("conversations.create", "invalid_name_specials", lambda w: {"name": "inc.2"}),
    ("conversations.create", "invalid_name_punctuation", lambda w: {"name": "--_"}),
    ("conversations.create", "invalid_name_maxlength", lambda w: {"name": "x" * 81}),
    ("conversations.invite", "already_in_channel", lambda w: {"channel": w.inc, "users": "U01ADA"}),
    ("conversations.invite", "user_not_found", lambda w: {"channel": w.inc, "users": "U02MLE,U0NOBODY"}),
    ("conversations.invite", "cant_invite_self", lambda w: {"channel": w.inc, "users": "U0BOT"}),
    ("conversations.invite", "too_many_users", lambda w: {"channel": w.inc, "users": ",".join(["U02MLE"] * 101)}),
    ("conversations.invite", "not_in_channel", lambda w: {"channel": w.foreign, "users": "U02MLE"}),
    ("conversations.invite", "is_archived", lambda w: {"channel": w.archived, "users": "U02MLE"}),
    ("conversations.kick", "cant_kick_self", lambda w: {"channel": w.inc, "user": "U0BOT"}),
    ("conversations.archive", "already_archived", lambda w: {"channel": w.archived}),
    ("conversations.archive", "not_in_channel", lambda w: {"channel": w.foreign}),
    ("conversations.unarchive", "not_in_channel", lambda w: {"channel": w.archived}),
    ("conversations.rename", "name_taken", lambda w: {"channel": w.inc, "name": "old"}),
    ("conversations.rename", "invalid_name_specials", lambda w: {"channel": w.inc, "name": "Old"}),
    ("conversations.setTopic", "too_long", lambda w: {"channel": w.inc, "topic": "x" * 251}),
    ("conversations.setPurpose", "too_long", lambda w: {"channel": w.inc, "purpose": "x" * 251}),
    ("conversations.info", "channel_not_found", lambda w: {"channel": w.secret}),
    ("conversations.join", "missing_scope", lambda w: {"channel": w.foreign}),
    ("conversations.history", "not_in_channel", lambda w: {"channel": w.foreign}),
    ("conversations.history", "invalid_limit", lambda w: {"channel": w.inc, "limit": 1000}),
    ("conversations.history", "invalid_cursor", lambda w: {"channel": w.inc, "cursor": "xx"}),
    ("conversations.history", "invalid_ts_oldest", lambda w: {"channel": w.inc, "oldest": "monday"}),
    ("conversations.replies", "thread_not_found", lambda w: {"channel": w.inc, "ts": NOTHING}),
    ("conversations.list", "invalid_types", lambda w: {"types": "public"}),
    ("conversations.list", "missing_scope", lambda w: {"types": "mpim"}),
    ("conversations.open", "users_list_not_supplied", lambda w: {}),
    ("conversations.open", "too_many_users", lambda w: {"users": ",".join(["U01ADA"] * 9)}),
    ("pins.add", "message_not_found", lambda w: {"channel": w.inc, "timestamp": NOTHING}),
    ("pins.add", "no_item_specified", lambda w: {"channel": w.inc}),
    ("pins.add", "bad_timestamp", lambda w: {"channel": w.inc, "timestamp": "x"}),
    ("pins.remove", "no_pin", lambda w: {"channel": w.inc, "timestamp": w.ts}),
    ("pins.list", "missing_scope", lambda w: {"channel": w.inc}),
    ("reactions.add", "invalid_name", lambda w: {"channel": w.inc, "timestamp": w.ts, "name": ":eyes:"}),
    ("reactions.remove", "no_reaction", lambda w: {"channel": w.inc, "timestamp": w.ts, "name": "eyes"}),
    ("bookmarks.add", "invalid_link", lambda w: {"channel_id": w.inc, "title": "x", "type": "link", "link": "ftp://x"}),
    ("bookmarks.add", "invalid_bookmark_type", lambda w: {"channel_id": w.inc, "title": "x", "type": "file"}),
    ("bookmarks.edit", "not_found", lambda w: {"channel_id": w.inc, "bookmark_id": "Bk1"}),
    ("users.info", "user_not_found", lambda w: {"user": "U0NOBODY"}),
    ("users.lookupByEmail", "missing_scope", lambda w: {"email": "ada@example.com"}),
    ("usergroups.users.list", "no_such_subteam", lambda w: {"usergroup": "S0NONE"}),
    ("views.open", "invalid_trigger_id", lambda w: {"trigger_id": "1.2.x", "view": MODAL}),
    ("views.open", "invalid_arguments", lambda w: {"view": MODAL}),
    ("views.open", "invalid_arguments", lambda w: {"trigger_id": "1.2.x", "view": HOME}),
    ("views.update", "not_found", lambda w: {"view_id": "V1", "view": MODAL}),
    ("views.publish", "user_not_found", lambda w: {"user_id": "U0NOBODY", "view": HOME}),
    ("views.publish", "invalid_arguments", lambda w: {"user_id": "U01ADA", "view": MODAL}),
    ("files.getUploadURLExternal", "invalid_arguments", lambda w: {"filename": "x", "length": 0}),
    ("files.getUploadURLExternal", "alt_txt_too_large", lambda w: {"filename": "x", "length": 1, "alt_txt": "x" * 1001}),
    ("files.completeUploadExternal", "file_not_found", lambda w: {"files": [{"id": "F1"}]}),
    ("files.list", "missing_scope", lambda w: {}),
    ("team.info", "missing_scope", lambda w: {}),
    ("apps.connections.open", "not_allowed_token_type", lambda w: {}),
]  # fmt: skip


@pytest.mark.parametrize(
    ("method", "word", "args"), CASES, ids=lambda v: v if isinstance(v, str) else ""
)
async def test_the_word(world: World, method: str, word: str, args: Args) -> None:
    with pytest.raises(SlackApiError) as refused:
        await world.client.api_call(method, json=args(world))
    assert refused.value.response["error"] == word
    assert world.slack.calls[-1].error == word


async def test_twice_is_said(world: World, client: AsyncWebClient) -> None:
    where = {"channel": world.inc, "timestamp": world.ts}
    for call, word in (
        (client.pins_add, "already_pinned"),
        (lambda **a: client.reactions_add(name="eyes", **a), "already_reacted"),
    ):
        await call(**where)
        with pytest.raises(SlackApiError, match=word):
            await call(**where)


async def test_scope_by_kind_of_channel(slack: Sandbox, client: AsyncWebClient) -> None:
    slack.core.manifest = dataclasses.replace(
        slack.core.manifest, scopes=slack.core.manifest.scopes - {"groups:write"}
    )
    await client.conversations_create(name="open")
    with pytest.raises(SlackApiError) as refused:
        await client.conversations_create(name="closed", is_private=True)
    assert refused.value.response["needed"] == "groups:write"
    assert "groups:write" not in refused.value.response["provided"].split(",")
    assert "groups:write" not in refused.value.response.headers["x-oauth-scopes"]


@pytest.mark.parametrize(
    ("token", "word"), [("xoxb-other", "invalid_auth"), ("xapp-sandbox", "not_allowed_token_type")]
)
async def test_wrong_tokens(slack: Sandbox, token: str, word: str) -> None:
    with pytest.raises(SlackApiError, match=word):
        await AsyncWebClient(token, base_url=slack.api_url).auth_test()


async def test_no_token_form_body_and_token_revoked(slack: Sandbox, client: AsyncWebClient) -> None:
    async with aiohttp.ClientSession() as http:
        async with http.post(slack.api_url + "auth.test") as answer:
            assert (await answer.json())["error"] == "not_authed"
        form = {
            "channel": slack.channel("incidents").id,
            "text": "x",
            "blocks": json.dumps([{"type": "divider"}]),
        }
        head = {"Authorization": f"Bearer {slack.bot_token}"}
        async with http.post(slack.api_url + "chat.postMessage", data=form, headers=head) as answer:
            assert (await answer.json())["ok"]
    slack.weather.token_revoked = True
    with pytest.raises(SlackApiError, match="token_revoked"):
        await client.auth_test()


async def test_triggers_and_stack(slack: Sandbox, client: AsyncWebClient) -> None:
    trigger = slack.workspace.new_trigger("U01ADA")
    view = (await client.views_open(trigger_id=trigger, view=MODAL))["view"]
    with pytest.raises(SlackApiError, match="trigger_exchanged"):
        await client.views_open(trigger_id=trigger, view=MODAL)
    late = slack.workspace.new_trigger("U01ADA")
    slack.advance(3.1)
    with pytest.raises(SlackApiError, match="trigger_expired"):
        await client.views_open(trigger_id=late, view=MODAL)

    def pressed() -> str:
        return slack.workspace.new_trigger("U01ADA", view=view["id"])

    await client.views_push(trigger_id=pressed(), view=MODAL)
    await client.views_push(trigger_id=pressed(), view=MODAL)
    with pytest.raises(SlackApiError, match="push_limit_reached"):
        await client.views_push(trigger_id=pressed(), view=MODAL)
    await client.views_update(view_id=view["id"], hash=view["hash"], view=MODAL)
    with pytest.raises(SlackApiError, match="hash_conflict"):
        await client.views_update(view_id=view["id"], hash=view["hash"], view=MODAL)


async def test_too_large_view(slack: Sandbox, client: AsyncWebClient) -> None:
    text = {"type": "plain_text", "text": "x" * 2900}
    big = MODAL | {"blocks": [{"type": "section", "text": text}] * 99}
    with pytest.raises(SlackApiError, match="view_too_large"):
        await client.views_open(trigger_id=slack.workspace.new_trigger("U01ADA"), view=big)


async def test_the_fault_is_pointed_at(world: World, client: AsyncWebClient) -> None:
    with pytest.raises(SlackApiError) as refused:
        blocks = [{"type": "header", "text": {"type": "plain_text", "text": "x" * 151}}]
        await client.chat_postMessage(channel=world.inc, text="x", blocks=blocks)
    assert refused.value.response["response_metadata"]["messages"] == [
        "[ERROR] must be less than 151 characters [json-pointer:/blocks/0/text/text]"
    ]
