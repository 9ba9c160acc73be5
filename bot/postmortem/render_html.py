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
_CLOSE = 6.0
_STEP = 22


@dataclass(frozen=True, slots=True)
class Mark:
    """A point of the picture: ``x`` in per cent from the left, ``y`` in pixels from the top."""

    x: float
    y: int
    label: str
    title: str


@dataclass(frozen=True, slots=True)
class Way:
    """The picture of the way: numbered milestones over a line, decisions and notices under it."""

    marks: tuple[Mark, ...]
    dots: tuple[Mark, ...]
    line: int
    height: int


def render(document: Document) -> bytes:
    """UTF-8 HTML. The same document gives the same bytes."""
    css = _css()
    page = _template().render(
        d=document, w=words, css=css, policy=_policy(css), way=way(document),
        impact=[one for one in document.written if one.key.startswith("impact")],
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


def way(document: Document) -> Way:
    """Milestones from first to last; those close together are drawn on different heights."""
    points = [(one.title, _place(document, one.at)) for one in document.milestones if one.at]
    levels: list[int] = []
    for _, x in points:
        taken = {levels[i] for i in range(len(levels)) if abs(points[i][1] - x) < _CLOSE}
        levels.append(next(level for level in range(len(points)) if level not in taken))
    line = 34 + _STEP * max(levels)
    marks = tuple(
        Mark(x, line - _STEP * (level + 1), str(number), title)
        for number, ((title, x), level) in enumerate(zip(points, levels, strict=True), 1)
    )
    return Way(marks, _dots(document, line + 12), line, line + 24)


def _dots(document: Document, y: int) -> tuple[Mark, ...]:
    found = [(one.at, f"Decision, entry {one.n}") for one in document.decisions]
    found += [(one.at, f"Notice {one.number}") for one in document.notices]
    begin, end = _span(document)
    return tuple(
        Mark(_place(document, at), y, "", title)
        for at, title in sorted(found)
        if begin <= at <= end
    )


def _span(document: Document) -> tuple[datetime, datetime]:
    times = [one.at for one in document.milestones if one.at is not None]
    return min(times), max(times)


def _place(document: Document, at: datetime) -> float:
    """Per cent from the left; the ends leave room for half a mark."""
    begin, end = _span(document)
    whole = (end - begin).total_seconds()
    part = (at - begin).total_seconds() / whole if whole else 0.0
    return round(4 + 92 * min(max(part, 0.0), 1.0), 2)
