"""No command tells somebody from outside that there is a private incident, whatever is added."""

from __future__ import annotations

from collections.abc import Iterator

import click
import pytest

from bot.cli.incident import incident as group
from bot.house import House
from bot.incident.opening import open_incident
from tests.integration.offline.conftest import Here
from tests.support.houses import Run

#: About no incident: a new one, what is open, and a signature made on another machine.
ELSEWHERE = {"open", "list", "confirm-code"}
pytestmark = pytest.mark.slow


def _commands(found: click.Command, *path: str) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    if not isinstance(found, click.Group):
        yield path, found
        return
    for name, inner in found.commands.items():
        yield from _commands(inner, *path, name)


def _words(command: click.Command, name: str) -> list[str]:
    """Something for every place that has to be filled."""
    out: list[str] = []
    for param in command.params:
        choice = param.type.choices[0] if isinstance(param.type, click.Choice) else "1"
        if isinstance(param, click.Argument):
            out.append(name if param.name == "name" else str(choice))
        elif param.required:
            out += [param.opts[0], str(choice)]
    return out


def test_a_private_incident_is_none_for_every_command(here: Here, sqlite_house: House) -> None:
    run = Run(sqlite_house)
    run("U01ADA", lambda tx: open_incident(tx, "Quokka matter", private=True))
    seen = 0
    for path, command in _commands(group):
        if path[-1] in ELSEWHERE and len(path) == 1:
            continue
        said = [
            here("U09OUT", "incident", *path, *_words(command, f"INC-{n}"), code=None)
            for n in (1, 99)
        ]
        one, none = (f"{each.code} {each.out} {each.err}" for each in said)
        assert one.replace("INC-1", "INC-99") == none, path
        assert "Quokka" not in one and said[0].code, path
        seen += "There is no INC-1." in one
    assert seen > 45
