"""The page's side: /ui, its stream, and who may use it."""

from __future__ import annotations

from typing import Any

import aiohttp
import pytest
from slack_bolt.async_app import AsyncApp

from bot.sandbox.guard import loopback
from bot.sandbox.server import Sandbox

Json = dict[str, Any]


async def get(slack: Sandbox, path: str, **query: str) -> Any:
    params = {"as": "U01ADA", **query}
    async with aiohttp.ClientSession() as http, http.get(slack.url + path, params=params) as answer:
        return await answer.json()


async def act(slack: Sandbox, do: str, **body: Any) -> Any:
    head = {"X-Sandbox": "1"}
    body = {"as": "U01ADA", "do": do, **body}
    async with (
        aiohttp.ClientSession(headers=head) as http,
        http.post(slack.url + "/ui/act", json=body) as answer,
    ):
        return await answer.json()


async def test_snapshot_and_messages(slack: Sandbox) -> None:
    shot = await get(slack, "/ui/snapshot")
    assert shot["me"]["id"] == "U01ADA" and len(shot["people"]) == 9
    assert [c["name"] for c in shot["channels"] if not c["is_im"]] == [
        "general",
        "incidents",
        "support",
        "ml-platform",
    ]
    assert [c["command"] for c in shot["commands"]] == ["/incident"]
    assert len(shot["shortcuts"]) == 3 and shot["delivery"] == "none"
    support = next(c for c in shot["channels"] if c["name"] == "support")
    assert support["unread"] > 0
    await act(slack, "read", channel=support["id"])
    shot = await get(slack, "/ui/snapshot")
    assert next(c for c in shot["channels"] if c["name"] == "support")["unread"] == 0
    listed = await get(slack, "/ui/messages", channel=support["id"])
    assert "refund" in listed["messages"][2]["text"]


async def test_people_act(slack: Sandbox) -> None:
    general = slack.channel("general").id
    said = await act(slack, "message", channel=general, text="one @max")
    await act(slack, "message", channel=general, text="two", thread_ts=said["ts"])
    await act(slack, "edit", channel=general, ts=said["ts"], text="three")
    assert (await act(slack, "react", channel=general, ts=said["ts"], name="eyes"))["ok"]
    again = await act(slack, "react", channel=general, ts=said["ts"], name="eyes")
    assert again == {"ok": False, "error": "already reacted"}
    thread = await get(slack, "/ui/thread", channel=general, ts=said["ts"])
    assert [m["text"] for m in thread["messages"]] == ["three", "two"]
    assert thread["messages"][0]["edited"] and thread["messages"][0]["reply_count"] == 1
    top = await get(slack, "/ui/messages", channel=general)
    assert [m["text"] for m in top["messages"]] == ["three"]
    await act(slack, "delete", channel=general, ts=said["ts"])
    dm = await act(slack, "open_dm", user="U02MLE")
    assert dm["channel"].startswith("D")
    assert not (await act(slack, "archive", channel=general))["ok"]
    for do in ("leave", "join"):
        assert (await act(slack, do, channel=slack.channel("support").id))["ok"]
    renamed = await act(slack, "rename", channel=slack.channel("support").id, name="Bad Name")
    assert renamed["error"] == "invalid name specials"
    assert (await act(slack, "fly"))["ok"] is False
    assert (await act(slack, "message"))["ok"] is False


