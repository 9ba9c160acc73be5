"""Whole incidents, and the documents that are read from them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from bot.house import House
from bot.postmortem.build import build
from bot.postmortem.model import Document
from tests.support.afterwards import Afterwards
from tests.support.databases import sqlite_copy
from tests.support.hostile import ALL
from tests.support.houses import assert_proven, make_house


@pytest.fixture
def after(house: House) -> Afterwards:
    """A whole incident, on each database."""
    return Afterwards(house).whole()


def document_of(after: Afterwards) -> Document:
    """The document as the record stands."""
    content = after.house.env.content
    return after.see(lambda session, row: build(session, row, content))  # type: ignore[no-any-return]


@pytest.fixture(scope="session")
def made(
    sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory
) -> Callable[..., Document]:
    """Documents for looking at: a whole incident is told once for all tests."""
    known: dict[tuple[str, bool], Document] = {}

    def make(text: str = "", drill: bool = False) -> Document:
        if (text, drill) not in known:
            folder = tmp_path_factory.mktemp("document")
            house = make_house(sqlite_copy(sqlite_template, folder), folder)
            known[text, drill] = document_of(Afterwards(house, text, drill=drill).whole())
            assert_proven(house)
            house.close()
        return known[text, drill]

    return make


@pytest.fixture
def plain(made: Callable[..., Document]) -> Document:
    """The document of a whole incident."""
    return made()


@pytest.fixture
def hostile(made: Callable[..., Document]) -> Document:
    """The same, with texts that try to become something else."""
    return made(ALL)


@pytest.fixture
def drill(made: Callable[..., Document]) -> Document:
    """The document of a drill."""
    return made(drill=True)
