"""``steadyhand``: the operator's commands. Each is imported when it is called, so help is quick."""

from __future__ import annotations

import importlib
import os
import sys
from collections.abc import Sequence
from typing import Any

import click

from bot import __version__
from bot.errors import ConfigError, SteadyhandError

#: Exit codes: 1 something was found wrong or refused, 2 the configuration or the call is wrong.
FOUND, WRONG = 1, 2

#: Name -> (where it is, one line for the help, which is also what the reference shows).
COMMANDS: dict[str, tuple[str, str]] = {
    "sandbox": ("sandbox:sandbox", "Try everything in the browser, without a Slack account."),
    "run": ("serve:run", "Serve a Slack workspace."),
    "incident": ("incident:incident", "Work on incidents without Slack, on the same record."),
    "people": ("people:people", "Enrol people, so that they can prove who they are without Slack."),
    "doctor": ("look:doctor", "Check settings, Slack, database and content; say what to do."),
    "settings": ("look:settings", "List every setting, its value and its meaning."),
    "playbooks": ("look:playbooks", "Check the content that responders edit."),
    "verify": ("proof:verify", "Prove that nobody changed, cut or moved the record."),
    "checkpoint": ("proof:checkpoint", "Sign the record as it stands now."),
    "keys": ("proof:keys", "Make, list, rotate and retire the keys that sign checkpoints."),
    "erase": ("proof:erase", "Delete a person, entries' words or a phrase from the record."),
    "retention": ("proof:retention", "Delete private values that are over their time."),
    "rebuild": ("record:rebuild", "Prove that the state follows from the record alone."),
    "export": ("record:export", "Write an incident's record or postmortem as a document."),
    "search": ("search:search", "Find entries of the record by their words."),
    "effects": ("effects:effects", "See what should have happened outside, and try it again."),
    "backup": ("backup:backup", "Write the whole database into one file, while it is in use."),
    "restore": ("backup:restore", "Load such a file into an empty database and prove it whole."),
    "seed": ("seed:seed", "Fill an empty database with a made-up past, to measure on."),
    "db": ("database:db", "Bring the database up to date, back, or check it."),
    "docs": ("look:docs", "Write the generated reference pages."),
}


class LazyGroup(click.Group):
    """Knows its commands by name and help line; imports one when it is called."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The commands in the order in which people need them."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import a command."""
        return load(cmd_name) if cmd_name in COMMANDS else None

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List names and help lines without importing anything."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, line) for name, (_, line) in COMMANDS.items()])


def load(name: str) -> click.Command:
    """One command, imported."""
    module, _, attribute = COMMANDS[name][0].partition(":")
    found: Any = getattr(importlib.import_module(f"bot.cli.{module}"), attribute)
    assert isinstance(found, click.Command)
    return found


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, message="%(version)s")
def cli() -> None:
    """Steadyhand runs AI incidents in Slack. To look at it first: `steadyhand sandbox`."""


def main(argv: Sequence[str] | None = None) -> None:
    """Entry point. Errors that a person can mend are said in words, without a traceback."""
    given = [_as_text(word) for word in (sys.argv[1:] if argv is None else argv)]
    try:
        code = cli.main(given, prog_name="steadyhand", standalone_mode=False)
    except click.exceptions.Abort:
        code = 130
    except click.ClickException as problem:
        problem.show()
        code = problem.exit_code
    except SteadyhandError as problem:
        say_error(problem)
        code = WRONG if isinstance(problem, ConfigError) else FOUND
    except BrokenPipeError:
        code = 0
    sys.exit(code if isinstance(code, int) else 0)


def _as_text(word: str) -> str:
    """What was typed, as text that can be hashed and stored; a file keeps the name that it has."""
    if word.isascii() or os.path.exists(word):  # noqa: PTH110 - a Path minds how long it is
        return word
    return word.encode("utf-8", "replace").decode("utf-8")


def say_error(problem: SteadyhandError) -> None:
    """What is wrong, and on the next line what to do."""
    from bot.cli.shared import harmless
    from bot.cli.words import in_words

    click.echo(f"steadyhand: {harmless(in_words(problem.message))}", err=True)
    if problem.instead:
        click.echo(f"  {harmless(in_words(problem.instead))}", err=True)
