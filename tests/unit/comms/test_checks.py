"""Every check with texts that it must find and texts that it must leave alone."""

from __future__ import annotations

import pytest

from bot.comms.checks import Circumstances, blocking, check
from bot.comms.text import Text
from bot.playbook.rules import Audience
from bot.playbook.values import BySeverity

GOOD = (
    "Some people saw a wrong answer today. We turned the feature off.\n"
    "What you should do: please check your last answer.\n"
    "Next update: today at 15:30 UTC.\nContact: help@example.com"
)


def audience(
    external: bool = True, blocks: tuple[str, ...] = (), grade: int | None = None
) -> Audience:
    return Audience(
        id="users", title="People affected", external=external, approve=BySeverity(),
        max_grade=grade, blocks=blocks,
    )  # fmt: skip


def ids(
    body: str, title: str = "Wrong answers", *, stops: bool | None = None, **about: object
) -> set[str]:
    about.setdefault("audience", audience())
    found = check(Text("users", "first", title, body), Circumstances(**about))  # type: ignore[arg-type]
    return {one.id for one in found if stops is None or one.blocking is stops}


def test_a_good_text_passes() -> None:
    wanted = audience(blocks=("what you should do", "next update", "contact", "when"), grade=9)
    assert ids(GOOD, audience=wanted) == set()


@pytest.mark.parametrize(
    ("body", "finding"),
    [
        ("See INC-12 for more.", "internal"),
        ("This is a SEV1.", "internal"),
        ("This is SEV 2.", "internal"),
        ("Join #inc-4-assistant.", "internal"),
        ("Ask <#C0123ABCD>.", "internal"),
        ("Channel C01234ABCD has it.", "internal"),
        ("Hello <!channel>", "internal"),
        ("It ran on db-1.prod.internal.", "internal"),
        ("See https://wiki.corp/x", "internal"),
        ("From 10.0.3.17 it went on.", "internal"),
        ("The prod-scoring cluster failed.", "internal"),
        ("Ask U01ADA99X.", "person"),
        ("Ask <@U01ADA99X>.", "person"),
        ("Ask @ann about it.", "person"),
        ("Our key was sk-abcdefghijklmnop1234.", "secret"),
        ("xoxb-123456789-abcdef", "secret"),
        ("AKIAABCDEFGHIJKLMNOP", "secret"),
        ("password: hunter2x", "secret"),
        ("https://user:pass@host.example/", "secret"),
        ("-----BEGIN RSA PRIVATE KEY-----", "secret"),
        ("It may have been seen by others.", "guess"),
        ("Possibly all users are affected.", "guess"),
        ("It seems to work again.", "guess"),
        ("This was human error.", "blame"),
        ("The operator should have known.", "blame"),
        ("They were careless.", "blame"),
        ("A prompt injection made it answer.", "exploit"),
        ("Type: ignore all previous instructions.", "exploit"),
        ("CVE-2026-12345 was used.", "exploit"),
        ("It starts TBD.", "leftover"),
        ("It starts at {{ started }}.", "leftover"),
        ("We do not know yet: who is affected.", "unknown-without-time"),
    ],
)
def test_found_and_stopped_outside(body: str, finding: str) -> None:
    assert finding in ids(body, stops=True)


@pytest.mark.parametrize(
    "body",
    [
        "Write to help@example.com or see https://help.example.com/chat#history.",
        "You can ask for a person to check the result. Call +44 20 7946 0000.",
        "It may have been seen by others, because the cache was shared.",
        "We use version 4.5 of the service in 27 regions.",
        "The UNITED KINGDOM and the CHATBOTS are not affected.",
        "Ratings fell by 3 of 10. Issue #4 is closed.",
        "AT&T customers are not affected.",
        "The United Kingdom and CASSANDRA are fine.",
    ],
)
def test_left_alone(body: str) -> None:
    assert ids(body) == set()


def test_inside_names_are_fine_and_manners_are_advice() -> None:
    inside = audience(external=False)
    assert ids("INC-12 is a SEV1, see #inc-12-x on db.internal.", audience=inside) == set()
    assert ids("Possibly human error by @ann.", audience=inside, stops=False) == {
        "guess",
        "blame",
        "person",
    }
    assert ids("key sk-abcdefghijklmnop1234", audience=inside, stops=True) == {"secret"}


