"""How long until it is up, and what it takes while nothing happens, beside the bare bot.

``python -m benchmarks.start``. Memory is PSS: what the process has for itself, and its share of what
it has in common with others. Linux only.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from benchmarks import processes
from tests.support.process import free_port

Start = tuple[float, float, float]


def imports(module: str) -> float:
    """Seconds to start Python and import a module."""
    start = time.perf_counter()
    subprocess.run([sys.executable, "-c", f"import {module}"], cwd=processes.ROOT, check=True)
    return time.perf_counter() - start


def pss(pid: int) -> float:
    """Mebibytes."""
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    return int(next(line for line in lines if line.startswith("Pss:")).split()[1]) / 1024


def cpu(pid: int) -> float:
    """Seconds of processor time so far."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def bare(idle: float) -> Start:
    """Seconds until it answers, MiB, and processor time an idle minute in ms."""
    port = free_port()
    with processes.process("-m", "benchmarks.bare_bolt", str(port)) as started:
        up = processes.until_up(f"http://127.0.0.1:{port}/", any_status=True)
        return (up, *_idle(started.pid, idle))


def bot(idle: float, slack: int, folder: Path) -> Start:
    """The same of ``steadyhand run``, until /readyz says that it can work."""
    port = free_port()
    given = processes.bot_settings(slack, f"sqlite:///{folder / 'start.db'}", folder, port)
    with processes.process("-m", "bot.cli", "run", env=given) as started:
        up = processes.until_up(f"http://127.0.0.1:{port}/readyz")
        return (up, *_idle(started.pid, idle))


def _idle(pid: int, seconds: float) -> tuple[float, float]:
    time.sleep(2)
    before = cpu(pid)
    time.sleep(seconds)
    return pss(pid), (cpu(pid) - before) / seconds * 60_000


def main() -> None:
    """Read the arguments and measure."""
    read = argparse.ArgumentParser(description=__doc__)
    read.add_argument("--times", type=int, default=5)
    read.add_argument("--idle", type=float, default=5.0, help="seconds")
    args = read.parse_args()
    with tempfile.TemporaryDirectory() as name, processes.quick_slack() as slack:
        folder = Path(name)
        bot(0.1, slack, folder)  # makes the database
        looks: list[Callable[[], Start]] = [
            lambda: bare(args.idle),
            lambda: bot(args.idle, slack, folder),
        ]
        found: list[list[Start]] = [[], []]
        for _ in range(args.times):
            for look, kept in zip(looks, found, strict=True):
                kept.append(look())
    loads = [
        [imports(module) for _ in range(args.times)]
        for module in ("benchmarks.bare_bolt", "bot.serve")
    ]
    print(f"median of {args.times}{'bare':>20}{'bot':>10}{'ratio':>8}")
    rows = [("import, s", loads)] + [
        (what, [[start[i] for start in kept] for kept in found])
        for i, what in enumerate(("started, s", "idle PSS, MiB", "idle CPU, ms a minute"))
    ]
    for what, (first, second) in rows:
        one, two = statistics.median(first), statistics.median(second)
        print(f"{what:24}{one:9.2f}{two:10.2f}{two / one if one else 0:8.2f}")


if __name__ == "__main__":
    main()
