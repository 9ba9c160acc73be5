"""Internal updates: when the next is due, who is reminded, and when nobody is."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from bot.comms import cadence
from bot.errors import BadInput, Conflict, NotAllowed
from bot.incident import queries
from bot.incident.assessing import set_severity
from bot.record import catalogue as c
from bot.slack import updates
from bot.slack.surfaces import card_parts
from tests.integration.comms.conftest import ADA, CAM, MAL, Story

pytestmark = pytest.mark.usefixtures("proven")


def due(story: Story) -> timedelta | None:
    """Time from the opening to the next update that is due."""
    row = story.see(lambda s, here: here)
    return row.next_update_at - row.opened_at if row.next_update_at else None


def in_minutes(story: Story) -> float:
    row = story.see(lambda s, here: here)
    return (row.next_update_at - story.run.house.clock.now()).total_seconds() / 60


def update(story: Story, text: str = "Nothing new.", **more: object) -> str:
    return story.do(CAM, lambda tx, row: cadence.post_update(tx, row, text, **more))


def test_the_first_update_is_due_half_an_hour_after_opening(story: Story) -> None:
    assert due(story) == timedelta(minutes=30)


@pytest.mark.parametrize(("severity", "minutes"), [("SEV1", 15), ("SEV2", 30), ("SEV3", 1440)])
def test_the_severity_sets_the_first_deadline(story: Story, severity: str, minutes: int) -> None:
    story.do(ADA, lambda tx, row: set_severity(tx, row, severity))
    story.outside.settle()
    assert due(story) == timedelta(minutes=minutes)


def test_a_deadline_already_past_leaves_time_to_write(story: Story) -> None:
    story.run.later(minutes=25)
    story.do(ADA, lambda tx, row: set_severity(tx, row, "SEV1"))
    story.outside.settle()
    assert 4.5 < in_minutes(story) <= 5


def test_after_an_update_the_cadence_counts(story: Story) -> None:
    story.do(ADA, lambda tx, row: set_severity(tx, row, "SEV2"))
    story.outside.settle()
    update(story, "We found it.", unknown="Who is affected.")
    story.outside.settle()
    assert 59 < in_minutes(story) <= 60
    said = story.outside.said("update")[0]
    assert (said["text"], said["unknown"], said["by"]) == ("We found it.", "Who is affected.", CAM)
    assert story.outside.of("announce.update")


def test_a_raise_brings_the_deadline_forward_and_a_promise_stays(story: Story) -> None:
    story.do(ADA, lambda tx, row: set_severity(tx, row, "SEV2"))
    story.outside.settle()
    update(story)
    story.do(ADA, lambda tx, row: set_severity(tx, row, "SEV1", reason="worse"))
    story.outside.settle()
    assert 29 < in_minutes(story) <= 30
    soon = story.run.house.clock.now() + timedelta(minutes=12)
    update(story, next_at=soon)
    story.do(ADA, lambda tx, row: cadence.plan(tx, row))
    assert 11 < in_minutes(story) <= 12


def test_a_time_must_fit_the_severity(story: Story) -> None:
    story.do(ADA, lambda tx, row: set_severity(tx, row, "SEV1"))
    now = story.run.house.clock.now
    for at, words in ((now() + timedelta(hours=2), "within 30 minutes"), (now(), "later than now")):
        with pytest.raises(BadInput, match=words) as refused:
            update(story, next_at=at)
        assert refused.value.field == "next_at"
    with pytest.raises(BadInput, match="empty"):
        update(story, "  ")


def test_reminded_before_and_told_after(story: Story) -> None:
    story.run.later(minutes=21)
    story.outside.settle()
    assert story.outside.told(CAM, "update_soon") and story.outside.told(ADA, "update_soon")
    assert not story.outside.told(MAL)
    story.run.later(minutes=10)
    story.outside.settle()
    [said] = story.outside.said("update_overdue")
    assert set(said["people"]) == {ADA, CAM}
    assert story.outside.told(ADA, "update_overdue_you")
    assert story.see(updates.is_overdue)
    card = story.see(
        lambda s, row: [b for part in card_parts() for b in part(s, row, story.run.house.env)]
    )
    assert "Internal update overdue" in str(card)
    update(story)
    assert not story.see(updates.is_overdue)


def test_it_is_said_four_times_and_then_stays_on_the_card(story: Story) -> None:
    for _ in range(20):
        story.run.later(minutes=30)
        story.outside.settle()
    assert len(story.outside.said("update_overdue")) == cadence.MOST_REMINDERS
    assert len(story.outside.told(ADA, "update_overdue_you")) == 1


def test_an_update_in_time_silences_the_reminders(story: Story) -> None:
    story.run.later(minutes=19)
    update(story)
    story.run.later(minutes=5)
    story.outside.settle()
    assert not story.outside.told(CAM, "update_soon")


def test_after_the_end_nobody_is_reminded(story: Story) -> None:
    story.do(ADA, lambda tx, row: tx.append(c.IncidentResolved(), row.number))
    story.run.later(hours=5)
    story.outside.settle()
    assert not story.outside.said("update_overdue") and due(story) is None
    assert story.do(ADA, cadence.plan) is None
    story.do(ADA, lambda tx, row: tx.append(c.IncidentReopened(reason="again"), row.number))
    planned = story.do(ADA, cadence.plan)
    assert isinstance(planned, datetime) and 4.9 < in_minutes(story) <= 5
    story.do(ADA, lambda tx, row: tx.append(c.IncidentClosed(), row.number))
    with pytest.raises(Conflict, match="closed"):
        update(story)


def test_planning_twice_changes_nothing(story: Story) -> None:
    before = story.see(lambda s, row: queries.get(s, row.number).version)
    story.do(ADA, cadence.plan)
    assert story.see(lambda s, row: queries.get(s, row.number).version) == before


def test_an_outsider_cannot_speak_for_the_response(story: Story) -> None:
    with pytest.raises(NotAllowed):
        story.run(
            MAL, lambda tx: cadence.post_update(tx, queries.get(tx.session, story.number), "Hi")
        )
