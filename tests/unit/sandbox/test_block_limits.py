"""Every documented limit of blocks and elements: one block just over it is refused by its name."""

from __future__ import annotations

import copy
import re
from pathlib import Path
from typing import Any

import pytest

import bot.sandbox
from bot.sandbox.blocks import ALLOWED, BLOCKS, check_blocks
from bot.sandbox.checks import Report
from bot.sandbox.elements import ELEMENTS

Json = dict[str, Any]


def plain(n: int | str = "x") -> Json:
    return {"type": "plain_text", "text": n if isinstance(n, str) else "x" * n}


def mrkdwn(text: str) -> Json:
    return {"type": "mrkdwn", "text": text}


def option(text: int | str = "x", value: str = "v", **more: Any) -> Json:
    return {"text": plain(text), "value": value, **more}


def options(n: int) -> list[Json]:
    return [option(value=str(i)) for i in range(n)]


def section(**more: Any) -> Json:
    return {"type": "section", "text": mrkdwn("x"), **more}


def button(**more: Any) -> Json:
    return {"type": "button", "text": plain(), "action_id": "a", **more}


def actions(*elements: Json, **more: Any) -> Json:
    return {"type": "actions", "elements": list(elements), **more}


def form(element: Json, **more: Any) -> Json:
    return {"type": "input", "label": plain(), "element": {"action_id": "a", **element}, **more}


def select(**more: Any) -> Json:
    return {"type": "static_select", "options": options(1), **more}


def confirm(**more: Any) -> Json:
    whole = {"title": plain(), "text": plain(), "confirm": plain(), "deny": plain()}
    return whole | more


def cell(text: str = "x") -> Json:
    return {"type": "raw_text", "text": text}


def table(rows: list[list[Json]], kind: str = "table", **more: Any) -> Json:
    return {"type": kind, "rows": rows, **more}


def image(**more: Any) -> Json:
    return {"type": "image", "alt_text": "x", "image_url": "https://x.example/y.png", **more}


def video(**more: Any) -> Json:
    address = "https://x.example/v"
    base = {"type": "video", "alt_text": "x", "title": plain(), "thumbnail_url": address}
    return base | {"video_url": address} | more


def chart(**more: Any) -> Json:
    points = [{"label": "a", "value": 1}]
    drawn = {
        "type": "line",
        "series": [{"name": "s", "data": points}],
        "axis_config": {"categories": ["a"]},
    }
    return {"type": "data_visualization", "title": "t", "chart": drawn | more}


def card(**more: Any) -> Json:
    return {"type": "card", "title": plain(), **more}


def container(**more: Any) -> Json:
    return {"type": "container", "title": plain(), "child_blocks": [section()], **more}


def feedback(n: int) -> Json:
    one = {"text": plain(n), "value": "v"}
    return {"type": "feedback_buttons", "positive_button": one, "negative_button": one}


