"""Which modules and which of their steps an incident needs, and why the others are left out.

Rules 1 to 3 and 9 of `bot.playbook.compose`. Pure and deterministic.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from bot.playbook.expressions import Value, parse
from bot.playbook.load import Content
from bot.playbook.module import Module, Step, resolve
from bot.playbook.plan import IncidentFacts
from bot.playbook.values import Severity

UNASSESSED = Severity.SEV3
"""Until a severity is set, steps are those of SEV3 and due times their ``unassessed`` ones."""


@dataclass(frozen=True, slots=True)
class Chosen:
    """A step that is in, its module, and the facts it still depends on."""

    module: Module
    step: Step
    depends_on: tuple[str, ...]

    @property
    def key(self) -> str:
        return f"{self.module.id}/{self.step.id}"


class Situation:
    """The facts of an incident, as conditions see them."""

    def __init__(self, facts: IncidentFacts) -> None:
        self.facts = facts
        self.severity = facts.severity or UNASSESSED
        self.values: dict[str, Value] = {
            **facts.environment,
            **facts.known,
            "families": facts.families,
            "tempo": facts.tempo.value if facts.tempo else None,
            "drill": facts.drill,
        }

    def judge(self, when: str | None) -> bool | None:
        """Whether a condition holds; no condition always does. None: not known yet."""
        return True if when is None else parse(when).evaluate(self.values)

    def open_facts(self, when: str | None) -> tuple[str, ...]:
        """The facts that would have to be known to judge a condition."""
        if when is None or self.judge(when) is not None:
            return ()
        return tuple(name for name in parse(when).names if self.values.get(name) is None)

    def too_mild(self, needed_from: Severity) -> str | None:
        """Said of what is needed from a worse severity on only."""
        if self.severity.at_least(needed_from):
            return None
        return f"It is needed from {needed_from} on; this is {self.named_severity()}."

    def ruled_out(self, when: str | None) -> str | None:
        """Said of what has a condition that is known to be false."""
        return f"Its condition is not true here: {when}." if self.judge(when) is False else None

    def named_severity(self) -> str:
        """The severity in words, also when nobody has set one."""
        if self.facts.severity is None:
            return f"not assessed yet and treated as {UNASSESSED}"
        return self.facts.severity.value


class Choice:
    """What is in (``modules``, ``steps``), and what is not with the reason (``left_out``)."""

    def __init__(
        self, content: Content, situation: Situation, library: Mapping[str, Module]
    ) -> None:
        self._content, self._situation, self._library = content, situation, library
        self.left_out: dict[str, str] = {}
        #: Module id to why it is in.
        self.why: dict[str, str] = {}
        self.modules = self._selected()
        found = self._needed()
        #: Key of a step that is overridden to the keys of those that replace it.
        self.replaced = self._replaced(found)
        self.steps = [item for item in found if item.key not in self.replaced]

    # --- which modules ---

    def _selected(self) -> list[Module]:
        in_order = sorted(self._library.values(), key=lambda module: (module.order, module.id))
        wanted: dict[str, Module] = {}
        for module in in_order:
            why_not = self._why_not(module)
            if why_not is None:
                wanted[module.id] = module
                self.why[module.id] = self._because(module)
                self._require(module, wanted)
            else:
                self.left_out[module.id] = why_not
        kept: dict[str, Module] = {}
        for module in in_order:
            if module.id in wanted and not self._conflicting(module, kept):
                kept[module.id] = module
                self.left_out.pop(module.id, None)
        return list(kept.values())

    def _require(self, module: Module, wanted: dict[str, Module]) -> None:
        for name in module.requires:
            if name in self._library and name not in wanted:
                wanted[name] = self._library[name]
                self.why.setdefault(name, f"{module.title} builds on it.")
                self._require(self._library[name], wanted)

    def _conflicting(self, module: Module, kept: Mapping[str, Module]) -> bool:
        for other in kept.values():
            if other.id in module.conflicts or module.id in other.conflicts:
                self.left_out[module.id] = f"It conflicts with {other.title}, which comes first."
                return True
        return False

    def _why_not(self, module: Module) -> str | None:
        rule = module.applies_when
        if rule.families and not set(rule.families).intersection(self._situation.facts.families):
            names = self._family_names(rule.families)
            return f"The incident is not marked as: {names}."
        return self._situation.too_mild(rule.min_severity) or self._situation.ruled_out(rule.when)

    def _because(self, module: Module) -> str:
        rule = module.applies_when
        parts = []
        if rule.families:
            shared = [
                family for family in self._situation.facts.families if family in rule.families
            ]
            parts.append(f"the incident is marked as: {self._family_names(shared)}")
        if rule.min_severity is not Severity.SEV4:
            parts.append(f"it is {self._situation.named_severity()}")
        if rule.when is not None:
            parts.append(self._condition_because(rule.when))
        text = "; ".join(parts) or "it belongs to every incident"
        return f"{text[0].upper()}{text[1:]}."

    def _condition_because(self, when: str) -> str:
        if self._situation.judge(when) is None:
            return f"we do not know yet whether: {when}"
        return f"this is true here: {when}"

    def _family_names(self, families: Iterable[str]) -> str:
        found = self._content.families
        return ", ".join(found[key].name if key in found else key for key in families)

    # --- which steps ---

    def _needed(self) -> list[Chosen]:
        found = []
        for module in self.modules:
            for step in module.steps:
                reason = self._step_why_not(step)
                if reason is not None:
                    self.left_out[f"{module.id}/{step.id}"] = reason
                else:
                    found.append(Chosen(module, step, self._situation.open_facts(step.when)))
        return found

    def _step_why_not(self, step: Step) -> str | None:
        here, tempo = self._situation, self._situation.facts.tempo
        if mild := here.too_mild(step.min_severity):
            return mild
        if step.tempo and tempo is not None and tempo not in step.tempo:
            return f"The tempo is {tempo}; it is for: {', '.join(step.tempo)}."
        return here.ruled_out(step.when)

    def _replaced(self, chosen: list[Chosen]) -> dict[str, list[str]]:
        found: dict[str, list[str]] = {}
        titles = {item.key: item.step.title for item in chosen}
        for item in chosen:
            if item.step.overrides is None:
                continue
            target = resolve(item.module.id, item.step.overrides)
            if target in titles:
                found.setdefault(target, []).append(item.key)
                text = f"Replaced by '{item.step.title}': {item.step.reason or 'more specific'}"
                self.left_out.setdefault(target, text)
        return found
