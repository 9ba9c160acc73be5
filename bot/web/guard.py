"""In front of Slack's door: size, kind and signature are checked before anything is parsed.

Bolt parses before it verifies and answers 500 to headers it does not expect, so what is not
certainly from Slack never gets that far. Rules: docs.slack.dev/authentication/verifying-requests-from-slack.
"""

from __future__ import annotations

import asyncio

from slack_sdk.signature import SignatureVerifier
from starlette.requests import ClientDisconnect, Request
from starlette.responses import PlainTextResponse, Response

#: Slack's largest requests are views of 250 kB, encoded; nothing comes near this.
LARGEST_BODY = 1_000_000
#: Slack gives up after three seconds; who sends slower than this is not Slack.
BODY_WITHIN_S = 10.0
FORM, JSON = "application/x-www-form-urlencoded", "application/json"


class Turned(Exception):
    """This request goes no further; carries the answer."""

    def __init__(self, status: int, words: str = "") -> None:
        self.response: Response = PlainTextResponse(words, status)
        super().__init__(words)


async def admitted(request: Request, verifier: SignatureVerifier) -> bytes:
    """The body of a request that is certainly Slack's. Raises ``Turned`` with the answer."""
    kind = kind_of(request)
    if kind not in (FORM, JSON):
        raise Turned(415, "Slack sends forms or JSON.\n")
    body = await _read(request)
    if kind == FORM and b"ssl_check=1" in body.split(b"&"):
        raise Turned(200)  # Slack checks the certificate with an unsigned request
    if not _signed(request, body, verifier):
        raise Turned(401, "The signature does not fit.\n")
    return body


def kind_of(request: Request) -> str:
    """The content type without its parameters."""
    return request.headers.get("content-type", "").partition(";")[0].strip().lower()


async def _read(request: Request) -> bytes:
    """The body, within its size and its time. Raises ``Turned``."""
    try:
        async with asyncio.timeout(BODY_WITHIN_S):
            return await _stream(request)
    except TimeoutError:
        raise Turned(408, "Too slow.\n") from None


async def _stream(request: Request) -> bytes:
    announced = request.headers.get("content-length", "0")
    if not (announced.isascii() and announced.isdigit()) or int(announced) > LARGEST_BODY:
        raise Turned(413, "Too large.\n")
    parts, size = [], 0
    try:
        async for part in request.stream():
            size += len(part)
            if size > LARGEST_BODY:
                raise Turned(413, "Too large.\n")
            parts.append(part)
    except ClientDisconnect:
        raise Turned(400) from None
    return b"".join(parts)


def _signed(request: Request, body: bytes, verifier: SignatureVerifier) -> bool:
    timestamp = request.headers.get("x-slack-request-timestamp", "")
    signature = request.headers.get("x-slack-signature", "")
    if not (timestamp.isascii() and timestamp.isdigit() and len(timestamp) <= 12):
        return False
    if not signature.isascii():
        return False
    try:
        return verifier.is_valid(body, timestamp, signature)
    except UnicodeDecodeError:
        return False
