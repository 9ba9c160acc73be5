"""How long a client may take to say what it wants: slow senders must not hold connections open."""

from __future__ import annotations

import asyncio
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

#: From the connection (or the first byte of the next request) to the end of the headers.
HEADERS_WITHIN_S = 10.0
#: Slack's headers are about a kilobyte.
HEADERS_MAX = 64 * 1024
#: The first piece may bring part of the body along.
BODY_AT_ONCE = 256 * 1024


class Patient(HttpToolsProtocol):
    """uvicorn's protocol, with an end to waiting for headers; the body has its own (see ``guard``)."""

    _waiting: asyncio.TimerHandle | None = None
    _unread = 0

    def connection_made(self, transport: Any) -> None:
        """A client is here; it has so long to send its first headers."""
        super().connection_made(transport)
        self._wait()

    def data_received(self, data: bytes) -> None:
        """Bytes; too many of them without an end of the headers are no request."""
        if self._waiting is not None:
            self._unread += len(data)
            if self._unread > HEADERS_MAX + BODY_AT_ONCE:
                self.transport.abort()
                return
        super().data_received(data)

    def on_message_begin(self) -> None:
        """The first byte of a request."""
        self._wait()
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        """What it wants is known."""
        self._stop_waiting()
        super().on_headers_complete()

    def connection_lost(self, exc: Exception | None) -> None:
        """It is gone."""
        self._stop_waiting()
        super().connection_lost(exc)

    def _wait(self) -> None:
        self._stop_waiting()
        self._unread = 0
        self._waiting = self.loop.call_later(HEADERS_WITHIN_S, self._too_slow)

    def _stop_waiting(self) -> None:
        if self._waiting is not None:
            self._waiting.cancel()
            self._waiting = None

    def _too_slow(self) -> None:
        self.transport.abort()
