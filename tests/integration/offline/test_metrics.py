"""/metrics is Prometheus' format, counts what happened, and holds no words of anybody."""

from __future__ import annotations

import asyncio
import io
import json
import logging

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families
from sqlmodel import select

from bot import logs
from bot.incident import items, queries
from bot.incident.opening import open_incident
from bot.metrics import WORDS_MAX, Histogram, Metrics
from bot.record.entry import Actor
from db.tables import EffectRow
from tests.support.houses import make_settings
from tests.support.world import World, make_world

CANARY = "zanzibar"
Values = dict[tuple[str, tuple[str, ...]], float]


async def scrape(world: World) -> tuple[str, Values]:
    async with httpx.AsyncClient() as client:
        answer = await client.get(f"{world.url}/metrics")
    assert answer.status_code == 200 and answer.headers["content-type"].startswith("text/plain")
    values = {}
    for family in text_string_to_metric_families(answer.text):
        assert family.documentation
        for sample in family.samples:
            values[sample.name, tuple(sorted(sample.labels.values()))] = sample.value
    return answer.text, values


async def test_what_is_counted(world: World) -> None:
    ada = world.person("ada")
    await ada.command(f"/incident open sev2 {CANARY} leaks")
    channel = await ada.waits_for_channel("inc-1")
    by = Actor("U01ADA", "slash")
    await world.house.change(
        by, lambda tx: open_incident(tx, f"{CANARY} private", private=True, severity="SEV1")
    )
    await world.house.change(
        by, lambda tx: open_incident(tx, f"{CANARY} drill", drill=True, severity="SEV1")
    )
    await world.quiet()
    world.slack.set_weather({"duplicate_delivery": 1})
    await ada.command(f"/incident note {CANARY}", channel)
    await world.quiet()
    world.slack.set_weather({"duplicate_delivery": 0, "offline": True})
    await world.house.change(by, lambda tx: items.decide(tx, queries.get(tx.session, 1), CANARY))
    await asyncio.sleep(1)
    text, found = await scrape(world)
    assert found["steadyhand_incidents_open", ("SEV2",)] == 1
    assert found["steadyhand_incidents_open", ("SEV1",)] == 0, "no drills, no private ones"
    assert found["steadyhand_effects_done_total", ("channel.create",)] == 3
    assert found["steadyhand_ack_seconds_count", ("command",)] >= 2
    assert found["steadyhand_ack_seconds_bucket", ("+Inf", "command")] >= 2
    assert found["steadyhand_redeliveries_total", ("command",)] >= 1
    assert found["steadyhand_effects", ("channel", "pending")] == 1
    assert found["steadyhand_effects", ("house", "scheduled")] >= 1
    assert found["steadyhand_effect_oldest_seconds", ()] > 0
    assert found["steadyhand_write_batch_size_count", ()] > 3
    assert (
        sum(
            v
            for (name, labels), v in found.items()
            if name == "steadyhand_effect_failures_total" and "channel.say" in labels
        )
        >= 1
    )
    for word in (CANARY, "U01ADA", channel.id, "INC-"):
        assert word not in text
    world.slack.set_weather({"offline": False})


async def test_it_can_be_switched_off(url: str, tmp_path) -> None:  # type: ignore[no-untyped-def]
    async with (
        make_world(url, tmp_path, STEADYHAND_METRICS="false") as world,
        httpx.AsyncClient() as client,
    ):
        assert (await client.get(f"{world.url}/metrics")).status_code == 404


async def test_one_trace_from_the_request_to_its_effects(
    world: World,
    tmp_path,
    monkeypatch: pytest.MonkeyPatch,  # type: ignore[no-untyped-def]
) -> None:
    """The line of the request, the lines of its effects and the stored effects say the same trace."""
    stream, root = io.StringIO(), logging.getLogger()
    handlers, level = root.handlers[:], root.level
    logs.configure(make_settings("sqlite://", tmp_path), stream)
    try:
        await world.person("ada").command(f"/incident open {CANARY}")
        await world.person("ada").waits_for_channel("inc-1")
        await world.quiet()
        await asyncio.sleep(0.3)
    finally:
        root.handlers[:] = handlers
        root.setLevel(level)
    assert CANARY not in stream.getvalue().replace(f"inc-1-{CANARY}", "")
    lines = [json.loads(line) for line in stream.getvalue().splitlines()]
    (trace,) = {
        line["trace"] for line in lines if line["event"] == "request" and line["type"] == "command"
    }
    done = {
        line["effect"]: line["trace"]
        for line in lines
        if line["event"] == "effect_done" and line.get("trace")
    }
    assert done["channel:1"] == done["card:1"] == trace
    rows = world.house.read_sync(lambda s: s.exec(select(EffectRow)).all())
    assert {row.trace for row in rows if row.key in ("channel:1", "card:1")} == {trace}


def test_counting_is_bounded_and_cumulative() -> None:
    counts = Metrics()
    for n in range(WORDS_MAX * 2):
        counts.failed("channel.say", f"word{n}")
    counts.failed("channel.say", "Not a word <@U1>")
    assert len({word for _, word in counts.effect_failures}) <= WORDS_MAX + 1
    assert not [word for _, word in counts.effect_failures if "<" in word]
    sizes = Histogram((1, 2))
    for value in (1, 2, 2, 9):
        sizes.observe(value)
    assert sizes.buckets() == [("1", 1.0), ("2", 3.0), ("+Inf", 4.0)]
    assert sizes.total == 14


async def test_every_metric_is_in_the_reference(world: World) -> None:
    """And nothing is there that is not served."""
    import re

    from bot.settings import ROOT

    page = (ROOT / "docs" / "reference" / "metrics.md").read_text()
    documented = set(re.findall(r"^\| `(steadyhand_\w+)`", page, re.MULTILINE))
    text, _ = await scrape(world)
    served = set(re.findall(r"^# TYPE (\w+)", text, re.MULTILINE))
    assert documented - {"steadyhand_socket_connected"} == served
