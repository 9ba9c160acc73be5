"""An action item from the first word to the accepted proof, and every reminder on the way."""

from __future__ import annotations

from datetime import timedelta

import pytest

from bot.action import queries, verbs
from bot.errors import BadInput, Conflict, NotAllowed, NotFound, NotReady
from bot.incident import lifecycle, roles
from bot.incident.queries import get
from bot.record.read import entries
from db.tables import ActionItem
from tests.integration.comms.conftest import ADA, CAM, LEE, MAL, PIA, Story

pytestmark = pytest.mark.usefixtures("proven")


def added(story: Story, owner: str = CAM, days: float = 10, **more: str) -> ActionItem:
    due = story.run.house.clock.now() + timedelta(days=days)
    return story.do(
        ADA, lambda tx, row: verbs.add(tx, row, "Test German", owner=owner, due_at=due, **more)
    )


def item(story: Story, number: int = 1) -> ActionItem:
    return story.see(lambda s, row: queries.get(s, row.number, number))


def days(story: Story, count: float) -> None:
    story.run.later(days=count, minutes=1)
    story.outside.settle()


def reminded(story: Story, person: str) -> list[str]:
    return [
        one["message"] for one in story.outside.told(person) if one["message"].startswith("action_")
    ]


def test_done_by_one_and_accepted_by_another(story: Story) -> None:
    added(story, proof_wanted="a test in CI")
    story.outside.settle()
    assert reminded(story, CAM) == ["action_given"]
    story.do(CAM, lambda tx, row: verbs.done(tx, row, 1, "https://ci.example/run/7"))
    story.outside.settle()
    assert reminded(story, ADA) == ["action_proof"] and reminded(story, PIA) == ["action_proof"]
    assert story.outside.said("action_done") == [{"a": 1}]
    with pytest.raises(NotAllowed, match="own proof"):
        story.do(CAM, lambda tx, row: verbs.accept(tx, row, 1))
    with pytest.raises(NotAllowed, match="Only the Incident commander"):
        story.do(MAL, lambda tx, row: verbs.accept(tx, row, 1))
    story.do(PIA, lambda tx, row: verbs.accept(tx, row, 1, "I ran it"))
    row = item(story)
    assert (row.state, row.proof, row.accepted_by) == ("proven", "https://ci.example/run/7", PIA)
    with pytest.raises(Conflict, match="proven already"):
        story.do(PIA, lambda tx, row: verbs.accept(tx, row, 1))


def test_whoever_gave_the_proof_cannot_accept_it_for_the_owner(story: Story) -> None:
    added(story)
    story.do(PIA, lambda tx, row: verbs.done(tx, row, 1, "done, see the test"))
    with pytest.raises(NotAllowed, match="own proof"):
        story.do(PIA, lambda tx, row: verbs.accept(tx, row, 1))
    story.do(ADA, lambda tx, row: verbs.accept(tx, row, 1))
    assert item(story).state == "proven"


def test_what_is_missing_or_said_twice_is_refused_with_the_field(story: Story) -> None:
    added(story)
    with pytest.raises(Conflict, match="Action item 1 says the same"):
        added(story)
    for field, call in (
        ("text", lambda tx, row: verbs.add(tx, row, "  ")),
        ("kind", lambda tx, row: verbs.add(tx, row, "x", kind="wish")),
        ("due", lambda tx, row: verbs.add(tx, row, "x", due_at=tx.now - timedelta(days=1))),
        ("proof", lambda tx, row: verbs.done(tx, row, 1, " ")),
        ("reason", lambda tx, row: verbs.drop(tx, row, 1, " ")),
    ):
        with pytest.raises(BadInput) as refused:
            story.do(ADA, call)
        assert refused.value.field == field
    with pytest.raises(NotReady, match="no proof to accept"):
        story.do(ADA, lambda tx, row: verbs.accept(tx, row, 1))
    with pytest.raises(NotFound, match="no action item 9"):
        story.do(ADA, lambda tx, row: verbs.done(tx, row, 9, "x y z"))
    with pytest.raises(Conflict, match="is open"):
        story.do(ADA, lambda tx, row: verbs.reopen(tx, row, 1, "why"))
    with pytest.raises(Conflict, match="like that already"):
        story.do(ADA, lambda tx, row: verbs.change(tx, row, 1, owner=CAM))


def test_reminders_before_on_the_day_and_every_three_days_then_the_commander(story: Story) -> None:
    added(story, days=10)
    days(story, 7.9)
    assert reminded(story, CAM) == ["action_given"]
    days(story, 0.1)
    assert reminded(story, CAM) == ["action_given", "action_soon"]
    days(story, 2)
    assert reminded(story, CAM)[-1] == "action_due" and item(story).overdue
    assert [one.number for one in story.see(lambda s, _: queries.overdue(s))] == [1]
    days(story, 3)
    assert reminded(story, CAM).count("action_late") == 1 and reminded(story, ADA) == []
    days(story, 3)
    assert reminded(story, CAM).count("action_late") == 2 and reminded(story, ADA) == [
        "action_late"
    ]
    story.do(CAM, lambda tx, row: verbs.done(tx, row, 1, "the test is there"))
    assert not item(story).overdue
    days(story, 30)
    assert reminded(story, CAM).count("action_late") == 2


