"""Does every name in a module lead somewhere? Steps, evidence, templates; and circles of waiting."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from bot.playbook.deeds import broken
from bot.playbook.explain import suggestion
from bot.playbook.known import Found, known_approvers, known_condition, known_word
from bot.playbook.load import Content
from bot.playbook.module import ExitCriterion, Module, Step, resolve, step_index
from bot.playbook.source import Place
from bot.playbook.values import Severity


def broken_in_module(content: Content, module: Module) -> Found:
    """Every name in one module that leads nowhere."""
    return _Module(content, module).findings()


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
        yield from known_condition(
            content, self.doc, ("applies_when", "when"), module.applies_when.when
        )
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
        yield from known_condition(content, doc, (*place, "when"), step.when)
        yield from known_approvers(content, doc, (*place, "approve"), step.approve)
        if step.ladder is not None:
            yield from known_word(doc, (*place, "ladder"), "rung", step.ladder, content.ladder)
        for reference in step.preconditions:
            yield from self.link((*place, "preconditions"), reference, overridable=True)
        yield from self.options(place, step)
        yield from self.override(place, step)
        if step.notice is not None:
            yield from self.template(place, step)
        for at, rule in enumerate(step.done_by):
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
        own = _worst(step.min_severity, self.module.applies_when.min_severity)
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
        yield from known_condition(self.content, self.doc, (*place, "when"), item.when)

    def tighten(self) -> Found:
        for at, item in enumerate(self.module.tighten):
            place = ("tighten", at)
            yield from self.link((*place, "step"), item.step, overridable=False)
            yield from known_approvers(self.content, self.doc, (*place, "approve"), item.approve)
            for kind in item.evidence:
                spot = (*place, "evidence")
                yield from known_word(self.doc, spot, "evidence kind", kind, self.content.evidence)


def _worst(first: Severity, second: Severity) -> Severity:
    return first if first.at_least(second) else second


def circles(content: Content) -> Found:
    """Steps that wait for each other, and modules that require each other."""
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
