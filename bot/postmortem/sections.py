"""The sections that people write, in the order of the document, and what helps to write them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from sqlmodel import Session

from bot.errors import BadInput
from db.tables import ContentRow, Incident


@dataclass(frozen=True, slots=True)
class Section:
    """One section: its key on the record, its title, the question that it answers."""

    key: str
    title: str
    ask: str


SECTIONS: tuple[Section, ...] = (
    Section(
        "summary", "Summary",
        "What happened, in five sentences that somebody outside the team understands?",
    ),
    Section(
        "impact_people", "Impact: people",
        "Who was affected, how many (a range is fine), and how do we know?",
    ),
    Section("impact_harm", "Impact: harm", "What harm did they suffer, and can it be undone?"),
    Section("impact_duration", "Impact: duration", "From when until when were people exposed?"),
    Section("went_well", "What went well", "What worked as intended, and should be kept?"),
    Section("lucky", "Where we were lucky", "What could easily have gone worse?"),
    Section("hard", "What was hard", "What made it slow, confusing or exhausting?"),
)  # fmt: skip
BY_KEY = {section.key: section for section in SECTIONS}
FACTOR = Section(
    "factor", "Contributing factor",
    "What made this more likely, or worse? Conditions of the work, not people. One at a time.",
)  # fmt: skip


def section(key: str) -> Section:
    """The section with this key. Raises ``BadInput``."""
    found = BY_KEY.get(key)
    if found is None:
        raise BadInput(
            f"There is no section «{key}».",
            instead="One of: " + ", ".join(BY_KEY) + ".",
            field="section",
        )
    return found


def prompts(session: Session, incident: Incident) -> list[str]:
    """Questions of the playbook modules that this incident ran with, each once."""
    found: list[str] = []
    for body in _bodies(session, incident):
        found += body.get("postmortem_prompts", [])
    return list(dict.fromkeys(found))


def _bodies(session: Session, incident: Incident) -> Iterable[dict[str, list[str]]]:
    for module in incident.modules:
        row = session.get(ContentRow, module["sha256"])
        if row is not None:
            yield row.body
