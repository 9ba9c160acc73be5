"""Errors that people can meet. Each says what was wrong and what to do instead.

SteadyhandError
├── ConfigError          a setting or file is wrong; stops the start
└── Refusal              a person asked for something that cannot be done (now)
    ├── NotAllowed       they lack the right; says who has it
    ├── NotFound         no such incident, step, notice …
    │   └── Hidden       a private incident; reads like NotFound
    ├── BadInput         what they typed or chose does not fit
    ├── Conflict         somebody was faster, or the state moved on
    └── NotReady         something else must happen first; says what
"""

from __future__ import annotations


class SteadyhandError(Exception):
    """Something went wrong that a person should hear about."""

    def __init__(self, message: str | None = None, *, instead: str = "") -> None:
        self.message = message or (self.__doc__ or "").strip().splitlines()[0]
        self.instead = instead
        super().__init__(self.message)

    def __str__(self) -> str:
        return f"{self.message} {self.instead}".strip()


class ConfigError(SteadyhandError):
    """The configuration is wrong, so the bot does not start."""


class Refusal(SteadyhandError):
    """This cannot be done now."""

    #: The field of a form that the refusal is about, so that it is shown there.
    field: str | None = None
    #: For the record, where a right was lacking: which right of permissions.yaml, in which incident,
    #: and what it takes. Empty for every other refusal.
    verb: str = ""
    incident: int | None = None
    needs: str = ""

    def __init__(
        self, message: str | None = None, *, instead: str = "", field: str | None = None
    ) -> None:
        super().__init__(message, instead=instead)
        self.field = field


class NotAllowed(Refusal):
    """You do not have the right to do this."""

    def __init__(
        self, message: str | None = None, *, instead: str = "", field: str | None = None,
        verb: str = "", incident: int | None = None, needs: str = "",
    ) -> None:  # fmt: skip
        super().__init__(message, instead=instead, field=field)
        self.verb, self.incident, self.needs = verb, incident, needs


class NotFound(Refusal):
    """There is no such thing."""


class Hidden(NotFound):
    """There is no such incident.

    Raised for a private incident towards somebody who is not in it. They must read what they would
    read if it did not exist; the attempt goes on its record.
    """

    def __init__(self, message: str, incident: int, *, instead: str = "") -> None:
        super().__init__(message, instead=instead)
        self.verb, self.incident, self.needs = "view", incident, "to be in it"


class BadInput(Refusal):
    """This input does not fit."""


class Conflict(Refusal):
    """Somebody else was faster."""


class NotReady(Refusal):
    """Something else has to happen first."""
