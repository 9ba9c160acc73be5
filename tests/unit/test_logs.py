"""What never gets into a log: secrets, and what people wrote."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Iterator
from typing import Any

import pytest

from bot import logs
from bot.settings import load_settings
from db.engine import open_engines

SECRET = "0123456789abcdef0123456789abcdef"


@pytest.fixture
def written() -> Iterator[io.StringIO]:
    """Logs of this test, as text."""
    root = logging.getLogger()
    before = root.handlers[:], root.level
    stream = io.StringIO()
    settings = load_settings(env_file=None, SLACK_SIGNING_SECRET=SECRET)
    logs.configure(settings, stream)
    yield stream
    root.handlers[:], root.level = before


def _lines(stream: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


@pytest.mark.parametrize(
    "secret",
    [
        "xoxb-1111-2222-abcDEF",
        "xoxp-1111-2222",
        "xoxe.xoxp-1-Mi0yLTE",
        "xapp-1-A0B-123-abc",
        "https://hooks.slack.com/services/T0/B0/abc",
        "https://hooks.slack.com/commands/T0/1/abc",
        "http://127.0.0.1:1234/response/abc",
        SECRET,
    ],
)
def test_secrets_never_appear(secret: str, written: io.StringIO) -> None:
    """Wherever they stand: in the message, in a field, deep inside one."""
    log = logging.getLogger("bot.test")
    log.info("called with %s", secret)
    log.info("called", extra={"where": f"<{secret}>", "deep": {"one": [secret]}})
    assert len(_lines(written)) == 2
    assert secret not in written.getvalue()
    assert logs.HIDDEN in written.getvalue()


def test_the_password_of_a_database_is_hidden(written: io.StringIO) -> None:
    """The rest of the address stays readable."""
    logging.getLogger("db").warning("lost", extra={"url": "postgresql://bot:geheim@db/x"})
    assert "geheim" not in written.getvalue()
    assert "@db/x" in written.getvalue()


def test_what_people_wrote_is_left_out(written: io.StringIO) -> None:
    """Fields that carry words, and what stands between «»."""
    logging.getLogger("bot.test").info(
        "refused", extra={"text": "my secret note", "why": "There is no «my secret note».", "n": 3}
    )
    (line,) = _lines(written)
    assert "secret note" not in written.getvalue()
    assert (line["text"], line["n"], line["why"]) == (logs.LEFT_OUT, 3, "There is no «…».")


def test_an_error_is_its_kind_and_places_without_its_message(written: io.StringIO) -> None:
    """The message of an error may quote a person; where it happened does not."""
    try:
        try:
            raise ValueError("Ada wrote: leak")
        except ValueError as problem:
            raise RuntimeError("while saving Ada wrote: leak") from problem
    except RuntimeError:
        logging.getLogger("bot.test").exception("not_saved")
    (line,) = _lines(written)
    assert line["error"] == "RuntimeError"
    assert "ValueError" in line["traceback"]
    assert any("test_logs.py" in place for place in line["traceback"])
    assert "leak" not in written.getvalue()


def test_an_error_of_the_database_says_why_without_the_row(written: io.StringIO) -> None:
    """The driver's first line, never the parameters."""
    engines = open_engines("sqlite://")
    try:
        with engines.write.begin() as conn:
            conn.exec_driver_sql("INSERT INTO nowhere VALUES (?)", ("Ada wrote: leak",))
    except Exception:
        logging.getLogger("db.writer").exception("not_saved")
    engines.dispose()
    (line,) = _lines(written)
    assert line["why"] == "no such table: nowhere"
    assert "leak" not in written.getvalue()


def test_libraries_say_less(written: io.StringIO) -> None:
    """Bolt and the SDK put whole requests into their messages."""
    logging.getLogger("slack_bolt.App").warning("Unhandled request ({'text': 'leak'})")
    logging.getLogger("slack_bolt.App").info("body: leak")
    (line,) = _lines(written)
    assert line["event"] == "Unhandled request"


def test_times_are_utc(written: io.StringIO) -> None:
    """RFC 3339 with a Z."""
    logging.getLogger("bot.test").info("hello")
    assert _lines(written)[0]["at"].endswith("Z")
