"""Who may use the sandbox: this machine, and no other web page in its browser."""

from __future__ import annotations

import ipaddress
from functools import lru_cache

from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Receive, Scope, Send

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:;"
    " connect-src 'self'; font-src 'self'; base-uri 'none'; form-action 'none';"
    " frame-ancestors 'none'"
)
SECURITY = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}


class Guard:
    """Only this machine's own browser, and no other page in it, may use the sandbox."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Refuses what does not come from the page itself."""
        headers = {k.decode("latin-1"): v.decode("latin-1") for k, v in scope.get("headers", ())}
        word = _refused(scope, headers)
        if word is None:
            await self.app(scope, receive, send)
        elif scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1008})
        else:
            refusal = JSONResponse({"ok": False, "error": word}, 403, headers=SECURITY)
            await refusal(scope, receive, send)


def _refused(scope: Scope, headers: dict[str, str]) -> str | None:
    host = headers.get("host", "")
    if not loopback(host):
        return "the Host header must name this machine"
    origin = headers.get("origin")
    if origin and origin.partition("://")[2] != host:
        return "another page may not use the sandbox"
    changes = scope.get("method") not in (None, "GET", "HEAD")
    if changes and headers.get("x-sandbox") != "1":
        return "the header X-Sandbox: 1 is missing"
    return None


@lru_cache(maxsize=64)
def loopback(host: str) -> bool:
    """Whether a Host header names this machine."""
    name = host.rpartition(":")[0] if host.rpartition(":")[2].isdigit() else host
    if name == "localhost":
        return True
    try:
        return ipaddress.ip_address(name.strip("[]")).is_loopback
    except ValueError:
        return False
