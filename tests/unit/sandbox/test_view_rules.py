"""What a view and the answer to a submission may carry."""

from __future__ import annotations

from typing import Any

import pytest

from bot.sandbox.view_rules import check_answer, check_view

Json = dict[str, Any]


def plain(n: int = 1) -> Json:
    return {"type": "plain_text", "text": "x" * n}


SECTION = {"type": "section", "text": plain()}
INPUT = {
    "type": "input",
    "block_id": "b",
    "label": plain(),
    "element": {"type": "plain_text_input", "action_id": "a"},
}


def modal(**more: Any) -> Json:
    return {"type": "modal", "title": plain(), "blocks": [SECTION], **more}


CASES = [
    ("view.title.max", "modal", modal(title=plain(25))),
    ("view.submit.max", "modal", modal(submit=plain(25))),
    ("view.submit.max", "modal", modal(close=plain(25))),
    ("view.submit.required", "modal", modal(blocks=[INPUT])),
    ("view.private_metadata.max", "modal", modal(private_metadata="x" * 3001)),
    ("view.callback_id.max", "modal", modal(callback_id="x" * 256)),
    ("view.external_id.max", "modal", modal(external_id="x" * 256)),
    ("view.type", "modal", {"type": "home", "blocks": [SECTION]}),
    ("view.type", "home", modal()),
    ("view.received", "modal", modal(id="V1")),
    ("view.received", "modal", modal(state={"values": {}})),
    ("view.size", "modal", modal(blocks=[{"type": "section", "text": plain(2900)}] * 99)),
    ("blocks.min", "home", {"type": "home", "blocks": []}),
    ("view.blocks.max", "home", {"type": "home", "blocks": [SECTION] * 101}),
    ("schema", "home", {"type": "home", "blocks": [SECTION], "title": plain()}),
    ("schema", "modal", {"type": "modal", "blocks": [SECTION]}),
    ("schema", "modal", "no view"),
]


@pytest.mark.parametrize(("code", "kind", "view"), CASES, ids=lambda v: str(v)[:40])
def test_what_slack_refuses_in_a_view(code: str, kind: str, view: Any) -> None:
    assert code in {f.code for f in check_view(view, kind).faults}


def test_a_good_view_passes() -> None:
    good = modal(
        title=plain(24),
        submit=plain(24),
        private_metadata="x" * 3000,
        blocks=[INPUT] + [SECTION] * 99,
    )
    assert check_view(good, "modal").faults == []
    assert check_view({"type": "home", "blocks": [SECTION] * 100}, "home").faults == []


ANSWERS: list[tuple[Any, bool]] = [
    ("", True),
    (None, True),
    ({"response_action": "clear"}, True),
    ({"response_action": "errors", "errors": {"b": "wrong"}}, True),
    ({"response_action": "update", "view": modal()}, True),
    ({"response_action": "push", "view": modal()}, True),
    ({"response_action": "errors", "errors": {}}, False),
    ({"response_action": "errors", "errors": {"other": "wrong"}}, False),
    ({"response_action": "errors", "errors": {"b": ""}}, False),
    ({"response_action": "update"}, False),
    ({"response_action": "update", "view": modal(title=plain(25))}, False),
    ({"response_action": "close"}, False),
    ({"text": "thanks"}, False),
]


@pytest.mark.parametrize(("answer", "good"), ANSWERS, ids=str)
def test_the_answer_to_a_submission(answer: Any, good: bool) -> None:
    assert (check_answer(answer, {"blocks": [INPUT]}) == []) is good
