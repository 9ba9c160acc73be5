"""The generated reference pages are complete and current."""

from __future__ import annotations

import click
import pytest

from bot import cli, reference
from bot.record.catalogue import all_kinds
from bot.settings import ROOT

FOLDER = ROOT / "docs" / "reference"
PAGES = reference.pages()


@pytest.mark.parametrize("name", list(PAGES))
def test_the_committed_page_is_current(name: str) -> None:
    """After a change: `steadyhand docs`."""
    committed = (FOLDER / name).read_text(encoding="utf-8")
    assert committed == PAGES[name], f"{name} is stale: run `steadyhand docs` and commit it"


@pytest.mark.parametrize("setting", list(reference.setting_names().values()))
def test_every_setting_is_described(setting: str) -> None:
    """Name, default and meaning in one row."""
    (row,) = [
        line for line in PAGES["settings.md"].splitlines() if line.startswith(f"| `{setting}`")
    ]
    assert row.split(" | ")[2].strip(" |")


def test_every_command_is_described() -> None:
    """Groups with all that is in them."""
    for name in cli.COMMANDS:
        command = cli.load(name)
        names = [name]
        if isinstance(command, click.Group):
            names += [f"{name} {inner}" for inner in command.commands]
        for one in names:
            assert f"`steadyhand {one}`" in PAGES["cli.md"]


@pytest.mark.parametrize("kind", list(all_kinds()))
def test_every_kind_of_entry_is_described(kind: str) -> None:
    """Its meaning and each field, private ones marked."""
    entry = all_kinds()[kind]
    part = PAGES["entries.md"].partition(f"## `{kind}`\n")[2].partition("\n## ")[0]
    assert len(part.strip()) > 20
    for name in entry.model_fields:
        (row,) = [line for line in part.splitlines() if line.startswith(f"| `{name}`")]
        assert ("| private |" in row) == (name in entry.private_fields())


@pytest.mark.parametrize("error", reference.error_classes(), ids=lambda error: error.__name__)
def test_every_error_is_described_and_in_the_tree(error: type[Exception]) -> None:
    """The tree is drawn at the top of the errors module; its docstring is its message."""
    tree, _, table = PAGES["errors.md"].partition("| Error |")
    assert error.__name__ in tree
    assert f"`{error.__name__}`" in table
    assert (error.__doc__ or "").strip()


def test_no_page_says_where_it_was_made() -> None:
    """Neither this machine's folders nor a secret get into a page."""
    for text in PAGES.values():
        assert str(ROOT) not in text
