"""Bad days: each kind of weather and each single fault does what it says."""

from __future__ import annotations

import asyncio
import time
from typing import Any

import aiohttp
import pytest
from slack_bolt.async_app import AsyncApp
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from bot.sandbox.core import Call
from bot.sandbox.server import Sandbox


@pytest.fixture
def incidents(slack: Sandbox) -> str:
    return slack.channel("incidents").id


def posted(slack: Sandbox, text: str) -> int:
    return sum(m.text == text for m in slack.channel("incidents").messages.values())


async def test_latency(slack: Sandbox, client: AsyncWebClient) -> None:
    slack.set_weather({"latency_ms": 80})
    start = time.monotonic()
    await client.auth_test()
    assert time.monotonic() - start >= 0.08


async def test_errors_and_429(slack: Sandbox, client: AsyncWebClient) -> None:
    slack.set_weather({"force_429": 1})
    with pytest.raises(SlackApiError) as refused:
        await client.auth_test()
    assert refused.value.response.status_code == 429
    assert refused.value.response.headers["retry-after"] == "1"
    slack.set_weather({"force_429": 0, "error_rate": 1})
    for _ in range(5):
        with pytest.raises(SlackApiError):
            await client.auth_test()
    assert {c.error for c in slack.calls[1:]} == {"internal_error"}


async def test_answer_lost_after_the_work_was_done(
    slack: Sandbox, client: AsyncWebClient, incidents: str
) -> None:
    slack.set_weather({"lose_answer_rate": 1})
    with pytest.raises(aiohttp.ClientError):
        await client.chat_postMessage(channel=incidents, text="kept")
    assert posted(slack, "kept") == 1
    assert slack.calls[-1].ok and not slack.calls[-1].answered


async def test_offline(slack: Sandbox, client: AsyncWebClient, app: AsyncApp, connect: Any) -> None:
    async with connect(app, "socket"):
        slack.set_weather({"offline": True})
        with pytest.raises(aiohttp.ClientError):
            await client.auth_test()
        await asyncio.sleep(0.01)
        assert slack.core.delivery.mode == "none"
        assert (await slack.person("ada").command("/incident x")).error == "connection_failed"
        slack.set_weather({"offline": False})
        await client.auth_test()


async def test_deaf_slow_and_double_deliveries(slack: Sandbox, app: AsyncApp, connect: Any) -> None:
    got: list[str] = []

    @app.command("/incident")
    async def command(ack: Any, command: Any) -> None:
        got.append(command["trigger_id"])
        await ack()

    ada = slack.person("ada")
    async with connect(app):
        slack.set_weather({"deaf": True})
        assert not (await ada.command("/incident x")).ok
        slack.set_weather({"deaf": False, "duplicate_delivery": 2})
        await ada.command("/incident x")
        await slack.core.delivery.drain()
        assert len(got) == 3 and len(set(got)) == 1
        slack.set_weather({"duplicate_delivery": 0, "slow_delivery_ms": 50})
        start = time.monotonic()
        await ada.command("/incident x")
        assert time.monotonic() - start >= 0.05


async def test_real_rate_limits(slack: Sandbox, client: AsyncWebClient, incidents: str) -> None:
    slack.set_weather({"rate_limit": True})
    for i in range(20):
        await client.conversations_create(name=f"inc-{i}")
    with pytest.raises(SlackApiError, match="ratelimited") as refused:
        await client.conversations_create(name="inc-20")
    assert 1 <= int(refused.value.response.headers["retry-after"]) <= 61
    slack.advance(61)
    await client.conversations_create(name="inc-20")
    for _ in range(4):
        await client.chat_postMessage(channel=incidents, text="burst")
    with pytest.raises(SlackApiError, match="ratelimited"):
        await client.chat_postMessage(channel=incidents, text="burst")
    await client.chat_postMessage(channel=slack.channel("inc-1").id, text="elsewhere")
    slack.advance(1)
    await client.chat_postMessage(channel=incidents, text="burst")


FAULTS = [
    ("drop_before", 0, aiohttp.ClientError),
    ("drop_after", 1, aiohttp.ClientError),
    ("500", 0, SlackApiError),
    ("500_after", 1, SlackApiError),
    ("429", 0, SlackApiError),
    ("error:fatal_error", 0, SlackApiError),
    ("timeout", 0, asyncio.TimeoutError),
    ("timeout_after", 1, asyncio.TimeoutError),
]


@pytest.mark.parametrize(("then", "done", "error"), FAULTS, ids=lambda v: str(v))
async def test_a_single_fault(
    slack: Sandbox, incidents: str, then: str, done: int, error: type[Exception]
) -> None:
    client = AsyncWebClient(slack.bot_token, base_url=slack.api_url, retry_handlers=[], timeout=1)
    fault = slack.faults.add(method="chat.postMessage", match={"text": "struck"}, then=then)
    await client.chat_postMessage(channel=incidents, text="passes")
    with pytest.raises(error):
        await client.chat_postMessage(channel=incidents, text="struck")
    assert posted(slack, "struck") == done
    assert fault.struck == 1
    await client.chat_postMessage(channel=incidents, text="struck")
    assert posted(slack, "struck") == done + 1


async def test_hooks_see_the_exact_call(
    slack: Sandbox, client: AsyncWebClient, incidents: str
) -> None:
    seen: list[tuple[str, str, int]] = []

    async def before(call: Call) -> None:
        seen.append(("before", call.method, posted(slack, "x")))

    def after(call: Call) -> None:
        seen.append(("after", call.method, posted(slack, "x")))

    slack.before_call, slack.after_call = before, after
    await client.chat_postMessage(channel=incidents, text="x")
    assert seen == [("before", "chat.postMessage", 0), ("after", "chat.postMessage", 1)]


def test_weather_refuses_nonsense(tmp_path: Any) -> None:
    from bot.sandbox.weather import Faults, Weather

    weather = Weather()
    weather.change({"error_rate": 7, "latency_ms": -5, "offline": 1})
    assert (weather.error_rate, weather.latency_ms, weather.offline) == (1.0, 0, True)
    for wrong in ({"rain": 1}, {"latency_ms": "much"}):
        with pytest.raises(ValueError, match=r"weather|number"):
            weather.change(wrong)
    with pytest.raises(ValueError, match="then must be"):
        Faults().add(then="explode")
