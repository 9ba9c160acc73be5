"""The shipped content, loaded once, and copies of it that a test may spoil."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from bot.playbook.lint import check
from bot.playbook.load import Content, load_content
from bot.playbook.source import Finding

ROOT = Path(__file__).parents[3]
FOLDER, TEMPLATES = ROOT / "playbooks", ROOT / "comms_templates"

Spoil = Callable[[str, str, str], list[Finding]]


@pytest.fixture(scope="session")
def content() -> Content:
    """The content as shipped."""
    return load_content(FOLDER, TEMPLATES)


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """A copy of both folders, to be edited."""
    shutil.copytree(FOLDER, tmp_path / "playbooks")
    shutil.copytree(TEMPLATES, tmp_path / "comms_templates")
    return tmp_path


@pytest.fixture
def spoil(copy: Path) -> Spoil:
    """Replace one piece of text in one file of the copy, and check the result."""

    def spoiled(file: str, old: str, new: str) -> list[Finding]:
        path = copy / file
        text = path.read_text(encoding="utf-8")
        assert old in text, f"{old!r} is not in {file}"
        path.write_text(text.replace(old, new, 1), encoding="utf-8")
        return check(copy / "playbooks", copy / "comms_templates")

    return spoiled
