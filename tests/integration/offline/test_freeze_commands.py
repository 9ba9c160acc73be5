"""Freezing, deciding and erasing at the command line, with no Slack: the same rules as in a form."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import pytest
from click.testing import CliRunner, Result

from bot.cli import cli as commands
from bot.errors import BadInput, NotReady
from bot.house import House
from bot.incident import items
from bot.incident.opening import open_incident
from bot.incident.queries import get
from bot.record import catalogue as c
from bot.record.read import entries
from tests.support.houses import Run

ADA = "U01ADA"
Call = Callable[..., Result]
E = TypeVar("E", bound=c.Entry)


@pytest.fixture
def house(sqlite_house: House) -> House:
    """One incident of Ada's with a note. Afterwards its record is proven."""
    run = Run(sqlite_house)
    run(ADA, lambda tx: open_incident(tx, "Leaks names"))
    run(ADA, lambda tx: items.note(tx, get(tx.session, 1), "It showed quokka"))
    return sqlite_house


@pytest.fixture
def call(url: str, tmp_path: Path, house: House) -> Call:
    """The command line in this process."""
    env = {"DATABASE_URL": url, "STEADYHAND_DATA_DIR": str(tmp_path)}
    return lambda *words: CliRunner().invoke(commands, list(words), env=env)


def _last(house: House, kind: type[E]) -> E:
    """The last entry of a kind: the command also does work of our own that is due."""
    found: E = house.read_sync(lambda s: list(entries(s, 1, kinds=[kind.kind])))[-1].entry
    return found


def test_freezing_and_going_without(call: Call, house: House) -> None:
    done = call("incident", "freeze", "INC-1", "model=m1", "prompt=v41", "--as", ADA)
    assert "Frozen as entry" in done.output, done.output
    assert _last(house, c.EvidenceFrozen).fingerprints == {"model": "m1", "prompt": "v41"}
    assert isinstance(call("incident", "freeze", "INC-1", "--as", ADA).exception, BadInput)
    assert call("incident", "freeze", "INC-1", "m1", "--as", ADA).exit_code == 2
    assert call("incident", "freeze", "INC-1", "--without", "x", "--as", ADA).exit_code == 2
    stopped = ("incident", "contain", "INC-1", "back to v40", "--rung", "C6", "--as", ADA)
    assert isinstance(call(*stopped).exception, NotReady)
    done = call("incident", "freeze", "INC-1", "--rung", "C6", "--without", "at night", "--as", ADA)
    assert "may go ahead" in done.output, done.output
    assert "contained" in call(*stopped).output


def test_a_decision_names_what_it_reduces_and_costs(call: Call, house: House) -> None:
    call("incident", "decide", "INC-1", "Tool off", "--because", "it leaks", "--reduces", "all of it",
         "--side-effects", "no search", "--as", ADA)  # fmt: skip
    said = _last(house, c.DecisionMade)
    assert said.chosen == "Tool off"
    assert said.options == [
        {"label": "Tool off", "harm_reduction": "all of it", "side_effects": "no search"}
    ]


def test_an_entry_is_erased_with_a_reason_only(call: Call, house: House) -> None:
    n = str(house.read_sync(lambda s: list(entries(s, 1)))[-1].n)
    assert call("erase", "--incident", "INC-1", "--entry", n, "--yes").exit_code == 2
    assert isinstance(call("erase", "--reason", "x", "--yes").exception, BadInput)
    assert isinstance(call("erase", "--entry", n, "--reason", "x", "--yes").exception, BadInput)
    assert isinstance(call("erase", "--text", "a", "--reason", "x", "--yes").exception, BadInput)
    done = call("erase", "--incident", "INC-1", "--entry", n, "--reason", "Request 12", "--yes")
    assert "1 values in all" in done.output and "Erased." in done.output, done.output
    assert _last(house, c.TextErased).reason == "Request 12"
