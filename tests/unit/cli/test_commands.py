"""The command line without a database: quick help, and errors in words."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import click
import pytest

from bot import cli
from bot.errors import ConfigError, NotFound

HEAVY = ("sqlalchemy", "pydantic", "slack_bolt", "aiohttp", "openai", "jinja2", "alembic", "yaml")


def test_help_is_quick_because_it_imports_nothing_heavy() -> None:
    """Whoever asks for help at 2 a.m. does not wait for the database layer."""
    script = (
        "import sys\nfrom bot import cli\n"
        "try: cli.main(['--help'])\nexcept SystemExit: pass\n"
        f"print([name for name in {HEAVY!r} if name in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert done.stdout.splitlines()[-1] == "[]"
    assert "sandbox" in done.stdout


@pytest.mark.parametrize("name", list(cli.COMMANDS))
def test_every_command_is_there_and_explains_itself(name: str) -> None:
    """The table of commands leads to real ones, each with help for all its options."""
    command = cli.load(name)
    assert command.help
    inner = command.commands.values() if isinstance(command, click.Group) else [command]
    for one in inner:
        assert one.help, f"{name} {one.name} says nothing"
        options = [given for given in one.params if isinstance(given, click.Option)]
        assert all(option.help for option in options)


@pytest.mark.parametrize(
    ("problem", "code"),
    [
        (ConfigError("Missing: A.", instead="Set it."), cli.WRONG),
        (NotFound("There is no effect «x».", instead="Look."), cli.FOUND),
    ],
)
def test_errors_are_words_not_tracebacks(
    problem: Exception, code: int, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    """What is wrong, what to do, and an exit code that a script can use."""

    def fail(*_: object, **__: object) -> None:
        raise problem

    monkeypatch.setattr(cli.cli, "main", fail)
    with pytest.raises(SystemExit) as ended:
        cli.main([])
    said = capsys.readouterr().err
    assert ended.value.code == code
    assert str(problem.args[0]) in said
    assert "Traceback" not in said


Cli = Callable[..., subprocess.CompletedProcess[str]]


@pytest.mark.parametrize(
    ("command", "env", "words"),
    [
        ("run", {}, ["SLACK_BOT_TOKEN", "steadyhand sandbox"]),
        ("run", {"SLACK_BOT_TOKEN": "xoxb-x"}, ["SLACK_SIGNING_SECRET"]),
        ("verify", {"STEADYHAND_PORT": "many"}, ["STEADYHAND_PORT", "integer"]),
        ("verify", {"STEADYHAND_PORT": "70000"}, ["STEADYHAND_PORT", "65535"]),
        ("verify", {"STEADYHAND_LOG_LEVEL": "loud"}, ["STEADYHAND_LOG_LEVEL", "WARNING"]),
        ("verify", {"DATABASE_URL": "mysql://here"}, ["DATABASE_URL", "postgresql://"]),
        ("verify", {"DATABASE_URL": "nonsense"}, ["DATABASE_URL", "sqlite:///"]),
        ("verify", {"DATABASE_URL": "postgresql://u:pw1234@127.0.0.1:1/x"}, ["cannot be opened"]),
        ("verify", {}, ["nothing in this database yet", "steadyhand db upgrade"]),
        ("effects retry x", {"STEADYHAND_CONTENT_DIR": "nowhere"}, ["severity.yaml:1", "Fix:"]),
    ],
)  # fmt: skip
def test_wrong_configuration_is_said_in_words(
    command: str, env: dict[str, str], words: list[str], tmp_path: Path
) -> None:
    """Exit code 2, the setting or file by name, what to do, and never a secret or a traceback."""
    done = subprocess.run(
        [sys.executable, "-m", "bot.cli", *command.split()],
        capture_output=True, text=True, check=False, cwd=tmp_path,
        env={"PATH": "", "PYTHONPATH": str(Path(cli.__file__).parents[2]),
             "STEADYHAND_DATA_DIR": str(tmp_path), **env},
    )  # fmt: skip
    assert done.returncode == cli.WRONG, done.stderr
    for word in words:
        assert word in done.stderr
    assert "Traceback" not in done.stderr
    assert "pw1234" not in done.stderr
