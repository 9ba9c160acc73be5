"""What the suite itself calls «at rest»: what is due or was begun is not, what lies ahead is."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from sqlmodel import Session

from db.engine import open_engines
from db.tables import EffectRow
from tests.faults.town import JUST_NOW, Town

SECOND = timedelta(seconds=1)


@pytest.mark.parametrize(
    ("given", "waits", "lost"),
    [
        pytest.param({"kind": "house.checkpoint", "next_at": 1}, False, False, id="a second ahead"),
        pytest.param({"kind": "house.checkpoint", "next_at": -0.5}, True, False, id="just due"),
        pytest.param({"kind": "house.checkpoint", "next_at": -9}, True, True, id="overdue"),
        pytest.param(
            {"kind": "house.cadence", "next_at": 9, "attempts": 1}, True, True, id="tried in vain"
        ),
        pytest.param(
            {"kind": "house.cadence", "next_at": -9, "state": "inflight"}, True, True, id="begun"
        ),
        pytest.param({"kind": "channel.say", "next_at": 9}, True, True, id="a message to come"),
        pytest.param(
            {"kind": "channel.say", "next_at": -9, "after": "never"}, False, False, id="held back"
        ),
        pytest.param({"kind": "file.append", "created_at": -0.5}, True, False, id="new"),
        pytest.param({"kind": "file.append", "created_at": 60}, True, True, id="clock set back"),
    ],
)
def test_at_rest_is_what_lies_ahead(
    file_url: str, tmp_path: Path, given: dict[str, Any], waits: bool, lost: bool
) -> None:
    now = datetime.now(UTC)
    times = {"created_at": -60, "next_at": -60} | given
    times = {name: now + SECOND * times[name] for name in ("created_at", "next_at")}
    engines = open_engines(file_url)
    with Session(engines.write) as session:
        row = EffectRow(**({"key": "one", "lane": "one", "payload": {}} | given | times))
        session.add(row)
        session.commit()
    town = Town(SimpleNamespace(), file_url, tmp_path, engines)  # type: ignore[arg-type]
    assert [row.key for row in town.waiting()] == ["one"] * waits
    assert [row.key for row in town.waiting(JUST_NOW)] == ["one"] * lost
    engines.dispose()
