"""What a document says, and what it must never show, in every format."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from html.parser import HTMLParser

import pytest
from markdown_it import MarkdownIt

from bot.postmortem import render_html
from bot.postmortem.export import FORMATS, render
from bot.postmortem.model import Document
from tests.support.afterwards import LINK


def test_it_says_what_the_record_says(plain: Document) -> None:
    made = plain
    assert (made.ref, made.severity, made.tempo, made.status) == (
        "INC-1",
        "SEV2",
        "rolling",
        "resolved",
    )
    assert made.families == ("Toxic or harmful output",)
    assert [(one.key, one.seconds and one.seconds // 60) for one in made.milestones] == [
        ("detected", None), ("opened", 12), ("first_update", 9), ("contained", 24), ("resolved", 204),
    ]  # fmt: skip
    assert made.severity_rules and made.severity_rules[0].id == "R1"
    assert [one.title for one in made.written if not one.text] == [
        "Impact: duration",
        "What was hard",
    ]
    impact = {one.question: one.answer for one in made.impact}
    assert impact["How many people are affected?"] == "10 to 999", "also while nobody wrote it yet"
    assert all(one.entry for one in made.impact)
    assert made.factors[0].entries == (2, 4)
    assert [one.id for one in made.modules][:1] == ["base.first-15"]
    assert all(re.fullmatch("[0-9a-f]{64}", one.sha256) for one in made.modules)
    assert {one.state for one in made.criteria} == {"waived", "open"}
    assert made.actions[0].owner == "Model on-call"


@pytest.mark.parametrize("form", ["md", "html"])
def test_the_impact_that_the_record_holds_is_in_it(plain: Document, form: str) -> None:
    text = render(plain, form).decode()
    impact = text.partition("Impact")[2].partition("Contributing factors")[0]
    assert "10 to 999" in impact and "private data out" in impact


def test_decisions_and_hypotheses_are_whole(plain: Document) -> None:
    made = plain
    decision = made.decisions[0]
    assert decision.statement == "Roll back to prompt v41" and decision.chosen == "Roll back"
    assert [(one.label, one.harm_reduction, one.side_effects) for one in decision.options] == [
        ("Roll back", "stops at once", "Fixes are lost"), ("Wait", "", ""),
    ]  # fmt: skip
    assert decision.dissent == ("Model on-call wanted a filter first",)
    assert decision.role == "Incident commander 1" and decision.reversibility == "reversible"
    assert (made.hypotheses[0].status, made.hypotheses[0].by) == ("supported", decision.facts)


def test_late_corrected_and_withdrawn_entries_say_so(plain: Document) -> None:
    lines = plain.timeline
    assert [line.at for line in lines] == sorted(line.at for line in lines)
    late = next(line for line in lines if line.text == "The canary looked fine")
    assert late.late and late.late_reason == "the tool was down" and late.entered_at > late.at
    corrected = next(line for line in lines if line.corrected_by)
    assert corrected.text == "It began on Tuesday"
    assert any(line.n == corrected.corrected_by for line in lines)
    withdrawn = next(line for line in lines if line.withdrawn_by)
    assert (withdrawn.text, withdrawn.withdrawn_reason) == (
        "The vendor is down",
        "It was another vendor",
    )
    message = next(line for line in lines if line.kind == "message.captured")
    assert (message.role, message.link) == ("Colleague 1", LINK)


def test_people_are_roles_and_a_handover_keeps_both_apart(plain: Document) -> None:
    made = plain
    roles = {line.role for line in made.timeline}
    assert {"Incident commander 1", "Incident commander 2", "Model on-call", "Steadyhand"} <= roles
    took = next(line for line in made.timeline if line.kind == "role.handed_over")
    assert took.role == "Incident commander 2" and "from Incident commander 1" in took.text


@pytest.mark.parametrize("form", FORMATS)
def test_no_format_shows_an_id_of_a_person_or_markup_of_slack(hostile: Document, form: str) -> None:
    body = render(hostile, form).decode()
    assert not re.search(r"U0[0-9][A-Z]{3}|U0STRANGER|U09EVE", body)
    assert "<!channel" not in body and "<@" not in body and "subteam" not in body
    assert not re.search(r"[\x00-\x09\x0b-\x1f\u202a-\u202e\u2066-\u2069]", body)
    assert "HYPERLINK" in body and "7 * 7" in body.replace("\\", "")  # as text


@pytest.mark.parametrize("form", FORMATS)
def test_a_drill_is_marked_at_both_ends(drill: Document, form: str) -> None:
    body = render(drill, form).decode()
    if form == "json":
        assert json.loads(body)["drill"] is True
        return
    assert {"md": "# DRILL · INC-1 ", "html": "<title>DRILL · INC-1 "}[form] in body
    assert body.count("DRILL. This was an exercise") == 2


# --- HTML -------------------------------------------------------------------------------------


class _Seen(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))


def test_html_runs_nothing_and_loads_nothing(hostile: Document) -> None:
    page = render(hostile, "html").decode()
    seen = _Seen()
    seen.feed(page)
    names = {tag for tag, _ in seen.tags}
    assert not names & {
        "script",
        "img",
        "iframe",
        "object",
        "embed",
        "form",
        "input",
        "link",
        "base",
    }
    assert (
        sum(tag == "svg" for tag, _ in seen.tags) == 1
        and sum(tag == "h1" for tag, _ in seen.tags) == 1
    )
    for tag, attributes in seen.tags:
        assert not any(name.startswith("on") or name in ("src", "style") for name in attributes), (
            tag
        )
        target = attributes.get("href") or "#"
        assert target.startswith(("#e", LINK, "https://git.example/")) or target == "#"
    ids = [attributes["id"] for _, attributes in seen.tags if "id" in attributes]
    assert len(ids) == len(set(ids))
    anchors = {a["href"][1:] for _, a in seen.tags if (a.get("href") or "").startswith("#")}  # type: ignore[index]
    assert anchors <= set(ids)


def test_the_policy_allows_exactly_this_style_sheet(plain: Document) -> None:
    page = render(plain, "html").decode()
    style = re.search("<style>(.*?)</style>", page, re.DOTALL)
    assert style is not None
    digest = base64.b64encode(hashlib.sha256(style.group(1).encode()).digest()).decode()
    policy = re.search('Content-Security-Policy" content="([^"]*)"', page)
    assert policy is not None
    said = policy.group(1).replace("&#39;", "'")
    assert said.startswith("default-src 'none'") and f"'sha256-{digest}'" in said
    assert "unsafe" not in said and "</" not in style.group(1)


def test_the_picture_keeps_marks_apart_and_inside(plain: Document) -> None:
    way = render_html.way(plain)
    assert [mark.label for mark in way.marks] == ["1", "2", "3", "4", "5"]
    for one in way.marks:
        assert 0 < one.x < 100 and 10 <= one.y < way.line
        close = [o for o in way.marks if o is not one and abs(o.x - one.x) < 6]
        assert all(other.y != one.y for other in close)


# --- Markdown and JSON ---------------------------------------------------------------------------


def test_markdown_has_only_our_structure(hostile: Document) -> None:
    text = render(hostile, "md").decode()
    reader = MarkdownIt("commonmark").enable(["table", "strikethrough"])
    tokens = reader.parse(text)
    assert not any(token.type in ("html_block", "code_block", "fence", "hr") for token in tokens)
    children = [child for token in tokens for child in token.children or ()]
    assert not any(child.type in ("html_inline", "image") for child in children)
    targets = {str(c.attrs["href"]) for c in children if c.type == "link_open"}
    assert targets == {LINK, "https://git.example/prompts/v42"}
    headings = [tokens[i + 1].content for i, t in enumerate(tokens) if t.type == "heading_open"]
    assert sum(t.type == "heading_open" and t.tag == "h1" for t in tokens) == 1
    assert headings[1:4] == ["Summary", "Impact", "Contributing factors"]
    widths = {len(row) for row in _rows(tokens)}
    assert widths <= {3, 4, 5, 6, 7}


def _rows(tokens):  # type: ignore[no-untyped-def]
    row: list[str] = []
    for token in tokens:
        if token.type == "tr_open":
            row = []
        elif token.type in ("td_open", "th_open"):
            row.append(token.type)
        elif token.type == "tr_close":
            yield row


def test_json_reads_back_as_the_document(hostile: Document) -> None:
    made = hostile
    body = render(made, "json")
    assert Document.model_validate_json(body) == made
    assert b"<" not in body and json.loads(body)["timeline"][0]["at"].endswith("Z")
