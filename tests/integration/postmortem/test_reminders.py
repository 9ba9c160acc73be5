"""The postmortem is asked for until it is done: the writer first, then the commander as well."""

from __future__ import annotations

from datetime import timedelta

import pytest

from bot.house import House
from bot.incident import lifecycle
from bot.playbook import steps, walk
from bot.postmortem import reminders, verbs
from bot.slack.postmortem_words import card_lines
from tests.integration.playbook.conftest import ADA, MAX, Story

pytestmark = pytest.mark.usefixtures("proven")


def resolved(house: House, severity: str) -> Story:
    story = Story(house).open().assess(severity)
    story.do(ADA, lifecycle.resolve, "over", "a test")
    story.work()
    return story


def asked(story: Story) -> dict[str, int]:
    return {person: len(found) for person, found in story.told("postmortem_due").items()}


def days(story: Story, count: int) -> None:
    for _ in range(count):
        story.run.later(days=1)
        story.work()


def card(story: Story) -> str:
    return story.house.read_sync(lambda s: str(card_lines(s, story.incident, story.house.env)))


def test_sev1_asks_for_a_text_in_five_days_and_a_review_in_ten(house: House) -> None:
    story = resolved(house, "SEV1")
    assert "to be begun by" in card(story)
    days(story, 3)
    assert asked(story) == {}
    days(story, 2)  # a day before, and when it is due
    assert asked(story) == {ADA: 2}
    days(story, 2)
    assert asked(story) == {ADA: 3}
    story.do(ADA, verbs.write, "summary", "A filter lost a rule.")
    assert "written and reviewed by" in card(story)
    days(story, 1)
    assert asked(story) == {ADA: 3}
    days(story, 2)
    assert asked(story) == {ADA: 5}


def test_whoever_took_the_writing_is_asked_then_the_commander_as_well(house: House) -> None:
    story = resolved(house, "SEV3")
    key = "base.closing/write-up"
    assert story.house.read_sync(lambda s: steps.find(s, 1, key)).state == "open"
    story.do(MAX, walk.take, key)
    days(story, 10)
    assert asked(story) == {MAX: 2}
    days(story, 2)
    assert asked(story) == {MAX: 3, ADA: 1}
    # Reviewed: nobody is asked any more, and the step is done by it.
    from bot.record import catalogue as c

    story.run("U9", lambda tx: tx.append(c.PostmortemReviewed(sha256="x"), 1))
    days(story, 4)
    assert asked(story) == {MAX: 3, ADA: 1} and card(story) == "[]"
    assert story.step(key).state == "done"


def test_opened_again_the_old_reminders_are_void_and_the_next_end_counts(house: House) -> None:
    story = resolved(house, "SEV2")
    first = story.house.read_sync(lambda s: reminders.due(house.env.content, story.incident))
    story.do(ADA, lifecycle.reopen, "it is back")
    days(story, 12)
    assert asked(story) == {}
    story.do(ADA, lifecycle.resolve, "over", "a test")
    story.work()
    second = story.house.read_sync(lambda s: reminders.due(house.env.content, story.incident))
    assert second[reminders.REVIEW] - first[reminders.REVIEW] >= timedelta(days=12)
    days(story, 10)
    assert asked(story) == {ADA: 2}
    story.do(ADA, lifecycle.close, "no postmortem: a test")
    days(story, 5)
    assert asked(story) == {ADA: 2}
