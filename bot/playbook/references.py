"""Does every name in the content lead somewhere? Roles, facts, evidence, steps, templates, cycles.

These faults stop the bot from starting, because each would strand somebody in an incident.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from bot.incident.rights import RIGHTS
from bot.playbook.explain import suggestion
from bot.playbook.expressions import parse
from bot.playbook.known import Found, known_approvers, known_word
from bot.playbook.load import FILES, Content
from bot.playbook.module_references import broken_in_module, circles
from bot.playbook.source import Document, Finding
from bot.playbook.values import Severity

SEVERITY_NAMES = ("S", "L", "P", "V", "G", "O", "R", "A", "exposed", "confidence", "flags")
ANYBODY = ("anyone", "responder")
#: A Slack user group or one person, by the id that Slack shows under «Copy member ID».
PEOPLE = re.compile(r"group:S[A-Z0-9]{2,30}|user:[UW][A-Z0-9]{2,30}")


def broken_references(content: Content) -> list[Finding]:
    """Every name that leads nowhere, and every circle of steps."""
    found: list[Finding] = []
    found.extend(_repeated_ids(content))
    found.extend(_severity(content))
    found.extend(_levels(content))
    found.extend(_roles(content))
    found.extend(_families(content))
    found.extend(_ladder(content))
    found.extend(_notices(content))
    found.extend(_permissions(content))
    found.extend(_retention(content))
    for module in content.modules.values():
        found.extend(broken_in_module(content, module))
    found.extend(circles(content))
    return found


def _doc(content: Content, name: str) -> Document:
    """The document of a rule file."""
    return next(doc for file, doc in content.documents.items() if file.endswith(f"/{name}"))


def _repeated_ids(content: Content) -> Found:
    for file in FILES:
        doc = _doc(content, file)
        for list_name, rows in _lists(doc.value):
            if list_name == "rules":
                continue
            seen: set[object] = set()
            for at, row in enumerate(rows):
                key = (row.get("id") or row.get("verb")) if isinstance(row, dict) else None
                if key is not None and key in seen:
                    fix = "Give one of the two another id, or delete it."
                    yield doc.finding((list_name, at), f"'{key}' is there twice.", fix)
                seen.add(key)


def _lists(value: object) -> Iterator[tuple[str, list[object]]]:
    if isinstance(value, dict):
        for name, rows in value.items():
            if isinstance(rows, list):
                yield name, rows


def _severity(content: Content) -> Found:
    doc, rules = _doc(content, "severity.yaml"), content.severity
    for at, rule in enumerate(rules.rules):
        for name in parse(rule.when).names:
            known = (*SEVERITY_NAMES, "families")
            yield from known_word(doc, ("rules", at, "when"), "answer", name, known)
        effects = [rule.base, rule.at_least, rule.up, rule.exactly]
        if sum(effect is not None for effect in effects) != 1:
            fix = "Keep exactly one of base, at_least, up, exactly."
            yield doc.finding(("rules", at), f"Rule {rule.id} must have one effect.", fix)
    for at, question in enumerate(rules.questions):
        for row, option in enumerate(question.options):
            for fact in option.sets:
                spot = ("questions", at, "options", row, "sets")
                yield from known_word(doc, spot, "fact", fact, content.facts)
    role = rules.downgrade.commander_role
    yield from known_word(doc, ("downgrade", "commander_role"), "role", role, content.roles)


def _levels(content: Content) -> Found:
    doc = _doc(content, "levels.yaml")
    for severity in Severity:
        level = content.level(severity)
        for role in level.roles:
            yield from known_word(doc, (severity, "roles"), "role", role, content.roles)
        paging = level.paging
        for role in (*paging.acute, *paging.rolling, *paging.latent):
            known = (*content.roles, "all")
            yield from known_word(doc, (severity, "paging"), "role", role, known)


def _roles(content: Content) -> Found:
    leaders = [role.id for role in content.roles.values() if role.commands]
    if len(leaders) != 1:
        what = f"{len(leaders)} roles have 'commands: true'."
        fix = "Exactly one role leads: set 'commands: true' on it alone."
        yield _doc(content, "roles.yaml").finding(("roles",), what, fix)


def _families(content: Content) -> Found:
    doc = _doc(content, "families.yaml")
    for at, family in enumerate(content.families.values()):
        for role in family.roles:
            yield from known_word(doc, ("families", at, "roles"), "role", role, content.roles)


def _ladder(content: Content) -> Found:
    doc = _doc(content, "ladder.yaml")
    for at, rung in enumerate(content.ladder.values()):
        yield from known_approvers(content, doc, ("rungs", at, "approve"), rung.approve)
        for severity in Severity:
            if rung.approve.at(severity) is None:
                fix = "Add 'default:' with the roles that must say yes."
                what = f"Rung {rung.id} has no approver at {severity}."
                yield doc.finding(("rungs", at, "approve"), what, fix)


def _notices(content: Content) -> Found:
    doc = _doc(content, "notices.yaml")
    for at, audience in enumerate(content.audiences.values()):
        yield from known_approvers(content, doc, ("audiences", at, "approve"), audience.approve)
    for template in content.templates.values():
        head = template.head
        yield from known_word(
            template.document, ("audience",), "audience", head.audience, content.audiences
        )
        yield from known_word(template.document, ("stage",), "stage", head.stage, content.stages)


def _permissions(content: Content) -> Found:
    doc = _doc(content, "permissions.yaml")
    known = (*content.roles, *ANYBODY)
    for verb in RIGHTS:
        if verb not in content.permissions:
            fix = f"Add a line for it: - {{verb: {verb}, title: …, default: [commander]}}"
            yield doc.finding(("permissions",), f"Nobody is given the right '{verb}'.", fix)
    for at, row in enumerate(content.permissions.values()):
        if row.verb not in RIGHTS:
            what = f"Nothing asks for the right '{row.verb}'."
            yield doc.finding(("permissions", at, "verb"), what, suggestion(row.verb, RIGHTS))
        for kind in ("default", "private", "drill"):
            for who in getattr(row, kind) or ():
                if PEOPLE.fullmatch(who):
                    continue
                yield from known_word(doc, ("permissions", at, kind), "role", who, known)


def _retention(content: Content) -> Found:
    """The first rule that fits counts, so a rule below one that is as wide is never looked at."""
    rules = content.retention
    for at, rule in enumerate(rules):
        doc = _doc(content, "retention.yaml")
        for other in rules[:at]:
            if other.id == rule.id:
                what = f"'{rule.id}' is there twice."
                yield doc.finding(("retention", at, "id"), what, "Give one of the two another id.")
            if other.kind in ("any", rule.kind) and other.private in (None, rule.private):
                what = f"'{rule.id}' never counts: '{other.id}' stands above it and fits the same."
                yield doc.finding(("retention", at), what, "Move it up, or remove it.")
                break
