"""Is a word known? Roles, facts and choices, wherever the content names one."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from bot.playbook.explain import suggestion
from bot.playbook.expressions import Compare, Expression, Items, Literal, Name, parse, walk
from bot.playbook.load import Content
from bot.playbook.source import Document, Finding, Place
from bot.playbook.values import ApprovalRule, BySeverity, Severity

ALWAYS_KNOWN = ("families", "tempo", "drill")
Found = Iterator[Finding]


def known_word(doc: Document, place: Place, what: str, word: str, known: Collection[str]) -> Found:
    """A finding when ``word`` is not among the known ones."""
    if word not in known:
        yield doc.finding(place, f"There is no {what} '{word}'.", suggestion(word, known))


def _rule(
    content: Content, doc: Document, place: tuple[str | int, ...], rule: ApprovalRule | None
) -> Found:
    if rule is None:
        return
    for key in ("all_of", "any_of", "inform"):
        for role in getattr(rule, key):
            yield from known_word(doc, (*place, key), "role", role, content.roles)
    if rule.ratify is not None:
        yield from known_word(doc, (*place, "ratify"), "role", rule.ratify.role, content.roles)
    people = set(rule.all_of) | set(rule.any_of)
    if not people:
        fix = "Name roles under 'all_of' or 'any_of'."
        yield doc.finding(place, "Nobody is named who could approve.", fix)
    elif rule.quorum > len(people):
        fix = f"Lower the quorum to {len(people)} or name more roles."
        yield doc.finding(place, f"{rule.quorum} approvals, but {len(people)} roles.", fix)


def known_approvers(
    content: Content, doc: Document, place: tuple[str | int, ...], rules: BySeverity | None
) -> Found:
    """Findings about the roles that must say yes, at every severity and in an emergency."""
    if rules is None:
        return
    for key in ("default", "emergency", *Severity):
        yield from _rule(content, doc, (*place, key), getattr(rules, key))
    if rules.emergency is not None:
        yield from known_condition(
            content, doc, (*place, "emergency", "when"), rules.emergency.when
        )


def known_condition(content: Content, doc: Document, place: Place, text: str | None) -> Found:
    """Findings about the facts that a condition asks for, and the choices it compares them with."""
    if text is None:
        return
    expression = parse(text)
    known = [*content.facts, *ALWAYS_KNOWN]
    for name in expression.names:
        if name == "severity":
            fix = "Use 'min_severity:' instead, so that a worse severity never removes anything."
            yield doc.finding(place, "A condition may not ask for the severity.", fix)
        else:
            yield from known_word(doc, place, "fact", name, known)
    yield from _compared_words(content, doc, place, expression)


def _compared_words(content: Content, doc: Document, place: Place, expression: Expression) -> Found:
    for node in walk(expression):
        if not isinstance(node, Compare):
            continue
        choices = _choices(content, node.left)
        right = node.right
        words = right.held if isinstance(right, Items) else ()
        if isinstance(right, Literal):
            words = (right.held,)
        for word in words:
            if choices and isinstance(word, str):
                yield from known_word(doc, place, "choice", word, choices)


def _choices(content: Content, node: object) -> tuple[str, ...]:
    if isinstance(node, Literal):
        return ()
    if isinstance(node, Name) and node.name == "tempo":
        return ("acute", "rolling", "latent")
    if isinstance(node, Name) and node.name in content.facts:
        return content.facts[node.name].choices
    return ()
