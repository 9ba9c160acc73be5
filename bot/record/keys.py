"""Keys that sign checkpoints: made, introduced on the record, rotated, retired.

The private key is a file, never in the database: whoever can write the database but not this file
cannot sign. A new key is introduced by an entry that the old key's last checkpoint covers.
"""

from __future__ import annotations

import os
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sqlmodel import Session

from bot.effects.kinds import Effect, house
from bot.errors import Conflict, NotReady
from bot.record import catalogue as c
from bot.record.notes import Private, Public, make_private, read_private, read_public
from bot.record.read import entries
from bot.record.tx import Tx

FILE = "signing-key"
#: New entries are covered by a checkpoint at the latest after this time.
EVERY = timedelta(minutes=10)
_WANTED = "Look at STEADYHAND_SIGNING_KEY_FILE, or make one: `steadyhand keys make`."


@dataclass(frozen=True, slots=True)
class Known:
    """A key as the record tells it. ``until`` is the entry that retired it."""

    public: Public
    since: int
    replaces: str | None
    until: int | None = None


def known(session: Session) -> dict[str, Known]:
    """Every key that was ever introduced, by id, in order."""
    out: dict[str, Known] = {}
    for e in entries(session, kinds=(c.KeyIntroduced.kind, c.KeyRetired.kind)):
        note(out, e.seq, e.entry)
    return out


def note(keys: dict[str, Known], seq: int, entry: c.KeyIntroduced | c.KeyRetired) -> None:
    """Add to ``keys`` what an entry says about them."""
    if isinstance(entry, c.KeyIntroduced):
        keys[entry.key_id] = Known(read_public(entry.public), seq, entry.replaces)
    elif entry.key_id in keys:
        old = keys[entry.key_id]
        keys[entry.key_id] = Known(old.public, old.since, old.replaces, seq)


def current(session: Session) -> Known | None:
    """The key that signs now: the last one introduced, unless it was retired."""
    found = list(known(session).values())
    return found[-1] if found and found[-1].until is None else None


class Signer:
    """Holds the private key of this process, read when it is first needed."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._key: Private | None = None
        self._asked: int | None = None

    def key(self, wanted: str | None = None) -> Private | None:
        """The key, or None without one. Looks at the file again when ``wanted`` is another id."""
        if self._key is None or (wanted is not None and self._key.public.id != wanted):
            self._key = _read(self.path)
        return self._key

    def forget(self) -> None:
        """Read the file again at the next use."""
        self._key = None

    def due(self, now: datetime) -> list[Effect]:
        """The checkpoint that new entries ask for: one for each slot of ten minutes, at its end."""
        slot = int(now.timestamp() // EVERY.total_seconds())
        if slot == self._asked or not self.there():
            return []
        at = datetime.fromtimestamp((slot + 1) * EVERY.total_seconds(), UTC)
        return [house("checkpoint", None, key=f"checkpoint:slot:{slot}", at=at, reason="timer")]

    def asked(self, now: datetime) -> None:
        """The wish of this slot is committed; it need not be stored again."""
        slot = int(now.timestamp() // EVERY.total_seconds())
        self._asked = slot if self.there() else None

    def there(self) -> bool:
        """Whether there is a key. Reading it takes megabytes of library: not before it signs."""
        return self._key is not None or self.path.exists()


def make(tx: Tx, *, anew: bool = False) -> Public:
    """Make a key, write its file, introduce it. ``anew``: although one is known, because it is lost.

    Raises ``Conflict`` when there is one already.
    """
    from bot.record import checkpoint

    signer: Signer = tx.env.signer
    tx.batch.flush()
    before = list(known(tx.session).values())
    if before and not anew:
        if before[-1].until is None and _read(signer.path) is None:
            raise NotReady(
                f"The record knows the key {before[-1].public.id}, but its file is not here.",
                instead=f"Put the file back at {signer.path}. If it is lost for good: "
                "`steadyhand keys make --lost`.",
            )
        if before[-1].until is None:
            raise Conflict(
                "There is a key already.", instead="To change it: `steadyhand keys rotate`."
            )
    key = make_private(before[0].public.name if before else f"steadyhand/{secrets.token_hex(6)}")
    write(signer.path, key)
    signer.forget()
    replaces = before[-1].public.id if before else None
    tx.append(_introduced(key, replaces), None)
    if before and before[-1].until is None:
        tx.append(c.KeyRetired(key_id=before[-1].public.id, reason="The key was lost."), None)
    checkpoint.make(tx, "key")
    return key.public


def rotate(tx: Tx, reason: str) -> tuple[Public, Public]:
    """Replace the key. The old one signs the new one's introduction last. Returns old and new."""
    from bot.record import checkpoint

    signer: Signer = tx.env.signer
    tx.batch.flush()
    old = signing(tx.session, signer)
    new = make_private(old.public.name)
    write(waiting(signer.path), new)
    tx.append(_introduced(new, old.public.id), None)
    checkpoint.make(tx, "key", with_key=old)
    tx.append(c.KeyRetired(key_id=old.public.id, reason=reason), None)
    checkpoint.make(tx, "key", with_key=new)
    return old.public, new.public


def retire(tx: Tx, reason: str) -> Public:
    """Retire the key without another: no more checkpoints until `keys make`."""
    from bot.record import checkpoint

    signer: Signer = tx.env.signer
    tx.batch.flush()
    old = signing(tx.session, signer)
    checkpoint.make(tx, "key", with_key=old)
    tx.append(c.KeyRetired(key_id=old.public.id, reason=reason), None)
    return old.public


def signing(session: Session, signer: Signer) -> Private:
    """The key to sign with. Raises ``NotReady`` when the file and the record disagree."""
    on_record = current(session)
    if on_record is None:
        raise NotReady("No key was introduced.", instead="`steadyhand keys make`")
    key = signer.key(on_record.public.id)
    if key is None or key.public != on_record.public:
        raise NotReady(
            f"The record is signed with the key {on_record.public.id}, which is not in the file.",
            instead=_WANTED,
        )
    return key


def settle(session: Session, path: Path) -> None:
    """After a rotation, or a crash in one: put the new key's file in place, or throw it away."""
    coming = _read(waiting(path))
    if coming is None:
        return
    now = current(session)
    if now is not None and now.public == coming.public:
        waiting(path).replace(path)
    else:
        waiting(path).unlink()


def waiting(path: Path) -> Path:
    """Where a new key waits until it is on the record."""
    return path.with_name(path.name + ".new")


def write(path: Path, key: Private) -> None:
    """Write a key file that nobody else can read. Replaces one that is there."""
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(f"{path.name}.{os.getpid()}")
    beside.unlink(missing_ok=True)
    handle = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "w", encoding="ascii") as file:
        file.write(key.text())
        file.flush()
        os.fsync(file.fileno())
    beside.replace(path)


def _read(path: Path) -> Private | None:
    if not path.is_file():
        return None
    return read_private(path.read_text(encoding="ascii", errors="replace"))


def _introduced(key: Private, replaces: str | None) -> c.KeyIntroduced:
    return c.KeyIntroduced(key_id=key.public.id, public=str(key.public), replaces=replaces)
