"""Deliveries: signatures, deadlines, retries, Socket Mode connections, response URLs."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import parse_qs

import aiohttp
import pytest
from aiohttp import web
from slack_bolt.async_app import AsyncApp
from slack_sdk.errors import SlackApiError
from slack_sdk.signature import SignatureVerifier
from slack_sdk.web.async_client import AsyncWebClient
from slack_sdk.webhook.async_client import AsyncWebhookClient

from bot.sandbox.errors import CannotAct
from bot.sandbox.server import Sandbox

Answer = Callable[[web.Request], Awaitable[web.Response]]


@asynccontextmanager
async def listener(slack: Sandbox, answer: Answer) -> AsyncIterator[list[tuple[Any, str]]]:
    """A bare HTTP server that keeps every request: headers and body."""
    seen: list[tuple[Any, str]] = []

    async def handle(request: web.Request) -> web.Response:
        seen.append((request.headers, await request.text()))
        return await answer(request)

    app = web.Application()
    app.router.add_post("/slack/events", handle)
    runner = web.AppRunner(app, shutdown_timeout=0)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    port = runner.addresses[0][1]
    slack.deliver_to(f"http://127.0.0.1:{port}/slack/events")
    try:
        yield seen
    finally:
        await runner.cleanup()


async def fine(request: web.Request) -> web.Response:
    return web.Response(text="")


async def test_a_command_is_signed_and_form_encoded(slack: Sandbox) -> None:
    async with listener(slack, fine) as seen:
        ack = await slack.person("ada").command("/incident status @max #support <b> &", "general")
    assert ack.ok
    headers, body = seen[0]
    assert SignatureVerifier(slack.signing_secret).is_valid_request(body, dict(headers))
    fields = {k: v[0] for k, v in parse_qs(body).items()}
    support = slack.channel("support").id
    assert fields["command"] == "/incident"
    assert fields["text"] == f"status <@U02MLE|max> <#{support}|support> &lt;b&gt; &amp;"
    assert fields["user_id"] == "U01ADA" and fields["channel_name"] == "general"
    assert {"team_id", "team_domain", "response_url", "trigger_id", "api_app_id"} <= fields.keys()


async def test_bad_and_late_acknowledgements_show_a_notice(slack: Sandbox) -> None:
    async def bad(request: web.Request) -> web.Response:
        return web.Response(status=500)

    async def late(request: web.Request) -> web.Response:
        await asyncio.sleep(0.5)
        return web.Response()

    ada = slack.person("ada")
    slack.core.delivery.ack_seconds = 0.05
    for answer, error in ((bad, "http_error"), (late, "http_timeout")):
        async with listener(slack, answer):
            assert (await ada.command("/incident x")).error == error
    slack.deliver_to("http://127.0.0.1:9/none")
    assert (await ada.command("/incident x")).error == "connection_failed"
    assert ada.notices() == [
        '/incident failed with the error "dispatch_failed" (status 500)',
        "/incident failed because the app did not respond",
        "/incident failed because the app did not respond",
    ]
    with pytest.raises(CannotAct, match="not a valid command"):
        await ada.command("/deploy now")


async def test_events_are_retried_three_times_with_the_reason(slack: Sandbox) -> None:
    async def bad(request: web.Request) -> web.Response:
        return web.Response(status=500)

    async with listener(slack, bad) as seen:
        await slack.person("ada").says("hi", "incidents")
        await slack.core.delivery.drain()
    assert [h.get("X-Slack-Retry-Num") for h, _ in seen] == [None, "1", "2", "3"]
    assert {h.get("X-Slack-Retry-Reason") for h, _ in seen[1:]} == {"http_error"}
    assert len({json.loads(b)["event_id"] for _, b in seen}) == 1


async def test_the_app_can_stop_retries(slack: Sandbox) -> None:
    async def stop(request: web.Request) -> web.Response:
        return web.Response(status=500, headers={"x-slack-no-retry": "1"})

    async with listener(slack, stop) as seen:
        await slack.person("ada").says("hi", "incidents")
        await slack.core.delivery.drain()
    assert len(seen) == 1


async def test_events_only_where_the_bot_is_and_only_what_is_subscribed(slack: Sandbox) -> None:
    ada = slack.person("ada")
    async with listener(slack, fine) as seen:
        await ada.says("not for the bot", "support")
        said = await ada.says("for the bot, @steadyhand", "incidents")
        await ada.edits(said, "changed")
        await ada.reacts(said, "eyes")
        await ada.unreacts(said, "eyes")
        await ada.deletes(said)
        await ada.invites("app", "support")
        await ada.leaves("incidents")
        await slack.core.delivery.drain()
    kinds = [json.loads(body)["event"] for _, body in seen]
    names = [(e["type"], e.get("subtype")) for e in kinds]
    assert sorted(names, key=str) == sorted(
        [
            ("message", None),
            ("app_mention", None),
            ("message", "message_changed"),
            ("reaction_added", None),
            ("reaction_removed", None),
            ("message", "message_deleted"),
            ("message", "channel_join"),
            ("member_joined_channel", None),
            ("message", "channel_leave"),
            ("member_left_channel", None),
        ],
        key=str,
    )
    assert all(e["channel_type"] == "channel" for e in kinds if e["type"] == "message")


async def test_own_messages_come_back_with_a_bot_id(slack: Sandbox, client: AsyncWebClient) -> None:
    async with listener(slack, fine) as seen:
        await client.chat_postMessage(channel=slack.channel("incidents").id, text="x")
        await slack.core.delivery.drain()
    event = json.loads(seen[0][1])["event"]
    assert event["bot_id"] == "B0BOT" and event["user"] == "U0BOT"


async def test_url_verification(slack: Sandbox) -> None:
    async def answer(request: web.Request) -> web.Response:
        return web.json_response({"challenge": (await request.json())["challenge"]})

    async with listener(slack, answer):
        assert await slack.verify_url()
    async with listener(slack, fine):
        assert not await slack.verify_url()


async def test_response_url_five_times_in_thirty_minutes(slack: Sandbox) -> None:
    async with listener(slack, fine) as seen:
        await slack.person("ada").command("/incident x")
        await slack.person("ada").command("/incident y")
    first, second = (parse_qs(body)["response_url"][0] for _, body in seen)
    client = AsyncWebhookClient(first)
    for i in range(5):
        assert (await client.send(text=f"answer {i}")).status_code == 200
    assert (await client.send(text="once more")).status_code == 404
    assert "answer 4" in slack.person("ada").reads("general")
    assert "answer" not in slack.person("max").reads("general")
    public = await AsyncWebhookClient(second).send(text="for all", response_type="in_channel")
    assert public.status_code == 200 and "for all" in slack.person("max").reads("general")
    slack.advance(31 * 60)
    assert (await AsyncWebhookClient(second).send(text="late")).status_code == 404


async def test_replace_and_delete_an_ephemeral_message(
    slack: Sandbox, app: AsyncApp, connect: Any
) -> None:
    button = {"type": "button", "action_id": "b", "text": {"type": "plain_text", "text": "Next"}}

    @app.command("/incident")
    async def command(ack: Any) -> None:
        await ack(text="one", blocks=[{"type": "actions", "elements": [button]}])

    @app.action("b")
    async def pressed(ack: Any, respond: Any, body: Any) -> None:
        await ack()
        assert body["container"]["is_ephemeral"] and "message" not in body
        if slack.person("ada").sees("general")[-1].text == "one":
            blocks = [{"type": "actions", "elements": [button]}]
            await respond(text="two", blocks=blocks, replace_original=True)
        else:
            await respond(delete_original=True)

    async with connect(app):
        ada = slack.person("ada")
        await ada.command("/incident x")
        message = ada.sees("general")[-1]
        await ada.click(message, "Next")
        assert message.text == "two"
        await ada.click(message, "Next")
        assert message.deleted


async def test_refused_answers_are_mistakes(slack: Sandbox) -> None:
    async def wrong(request: web.Request) -> web.Response:
        return web.json_response({"text": "x", "blocks": [{"type": "section"}]})

    async with listener(slack, wrong):
        await slack.person("ada").command("/incident x")
    assert "invalid_blocks" in slack.mistakes[0]
    assert "refused: invalid_blocks" in slack.person("ada").notices()[0]


async def test_several_sockets_share_the_work_and_refresh(
    slack: Sandbox, app: AsyncApp, connect: Any
) -> None:
    got: list[str] = []

    @app.command("/incident")
    async def command(ack: Any, command: Any) -> None:
        got.append(command["text"])
        await ack("yes")

    async with connect(app, "socket"), connect(app, "socket"):
        assert slack.core.delivery.mode == "socket"
        connections = list(slack.core.delivery.sockets.connections)
        for i in range(4):
            assert (await slack.person("ada").command(f"/incident {i}")).ok
        assert [c.delivered for c in connections] == [2, 2]
        await slack.refresh_sockets()
        sockets = slack.core.delivery.sockets
        await slack.wait_until(lambda: len(sockets.connections) == 2, what="two new sockets")
        assert not set(connections) & set(sockets.connections)
        assert (await slack.person("ada").command("/incident 5")).ok
    assert got == ["0", "1", "2", "3", "5"]


async def test_an_unacknowledged_envelope_is_sent_again(slack: Sandbox) -> None:
    slack.core.delivery.ack_seconds = 0.1
    got: list[dict[str, Any]] = []
    web_client = AsyncWebClient(slack.app_token, base_url=slack.api_url)
    url = (await web_client.apps_connections_open(app_token=slack.app_token))["url"]
    async with aiohttp.ClientSession() as http, http.ws_connect(url) as socket:
        assert (await socket.receive_json())["type"] == "hello"
        await slack.person("ada").says("hi", "incidents")
        first, second = await socket.receive_json(), await socket.receive_json()
        got += [first, second]
        await socket.send_json({"envelope_id": second["envelope_id"]})
        await slack.core.delivery.drain()
    assert [e["retry_attempt"] for e in got] == [0, 1]
    assert got[1]["retry_reason"] == "timeout"
    assert got[0]["payload"]["event_id"] == got[1]["payload"]["event_id"]
    assert got[0]["accepts_response_payload"] is False


async def test_a_ticket_is_good_for_one_connection(slack: Sandbox) -> None:
    web_client = AsyncWebClient(slack.app_token, base_url=slack.api_url)
    url = (await web_client.apps_connections_open(app_token=slack.app_token))["url"]
    async with aiohttp.ClientSession() as http:
        async with http.ws_connect(url):
            pass
        with pytest.raises(aiohttp.WSServerHandshakeError):
            await http.ws_connect(url)


async def test_the_app_is_told_when_it_is_no_longer_wanted(
    slack: Sandbox, client: AsyncWebClient
) -> None:
    async with listener(slack, fine) as seen:
        slack.revoke_token()
        slack.uninstall()
        await slack.core.delivery.drain()
    kinds = [json.loads(body)["event"]["type"] for _, body in seen]
    assert sorted(kinds) == ["app_uninstalled", "tokens_revoked"]
    with pytest.raises(SlackApiError, match="token_revoked"):
        await client.auth_test()
