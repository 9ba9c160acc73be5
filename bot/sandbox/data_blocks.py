"""Blocks that show data: tables, charts.

Limits are Slack's documented ones (docs.slack.dev/reference/block-kit/blocks, read 2026).
"""

from __future__ import annotations

from typing import Any

from bot.sandbox.checks import (
    Check,
    Report,
    Shape,
    anything,
    array,
    block_shape,
    exactly_one,
    integer,
    one_of,
    string,
    texts,
)

CELLS = 10_000


_CELL_KINDS: dict[str, Check] = {
    "raw_text": Shape(
        {"type": anything, "text": string(low=1, code="table.cell.min")}, ("type", "text")
    ),
    "raw_number": Shape(
        {"type": anything, "text": string(low=1, code="table.cell.min"), "value": anything},
        ("type",),
    ),
    "rich_text": Shape({"type": anything, "elements": array(anything)}, ("type", "elements")),
}


def _cell(value: Any, at: str, report: Report) -> None:
    kind = value.get("type") if isinstance(value, dict) else None
    check = _CELL_KINDS.get(str(kind))
    if check is None:
        report.fault("schema", f"unsupported type: {kind}", f"{at}/type")
    else:
        check(value, at, report)


def _cell_texts(value: Any) -> int:
    return sum(len(t) for t in texts(value))


def _table_chars(value: dict[str, Any], at: str, report: Report) -> None:
    if _cell_texts(value.get("rows", [])) > CELLS:
        report.fault("table.chars", f"more than {CELLS} characters in all cells", at)


def _data_rows(value: dict[str, Any], at: str, report: Report) -> None:
    rows = [r for r in value.get("rows", []) if isinstance(r, list)]
    if not rows:
        return
    if any(len(r) != len(rows[0]) for r in rows):
        report.fault("data_table.ragged", "every row must be as long as the header", at)
    if any(isinstance(c, dict) and c.get("type") == "rich_text" for c in rows[0]):
        report.fault("data_table.header", "no rich_text in the header row", at)
    if len(rows) > 101:
        report.advise("data_table.rows.likely", "stay within 101 rows", at)


_LABEL = string(20, 1, code="chart.label.max")
_SEGMENT = Shape({"label": _LABEL, "value": anything}, ("label", "value"))
_SERIES = Shape(
    {"name": _LABEL, "data": array(_SEGMENT, 1, 20, code="chart.points.count")}, ("name", "data")
)
_AXIS = Shape(
    {
        "categories": array(_LABEL, 1, 20, code="chart.points.count"),
        "x_label": string(50, code="chart.title.max"),
        "y_label": string(50, code="chart.title.max"),
    },
    ("categories",),
)


def _points(value: dict[str, Any], at: str, report: Report) -> None:
    categories = (value.get("axis_config") or {}).get("categories")
    if not isinstance(categories, list):
        return
    for series in value.get("series", []):
        if isinstance(series, dict) and len(series.get("data", [])) != len(categories):
            report.fault("chart.points.count", "one point for each category", at)


_CHART = Shape(
    {
        "type": one_of("line", "bar", "area", "pie"),
        "series": array(_SERIES, 1, 12, code="chart.series.count"),
        "segments": array(_SEGMENT, 1, 12, code="chart.series.count"),
        "axis_config": _AXIS,
    },
    ("type",),
    (exactly_one("schema", "series", "segments"), _points),
)

DATA_BLOCKS: dict[str, Shape] = {
    "table": block_shape(
        {
            "rows": array(
                array(_cell, 1, 20, code="table.cells.count"), 1, 100, code="table.rows.count"
            ),
            "column_settings": array(anything, 0, 20, code="table.columns.count"),
        },
        ("rows",),
        (_table_chars,),
    ),
    "data_table": block_shape(
        {
            "rows": array(
                array(_cell, 1, 20, code="data_table.cells.count"),
                2,
                201,
                code="data_table.rows.count",
            ),
            "caption": string(),
            "page_size": integer(1, 100, code="data_table.page_size"),
            "row_header_column_index": integer(0),
        },
        ("rows",),
        (_table_chars, _data_rows),
    ),
    "data_visualization": block_shape(
        {"title": string(50, code="chart.title.max"), "chart": _CHART}, ("chart",)
    ),
}
