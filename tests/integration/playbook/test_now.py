"""What matters now: one order everywhere, and later phases folded until they are reached."""

from __future__ import annotations

from bot.incident import lifecycle
from bot.playbook import steps, walk
from bot.slack.step_lists import AS_LINES, IN_FULL, ON_CARD, card_lines, mine_blocks
from db.tables import Step
from tests.integration.playbook.conftest import ADA, MAX, Story

CAUSE, WRITE_UP = "base.closing/cause", "base.closing/write-up"


def mine(story: Story, person: str = ADA) -> list[Step]:
    return story.house.read_sync(lambda s: steps.steps_in(s, 1, person))


def shown(story: Story) -> str:
    return story.house.read_sync(
        lambda s: str(mine_blocks(s, story.incident, mine(story), story.now, story.house.env))
    )


def card(story: Story) -> str:
    return story.house.read_sync(lambda s: str(card_lines(s, story.incident, story.house.env)))


def test_card_and_next_show_the_same_steps_in_the_same_order(story: Story) -> None:
    story.assess("SEV2")
    found = steps.ahead(mine(story), story.incident)
    numbers = [row.number for row in found.now]
    dues = [row.due_at for row in found.now if row.due_at]
    assert dues == sorted(dues)
    text, on_card = shown(story), card(story)
    for row in found.now[: IN_FULL + AS_LINES]:
        assert f"{row.number} {row.title}" in text
    for row in found.now[:ON_CARD]:
        assert f"○ {row.number} {row.title}" in on_card
    assert f"○ {numbers[ON_CARD]} {found.now[ON_CARD].title}" not in on_card
    places = [on_card.index(f"○ {n} ") for n in numbers[:ON_CARD]]
    assert places == sorted(places)


def test_the_rest_is_counted_with_its_place(story: Story) -> None:
    story.assess("SEV2")
    found = steps.ahead(mine(story), story.incident)
    left = len(found.now) - IN_FULL - AS_LINES
    text = shown(story)
    assert f"{left} more now (" in text and "communicate " in text
    assert f"{len(found.later['contained'])} once it is contained" in text
    assert f"{len(found.later['resolved'])} once it is resolved" in text
    assert card(story).count("once it is") == 2
    assert "Model on-call: nobody" in card(story) and "ml: nobody" not in card(story)


def test_later_phases_unfold_when_they_are_reached(story: Story) -> None:
    story.assess("SEV3")

    def now() -> set[str]:
        return {row.key for row in steps.ahead(mine(story), story.incident).now}

    assert not {CAUSE, WRITE_UP} & now()
    story.do(ADA, lifecycle.contain, "The tool is off")
    story.work()
    assert CAUSE in now() and WRITE_UP not in now()
    story.do(ADA, lifecycle.resolve, "over", "a test")
    story.work()
    assert WRITE_UP in now()


def test_whoever_took_a_later_step_sees_it_now(story: Story) -> None:
    story.assess("SEV3")
    story.do(MAX, walk.take, CAUSE)
    assert [row.key for row in steps.ahead(mine(story, MAX), story.incident).now] == [CAUSE]
    at_home = story.house.read_sync(lambda s: steps.steps_of(s, MAX))
    assert [row.key for row in at_home] == [CAUSE]
