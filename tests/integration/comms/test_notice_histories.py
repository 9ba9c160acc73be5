"""Over random histories: nothing is ever out unless that exact text was approved by others with
the right, and the record leads to the state."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.comms import approving, notices, publish, queries
from bot.comms.text import Text
from bot.errors import Refusal
from bot.incident import queries as incidents
from bot.record import catalogue as c
from bot.record.read import entries
from db.tables import Notice
from tests.integration.comms.conftest import ADA, CAM, LEE, MAL, PIA, Story
from tests.support.databases import sqlite_copy
from tests.support.houses import Run, assert_proven, make_house
from tests.support.outside import Outside

PEOPLE = st.sampled_from([ADA, CAM, LEE, PIA, MAL])
BODIES = st.sampled_from(
    [
        "All users wait. Please wait. Next update: today at 15:30 UTC. Contact: a@b.example",
        "All users can go on. Please wait. Next update: today at 16:30 UTC. Contact: a@b.example",
        "INC-1 is bad.",
    ]
)
ACTS = st.sampled_from(
    [
        "edit",
        "submit",
        "approve",
        "approve_old",
        "send_back",
        "publish",
        "withdraw",
        "later",
        "severity",
        "settle",
    ]
)


@dataclass
class History:
    """One notice, and what was tried with it."""

    story: Story
    number: int
    first: str

    def act(self, what: str, person: str, body: str) -> None:
        n, story = self.number, self.story
        row = story.see(lambda s, here: queries.notice(s, here.number, n))
        if what == "later":
            story.run.later(hours=2)
        elif what == "settle":
            story.outside.settle()
        else:
            verb = {
                "edit": lambda tx, here: notices.edit(tx, here, n, row.title, body),
                "submit": lambda tx, here: approving.submit(tx, here, n),
                "approve": lambda tx, here: approving.approve(tx, here, n, row.digest),
                "approve_old": lambda tx, here: approving.approve(tx, here, n, self.first),
                "send_back": lambda tx, here: approving.send_back(tx, here, n, row.digest, "No."),
                "publish": lambda tx, here: publish.publish(tx, here, n),
                "withdraw": lambda tx, here: notices.withdraw(tx, here, n, "no longer needed"),
                "severity": lambda tx, here: tx.append(
                    c.SeveritySet(severity="SEV3" if here.severity != "SEV3" else "SEV1", tempo="acute", families=[]), here.number
                ),
            }[what]  # fmt: skip
            try:
                story.do(person, verb)
            except Refusal:
                return


def released_rightly(history: History) -> None:
    """Every release on the record follows approvals of that digest, by enough others, still valid."""
    story = history.story
    content = story.run.house.env.content
    number = story.number
    text, digest = None, ""
    yes: dict[str, frozenset[str]] = {}
    authors: set[str] = set()
    severity = None
    for e in story.run.house.read_sync(lambda s: list(entries(s, number))):
        entry = e.entry
        if isinstance(entry, c.SeveritySet):
            severity = entry.severity
        elif isinstance(entry, c.NoticeDrafted | c.NoticeEdited):
            drafted = isinstance(entry, c.NoticeDrafted)
            audience, stage = (
                (entry.audience, entry.stage) if drafted else (text.audience, text.stage)
            )  # type: ignore[union-attr]
            text, digest = Text(audience, stage, entry.title, entry.body), entry.digest
            assert text.digest == digest
            yes, authors = {}, authors | {e.actor}
        elif isinstance(entry, c.NoticeSubmitted):
            yes, authors = {}, authors | {e.actor}
        elif isinstance(entry, c.NoticeReturned | c.NoticeWithdrawn):
            yes = {}
        elif isinstance(entry, c.NoticeApproved):
            assert entry.digest == digest and e.actor not in authors
            yes[e.actor] = frozenset(entry.roles)
        elif isinstance(entry, c.NoticeReleased):
            assert entry.digest == digest
            assert e.actor in (ADA, CAM)
            rule = queries.rule_for(content, text.audience, severity)  # type: ignore[union-attr]
            assert rule.complete(yes), (rule, yes)


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    audience=st.sampled_from(["users", "status_page"]),
    acts=st.lists(st.tuples(ACTS, PEOPLE, BODIES), min_size=4, max_size=25),
    kind=st.sampled_from(["real", "drill", "private"]),
)
def test_nothing_is_out_without_the_right_yes(
    sqlite_template: Path, audience: str, acts: list[tuple[str, str, str]], kind: str
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        house = make_house(sqlite_copy(sqlite_template, Path(folder)), Path(folder))
        outside = Outside(house)
        story = Story(Run(house), outside, drill=kind == "drill", private=kind == "private")
        kept = story.do(CAM, lambda tx, row: notices.draft(tx, row, audience, "first"))
        title = "DRILL: wrong titles" if kind == "drill" else "Wrong titles"
        good = "This is a drill. All users wait. Please wait. Next update: today at 15:30 UTC. Contact: a@b.example"
        kept = story.do(CAM, lambda tx, row: notices.edit(tx, row, kept.number, title, good))
        history = History(story, kept.number, kept.digest)
        # A rightful way is likely at the start of each history, so that many get somewhere.
        for act in [("submit", CAM, ""), ("approve", ADA, ""), *acts, ("settle", ADA, "")]:
            history.act(*act)
        released_rightly(history)
        row: Notice = story.see(lambda s, here: queries.notice(s, here.number, kept.number))
        if kind != "real":
            assert row.on_page_at is None
        if kind == "drill":
            assert not outside.of("notice.post")
        if outside.of("notice.post") or row.on_page_at:
            assert row.state in ("publishing", "published")
        assert story.see(lambda s, here: incidents.get(s, here.number)).number == story.number
        assert_proven(house)
        house.close()
