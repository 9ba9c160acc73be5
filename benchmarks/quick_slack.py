"""Slack's Web API with nothing behind it: every call succeeds after so many milliseconds.

A process of its own, so that it does not take time from what is measured. It counts calls, and
triggers that reached it too late: ``GET /seen``; ``GET /calls`` lists method, begin and end of each.
"""

from __future__ import annotations

import asyncio
import itertools
import sys
import time

from aiohttp import web

TRIGGER_S = 3.0


def make(latency_ms: float) -> web.Application:
    """The server. ``POST /latency?ms=`` changes how long a call takes."""
    numbers = itertools.count(1)
    calls: list[tuple[str, float, float]] = []
    state = {"ms": latency_ms, "calls": 0, "expired": 0, "views": 0}

    async def call(request: web.Request) -> web.Response:
        method = request.match_info["method"]
        sent = await (request.json() if "json" in request.content_type else request.post())
        given = {**request.query, **sent}
        state["calls"] += 1
        arrived = time.time()
        await asyncio.sleep(state["ms"] / 1000)
        number = next(numbers)
        calls.append((method, arrived, time.time()))
        answer = {"ok": True, "ts": f"{number}.000100", "channel": given.get("channel", "C0X")}
        if method == "conversations.create":
            answer["channel"] = {"id": f"C{number:08d}", "name": given["name"], "is_private": False}
        elif method == "auth.test":
            answer |= {
                "team_id": "T0SANDBOX",
                "user_id": "U0BOT",
                "bot_id": "B0BOT",
                "url": "http://127.0.0.1/",
                "team": "x",
                "user": "bot",
            }
        elif method.startswith("views."):
            state["views"] += 1
            opened = int(str(given.get("trigger_id", "0.0.x")).split(".")[1]) / 1e9
            if opened and arrived - opened > TRIGGER_S:
                state["expired"] += 1
                return web.json_response({"ok": False, "error": "expired_trigger_id"})
            answer["view"] = {"id": f"V{number}", "hash": "x"}
        return web.json_response(answer)

    async def seen(_: web.Request) -> web.Response:
        return web.json_response(state)

    async def listed(_: web.Request) -> web.Response:
        found = list(calls)
        calls.clear()
        return web.json_response(found)

    async def latency(request: web.Request) -> web.Response:
        state["ms"] = float(request.query["ms"])
        return web.json_response(state)

    app = web.Application()
    app.router.add_post("/api/{method}", call)
    app.router.add_get("/seen", seen)
    app.router.add_get("/calls", listed)
    app.router.add_post("/latency", latency)
    return app


if __name__ == "__main__":
    web.run_app(make(float(sys.argv[2])), host="127.0.0.1", port=int(sys.argv[1]), print=None)
