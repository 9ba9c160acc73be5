"""Fixtures for every test. ``db_url`` and what stands on it run on SQLite and on PostgreSQL."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.house import House
from tests.needs import needs_postgres
from tests.support import databases, houses
from tests.support.houses import Run

FAULTS = Path(__file__).parent / "faults"
ENGINES = [
    pytest.param("sqlite", id="sqlite"),
    pytest.param("postgres", id="postgres", marks=needs_postgres),
]


MEMORY = Path("/dev/shm")
MEMORY_NEEDED = 2 << 30
_folders = pytest.StashKey[Path]()


def pytest_configure(config: pytest.Config) -> None:
    """Files of tests live in memory where there is room: on a disk that others fill, one commit can
    take many seconds. That a commit reaches the disk is SQLite's part, and no test can see it."""
    given = config.option.basetemp or hasattr(config, "workerinput")
    if given or not MEMORY.is_dir() or shutil.disk_usage(MEMORY).free < MEMORY_NEEDED:
        return
    config.stash[_folders] = Path(tempfile.mkdtemp(prefix="steadyhand-", dir=MEMORY))
    config.option.basetemp = str(config.stash[_folders] / "tests")


def pytest_unconfigure(config: pytest.Config) -> None:
    """Take the folder in memory away."""
    if folder := config.stash.get(_folders, None):
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated SQLite file, to be copied."""
    return databases.sqlite_template(tmp_path_factory.mktemp("sqlite"))


@pytest.fixture(scope="session")
def postgres() -> Iterator[databases.Postgres]:
    """A PostgreSQL server of this test process."""
    with databases.postgres_server() as server:
        yield server


@pytest.fixture(params=ENGINES)
def engine_name(request: pytest.FixtureRequest) -> str:
    """``sqlite`` or ``postgres``: a test that uses this runs once on each."""
    return str(request.param)


@pytest.fixture
def db_url(engine_name: str, request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The address of a new, migrated database."""
    if engine_name == "sqlite":
        yield databases.sqlite_copy(request.getfixturevalue("sqlite_template"), tmp_path)
        return
    with request.getfixturevalue("postgres").database() as url:
        yield url


@pytest.fixture
def empty_db_url(engine_name: str, request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The address of a new, empty database."""
    if engine_name == "sqlite":
        yield f"sqlite:///{tmp_path / 'empty.db'}"
        return
    with request.getfixturevalue("postgres").database(empty=True) as url:
        yield url


@pytest.fixture
def house(db_url: str, tmp_path: Path) -> Iterator[House]:
    """A house with the real content, without Slack."""
    made = houses.make_house(db_url, tmp_path)
    yield made
    made.close()


@pytest.fixture
def run(house: House) -> Run:
    """``run(person, verb)`` runs a verb in the house; ``run.later(minutes=5)`` moves the time."""
    return Run(house)


@pytest.fixture
def proven(house: House) -> Iterator[None]:
    """After the test the chain must hold and the state must follow from the record.

    For all tests of a file: ``pytestmark = pytest.mark.usefixtures("proven")``.
    """
    yield
    houses.assert_proven(house)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What takes minutes begins first, so that at the end no worker is left alone with it."""
    items.sort(
        key=lambda item: (item.get_closest_marker("slow") is None, item.path.parent != FAULTS)
    )


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """What tests counted (kills, losses, duplicates), also from workers of their own."""
    reports = [r for kind in ("passed", "failed") for r in terminalreporter.getreports(kind)]
    lines = [
        f"{report.nodeid.rpartition('/')[2]}: {value}"
        for report in reports
        if getattr(report, "when", "") == "call"
        for name, value in report.user_properties
        if name == "counts"
    ]
    if lines:
        terminalreporter.section("counted")
    for line in sorted(lines):
        terminalreporter.line(line)
