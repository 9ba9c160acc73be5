"""The ASGI application: /api and /response by hand, for speed; the rest with Starlette."""

from __future__ import annotations

import asyncio
import json
import logging
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

from starlette.types import ASGIApp, Message, Receive, Scope, Send
from starlette.websockets import WebSocket

from bot.sandbox.answers import respond
from bot.sandbox.guard import loopback
from bot.sandbox.webapi.door import Answer, Incoming, handle

if TYPE_CHECKING:
    from bot.sandbox.server import Sandbox

logger = logging.getLogger(__name__)
BIGGEST = 4 * 1024 * 1024
OPEN = ("/api/", "/response/", "/upload/")


def build_app(sandbox: Sandbox) -> ASGIApp:
    """The application of one sandbox."""
    from bot.sandbox.ui import build_ui

    ui = build_ui(sandbox)

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        path: str = scope["path"]
        if scope["type"] == "http" and path.startswith(OPEN) and foreign(scope):
            await _send(send, Answer(403, b"", ()))
        elif scope["type"] == "websocket" and path.rstrip("/") == "/link":
            await _link(sandbox, WebSocket(scope, receive, send))
        elif scope["type"] != "http":
            await ui(scope, receive, send)
        elif path.startswith("/api/"):
            await _api(sandbox, scope, receive, send)
        elif path.startswith("/response/"):
            await _response(sandbox, scope, receive, send)
        elif path.startswith("/upload/"):
            await _upload(sandbox, scope, receive, send)
        else:
            await ui(scope, receive, send)

    return app


def foreign(scope: Scope) -> bool:
    """Whether another web page in this machine's browser sent the request.

    The tokens are no secret, so a page that somebody visits could otherwise call the API.
    """
    headers = dict(scope["headers"])
    host = headers.get(b"host", b"").decode("latin-1")
    return b"origin" in headers or not loopback(host)


async def _api(sandbox: Sandbox, scope: Scope, receive: Receive, send: Send) -> None:
    headers = dict(scope["headers"])
    request = Incoming(
        method=scope["path"].removeprefix("/api/"),
        query=scope["query_string"],
        content_type=headers.get(b"content-type", b"").decode("latin-1"),
        authorization=headers.get(b"authorization", b"").decode("latin-1"),
        body=await _body(receive),
    )
    answer = await handle(sandbox.core, request)
    if answer.hang:
        await _hang(sandbox, receive)
    if answer.drop or answer.hang:
        await _drop(receive, send)
        return
    await _send(send, answer)


async def _body(receive: Receive) -> bytes:
    parts: list[bytes] = []
    while True:
        message: Message = await receive()
        if message["type"] == "http.disconnect":
            break
        parts.append(message.get("body", b""))
        if not message.get("more_body") or sum(map(len, parts)) > BIGGEST:
            break
    return b"".join(parts)


async def _send(send: Send, answer: Answer) -> None:
    headers = [*answer.headers, (b"content-length", str(len(answer.body)).encode())]
    await send({"type": "http.response.start", "status": answer.status, "headers": headers})
    await send({"type": "http.response.body", "body": answer.body})


async def _hang(sandbox: Sandbox, receive: Receive) -> None:
    gone = asyncio.ensure_future(_disconnected(receive))
    closing = asyncio.ensure_future(sandbox.closing.wait())
    try:
        await asyncio.wait({gone, closing}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        gone.cancel()
        closing.cancel()


async def _disconnected(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        continue


async def _drop(receive: Receive, send: Send) -> None:
    # uvicorn hands over its own bound method, through which the transport can be reached;
    # ASGI has no word for cutting a connection.
    cycle: Any = getattr(send, "__self__", None)
    transport = getattr(cycle, "transport", None)
    if transport is None:
        logger.warning("cannot cut the connection: the server is not uvicorn")
        return
    transport.abort()
    await _disconnected(receive)


async def _response(sandbox: Sandbox, scope: Scope, receive: Receive, send: Send) -> None:
    raw = await _body(receive)
    if sandbox.core.weather.offline:
        await _drop(receive, send)
        return
    try:
        body: Any = json.loads(raw)
    except ValueError:
        form = dict(parse_qsl(raw.decode(errors="replace")))
        body = json.loads(form["payload"]) if "payload" in form else None
    status, word = respond(sandbox.core, scope["path"].removeprefix("/response/"), body)
    text = word if status == 200 else json.dumps({"ok": False, "error": word})
    kind = b"text/plain" if status == 200 else b"application/json"
    await _send(send, Answer(status, text.encode(), ((b"content-type", kind),)))


async def _upload(sandbox: Sandbox, scope: Scope, receive: Receive, send: Send) -> None:
    raw = await _body(receive)
    _, _, file_id, token = scope["path"].split("/", 3)
    file = sandbox.workspace.files.get(file_id)
    if file is None or file["upload_token"] != token or file["complete"]:
        await _send(send, Answer(404, b"not found", ((b"content-type", b"text/plain"),)))
        return
    content = await _file_bytes(scope, raw)
    if len(content) != file["size"]:
        answer = Answer(400, b"wrong length", ((b"content-type", b"text/plain"),))
        await _send(send, answer)
        return
    sandbox.workspace.file_bytes[file_id] = content
    ok = f"OK - {len(content)}".encode()
    await _send(send, Answer(200, ok, ((b"content-type", b"text/plain"),)))


async def _file_bytes(scope: Scope, raw: bytes) -> bytes:
    headers = dict(scope["headers"])
    if not headers.get(b"content-type", b"").startswith(b"multipart/form-data"):
        return raw
    from starlette.requests import Request

    async def receive() -> Message:
        return {"type": "http.request", "body": raw, "more_body": False}

    async with Request(scope, receive).form() as form:
        for value in form.values():
            if not isinstance(value, str):
                return await value.read()
    return b""


async def _link(sandbox: Sandbox, websocket: WebSocket) -> None:
    ticket = websocket.query_params.get("ticket", "")
    tickets = sandbox.core.delivery.tickets
    if ticket not in tickets or sandbox.core.weather.offline:
        await websocket.close()
        return
    tickets.discard(ticket)
    await sandbox.core.delivery.sockets.serve(websocket)
