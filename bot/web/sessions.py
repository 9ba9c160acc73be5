"""Signing in to the local page: this machine only, a token from a file, a signed cookie, signed forms."""

from __future__ import annotations

import base64
import getpass
import hashlib
import hmac
import ipaddress
import os
import secrets
from pathlib import Path

from sqlmodel import Session
from starlette.requests import Request

from bot.incident import people

COOKIE = "steadyhand_local"
LASTS_S = 8 * 3600
TOKEN_FILE = "local-token"  # noqa: S105 - the file's name
#: A proxy adds these: whoever comes through one is not on this machine.
FORWARDED = ("forwarded", "x-forwarded-for", "x-forwarded-host", "x-real-ip", "via")


def is_local(request: Request) -> bool:
    """Whether the request comes from this machine, under one of its own names.

    The name is looked at because a page elsewhere can give its own name our address (DNS rebinding).
    """
    if any(name in request.headers for name in FORWARDED) or request.client is None:
        return False
    host = request.headers.get("host", "")
    name = host.rpartition(":")[0] if host.rpartition(":")[2].isdigit() else host
    return _loopback(request.client.host) and (name == "localhost" or _loopback(name.strip("[]")))


def _loopback(text: str) -> bool:
    try:
        found = ipaddress.ip_address(text)
    except ValueError:
        return False
    mapped = getattr(found, "ipv4_mapped", None)
    return (mapped or found).is_loopback


class Sessions:
    """Who is signed in. The key lives as long as the process: a restart signs everybody out."""

    def __init__(self, folder: Path) -> None:
        self._file = folder / TOKEN_FILE
        self._key = secrets.token_bytes(32)

    def token(self) -> str:
        """The operator's token, from a file that only its owner can read; made when it is missing."""
        try:
            return self._file.read_text(encoding="utf-8").strip()
        except FileNotFoundError:
            made = secrets.token_urlsafe(32)
            self._file.parent.mkdir(parents=True, exist_ok=True)
            handle = os.open(self._file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                file.write(made + "\n")
            return made

    def person(self, session: Session, token: str) -> str | None:
        """Who signs in with this token: an enrolled person, or the operator as ``cli:NAME``."""
        if hmac.compare_digest(token.encode(), self.token().encode()):
            return operator()
        return people.person_of(session, token)

    def mark(self, session: Session, person: str) -> str:
        """Which token of the person counts now; empty when none does."""
        if person == operator():
            return hashlib.sha256(self.token().encode()).hexdigest()[:16]
        found = people.enrolled(session, person)
        return found.token_sha256[:16] if found is not None else ""

    def cookie(self, person: str, mark: str, now: float) -> str:
        """The value of a new session's cookie."""
        said = f"{int(now) + LASTS_S}|{secrets.token_hex(8)}|{mark}|{person}"
        return f"{base64.urlsafe_b64encode(said.encode()).decode()}.{self._sign('session', said)}"

    def read(self, cookie: str, now: float) -> tuple[str, str] | None:
        """Whom the cookie was made for, and for which token, if it is ours and not too old."""
        body, _, signature = cookie.partition(".")
        try:
            said = base64.urlsafe_b64decode(body.encode()).decode()
        except ValueError:
            return None
        if not hmac.compare_digest(self._sign("session", said).encode(), signature.encode()):
            return None
        until, _, mark, person = said.split("|", 3)
        return (person, mark) if now < int(until) else None

    def counts(self, session: Session, seen: tuple[str, str] | None) -> str | None:
        """Who is signed in: the token they came with must count still."""
        if seen is None or not seen[1]:
            return None
        person, mark = seen
        return person if hmac.compare_digest(self.mark(session, person), mark) else None

    def form(self, cookie: str) -> str:
        """What a form of this session must carry."""
        return self._sign("form", cookie)

    def fits(self, cookie: str, given: str) -> bool:
        """Whether a form was made for this session."""
        return hmac.compare_digest(self.form(cookie).encode(), given.encode())

    def _sign(self, purpose: str, text: str) -> str:
        return hmac.new(self._key, f"{purpose}|{text}".encode(), hashlib.sha256).hexdigest()


def operator() -> str:
    """The person who runs this process, as the record shows them."""
    try:
        return f"cli:{getpass.getuser()}"
    except (KeyError, OSError):
        return "cli:operator"
