"""What became of a request stands in place of its buttons, once for each turn."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import select

from bot import rooms
from bot.effects.kinds import RETELL, TELL
from bot.errors import Conflict
from bot.playbook import approvals
from bot.playbook.plan import ApprovalPlan, RatifyPlan
from bot.slack.approvals import WORDINGS
from db.tables import EffectRow
from tests.integration.playbook.conftest import ADA, MAX, SEC, Story

SUBJECTS = rooms.approval_subjects()


def sent(story: Story) -> None:
    """As if Slack had taken every private message."""

    def job(tx: Any) -> None:
        for row in tx.session.execute(select(EffectRow).where(EffectRow.kind == TELL)).scalars():
            row.state, row.result = "done", {"channel": "D1", "ts": "1.1"}

    story.run("system", job)


def retold(story: Story) -> list[tuple[str, str]]:
    def look(session: Any) -> list[tuple[str, str]]:
        rows = session.execute(select(EffectRow).where(EffectRow.kind == RETELL)).scalars()
        return sorted((row.payload["user"], row.payload["tell"]) for row in rows)

    return story.house.read_sync(look)


def shown(story: Story, message: str, person: str, **params: Any) -> str:
    return story.house.read_sync(
        lambda s: str(
            WORDINGS[message](s, story.incident, {"number": 1, "to": person, **params}).blocks
        )
    )


def ask(story: Story, **rule: Any) -> str:
    plan = ApprovalPlan(**rule)
    story.do(ADA, approvals.ask, subject="waiver", key="k", title="Leave it", digest="d", rule=plan)
    sent(story)
    return "d"


def test_each_answer_brings_all_requests_up_to_date(story: Story) -> None:
    story.take(ml=MAX, security=SEC)
    digest = ask(story, groups=(("ml",), ("security",)), quorum=2)
    assert "Approve" in shown(story, "approval_asked", MAX)
    story.do(MAX, approvals.give, 1, digest, subjects=SUBJECTS)
    assert {person for person, _ in retold(story)} == {MAX, SEC}
    assert "you approved 1" in shown(story, "approval_asked", MAX)
    assert "Approve" in shown(story, "approval_asked", SEC)
    story.do(SEC, approvals.give, 1, digest, subjects=SUBJECTS)
    text = shown(story, "approval_asked", SEC)
    assert "is given by" in text and "button" not in text
    assert len(retold(story)) == 4
    with pytest.raises(Conflict, match="approved already"):
        story.do(SEC, approvals.give, 1, digest, subjects=SUBJECTS)


def test_refused_void_and_confirmed(story: Story) -> None:
    story.take(ml=MAX, security=SEC)
    digest = ask(story, groups=(("ml",),), ratify=(RatifyPlan(role="security", within_minutes=5),))
    story.do(MAX, approvals.give, 1, digest, subjects=SUBJECTS)
    sent(story)
    due = {"due": "2026-01-01T00:00:00.000Z"}
    assert "Confirm" in shown(story, "approval_to_ratify", SEC, **due)
    story.do(SEC, approvals.ratify, 1, digest)
    assert "and confirmed" in shown(story, "approval_to_ratify", SEC, **due)
    assert SEC in {person for person, _ in retold(story)}
    story.run("system", lambda tx: approvals.void(tx, story.incident, 1, "The text changed."))
    assert "no longer counts. The text changed." in shown(story, "approval_asked", MAX)
