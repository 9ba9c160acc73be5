"""When does the opener see the first message, and when is everything done, with a slow Slack?

``python -m benchmarks.opening``. Every Slack call takes 100 ms; times are told in call latencies,
so 2.1 means: two calls one after the other, and a tenth of a call for everything else.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import statistics
import tempfile
import time
import urllib.request
from contextlib import ExitStack
from pathlib import Path

from benchmarks import processes
from benchmarks.load import measure

Call = tuple[str, float, float]
#: After so long without a call everything is done.
QUIET_S = 2.5


def depths(calls: list[Call]) -> list[tuple[Call, int]]:
    """How many calls, one after the other, each call ends."""
    out: list[tuple[Call, int]] = []
    for call in sorted(calls, key=lambda each: each[1]):
        out.append((call, 1 + max((d for other, d in out if other[2] <= call[1]), default=0)))
    return out


def once(slack: int, bot: int, number: int) -> tuple[list[Call], float, float]:
    """Open one incident: the calls that followed, when it began, and the acknowledgement in ms."""
    taken(slack)
    began = time.time()
    ack = asyncio.run(measure(bot, 1, 1, f"opening {number} {began}")).p50
    calls: list[Call] = []
    last = time.time()
    while time.time() - last < QUIET_S:
        time.sleep(0.1)
        if fresh := taken(slack):
            calls, last = [*calls, *fresh], time.time()
    return calls, began, ack


def taken(slack: int) -> list[Call]:
    """Calls since the last look."""
    with urllib.request.urlopen(f"http://127.0.0.1:{slack}/calls") as answer:
        return [(m, a, b) for m, a, b in json.load(answer) if m != "auth.test"]


def main() -> None:
    """Read the arguments and measure."""
    read = argparse.ArgumentParser(description=__doc__)
    read.add_argument("--times", type=int, default=10)
    read.add_argument("--latency", type=int, default=100, help="milliseconds a Slack call")
    args = read.parse_args()
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        slack = stack.enter_context(processes.quick_slack(args.latency))
        bot = stack.enter_context(processes.bot(slack, f"sqlite:///{folder / 'o.db'}", folder))
        once(slack, bot, 0)
        rows = []
        for number in range(1, args.times + 1):
            calls, began, ack = once(slack, bot, number)
            setup = [each for each in calls if each[0] != "chat.update"]
            deep = depths(setup)
            seen = {"conversations.create", "conversations.invite", "chat.postMessage"}
            first = [next(c for c in sorted(setup, key=lambda c: c[2]) if c[0] == m) for m in seen]
            rows.append((
                ack, (max(c[2] for c in first) - began) * 1000 / args.latency,
                max(d for c, d in deep if c in first),
                (max(c[2] for c in setup) - began) * 1000 / args.latency,
                max(d for _, d in deep), len(calls),
            ))  # fmt: skip
        names = ("acknowledged, ms", "first message seen, call latencies", "   calls deep",
                 "channel set up, call latencies", "   calls deep", "Slack calls in all")  # fmt: skip
        print(f"each Slack call {args.latency} ms, median of {args.times}")
        for place, name in enumerate(names):
            print(f"{name:38}{statistics.median(row[place] for row in rows):8.2f}")


if __name__ == "__main__":
    main()
