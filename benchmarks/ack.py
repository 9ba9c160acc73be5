"""How long until ``/incident open`` is acknowledged, beside a bot that does nothing but acknowledge.

``python -m benchmarks.ack``. Both run at the same time and are measured in turn; medians of pairs.
What the bot acknowledges is committed: entry, state and effects. Then the same while every Slack
call takes a second: acknowledgements over 3 s and triggers that expired should both be 0.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import statistics
import tempfile
import time
import urllib.request
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

from benchmarks import processes
from benchmarks.load import Latency, measure
from tests.support.databases import postgres_server

LIMIT_MS = 3_000


def run(port: int, total: int, in_flight: int, label: str) -> Latency:
    """Send commands and wait for each acknowledgement."""
    return asyncio.run(measure(port, total, in_flight, label))


def compare(bare: int, bot: int, args: argparse.Namespace) -> None:
    """The table of ratios."""
    run(bare, 100, 4, "warm")
    run(bot, 100, 4, "warm up")
    print(f"{'':6}{'p50 bare':>10}{'bot':>8}{'ratio':>7}{'p99 bare':>10}{'bot':>8}{'ratio':>7}{'/s bare':>9}{'bot':>7}{'ratio':>7}")  # fmt: skip
    for in_flight in (1, 20, 100):
        total = args.requests if in_flight > 1 else args.requests // 3
        pairs = []
        for pair in range(args.pairs):
            label = f"c{in_flight} pair {pair} title"
            pairs.append((run(bare, total, in_flight, label), run(bot, total, in_flight, label)))
        line = f"c{in_flight:<5}"
        looks: list[Callable[[Latency], float]] = [
            lambda x: x.p50,
            lambda x: x.p99,
            lambda x: x.per_second,
        ]
        for look, width in zip(looks, ((10, 8, 2), (10, 8, 2), (9, 7, 0)), strict=True):
            one = statistics.median(look(each[0]) for each in pairs)
            two = statistics.median(look(each[1]) for each in pairs)
            ratio = statistics.median(look(each[1]) / look(each[0]) for each in pairs)
            line += f"{one:{width[0]}.{width[2]}f}{two:{width[1]}.{width[2]}f}{ratio:7.2f}"
        print(line, flush=True)


def slow_slack(slack: int, bot: int) -> None:
    """Every Slack call takes a second."""
    ask = urllib.request.Request(f"http://127.0.0.1:{slack}/latency?ms=1000", method="POST")
    urllib.request.urlopen(ask).close()
    asked = 0
    for in_flight, total in ((1, 30), (20, 200), (100, 500)):
        asked += total
        found = run(bot, total, in_flight, f"slow c{in_flight}")
        forms = asyncio.run(measure(bot, total, in_flight, "", command="open"))
        print(f"each Slack call 1,000 ms, c{in_flight:<4} worst acknowledgement {found.worst:7.1f} ms"
              f" (form: {forms.worst:7.1f} ms), over 3 s: {(found.worst > LIMIT_MS) + (forms.worst > LIMIT_MS)}")  # fmt: skip
    seen = {"views": 0, "expired": 0}
    until = time.monotonic() + 30
    while seen["views"] + seen["expired"] < asked and time.monotonic() < until:
        time.sleep(0.5)
        with urllib.request.urlopen(f"http://127.0.0.1:{slack}/seen") as answer:
            seen = json.load(answer)
    print(f"forms asked for {asked}, opened {seen['views']}, triggers expired {seen['expired']}")


def main() -> None:
    """Read the arguments and measure."""
    read = argparse.ArgumentParser(description=__doc__)
    read.add_argument("--pairs", type=int, default=5)
    read.add_argument("--requests", type=int, default=600)
    read.add_argument("--postgres", action="store_true")
    args = read.parse_args()
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        url = f"sqlite:///{folder / 'ack.db'}"
        if args.postgres:
            url = stack.enter_context(stack.enter_context(postgres_server()).database())
        print(f"{'PostgreSQL' if args.postgres else 'SQLite'}, {os.cpu_count()} cores, "
              f"median of {args.pairs} pairs, milliseconds")  # fmt: skip
        slack = stack.enter_context(processes.quick_slack())
        bare = stack.enter_context(processes.bare())
        bot = stack.enter_context(processes.bot(slack, url, folder))
        compare(bare, bot, args)
        slow_slack(slack, bot)


if __name__ == "__main__":
    main()
