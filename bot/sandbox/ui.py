"""What the page in the browser uses: /ui, its stream, and the page's own files."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, PlainTextResponse, Response
from starlette.routing import Route, WebSocketRoute
from starlette.types import ASGIApp
from starlette.websockets import WebSocket, WebSocketDisconnect

from bot.sandbox import ui_acts, ui_shapes
from bot.sandbox.errors import CannotAct, NotSeen, Refusal
from bot.sandbox.guard import SECURITY, Guard

if TYPE_CHECKING:
    from bot.sandbox.server import Sandbox

Json = dict[str, Any]
PAGE = Path(__file__).parent / "page"
NO_PAGE = "This is the Steadyhand sandbox. Its page is not built; the API is at /api/.\n"


def build_ui(sandbox: Sandbox) -> ASGIApp:
    """The part of the application that people use."""
    ui = Ui(sandbox)
    routes = [
        Route("/", ui.index),
        Route("/static/{file:path}", ui.static),
        Route("/ui/snapshot", ui.snapshot),
        Route("/ui/messages", ui.messages),
        Route("/ui/thread", ui.thread),
        Route("/ui/act", ui.act, methods=["POST"]),
        Route("/ui/weather", ui.weather, methods=["POST"]),
        WebSocketRoute("/ui/stream", ui.stream),
        Route("/{file}", ui.static),
    ]
    return Guard(Starlette(routes=routes))


class Ui:
    """The endpoints of the page."""

    def __init__(self, sandbox: Sandbox) -> None:
        self.sandbox = sandbox

    async def index(self, request: Request) -> Response:
        """The page."""
        for folder in (PAGE / "dist", PAGE):
            if (folder / "index.html").is_file():
                return FileResponse(folder / "index.html", headers=SECURITY)
        return PlainTextResponse(NO_PAGE, headers=SECURITY)

    async def static(self, request: Request) -> Response:
        """A built file of the page."""
        folder = (PAGE / "dist").resolve()
        file = (folder / request.path_params["file"]).resolve()
        if file.is_relative_to(folder) and file.is_file():
            return FileResponse(file, headers=SECURITY)
        return PlainTextResponse("not found", 404, headers=SECURITY)

    async def snapshot(self, request: Request) -> Response:
        """Everything but messages that one person sees."""
        return await self._answer(lambda: self._snapshot(request))

    async def _snapshot(self, request: Request) -> Json:
        person = self.sandbox.person(request.query_params.get("as", ""))
        return ui_shapes.snapshot(self.sandbox, person)

    async def messages(self, request: Request) -> Response:
        """The top-level messages of a channel."""
        return await self._answer(lambda: self._messages(request, threads=False))

    async def thread(self, request: Request) -> Response:
        """A thread: the parent and its replies."""
        return await self._answer(lambda: self._messages(request, threads=True))

    async def _messages(self, request: Request, *, threads: bool) -> Json:
        query = request.query_params
        person = self.sandbox.person(query.get("as", ""))
        room = person.channel(query.get("channel", ""))
        wanted = query.get("ts", "") if threads else None
        return {"messages": ui_shapes.messages(self.sandbox, person, room, wanted)}

    async def act(self, request: Request) -> Response:
        """Does what somebody does on the page."""
        return await self._answer(lambda: self._act(request))

    async def _act(self, request: Request) -> Json:
        body = await request.json()
        if not isinstance(body, dict):
            raise CannotAct("send an object")
        return {"ok": True, **await ui_acts.act(self.sandbox, body)}

    async def weather(self, request: Request) -> Response:
        """Changes the weather."""
        return await self._answer(lambda: self._weather(request))

    async def _weather(self, request: Request) -> Json:
        self.sandbox.set_weather(await request.json())
        return self.sandbox.weather.as_json()

    async def _answer(self, work: Callable[[], Awaitable[Json]]) -> Response:
        try:
            return JSONResponse(await work(), headers=SECURITY)
        except (NotSeen, CannotAct) as error:
            return self._error(str(error))
        except Refusal as refusal:
            return self._error(refusal.error.replace("_", " "))
        except (KeyError, TypeError, AttributeError, ValueError) as error:
            return self._error(f"not understood: {type(error).__name__} {error}")

    def _error(self, words: str) -> Response:
        return JSONResponse({"ok": False, "error": words}, headers=SECURITY)

    async def stream(self, websocket: WebSocket) -> None:
        """Tells the page what changed; it fetches the rest itself."""
        person = self.sandbox.person(websocket.query_params.get("as", ""))
        await websocket.accept()
        queue: asyncio.Queue[Json] = asyncio.Queue(maxsize=1000)

        def changed(what: str, channel: str | None, user: str | None) -> None:
            if user in (None, person.id) and not queue.full():
                queue.put_nowait(ui_shapes.change(self.sandbox, person, what, channel))

        self.sandbox.listeners.add(changed)
        sender = asyncio.ensure_future(_pump(websocket, queue))
        try:
            while True:
                await websocket.receive_text()
        except WebSocketDisconnect:
            pass
        except asyncio.CancelledError:
            # Ctrl-C with a page open is an end, not a fault that a terminal should be told of.
            if not self.sandbox.closing.is_set():
                raise
        finally:
            self.sandbox.listeners.discard(changed)
            sender.cancel()


async def _pump(websocket: WebSocket, queue: asyncio.Queue[Json]) -> None:
    try:
        while True:
            await websocket.send_json(await queue.get())
    except (WebSocketDisconnect, RuntimeError):
        return
