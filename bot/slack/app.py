"""The door to Slack: Bolt verifies and parses, this module finds the handler and shapes the answer."""

from __future__ import annotations

import asyncio
import hashlib
import logging
import re
import time
from collections import deque
from collections.abc import Awaitable
from dataclasses import replace
from pathlib import Path
from typing import Any

import aiohttp
from slack_bolt import BoltResponse
from slack_bolt.async_app import AsyncApp, AsyncBoltRequest
from slack_bolt.authorization import AuthorizeResult
from slack_sdk.web.async_client import AsyncWebClient
from sqlalchemy.exc import SQLAlchemyError

from bot.effects.client import CarefulClient
from bot.errors import Refusal
from bot.house import House
from bot.incident import channels, rights
from bot.logs import TRACE
from bot.record.entry import SYSTEM, Actor
from bot.settings import Settings
from bot.slack import kit, payload
from bot.slack.request import (
    AlreadyCarriedOut,
    Answer,
    Handler,
    Request,
    only_you,
    refusal_text,
    said_in,
    view_errors,
)
from bot.slack.router import Surface
from bot.slack.seal import Seal
from bot.slack.workspace import Foreign, Workspace, app_of

log = logging.getLogger(__name__)
PACKAGE = Path(__file__).resolve().parents[1]
NOT_SAVED = "This could not be saved just now, so nothing was done. Please try again in a moment."
STILL_WORKING = "This takes longer than usual. Please do not repeat it: the answer follows here."
HTTP_TIMEOUT_S = 10
#: A form has to be opened within three seconds even when each call takes one and many are asked for;
#: effects have a limit of their own.
CALLS_AT_ONCE = 1000
#: Slack gives three seconds; what takes longer is acknowledged and answered afterwards.
ANSWER_WITHIN_S = 2.6
#: Lines are formatted and written after the acknowledgement: not while people wait, …
LOG_LATER_S = 0.2
#: … unless they wait all the time.
LOG_WITHIN_S = 2.0
#: … and then a few at a time.
LOG_AT_ONCE = 8
LOG_PAUSE_S = 0.01
#: Events that somebody caused. Without a person they would be judged as the bot's own.
OF_PERSONS = frozenset({
    "reaction_added", "member_joined_channel", "member_left_channel", "app_mention", "app_home_opened",
})  # fmt: skip


def make_client(settings: Settings) -> AsyncWebClient:
    """A Web API client. The SDK's own retries are off: repeating a post would double it."""
    return CarefulClient(
        token=settings.slack_bot_token.get_secret_value(),
        base_url=settings.slack_api_url,
        timeout=HTTP_TIMEOUT_S,
        retry_handlers=[],
    )


