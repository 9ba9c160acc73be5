"""A desk with three incidents: ``desk`` on SQLite, ``each_desk`` on PostgreSQL as well."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.security.desk import Desk, furnish, open_desk
from tests.support.databases import sqlite_copy
from tests.support.houses import assert_proven


@pytest.fixture
async def desk(sqlite_template: Path, tmp_path: Path) -> AsyncIterator[Desk]:
    """The door with three incidents behind it. Afterwards the record must hold."""
    async with open_desk(sqlite_copy(sqlite_template, tmp_path), tmp_path) as made:
        furnish(made.house)
        yield made
        await made.quiet()
        assert_proven(made.house)


@pytest.fixture
async def each_desk(db_url: str, tmp_path: Path) -> AsyncIterator[Desk]:
    """The same, once on each database: for what changes state."""
    async with open_desk(db_url, tmp_path) as made:
        furnish(made.house)
        yield made
        await made.quiet()
        assert_proven(made.house)
