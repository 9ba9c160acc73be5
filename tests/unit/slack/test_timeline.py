"""The timeline in Slack: roles by title, one line an entry, the whole one when asked for."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from bot.record import catalogue as c
from bot.record import timeline
from bot.record.entry import Recorded
from bot.slack.decisions import _decision_said
from bot.slack.overview import LINE, timeline_blocks
from db.tables import Incident

NOW = datetime(2026, 1, 2, 3, 4, tzinfo=UTC)
TITLES = {"ml": "Model on-call", "commander": "Incident commander", "comms": "Comms lead"}


def recorded(entry: Any, role: str | None = "commander") -> Recorded:
    return Recorded(7, 1, 7, NOW, NOW, "U01ADA", role, "slash", None, entry)


def test_roles_are_said_by_title() -> None:
    line = timeline.line(recorded(c.RoleOffered(role="ml", holder="U2")), TITLES)
    assert (line.text, line.role) == ("Asked <@U2> to be Model on-call", "Incident commander")
    given = c.ApprovalGiven(number=1, digest="d", roles=["comms", "ml"], complete=True)
    assert "Comms lead, Model on-call" in timeline.words(recorded(given), TITLES)
    refused = c.PermissionDenied(verb="resolve", needs="commander, user:U9")
    assert "Incident commander, user:U9" in timeline.words(recorded(refused), TITLES)
    assert timeline.line(recorded(c.NoteAdded(text="x"), "gone"), TITLES).role == "gone"


def test_a_huge_note_is_one_line_with_the_way_to_the_whole() -> None:
    row = Incident(number=1, title="t", opened_by="U1", opened_at=NOW, channel_name="c")
    lines = [timeline.line(recorded(c.NoteAdded(text="all of it\n" * 300)), TITLES)]
    text = str(timeline_blocks(row, lines, 0))
    assert "…" in text and text.count("all of it") < LINE / len("all of it")
    assert "`/incident timeline NUMBER`" in text


def test_a_long_decision_is_cut_in_the_channel_and_says_where_it_is() -> None:
    params = {"n": 12, "by": "U1", "statement": "s" * 2000, "why": "w" * 2000}
    text = str(_decision_said(None, None, params).blocks)  # type: ignore[arg-type]
    assert len(text) < 900 and "`/incident timeline 12`" in text
    short = str(_decision_said(None, None, {**params, "statement": "Off", "why": ""}).blocks)  # type: ignore[arg-type]
    assert "timeline" not in short