def test_a_changed_plan_silences_the_reminders_of_the_old_one(story: Story) -> None:
    added(story, days=5)
    later = story.run.house.clock.now() + timedelta(days=20)
    story.do(CAM, lambda tx, row: verbs.change(tx, row, 1, due_at=later))
    story.do(CAM, lambda tx, row: verbs.change(tx, row, 1, owner=LEE, reason="she knows it"))
    days(story, 6)
    assert reminded(story, CAM) == ["action_given"] and reminded(story, LEE) == ["action_given"]
    days(story, 14)
    assert reminded(story, LEE) == ["action_given", "action_soon", "action_due"]
    assert reminded(story, CAM) == ["action_given"]


def test_overdue_then_later_due_is_not_overdue_any_more(story: Story) -> None:
    added(story, days=1)
    days(story, 1)
    assert item(story).overdue
    later = story.run.house.clock.now() + timedelta(days=9)
    story.do(CAM, lambda tx, row: verbs.change(tx, row, 1, due_at=later))
    assert not item(story).overdue
    days(story, 9)
    assert item(story).overdue
    kinds = [e.entry.kind for e in story.see(lambda s, row: list(entries(s, row.number)))]
    assert kinds.count("action.overdue") == 2


def test_a_waiting_proof_is_brought_up_again_and_a_refused_one_starts_over(story: Story) -> None:
    added(story, days=10)
    story.do(CAM, lambda tx, row: verbs.done(tx, row, 1, "looks fine"))
    days(story, 3)
    assert reminded(story, ADA) == ["action_proof", "action_proof"]
    story.do(ADA, lambda tx, row: verbs.reopen(tx, row, 1, "the link is empty"))
    story.outside.settle()
    assert reminded(story, CAM)[-1] == "action_reopened"
    days(story, 3)
    assert reminded(story, ADA) == ["action_proof", "action_proof"]
    days(story, 2)
    assert reminded(story, CAM)[-1] == "action_soon"


def test_nobody_but_the_owner_may_accept_so_the_commander_is_told(story: Story) -> None:
    added(story, owner=ADA)
    story.do(ADA, lambda tx, row: verbs.done(tx, row, 1, "done it myself"))
    story.outside.settle()
    assert reminded(story, PIA) == ["action_proof"] and reminded(story, ADA) == []


def test_it_goes_on_after_the_end(story: Story) -> None:
    why = "a story"
    story.do(ADA, lambda tx, row: lifecycle.resolve(tx, row, "over", why))
    story.outside.settle()
    added(story, days=3)
    story.do(ADA, lambda tx, row: lifecycle.close(tx, row, why))
    days(story, 3)
    assert item(story).overdue
    story.do(CAM, lambda tx, row: verbs.done(tx, row, 1, "a test"))
    story.do(ADA, lambda tx, row: verbs.accept(tx, row, 1))
    assert item(story).state == "proven"
    assert story.outside.said("action_done") == []  # the channel may be archived: people are told


def test_dropping_takes_the_right_and_ends_the_reminders(story: Story) -> None:
    added(story, days=2)
    with pytest.raises(NotAllowed):
        story.do(CAM, lambda tx, row: verbs.drop(tx, row, 1, "no time"))
    story.do(ADA, lambda tx, row: verbs.drop(tx, row, 1, "the feature is gone"))
    days(story, 10)
    assert reminded(story, CAM) == ["action_given", "action_dropped"]
    with pytest.raises(Conflict, match="dropped already"):
        story.do(ADA, lambda tx, row: verbs.drop(tx, row, 1, "again"))
    story.do(ADA, lambda tx, row: verbs.reopen(tx, row, 1, "it is back"))
    assert item(story).state == "open"


def test_mine_and_overdue_leave_drills_out(story: Story, run, outside) -> None:  # type: ignore[no-untyped-def]
    drill = Story(run, outside, drill=True)
    added(story, days=5)
    added(drill, days=1)
    days(drill, 1)

    def look(session):  # type: ignore[no-untyped-def]
        real = [(row.incident, row.number) for row in queries.mine(session, CAM)]
        drills = [(row.incident, row.number) for row in queries.mine(session, CAM, drills=True)]
        return (
            real,
            drills,
            len(queries.overdue(session)),
            len(queries.overdue(session, drills=True)),
        )

    assert run.house.read_sync(look) == ([(1, 1)], [(2, 1)], 0, 1)


def test_private_items_are_listed_for_their_people_only(private: Story) -> None:
    with pytest.raises(BadInput, match="private"):
        added(private, owner=MAL)  # nobody hears of it by being given work
    private.run(ADA, lambda tx: roles.assign(tx, get(tx.session, 1), "ml", MAL))
    private.run(MAL, lambda tx: roles.accept(tx, get(tx.session, 1), "ml"))
    added(private, owner=MAL)

    def seen(person: str) -> int:
        return len(private.see(lambda s, _: queries.unfinished(s, person)))

    assert (seen(MAL), seen(CAM), seen("U99ELSE")) == (1, 1, 0)
    private.run(
        MAL, lambda tx: verbs.done(tx, tx.session.get(type(_incident(private)), 1), 1, "done")
    )
    assert item(private).state == "done"


def _incident(story: Story):  # type: ignore[no-untyped-def]
    return story.see(lambda s, row: row)
