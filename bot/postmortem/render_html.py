"""The document as one HTML file: no script, nothing loaded, readable on paper and on a phone."""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from bot.postmortem import words
from bot.postmortem.model import Document

if TYPE_CHECKING:
    from jinja2 import Template

_HERE = Path(__file__).parent
#: Two marks closer than this (per cent of the line) are drawn on different heights.
_CLOSE = 5.0


@dataclass(frozen=True, slots=True)
class Mark:
    """A numbered point on the picture of the way, or a small one without a number."""

    x: float
    y: int
    label: str
    title: str


def render(document: Document) -> bytes:
    """UTF-8 HTML. The same document gives the same bytes."""
    css = _css()
    page = _template().render(
        d=document, w=words, css=css, policy=_policy(css), marks=marks(document),
        dots=dots(document), impact=[one for one in document.written if one.key.startswith("impact")],
    )  # fmt: skip
    return (page.strip() + "\n").encode()


@cache
def _css() -> str:
    return (_HERE / "document.css").read_text(encoding="utf-8")


@cache
def _template() -> Template:
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    environment = Environment(
        loader=FileSystemLoader(_HERE), autoescape=True, undefined=StrictUndefined,
        trim_blocks=True, lstrip_blocks=True,
    )  # fmt: skip
    return environment.get_template("document.html.j2")


def _policy(css: str) -> str:
    """Nothing may run or be loaded; only this very style sheet counts."""
    digest = base64.b64encode(hashlib.sha256(css.encode()).digest()).decode()
    return f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"


# --- the picture ------------------------------------------------------------------------------


def marks(document: Document) -> list[Mark]:
    """The milestones on a line from first to last, those close together on different heights."""
    points = [one for one in document.milestones if one.at is not None]
    out: list[Mark] = []
    for number, one in enumerate(points, 1):
        assert one.at is not None
        x = _place(document, one.at)
        level = sum(1 for other in out if abs(other.x - x) < _CLOSE)
        out.append(Mark(x, 40 - 22 * min(level, 4), str(number), one.title))
    lowest = min((mark.y for mark in out), default=40)
    return [Mark(one.x, one.y - min(lowest - 18, 0), one.label, one.title) for one in out]


def dots(document: Document) -> list[Mark]:
    """Decisions and notices, as small marks under the line."""
    found = [(one.at, f"Decision, entry {one.n}") for one in document.decisions]
    found += [(one.at, f"Notice {one.number}") for one in document.notices]
    begin, end = _span(document)
    return [
        Mark(_place(document, at), 0, "", title)
        for at, title in sorted(found)
        if begin <= at <= end
    ]


def _span(document: Document) -> tuple[datetime, datetime]:
    times = [one.at for one in document.milestones if one.at is not None]
    return min(times), max(times)


def _place(document: Document, at: datetime) -> float:
    """Per cent from the left; the ends leave room for half a mark."""
    begin, end = _span(document)
    whole = (end - begin).total_seconds()
    part = (at - begin).total_seconds() / whole if whole else 0.0
    return round(4 + 92 * min(max(part, 0.0), 1.0), 2)
