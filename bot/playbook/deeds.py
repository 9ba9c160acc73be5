"""What ``done_by`` may name: kinds of entries, what may be asked of them, and the faults in it."""

from __future__ import annotations

from bot.playbook.known import Found, known_word
from bot.playbook.load import Content
from bot.playbook.module import DoneBy, Step
from bot.playbook.source import Document
from bot.record.catalogue import FactsSet, all_kinds
from bot.record.entry import Entry

#: What ``where`` may ask besides the fields of the entry, by the beginning of its kind.
EXTRA = {
    "": ("by_role",), "notice.": ("audience", "stage"), "role.": ("roles_filled",),
    "severity.": ("roles_filled",),
}  # fmt: skip
Spot = tuple[str | int, ...]


def askable(kind: type[Entry]) -> tuple[str, ...]:
    """Names that ``where`` may use for an entry of this kind; people's words are not among them."""
    fields = [name for name in kind.model_fields if name not in kind.private_fields()]
    more = [name for start, names in EXTRA.items() if kind.kind.startswith(start) for name in names]
    return tuple(dict.fromkeys([*fields, *more]))


def broken(content: Content, doc: Document, place: Spot, step: Step, rule: DoneBy) -> Found:
    """Every name in one ``done_by`` that leads nowhere."""
    known = all_kinds()
    yield from known_word(doc, (*place, "entry"), "entry", rule.entry, known)
    for kind in rule.gives:
        yield from known_word(doc, (*place, "gives"), "evidence kind", kind, content.evidence)
    if rule.entry in known:
        names = askable(known[rule.entry])
        for name in rule.where:
            yield from known_word(doc, (*place, "where"), f"part of {rule.entry}", name, names)
    yield from _words(content, doc, (*place, "where"), rule)
    yield from _answer(doc, (*place, "outcome"), step, rule)


def _words(content: Content, doc: Document, place: Spot, rule: DoneBy) -> Found:
    lists = {
        "role": content.roles, "by_role": content.roles, "stage": content.stages,
        "audience": content.audiences, "evidence_kind": content.evidence,
    }  # fmt: skip
    for name, wanted in rule.where.items():
        for word in wanted if isinstance(wanted, tuple) else (wanted,):
            if name in lists and isinstance(word, str):
                yield from known_word(doc, place, name.replace("_", " "), word, lists[name])


def _answer(doc: Document, place: Spot, step: Step, rule: DoneBy) -> Found:
    options = {option.id: option for option in step.options}
    if rule.outcome is None:
        if options and rule.entry != FactsSet.kind:
            fix = "Add 'outcome:' with the answer that this entry stands for."
            yield doc.finding(place, f"Step '{step.id}' takes an answer.", fix)
        return
    yield from known_word(doc, place, "option", rule.outcome, options)
    if rule.outcome in options and options[rule.outcome].sets:
        fix = "Remove 'outcome:': 'entry: facts.set' finds the answer by its facts."
        what = f"The answer '{rule.outcome}' settles facts, so a person must give it."
        yield doc.finding(place, what, fix)
