"""The way of every call: token, weather, limits, scope, arguments, the method, the answer."""

from __future__ import annotations

import asyncio
import inspect
import json
from dataclasses import dataclass
from email.utils import formatdate
from typing import Any

from bot.sandbox import arguments
from bot.sandbox.checks import Advice
from bot.sandbox.core import Call, Core, Hook
from bot.sandbox.errors import Refusal, missing_scope, rate_limited
from bot.sandbox.methods import METHODS, RETIRED, Method
from bot.sandbox.weather import Fault, chance
from bot.sandbox.webapi import auth, chat, conversations, files, history, marks, people, views
from bot.sandbox.webapi.base import Handler, Json, note, require

HANDLERS: dict[str, Handler] = {
    **auth.HANDLERS,
    **chat.HANDLERS,
    **conversations.HANDLERS,
    **files.HANDLERS,
    **history.HANDLERS,
    **marks.HANDLERS,
    **people.HANDLERS,
    **views.HANDLERS,
}


@dataclass
class Answer:
    """What goes back: `drop` cuts the connection, `hang` never answers."""

    status: int = 200
    body: bytes = b""
    headers: tuple[tuple[bytes, bytes], ...] = ()
    drop: bool = False
    hang: bool = False


@dataclass(frozen=True)
class Incoming:
    """A request to /api/<method>."""

    method: str
    query: bytes
    content_type: str
    authorization: str
    body: bytes


async def handle(core: Core, request: Incoming) -> Answer:
    """Carries out one call, from the token to the answer, and keeps it in core.calls."""
    core.in_flight += 1
    try:
        raw = arguments.read(request.query, request.content_type, request.body)
        args = arguments.lenient(METHODS.get(request.method), raw)
        call = Call(request.method, args, core.workspace.now())
    except Refusal as refusal:
        return _answer(core, refusal.body(), 200)
    else:
        core.calls.append(call)
        return await _through(core, request, raw, call)
    finally:
        core.in_flight -= 1
        core.last_call = asyncio.get_running_loop().time()


async def _through(core: Core, request: Incoming, raw: Json, call: Call) -> Answer:
    await _hook(core.before_call, call)
    weather = core.weather
    if weather.offline:
        return _lost(core, call, "offline")
    if weather.latency_ms:
        await asyncio.sleep(weather.latency_ms / 1000)
    fault = core.faults.strike(call.method, call.args)
    then = fault.then if fault else ""
    if then in ("drop_before", "timeout"):
        return _lost(core, call, then, hang=then == "timeout")
    answer = _carry_out(core, request, raw, call, fault)
    await _hook(core.after_call, call)
    if then in ("drop_after", "timeout_after") or chance(weather.lose_answer_rate):
        call.answered = False
        return Answer(drop=then != "timeout_after", hang=then == "timeout_after")
    if then == "500_after":
        return Answer(500, b"")
    return answer


def _lost(core: Core, call: Call, word: str, *, hang: bool = False) -> Answer:
    call.answered = False
    call.finish(0, {"ok": False, "error": word}, core.workspace.now())
    return Answer(drop=not hang, hang=hang)


def _carry_out(core: Core, request: Incoming, raw: Json, call: Call, fault: Fault | None) -> Answer:
    retry_after: int | None = None
    status = 200
    try:
        _bad_luck(core, fault)
        body = {"ok": True, **_run(core, request, raw, call)}
    except Refusal as refusal:
        body, status, retry_after = refusal.body(), refusal.status, refusal.retry_after
    call.finish(status, body, core.workspace.now())
    if status == 500:
        return Answer(500, b"")
    return _answer(core, body, status, retry_after)


def _bad_luck(core: Core, fault: Fault | None) -> None:
    then = fault.then if fault else ""
    if then.startswith("error:"):
        raise Refusal(then.removeprefix("error:"))
    if then == "500":
        raise Refusal("internal_error", status=500)
    if then == "429" or chance(core.weather.force_429):
        raise rate_limited(fault.retry_after if fault else 1)
    if chance(core.weather.error_rate):
        raise Refusal("internal_error", status=500 if chance(0.5) else 200)


def _run(core: Core, request: Incoming, raw: Json, call: Call) -> Json:
    facts, handler = METHODS.get(call.method), HANDLERS.get(call.method)
    if facts is None or handler is None:
        retired = call.method in RETIRED
        raise Refusal("method_deprecated" if retired else "unknown_method", req_method=call.method)
    _token(core, request, raw, facts)
    if core.weather.rate_limit:
        wait = core.limits.wait_for_call(call.method, facts.tier, core.workspace.now())
        if wait:
            raise rate_limited(wait)
    if "" in facts.scopes:
        require(core, call.method)
    elif facts.scopes and not core.scopes.intersection(facts.any_scope):
        raise missing_scope(next(iter(facts.scopes.values()))[0], core.scopes)
    args = arguments.check(facts, raw)
    call.args = args
    return handler(core, args)


def _token(core: Core, request: Incoming, raw: Json, facts: Method) -> None:
    scheme, _, token = request.authorization.partition(" ")
    token = token.strip() if scheme.lower() == "bearer" else str(raw.get("token") or "")
    if raw.get("token"):
        note(core, request.method, [Advice("token.argument", "send it in the header")])
    if not token:
        raise Refusal("not_authed")
    if core.weather.token_revoked:
        raise Refusal("token_revoked")
    if token not in (core.bot_token, core.app_token):
        raise Refusal("invalid_auth")
    if facts.needs_app_token != (token == core.app_token):
        raise Refusal("not_allowed_token_type")


def _answer(core: Core, body: Json, status: int, retry_after: int | None = None) -> Answer:
    headers = [
        (b"content-type", b"application/json; charset=utf-8"),
        (b"date", formatdate(core.workspace.clock.now(), usegmt=True).encode()),
        (b"x-oauth-scopes", ",".join(sorted(core.scopes)).encode()),
    ]
    if retry_after is not None:
        headers.append((b"retry-after", str(retry_after).encode()))
    return Answer(status, json.dumps(body).encode(), tuple(headers))


async def _hook(hook: Hook | None, call: Call) -> None:
    if hook is None:
        return
    waiting: Any = hook(call)
    if inspect.isawaitable(waiting):
        await waiting
