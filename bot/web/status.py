"""The status page: HTML that works without scripts, JSON, and an Atom feed.

All three can be cached and asked for again by ETag. The database is read at most once in two
seconds however many people look, so that the crowd of a bad day does not slow the response.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import lru_cache
from pathlib import Path
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from bot.comms.page import Page, Word, read_page
from bot.comms.render import said_time
from bot.house import House
from bot.timing import rfc3339

PAGES = Path(__file__).parent / "pages"
FRESH = timedelta(seconds=2)
CACHE = "public, max-age=15, stale-while-revalidate=60"
ATOM = "http://www.w3.org/2005/Atom"
TITLE = "Status of our AI systems"

Draw = Callable[[Page, str], str]


def routes(house: House) -> list[Route]:
    """``/status``, ``/status.json``, ``/status/feed`` and the page's style."""
    page = _Reader(house)

    def serve(draw: Draw, kind: str) -> Callable[[Request], Any]:
        async def endpoint(request: Request) -> Response:
            # Never the Host header: a shared cache would hand somebody's made-up host to others.
            return answer(request, draw(await page.now(), house.env.base_url), kind)

        return endpoint

    async def style(request: Request) -> Response:
        return answer(request, _style(), "text/css")

    return [
        Route("/status", serve(as_html, "text/html")),
        Route("/status.json", serve(as_json, "application/json")),
        Route("/status/feed", serve(as_atom, "application/atom+xml")),
        Route("/status.css", style),
    ]


class _Reader:
    """The page's data, read again when it is older than two seconds, once for all who wait."""

    def __init__(self, house: House) -> None:
        self._house = house
        self._lock = asyncio.Lock()
        self._read_at: datetime | None = None
        self._page = Page([], [])

    async def now(self) -> Page:
        async with self._lock:
            now = self._house.clock.now()
            if self._read_at is None or not timedelta() <= now - self._read_at < FRESH:
                content = self._house.env.content
                self._page = await self._house.read(
                    lambda session: read_page(session, content, now)
                )
                self._read_at = now
            return self._page


def answer(request: Request, text: str, kind: str) -> Response:
    """The text with its ETag, or «not modified» for somebody who has it."""
    body = text.encode()
    tag = f'"{hashlib.sha256(body).hexdigest()[:32]}"'
    headers = {"etag": tag, "cache-control": CACHE}
    known = request.headers.get("if-none-match", "")
    if known.strip() == "*" or tag in [
        part.strip().removeprefix("W/") for part in known.split(",")
    ]:
        return Response(status_code=304, headers=headers)
    return Response(body, media_type=kind, headers=headers)


def as_html(page: Page, base: str) -> str:
    """The page for people. Every text in it is escaped by the template engine."""
    return str(_template().render(page=page, title=TITLE))


def as_json(page: Page, base: str) -> str:
    """The page for programs; ``digest`` is the SHA-256 that the approval was given for."""
    problems = [
        {
            "id": problem.id,
            "title": problem.title,
            "state": problem.label,
            "current": problem.current,
            "notices": [_word(word, base) for word in problem.words],
        }
        for problem in page.problems
    ]
    shown = {"state": "problem" if page.current else "ok", "problems": problems}
    return json.dumps(shown, ensure_ascii=False, indent=1) + "\n"


def _word(word: Word, base: str) -> dict[str, Any]:
    return {
        "id": word.id, "url": f"{base}/status#{word.id}", "title": word.title, "label": word.label,
        "text": word.text, "published_at": rfc3339(word.at), "audience": word.audience,
        "stage": word.stage, "digest": word.digest, "corrects": word.corrects,
        "corrected_by": word.corrected_by,
    }  # fmt: skip


def as_atom(page: Page, base: str) -> str:
    """The page for feed readers (RFC 4287): one entry a notice."""
    from xml.etree import ElementTree as Xml

    words = page.words
    Xml.register_namespace("", ATOM)
    feed = Xml.Element(f"{{{ATOM}}}feed")

    def add(parent: Xml.Element, name: str, text: str = "", **attributes: str) -> Xml.Element:
        child = Xml.SubElement(parent, f"{{{ATOM}}}{name}", attributes)
        child.text = _xml_text(text) or None
        return child

    add(feed, "title", TITLE)
    add(feed, "id", f"{base}/status/feed" if base else "urn:steadyhand:status")
    add(feed, "link", rel="self", href=f"{base}/status/feed")
    add(feed, "link", rel="alternate", href=f"{base}/status", type="text/html")
    add(feed, "updated", rfc3339(words[0].at) if words else "1970-01-01T00:00:00Z")
    add(add(feed, "author"), "name", TITLE)
    for word in words:
        entry = add(feed, "entry")
        add(entry, "title", f"{word.label}: {word.title}")
        add(entry, "id", f"urn:sha256:{word.digest}:{word.id}")
        add(entry, "link", rel="alternate", href=f"{base}/status#{word.id}")
        add(entry, "published", rfc3339(word.at))
        add(entry, "updated", rfc3339(word.at))
        add(entry, "content", word.text, type="text")
    return (
        '<?xml version="1.0" encoding="utf-8"?>\n' + Xml.tostring(feed, encoding="unicode") + "\n"
    )


def _xml_text(text: str) -> str:
    """Without the control characters that XML 1.0 cannot hold."""
    return "".join(c for c in text if c in "\t\n" or (ord(c) >= 0x20 and c not in "\ufffe\uffff"))


@lru_cache(maxsize=1)
def _template() -> Any:
    from jinja2 import Environment, StrictUndefined

    environment = Environment(
        autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters["said"] = said_time
    environment.filters["stamp"] = rfc3339
    return environment.from_string((PAGES / "status.html.j2").read_text(encoding="utf-8"))


@lru_cache(maxsize=1)
def _style() -> str:
    return (PAGES / "status.css").read_text(encoding="utf-8")
