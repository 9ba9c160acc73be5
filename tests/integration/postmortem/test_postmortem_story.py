"""From the end of the response to the reviewed postmortem."""

from __future__ import annotations

import pytest

from bot.errors import BadInput, Conflict, NotAllowed, NotFound
from bot.house import House
from bot.incident import items, lifecycle
from bot.postmortem import sections, verbs
from bot.postmortem.build import build
from bot.record.read import entries
from db.tables import Postmortem
from tests.support.afterwards import ADA, MAX, REX, SAM, Afterwards

pytestmark = pytest.mark.usefixtures("proven")


@pytest.fixture
def ended(house: House) -> Afterwards:
    after = Afterwards(house)
    after.response()
    after.ending()
    return after


def row(after: Afterwards) -> Postmortem:
    return after.see(lambda s, incident: s.get(Postmortem, incident.number))  # type: ignore[no-any-return]


def digest(after: Afterwards) -> str:
    content = after.house.env.content
    return after.see(lambda s, incident: build(s, incident, content)).proof.digest  # type: ignore[no-any-return]


def state(after: Afterwards) -> str:
    content = after.house.env.content
    return after.see(lambda s, incident: build(s, incident, content)).review.state  # type: ignore[no-any-return]


def test_resolving_begins_it_and_says_so(ended: Afterwards) -> None:
    assert row(ended).state == "draft"
    assert len(ended.outside.said("postmortem_begun")) == 1
    ended.do(SAM, lifecycle.reopen, "it came back")
    ended.do(SAM, lifecycle.resolve, "over again", "a story")
    assert len(ended.outside.said("postmortem_begun")) == 2
    kinds = [e.entry.kind for e in ended.see(lambda s, r: list(entries(s, r.number)))]
    assert kinds.count("postmortem.started") == 1


def test_two_writers_do_not_overwrite_each_other(ended: Afterwards) -> None:
    ended.do(MAX, verbs.write, "hard", "The first", 0)
    with pytest.raises(Conflict, match="another text by now"):
        ended.do(REX, verbs.write, "hard", "The second", 0)
    seen = row(ended).sections["hard"]["n"]
    ended.do(REX, verbs.write, "hard", "Both", seen)
    assert ended.do(REX, verbs.write, "hard", "Both", 0) is None  # a double click changes nothing
    assert row(ended).sections["hard"]["text"] == "Both"
    with pytest.raises(BadInput, match="no section"):
        ended.do(MAX, verbs.write, "culprit", "x")
    with pytest.raises(NotAllowed):
        ended.run("U77FAR", lambda tx: verbs.write(tx, ended.incident(), "hard", "x"))


def test_factors_keep_their_numbers_and_point_at_entries(ended: Afterwards) -> None:
    assert ended.do(MAX, verbs.name_factor, "No test", [2]) == 1
    assert ended.do(MAX, verbs.name_factor, "No canary", [4, 2, 2]) == 2
    with pytest.raises(Conflict, match="factor 2 says this"):
        ended.do(MAX, verbs.name_factor, "No canary", [2, 4])
    with pytest.raises(BadInput, match="no entry 999"):
        ended.do(MAX, verbs.name_factor, "x", [999])
    ended.do(MAX, verbs.name_factor, "No test of style", [2], 1)
    ended.do(MAX, verbs.withdraw_factor, 2, "there was one")
    with pytest.raises(NotFound):
        ended.do(MAX, verbs.withdraw_factor, 2)
    assert ended.do(MAX, verbs.name_factor, "Late alert", []) == 3
    assert [(one["number"], one["text"]) for one in row(ended).factors] == [
        (1, "No test of style"), (3, "Late alert"),
    ]  # fmt: skip


def test_the_review_is_bound_to_the_text_and_never_the_commanders(ended: Afterwards) -> None:
    ended.do(MAX, verbs.write, "summary", "It lost a rule")
    read = digest(ended)
    with pytest.raises(NotAllowed, match="does not review their own"):
        ended.do(SAM, verbs.review, read)
    with pytest.raises(NotAllowed):
        ended.do(MAX, verbs.review, read)
    ended.do(MAX, verbs.write, "summary", "It lost two rules")
    with pytest.raises(Conflict, match="changed while you were reading"):
        ended.do(REX, verbs.review, read)
    ended.do(REX, verbs.review, digest(ended), "clear")
    assert (row(ended).state, state(ended)) == ("reviewed", "reviewed")
    assert ended.outside.said("postmortem_reviewed") == [{"by": REX}]
    with pytest.raises(Conflict, match="reviewed already"):
        ended.do(REX, verbs.review, digest(ended))


def test_what_changes_after_the_review_shows(ended: Afterwards) -> None:
    from bot.action import verbs as action

    ended.do(SAM, action.add, "Test it", owner=MAX)
    ended.do(REX, verbs.review, digest(ended))
    ended.do(MAX, action.done, 1, "https://ci.example/1")  # progress is not another text
    ended.do(SAM, lifecycle.close, "a story")
    assert state(ended) == "reviewed"
    ended.do(MAX, items.note, "Something we learned later")
    assert (row(ended).state, state(ended)) == ("reviewed", "changed since review")
    ended.do(MAX, verbs.write, "lucky", "It was a Tuesday")
    assert (row(ended).state, state(ended)) == ("draft", "draft")


def test_nothing_is_reviewed_before_the_end(house: House) -> None:
    after = Afterwards(house)
    after.response()
    after.do(MAX, verbs.write, "hard", "Everything")
    with pytest.raises(Conflict, match="not resolved"):
        after.do(REX, verbs.review, digest(after))


def test_the_same_text_is_posted_once(ended: Afterwards) -> None:
    ended.do(MAX, verbs.post)
    with pytest.raises(Conflict, match="posted to the channel already"):
        ended.do(MAX, verbs.post)
    ended.do(MAX, verbs.write, "hard", "Everything")
    ended.do(MAX, verbs.post)
    assert len(ended.outside.said("postmortem_posted")) == 2


def test_the_questions_are_those_of_the_modules_it_ran_with(ended: Afterwards) -> None:
    found = ended.see(lambda s, incident: sections.prompts(s, incident))
    assert "Could behaviour alone have stopped the launch?" in found
    assert len(found) == len(set(found)) and ADA not in str(found)
