"""YAML with line numbers, so that each complaint about content can point at its line.

Only the plain part of YAML is understood: mappings, lists, text, whole numbers, true/false and
nothing. ``yes``, ``no``, dates and numbers with a point stay text, which keeps both people and
content hashes free of surprises.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

import yaml
from yaml.cyaml import CParser  # type: ignore[attr-defined]

from bot.errors import ConfigError

if TYPE_CHECKING:
    Plain = dict[str, "Plain"] | list["Plain"] | str | int | bool | None
else:
    Plain = object

Place = Sequence[str | int]


@dataclass(frozen=True, slots=True, order=True)
class Finding:
    """One fault in content: where it is, what is wrong, and what to do about it."""

    file: str
    line: int
    what: str
    fix: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.what} Fix: {self.fix}"


class ContentError(ConfigError):
    """Content files have faults; `findings` lists every one with its file, line and fix."""

    def __init__(self, findings: Sequence[Finding]) -> None:
        self.findings = tuple(sorted(findings))
        listed = "\n".join(str(finding) for finding in self.findings)
        super().__init__(f"The playbook content has faults.\n{listed}")


_INT = re.compile(r"-?(0|[1-9][0-9]{0,14})\Z")
#: Nobody writes deeper; the parser, which is C, would run out of its stack and end the process.
DEEPEST = 40
#: With fewer of the characters that nest, no text can be deep enough for that.
_NESTING, _NESTING_FEW = "[{-?:", 8_000
_WORDS: dict[str, bool | None] = {"true": True, "false": False, "null": None, "~": None, "": None}


class _Reader(CParser):
    """The C parser with no guessing: tags are settled in `_scalar` instead."""

    def resolve(self, kind: type[yaml.Node], value: object, implicit: object) -> str:
        """Called by the C parser for each node; plain and quoted scalars must stay apart."""
        plain = kind is yaml.ScalarNode and isinstance(implicit, tuple) and bool(implicit[0])
        return "plain" if plain else "text"

    def descend_resolver(self, parent: object, index: object) -> None:
        """Called by the C parser; there is nothing to resolve by path."""

    def ascend_resolver(self) -> None:
        """Called by the C parser; there is nothing to resolve by path."""


@dataclass(frozen=True, slots=True)
class Document:
    """One YAML file: its plain value, its hash, and the line of every place in it."""

    file: str
    value: Plain
    text: str = field(repr=False)
    offset: int = 0
    repeated: tuple[Finding, ...] = field(default=())

    @property
    def root(self) -> yaml.Node | None:
        """The places in it. Read anew: only a fault needs them, and they are megabytes."""
        return _nodes(self.text)

    def line(self, place: Place = ()) -> int:
        """The line (from 1) of a place such as ``('steps', 3, 'role')``, or its nearest parent."""
        node, line = self.root, 1
        if node is not None:
            line = node.start_mark.line + 1
        for part in place:
            node, found = _child(node, part)
            if found is None:
                break
            line = found
        return line + self.offset

    def finding(self, place: Place, what: str, fix: str) -> Finding:
        """A finding at a place in this document."""
        return Finding(self.file, self.line(place), what, fix)

    @property
    def sha256(self) -> str:
        """The hash of the content, which comments and layout do not change."""
        return sha256(self.value)


def _child(node: yaml.Node | None, part: str | int) -> tuple[yaml.Node | None, int | None]:
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            if key.value == str(part):
                return value, key.start_mark.line + 1
    if isinstance(node, yaml.SequenceNode) and isinstance(part, int) and part < len(node.value):
        item = node.value[part]
        return item, item.start_mark.line + 1
    return None, None


def canonical(value: object) -> bytes:
    """Canonical JSON: sorted keys, no spaces, UTF-8. Raises TypeError on a float."""
    _no_floats(value)
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return text.encode()


def _no_floats(value: object) -> None:
    if isinstance(value, float):
        raise TypeError("content holds no floats: write decimals as text")
    if isinstance(value, dict):
        for item in value.values():
            _no_floats(item)
    elif isinstance(value, list | tuple):
        for item in value:
            _no_floats(item)


def sha256(value: object) -> str:
    """The SHA-256, in hexadecimal, of a value's canonical JSON."""
    return hashlib.sha256(canonical(value)).hexdigest()


