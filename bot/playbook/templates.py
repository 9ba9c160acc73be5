"""Render notice templates in a sandbox. A fact that is missing is said to be unknown."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from bot.playbook.load import Content, Template

if TYPE_CHECKING:
    from jinja2.sandbox import SandboxedEnvironment

ALWAYS_THERE = "drill"


def environment(content: Content) -> SandboxedEnvironment:
    """A sandboxed Jinja2 environment; templates are named ``audience/stage``.

    Nothing is escaped: the result is Markdown, and who publishes it escapes for their medium.
    """
    from jinja2 import DictLoader, StrictUndefined
    from jinja2.sandbox import SandboxedEnvironment

    sources = {f"{head[0]}/{head[1]}": item.body for head, item in content.templates.items()}
    return SandboxedEnvironment(
        loader=DictLoader({**sources, **content.shared_templates}),
        undefined=StrictUndefined,
        autoescape=False,
        keep_trailing_newline=False,
    )


def render(content: Content, audience: str, stage: str, facts: Mapping[str, object]) -> str:
    """The text of a notice. Raises KeyError when there is no such template."""
    template = content.templates[audience, stage]
    wanted: dict[str, object] = {fact.name: None for fact in template.head.facts}
    wanted |= {ALWAYS_THERE: False, **facts}
    text: str = environment(content).get_template(f"{audience}/{stage}").render(wanted)
    return text.strip() + "\n"


def missing_facts(template: Template, facts: Mapping[str, object]) -> tuple[tuple[str, str], ...]:
    """Facts the template needs and nobody has given, each with the question to ask."""
    return tuple(
        (fact.name, fact.ask)
        for fact in template.head.facts
        if fact.required and facts.get(fact.name) in (None, "", "unknown")
    )
