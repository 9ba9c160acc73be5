"""Deliveries over HTTP: signed, form-encoded or JSON, as Slack sends them."""

from __future__ import annotations

import hashlib
import hmac
import json
import secrets
import time
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

if TYPE_CHECKING:
    import aiohttp

    from bot.sandbox.delivery import Parcel

Json = dict[str, Any]
FORM = "application/x-www-form-urlencoded"


def sign(secret: str, timestamp: int, body: bytes) -> str:
    """The v0 signature (docs.slack.dev/authentication/verifying-requests-from-slack)."""
    base = b"v0:" + str(timestamp).encode() + b":" + body
    return "v0=" + hmac.new(secret.encode(), base, hashlib.sha256).hexdigest()


def encode(parcel: Parcel) -> tuple[str, bytes]:
    """Content type and body of a parcel."""
    if parcel.kind == "events_api":
        return "application/json", json.dumps(parcel.payload).encode()
    if parcel.kind == "slash_commands":
        return FORM, urlencode(parcel.payload).encode()
    return FORM, urlencode({"payload": json.dumps(parcel.payload)}).encode()


class HttpLink:
    """The app's request URLs; commands and interactions may have their own."""

    def __init__(self, secret: str) -> None:
        self.secret = secret
        self.url: str | None = None
        self.urls: dict[str, str] = {}
        self._session: aiohttp.ClientSession | None = None

    async def deliver(self, parcel: Parcel) -> tuple[int, Any, bool]:
        """Posts a parcel: status, body, and whether the app asked for no retry.

        Raises OSError when nobody answers, TimeoutError when the caller's deadline passes.
        """
        content_type, body = encode(parcel)
        extra = {}
        if parcel.retry:
            reason = parcel.reason or "unknown_error"
            extra = {"X-Slack-Retry-Num": str(parcel.retry), "X-Slack-Retry-Reason": reason}
        return await self.post(self.urls.get(parcel.kind) or self.url, content_type, body, extra)

    async def post(
        self, url: str | None, content_type: str, body: bytes, extra: dict[str, str]
    ) -> tuple[int, Any, bool]:
        """Posts signed bytes."""
        if url is None:
            raise ConnectionRefusedError("the app has no request URL and no socket")
        now = int(time.time())
        headers = {
            "Content-Type": content_type,
            "User-Agent": "Slackbot 1.0 (+https://api.slack.com/robots)",
            "X-Slack-Request-Timestamp": str(now),
            "X-Slack-Signature": sign(self.secret, now, body),
            **extra,
        }
        session = self._open()
        import aiohttp

        try:
            async with session.post(url, data=body, headers=headers, max_redirects=2) as answer:
                raw = await answer.read()
                no_retry = answer.headers.get("x-slack-no-retry") == "1"
                return answer.status, _body(answer.content_type, raw), no_retry
        except aiohttp.ClientError as error:
            raise ConnectionError(str(error)) from error

    def _open(self) -> aiohttp.ClientSession:
        if self._session is None:
            import aiohttp

            self._session = aiohttp.ClientSession(
                timeout=aiohttp.ClientTimeout(total=None), connector=aiohttp.TCPConnector(limit=0)
            )
        return self._session

    async def verify(self) -> bool:
        """Does the app answer Slack's url_verification challenge?"""
        challenge = secrets.token_hex(16)
        payload = {"token": "sandbox", "challenge": challenge, "type": "url_verification"}
        body = json.dumps(payload).encode()
        status, answer, _ = await self.post(self.url, "application/json", body, {})
        said = answer.get("challenge") if isinstance(answer, dict) else answer
        return status == 200 and said == challenge

    async def close(self) -> None:
        """Closes the connections."""
        if self._session is not None:
            await self._session.close()
            self._session = None


def _body(content_type: str, raw: bytes) -> Any:
    text = raw.decode(errors="replace")
    if content_type == "application/json" and text:
        try:
            return json.loads(text)
        except ValueError:
            return text
    return text
