"""Where settings come from, and what is said of wrong ones."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.errors import ConfigError
from bot.settings import load_settings


@pytest.fixture
def written(tmp_path: Path) -> Path:
    path = tmp_path / ".env"
    path.write_text(
        "# the port\nexport STEADYHAND_PORT=4000\nSTEADYHAND_HOST='::1'\nSTEADYHAND_LOG_LEVEL\n"
        "DATABASE_URL=sqlite:///from-file.db\nUNKNOWN=1\n"
    )
    return path


def test_what_is_given_comes_before_the_environment_and_that_before_the_file(
    written: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STEADYHAND_HOST", "127.0.0.2")
    monkeypatch.setenv("database_url", "sqlite:///any-case.db")
    found = load_settings(env_file=written, STEADYHAND_LOG_LEVEL="DEBUG")
    assert (found.port, found.host, found.log_level) == (4000, "127.0.0.2", "DEBUG")
    assert found.database_url == "sqlite:///any-case.db"
    assert load_settings(env_file=written).log_level == "INFO", (
        "a name without a value sets nothing"
    )


def test_without_a_file_the_defaults_hold(tmp_path: Path) -> None:
    assert (
        load_settings(env_file=tmp_path / "none").port == load_settings(env_file=None).port == 3000
    )


def test_a_wrong_value_is_named_with_its_setting(written: Path) -> None:
    written.write_text("STEADYHAND_PORT=many\n")
    with pytest.raises(ConfigError, match="STEADYHAND_PORT"):
        load_settings(env_file=written)


def test_a_file_that_is_no_text_is_named(written: Path) -> None:
    written.write_bytes(b"STEADYHAND_HOST=\xff\xfe")
    with pytest.raises(ConfigError, match=r"\.env cannot be read") as refused:
        load_settings(env_file=written)
    assert "UTF-8" in refused.value.instead


def test_no_secret_shows(written: Path) -> None:
    written.write_text("SLACK_BOT_TOKEN=xoxb-canary\n")
    found = load_settings(env_file=written)
    assert found.slack_bot_token.get_secret_value() == "xoxb-canary"
    assert "canary" not in repr(found) + str(found)
