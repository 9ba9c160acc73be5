"""Headers that every answer carries: no framing, no sniffing, no scripts, nothing kept by caches."""

from __future__ import annotations

from starlette.types import ASGIApp, Message, Receive, Scope, Send

POLICY = (
    "default-src 'none'; style-src 'self'; img-src 'self'; font-src 'self'; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'none'"
)
HEADERS = {
    "content-security-policy": POLICY,
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "no-referrer",
    "permissions-policy": "camera=(), geolocation=(), microphone=()",
    "cross-origin-opener-policy": "same-origin",
    "cache-control": "no-store",
}
#: Sent only when people reach us over TLS (a proxy in front ends it).
STRICT_TRANSPORT = ("strict-transport-security", "max-age=31536000")


class SecurityHeaders:
    """ASGI middleware: adds what the page has not set itself."""

    def __init__(self, app: ASGIApp, *, tls: bool = False) -> None:
        self._app = app
        headers = {**HEADERS, **dict([STRICT_TRANSPORT] if tls else [])}
        self._headers = [(name.encode(), value.encode()) for name, value in headers.items()]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, and complete the headers of its answer."""

        async def complete(message: Message) -> None:
            if message["type"] == "http.response.start":
                set_already = {name for name, _ in message["headers"]}
                message["headers"] = [
                    *message["headers"],
                    *(each for each in self._headers if each[0] not in set_already),
                ]
            await send(message)

        await self._app(scope, receive, complete if scope["type"] == "http" else send)
