"""What the record itself knows about the impact: the last answers, and what was measured."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from bot.playbook.load import Content
from bot.postmortem.model import Known
from bot.record import catalogue as c
from bot.record.entry import Recorded
from db.tables import RecordItem

#: Questions of severity.yaml that are about people and harm rather than about the system.
QUESTIONS = ("exposed", "people", "harm", "vulnerable", "reversibility", "flags")
#: Kinds of evidence that measure the impact.
MEASURES = ("impact_count", "time_window")


def known(
    entries: Sequence[Recorded], items: Iterable[RecordItem], *, content_of: Content,
    clean: Callable[[str], str],
) -> tuple[Known, ...]:  # fmt: skip
    """Measured first, then the answers of the last assessment, each with its entry."""
    measured = [
        Known(question=content_of.evidence[kind].title, answer=clean(row.text), entry=row.n)
        for kind in MEASURES
        if kind in content_of.evidence
        for row in items
        if row.details.get("evidence_kind") == kind and not row.withdrawn
    ]
    assessed = [e for e in entries if e.entry.kind == c.SeverityAssessed.kind]
    return tuple(measured + (_answers(assessed[-1], content_of) if assessed else []))


def _answers(e: Recorded, content: Content) -> list[Known]:
    out = []
    questions = {one.id: one for one in content.severity.questions}
    for name in QUESTIONS:
        question = questions.get(name)
        given = e.entry.answers.get(name)
        if question is None or given is None:
            continue
        values = {str(one) for one in given} if isinstance(given, list) else {str(given)}
        said = [option.text for option in question.options if option.value in values]
        if said:
            out.append(Known(question=question.label, answer="; ".join(said), entry=e.n or 0))
    return out