class SlackDoor:
    """Requests from Slack, over HTTP or Socket Mode, to handlers."""

    def __init__(
        self, settings: Settings, house: House, client: AsyncWebClient, surface: Surface
    ) -> None:
        self._settings = settings
        self._house = house
        self._client = client
        self._surface = surface
        self._seal = Seal(settings.slack_bot_token.get_secret_value())
        self._work: set[asyncio.Task[None]] = set()
        self._unlogged: deque[tuple[str, str]] = deque()
        self._logging = False
        self.workspace = Workspace(
            house, settings.team_ids, app_of(settings.slack_app_token.get_secret_value())
        )
        self._socket: Any = None
        client.session = aiohttp.ClientSession(
            timeout=aiohttp.ClientTimeout(total=HTTP_TIMEOUT_S),
            connector=aiohttp.TCPConnector(limit=CALLS_AT_ONCE),
        )
        self.bolt = AsyncApp(
            logger=_bolt_log(),
            name="steadyhand",  # else Bolt walks the whole stack to find one
            client=client,
            signing_secret=settings.slack_signing_secret.get_secret_value()
            or "unused-in-socket-mode",
            process_before_response=True,
            authorize=_authorizer(settings.slack_bot_token.get_secret_value()),
            ignoring_self_events_enabled=True,
        )
        self._listen()

    def connect(self) -> Any:
        """Begin to open the Socket Mode connection; the SDK tries until Slack answers.

        Returns its client, which knows whether it is connected.
        """
        from slack_bolt.adapter.socket_mode.aiohttp import AsyncSocketModeHandler
        from slack_bolt.adapter.socket_mode.async_internals import send_async_response

        door = self

        class Handler(AsyncSocketModeHandler):
            """Requests over the socket are judged like those over HTTP."""

            async def handle(self, client: Any, req: Any) -> None:
                answer = await door.answer(req.payload)
                if answer.status == 200:
                    await send_async_response(client, req, answer, time.time())

        handler = Handler(
            self.bolt, self._settings.slack_app_token.get_secret_value(), web_client=self._client
        )
        self._socket = handler.client
        # Not awaited: without Slack the house still starts, works on its record, and says so.
        self._connecting = asyncio.ensure_future(self._socket.connect())
        return self._socket

    async def stop_taking(self) -> None:
        """Take no more requests through Socket Mode."""
        if self._socket is not None:
            self._connecting.cancel()
            await self._socket.close()

    async def close(self) -> None:
        """Let answers on their way come to their end, then close connections."""
        if self._work:
            await asyncio.wait(self._work, timeout=5)
        self._write_lines(len(self._unlogged))
        if self._client.session is not None:
            await self._client.session.close()

    # --- in ------------------------------------------------------------------------------------

    async def answer(self, body: Any) -> BoltResponse:
        """The answer to one payload whose sender is proven: by its signature, or by the socket.

        400 when it is not shaped as Slack's payloads are, 403 when it is not of our workspace.
        """
        try:
            body = payload.clean(body)
            payload.check(body)
            self.workspace.admit(body)
        except payload.Malformed as fault:
            log.warning("payload_refused", extra={"place": str(fault)})
            return BoltResponse(status=400, body="This is not what Slack sends.\n")
        except Foreign as why:
            log.warning("stranger_refused", extra={"why": str(why)})
            return BoltResponse(status=403, body="This app serves another workspace.\n")
        # Verified already and parsed once: Bolt is handed the result, as from a socket.
        began = time.perf_counter()
        try:
            answer = await self.bolt.async_dispatch(AsyncBoltRequest(body=body, mode="socket_mode"))
        except (KeyError, TypeError, AttributeError, ValueError) as fault:
            # Bolt reads more of a payload than it checks, even while it reports an error.
            log.warning("payload_refused", extra={"place": type(fault).__name__})
            return BoltResponse(status=400, body="This is not what Slack sends.\n")
        self._house.metrics.acknowledged(_type_of(body), time.perf_counter() - began)
        return answer

    # --- Bolt ------------------------------------------------------------------------------------

    def _listen(self) -> None:
        app = self.bolt

        @app.command("/incident")
        async def command(body: dict[str, Any], ack: Any) -> None:
            with self._house.requests:
                await ack(**(await self._command(body) or {}))

        @app.action({"action_id": _ANY})
        async def action(body: dict[str, Any], ack: Any) -> None:
            with self._house.requests:
                await self._action(body)
                await ack()

        @app.view(_ANY)
        async def view(body: dict[str, Any], ack: Any) -> None:
            with self._house.requests:
                await ack(**(await self._view(body) or {}))

        @app.shortcut(_ANY)
        async def shortcut(body: dict[str, Any], ack: Any) -> None:
            with self._house.requests:
                await self._shortcut(body)
                await ack()

        @app.event(_ANY)
        async def event(body: dict[str, Any]) -> None:
            await self._event(body)

        @app.error
        async def error(error: Exception, body: dict[str, Any]) -> BoltResponse:
            if not _ours(error):  # Bolt itself could not read it: signed, and yet malformed
                log.warning("payload_refused", extra={"place": type(error).__name__})
                return BoltResponse(status=400, body="This cannot be read.\n")
            log.error("request_failed", exc_info=error, extra={"type": body.get("type")})
            return BoltResponse(status=500, body="")

    # --- one method a kind of request ----------------------------------------------------------

    async def _command(self, body: dict[str, Any]) -> Answer:
        request = self._request("command", body, f"cmd:{body['trigger_id']}", "slash")
        request.channel = body["channel_id"]
        request.trigger, request.response_url = body["trigger_id"], body.get("response_url")
        request.text = (body.get("text") or "").strip()
        handler = self._surface.verbs["*"]
        return await self._guarded(handler, request, body.get("command", "") + " " + request.text)

    async def _action(self, body: dict[str, Any]) -> None:
        action = body["actions"][0]
        name = action["action_id"].split(":")[0]
        handler = self._surface.actions.get(name)
        if handler is None:
            return
        clicked = (
            f"{action.get('action_ts', '')}:{action['action_id']}:{action.get('block_id', '')}"
        )
        key = _key("act", body["user"]["id"], clicked, body.get("trigger_id", ""))
        request = self._request("action", body, key, "button")
        view = body.get("view") or {}
        request.channel = (body.get("channel") or {}).get("id")
        if request.channel is None:  # a button in a form: where the form was opened
            request.here = False
            request.channel = self._seal.open(view, request.user).get("c")
            request.by = replace(request.by, channel=request.channel)
        request.trigger, request.response_url = body.get("trigger_id"), body.get("response_url")
        request.packed = kit.unpack(_chosen(action))
        request.packed.pop("c", None)  # a button says what it is about, never where somebody is
        request.values = kit.Values(view.get("state") or body.get("state") or {})
        answer = await self._guarded(handler, request)
        if answer and answer.get("text"):
            request.reply(answer["text"], answer.get("blocks"))

    async def _view(self, body: dict[str, Any]) -> Answer:
        if body["type"] != "view_submission":
            return None
        view = body["view"]
        handler = self._surface.views.get(view["callback_id"])
        if handler is None:
            return None
        # The same view can be submitted again after an error, so the hash alone is not enough.
        key = _key("view", view["id"], view.get("hash", ""), str(view["state"]))
        request = self._request("view", body, key, "modal")
        request.trigger = body.get("trigger_id")
        request.packed = self._seal.open(view, request.user)
        request.channel, request.here = request.packed.get("c"), False
        request.by = replace(request.by, channel=request.channel)
        request.values = kit.Values(view["state"])
        blocks = [block["block_id"] for block in view["blocks"] if block["type"] == "input"]
        work = asyncio.ensure_future(self._submitted(handler, request, blocks))
        done, _ = await asyncio.wait({work}, timeout=ANSWER_WITHIN_S)
        if done:
            return work.result()
        # The form closes; what comes of it follows as a message.
        self._background(request.whisper(STILL_WORKING))
        self._background(_answer_late(work, request))
        return None

    async def _submitted(self, handler: Handler, request: Request, blocks: list[str]) -> Answer:
        try:
            answer = await handler(request)
        except AlreadyCarriedOut as before:
            self._house.metrics.redelivered[request.kind] += 1
            return self._sealed(_view_answer(before.answer, request, again=True), request)
        except Refusal as problem:
            await self._denied(request, problem)
            return view_errors(problem, blocks)
        except SQLAlchemyError as problem:
            log.error("not_saved", extra={"error": type(problem).__name__})
            return view_errors(Refusal(NOT_SAVED), blocks)
        return self._sealed(_view_answer(answer, request), request)

    def _sealed(self, answer: Answer, request: Request) -> Answer:
        if answer is None or "view" not in answer:
            return answer
        return {**answer, "view": self._seal.close(answer["view"], request.user)}

    async def _shortcut(self, body: dict[str, Any]) -> None:
        handler = self._surface.shortcuts.get(body["callback_id"])
        if handler is None:
            return
        request = self._request("shortcut", body, f"cut:{body['trigger_id']}", "shortcut")
        request.channel = (body.get("channel") or {}).get("id")
        request.trigger, request.response_url = body["trigger_id"], body.get("response_url")
        answer = await self._guarded(handler, request)
        if answer and answer.get("text"):
            request.reply(answer["text"], answer.get("blocks"))

    async def _event(self, body: dict[str, Any]) -> None:
        event = body["event"]
        handler = self._surface.events.get(event["type"])
        if handler is None:
            return
        user = event.get("user") or event.get("user_id")
        if not user and event["type"] in OF_PERSONS:
            return  # what nobody did is not done as the bot itself
        user = user or "system"
        if isinstance(user, dict):
            user = user.get("id", "system")
        request = self._request("event", body, f"evt:{body['event_id']}", "event", user)
        channel = event.get("channel") or (event.get("item") or {}).get("channel")
        request.channel = channel.get("id") if isinstance(channel, dict) else channel
        try:
            await handler(request)
        except AlreadyCarriedOut:
            self._house.metrics.redelivered[request.kind] += 1
            return
        except Refusal as problem:
            await self._denied(request, problem)
            log.info("event_refused", extra={"about": event["type"]})

    # --- shared ----------------------------------------------------------------------------------

    def _request(
        self, kind: str, body: dict[str, Any], delivery: str, source: str, user: str | None = None
    ) -> Request:
        user = user or body.get("user_id") or body["user"]["id"]
        trace = hashlib.sha256(delivery.encode()).hexdigest()[:16]
        TRACE.set(trace)
        self._log(kind, trace)
        where = (
            body.get("channel_id") or (body.get("channel") or {}).get("id")
            if kind != "event"
            else None
        )
        return Request(
            self._house, self._client, kind, body, Actor(user, source, trace, where), delivery,
            background=self._background, seal=self._seal.close,
        )  # fmt: skip

    def _log(self, kind: str, trace: str) -> None:
        """One line a request, after the acknowledgement; what was asked stays out of it."""
        self._unlogged.append((kind, trace))
        if not self._logging:
            self._logging = True
            loop = asyncio.get_running_loop()
            loop.call_later(LOG_LATER_S, self._write_log, loop.time() + LOG_WITHIN_S)

    def _write_log(self, until: float) -> None:
        loop = asyncio.get_running_loop()
        if self._house.requests.waiting() and loop.time() < until:
            loop.call_later(LOG_LATER_S, self._write_log, until)
            return
        self._write_lines(LOG_AT_ONCE)
        self._logging = bool(self._unlogged)
        if self._logging:
            loop.call_later(LOG_PAUSE_S, self._write_log, until)

    def _write_lines(self, most: int) -> None:
        for _ in range(min(most, len(self._unlogged))):
            kind, trace = self._unlogged.popleft()
            log.info("request", extra={"type": kind, "trace": trace})

    async def _guarded(self, handler: Handler, request: Request, typed: str = "") -> Answer:
        """The handler's answer, or word that it takes longer; then the answer follows."""
        work = asyncio.ensure_future(self._answered(handler, request, typed))
        done, _ = await asyncio.wait({work}, timeout=ANSWER_WITHIN_S)
        if done:
            return work.result()
        self._background(_answer_late(work, request))
        return only_you(STILL_WORKING)

    async def _answered(self, handler: Handler, request: Request, typed: str = "") -> Answer:
        try:
            return await handler(request)
        except AlreadyCarriedOut as before:
            self._house.metrics.redelivered[request.kind] += 1
            return before.answer
        except Refusal as problem:
            await self._denied(request, problem)
            return only_you(refusal_text(problem, typed.strip()))
        except SQLAlchemyError as problem:
            log.error("not_saved", extra={"error": type(problem).__name__})
            return only_you(refusal_text(Refusal(NOT_SAVED), typed.strip()))
        finally:
            if request.came_in:
                self._background(self._came_in(request, request.came_in))

    async def _came_in(self, request: Request, channel: str) -> None:
        """Slack told nobody that they joined, or we were away: they are in it from now on."""
        try:
            await self._house.change(SYSTEM, lambda tx: channels.joined(tx, channel, request.user))
        except (SQLAlchemyError, Refusal) as trouble:
            log.error("not_joined", extra={"error": type(trouble).__name__})

    async def _denied(self, request: Request, problem: Refusal) -> None:
        """Put a lacking right on the record, after the answer: nobody waits for it or times it."""
        if problem.verb:
            self._background(self._record_denied(request, problem))

    async def _record_denied(self, request: Request, problem: Refusal) -> None:
        try:
            await self._house.change(request.by, lambda tx: rights.record_denied(tx, problem))
        except (SQLAlchemyError, Refusal) as trouble:
            log.error("denied_not_recorded", extra={"error": type(trouble).__name__})

    def _background(self, work: Awaitable[None]) -> None:
        task = asyncio.ensure_future(work)
        self._work.add(task)
        task.add_done_callback(self._work.discard)


