"""What the how-to for a Slack that is down shows, typed as it stands there."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

from bot.house import House
from tests.integration.offline.conftest import ROOT, Here
from tests.support.houses import assert_proven

PAGE = ROOT / "docs" / "how-to" / "when-slack-is-down.md"
#: What the page itself says is refused, or stands for something that only the reader has.
REFUSED = ("incident resolve INC-1", "incident close INC-1")
READERS = (
    "--over 41",
    "action drop INC-1 2",
    "--digest",
    "--code CODE",
    "people ",
    "notice approve",
    "confirm-code",
)
NOT_NOW = ("approvals approve", "approvals refuse", "approvals confirm")


def _typed() -> list[str]:
    """The commands of the page in their order, without prompts and remarks."""
    blocks = re.findall(r"```console\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    text = "".join(blocks).replace("\\\n", " ")
    lines = re.findall(r"^\$ steadyhand (.*)$", text, re.MULTILINE)
    assert len(lines) > 30
    return [" ".join(line.split()) for line in lines]


def test_every_command_of_the_page_works_as_shown(
    here: Here, sqlite_house: House, tmp_path: Path
) -> None:
    (tmp_path / "hard.txt").write_text("Nobody was called.")
    # What asks for an approval comes last on the page, and an incident that is over asks for none.
    lines = [line for line in _typed() if not any(word in line for word in (*READERS, *NOT_NOW))]
    end = next(at for at, line in enumerate(lines) if line.startswith(REFUSED[0]))
    asks = [line for line in lines if "approvals" in line]
    assert asks, "the page shows how an approval is asked for"
    for line in [*lines[:end], *asks, *(one for one in lines[end:] if one not in asks)]:
        words = shlex.split(line, comments=True)
        here("U01ADA", *words, code=1 if " ".join(words) in REFUSED else 0)
    assert_proven(sqlite_house)
