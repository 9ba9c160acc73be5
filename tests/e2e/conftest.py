"""Stories are told in a world: Slack, the bot and people, over HTTP or Socket Mode."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.support.houses import assert_proven
from tests.support.world import World, make_world


@pytest.fixture
async def world(db_url: str, tmp_path: Path) -> AsyncIterator[World]:
    """Over HTTP, on SQLite and on PostgreSQL. Afterwards the record must hold."""
    async with make_world(db_url, tmp_path) as made:
        yield made
        assert_proven(made.house)
        assert not made.slack.mistakes, made.slack.mistakes


@pytest.fixture
async def sqlite_world(sqlite_template: Path, tmp_path: Path) -> AsyncIterator[World]:
    """Over HTTP, on SQLite only: for what does not depend on the database."""
    from tests.support.databases import sqlite_copy

    async with make_world(sqlite_copy(sqlite_template, tmp_path), tmp_path) as made:
        yield made
        assert_proven(made.house)


@pytest.fixture
async def socket_world(sqlite_template: Path, tmp_path: Path) -> AsyncIterator[World]:
    """Through Socket Mode."""
    from tests.support.databases import sqlite_copy

    url = sqlite_copy(sqlite_template, tmp_path)
    async with make_world(url, tmp_path, socket=True) as made:
        yield made
        assert_proven(made.house)
