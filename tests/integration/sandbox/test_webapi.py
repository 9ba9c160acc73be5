"""What the Web API keeps and gives back, through Slack's SDK."""

from __future__ import annotations

from typing import Any

import pytest
from slack_sdk.web.async_client import AsyncWebClient

from bot.sandbox.server import Sandbox


async def make(client: AsyncWebClient, name: str = "inc-1", **more: Any) -> str:
    return str((await client.conversations_create(name=name, **more))["channel"]["id"])


async def test_metadata_only_when_asked(client: AsyncWebClient) -> None:
    channel = await make(client)
    metadata = {"event_type": "effect", "event_payload": {"key": "k1"}}
    await client.chat_postMessage(channel=channel, text="x", metadata=metadata)
    plain = await client.conversations_history(channel=channel)
    asked = await client.conversations_history(channel=channel, include_all_metadata=True)
    assert "metadata" not in plain["messages"][0]
    assert asked["messages"][0]["metadata"] == metadata


async def test_history_pages_bounds_and_threads(client: AsyncWebClient) -> None:
    channel = await make(client)
    sent = [(await client.chat_postMessage(channel=channel, text=f"{i}"))["ts"] for i in range(7)]
    await client.chat_postMessage(channel=channel, text="reply", thread_ts=sent[0])
    texts: list[str] = []
    async for page in await client.conversations_history(channel=channel, limit=3):
        texts += [m["text"] for m in page["messages"]]
    assert texts[:7] == ["6", "5", "4", "3", "2", "1", "0"]
    some = await client.conversations_history(channel=channel, oldest=sent[2], latest=sent[5])
    assert [m["text"] for m in some["messages"]] == ["4", "3"]
    some = await client.conversations_history(
        channel=channel, oldest=sent[2], latest=sent[5], inclusive=True
    )
    assert [m["text"] for m in some["messages"]] == ["5", "4", "3", "2"]
    thread = await client.conversations_replies(channel=channel, ts=sent[0])
    assert [m["text"] for m in thread["messages"]] == ["0", "reply"]
    assert thread["messages"][0]["reply_count"] == 1


async def test_private_channels_are_hidden_from_others(
    slack: Sandbox, client: AsyncWebClient
) -> None:
    channel = await make(client, "secret-1", is_private=True)
    await client.conversations_invite(channel=channel, users="U01ADA")
    assert "secret-1" in slack.person("ada").channels()
    assert "secret-1" not in slack.person("max").channels()
    listed = await client.conversations_list(types="public_channel,private_channel")
    assert "secret-1" in [c["name"] for c in listed["channels"]]
    members = await client.conversations_members(channel=channel)
    assert members["members"] == ["U0BOT", "U01ADA"]


async def test_text_alone_takes_blocks_away_and_marks_as_edited(
    slack: Sandbox, client: AsyncWebClient
) -> None:
    channel = await make(client)
    divider = [{"type": "divider"}]
    posted = await client.chat_postMessage(channel=channel, text="a", blocks=divider)
    await client.chat_update(channel=channel, ts=posted["ts"], text="a", blocks=divider * 2)
    m = slack.channel("inc-1").messages[posted["ts"]]
    assert m.edited is None and len(m.blocks or []) == 2
    await client.chat_update(channel=channel, ts=posted["ts"], text="b")
    assert m.edited is not None and m.blocks is None


async def test_post_to_a_person_opens_a_direct_message(
    slack: Sandbox, client: AsyncWebClient
) -> None:
    posted = await client.chat_postMessage(channel="U01ADA", text="psst")
    assert posted["channel"].startswith("D")
    assert slack.person("ada").reads("dm") == "psst"
    opened = await client.conversations_open(users="U01ADA")
    assert opened["channel"]["id"] == posted["channel"]


async def test_marks(slack: Sandbox, client: AsyncWebClient) -> None:
    channel = await make(client)
    ts = (await client.chat_postMessage(channel=channel, text="card"))["ts"]
    await client.pins_add(channel=channel, timestamp=ts)
    assert slack.person("ada").sees("inc-1")[-1].pinned
    await client.reactions_add(channel=channel, timestamp=ts, name="eyes")
    got = await client.reactions_get(channel=channel, timestamp=ts)
    assert got["message"]["reactions"] == [{"name": "eyes", "users": ["U0BOT"], "count": 1}]
    mark = await client.bookmarks_add(
        channel_id=channel, title="Record", type="link", link="https://x.example/1"
    )
    await client.bookmarks_edit(
        channel_id=channel, bookmark_id=mark["bookmark"]["id"], title="The record"
    )
    listed = await client.bookmarks_list(channel_id=channel)
    assert [b["title"] for b in listed["bookmarks"]] == ["The record"]
    await client.bookmarks_remove(channel_id=channel, bookmark_id=mark["bookmark"]["id"])
    link = await client.chat_getPermalink(channel=channel, message_ts=ts)
    assert link["permalink"].endswith(f"/archives/{channel}/p{ts.replace('.', '')}")


async def test_invite_some_with_force(client: AsyncWebClient) -> None:
    channel = await make(client)
    answer = await client.conversations_invite(channel=channel, users="U01ADA,U0NOBODY", force=True)
    assert answer["errors"] == [{"user": "U0NOBODY", "ok": False, "error": "user_not_found"}]
    assert (await client.conversations_members(channel=channel))["members"] == ["U0BOT", "U01ADA"]


async def test_upload_a_document(slack: Sandbox, client: AsyncWebClient) -> None:
    channel = await make(client)
    answer = await client.files_upload_v2(
        channel=channel,
        content="# Report",
        filename="report.md",
        title="Report",
        initial_comment="The report",
    )
    assert answer["file"]["title"] == "Report"
    assert slack.workspace.file_bytes[answer["file"]["id"]] == b"# Report"
    assert slack.person("ada").sees("inc-1")[-1].plain == "The report\n[file Report]"


async def test_people_and_groups(client: AsyncWebClient) -> None:
    everybody = (await client.users_list())["members"]
    assert {"ada", "max", "steadyhand"} <= {m["name"] for m in everybody}
    assert all("email" not in m["profile"] for m in everybody)  # needs users:read.email
    groups = await client.usergroups_list(include_users=True)
    assert groups["usergroups"][0]["users"] == ["U02MLE", "U06SEC"]
    assert (await client.auth_test())["user_id"] == "U0BOT"


@pytest.mark.filterwarnings("ignore:The top-level `text` argument is missing")
async def test_advice_is_collected(slack: Sandbox, client: AsyncWebClient) -> None:
    await client.chat_postMessage(channel="incidents", blocks=[{"type": "divider"}])
    await client.chat_postMessage(channel="incidents", text="a < b")
    codes = {(a.method, a.code) for a in slack.advice}
    assert codes == {
        ("chat.postMessage", "message.channel.name"),
        ("chat.postMessage", "message.fallback"),
        ("chat.postMessage", "mrkdwn.unescaped"),
    }
