"""What each answer of Slack means for an effect: one row a rule."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_slack_response import AsyncSlackResponse

from bot.effects.answers import classify
from bot.effects.outcome import Done, Failed, Later, backoff


def _answer(error: str, status: int = 200, **headers: str) -> SlackApiError:
    response = AsyncSlackResponse(
        client=None, http_verb="POST", api_url="x", req_args={},
        data={"ok": False, "error": error}, headers=headers, status_code=status,
    )  # fmt: skip
    return SlackApiError("refused", response)


@pytest.mark.parametrize(
    ("error", "status", "headers", "expected"),
    [
        ("already_in_channel", 200, {}, Done),  # what we wanted is so
        ("already_pinned", 200, {}, Done),
        ("already_reacted", 200, {}, Done),
        ("ratelimited", 429, {"Retry-After": "7"}, Later),  # Slack says when
        ("ratelimited", 429, {}, Later),  # Slack forgot to say when
        ("internal_error", 200, {}, Later),  # may have happened: doubt
        ("fatal_error", 200, {}, Later),
        ("service_unavailable", 503, {}, Later),
        ("token_revoked", 200, {}, Later),  # an operator can mend it; nothing is lost meanwhile
        ("invalid_auth", 200, {}, Later),
        ("channel_not_found", 200, {}, Failed),  # waiting does not help
        ("is_archived", 200, {}, Failed),
        ("invalid_blocks", 200, {}, Failed),
        ("msg_too_long", 200, {}, Failed),
        ("something_new", 200, {}, Failed),  # unknown words are shown to a person
    ],
)
def test_classify(error: str, status: int, headers: dict[str, str], expected: type) -> None:
    outcome = classify(_answer(error, status, **headers))
    assert isinstance(outcome, expected)


def test_retry_after_is_obeyed_for_the_whole_kind() -> None:
    outcome = classify(_answer("ratelimited", 429, **{"Retry-After": "7"}))
    assert outcome == Later(
        "Slack asks us to slow down", timedelta(seconds=7), doubt=False, whole_kind=True
    )


def test_an_error_after_the_work_leaves_doubt() -> None:
    assert getattr(classify(_answer("internal_error")), "doubt", False)
    assert not getattr(classify(_answer("token_revoked")), "doubt", True)


def test_a_missing_scope_is_said_in_words() -> None:
    problem = _answer("missing_scope")
    problem.response.data["needed"] = "pins:write"  # type: ignore[index]
    outcome = classify(problem)
    assert isinstance(outcome, Failed) and "pins:write" in outcome.error


def test_backoff_grows_to_a_minute_and_differs_between_keys() -> None:
    waits: list[Any] = [backoff(n, "a").total_seconds() for n in range(1, 12)]
    assert waits == sorted(waits) and 1 <= waits[0] < 1.3 and 60 <= waits[-1] <= 75
    assert len({backoff(3, str(n)) for n in range(50)}) > 10