LONG = "https://x.example/" + "y" * 3000
TOO_MANY_GROUPS = [{"label": plain(), "options": options(1)}] * 101
CASES: list[tuple[str, str, list[Json]]] = [
    ("text.min", "message", [section(text=plain(""))]),
    ("text.max", "message", [{"type": "context", "elements": [plain(3001)]}]),
    ("block_id.max", "message", [section(block_id="b" * 256)]),
    ("block_id.min", "message", [section(block_id="")]),
    ("block_id.unique", "message", [section(block_id="b"), section(block_id="b")]),
    ("action_id.max", "message", [actions(button(action_id="a" * 256))]),
    ("action_id.min", "message", [actions(button(action_id=""))]),
    ("action_id.unique", "message", [actions(button(), button())]),
    ("focus_on_load.one", "modal", [form(select(focus_on_load=True))] * 2),
    ("placeholder.max", "modal", [form(select(placeholder=plain(151)))]),
    ("message.blocks.max", "message", [section()] * 51),
    ("view.blocks.max", "home", [section()] * 101),
    ("blocks.min", "modal", []),
    ("section.content", "message", [{"type": "section"}]),
    ("section.text.max", "message", [section(text=plain(3001))]),
    ("section.fields.count", "message", [section(fields=[plain()] * 11)]),
    ("section.fields.count", "message", [section(fields=[])]),
    ("section.field.max", "message", [section(fields=[plain(2001)])]),
    ("header.text.max", "message", [{"type": "header", "text": plain(151)}]),
    ("context.elements.count", "message", [{"type": "context", "elements": [plain()] * 11}]),
    ("context.elements.count", "message", [{"type": "context", "elements": []}]),
    ("actions.elements.count", "home", [actions(*[button(action_id=f"{i}") for i in range(26)])]),
    ("actions.elements.count", "home", [actions()]),
    (
        "context_actions.elements.count",
        "message",
        [
            {
                "type": "context_actions",
                "elements": [feedback(1) | {"action_id": f"{i}"} for i in range(6)],
            }
        ],
    ),
    ("feedback.text.max", "message", [{"type": "context_actions", "elements": [feedback(76)]}]),
    ("image.alt.max", "message", [image(alt_text="x" * 2001)]),
    ("image.url.max", "message", [image(image_url=LONG)]),
    ("image.title.max", "message", [image(title=plain(2001))]),
    ("url.http", "message", [image(image_url="ftp://x.example/y.png")]),
    ("url.http", "message", [actions(button(url="javascript:alert(1)"))]),
    ("input.label.max", "modal", [form(select()) | {"label": plain(2001)}]),
    ("input.hint.max", "modal", [form(select(), hint=plain(2001))]),
    ("input.file.dispatch", "modal", [form({"type": "file_input"}, dispatch_action=True)]),
    ("markdown.text.max", "message", [{"type": "markdown", "text": "x" * 12001}]),
    ("markdown.text.max", "message", [{"type": "markdown", "text": "x" * 6001}] * 2),
    ("video.title.max", "message", [video(title=plain(200))]),
    ("video.author.max", "message", [video(author_name="x" * 50)]),
    ("video.url.https", "message", [video(video_url="http://x.example/v")]),
    ("table.rows.count", "message", [table([[cell()]] * 101)]),
    ("table.cells.count", "message", [table([[cell()] * 21])]),
    ("table.columns.count", "message", [table([[cell()]], column_settings=[{}] * 21)]),
    ("table.cell.min", "message", [table([[cell("")]])]),
    ("table.one", "message", [table([[cell()]]), table([[cell()]])]),
    ("data_table.rows.count", "message", [table([[cell()]], "data_table")]),
    ("data_table.rows.count", "message", [table([[cell()]] * 202, "data_table")]),
    ("data_table.cells.count", "message", [table([[cell()] * 21] * 2, "data_table")]),
    ("data_table.ragged", "message", [table([[cell()] * 2, [cell()]], "data_table")]),
    (
        "data_table.header",
        "message",
        [table([[{"type": "rich_text", "elements": []}], [cell()]], "data_table")],
    ),
    ("data_table.page_size", "message", [table([[cell()]] * 2, "data_table", page_size=101)]),
    ("table.chars", "message", [table([[cell("x" * 5001)], [cell("x" * 5000)]])]),
    ("card.content", "message", [{"type": "card"}]),
    ("card.title.max", "message", [card(title=plain(151))]),
    ("card.body.max", "message", [card(body=plain(201))]),
    ("card.actions.count", "message", [card(actions=[button()] * 4)]),
    ("carousel.elements.count", "message", [{"type": "carousel", "elements": [card()] * 11}]),
    ("container.title", "message", [{"type": "container", "child_blocks": [section()]}]),
    ("container.title.max", "message", [container(title=plain(151))]),
    ("container.children.count", "message", [container(child_blocks=[section()] * 11)]),
    ("container.collapse", "message", [container(default_collapsed=True)]),
    ("alert.text.max", "modal", [{"type": "alert", "text": plain(201)}]),
    ("chart.title.max", "message", [chart() | {"title": "x" * 51}]),
    ("chart.label.max", "message", [chart(axis_config={"categories": ["x" * 21]})]),
    (
        "chart.series.count",
        "message",
        [chart(series=[{"name": "s", "data": [{"label": "a", "value": 1}]}] * 13)],
    ),
    ("chart.points.count", "message", [chart(axis_config={"categories": ["a", "b"]})]),
    ("chart.per_message", "message", [chart()] * 3),
    ("surface.block", "modal", [{"type": "markdown", "text": "x"}]),
    ("surface.block", "message", [{"type": "alert", "text": plain()}]),
    ("surface.element", "message", [form({"type": "file_input"})]),
    ("file.block", "message", [{"type": "file", "external_id": "x", "source": "remote"}]),
    ("button.text.max", "message", [actions(button(text=plain(76)))]),
    ("button.value.max", "message", [actions(button(value="x" * 2001))]),
    ("button.url.max", "message", [actions(button(url=LONG))]),
    ("button.a11y.max", "message", [actions(button(accessibility_label="x" * 76))]),
    ("button.agent_prompt.max", "message", [actions(button(agent_prompt="x" * 4001))]),
    ("option.text.max", "message", [actions(select(options=[option(76)]))]),
    ("option.value.max", "message", [actions(select(options=[option(value="v" * 151)]))]),
    ("option.value.required", "message", [actions(select(options=[{"text": plain()}]))]),
    (
        "option.description.max",
        "message",
        [actions(select(options=[option(description=plain(76))]))],
    ),
    (
        "option.url.max",
        "message",
        [actions({"type": "overflow", "options": [option(url=LONG)]})],
    ),
    (
        "option.url.overflow",
        "message",
        [actions(select(options=[option(url="https://x.example")]))],
    ),
    ("option.initial", "message", [actions(select(initial_option=option(value="other")))]),
    ("select.source", "message", [actions({"type": "static_select"})]),
    ("select.options.count", "message", [actions(select(options=options(101)))]),
    (
        "select.groups.count",
        "message",
        [actions({"type": "static_select", "option_groups": TOO_MANY_GROUPS})],
    ),
    (
        "group.options.count",
        "message",
        [
            actions(
                {
                    "type": "static_select",
                    "option_groups": [{"label": plain(), "options": options(101)}],
                }
            )
        ],
    ),
    (
        "group.label.max",
        "message",
        [
            actions(
                {
                    "type": "static_select",
                    "option_groups": [{"label": plain(76), "options": options(1)}],
                }
            )
        ],
    ),
    ("choice.options.count", "modal", [form({"type": "radio_buttons", "options": options(11)})]),
    ("choice.options.count", "modal", [form({"type": "checkboxes", "options": options(11)})]),
    ("overflow.options.count", "message", [actions({"type": "overflow", "options": options(6)})]),
    (
        "select.max_selected",
        "modal",
        [form({"type": "multi_users_select", "max_selected_items": 0})],
    ),
    ("date.format", "modal", [form({"type": "datepicker", "initial_date": "2026-13-01"})]),
    ("time.format", "modal", [form({"type": "timepicker", "initial_time": "24:00"})]),
    ("datetime.format", "modal", [form({"type": "datetimepicker", "initial_date_time": 5})]),
    (
        "number.bounds",
        "modal",
        [
            form(
                {
                    "type": "number_input",
                    "is_decimal_allowed": False,
                    "min_value": "5",
                    "max_value": "4",
                }
            )
        ],
    ),
    (
        "number.bounds",
        "modal",
        [form({"type": "number_input", "is_decimal_allowed": False, "min_value": "1.5"})],
    ),
    ("input.length.bounds", "modal", [form({"type": "plain_text_input", "max_length": 3001})]),
    (
        "input.length.bounds",
        "modal",
        [form({"type": "plain_text_input", "min_length": 9, "max_length": 8})],
    ),
    (
        "input.initial.max",
        "modal",
        [form({"type": "plain_text_input", "initial_value": "xxx", "max_length": 2})],
    ),
    ("file_input.max_files", "modal", [form({"type": "file_input", "max_files": 11})]),
    ("rich_input.lines", "modal", [form({"type": "rich_text_input", "max_lines": 101})]),
    ("confirm.title.max", "message", [actions(button(confirm=confirm(title=plain(101))))]),
    ("confirm.text.max", "message", [actions(button(confirm=confirm(text=plain(301))))]),
    ("confirm.button.max", "message", [actions(button(confirm=confirm(deny=plain(31))))]),
    ("confirm.required", "message", [actions(button(confirm={"title": plain(), "text": plain()}))]),
    (
        "response_url_enabled",
        "message",
        [actions({"type": "channels_select", "response_url_enabled": True})],
    ),
    ("id.channel", "modal", [form({"type": "channels_select", "initial_channel": "general"})]),
    ("id.user", "modal", [form({"type": "users_select", "initial_user": "ada"})]),
    ("schema", "message", [{"type": "sektion"}]),
    ("schema", "message", [section(colour="red")]),
    ("schema", "message", [section(text="just a string")]),
    ("schema", "message", [section(accessory={"type": "plain_text_input"})]),
    ("schema", "message", [actions(button(style="default"))]),
    ("schema", "message", [{"type": "header", "text": mrkdwn("x")}]),
    ("schema", "message", [actions({"type": "button", "action_id": "a"})]),
    ("schema", "message", ["no object"]),  # type: ignore[list-item]
    ("schema", "modal", [form({"type": "button", "text": plain()})]),
]


