"""A false alarm: it ends, what waits stops, nobody outside hears of it, and it can be taken back."""

from __future__ import annotations

import pytest

from bot.comms import cadence
from bot.errors import BadInput, Conflict, NotAllowed, NotReady
from bot.house import House
from bot.incident import assessing, lifecycle, queries, rights
from bot.playbook import approvals, steps
from bot.record import catalogue as c
from bot.record import timeline
from bot.record.read import entries
from bot.slack import card
from bot.slack.lifecycle import SURFACE
from bot.slack.step_lists import card_lines
from bot.web.metrics import look
from db.tables import Notice
from tests.integration.playbook.conftest import ADA, MAX, Story

pytestmark = pytest.mark.usefixtures("proven")


@pytest.fixture
def story(house: House) -> Story:
    return Story(house).open()


def draft(story: Story, number: int = 1, audience: str = "internal") -> None:
    story.run(ADA, lambda tx: tx.append(
        c.NoticeDrafted(number=number, audience=audience, stage="first", template="t",
                        template_sha256="", digest="d", title="t", body="b"), 1))  # fmt: skip


def publish(story: Story, number: int = 1) -> None:
    story.run(ADA, lambda tx: tx.append(
        c.NoticePublished(number=number, digest="d", places=[{"place": "status_page"}]), 1))  # fmt: skip


def test_everything_that_waits_stops_and_reopening_takes_it_back(story: Story) -> None:
    story.assess("SEV2")
    story.take(ml=MAX)
    story.do(ADA, cadence.post_update, "looking")
    draft(story)
    story.do(ADA, lifecycle.cancel, "a load test, not a customer")
    story.run.later(days=3)
    before = story.incident.version
    story.work()
    row = story.incident
    assert (queries.status(row), row.next_update_at, row.version) == ("false alarm", None, before)
    assert story.house.read_sync(lambda s: s.get(Notice, (1, 1))).state == "withdrawn"
    assert not story.house.read_sync(lambda s: steps.steps_of(s, ADA))
    shown = story.house.read_sync(lambda s: str(card.render(s, row, story.house.env)))
    assert "false alarm" in shown
    assert not story.house.read_sync(lambda s: card_lines(s, row, story.house.env))
    assert story.house.read_sync(lambda s: look(s, story.now)).false_alarms == 1
    story.do(MAX, lifecycle.reopen, "it was a customer after all")
    story.work()
    assert story.incident.status == "investigating" and story.incident.closed_at is None
    assert story.house.read_sync(lambda s: look(s, story.now)).false_alarms == 0
    assert story.incident.next_update_at is not None


def test_the_channel_is_told_with_what_still_stands(story: Story) -> None:
    story.assess("SEV2")
    key = next(k for k, row in story.steps().items() if row.rung == "C1")
    story.run(ADA, lambda tx: tx.append(c.StepDone(key=key, title="x"), 1))
    story.do(ADA, lifecycle.cancel, "a load test")
    told = story.house.read_sync(lambda s: list(entries(s, 1, kinds=[c.IncidentCancelled.kind])))[0]
    assert timeline.words(told) == "False alarm: a load test" and told.entry.in_place == [key]
    say = SURFACE.wordings["incident_cancelled"]
    text = story.house.read_sync(
        lambda s: str(say(s, story.incident, {"by": ADA, "n": told.n}).blocks)
    )
    assert "a load test" in text and "undo it" in text and story.step(key).title in text


def test_waiting_approvals_end(story: Story) -> None:
    from bot.playbook.plan import ApprovalPlan

    story.take(ml=MAX)
    story.do(
        ADA, approvals.ask, subject="waiver", key="k", title="t", digest="d",
        rule=ApprovalPlan(groups=(("ml",),)),
    )  # fmt: skip
    story.do(ADA, lifecycle.cancel, "a test")
    assert story.approval(1).state == "void"


def test_only_the_commander_says_why_and_only_while_it_is_open(story: Story) -> None:
    story.take(ml=MAX)
    with pytest.raises(NotAllowed, match="Incident commander"):
        story.do(MAX, lifecycle.cancel, "looks fine to me")
    with pytest.raises(BadInput, match="why"):
        story.do(ADA, lifecycle.cancel, " ")
    story.do(ADA, lifecycle.cancel, "a test")
    with pytest.raises(Conflict, match="false alarm already"):
        story.do(ADA, lifecycle.cancel, "a test")
    with pytest.raises(Conflict, match="closed already"):
        story.do(ADA, lifecycle.close)


def test_at_sev1_nobody_but_the_commander_whatever_the_table_says(
    story: Story, monkeypatch: pytest.MonkeyPatch
) -> None:
    story.take(ml=MAX)
    story.do(ADA, assessing.set_severity, "SEV1")
    monkeypatch.setattr(rights, "allowed", lambda *_: ("commander", "ml"))
    with pytest.raises(NotAllowed, match="At SEV1 only"):
        story.do(MAX, lifecycle.cancel, "looks fine to me")
    story.do(ADA, lifecycle.cancel, "the pager was tested")


def test_not_once_people_outside_were_told_but_a_drill_may(story: Story) -> None:
    draft(story)
    publish(story)
    with pytest.raises(NotReady, match="People outside were told") as refused:
        story.do(ADA, lifecycle.cancel, "a test")
    assert "correction" in refused.value.instead
    drill = Story(story.house).open("A drill", drill=True)
    drill.do(ADA, lifecycle.cancel, "wrong day")
    assert queries.false_alarm(drill.incident)
    assert story.house.read_sync(lambda s: look(s, story.now)).false_alarms == 0
