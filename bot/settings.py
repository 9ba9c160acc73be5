"""Every setting once: its name in the environment, type, default and meaning.

Values come from the environment or a ``.env`` file beside the working directory. Secrets are never
printed: their type hides them in logs, errors and listings.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from dotenv import dotenv_values
from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError, field_validator

from bot.errors import ConfigError

LOG_LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR")
ROOT = Path(__file__).resolve().parent.parent


def _setting(name: str, default: Any, meaning: str) -> Any:
    return Field(default, validation_alias=name, description=meaning)


class Settings(BaseModel):
    """All settings of Steadyhand."""

    model_config = ConfigDict(extra="ignore", frozen=True, validate_default=True)

    slack_bot_token: SecretStr = _setting(
        "SLACK_BOT_TOKEN", SecretStr(""), "Bot token of the Slack app (starts with xoxb-)."
    )
    slack_signing_secret: SecretStr = _setting(
        "SLACK_SIGNING_SECRET", SecretStr(""),
        "Signing secret of the Slack app. Needed unless an app token is set.",
    )  # fmt: skip
    slack_app_token: SecretStr = _setting(
        "SLACK_APP_TOKEN", SecretStr(""),
        "App-level token (xapp-, scope connections:write). When set, Socket Mode is used.",
    )  # fmt: skip
    slack_api_url: str = _setting(
        "SLACK_API_URL", "https://slack.com/api/",
        "Where Slack's Web API is. GovSlack and the sandbox set this.",
    )  # fmt: skip
    database_url: str = _setting(
        "DATABASE_URL", "", "SQLite or PostgreSQL URL. Empty: a SQLite file in the data directory."
    )
    data_dir: Path = _setting(
        "STEADYHAND_DATA_DIR", Path("data"), "Folder for the SQLite file and written documents."
    )
    host: str = _setting(
        "STEADYHAND_HOST", "127.0.0.1", "Address that `steadyhand run` listens on."
    )
    port: int = _setting("STEADYHAND_PORT", 3000, "Port that `steadyhand run` listens on.")
    base_url: str = _setting(
        "STEADYHAND_BASE_URL", "",
        "Public address of this server, for links to the status page. Empty: no links.",
    )  # fmt: skip
    content_dir: Path = _setting(
        "STEADYHAND_CONTENT_DIR", ROOT / "playbooks", "Folder of playbooks, roles and rules."
    )
    templates_dir: Path = _setting(
        "STEADYHAND_TEMPLATES_DIR", ROOT / "comms_templates", "Folder of notice templates."
    )
    announce_channel: str = _setting(
        "STEADYHAND_ANNOUNCE_CHANNEL", "",
        "Channel id where new public incidents are announced. Empty: not announced.",
    )  # fmt: skip
    notice_channel: str = _setting(
        "STEADYHAND_NOTICE_CHANNEL", "",
        "Channel id where approved notices are published. Empty: status page only.",
    )  # fmt: skip
    audit_channel: str = _setting(
        "STEADYHAND_AUDIT_CHANNEL", "",
        "Channel id where every checkpoint of the record is posted. Empty: only in incident channels.",
    )  # fmt: skip
    signing_key_file: Path | None = _setting(
        "STEADYHAND_SIGNING_KEY_FILE", None,
        "File with the private key that signs checkpoints. Empty: `signing-key` in the data directory.",
    )  # fmt: skip
    fingerprints_file: Path | None = _setting(
        "STEADYHAND_FINGERPRINTS_FILE", None,
        "File (JSON or YAML) in which the deployment pipeline keeps what runs now: model, prompt, "
        "guardrail, config, dataset, index. Frozen with every opening. Empty: people are asked.",
    )  # fmt: skip
    responders: str = _setting(
        "STEADYHAND_RESPONDERS", "", "User ids invited to every incident, separated by commas."
    )
    teams: str = _setting(
        "STEADYHAND_TEAMS", "",
        "Ids of other workspaces of your organisation whose people may act, separated by commas "
        "(Enterprise Grid). Empty: only people of the workspace in which the app is installed.",
    )  # fmt: skip
    openings_per_hour: int = _setting(
        "STEADYHAND_OPENINGS_PER_HOUR", 20,
        "How many incidents, and apart from them drills, one person may open within an hour through "
        "Slack or the local page, in each process. The command line is not limited. 0: any number.",
    )  # fmt: skip
    channel_prefix: str = _setting(
        "STEADYHAND_CHANNEL_PREFIX", "inc", "How names of incident channels begin."
    )
    message_pace_ms: int = _setting(
        "STEADYHAND_MESSAGE_PACE_MS", 1000,
        "Least milliseconds between two messages in one channel. Slack allows one a second.",
    )  # fmt: skip
    capture_emoji: str = _setting(
        "STEADYHAND_CAPTURE_EMOJI", "pushpin", "Reaction that puts a message on the record."
    )
    lease_s: float = _setting(
        "STEADYHAND_LEASE_S", 60.0,
        "Seconds after which another process may take over what one has begun outside (at least 2). "
        "A call may take half of it. Clocks of processes that share a database must agree within it.",
    )  # fmt: skip
    away_s: float = _setting(
        "STEADYHAND_AWAY_S", 300.0,
        "Seconds that messages wait for Slack before they are put together into one.",
    )  # fmt: skip
    metrics: bool = _setting(
        "STEADYHAND_METRICS",
        True,
        "Answer at /metrics (Prometheus text format, no names or texts).",
    )
    local_page: bool = _setting(
        "STEADYHAND_LOCAL_PAGE", True,
        "Serve /local, the page for working without Slack, to this machine only.",
    )  # fmt: skip
    migrate: bool = _setting(
        "STEADYHAND_MIGRATE", True, "Bring the database up to date at start (else refuse to start)."
    )
    log_level: str = _setting("STEADYHAND_LOG_LEVEL", "INFO", "DEBUG, INFO, WARNING or ERROR.")

    @field_validator("slack_api_url")
    @classmethod
    def _ends_with_slash(cls, value: str) -> str:
        return value if value.endswith("/") else value + "/"

    @field_validator("log_level")
    @classmethod
    def _known_level(cls, value: str) -> str:
        if value.upper() not in LOG_LEVELS:
            raise ValueError(f"write one of {', '.join(LOG_LEVELS)}")
        return value.upper()

    @field_validator("lease_s")
    @classmethod
    def _long_enough(cls, value: float) -> float:
        if not 2 <= value <= 3600:
            raise ValueError("a lease lasts between 2 and 3600 seconds")
        return value

    @field_validator("openings_per_hour")
    @classmethod
    def _not_negative(cls, value: int) -> int:
        if value < 0:
            raise ValueError("a number of incidents, or 0 for no limit")
        return value

    @field_validator("port")
    @classmethod
    def _real_port(cls, value: int) -> int:
        if not 0 <= value <= 65535:
            raise ValueError("a port lies between 1 and 65535 (0: any that is free)")
        return value

    @property
    def db_url(self) -> str:
        """The database to use."""
        return self.database_url or f"sqlite:///{self.data_dir / 'steadyhand.db'}"

    @property
    def key_file(self) -> Path:
        """The private key that signs checkpoints."""
        return self.signing_key_file or self.data_dir / "signing-key"

    @property
    def responder_ids(self) -> tuple[str, ...]:
        """User ids invited to every incident."""
        return tuple(part.strip() for part in self.responders.split(",") if part.strip())

    @property
    def team_ids(self) -> frozenset[str]:
        """Other workspaces whose people may act."""
        return frozenset(part.strip() for part in self.teams.split(",") if part.strip())

    @property
    def socket_mode(self) -> bool:
        """Whether requests come through Socket Mode."""
        return bool(self.slack_app_token.get_secret_value())


def load_settings(*, env_file: Path | None = Path(".env"), **given: Any) -> Settings:
    """Read the settings: what is ``given`` by name, else the environment, else ``env_file``.

    Raises ``ConfigError`` naming the setting and what is wrong with it.
    """
    written = _written(env_file) if env_file else {}
    # In any case of letters, as people write them; the environment before the file.
    named = {
        name.upper(): value
        for name, value in [*written.items(), *os.environ.items()]
        if value is not None
    }
    try:
        return Settings.model_validate({**named, **given})
    except ValidationError as problem:
        lines = [
            f"{'.'.join(str(part) for part in error['loc'])}: {error['msg']}"
            for error in problem.errors(include_input=False)
        ]
        raise ConfigError(
            "Settings are wrong: " + "; ".join(lines),
            instead="Correct them in the environment or in .env; `steadyhand settings` explains each.",
        ) from None


def _written(path: Path) -> dict[str, str | None]:
    try:
        return dotenv_values(path, encoding="utf-8")
    except (OSError, UnicodeDecodeError) as problem:
        raise ConfigError(
            f"The file {path} cannot be read: {problem}.",
            instead="Make it readable, as text in UTF-8 with one NAME=value a line.",
        ) from None


def require_slack(settings: Settings) -> None:
    """Raises ``ConfigError`` when a token that ``run`` needs is missing."""
    missing = []
    if not settings.slack_bot_token.get_secret_value():
        missing.append("SLACK_BOT_TOKEN")
    if not settings.socket_mode and not settings.slack_signing_secret.get_secret_value():
        missing.append("SLACK_SIGNING_SECRET (or SLACK_APP_TOKEN for Socket Mode)")
    if missing:
        raise ConfigError(
            "Missing: " + ", ".join(missing) + ".",
            instead="Set them in the environment or in .env. To try without Slack: `steadyhand sandbox`.",
        )
