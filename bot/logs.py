"""Logs: one JSON object a line on standard error, without secrets and without what people wrote.

An error's own message often quotes a value (a title, a note, a row), so tracebacks are logged as
kinds of error and places in the code. What people typed stands between «» in our messages and is
left out as well.
"""

from __future__ import annotations

import logging
import re
import sys
import traceback
from collections.abc import Callable, Iterable, MutableMapping
from contextvars import ContextVar
from typing import Any, TextIO

from bot.settings import Settings

#: Follows a request to the effects that it asked for; on every line that is logged on the way.
TRACE: ContextVar[str] = ContextVar("trace", default="")

#: Slack's token prefixes (docs.slack.dev/authentication/tokens) and addresses that act as secrets.
SECRETS = re.compile(
    r"xox[a-z](?:\.xox[a-z])?-[\w.-]+"
    r"|xapp-[\w.-]+"
    r"|https://hooks\.[\w.-]+/[^\s\"'<>]+"
    r"|https?://[^\s\"'<>]*/(?:commands|actions|workflows|response)/[^\s\"'<>]+"
    r"|(?<=://)[^\s/@:]+:[^\s/@]+(?=@)"
    r"|(?<=ticket=)[^\s&\"']+"
)
TYPED = re.compile(r"«[^»]*»", re.DOTALL)
HIDDEN, LEFT_OUT = "[hidden]", "[not logged]"
#: Fields that carry what people wrote or what Slack sent.
WORDS = frozenset(
    {
        "answer", "blocks", "body", "doc", "facts", "params", "payload", "private", "reason",
        "request", "response", "statement", "summary", "text", "title", "typed", "values", "view",
    }
)  # fmt: skip
OURS = ("bot", "db", "__main__")
FOREIGN_LENGTH = 200

Event = MutableMapping[str, Any]


class Redactor:
    """Takes secrets and people's words out of a log event; a structlog processor."""

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        self._secrets = sorted((one for one in secrets if len(one) >= 6), key=len, reverse=True)

    def __call__(self, _logger: Any, _method: str, event: Event) -> Event:
        for key, value in list(event.items()):
            event[key] = LEFT_OUT if key in WORDS else self.clean(value)
        return event

    def clean(self, value: Any) -> Any:
        """The value without secrets; other types than text, lists and dicts stay."""
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, dict):
            return {
                key: LEFT_OUT if key in WORDS else self.clean(inner) for key, inner in value.items()
            }
        if isinstance(value, list | tuple | set | frozenset):
            return [self.clean(inner) for inner in value]
        return value if isinstance(value, int | float | bool | None) else self.text(repr(value))

    def text(self, text: str) -> str:
        """One text without secrets and without what stands between «»."""
        for secret in self._secrets:
            text = text.replace(secret, HIDDEN)
        return TYPED.sub("«…»", SECRETS.sub(HIDDEN, text))


def secrets_of(settings: Settings) -> list[str]:
    """The secret values that must never be printed."""
    from pydantic import SecretStr

    values = (getattr(settings, name) for name in type(settings).model_fields)
    return [value.get_secret_value() for value in values if isinstance(value, SecretStr)]


def safe_error(_logger: Any, _method: str, event: Event) -> Event:
    """``exc_info`` as kinds of error and places in the code, the cause first; no messages."""
    found = event.pop("exc_info", None)
    if found is True:
        found = sys.exc_info()
    error = found[1] if isinstance(found, tuple) else found
    if isinstance(error, BaseException):
        event["error"] = event.get("error") or _kind(error)
        event["why"] = event.get("why") or _why(error)
        event["traceback"] = list(_places(error))
    return event


def _kind(error: BaseException) -> str:
    kind = type(error)
    return kind.__name__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__name__}"


def _why(error: BaseException) -> str:
    """The part of an error's message that quotes nobody."""
    if isinstance(error, OSError):
        return error.strerror or ""
    answered = getattr(getattr(error, "response", None), "data", None)  # slack_sdk
    if isinstance(answered, dict):
        return str(answered.get("error", ""))
    driver = getattr(error, "orig", None)  # sqlalchemy: the first line says what, the rest quotes
    return str(driver).partition("\n")[0] if driver is not None else ""


def _places(error: BaseException) -> Iterable[str]:
    cause = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    if cause is not None:
        yield from _places(cause)
    yield _kind(error)
    for frame in traceback.extract_tb(error.__traceback__):
        yield f"  {frame.filename}:{frame.lineno} {frame.name}"


def with_trace(_logger: Any, _method: str, event: Event) -> Event:
    """The trace of what is being done, where there is one."""
    trace = TRACE.get()
    if trace:
        event.setdefault("trace", trace)
    return event


def shorten_foreign(_logger: Any, _method: str, event: Event) -> Event:
    """Libraries put whole requests into their messages: keep the words before the data."""
    record = event.get("_record")
    if isinstance(record, logging.LogRecord) and record.name.split(".")[0] not in OURS:
        head = re.split(r"[({\[\n]", str(event.get("event", "")), maxsplit=1)[0]
        event["event"] = head.strip()[:FOREIGN_LENGTH] or "message of a library"
    return event


def configure(settings: Settings, stream: TextIO | None = None) -> None:
    """Send every log of this process to ``stream`` (standard error), cleaned, as JSON."""
    import structlog

    level = settings.log_level.upper()
    before: list[Callable[..., Any]] = [
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.ExtraAdder(),
        with_trace,
        structlog.processors.TimeStamper(fmt="iso", utc=True, key="at"),
    ]
    formatter = structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=before,
        processors=[
            shorten_foreign,
            safe_error,
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            Redactor(secrets_of(settings)),
            structlog.processors.JSONRenderer(),  # ASCII only: a terminal obeys control characters
        ],
    )
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(formatter)
    root = logging.getLogger()
    root.handlers[:] = [handler]
    # Libraries log requests at INFO; ours is the only level that a setting moves.
    root.setLevel(max(logging.WARNING, logging.getLevelNamesMapping()[level]))
    for name in OURS:
        logging.getLogger(name).setLevel(level)
