"""People become roles, Slack's markup becomes words, and control characters go."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from bot.playbook.load import load_content
from bot.postmortem.people import People
from bot.record import catalogue as c
from bot.record.entry import Entry, Recorded
from bot.settings import ROOT

NOW = datetime(2026, 11, 21, tzinfo=UTC)
ADA, SAM, MAX, EVE = "U01ADA", "U03SAM", "U02MAX", "U09EVE"


def _said(entry: Entry, actor: str, role: str | None = None) -> Recorded:
    return Recorded(1, 1, 1, NOW, NOW, actor, role, "slash", None, entry)


@pytest.fixture(scope="module")
def people() -> People:
    content = load_content(ROOT / "playbooks", ROOT / "comms_templates")
    opened = c.IncidentOpened(number=1, channel_name="inc-1", title="x", opener=ADA)
    return People(
        [
            _said(opened, ADA, "commander"),
            _said(c.RoleAccepted(role="ml", holder=MAX), MAX),
            _said(c.RoleHandedOver(role="commander", previous=ADA, holder=SAM), SAM),
            _said(c.RoleAccepted(role="comms", holder=ADA), ADA),
        ],
        content,
    )


@pytest.mark.parametrize(
    ("person", "role", "named"),
    [
        (ADA, "commander", "Incident commander 1"),
        (ADA, "comms", "Communications lead"),
        (ADA, None, "Incident commander 1"),  # without a role at that moment: the first one
        (ADA, "legal", "Incident commander 1"),  # a role never held is not believed
        (SAM, "commander", "Incident commander 2"),
        (MAX, "ml", "Model on-call"),
        (EVE, None, "Colleague 1"),
        ("U10BOB", None, "Colleague 2"),
        (EVE, None, "Colleague 1"),
        ("system", None, "Steadyhand"),
        ("cli:ann", None, "Operator"),
        ("[erased]", None, "unknown"),
        (None, None, "unknown"),
    ],
)
def test_names(people: People, person: str | None, role: str | None, named: str) -> None:
    assert people.named(person, role) == named


@pytest.mark.parametrize(
    ("text", "clean"),
    [
        ("ask <@U02MAX> and <@U02MAX|max>", "ask Model on-call and Model on-call"),
        ("ask <@U77NEW|eve>", "ask a colleague"),
        ("<!channel> <!here|here> <!subteam^S1|@oncall>", "@channel @here @oncall"),
        ("<!date^1|today> <!date^1^{date}>", "today a date"),
        ("<#C1|general> <#C2>", "#general a channel"),
        ("<https://a.example|label> <https://a.example>", "label (https://a.example) https://a.example"),
        ("<mailto:a@b.example|a@b.example>", "a@b.example"),
        ("a &lt;b&gt; <script>", "a &lt;b&gt; <script>"),  # typed by a person: stays as typed
        ("a\r\nb\rc\x00\x1b[31m\u202eend\ufeff", "a\nb\nc[31mend"),
    ],
)  # fmt: skip
def test_texts(people: People, text: str, clean: str) -> None:
    assert people.clean(text) == clean


def test_text_as_slack_sent_it_is_decoded_once(people: People) -> None:
    assert people.clean("&lt;@U02MAX&gt; &amp;lt; <@U02MAX>", from_slack=True) == (
        "<@U02MAX> &lt; Model on-call"
    )