def problems(surface: str, blocks: Any) -> Report:
    report = Report(surface)
    check_blocks(blocks, "/blocks", report)
    return report


@pytest.mark.parametrize(("code", "surface", "blocks"), CASES, ids=lambda v: str(v)[:40])
def test_over_the_limit_is_refused(code: str, surface: str, blocks: list[Json]) -> None:
    report = problems(surface, blocks)
    assert code in {f.code for f in report.faults}, report.messages
    assert all("[json-pointer:/blocks" in m for m in report.messages)


AT_THE_LIMIT: list[tuple[str, list[Json]]] = [
    ("message", [section(text=plain(3000), fields=[plain(2000)] * 10)]),
    ("message", [actions(*[button(action_id=f"{i}", text=plain(75)) for i in range(25)])]),
    ("message", [section()] * 50),
    ("home", [section()] * 100),
    ("message", [{"type": "header", "text": plain(150)}, {"type": "divider"}]),
    ("message", [actions(select(options=options(100), placeholder=plain(150)))]),
    ("message", [actions(button(confirm=confirm(title=plain(100), text=plain(300))))]),
    ("message", [table([[cell()] * 20] * 100)]),
    ("message", [table([[cell()] * 20] * 101, "data_table", page_size=100)]),
    (
        "message",
        [
            chart(),
            chart(),
            image(),
            video(),
            container(),
            card(),
            {"type": "markdown", "text": "*"},
        ],
    ),
    ("message", [section(accessory={"type": "overflow", "action_id": "o", "options": options(5)})]),
    (
        "modal",
        [form(select()), form({"type": "plain_text_input", "min_length": 0, "max_length": 3000})],
    ),
    ("modal", [form({"type": "conversations_select", "response_url_enabled": True})]),
    (
        "modal",
        [
            form(
                {
                    "type": "number_input",
                    "is_decimal_allowed": True,
                    "min_value": "0.5",
                    "initial_value": "1",
                }
            )
        ],
    ),
    ("modal", [form({"type": "datetimepicker", "initial_date_time": 1795239557})]),
    ("modal", [{"type": "alert", "text": plain(200), "level": "warning"}]),
]


