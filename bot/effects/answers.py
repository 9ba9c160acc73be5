"""What Slack's answers mean for an effect, and what people are told of them."""

from __future__ import annotations

from datetime import timedelta

from slack_sdk.errors import SlackApiError

from bot.effects.outcome import (
    ALREADY,
    CHANNEL_GONE,
    IN_DOUBT,
    PASSING,
    Done,
    Failed,
    Later,
    Outcome,
)

#: Kinds that make the same call; Slack limits a method, not what we call it.
SAME_CALL = (
    ("card.post", "announce.post", "channel.say", "channel.post", "notice.post", "person.tell"),
    ("card.update", "announce.update", "person.retell"),
)


def same_call(kind: str) -> tuple[str, ...]:
    """The kinds that wait as well when Slack limits this one."""
    return next((group for group in SAME_CALL if kind in group), (kind,))


def error_of(problem: SlackApiError) -> str:
    """Slack's word for it; empty when the answer was none of Slack's (a proxy's page, say)."""
    data = getattr(problem.response, "data", None)
    return str(data.get("error") or "") if isinstance(data, dict) else ""


def _status_of(problem: SlackApiError) -> int:
    response = problem.response
    return int(getattr(response, "status_code", None) or getattr(response, "status", 0) or 0)


def not_about_people(problem: SlackApiError) -> bool:
    """Waiting is right, or nobody at all can be invited: no use in asking for each person."""
    return isinstance(classify(problem), Later) or error_of(problem) in CHANNEL_GONE


def classify(problem: SlackApiError) -> Outcome:
    """What an error answer of Slack means for the effect."""
    error, status = error_of(problem), _status_of(problem)
    if error in ALREADY:
        return Done()
    if status == 429 or error in ("ratelimited", "rate_limited"):
        wait = (getattr(problem.response, "headers", None) or {}).get("Retry-After", "1")
        seconds = float(wait) if str(wait).replace(".", "", 1).isdigit() else 1.0
        return Later(
            "Slack asks us to slow down",
            timedelta(seconds=seconds),
            whole_kind=True,
            word="ratelimited",
        )
    if error in PASSING:
        return Later(f"Slack answered: {error}", doubt=error in IN_DOUBT, word=error)
    if status >= 500 or not error:
        return Later(f"Slack answered with status {status}", doubt=True, word=f"http_{status}")
    return Failed(_in_words(error, problem), word=error)


def _in_words(error: str, problem: SlackApiError) -> str:
    needed = problem.response.get("needed") if error == "missing_scope" else None
    if needed:
        return f"the app lacks the scope {needed}; add it and install the app again"
    return _WORDS.get(error, f"Slack answered: {error}")


_WORDS = {
    "is_archived": "the channel is archived; unarchive it and try again",
    "channel_not_found": "the channel does not exist or the bot is not in it",
    "not_in_channel": "the bot is not in the channel; invite it and try again",
    "user_disabled": "that person's account is deactivated",
    "user_not_found": "Slack does not know that person",
    "cant_invite_self": "the bot cannot invite itself",
    "restricted_action": "a workspace setting forbids this to apps; ask a workspace admin",
    "message_not_found": "the message is gone",
    "cant_update_message": "the message is not the bot's own",
    "too_many_bookmarks": "the channel has no room for another bookmark",
}