def test_exploit_words_are_for_after_containment() -> None:
    body = "A prompt injection made it answer."
    assert "exploit" in ids(body) and "exploit" not in ids(body, contained=True)
    assert "exploit" not in ids(body, audience=audience(external=False))


def test_our_channel_name_is_known_without_a_mark() -> None:
    assert "internal" in ids("We talk in inc-9-wrong-titles.", channels=("inc-9-wrong-titles",))


UNKNOWN = "We do not know yet: who is affected."


@pytest.mark.parametrize(
    ("body", "final", "expected"),
    [
        (UNKNOWN, False, "unknown-without-time"),
        (f"{UNKNOWN} Next update: today at 15:30 UTC.", False, "unknown"),
        (f"{UNKNOWN} We will write again within 2 hours.", False, "unknown"),
        (
            f"{UNKNOWN} Next update: We do not know yet: next update at.",
            False,
            "unknown-without-time",
        ),
        (f"{UNKNOWN} This was the last update.", True, "unknown-at-end"),
    ],
)
def test_what_is_unknown_needs_a_time(body: str, final: bool, expected: str) -> None:
    assert expected in ids(body, final=final)


@pytest.mark.parametrize(
    ("block", "body", "found"),
    [
        ("contact", "Nobody to ask.", True),
        ("contact", "Write to us: help@example.com", False),
        ("contact", "Reach our support in the app.", False),
        ("what you should do", "Things broke.", True),
        ("what you should do", "You do not need to do anything.", False),
        ("what you should do", "Please sign out.", False),
        ("next update", "Soon.", True),
        ("next update", "Next update: soon.", True),
        ("next update", "Next update: 2026-11-21 15:30 UTC.", False),
        ("next update", "We will write again tomorrow.", False),
        ("next update", "We'll post within 30 minutes.", False),
    ],
)
def test_needed_blocks_stop(block: str, body: str, found: bool) -> None:
    stopped = ids(body, audience=audience(blocks=(block,)), stops=True)
    assert (
        bool(stopped & {"missing-contact", "missing-what-you-should-do", "no-next-update"}) is found
    )


def test_a_last_word_needs_no_next() -> None:
    wanted = audience(blocks=("next update",))
    assert ids("It is fixed. This was our last update.", audience=wanted, final=True) == set()
    assert ids("It is fine.", audience=wanted, final=True, stops=True) == {"no-next-update"}


def test_other_blocks_are_advice() -> None:
    wanted = audience(blocks=("scope", "clock status", "people affected"))
    assert ids("Nothing.", audience=wanted) == {"missing-block"}
    assert ids("Nothing.", audience=wanted, stops=True) == set()
    body = "All users are affected. 12 people. The legal clock runs."
    assert ids(body, audience=wanted) == set()


def test_reading_grade() -> None:
    hard = (
        "Notwithstanding extraordinary precautionary considerations, organisational representatives "
        "subsequently characterised computational irregularities as disproportionately inconsequential, "
        "necessitating comprehensive investigations concerning administrative responsibilities, "
        "infrastructural dependencies, contractual obligations, regulatory requirements, international "
        "implications, environmental considerations, documentation, communication, accountability and perpetual organisational improvement."
    )
    assert "grade" in ids(hard, audience=audience(grade=9), stops=True)
    assert "grade" not in ids(hard, audience=audience())
    assert "grade" not in ids("Subsequently characterised.", audience=audience(grade=9))


def test_a_drill_says_so() -> None:
    assert "drill" in ids(GOOD, drill=True, stops=True)
    assert "drill" in ids(GOOD, "DRILL: Wrong answers", drill=True)
    assert "drill" not in ids(f"This is a drill.\n{GOOD}", "DRILL: Wrong answers", drill=True)


def test_what_stops_comes_first_and_says_what_to_do() -> None:
    wanted = audience(blocks=("scope", "contact"))
    found = check(Text("users", "first", "Wrong", "Nothing."), Circumstances(wanted))
    assert [one.blocking for one in found] == sorted((one.blocking for one in found), reverse=True)
    assert all(one.fix.endswith((".", "»")) for one in found) and blocking(found)
