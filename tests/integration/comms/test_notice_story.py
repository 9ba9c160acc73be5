"""A notice from the first draft to the status page, and every way in which it must not get there."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bot.comms import approving, notices, publish, queries
from bot.comms.text import Text
from bot.errors import BadInput, Conflict, NotAllowed, NotReady
from bot.incident import roles
from bot.incident.assessing import set_severity
from bot.record import catalogue as c
from bot.record.read import entries
from bot.slack.notice_words import published, wordings
from db.tables import Notice
from tests.integration.comms.conftest import ADA, CAM, LEE, MAL, PIA, Story
from tests.support.houses import NOTICES

pytestmark = pytest.mark.usefixtures("proven")

FACTS = {
    "what_happened": "Some people saw the titles of other people's chats.",
    "scope": "Chat history in the web app. Nothing else is affected.",
    "workaround": "Please do not open the history until we write again.",
    "next_update_at": "Today at 15:30 UTC.",
}
TITLE = "Chat history shows wrong titles"


def drafted(
    story: Story, audience: str = "status_page", stage: str = "first", **more: object
) -> Notice:
    kept = story.do(CAM, lambda tx, row: notices.draft(tx, row, audience, stage, **more))
    story.do(CAM, lambda tx, row: notices.answer_facts(tx, row, kept.number, FACTS))
    return story.see(lambda s, row: queries.notice(s, row.number, kept.number))


def fresh(story: Story, row: Notice) -> Notice:
    return story.see(lambda s, _: queries.notice(s, row.incident, row.number))


def submitted(story: Story, **more: str) -> Notice:
    row = drafted(story, **more)
    story.do(CAM, lambda tx, here: approving.submit(tx, here, row.number))
    return fresh(story, row)


def approved(story: Story) -> Notice:
    row = submitted(story)
    story.do(ADA, lambda tx, here: approving.approve(tx, here, row.number, row.digest))
    return fresh(story, row)


def sent_texts(story: Story) -> list[Text]:
    """What Slack was given for the notice channel, read back from the blocks."""
    out = []
    for effect in story.outside.of("notice.post"):
        message = story.run.house.read_sync(lambda s, p=effect.payload: published(s, None, p))
        row = story.see(
            lambda s, here, p=effect.payload: queries.notice(s, here.number, p["number"])
        )
        title, body = (block["text"] for block in message.blocks)
        assert (title["type"], body["type"]) == ("plain_text", "plain_text")
        assert not title["emoji"] and not body["emoji"]
        out.append(Text(row.audience, row.stage, title["text"], body["text"]))
    return out


def test_from_draft_to_page_byte_for_byte(story: Story) -> None:
    row = drafted(story)
    assert "We do not know yet" not in row.body
    answer = story.do(CAM, lambda tx, here: approving.submit(tx, here, row.number))
    assert f"<@{ADA}>" in answer
    story.outside.settle()
    [asked] = story.outside.told(ADA, "notice_asked")
    assert asked["params"]["digest"] == row.digest
    story.do(
        ADA, lambda tx, here: approving.approve(tx, here, row.number, asked["params"]["digest"])
    )
    said = story.do(CAM, lambda tx, here: publish.publish(tx, here, row.number, row.digest))
    assert "the notice channel and the status page" in said
    story.outside.settle()
    after = fresh(story, row)
    assert after.state == "published" and after.on_page_at is not None
    assert {place["place"]: place["done"] for place in after.places} == {
        "notice_channel": True, "status_page": True,
    }  # fmt: skip
    [text] = sent_texts(story)
    assert text.digest == row.digest == after.digest
    assert story.outside.of("notice.post")[0].payload["channel"] == NOTICES
    page = story.run.house.read_sync(lambda s: queries.on_page(s, after.drafted_at))
    assert [(each.title, each.body) for each in page] == [(row.title, row.body)]


def test_the_page_is_linked_in_the_channel_once_something_is_on_it(story: Story) -> None:
    house = story.run.house
    house.env = replace(house.env, base_url="https://help.example.com")
    bookmarks = story.outside.of("channel.bookmark")
    assert [effect.payload for effect in bookmarks] == [{}]  # the card's, since the opening
    row = approved(story)
    story.do(CAM, lambda tx, here: publish.publish(tx, here, row.number, row.digest))
    story.outside.settle()
    assert story.outside.of("channel.bookmark")[-1].payload == {"what": "page"}
    [asked] = [
        effect for effect in story.outside.of("person.retell") if effect.payload["user"] == ADA
    ][-1:]
    assert asked.payload["tell"].startswith(f"tell:{ADA}:notice:")


def test_nobody_approves_their_own_text(story: Story) -> None:
    row = drafted(story)
    story.do(CAM, lambda tx, here: approving.submit(tx, here, row.number))
    with pytest.raises(NotAllowed, match="somebody else must approve") as refused:
        story.do(CAM, lambda tx, here: approving.approve(tx, here, row.number, row.digest))
    assert f"<@{ADA}>" in str(refused.value)


def test_whoever_changed_a_word_or_asked_is_an_author_too(story: Story) -> None:
    row = drafted(story)
    kept = story.do(ADA, lambda tx, here: notices.edit(tx, here, row.number, TITLE, row.body))
    story.do(CAM, lambda tx, here: approving.submit(tx, here, row.number))
    with pytest.raises(NotAllowed, match="somebody else"):
        story.do(ADA, lambda tx, here: approving.approve(tx, here, row.number, kept.digest))
    other = drafted(story)
    story.do(ADA, lambda tx, here: approving.submit(tx, here, other.number))
    with pytest.raises(NotAllowed, match="asked for its approval"):
        story.do(ADA, lambda tx, here: approving.approve(tx, here, other.number, other.digest))


def test_the_wrong_person_is_told_who_has_the_right(story: Story) -> None:
    row = submitted(story)
    for person in (MAL, LEE):
        with pytest.raises(NotAllowed) as refused:
            story.do(person, lambda tx, here: approving.approve(tx, here, row.number, row.digest))
        assert f"<@{ADA}>" in refused.value.message and f"<@{CAM}>" in refused.value.message
    with pytest.raises(NotAllowed, match=f"<@{ADA}>"):
        story.do(MAL, lambda tx, here: notices.draft(tx, here, "status_page", "first"))


@pytest.mark.parametrize("after", ["submitted", "approved"])
def test_one_changed_character_voids(story: Story, after: str) -> None:
    row = submitted(story) if after == "submitted" else approved(story)
    assert row.state == after
    story.do(CAM, lambda tx, here: notices.edit(tx, here, row.number, row.title, row.body + "!"))
    changed = fresh(story, row)
    assert (changed.state, changed.approvals) == ("draft", []) and changed.digest != row.digest
    with pytest.raises(Conflict, match="changed since you saw it"):
        story.do(ADA, lambda tx, here: approving.approve(tx, here, row.number, row.digest))
    with pytest.raises(NotReady, match="only an approved text"):
        story.do(CAM, lambda tx, here: publish.publish(tx, here, row.number))
    story.outside.settle()
    assert story.outside.said("notice_voided_said")[0]["was"] == after
    assert not story.outside.of("notice.post")


def test_saving_the_same_text_again_changes_nothing(story: Story) -> None:
    row = approved(story)
    story.do(CAM, lambda tx, here: notices.edit(tx, here, row.number, row.title, row.body))
    assert fresh(story, row).state == "approved"


def test_publishing_takes_the_right_and_an_approval(story: Story) -> None:
    row = approved(story)
    with pytest.raises(NotAllowed, match=f"<@{ADA}>"):
        story.do(LEE, lambda tx, here: publish.publish(tx, here, row.number))
    story.do(ADA, lambda tx, here: publish.publish(tx, here, row.number))
    with pytest.raises(Conflict, match="already"):
        story.do(ADA, lambda tx, here: publish.publish(tx, here, row.number))
    story.outside.settle()
    assert len(story.outside.of("notice.post")) == 1


def test_a_grave_notice_takes_commander_and_legal_or_privacy(story: Story) -> None:
    story.do(ADA, lambda tx, here: set_severity(tx, here, "SEV1"))
    body = (
        "Something went wrong. Some people saw the titles of other people's chats today at 12:00 UTC.\n"
        "What the AI system did: it showed wrong titles. We know this from our logs.\n"
        "Who is affected: about 200 people. We turned the history off.\n"
        "What you should do: please sign out once. You can ask a person to check and correct your history.\n"
        "Next update: today at 15:30 UTC. Contact: help@example.com"
    )
    kept = story.do(CAM, lambda tx, here: notices.draft(tx, here, "users", "first"))
    kept = story.do(CAM, lambda tx, here: notices.edit(tx, here, kept.number, TITLE, body))
    story.do(CAM, lambda tx, here: approving.submit(tx, here, kept.number))
    said = story.do(ADA, lambda tx, here: approving.approve(tx, here, kept.number, kept.digest))
    assert "Still needed" in said and f"<@{LEE}>" in said and f"<@{PIA}>" in said
    with pytest.raises(NotReady):
        story.do(CAM, lambda tx, here: publish.publish(tx, here, kept.number))
    with pytest.raises(Conflict, match=r"approved notice \d+ already"):
        story.do(ADA, lambda tx, here: approving.approve(tx, here, kept.number, kept.digest))
    story.do(PIA, lambda tx, here: approving.approve(tx, here, kept.number, kept.digest))
    story.do(CAM, lambda tx, here: publish.publish(tx, here, kept.number))
    story.outside.settle()
    assert sent_texts(story)[0].digest == kept.digest


def test_a_role_taken_after_the_question_does_not_let_a_notice_out(story: Story) -> None:
    """Mal joins the channel, takes over command and would approve what Cam asked for."""
    row = submitted(story)
    yes = lambda person: story.do(  # noqa: E731
        person, lambda tx, here: approving.approve(tx, here, row.number, row.digest)
    )
    story.do(MAL, lambda tx, here: roles.take(tx, here, "commander", "nobody answers"))
    with pytest.raises(NotAllowed, match="after this was asked"):
        yes(MAL)
    story.do(
        MAL, lambda tx, here: approving.send_back(tx, here, row.number, row.digest, "Ask anew")
    )
    story.do(CAM, lambda tx, here: approving.submit(tx, here, row.number))
    yes(MAL)  # now whoever asks knows whom
    found = story.see(lambda s, here: list(entries(s, here.number, kinds=[c.NoticeApproved.kind])))
    assert [one["how"] for one in found[-1].entry.came] == ["taken"]
    said = wordings(story.run.house.env.content)["notice_approved_said"]
    params = {"number": row.number, "by": MAL, "audience": row.audience}
    text = str(story.see(lambda s, here: said(s, here, params)))
    assert f"<@{MAL}> (took the role themselves at <!date^" in text


def test_a_worse_severity_after_approval_asks_for_more(story: Story) -> None:
    story.do(ADA, lambda tx, here: set_severity(tx, here, "SEV3"))
    kept = story.do(CAM, lambda tx, here: notices.draft(tx, here, "users", "first"))
    body = "We saw a fault. Please do nothing. Next update: today at 15:30 UTC. Contact: help@example.com"
    kept = story.do(CAM, lambda tx, here: notices.edit(tx, here, kept.number, TITLE, body))
    story.do(CAM, lambda tx, here: approving.submit(tx, here, kept.number))
    story.do(ADA, lambda tx, here: approving.approve(tx, here, kept.number, kept.digest))
    story.do(ADA, lambda tx, here: set_severity(tx, here, "SEV1", reason="minors"))
    said = story.do(CAM, lambda tx, here: publish.publish(tx, here, kept.number))
    assert "needs more approvals" in said
    story.outside.settle()
    assert story.outside.told(LEE, "notice_asked") and not story.outside.of("notice.post")
    story.do(LEE, lambda tx, here: approving.approve(tx, here, kept.number, kept.digest))
    story.do(CAM, lambda tx, here: publish.publish(tx, here, kept.number))
    story.outside.settle()
    assert len(story.outside.of("notice.post")) == 1


def test_sent_back_with_a_comment(story: Story) -> None:
    row = submitted(story)
    with pytest.raises(BadInput, match="what should change"):
        story.do(ADA, lambda tx, here: approving.send_back(tx, here, row.number, row.digest, " "))
    story.do(
        ADA,
        lambda tx, here: approving.send_back(tx, here, row.number, row.digest, "Say since when."),
    )
    after = fresh(story, row)
    assert (after.state, after.comment) == ("returned", "Say since when.")
    story.outside.settle()
    assert story.outside.told(CAM, "notice_returned")[0]["params"]["comment"] == "Say since when."
    story.do(CAM, lambda tx, here: approving.submit(tx, here, row.number))
    assert fresh(story, row).state == "submitted"


def test_unanswered_it_is_asked_again_and_lapses(story: Story) -> None:
    row = submitted(story)
    story.outside.settle()
    story.run.later(minutes=16)
    story.outside.settle()
    assert len(story.outside.told(ADA, "notice_asked")) == 2
    story.run.later(hours=4)
    with pytest.raises(Conflict, match="over"):
        story.do(ADA, lambda tx, here: approving.approve(tx, here, row.number, row.digest))
    story.outside.settle()
    after = fresh(story, row)
    assert after.state == "returned" and "lapsed" in after.comment
    assert story.outside.told(CAM, "notice_expired")


def test_an_approval_that_is_not_used_lapses(story: Story) -> None:
    row = approved(story)
    story.outside.settle()
    story.run.later(hours=4, minutes=1)
    with pytest.raises(NotReady, match="too old"):
        story.do(CAM, lambda tx, here: publish.publish(tx, here, row.number))
    story.outside.settle()
    assert fresh(story, row).state == "returned"


def test_checks_stop_what_would_do_harm(story: Story) -> None:
    row = drafted(story)
    body = row.body + "\nINC-1 is a SEV1, see #inc-1-assistant."
    story.do(CAM, lambda tx, here: notices.edit(tx, here, row.number, row.title, body))
    with pytest.raises(NotReady, match="name from inside"):
        story.do(CAM, lambda tx, here: approving.submit(tx, here, row.number))
    assert fresh(story, row).state == "draft" and fresh(story, row).body == body


def test_withdrawn_before_and_corrected_after(story: Story) -> None:
    row = drafted(story)
    story.do(CAM, lambda tx, here: notices.withdraw(tx, here, row.number, "Not needed"))
    assert fresh(story, row).state == "withdrawn"
    with pytest.raises(Conflict):
        story.do(CAM, lambda tx, here: notices.edit(tx, here, row.number, "x", "y"))
    out = approved(story)
    with pytest.raises(BadInput, match="Which notice"):
        story.do(CAM, lambda tx, here: notices.draft(tx, here, "status_page", "correction"))
    with pytest.raises(Conflict, match="not published"):
        story.do(
            CAM,
            lambda tx, here: notices.draft(
                tx, here, "status_page", "correction", corrects=out.number
            ),
        )
    story.do(CAM, lambda tx, here: publish.publish(tx, here, out.number))
    story.outside.settle()
    with pytest.raises(Conflict, match="cannot be called back"):
        story.do(CAM, lambda tx, here: notices.withdraw(tx, here, out.number, "too late"))
    facts = {**FACTS, "wrong_statement": "All chats.", "right_statement": "Only titles."}
    kept = story.do(
        CAM,
        lambda tx, here: notices.draft(
            tx, here, "status_page", "correction", facts=facts, corrects=out.number
        ),
    )
    row = story.see(lambda s, here: queries.notice(s, here.number, kept.number))
    assert f"Our notice «{out.title}»" in row.body
    story.do(CAM, lambda tx, here: approving.submit(tx, here, kept.number))
    story.do(ADA, lambda tx, here: approving.approve(tx, here, kept.number, kept.digest))
    story.do(CAM, lambda tx, here: publish.publish(tx, here, kept.number))
    story.outside.settle()
    assert fresh(story, out).corrected_by == kept.number


def test_a_drill_never_leaves_the_house(drill: Story) -> None:
    for audience in ("status_page", "users", "internal"):
        kept = drill.do(
            CAM, lambda tx, row, a=audience: notices.draft(tx, row, a, "first", facts=FACTS)
        )
        row = drill.see(lambda s, here, n=kept.number: queries.notice(s, here.number, n))
        assert row.title.startswith("DRILL") and "This is a drill" in row.body
        body = (
            row.body
            + "\nPlease do nothing. Contact: help@example.com. Next update: today at 15:30 UTC."
        )
        body = body.replace("We do not know yet: ", "Not part of this exercise: ")
        kept = drill.do(
            CAM, lambda tx, here, n=row.number, t=row.title, b=body: notices.edit(tx, here, n, t, b)
        )
        drill.do(CAM, lambda tx, here, n=row.number: approving.submit(tx, here, n))
        drill.do(ADA, lambda tx, here, k=kept: approving.approve(tx, here, k.number, k.digest))
        if audience == "users":
            drill.do(LEE, lambda tx, here, k=kept: approving.approve(tx, here, k.number, k.digest))
        said = drill.do(CAM, lambda tx, here, n=row.number: publish.publish(tx, here, n))
        assert said.startswith("DRILL")
    drill.outside.settle()
    assert not drill.outside.of("notice.post") and len(drill.outside.of("console.notice")) == 3
    told = drill.outside.said("notice_console")
    assert told[0]["places"] == "the notice channel and the status page"
    rows = drill.see(lambda s, here: queries.notices(s, here.number))
    assert {row.state for row in rows} == {"published"} and not any(row.on_page_at for row in rows)


def test_a_text_without_its_banner_stays_in_the_drill(drill: Story) -> None:
    kept = drill.do(
        CAM, lambda tx, row: notices.draft(tx, row, "status_page", "first", facts=FACTS)
    )
    row = drill.see(lambda s, here: queries.notice(s, here.number, kept.number))
    drill.do(CAM, lambda tx, here: notices.edit(tx, here, row.number, TITLE, row.body))
    with pytest.raises(NotReady, match="must say that this is a drill"):
        drill.do(CAM, lambda tx, here: approving.submit(tx, here, row.number))


def test_a_private_incident_is_never_on_the_page(private: Story) -> None:
    row = drafted(private)
    private.do(CAM, lambda tx, here: approving.submit(tx, here, row.number))
    private.do(ADA, lambda tx, here: approving.approve(tx, here, row.number, row.digest))
    private.do(CAM, lambda tx, here: publish.publish(tx, here, row.number))
    private.outside.settle()
    after = fresh(private, row)
    assert after.state == "published" and after.on_page_at is None
    assert not private.run.house.read_sync(lambda s: queries.on_page(s, row.drafted_at))


def test_a_place_that_fails_is_seen_and_does_not_hold_the_others(story: Story) -> None:
    row = approved(story)
    story.outside.broken.add("notice.post")
    story.do(CAM, lambda tx, here: publish.publish(tx, here, row.number))
    story.outside.settle()
    after = fresh(story, row)
    assert after.state == "publishing" and after.on_page_at is not None
    said = story.do(CAM, lambda tx, here: publish.finish(tx, here, row.number))
    assert "without the notice channel" in said and fresh(story, row).state == "published"


def test_answers_go_into_a_text_that_people_have_worked_on(story: Story) -> None:
    kept = story.do(CAM, lambda tx, row: notices.draft(tx, row, "status_page", "first"))
    row = story.see(lambda s, here: queries.notice(s, here.number, kept.number))
    assert "We do not know yet: which parts are touched." in row.body
    story.do(
        CAM, lambda tx, here: notices.edit(tx, here, row.number, TITLE, "Hello all.\n\n" + row.body)
    )
    story.do(
        CAM, lambda tx, here: notices.answer_facts(tx, here, row.number, {"scope": "Chat only."})
    )
    after = fresh(story, row)
    assert after.title == TITLE and after.body.startswith("Hello all.\n\n")
    assert (
        "Where: Chat only." in after.body
        and "We do not know yet: what you can do meanwhile." in after.body
    )


def test_the_same_facts_are_proposed_for_every_audience(story: Story) -> None:
    drafted(story)
    kept = story.do(CAM, lambda tx, row: notices.draft(tx, row, "users", "first"))
    row = story.see(lambda s, here: queries.notice(s, here.number, kept.number))
    assert FACTS["what_happened"] in row.body and "INC-" not in row.body


def test_what_waits_for_me(story: Story) -> None:
    row = submitted(story)
    content = story.run.house.env.content

    def mine(person: str) -> list[int]:
        return [
            n.number for _, n in story.see(lambda s, _: queries.waiting_for(s, content, person))
        ]

    assert mine(ADA) == [row.number] and mine(CAM) == [] and mine(LEE) == []
    story.do(ADA, lambda tx, here: approving.approve(tx, here, row.number, row.digest))
    assert mine(ADA) == []
    drafts = story.see(lambda s, _: queries.drafts_of(s, CAM))
    assert [n.number for _, n in drafts] == [row.number]
