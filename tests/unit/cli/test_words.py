"""At the command line every hint names a command that is there, and no password is shown."""

from __future__ import annotations

import re
from pathlib import Path

import click
import pytest

from bot.cli import cli
from bot.cli.words import in_words
from db.engine import in_words as database
from tests.support.databases import sqlite_copy

ROOMS = ("incident", "playbook", "comms", "action", "postmortem", "record")
HINTS = sorted(
    {
        hint
        for room in ROOMS
        for path in (Path(__file__).parents[3] / "bot" / room).rglob("*.py")
        for hint in re.findall(r"`/incident[^`\n\"]*`", path.read_text(encoding="utf-8"))
    }
)


def _exists(words: list[str]) -> bool:
    found: click.Command | None = cli
    with click.Context(cli) as ctx:
        for word in words:
            if not isinstance(found, click.Group):
                return True
            found = found.get_command(ctx, word)
            if found is None:
                return False
    return True


@pytest.mark.parametrize("hint", HINTS)
def test_every_hint_of_the_rooms_leads_somewhere(hint: str) -> None:
    said = in_words("Do this: " + re.sub(r"\{[^}]*\}", "7", hint) + ".", "INC-7")
    if ", in Slack" in said:
        return
    [command] = re.findall(r"`steadyhand ([^`]*)`", said)
    assert "/incident" not in said and _exists(command.split()[:3]), said


@pytest.mark.parametrize(
    ("said", "here"),
    [
        ("Ask <@U1>, or take the role first: `/incident role`.",
         "Ask @U1, or take the role first: `steadyhand incident role INC-7 ROLE USERID`."),
        ("`/incident step reopen 12`", "`steadyhand incident step INC-7 reopen 12`"),
        ("`/incident step waive 3 because …`",
         '`steadyhand incident step INC-7 waive 3 --reason "WHY"`'),
        ("`/incident action done 3 https://…`",
         '`steadyhand incident action done INC-7 3 "PROOF"`'),
        ("`/incident action list` shows them.",
         "`steadyhand incident action list INC-7` shows them."),
        ("`/incident freeze without C6 because …`",
         '`steadyhand incident freeze INC-7 --rung C6 --without "WHY"`'),
        ("`/incident exit` lists them.", "`steadyhand incident exit list INC-7` lists them."),
        ("`/incident mine`", "`steadyhand incident list --mine`"),
        ("`/incident help`", "`/incident help`, in Slack"),
        ("`/incident severity SEV2 because …`",
         '`steadyhand incident severity INC-7 SEV2 --reason "WHY"`'),
        ("`/incident role comms @you`", "`steadyhand incident role INC-7 comms USERID`"),
        ("`/incident notice 3`", "`steadyhand incident notice show INC-7 3`"),
        ("`/incident list` shows what is open.", "`steadyhand incident list` shows what is open."),
        ("First `/incident close`.", 'First `steadyhand incident close INC-7 --reason "WHY"`.'),
        ("Press «Ask for approval» on it: `/incident next`.",
         "Ask for it: `steadyhand incident approvals ask INC-7 STEP`."),
    ],
)  # fmt: skip
def test_hints_in_the_words_of_the_command_line(said: str, here: str) -> None:
    assert in_words(said, "INC-7") == here
    assert in_words(here, "INC-7") == here, "said twice, it changed"


def test_a_refusal_of_any_command_names_commands_that_exist_here(
    capsys: pytest.CaptureFixture[str],
) -> None:
    from bot.cli import say_error
    from bot.errors import NotFound

    say_error(NotFound("There is no INC-99.", instead="`/incident list` shows what is open."))
    assert "`steadyhand incident list` shows" in capsys.readouterr().err


def test_the_word_of_slack_for_how_things_stand_works_here() -> None:
    from click import Context

    from bot.cli.incident import incident

    found = incident.get_command(Context(incident), "status")
    assert found is not None and found.name == "show"


def test_verify_and_rebuild_say_what_they_read(
    sqlite_template: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from click.testing import CliRunner

    url = sqlite_copy(sqlite_template, tmp_path)
    monkeypatch.setenv("DATABASE_URL", url)
    monkeypatch.setenv("STEADYHAND_DATA_DIR", str(tmp_path))
    for words in (["verify"], ["rebuild", "--check"]):
        said = CliRunner().invoke(cli, words)
        assert said.exit_code == 0, said.output
        assert said.output.startswith(f"Reads the SQLite file {url.removeprefix('sqlite:///')}.")


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("sqlite:////var/lib/steadyhand.db", "the SQLite file /var/lib/steadyhand.db"),
        ("postgresql://bot:s3cret@db.example:5433/steady?sslmode=require&password=s3cret",
         "the PostgreSQL database steady at db.example:5433"),
        ("postgresql:///steady?host=/run/pg&user=x&password=s3cret",
         "the PostgreSQL database steady at /run/pg"),
    ],
)  # fmt: skip
def test_the_database_is_named_without_its_password(url: str, shown: str) -> None:
    assert database(url) == shown
