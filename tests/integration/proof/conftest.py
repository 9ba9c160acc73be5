"""A house that signs, an incident with a bit of everything, and its bundle."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from bot.house import House
from bot.incident import items
from bot.incident.opening import open_incident
from bot.incident.queries import get
from bot.record import bundle, keys
from bot.record.entry import Actor
from tests.support import houses
from tests.support.houses import Run

ROOT = Path(__file__).parents[3]
VERIFIER = ROOT / "bot" / "record" / "verifier" / "verify_bundle.py"
CLI = Actor("cli:ops", "cli")


@pytest.fixture
def key(house: House) -> Any:
    """The house's public key."""
    return house.change_sync(CLI, keys.make)


@pytest.fixture
def told(run: Run, key: Any) -> int:
    """An incident with entries of several kinds, among entries of another one."""
    number = run("U01ADA", lambda tx: open_incident(tx, "It insults people")).number
    other = run("U02MLE", lambda tx: open_incident(tx, "Another one")).number
    for i in range(6):
        run("U01ADA", lambda tx, i=i: items.note(tx, get(tx.session, number), f"fact {i}"))  # type: ignore[misc]
        run("U02MLE", lambda tx, i=i: items.note(tx, get(tx.session, other), f"else {i}"))  # type: ignore[misc]
    run("U01ADA", lambda tx: items.evidence(tx, get(tx.session, number), "A log " + "ab" * 32))
    return number


@pytest.fixture
def exported(house: House, told: int) -> Callable[..., bytes]:
    """``exported()`` makes a bundle of the incident."""
    return lambda **more: house.change_sync(CLI, lambda tx: bundle.export(tx, told, **more))


@pytest.fixture(scope="session")
def verifier() -> Any:
    """The one-file verifier, as a module."""
    spec = importlib.util.spec_from_file_location("verify_bundle", VERIFIER)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def closed_house(sqlite_template: Path, tmp_path: Path) -> Iterator[House]:
    """A house on SQLite, whatever ``db_url`` says."""
    from tests.support import databases

    made = houses.make_house(databases.sqlite_copy(sqlite_template, tmp_path), tmp_path)
    yield made
    made.close()
