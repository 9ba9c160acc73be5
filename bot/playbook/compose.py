"""Compose the playbook of an incident from modules. Pure and deterministic.

The rules, in the order they are applied:

1. All modules whose ``applies_when`` is not known to be false, and all they require.
2. Sorted by order, then id; a module that several others require is there once.
3. A worse severity adds, never removes; one step replaces another only by ``overrides``.
4. Approvals: the strictest wins (all groups, highest quorum), except that in an emergency the
   emergency rule wins.
5. Due times: the earliest wins.
6. Exit criteria: all of them.
7. `diff` says what a new composition changes; finished steps stay finished.
8. Modules are named with version and hash; pass the pinned ones back to compose as before.
9. Conditions have three values; unknown never removes a step.

`bot.playbook.choose` has what is in and what is not; here is what each step then asks for.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

from bot.playbook.choose import Choice, Chosen, Situation
from bot.playbook.load import Content
from bot.playbook.module import Due, ExitCriterion, Module, Step, Tighten, resolve
from bot.playbook.plan import (
    ApprovalPlan,
    Changes,
    Composition,
    CriterionPlan,
    Explanation,
    IncidentFacts,
    ModuleRef,
    NotRequired,
    Prompt,
    RatifyPlan,
    StepPlan,
)
from bot.playbook.values import ApprovalRule, BySeverity, EmergencyRule, Span

LIFE_SAFETY = frozenset({"F1", "F2"})
FINISHED = frozenset({"done", "not_needed"})


def compose(
    content: Content,
    facts: IncidentFacts,
    pinned: Mapping[str, tuple[Module, str]] | None = None,
) -> Composition:
    """The playbook for some facts. ``pinned``: module id to (module, hash) the incident ran with."""
    return _Composing(content, facts, pinned or {}).composition()


def diff(
    old: Composition | Mapping[str, str],
    new: Composition,
    finished: Collection[str] = FINISHED,
) -> Changes:
    """What changes for the steps of ``old``: a composition, or step keys with their states."""
    states = old if isinstance(old, Mapping) else {step.key: "open" for step in old.steps}
    wanted = {step.key for step in new.steps}
    gone = [key for key in states if key not in wanted]
    return Changes(
        added=tuple(step for step in new.steps if step.key not in states),
        kept=tuple(step for step in new.steps if step.key in states),
        finished=tuple(key for key in gone if states[key] in finished),
        no_longer_required=tuple(
            NotRequired(key=key, reason=new.why_not(key))
            for key in gone
            if states[key] not in finished
        ),
    )


class _Composing:
    """One composition in the making."""

    def __init__(
        self, content: Content, facts: IncidentFacts, pinned: Mapping[str, tuple[Module, str]]
    ) -> None:
        self.content, self.facts, self.situation = content, facts, Situation(facts)
        self.severity = self.situation.severity
        library = {**content.modules, **{key: pair[0] for key, pair in pinned.items()}}
        self.hashes = {**content.hashes, **{key: pair[1] for key, pair in pinned.items()}}
        self.chosen = Choice(content, self.situation, library)

    def composition(self) -> Composition:
        modules, tighten = self.chosen.modules, self.tightened()
        return Composition(
            severity=self.facts.severity,
            modules=tuple(
                ModuleRef(id=module.id, version=module.version, sha256=self.hashes[module.id])
                for module in modules
            ),
            steps=tuple(
                self.plan(at, item, tighten.get(item.key, []))
                for at, item in enumerate(self.chosen.steps)
            ),
            exit_criteria=tuple(self.criteria(modules)),
            postmortem_prompts=tuple(
                Prompt(module=module.id, text=text)
                for module in modules
                for text in module.postmortem_prompts
            ),
            explanations=tuple(
                Explanation(module=module.id, why=self.chosen.why[module.id]) for module in modules
            ),
            left_out=self.chosen.left_out,
        )

    def tightened(self) -> dict[str, list[Tighten]]:
        found: dict[str, list[Tighten]] = {}
        for module in self.chosen.modules:
            for item in module.tighten:
                found.setdefault(resolve(module.id, item.step), []).append(item)
        return found

    # --- one step ---

    def plan(self, order: int, item: Chosen, tighten: list[Tighten]) -> StepPlan:
        step = item.step
        due = self.due([step.due, *(demand.due for demand in tighten)])
        approval = self.approval(step, tighten)
        waits, skipped = self.waits(item, approval)
        evidence = [*step.evidence, *(key for demand in tighten for key in demand.evidence)]
        expires = step.effect.expires if step.effect else None
        return StepPlan(
            key=item.key,
            module=item.module.id,
            step=step.id,
            order=order,
            phase=step.phase,
            type=step.type,
            title=step.title,
            how=step.how,
            role=step.role,
            due_after=step.due.after if step.due else "declared",
            due_minutes=due.minutes if due else None,
            due_counting=due.counting if due else "calendar",
            evidence=tuple(dict.fromkeys(evidence)),
            evidence_if_possible=step.evidence_if_possible,
            offer=step.offer,
            snapshot=step.snapshot,
            rung=step.ladder,
            effect=step.effect,
            expires_minutes=expires.minutes if expires else None,
            approval=approval,
            preconditions=waits,
            skipped_snapshots=skipped,
            options=step.options,
            notice=step.notice,
            done_by=step.done_by,
            depends_on=item.depends_on,
            why=tuple(demand.reason for demand in tighten),
        )

    def due(self, rules: Iterable[Due | None]) -> Span | None:
        found: list[Span] = []
        for rule in rules:
            if rule is not None:
                found.extend(span for span in self.spans(rule) if span is not None)
        return min(found, key=lambda span: (span.minutes, span.counting), default=None)

    def spans(self, rule: Due) -> list[Span | None]:
        own = rule.at(self.severity)
        if self.facts.severity is None:
            own = rule.unassessed or own
        sla = self.content.level(self.severity).sla(rule.sla) if rule.sla else None
        return [own, sla]

    def waits(
        self, item: Chosen, approval: ApprovalPlan | None
    ) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """Keys to wait for, and snapshots that an emergency does not wait for."""
        present = {other.key for other in self.chosen.steps}
        wanted: list[str] = []
        for reference in item.step.preconditions:
            key = resolve(item.module.id, reference)
            wanted.extend(self.chosen.replaced.get(key, [key]))
        waits = [key for key in dict.fromkeys(wanted) if key in present and key != item.key]
        snapshots = self.snapshots(item)
        if approval is not None and approval.emergency:
            skipped = tuple(dict.fromkeys([*snapshots, *self.only_snapshots(waits)]))
            return tuple(key for key in waits if key not in skipped), skipped
        return tuple(dict.fromkeys([*waits, *snapshots])), ()

    def snapshots(self, item: Chosen) -> list[str]:
        rung = self.content.ladder.get(item.step.ladder or "")
        if rung is None or not rung.snapshot_first:
            return []
        near = {item.module.id, *item.module.requires}
        return [
            other.key
            for other in self.chosen.steps
            if other.step.snapshot and other.module.id in near and other.key != item.key
        ]

    def only_snapshots(self, keys: Iterable[str]) -> list[str]:
        marked = {other.key for other in self.chosen.steps if other.step.snapshot}
        return [key for key in keys if key in marked]

    # --- approvals ---

    def approval(self, step: Step, tighten: list[Tighten]) -> ApprovalPlan | None:
        rung = self.content.ladder.get(step.ladder or "")
        sources = [rung.approve if rung else None, step.approve]
        sources.extend(demand.approve for demand in tighten)
        given = [source for source in sources if source is not None]
        timeout = min((s.timeout.minutes for s in given if s.timeout), default=None)
        emergency = self.emergency(reversed(given))
        if emergency is not None:
            return strictest([emergency], timeout, emergency=True)
        rules = [rule for source in given if (rule := source.at(self.severity)) is not None]
        return strictest(rules, timeout) if rules else None

    def emergency(self, sources: Iterable[BySeverity]) -> EmergencyRule | None:
        """The most specific emergency rule that counts now, or None."""
        for source in sources:
            rule = source.emergency
            if rule is None:
                continue
            if self.facts.floors & LIFE_SAFETY:
                return rule
            if rule.when is not None and self.situation.judge(rule.when):
                return rule
        return None

    # --- exit ---

    def criteria(self, modules: list[Module]) -> Iterable[CriterionPlan]:
        for module in modules:
            for item in module.exit_criteria:
                if self.criterion_applies(item):
                    yield CriterionPlan(
                        key=f"{module.id}/{item.id}",
                        title=item.title,
                        how=item.how,
                        approver=item.approver,
                        metric=item.metric,
                        evidence=item.evidence,
                        note=item.rationale,
                    )

    def criterion_applies(self, item: ExitCriterion) -> bool:
        if not self.severity.at_least(item.min_severity):
            return False
        return self.situation.judge(item.when) is not False


def strictest(
    rules: Iterable[ApprovalRule], timeout: int | None = None, emergency: bool = False
) -> ApprovalPlan:
    """All rules at once: every group of roles, the highest quorum, every ratification."""
    given = list(rules)
    wanted: list[frozenset[str]] = []
    for rule in given:
        wanted.extend(frozenset({role}) for role in rule.all_of)
        if rule.any_of:
            wanted.append(frozenset(rule.any_of))
    unique = list(dict.fromkeys(wanted))
    # A group that holds a smaller group is already satisfied by that smaller one.
    groups = [group for group in unique if not any(other < group for other in unique)]
    ratify = {
        (rule.ratify.role, rule.ratify.within.minutes) for rule in given if rule.ratify is not None
    }
    return ApprovalPlan(
        groups=tuple(sorted(tuple(sorted(group)) for group in groups)),
        quorum=max((rule.quorum for rule in given), default=1),
        ratify=tuple(
            RatifyPlan(role=role, within_minutes=minutes) for role, minutes in sorted(ratify)
        ),
        inform=tuple(dict.fromkeys(role for rule in given for role in rule.inform)),
        timeout_minutes=timeout,
        emergency=emergency,
    )