@pytest.mark.parametrize(("surface", "blocks"), AT_THE_LIMIT, ids=lambda v: str(v)[:40])
def test_at_the_limit_is_taken(surface: str, blocks: list[Json]) -> None:
    before = copy.deepcopy(blocks)
    assert problems(surface, blocks).messages == []
    assert blocks == before


ADVICE: list[tuple[str, str, list[Json]]] = [
    ("blocks.empty", "message", []),
    ("blocks.total", "message", [section(text=plain(2900))] * 5),
    ("button.text.clip", "message", [actions(button(text=plain(31)))]),
    (
        "button.primary.one",
        "message",
        [actions(button(style="primary"), button(action_id="b", style="primary"))],
    ),
    ("option.value.unique", "message", [actions(select(options=[option(), option("y")]))]),
    ("data_table.rows.likely", "message", [table([[cell()]] * 102, "data_table")]),
    ("surface.element.unsure", "message", [form({"type": "url_text_input"})]),
    ("mrkdwn.unescaped", "message", [section(text=mrkdwn("a & b"))]),
    ("mrkdwn.unescaped", "message", [section(text=mrkdwn("if x < y"))]),
    ("mrkdwn.broadcast", "message", [section(text=mrkdwn("<!channel> now"))]),
    (
        "mrkdwn.link_spoof",
        "message",
        [section(text=mrkdwn("<https://evil.example|https://slack.com>"))],
    ),
]


@pytest.mark.parametrize(("code", "surface", "blocks"), ADVICE, ids=lambda v: str(v)[:40])
def test_advice_is_given_and_nothing_refused(code: str, surface: str, blocks: list[Json]) -> None:
    report = problems(surface, blocks)
    assert report.messages == []
    assert code in {a.code for a in report.advice}


def test_escaped_text_with_mentions_and_dates_gives_no_advice() -> None:
    text = "> a &amp; b &lt; c <@U01ADA> <#C0|x> <!date^1^{date}|then> <https://x.example|here>"
    assert problems("message", [section(text=mrkdwn(text))]).advice == []


def test_every_limit_that_the_code_names_is_in_the_tables() -> None:
    folder = Path(bot.sandbox.__file__).parent
    source = "".join((folder / f"{m}.py").read_text() for m in ("blocks", "elements", "checks"))
    named = set(re.findall(r'"([a-z_]+(?:\.[a-z_0-9]+)+)"', source))
    tested = {code for code, _, _ in [*CASES, *ADVICE]}
    assert named - tested == set()


def test_every_block_and_element_has_a_place() -> None:
    assert set(BLOCKS) == set().union(*ALLOWED.values())
    assert len(ELEMENTS) > 25