def read(path: Path, shown: str) -> Document:
    """Read one YAML file. ``shown`` is the name used in messages. Raises ContentError."""
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        fix = "Restore this file; the content folder is not complete without it."
        raise ContentError([Finding(shown, 1, "The file is missing.", fix)]) from None
    except (OSError, UnicodeDecodeError) as error:
        fix = "Make the file readable and save it as UTF-8."
        raise ContentError([Finding(shown, 1, f"Cannot read it: {error}.", fix)]) from error
    return read_text(text, shown)


def read_text(text: str, shown: str, offset: int = 0) -> Document:
    """Read YAML text; ``offset`` is the number of lines before it in its file."""
    walk = _Walk(shown, offset)
    try:
        if sum(map(text.count, _NESTING)) > _NESTING_FEW:
            walk.look_deep(text)
        root = _nodes.__wrapped__(text)
    except yaml.YAMLError as error:
        raise ContentError([_syntax(error, shown, offset)]) from error
    value = None if root is None else walk.plain(root)
    return Document(shown, value, text, offset, tuple(walk.repeated))


@lru_cache(maxsize=8)
def _nodes(text: str) -> yaml.Node | None:
    reader = _Reader(text)
    try:
        return reader.get_single_node()
    finally:
        reader.dispose()


def _syntax(error: yaml.YAMLError, shown: str, offset: int) -> Finding:
    mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
    problem = getattr(error, "problem", None) or "it cannot be parsed"
    fix = "Check the indentation, the colons and the quotes on this line and the one above."
    return Finding(shown, (mark.line if mark else 0) + 1 + offset, f"Not YAML: {problem}.", fix)


class _Walk:
    """From nodes to plain values, with the faults on the way."""

    def __init__(self, shown: str, offset: int) -> None:
        self._shown, self._offset = shown, offset
        self._seen: set[int] = set()
        self.repeated: list[Finding] = []

    def plain(self, node: yaml.Node, depth: int = 0) -> Plain:
        """The value of a node. Raises ContentError for what nobody has to write."""
        if not isinstance(node, yaml.MappingNode | yaml.SequenceNode):
            return _scalar(node)
        if depth > DEEPEST:
            raise self._too_deep(node.start_mark.line)
        if id(node) in self._seen:  # a few lines of these make gigabytes
            what, fix = "A part of the file is used again by '*'.", "Write it out where it is used."
            raise ContentError([self._finding(node.start_mark.line, what, fix)])
        self._seen.add(id(node))
        if isinstance(node, yaml.SequenceNode):
            return [self.plain(item, depth + 1) for item in node.value]
        return {key: self.plain(value, depth + 1) for key, value in self._pairs(node).items()}

    def _pairs(self, node: yaml.MappingNode) -> dict[str, yaml.Node]:
        found: dict[str, yaml.Node] = {}
        for key, value in node.value:
            if not isinstance(key.value, str):
                what, fix = "A key here is a list or a mapping.", "Write one word before the colon."
                raise ContentError([self._finding(key.start_mark.line, what, fix)])
            if key.value in found:
                what = f"'{key.value}' is written twice here."
                self.repeated.append(
                    self._finding(key.start_mark.line, what, "Keep one of the two.")
                )
            found[key.value] = value
        return found

    def look_deep(self, text: str) -> None:
        """Raises ContentError when the text nests too deep to be parsed at all."""
        reader, depth = _Reader(text), 0
        try:
            while (event := reader.get_event()) is not None:
                depth += isinstance(event, yaml.CollectionStartEvent)
                depth -= isinstance(event, yaml.CollectionEndEvent)
                if depth > DEEPEST:
                    raise self._too_deep(event.start_mark.line if event.start_mark else 0)
        finally:
            reader.dispose()

    def _too_deep(self, line: int) -> ContentError:
        what = f"More than {DEEPEST} lists and mappings within each other."
        return ContentError([self._finding(line, what, "Check the brackets and the indentation.")])

    def _finding(self, line: int, what: str, fix: str) -> Finding:
        return Finding(self._shown, line + 1 + self._offset, what, fix)


def _scalar(node: yaml.Node) -> str | int | bool | None:
    text: str = node.value
    if node.tag != "plain":
        return text
    if text in _WORDS:
        return _WORDS[text]
    return int(text) if _INT.match(text) else text
