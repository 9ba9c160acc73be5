"""What an attempt came to, and what follows from it. One table decides; it has a test a row."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

#: Slack's words for «what you wanted is already so».
ALREADY = frozenset(
    {"already_in_channel", "already_pinned", "already_reacted", "already_archived", "no_reaction"}
)
#: Slack's words for trouble on its side or with our access: waiting (or an operator) helps.
PASSING = frozenset(
    {
        "internal_error", "fatal_error", "service_unavailable", "request_timeout", "team_added_to_org",
        "rollup_error", "accesslimited", "invalid_auth", "not_authed", "token_revoked",
        "token_expired", "account_inactive", "org_login_required", "ekm_access_denied",
        "message_limit_exceeded", "rate_limited", "ratelimited",
    }
)  # fmt: skip
#: Errors of the second group that mean our access is gone: the operator has to act.
ACCESS_LOST = frozenset(
    {"invalid_auth", "not_authed", "token_revoked", "token_expired", "account_inactive"}
)
#: Errors of the second group after which the work may have been done all the same.
IN_DOUBT = frozenset(
    {"internal_error", "fatal_error", "service_unavailable", "request_timeout", "rollup_error"}
)
#: Nothing can be done in the channel until a person mends it.
CHANNEL_GONE = frozenset({"is_archived", "channel_not_found", "not_in_channel"})


@dataclass(frozen=True, slots=True)
class Done:
    """It happened (now or before); ``result`` is kept for later effects."""

    result: dict[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class Later:
    """Not now. ``after`` None means: back off. ``doubt``: it may have happened unseen."""

    error: str
    after: timedelta | None = None
    doubt: bool = False
    #: All effects of the same kind wait as well (the other side said: too many).
    whole_kind: bool = False
    #: Other kinds that make the same call, and so wait as well.
    kinds: tuple[str, ...] = ()
    #: It was looked for: no attempt so far succeeded.
    certain: bool = False
    #: What went wrong in one word, for counting: Slack's own, or one of ours.
    word: str = field(default="other", compare=False)


@dataclass(frozen=True, slots=True)
class Failed:
    """It will not happen by waiting."""

    error: str
    word: str = field(default="other", compare=False)


Outcome = Done | Later | Failed


def backoff(attempts: int, key: str) -> timedelta:
    """1, 2, 4 … up to 60 s, plus up to a quarter so that many do not knock at once.

    The spread comes from the key, so that it is the same in every process and test.
    """
    base = min(60.0, 2.0 ** max(0, attempts - 1))
    spread = (hash_of(key) % 100) / 400
    return timedelta(seconds=base * (1 + spread))


def hash_of(key: str) -> int:
    """A small stable number for a key."""
    import zlib

    return zlib.crc32(key.encode())
