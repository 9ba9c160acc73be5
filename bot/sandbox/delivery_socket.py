"""Deliveries over Socket Mode: connections, envelopes and their acknowledgements."""

from __future__ import annotations

import asyncio
import itertools
import json
import uuid
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from starlette.websockets import WebSocket, WebSocketDisconnect, WebSocketState

from bot.sandbox.state import APP_ID

if TYPE_CHECKING:
    from bot.sandbox.delivery import Parcel

Json = dict[str, Any]
MOST_CONNECTIONS = 10


class Connection:
    """One websocket of the app."""

    def __init__(self, websocket: WebSocket, number: int) -> None:
        self.websocket = websocket
        self.number = number
        self.waiting: dict[str, asyncio.Future[Any]] = {}
        self.delivered = 0

    async def send(self, message: Json) -> None:
        """Sends one message. Raises ConnectionError when the app has gone."""
        try:
            await self.websocket.send_text(json.dumps(message))
        except (RuntimeError, WebSocketDisconnect) as error:
            raise ConnectionError("the socket is closed") from error

    async def close(self) -> None:
        """Closes it, whatever state it is in."""
        if self.websocket.application_state == WebSocketState.CONNECTED:
            try:
                await self.websocket.close()
            except (RuntimeError, WebSocketDisconnect):
                return


class SocketLink:
    """All websockets of the app; each parcel goes to one of them, in turn."""

    def __init__(self, changed: Callable[[], None]) -> None:
        self.connections: list[Connection] = []
        self._changed = changed
        self._numbers = itertools.count(1)
        self._turn = itertools.count()

    async def serve(self, websocket: WebSocket) -> None:
        """Lives as long as one websocket does."""
        await websocket.accept()
        connection = Connection(websocket, next(self._numbers))
        if len(self.connections) >= MOST_CONNECTIONS:
            await connection.send({"type": "disconnect", "reason": "too_many_websockets"})
            await connection.close()
            return
        await connection.send(self._hello())
        self.connections.append(connection)
        self._changed()
        try:
            while True:
                self._acknowledged(connection, await websocket.receive_text())
        except (WebSocketDisconnect, RuntimeError, KeyError):
            pass
        finally:
            if connection in self.connections:
                self.connections.remove(connection)
            self._changed()
            for future in connection.waiting.values():
                if not future.done():
                    future.set_exception(ConnectionError("the socket was closed"))

    def _hello(self) -> Json:
        return {
            "type": "hello",
            "num_connections": len(self.connections) + 1,
            "connection_info": {"app_id": APP_ID},
            "debug_info": {"host": "sandbox", "approximate_connection_time": 3600},
        }

    def _acknowledged(self, connection: Connection, text: str) -> None:
        try:
            message = json.loads(text)
        except ValueError:
            return
        future = connection.waiting.get(message.get("envelope_id", ""))
        if future is not None and not future.done():
            future.set_result(message.get("payload"))

    async def deliver(self, parcel: Parcel) -> tuple[int, Any, bool]:
        """Sends a parcel to one connection and waits for the acknowledgement.

        Raises OSError when there is no connection or it closes.
        """
        if not self.connections:
            raise ConnectionRefusedError("no socket is connected")
        connection = self.connections[next(self._turn) % len(self.connections)]
        connection.delivered += 1
        envelope_id = str(uuid.uuid4())
        future: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        connection.waiting[envelope_id] = future
        try:
            await connection.send(_envelope(envelope_id, parcel))
            payload = await future
        finally:
            connection.waiting.pop(envelope_id, None)
        return 200, _spoken(payload), False

    async def refresh(self, reason: str = "refresh_requested", close_after: float = 0.0) -> None:
        """Tells every connection to reconnect, and closes it a moment later."""
        for connection in list(self.connections):
            await connection.send({"type": "disconnect", "reason": reason, "debug_info": {}})
            if reason != "warning":
                self.connections.remove(connection)
        if reason == "warning":
            return
        await asyncio.sleep(close_after)

    async def close(self) -> None:
        """Closes all connections."""
        connections, self.connections = self.connections, []
        for connection in connections:
            await connection.close()


def _envelope(envelope_id: str, parcel: Parcel) -> Json:
    envelope = {
        "envelope_id": envelope_id,
        "type": parcel.kind,
        "payload": parcel.payload,
        "accepts_response_payload": parcel.kind != "events_api",
    }
    if parcel.kind == "events_api":
        envelope["retry_attempt"] = parcel.retry
        envelope["retry_reason"] = "timeout" if parcel.reason else ""
    return envelope


def _spoken(payload: Any) -> Any:
    # Bolt wraps a plain-text acknowledgement in {"text": ...}; an empty one means nothing.
    return "" if payload is None or payload == {"text": ""} else payload
