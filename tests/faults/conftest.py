"""Databases for towns: SQLite files and PostgreSQL databases that are there already."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.conftest import socket_world, sqlite_world, world  # noqa: F401 - fixtures
from tests.needs import CI
from tests.support.databases import sqlite_copy

#: Says what a test counted; shown at the end of the whole run.
Counts = Callable[[str], None]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The long forms run in CI, and when they are asked for by ``STEADYHAND_SLOW=1``."""
    if CI or os.environ.get("STEADYHAND_SLOW") == "1":
        return
    skip = pytest.mark.skip(reason="long form: set STEADYHAND_SLOW=1")
    for item in items:
        if "slow" in item.keywords:
            item.add_marker(skip)


@pytest.fixture
def file_url(sqlite_template: Path, tmp_path: Path) -> str:
    """A new SQLite file."""
    return sqlite_copy(sqlite_template, tmp_path)


@pytest.fixture
def pg_url(postgres: Any) -> Iterator[str]:
    """A new PostgreSQL database."""
    with postgres.database() as url:
        yield url


@pytest.fixture
def counts(record_property: Callable[[str, object], None]) -> Counts:
    """``counts("3 kills, 0 losses")``: a line for the end of the run, whoever ran the test."""
    return lambda line: record_property("counts", line)
