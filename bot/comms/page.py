"""The public status page as data: what was published, by problem, newest first.

Only notices that are out are on it, and only of real, public incidents. Nothing else of an
incident shows: no number, no severity, no name from inside.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlmodel import Session, col

from bot.comms import queries
from bot.playbook.load import Content
from db.tables import Incident, Notice

KEPT = timedelta(days=30)
#: A stage of this phase says that it is over.
OVER = "recover"


@dataclass(frozen=True, slots=True)
class Word:
    """One published notice. ``digest`` is the hash of its exact text."""

    id: str
    title: str
    label: str
    text: str
    at: datetime
    digest: str
    audience: str
    stage: str
    corrects: str | None = None
    corrected_by: str | None = None

    @property
    def paragraphs(self) -> list[str]:
        """The text in pieces, split at empty lines."""
        return [part for part in self.text.split("\n\n") if part.strip()]


@dataclass(frozen=True, slots=True)
class Problem:
    """Everything published about one incident, the newest word first."""

    id: str
    title: str
    label: str
    current: bool
    words: list[Word] = field(default_factory=list)

    @property
    def at(self) -> datetime:
        """When the last word about it came."""
        return self.words[0].at


@dataclass(frozen=True, slots=True)
class Page:
    """The page: problems of now, and those of the last 30 days."""

    current: list[Problem]
    past: list[Problem]

    @property
    def problems(self) -> list[Problem]:
        """All of them, those of now first."""
        return [*self.current, *self.past]

    @property
    def words(self) -> list[Word]:
        """Every published notice, the newest first."""
        found = [word for problem in self.problems for word in problem.words]
        return sorted(found, key=lambda word: word.at, reverse=True)


def read_page(session: Session, content: Content, now: datetime) -> Page:
    """The page as it stands now."""
    grouped: dict[int, list[Notice]] = {}
    for row in queries.on_page(session, now - KEPT):
        grouped.setdefault(row.incident, []).append(row)
    statement = select(Incident).where(col(Incident.number).in_(list(grouped)))
    incidents = list(session.execute(statement).scalars())
    found = [_problem(content, incident, grouped[incident.number]) for incident in incidents]
    found.sort(key=lambda problem: problem.at, reverse=True)
    current = [problem for problem in found if problem.current]
    return Page(current, [problem for problem in found if not problem.current])


def _problem(content: Content, incident: Incident, rows: list[Notice]) -> Problem:
    words = [_word(content, row, rows) for row in rows]
    # A correction mends what was said; it does not say how things stand.
    telling = next((row for row in rows if row.corrects is None), rows[0])
    stage = content.stages.get(telling.stage)
    over = stage is not None and stage.phase == OVER
    ongoing = incident.status in ("investigating", "contained")
    name = _public_id("problem", incident.number, incident.opened_at.isoformat())
    return Problem(name, telling.title, _label(content, telling), ongoing and not over, words)


def _word(content: Content, row: Notice, rows: list[Notice]) -> Word:
    ids = {each.number: _id_of(each) for each in rows}
    assert row.on_page_at is not None
    return Word(
        id=_id_of(row), title=row.title, label=_label(content, row), text=row.body,
        at=row.on_page_at, digest=row.digest, audience=row.audience, stage=row.stage,
        corrects=ids.get(row.corrects or 0), corrected_by=ids.get(row.corrected_by or 0),
    )  # fmt: skip


def _label(content: Content, row: Notice) -> str:
    stage = content.stages.get(row.stage)
    return stage.status_label if stage is not None else row.stage


def _id_of(row: Notice) -> str:
    return _public_id("notice", row.incident, f"{row.number}:{row.digest}")


def _public_id(kind: str, number: int, more: str) -> str:
    """A name for links that tells nothing about the number inside."""
    return kind[0] + hashlib.sha256(f"{kind}:{number}:{more}".encode()).hexdigest()[:16]
