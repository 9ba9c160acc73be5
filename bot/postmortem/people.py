"""People as roles: a postmortem says what a role did, never who it was."""

from __future__ import annotations

import re
from collections.abc import Iterable

from bot.playbook.load import Content
from bot.record import catalogue as c
from bot.record.entry import ERASED, Recorded

#: Slack's tokens: <@U1|ann>, <#C1|general>, <!here>, <!subteam^S1|@oncall>, <https://x|label>.
_TOKEN = re.compile(r"<(@|#|!|https?://|mailto:)([^<>|]*)(?:\|([^<>]*))?>")
#: Characters that steer a terminal or turn the direction of text; never needed in a document.
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\u200e\u200f\ufeff]")


class People:
    """Who is called what. One role held by several people in turn is numbered in that order."""

    def __init__(self, entries: Iterable[Recorded], content: Content) -> None:
        self._titles = {role.id: role.title for role in content.roles.values()}
        self._held: dict[str, list[str]] = {}
        self._first: dict[str, str] = {}
        self._others: list[str] = []
        for entry in entries:
            for person, role in _roles_in(entry):
                self._hold(person, role)

    def _hold(self, person: str, role: str) -> None:
        holders = self._held.setdefault(role, [])
        if person not in holders:
            holders.append(person)
        self._first.setdefault(person, role)

    def title(self, role: str) -> str:
        """A role's title as content names it."""
        return self._titles.get(role, role.replace("_", " ").capitalize())

    def named(self, person: str | None, role: str | None = None) -> str:
        """The person as a role: the one they acted in, else the first that they held."""
        if not person or person in (ERASED, "unknown"):
            return "unknown"
        if person == "system":
            return "Steadyhand"
        if person.startswith("cli:"):
            return "Operator"
        role = role if role and person in self._held.get(role, ()) else self._first.get(person)
        if role is None:
            return self._other(person)
        holders = self._held[role]
        number = f" {holders.index(person) + 1}" if len(holders) > 1 else ""
        return self.title(role) + number

    def _other(self, person: str) -> str:
        if person not in self._others:
            self._others.append(person)
        return f"Colleague {self._others.index(person) + 1}"

    def clean(self, text: str, *, from_slack: bool = False) -> str:
        """A text without people's ids and without Slack's markup; ``from_slack``: as Slack sent it."""
        text = _TOKEN.sub(self._token, text.replace("\r\n", "\n").replace("\r", "\n"))
        if from_slack:
            text = text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
        return _CONTROL.sub("", text).strip()

    def _token(self, match: re.Match[str]) -> str:
        mark, body, label = match.groups()
        if mark == "@":
            return self.named(body) if body in self._first else "a colleague"
        if mark == "#":
            return f"#{label}" if label else "a channel"
        if mark == "!":
            return self._special(body, label)
        address = (mark if mark != "mailto:" else "") + body
        return f"{label} ({address})" if label and label != address else address

    @staticmethod
    def _special(body: str, label: str | None) -> str:
        if body.startswith("date^"):
            return label or "a date"
        return f"@{(label or body.split('^')[0]).lstrip('@')}"


def _roles_in(entry: Recorded) -> Iterable[tuple[str, str]]:
    """Who held which role, by what this entry says."""
    said = entry.entry
    if isinstance(said, c.IncidentOpened):
        yield said.opener, "commander"
    elif isinstance(said, c.RoleAccepted | c.RoleHandedOver):
        yield said.holder, said.role
    if entry.role and entry.actor not in ("system", ERASED):
        yield entry.actor, entry.role
