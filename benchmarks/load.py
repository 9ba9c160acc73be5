"""Signed slash commands over plain HTTP connections, and how long each acknowledgement took."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import statistics
import time
from dataclasses import dataclass
from urllib.parse import urlencode

SECRET = "benchmark-secret"


@dataclass(frozen=True)
class Latency:
    """Milliseconds."""

    p50: float
    p99: float
    worst: float
    per_second: float
    count: int

    def __str__(self) -> str:
        return (
            f"p50 {self.p50:7.2f}  p99 {self.p99:7.2f}  worst {self.worst:7.2f} ms"
            f"  {self.per_second:7.0f}/s  n={self.count}"
        )


def signed(number: int, text: str) -> bytes:
    """One ``/incident`` command as Slack would send it."""
    body = urlencode(
        {
            "token": "unused", "team_id": "T0SANDBOX", "team_domain": "sandbox",
            "channel_id": "C0GENERAL", "channel_name": "general", "user_id": f"U{number % 97:03d}A",
            "user_name": "ada", "command": "/incident", "text": text, "api_app_id": "A0SANDBOX",
            "is_enterprise_install": "false", "response_url": "http://127.0.0.1:9/none",
            "trigger_id": f"{number}.{time.time_ns()}.x",
        }
    ).encode()  # fmt: skip
    stamp = str(int(time.time()))
    base = f"v0:{stamp}:".encode() + body
    signature = "v0=" + hmac.new(SECRET.encode(), base, hashlib.sha256).hexdigest()
    head = (
        "POST /slack/events HTTP/1.1\r\nHost: 127.0.0.1\r\n"
        "Content-Type: application/x-www-form-urlencoded\r\n"
        f"X-Slack-Request-Timestamp: {stamp}\r\nX-Slack-Signature: {signature}\r\n"
        f"Content-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


class _Client:
    def __init__(self, port: int) -> None:
        self._port = port

    async def open(self) -> None:
        self._reader, self._writer = await asyncio.open_connection("127.0.0.1", self._port)

    async def send(self, request: bytes) -> float:
        start = time.perf_counter()
        self._writer.write(request)
        head = await self._reader.readuntil(b"\r\n\r\n")
        taken = (time.perf_counter() - start) * 1000
        if not head.startswith(b"HTTP/1.1 200"):
            raise RuntimeError(head.decode())
        length = next(
            (
                int(line.split(b":")[1])
                for line in head.lower().split(b"\r\n")
                if line.startswith(b"content-length")
            ),
            0,
        )
        if length:
            await self._reader.readexactly(length)
        return taken

    def close(self) -> None:
        self._writer.close()


async def measure(
    port: int, total: int, in_flight: int, label: str, *, command: str | None = None
) -> Latency:
    """Send ``total`` different commands (or ``command`` each time), ``in_flight`` at once, and wait
    for each answer."""
    numbers = iter(range(total))
    taken: list[float] = []

    async def worker() -> None:
        client = _Client(port)
        await client.open()
        for number in numbers:
            taken.append(await client.send(signed(number, command or f"open {label} {number}")))
        client.close()

    start = time.perf_counter()
    await asyncio.gather(*(worker() for _ in range(in_flight)))
    spent = time.perf_counter() - start
    taken.sort()
    return Latency(
        statistics.median(taken), taken[int(len(taken) * 0.99) - 1], taken[-1], total / spent, total
    )