def _type_of(body: dict[str, Any]) -> str:
    """The type of a request, from a short list, for counting."""
    if "command" in body:
        return "command"
    return _TYPES.get(str(body.get("type")), "other")


_TYPES = {
    "block_actions": "action", "view_submission": "view", "view_closed": "view",
    "shortcut": "shortcut", "message_action": "shortcut", "event_callback": "event",
}  # fmt: skip
_ANY = re.compile(r".*", re.DOTALL)


def _ours(error: BaseException) -> bool:
    """Whether the error came out of a handler of ours, and not out of Bolt before it got there."""
    trace = error.__traceback__
    while trace is not None:
        if Path(trace.tb_frame.f_code.co_filename).is_relative_to(PACKAGE):
            return True
        trace = trace.tb_next
    return False


def _bolt_log() -> logging.Logger:
    """Bolt's own log, from errors on: it warns of a token that we give on purpose."""
    quiet = logging.getLogger("bot.slack.bolt")
    quiet.setLevel(logging.ERROR)
    return quiet


def _authorizer(token: str) -> Any:
    """One workspace, one token: nothing to look up, so no call on the way to the acknowledgement."""

    async def authorize(enterprise_id: str | None, team_id: str | None) -> AuthorizeResult:
        return AuthorizeResult(enterprise_id=enterprise_id, team_id=team_id, bot_token=token)

    return authorize


def _key(*parts: str | None) -> str:
    """A delivery key of bounded length."""
    kind, *rest = parts
    text = "\x1f".join(str(part or "") for part in rest)
    return f"{kind}:" + hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()[:40]


def _chosen(action: dict[str, Any]) -> str | None:
    option = action.get("selected_option")
    return action.get("value") or (option or {}).get("value")


async def _answer_late(work: asyncio.Future[Answer], request: Request) -> None:
    """What came of a request that was acknowledged before it was done.

    Nothing more where a form was opened, in which nothing is done yet, or where it was said already.
    """
    answer = await work or {}
    said = answer.get("text") or said_in(answer)
    if said or not request.answered:
        await request.whisper(said or "It is done.", answer.get("blocks"))


def _view_answer(answer: Answer, request: Request, *, again: bool = False) -> Answer:
    """A form's handler may answer with words; they reach the person as a private message, once."""
    if answer and "response_action" not in answer:
        if again:
            return None
        request.reply(answer.get("text", ""), answer.get("blocks"))
        return None
    return answer