async def test_a_form_on_the_page(slack: Sandbox, app: AsyncApp, connect: Any) -> None:
    view: Json = {
        "type": "modal",
        "callback_id": "v",
        "title": {"type": "plain_text", "text": "Form"},
        "submit": {"type": "plain_text", "text": "Go"},
        "notify_on_close": True,
        "blocks": [
            {
                "type": "input",
                "block_id": "b",
                "label": {"type": "plain_text", "text": "Which"},
                "element": {"type": "external_select", "action_id": "a", "min_query_length": 1},
            }
        ],
    }
    closed: list[str] = []

    @app.command("/incident")
    async def command(ack: Any, command: Any, client: Any) -> None:
        await client.views_open(trigger_id=command["trigger_id"], view=view)
        await ack()

    @app.options("a")
    async def options(ack: Any, payload: Any) -> None:
        text = {"type": "plain_text", "text": payload["value"].upper()}
        await ack(options=[{"text": text, "value": "1"}])

    @app.view("v")
    async def submitted(ack: Any, view: Any) -> None:
        chosen = view["state"]["values"]["b"]["a"]["selected_option"]["text"]["text"]
        await ack(response_action="errors", errors={"b": f"not {chosen}"})

    @app.view_closed("v")
    async def gone(ack: Any, body: Any) -> None:
        closed.append(body["view"]["id"])
        await ack()

    async with connect(app):
        answer = await act(
            slack, "command", channel=slack.channel("general").id, text="/incident x"
        )
        assert answer["acknowledged"]
        shown = (await get(slack, "/ui/snapshot"))["views"][0]
        container = {"view_id": shown["id"]}
        offered = await act(
            slack, "suggest", container=container, action_id="a", block_id="b", value="ab"
        )
        option = offered["options"][0]
        assert option["text"]["text"] == "AB"
        empty = await act(slack, "submit", view_id=shown["id"], values={})
        assert empty["errors"] == {"b": "Please complete this required field."}
        values = {"b": {"a": {"type": "external_select", "selected_option": option}}}
        wrong = await act(slack, "submit", view_id=shown["id"], values=values)
        assert wrong["errors"] == {"b": "not AB"}
        assert (await get(slack, "/ui/snapshot"))["views"][0]["errors"] == {"b": "not AB"}
        await act(slack, "close_view", view_id=shown["id"])
        assert closed == [shown["id"]]
        assert (await get(slack, "/ui/snapshot"))["views"] == []


async def test_the_stream_tells_what_changed(slack: Sandbox) -> None:
    async with (
        aiohttp.ClientSession() as http,
        http.ws_connect(slack.url + "/ui/stream?as=U01ADA") as stream,
    ):
        await slack.person("max").says("hi", "general")
        line = await stream.receive_json(timeout=2)
        assert line["what"] == "messages" and line["channel"] == slack.channel("general").id
        await slack.person("ada").command("/incident x")
        line = await stream.receive_json(timeout=2)
        assert line["what"] == "notice" and "did not respond" in line["text"]


async def test_only_this_machine_and_only_the_page(slack: Sandbox) -> None:
    async with aiohttp.ClientSession() as http:
        for headers, method, path in (
            ({"Host": "evil.example"}, "GET", "/ui/snapshot?as=U01ADA"),
            ({"Origin": "http://evil.example"}, "GET", "/ui/snapshot?as=U01ADA"),
            ({}, "POST", "/ui/act"),
            ({"Origin": "http://evil.example"}, "POST", "/api/auth.test"),
            ({"Host": "evil.example"}, "POST", "/api/auth.test"),
            ({"Origin": "null"}, "POST", "/response/x"),
        ):
            async with http.request(method, slack.url + path, headers=headers) as answer:
                assert answer.status == 403
        async with http.get(slack.url + "/") as answer:
            assert answer.status == 200
            assert "script-src 'self'" in answer.headers["Content-Security-Policy"]
        async with http.get(slack.url + "/static/%2e%2e/%2e%2e/server.py") as answer:
            assert answer.status == 404


async def test_weather_from_the_page(slack: Sandbox) -> None:
    head = {"X-Sandbox": "1"}
    async with aiohttp.ClientSession(headers=head) as http:
        async with http.post(slack.url + "/ui/weather", json={"latency_ms": 5}) as answer:
            assert (await answer.json())["latency_ms"] == 5
        async with http.post(slack.url + "/ui/weather", json={"rain": 5}) as answer:
            assert (await answer.json())["ok"] is False
    assert slack.weather.latency_ms == 5


@pytest.mark.parametrize(
    ("host", "good"),
    [("127.0.0.1:80", True), ("localhost:8000", True), ("[::1]:80", True), ("localhost", True),
     ("127.0.0.1.evil.example", False), ("evil.example:80", False), ("", False)],
)  # fmt: skip
def test_loopback(host: str, good: bool) -> None:
    assert loopback(host) is good
