"""Does every name in the content lead somewhere? Roles, facts, evidence, steps, templates, cycles.

These faults stop the bot from starting, because each would strand somebody in an incident.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping

from bot.incident.rights import RIGHTS
from bot.playbook.explain import suggestion
from bot.playbook.expressions import Compare, Expression, Items, Literal, Name, parse, walk
from bot.playbook.load import FILES, Content
from bot.playbook.module import ExitCriterion, Module, Step
from bot.playbook.source import Document, Finding, Place
from bot.playbook.values import ApprovalRule, BySeverity, Severity

ALWAYS_KNOWN = ("families", "tempo", "drill")
SEVERITY_NAMES = ("S", "L", "P", "V", "G", "O", "R", "A", "exposed", "confidence", "flags")
ANYBODY = ("anyone", "responder")
#: A Slack user group or one person, by the id that Slack shows under «Copy member ID».
PEOPLE = re.compile(r"group:S[A-Z0-9]{2,30}|user:[UW][A-Z0-9]{2,30}")
Found = Iterator[Finding]


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
        found.extend(_Module(content, module).findings())
    found.extend(_cycles(content))
    return found


def resolve(module_id: str, reference: str) -> str:
    """``step`` or ``module/step`` as a full key, seen from a module."""
    return reference if "/" in reference else f"{module_id}/{reference}"


def step_index(modules: Mapping[str, Module]) -> dict[str, Step]:
    """Every step of the library by its full key ``module/step``."""
    return {f"{module.id}/{step.id}": step for module in modules.values() for step in module.steps}


def _doc(content: Content, name: str) -> Document:
    """The document of a rule file."""
    return next(doc for file, doc in content.documents.items() if file.endswith(f"/{name}"))


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


def _by_severity(
    content: Content, doc: Document, place: tuple[str | int, ...], rules: BySeverity | None
) -> Found:
    if rules is None:
        return
    for key in ("default", "emergency", *Severity):
        yield from _rule(content, doc, (*place, key), getattr(rules, key))
    if rules.emergency is not None:
        yield from _condition(content, doc, (*place, "emergency", "when"), rules.emergency.when)


def _condition(content: Content, doc: Document, place: Place, text: str | None) -> Found:
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
        yield from _by_severity(content, doc, ("rungs", at, "approve"), rung.approve)
        for severity in Severity:
            if rung.approve.at(severity) is None:
                fix = "Add 'default:' with the roles that must say yes."
                what = f"Rung {rung.id} has no approver at {severity}."
                yield doc.finding(("rungs", at, "approve"), what, fix)


def _notices(content: Content) -> Found:
    doc = _doc(content, "notices.yaml")
    for at, audience in enumerate(content.audiences.values()):
        yield from _by_severity(content, doc, ("audiences", at, "approve"), audience.approve)
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


class _Module:
    """The references of one module."""

    def __init__(self, content: Content, module: Module) -> None:
        self.content, self.module = content, module
        self.doc = content.documents[content.module_files[module.id]]
        self.steps = step_index(content.modules)

    def findings(self) -> Found:
        module, content = self.module, self.content
        for key in ("requires", "conflicts"):
            for other in getattr(module, key):
                yield from known_word(self.doc, (key,), "module", other, content.modules)
        for family in module.applies_when.families:
            place = ("applies_when", "families")
            yield from known_word(self.doc, place, "harm family", family, content.families)
        yield from _condition(content, self.doc, ("applies_when", "when"), module.applies_when.when)
        yield from self.twice("steps", (step.id for step in module.steps))
        yield from self.twice("exit_criteria", (item.id for item in module.exit_criteria))
        for at, step in enumerate(module.steps):
            yield from self.step(("steps", at), step)
        for at, item in enumerate(module.exit_criteria):
            yield from self.criterion(("exit_criteria", at), item)
        yield from self.tighten()

    def twice(self, place: str, ids: Iterable[str]) -> Found:
        seen: set[str] = set()
        for at, key in enumerate(ids):
            if key in seen:
                fix = "Give one of the two another id."
                yield self.doc.finding((place, at, "id"), f"'{key}' is there twice.", fix)
            seen.add(key)

    def step(self, place: tuple[str | int, ...], step: Step) -> Found:
        content, doc = self.content, self.doc
        yield from known_word(doc, (*place, "role"), "role", step.role, content.roles)
        for key in ("evidence", "evidence_if_possible"):
            for kind in getattr(step, key):
                yield from known_word(doc, (*place, key), "evidence kind", kind, content.evidence)
        yield from _condition(content, doc, (*place, "when"), step.when)
        yield from _by_severity(content, doc, (*place, "approve"), step.approve)
        if step.ladder is not None:
            yield from known_word(doc, (*place, "ladder"), "rung", step.ladder, content.ladder)
        for reference in step.preconditions:
            yield from self.link((*place, "preconditions"), reference, overridable=True)
        yield from self.options(place, step)
        yield from self.override(place, step)
        if step.notice is not None:
            yield from self.template(place, step)
        for at, rule in enumerate(step.done_by):
            from bot.playbook.deeds import broken

            yield from broken(content, doc, (*place, "done_by", at), step, rule)

    def link(self, place: Place, reference: str, overridable: bool) -> Found:
        key = resolve(self.module.id, reference)
        if key not in self.steps:
            near = [reference, *self.steps, *(step.id for step in self.module.steps)][1:]
            yield self.doc.finding(
                place, f"There is no step '{reference}'.", suggestion(reference, near)
            )
            return
        owner = key.partition("/")[0]
        if overridable and owner != self.module.id and owner not in self.reachable():
            fix = f"Add '{owner}' to 'requires:'."
            what = f"'{reference}' belongs to a module that may not be there."
            yield self.doc.finding(place, what, fix)

    def reachable(self) -> set[str]:
        found: set[str] = set()
        waiting = list(self.module.requires)
        while waiting:
            name = waiting.pop()
            if name not in found and name in self.content.modules:
                found.add(name)
                waiting.extend(self.content.modules[name].requires)
        return found

    def options(self, place: tuple[str | int, ...], step: Step) -> Found:
        if (step.type == "decision") != bool(step.options):
            what = f"Step '{step.id}' has the type {step.type} and {len(step.options)} options."
            fix = "A decision has 'options:', any other step has none."
            yield self.doc.finding(place, what, fix)
        for at, option in enumerate(step.options):
            for fact in option.sets:
                spot = (*place, "options", at, "sets")
                yield from known_word(self.doc, spot, "fact", fact, self.content.facts)

    def override(self, place: tuple[str | int, ...], step: Step) -> Found:
        if step.overrides is None:
            return
        spot = (*place, "overrides")
        yield from self.link(spot, step.overrides, overridable=False)
        if step.reason is None:
            fix = "Add 'reason:' with one sentence that people will be shown."
            yield self.doc.finding(spot, f"Step '{step.id}' overrides without a reason.", fix)
        target = self.steps.get(resolve(self.module.id, step.overrides))
        own = worst(step.min_severity, self.module.applies_when.min_severity)
        if target is not None and own.rank < target.min_severity.rank:
            what = f"It replaces a step needed from {target.min_severity}, but starts at {own}."
            fix = f"Set 'min_severity: {target.min_severity}', or do not override."
            yield self.doc.finding(spot, what, fix)

    def template(self, place: tuple[str | int, ...], step: Step) -> Found:
        assert step.notice is not None
        wanted = (step.notice.audience, step.notice.stage)
        if wanted not in self.content.templates:
            known = [f"{audience}/{stage}" for audience, stage in self.content.templates]
            what = f"There is no template '{wanted[0]}/{wanted[1]}'."
            yield self.doc.finding((*place, "notice"), what, suggestion("/".join(wanted), known))

    def criterion(self, place: tuple[str | int, ...], item: ExitCriterion) -> Found:
        yield from known_word(
            self.doc, (*place, "approver"), "role", item.approver, self.content.roles
        )
        for kind in item.evidence:
            spot = (*place, "evidence")
            yield from known_word(self.doc, spot, "evidence kind", kind, self.content.evidence)
        yield from _condition(self.content, self.doc, (*place, "when"), item.when)

    def tighten(self) -> Found:
        for at, item in enumerate(self.module.tighten):
            place = ("tighten", at)
            yield from self.link((*place, "step"), item.step, overridable=False)
            yield from _by_severity(self.content, self.doc, (*place, "approve"), item.approve)
            for kind in item.evidence:
                spot = (*place, "evidence")
                yield from known_word(self.doc, spot, "evidence kind", kind, self.content.evidence)


def worst(first: Severity, second: Severity) -> Severity:
    """The worse of two severities."""
    return first if first.at_least(second) else second


def _cycles(content: Content) -> Found:
    waits = {
        f"{module.id}/{step.id}": [resolve(module.id, ref) for ref in step.preconditions]
        for module in content.modules.values()
        for step in module.steps
    }
    for circle in _circles(waits):
        module_id, _, step_id = circle[0].partition("/")
        module = content.modules[module_id]
        at = next(at for at, step in enumerate(module.steps) if step.id == step_id)
        doc = content.documents[content.module_files[module_id]]
        what = f"These steps wait for each other: {' -> '.join([*circle, circle[0]])}."
        fix = "Remove one of these preconditions."
        yield doc.finding(("steps", at, "preconditions"), what, fix)
    yield from _module_circles(content)


def _module_circles(content: Content) -> Found:
    needs = {module.id: list(module.requires) for module in content.modules.values()}
    for circle in _circles(needs):
        doc = content.documents[content.module_files[circle[0]]]
        what = f"These modules require each other: {' -> '.join([*circle, circle[0]])}."
        yield doc.finding(("requires",), what, "Remove one of them from 'requires:'.")


def _circles(links: Mapping[str, list[str]]) -> list[list[str]]:
    """Each circle once, starting at its smallest name."""
    done: set[str] = set()
    found: dict[frozenset[str], list[str]] = {}
    for start in sorted(links):
        _follow(start, links, [], done, found)
    return list(found.values())


def _follow(
    node: str,
    links: Mapping[str, list[str]],
    path: list[str],
    done: set[str],
    found: dict[frozenset[str], list[str]],
) -> None:
    if node in path:
        circle = path[path.index(node) :]
        first = circle.index(min(circle))
        found.setdefault(frozenset(circle), circle[first:] + circle[:first])
        return
    if node in done or node not in links:
        return
    for other in links[node]:
        _follow(other, links, [*path, node], done, found)
    done.add(node)
