"""Is the content good enough to be woken up for? Rules beyond shape and references.

`check` is for people who edit content: it reports everything and never raises on bad content.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from bot.playbook.gates import proves, tries_needed
from bot.playbook.load import Content, Template, gather
from bot.playbook.module import Due, ExitCriterion, Metric, Module, Step, resolve, step_index
from bot.playbook.references import broken_references
from bot.playbook.source import Document, Finding
from bot.playbook.values import Severity

HARM_PHASES = ("triage", "preserve", "contain", "communicate", "learn")
SCORED = ("harm", "likelihood", "people", "reversibility", "vulnerable", "ongoing")
PROVIDED = frozenset(
    {"incident", "audience", "stage", "status_label", "facts", "families", "roles", "notes"}
    | {"decisions", "open_hypotheses", "containment", "last_update", "next_update", "corrects"}
    | {"drill", "now"}
)
"""Names a notice template may use without declaring a question: the record provides them."""
QUESTIONS = (*SCORED, "exposed", "confidence", "flags")
Found = Iterator[Finding]


def check(folder: Path, templates: Path) -> list[Finding]:
    """Every fault of shape, reference and quality in the content, in file order."""
    content, findings = gather(folder, templates)
    if content is not None:
        broken = broken_references(content)
        findings.extend(broken)
        # Quality is only judged on content whose names lead somewhere.
        findings.extend(lint(content) if not broken else _templates(content))
    return sorted(set(findings))


def lint(content: Content) -> list[Finding]:
    """Faults of quality in content that loads."""
    found: list[Finding] = []
    for module in content.modules.values():
        found.extend(_LintModule(content, module).findings())
    found.extend(_templates(content))
    found.extend(_questions(content))
    return sorted(found)


class _LintModule:
    """The quality rules of one module."""

    def __init__(self, content: Content, module: Module) -> None:
        self.content, self.module = content, module
        self.doc: Document = content.documents[content.module_files[module.id]]
        self.steps = step_index(content.modules)

    def findings(self) -> Found:
        if self.module.kind == "harm":
            yield from self.harm()
        for at, step in enumerate(self.module.steps):
            place = ("steps", at)
            yield from self.containment(place, step)
            yield from self.notice(place, step)
            yield from self.due(place, step.due)
            yield from self.waits(place, step)
        for at, item in enumerate(self.module.exit_criteria):
            yield from self.criterion(("exit_criteria", at), item)
        yield from self.tighten()
        yield from self.conflicts()

    def harm(self) -> Found:
        module = self.module
        there = {step.phase for step in module.steps}
        for phase in HARM_PHASES:
            if phase not in there:
                fix = f"Add a step with 'phase: {phase}'."
                yield self.doc.finding(("steps",), f"No step for the phase '{phase}'.", fix)
        if not module.applies_when.families:
            fix = "Add 'applies_when: {families: [..]}'."
            yield self.doc.finding(("id",), "A harm module must name its harm families.", fix)
        if not any(item.metric for item in module.exit_criteria):
            fix = "Add an exit criterion with 'metric:'."
            what = "No exit criterion is measured."
            yield self.doc.finding(("exit_criteria",), what, fix)

    def containment(self, place: tuple[str | int, ...], step: Step) -> Found:
        acts = step.phase == "contain" and step.type in ("action", "approval")
        if acts and step.ladder is None:
            fix = "Add 'ladder:' with the rung, C0 to C9."
            yield self.doc.finding(place, f"Step '{step.id}' contains without a rung.", fix)
        if (acts or step.ladder) and step.effect is None:
            fix = "Add 'effect:' with expected, side_effects and rollback."
            what = f"Step '{step.id}' does not say its effect and its way back."
            yield self.doc.finding(place, what, fix)
        if step.type == "approval" and step.ladder is None and step.approve is None:
            fix = "Add 'approve:' or 'ladder:'."
            what = f"Nobody is named to approve step '{step.id}'."
            yield self.doc.finding(place, what, fix)

    def notice(self, place: tuple[str | int, ...], step: Step) -> Found:
        if step.phase == "communicate" and step.type == "action" and step.notice is None:
            fix = "Add 'notice: {audience: .., stage: ..}'."
            yield self.doc.finding(place, f"Step '{step.id}' names no template.", fix)

    def due(self, place: tuple[str | int, ...], due: Due | None) -> Found:
        if due is None:
            return
        times = [due.at(severity) for severity in Severity]
        for severity, span in zip(Severity, times, strict=True):
            allowed = self.content.level(severity).sla(due.sla) if due.sla else None
            if span is not None and allowed is not None and span.minutes > allowed.minutes:
                fix = f"Make it {allowed} or less."
                what = f"Due after {span} at {severity}, but {due.sla} allows {allowed}."
                yield self.doc.finding((*place, "due"), what, fix)
        for worse, span, other in zip(Severity, times, times[1:], strict=False):
            if span is not None and other is not None and span.minutes > other.minutes:
                fix = "Give the worse severity the shorter time."
                what = f"At {worse} it is due later ({span}) than one level below ({other})."
                yield self.doc.finding((*place, "due"), what, fix)

    def waits(self, place: tuple[str | int, ...], step: Step) -> Found:
        for reference in step.preconditions:
            other = self.steps[resolve(self.module.id, reference)]
            if other.min_severity.rank < step.min_severity.rank:
                what = f"It waits for '{reference}', which is only there from {other.min_severity}."
                fix = "Give both the same 'min_severity:'."
                yield self.doc.finding((*place, "preconditions"), what, fix)
        if step.snapshot and step.ladder is not None:
            fix = "Make the snapshot a step of its own, before containment."
            yield self.doc.finding(place, f"Snapshot step '{step.id}' also contains.", fix)
        for key in self.all_waits(step) if step.snapshot else ():
            if self.steps[key].ladder is not None:
                fix = "A snapshot comes before containment: remove the precondition."
                what = f"Snapshot step '{step.id}' waits for the containment step '{key}'."
                yield self.doc.finding((*place, "preconditions"), what, fix)

    def all_waits(self, step: Step) -> list[str]:
        found: dict[str, None] = {}
        waiting = [resolve(self.module.id, reference) for reference in step.preconditions]
        while waiting:
            key = waiting.pop()
            if key in found:
                continue
            found[key] = None
            owner = key.partition("/")[0]
            waiting.extend(resolve(owner, ref) for ref in self.steps[key].preconditions)
        return list(found)

    def criterion(self, place: tuple[str | int, ...], item: ExitCriterion) -> Found:
        metric = item.metric
        if metric is None:
            return
        for name in ("n", "window"):
            if getattr(metric, name) is None:
                fix = f"Add '{name}:'. A number without it proves nothing."
                what = f"The metric of '{item.id}' has no {name}."
                yield self.doc.finding((*place, "metric"), what, fix)
        if metric.confidence is not None and metric.n is not None:
            yield from self.statistics((*place, "metric"), metric)

    def statistics(self, place: tuple[str | int, ...], metric: Metric) -> Found:
        limit = float(metric.value) if metric.op in ("<", "<=") else 1 - float(metric.value)
        failures, confidence = metric.max_failures or 0, float(metric.confidence or 0)
        if not 0 < limit < 1:
            fix = "Give the value as a share between 0 and 1, or remove 'confidence:'."
            yield self.doc.finding(place, f"{metric.value} is not a share.", fix)
        elif metric.n is not None and not proves(limit, metric.n, failures, confidence):
            needed = tries_needed(limit, failures, confidence)
            what = f"{failures} failures in {metric.n} do not prove {metric.op} {metric.value}."
            yield self.doc.finding((*place, "n"), what, f"Set 'n: {needed}' or more.")

    def tighten(self) -> Found:
        for at, item in enumerate(self.module.tighten):
            place = ("tighten", at)
            target = self.steps[resolve(self.module.id, item.step)]
            after = target.due.after if target.due else "declared"
            if item.due is not None and item.due.after != after:
                fix = f"Use 'after: {after}'."
                what = f"'{item.step}' counts from '{after}'."
                yield self.doc.finding((*place, "due"), what, fix)
            if item.due is None and item.approve is None and not item.evidence:
                fix = "Add due, approve or evidence, or remove the entry."
                yield self.doc.finding(place, f"Nothing is tightened for '{item.step}'.", fix)
            yield from self.due(place, item.due)

    def conflicts(self) -> Found:
        own = self.module.applies_when.min_severity
        for name in self.module.conflicts:
            other = self.content.modules[name].applies_when.min_severity
            if other != own:
                what = f"It conflicts with '{name}', which starts at {other}, not at {own}."
                fix = (
                    "Give both the same 'min_severity:', so that a worse severity removes nothing."
                )
                yield self.doc.finding(("conflicts",), what, fix)


def _templates(content: Content) -> Found:
    doc = next(doc for file, doc in content.documents.items() if file.endswith("/notices.yaml"))
    for audience in content.audiences:
        for stage in content.stages:
            if (audience, stage) not in content.templates:
                fix = f"Add {audience}/{stage}.md.j2."
                what = f"No template for {audience} at stage '{stage}'."
                yield doc.finding(("audiences",), what, fix)
    for template in content.templates.values():
        yield from _template(template)


def _template(template: Template) -> Found:
    from jinja2 import Environment, TemplateSyntaxError, meta

    shift = template.document.root.end_mark.line if template.document.root else 0
    start = shift + template.document.offset + 1
    try:
        tree = Environment(autoescape=True).parse(template.body)
    except TemplateSyntaxError as error:
        what = f"Jinja2 cannot read it: {error.message}."
        fix = "Correct the braces or the tag on this line."
        yield Finding(template.file, start + error.lineno, what, fix)
        return
    except RecursionError:
        what, fix = "Jinja2 cannot read it: brackets without end.", "Write it in several steps."
        yield Finding(template.file, start, what, fix)
        return
    declared = {fact.name for fact in template.head.facts} | PROVIDED
    used = meta.find_undeclared_variables(tree)
    for name in sorted(used - declared):
        fix = "Add it to 'facts:' with the question to ask."
        yield template.document.finding(("facts",), f"It uses '{name}' undeclared.", fix)
    for at, fact in enumerate(template.head.facts):
        if fact.name not in used:
            fix = "Remove it from 'facts:', or use it in the text."
            what = f"'{fact.name}' is declared and never used."
            yield template.document.finding(("facts", at), what, fix)


def _questions(content: Content) -> Found:
    doc = next(doc for file, doc in content.documents.items() if file.endswith("/severity.yaml"))
    there = {question.id for question in content.severity.questions}
    for name in QUESTIONS:
        if name not in there:
            fix = f"Add a question with 'id: {name}'."
            yield doc.finding(("questions",), f"The question '{name}' is missing.", fix)
    for at, question in enumerate(content.severity.questions):
        if question.id not in QUESTIONS:
            fix = f"Use one of: {', '.join(QUESTIONS)}."
            yield doc.finding(("questions", at), f"No rule asks for '{question.id}'.", fix)
        for row, option in enumerate(question.options):
            if question.id in SCORED and option.score is None:
                fix = "Add 'score:'. Unknown scores 1."
                place = ("questions", at, "options", row)
                yield doc.finding(place, f"The answer '{option.value}' has no score.", fix)
