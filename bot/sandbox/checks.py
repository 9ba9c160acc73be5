"""Small checks from which the Block Kit tables are built.

A check is a function of a value, the JSON pointer it stands at, and a report. Every fault carries
the code of the documented limit that it breaks, and words like Slack's own.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit


@dataclass(frozen=True)
class Fault:
    """One thing that Slack would refuse."""

    code: str
    message: str
    pointer: str

    def __str__(self) -> str:
        return f"[ERROR] {self.message} [json-pointer:{self.pointer or '/'}]"


@dataclass(frozen=True)
class Advice:
    """One thing that Slack accepts and its guides advise against."""

    code: str
    message: str
    pointer: str = ""
    method: str = ""


@dataclass
class Report:
    """Where checks note what they find."""

    surface: str  # "message", "modal" or "home"
    faults: list[Fault] = field(default_factory=list)
    advice: list[Advice] = field(default_factory=list)
    in_input: bool = False
    focused: int = 0

    def fault(self, code: str, message: str, pointer: str) -> None:
        """Notes a fault."""
        self.faults.append(Fault(code, message, pointer))

    def advise(self, code: str, message: str, pointer: str = "") -> None:
        """Notes a piece of advice."""
        self.advice.append(Advice(code, message, pointer))

    @property
    def messages(self) -> list[str]:
        """The faults in the form of response_metadata.messages."""
        return [str(f) for f in self.faults]


Check = Callable[[Any, str, Report], None]


@dataclass(frozen=True)
class Shape:
    """The keys an object may have; which of them it must have; what else must hold."""

    keys: dict[str, Check]
    required: tuple[str, ...] = ()
    also: tuple[Check, ...] = ()

    def __call__(self, value: Any, at: str, report: Report) -> None:
        """Checks the object key by key."""
        if not isinstance(value, dict):
            report.fault("schema", "must provide an object", at)
            return
        for key in self.required:
            if key not in value:
                report.fault("schema", f"missing required field: {key}", at)
        for key, part in value.items():
            check = self.keys.get(key)
            if check is None:
                report.fault("schema", f"invalid additional property: {key}", at)
            elif part is None:
                report.fault("schema", "must not be null", f"{at}/{key}")
            else:
                check(part, f"{at}/{key}", report)
        for check in self.also:
            check(value, at, report)


def anything(value: Any, at: str, report: Report) -> None:
    """Accepts whatever stands there."""


def boolean(value: Any, at: str, report: Report) -> None:
    """true or false."""
    if not isinstance(value, bool):
        report.fault("schema", "must provide a boolean", at)


def one_of(*words: str) -> Check:
    """One of some fixed words."""

    def check(value: Any, at: str, report: Report) -> None:
        if value not in words:
            report.fault("schema", f"must be one of: {', '.join(words)}", at)

    return check


def string(
    high: int | None = None,
    low: int = 0,
    *,
    code: str = "schema",
    low_code: str | None = None,
    pattern: str | None = None,
) -> Check:
    """A string of `low` to `high` characters that matches a pattern, if one is given."""
    wanted = re.compile(pattern) if pattern else None

    def check(value: Any, at: str, report: Report) -> None:
        if not isinstance(value, str):
            report.fault("schema", "must provide a string", at)
        elif len(value) < low:
            report.fault(low_code or code, f"must be more than {low - 1} characters", at)
        elif high is not None and len(value) > high:
            report.fault(code, f"must be less than {high + 1} characters", at)
        elif wanted is not None and not wanted.fullmatch(value):
            report.fault(code, "invalid format", at)

    return check


def integer(low: int | None = None, high: int | None = None, *, code: str = "schema") -> Check:
    """A whole number between two bounds."""

    def check(value: Any, at: str, report: Report) -> None:
        if isinstance(value, bool) or not isinstance(value, int):
            report.fault("schema", "must provide an integer", at)
        elif low is not None and value < low:
            report.fault(code, f"must be at least {low}", at)
        elif high is not None and value > high:
            report.fault(code, f"must be at most {high}", at)

    return check


def array(item: Check, low: int = 0, high: int | None = None, *, code: str = "schema") -> Check:
    """A list of `low` to `high` items that all pass the check."""

    def check(value: Any, at: str, report: Report) -> None:
        if not isinstance(value, list):
            report.fault("schema", "must provide an array", at)
            return
        if len(value) < low:
            report.fault(code, f"no less than {low} items allowed", at)
        if high is not None and len(value) > high:
            report.fault(code, f"no more than {high} items allowed", at)
        for i, part in enumerate(value):
            item(part, f"{at}/{i}", report)

    return check


def url(high: int = 3000, *, schemes: tuple[str, ...] = ("http", "https"), code: str) -> Check:
    """An absolute URL of one of some schemes."""

    def check(value: Any, at: str, report: Report) -> None:
        if not isinstance(value, str):
            report.fault("schema", "must provide a string", at)
            return
        if len(value) > high:
            report.fault(code, f"must be less than {high + 1} characters", at)
        parts = urlsplit(value)
        web = parts.scheme in ("http", "https")
        if parts.scheme not in schemes or (web and not parts.netloc):
            name = "video.url.https" if "http" not in schemes else "url.http"
            report.fault(name, "invalid url", at)

    return check


def exactly_one(code: str, *keys: str) -> Check:
    """An object that has one, and only one, of some keys."""

    def check(value: Any, at: str, report: Report) -> None:
        if sum(key in value for key in keys) != 1:
            report.fault(code, f"exactly one of {', '.join(keys)} is required", at)

    return check


def at_least_one(code: str, *keys: str) -> Check:
    """An object that has one or more of some keys."""

    def check(value: Any, at: str, report: Report) -> None:
        if not any(value.get(key) for key in keys):
            report.fault(code, f"one of {', '.join(keys)} is required", at)

    return check


_PLAIN_KEYS = {"type", "text", "emoji"}
_MRKDWN_KEYS = {"type", "text", "verbatim"}


def text(high: int = 3000, *, kind: str = "any", code: str = "text.max") -> Check:
    """A text object; `kind` is plain_text, mrkdwn or any."""

    def check(value: Any, at: str, report: Report) -> None:
        if not isinstance(value, dict):
            report.fault("schema", "must provide an object", at)
            return
        found = value.get("type")
        if found not in ("plain_text", "mrkdwn") or kind not in ("any", found):
            report.fault("schema", f"unsupported text type: {found}", f"{at}/type")
        allowed = _MRKDWN_KEYS if found == "mrkdwn" else _PLAIN_KEYS
        for key in value.keys() - allowed:
            report.fault("schema", f"invalid additional property: {key}", at)
        string(high, 1, code=code, low_code="text.min")(value.get("text"), f"{at}/text", report)
        if found == "mrkdwn" and isinstance(value.get("text"), str):
            advise_mrkdwn(value["text"], f"{at}/text", report)

    return check


def plain(high: int, code: str) -> Check:
    """A plain_text object."""
    return text(high, kind="plain_text", code=code)


_CONTROL = re.compile(r"<(?:[@#!][^<>]*|(?:https?|mailto|tel|slack):[^<>]*)>")
_ENTITY = re.compile(r"&(?:amp|lt|gt);")
_LINK = re.compile(r"<(https?://[^|<>]+)\|([^<>]+)>")
_BROADCAST = re.compile(r"<!(?:here|channel|everyone)(?:\|[^>]*)?>")


def advise_mrkdwn(value: str, at: str, report: Report) -> None:
    """Notes unescaped characters, broadcasts and links that show another host."""
    if _BROADCAST.search(value):
        report.advise("mrkdwn.broadcast", "this calls everybody in the channel", at)
    for target, shown in _LINK.findall(value):
        host = urlsplit(shown.strip()).netloc
        if host and host != urlsplit(target).netloc:
            report.advise("mrkdwn.link_spoof", f"shows {host} and leads elsewhere", at)
    rest = re.sub(r"(?m)^>+", "", _ENTITY.sub("", _CONTROL.sub("", value)))
    if any(c in rest for c in "&<>"):
        report.advise("mrkdwn.unescaped", "& < > must be escaped", at)


BLOCK_ID = string(255, 1, code="block_id.max", low_code="block_id.min")


def block_shape(
    keys: dict[str, Check], required: tuple[str, ...] = (), also: tuple[Check, ...] = ()
) -> Shape:
    """A block with these keys besides those that every block has."""
    base: dict[str, Check] = {"type": anything, "block_id": BLOCK_ID}
    return Shape({**base, **keys}, required, also)


def texts(value: Any) -> Iterator[str]:
    """Every string under a `text` key, however deep."""
    if isinstance(value, list):
        for part in value:
            yield from texts(part)
    elif isinstance(value, dict):
        for key, part in value.items():
            if key == "text" and isinstance(part, str):
                yield part
            elif isinstance(part, dict | list):
                yield from texts(part)
