"""Drafts: a template of the content folder, filled with what the record knows and people answered.

What nobody knows yet stays visible as ``We do not know yet: …``. Templates run in a sandbox
without attributes, calls or loops that could do harm; what people wrote is only ever a value in
them, so template marks inside a fact stay plain text.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from difflib import SequenceMatcher
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from bot.comms.text import BODY_MAX, TITLE_MAX
from bot.errors import ConfigError

if TYPE_CHECKING:
    from jinja2 import Environment

    from bot.playbook.load import Content, Template

#: A draft may grow this long before it is cut to what can be approved; beyond it the template is wrong.
RENDER_MAX = 20_000
RANGE_MAX = 100
NUMBER_MAX = 1_000_000
#: Loops inside loops, and filters that make much out of little: imported content may mean harm.
LOOPS_MAX = 2
WIDENING = ("center", "format", "indent", "wordwrap", "batch", "slice", "urlize", "xmlattr", "pprint",
            "tojson", "replace", "map", "random")  # fmt: skip
DRILL_TITLE = "DRILL: "
DRILL_LINE = "This is a drill. Nothing described here happened."


#: Facts that the house's templates ask for, as they read after «We do not know yet».
_PHRASES = {
    "what_happened": "what exactly happened",
    "when_started": "when it started",
    "what_ai_did": "what the AI system did",
    "who_affected": "how many people are affected",
    "how_we_know": "how sure this number is",
    "what_we_did": "what has been done so far",
    "what_you_should_do": "whether you need to do something",
    "how_to_get_review": "how to have a result corrected",
    "contact": "who answers questions",
    "next_update_at": "when the next update comes",
    "scope": "which parts are touched",
    "workaround": "what you can do meanwhile",
    "title": "what to call it",
    "severity": "how severe it is",
    "families": "which kinds of harm it is",
    "roles": "who holds which role",
    "channel": "where the work is done",
    "unknowns": "what else we do not know",
    "decisions_needed": "which decision is needed",
    "clocks": "which clocks run",
    "what_changed": "what will prevent it from now on",
    "wrong_statement": "which statement was wrong",
    "right_statement": "what is correct",
    "where_it_appeared": "where it appeared",
}


def unknown(name: str) -> str:
    """How a missing fact shows in a draft: ``We do not know yet: when it started.``"""
    return f"We do not know yet: {_PHRASES.get(name) or name.replace('_', ' ')}."


def said_time(moment: datetime) -> str:
    """``21 November 2026, 05:10 UTC``: a time for readers anywhere."""
    there = moment.astimezone(UTC)
    return f"{there.day} {there.strftime('%B %Y, %H:%M')} UTC"


def render(content: Content, template: Template, known: Mapping[str, Any]) -> tuple[str, str]:
    """Title and body of a draft. ``known`` is what :mod:`bot.comms.known` gathered.

    The title is the template's first heading. Other marks of Markdown are taken out: a notice is
    plain text wherever it goes. Raises ``ConfigError`` naming the file when the template is broken.
    """
    from jinja2 import TemplateError

    environment = _environment(tuple(sorted(content.shared_templates.items())))
    try:
        text = _filled(environment, template.body, known)
    except (TemplateError, ArithmeticError, TypeError, ValueError, RecursionError) as problem:
        raise ConfigError(
            f"The template {template.file} cannot be filled in: {problem}.",
            instead="Correct the file; until then write the notice by hand.",
        ) from problem
    label = content.stages[template.head.stage].status_label
    title, body = _titled(text, f"{label}: a problem with our AI system", label)
    return finished(title, body, drill=bool(known.get("drill")))


def finished(title: str, body: str, *, drill: bool) -> tuple[str, str]:
    """A draft within its limits; one of a drill says so in title and text."""
    title = " ".join(title.split())
    body = "\n".join(_calm(line.rstrip() for line in body.strip().split("\n")))
    if drill and "DRILL" not in title:
        title = DRILL_TITLE + title
    if drill and "drill" not in body.lower():
        body = f"{DRILL_LINE}\n\n{body}"
    return title[:TITLE_MAX].strip(), body[:BODY_MAX].strip()


def carry(text: str, before: str, after: str) -> str:
    """Bring what changed between two renderings into a text that a person has worked on.

    Lines that the person has changed are left as they are.
    """
    old, new = before.split("\n"), after.split("\n")
    for what, i1, i2, j1, j2 in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if what == "replace":
            text = text.replace("\n".join(old[i1:i2]), "\n".join(new[j1:j2]), 1)
    return text


_HEADING = re.compile(r"#{1,6}\s+(.+?)\s*#*\Z")
_BOLD_LINE = re.compile(r"\*\*(.+?)\*\*\Z")
_BOLD = re.compile(r"\*\*(.+?)\*\*")


def _titled(text: str, default: str, label: str) -> tuple[str, str]:
    """The first heading as the title, and the rest as plain lines."""
    lines = text.strip().split("\n")
    title = ""
    for at, line in enumerate(lines):
        found = _HEADING.match(line.strip()) or _BOLD_LINE.match(line.strip())
        if found and not title:
            title = found.group(1)
            lines[at] = ""
    # A heading that only repeats the stage names nothing; people change the default in the form.
    title = default if title in ("", label) or len(title.split()) == 1 else title
    return _BOLD.sub(r"\1", title), "\n".join(_plain(line) for line in lines)


def _plain(line: str) -> str:
    found = _HEADING.match(line.strip())
    return _BOLD.sub(r"\1", found.group(1) if found else line)


def _calm(lines: Iterator[str]) -> Iterator[str]:
    """At most one empty line in a row: blocks that were left out leave no holes."""
    empty = False
    for line in lines:
        if line or not empty:
            yield line
        empty = not line


def _filled(environment: Environment, source: str, known: Mapping[str, Any]) -> str:
    parts: list[str] = []
    length = 0
    for part in environment.from_string(source).generate(**known):
        length += len(part)
        if length > RENDER_MAX:
            raise ValueError(f"it makes more than {RENDER_MAX} characters")
        parts.append(part)
    return "".join(parts)


def _shown(value: Any) -> Any:
    if isinstance(value, datetime):
        return said_time(value)
    if isinstance(value, list | tuple):
        return ", ".join(str(_shown(one)) for one in value)
    return value


def _bounded(tree: Any, depth: int = 0, inside: bool = False) -> None:
    """Raises ``SecurityError`` for loops within loops within loops, for what calls itself, and for
    names that are given to values: each could be ten times the one before."""
    from jinja2 import nodes
    from jinja2.exceptions import SecurityError

    for node in tree.iter_child_nodes():
        loop = isinstance(node, nodes.For)
        macro = isinstance(node, nodes.Macro | nodes.CallBlock)
        if loop and (node.recursive or inside or depth >= LOOPS_MAX):
            raise SecurityError(f"loops go {LOOPS_MAX} deep at most, and not into macros")
        if isinstance(node, nodes.Assign | nodes.AssignBlock | nodes.With):
            raise SecurityError("a template sets nothing")
        call = isinstance(node, nodes.Call)
        if inside and call:
            raise SecurityError("a macro calls nothing, and nothing is called within a call")
        _bounded(node, depth + loop, inside or macro or call)


def _joined(values: Any, between: str = "") -> str:
    """The filter ``join``, for as much as a draft may have."""
    shown = [str(one) for one in values]
    if sum(map(len, shown)) + len(shown) * len(between) > RENDER_MAX:
        raise ValueError(f"it joins more than {RENDER_MAX} characters")
    return between.join(shown)


def _few(*args: int) -> range:
    found = range(*args)
    if len(found) > RANGE_MAX:
        raise ValueError(f"a range of more than {RANGE_MAX}")
    return found


@lru_cache(maxsize=4)
def _environment(shared: tuple[tuple[str, str], ...]) -> Environment:
    from jinja2 import ChainableUndefined, DictLoader
    from jinja2.exceptions import SecurityError
    from jinja2.sandbox import ImmutableSandboxedEnvironment

    class Visible(ChainableUndefined):
        """A value nobody knows: false in conditions, said aloud in text."""

        def __str__(self) -> str:
            return unknown(str(self._undefined_name or "this"))

        __html__ = __str__

    class Careful(ImmutableSandboxedEnvironment):
        # «%» formats text to any width, as «*» repeats it.
        intercepted_binops = frozenset({"*", "**", "%"})

        def _parse(self, source: str, name: str | None, filename: str | None) -> Any:
            tree = super()._parse(source, name, filename)
            _bounded(tree)
            return tree

        def wrap_str_format(self, value: Any) -> None:
            """No formatting, not even Jinja's careful one: a width makes a gigabyte of blanks."""

        def is_safe_attribute(self, obj: Any, attr: str, value: Any) -> bool:
            # Methods of text make more text than there was; values are looked at, not called.
            called = callable(value) and not isinstance(value, ChainableUndefined)
            return not called and super().is_safe_attribute(obj, attr, value)

        def call_binop(self, context: Any, operator: str, left: Any, right: Any) -> Any:
            whole = isinstance(left, int) and isinstance(right, int) and operator != "**"
            if not whole or max(abs(left), abs(right)) > NUMBER_MAX:
                raise SecurityError(f"«{operator}» is for small whole numbers only")
            return left * right if operator == "*" else left % right

    environment = Careful(
        loader=DictLoader(dict(shared)), undefined=Visible, autoescape=False, finalize=_shown,
        trim_blocks=True, lstrip_blocks=True, auto_reload=False,
    )  # fmt: skip
    environment.globals = {"range": _few}
    for name in WIDENING:
        environment.filters.pop(name, None)
    environment.filters.update(time=said_time, join=_joined)
    return environment
