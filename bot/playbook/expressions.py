"""A tiny language for conditions in content files: ``tempo == 'acute' and not drill``.

Comparison (``== != < <= > >=``), ``in`` and ``not in``, ``is known`` and ``is unknown``,
``and``, ``or``, ``not``, parentheses, lists. Names are facts of the incident. Nothing is called
and nothing is executed.

The result has three values: ``True``, ``False`` and ``None`` for unknown (strong Kleene logic).
Unknown is not false: a condition over a fact that nobody has established yet stays unknown, and
the caller decides which side is safe.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache

Scalar = bool | int | Decimal | str
Value = Scalar | Collection[str] | None
Facts = Mapping[str, Value]


class ExpressionError(ValueError):
    """A condition cannot be read. ``column`` counts from 1 within the condition."""

    def __init__(self, what: str, column: int) -> None:
        super().__init__(f"{what} (column {column})")
        self.what = what
        self.column = column


@dataclass(frozen=True, slots=True)
class _Token:
    kind: str
    text: str
    column: int


_TOKEN = re.compile(
    r"""(?P<space>\s+)|(?P<number>\d+(?:\.\d+)?)|(?P<string>'[^']*'|"[^"]*")
      |(?P<name>[A-Za-z_][A-Za-z0-9_.]*)|(?P<op>==|!=|<=|>=|<|>)|(?P<mark>[()\[\],])""",
    re.VERBOSE,
)
_KEYWORDS = frozenset({"and", "or", "not", "in", "is", "true", "false", "known", "unknown"})
_END = "the end"


def _tokens(text: str) -> list[_Token]:
    found: list[_Token] = []
    at = 0
    while at < len(text):
        match = _TOKEN.match(text, at)
        if match is None:
            hint = " (write == to compare)" if text[at] == "=" else ""
            raise ExpressionError(f"'{text[at]}' does not belong here{hint}", at + 1)
        kind = match.lastgroup or ""
        if kind != "space":
            word = match.group()
            found.append(_Token(word if word in _KEYWORDS else kind, word, at + 1))
        at = match.end()
    found.append(_Token("end", _END, len(text) + 1))
    return found


class _Node:
    """One part of a parsed condition."""

    __slots__ = ()

    def value(self, facts: Facts) -> Value:
        raise NotImplementedError

    def parts(self) -> tuple[_Node, ...]:
        return ()

    def truth(self, facts: Facts) -> bool | None:
        found = self.value(facts)
        if found is None or isinstance(found, bool):
            return found
        raise ExpressionError(f"'{found}' is neither true nor false", 1)


@dataclass(frozen=True, slots=True)
class Literal(_Node):
    """A number, a quoted word, or true/false."""

    held: Scalar

    def value(self, facts: Facts) -> Value:
        return self.held


@dataclass(frozen=True, slots=True)
class Name(_Node):
    """A fact, looked up by name; a fact that is missing is unknown."""

    name: str
    column: int

    def value(self, facts: Facts) -> Value:
        return facts.get(self.name)


@dataclass(frozen=True, slots=True)
class Items(_Node):
    """A list of literals: ``['rag', 'agentic']``."""

    held: tuple[Scalar, ...]

    def value(self, facts: Facts) -> Value:
        return tuple(str(item) for item in self.held)


@dataclass(frozen=True, slots=True)
class Not(_Node):
    """The opposite; unknown stays unknown."""

    inner: _Node

    def value(self, facts: Facts) -> Value:
        found = self.inner.truth(facts)
        return None if found is None else not found

    def parts(self) -> tuple[_Node, ...]:
        return (self.inner,)


@dataclass(frozen=True, slots=True)
class All(_Node):
    """``and``: one false makes it false, otherwise one unknown makes it unknown."""

    inner: tuple[_Node, ...]

    def value(self, facts: Facts) -> Value:
        found = [part.truth(facts) for part in self.inner]
        return False if False in found else None if None in found else True

    def parts(self) -> tuple[_Node, ...]:
        return self.inner


@dataclass(frozen=True, slots=True)
class Some(_Node):
    """``or``: one true makes it true, otherwise one unknown makes it unknown."""

    inner: tuple[_Node, ...]

    def value(self, facts: Facts) -> Value:
        found = [part.truth(facts) for part in self.inner]
        return True if True in found else None if None in found else False

    def parts(self) -> tuple[_Node, ...]:
        return self.inner


@dataclass(frozen=True, slots=True)
class Known(_Node):
    """``is known`` / ``is unknown``: the one question that unknown itself answers."""

    inner: _Node
    wanted: bool

    def value(self, facts: Facts) -> Value:
        return (self.inner.value(facts) is not None) is self.wanted

    def parts(self) -> tuple[_Node, ...]:
        return (self.inner,)


@dataclass(frozen=True, slots=True)
class Compare(_Node):
    """Two sides and an operator; unknown on either side makes the answer unknown."""

    op: str
    left: _Node
    right: _Node

    def value(self, facts: Facts) -> Value:
        left, right = self.left.value(facts), self.right.value(facts)
        if left is None or right is None:
            return None
        return _OPERATORS[self.op](left, right)

    def parts(self) -> tuple[_Node, ...]:
        return (self.left, self.right)


def _ordered(
    check: Callable[[int | Decimal, int | Decimal], bool],
) -> Callable[[object, object], bool]:
    def compare(left: object, right: object) -> bool:
        if isinstance(left, int | Decimal) and isinstance(right, int | Decimal):
            return check(left, right)
        raise ExpressionError(f"'{left}' and '{right}' cannot be put in order", 1)

    return compare


def _contains(left: object, right: object) -> bool:
    if isinstance(right, str) or not isinstance(right, Collection):
        raise ExpressionError(f"'in' needs a list on its right, not '{right}'", 1)
    return str(left) in right


_OPERATORS: dict[str, Callable[[object, object], bool]] = {
    "==": lambda left, right: left == right,
    "!=": lambda left, right: left != right,
    "<": _ordered(lambda left, right: left < right),
    "<=": _ordered(lambda left, right: left <= right),
    ">": _ordered(lambda left, right: left > right),
    ">=": _ordered(lambda left, right: left >= right),
    "in": _contains,
    "not in": lambda left, right: not _contains(left, right),
}


class _Parser:
    """Recursive descent over the tokens of one condition."""

    def __init__(self, text: str) -> None:
        self.tokens = _tokens(text)
        self.at = 0

    @property
    def next(self) -> _Token:
        return self.tokens[self.at]

    def take(self, *kinds: str) -> _Token | None:
        if self.next.kind not in kinds and self.next.text not in kinds:
            return None
        self.at += 1
        return self.tokens[self.at - 1]

    def need(self, wanted: str) -> _Token:
        token = self.take(wanted)
        if token is None:
            raise ExpressionError(f"expected {wanted}, found {self.next.text}", self.next.column)
        return token

    def whole(self) -> _Node:
        node = self.either()
        if self.next.kind != "end":
            raise ExpressionError(f"'{self.next.text}' does not belong here", self.next.column)
        return node

    def either(self) -> _Node:
        parts = [self.both()]
        while self.take("or"):
            parts.append(self.both())
        return parts[0] if len(parts) == 1 else Some(tuple(parts))

    def both(self) -> _Node:
        parts = [self.negation()]
        while self.take("and"):
            parts.append(self.negation())
        return parts[0] if len(parts) == 1 else All(tuple(parts))

    def negation(self) -> _Node:
        return Not(self.negation()) if self.take("not") else self.comparison()

    def comparison(self) -> _Node:
        left = self.term()
        if self.take("is"):
            return Known(left, wanted=self.known())
        if token := self.take("op", "in"):
            return Compare(token.text, left, self.term())
        if self.next.kind == "not" and self.tokens[self.at + 1].kind == "in":
            self.at += 2
            return Compare("not in", left, self.term())
        return left

    def known(self) -> bool:
        token = self.take("known", "unknown")
        if token is None:
            raise ExpressionError("'is' needs 'known' or 'unknown' after it", self.next.column)
        return token.kind == "known"

    def term(self) -> _Node:
        if self.take("("):
            inner = self.either()
            self.need(")")
            return inner
        if self.take("["):
            return self.items()
        if self.next.kind == "name":
            token = self.need("name")
            return Name(token.text, token.column)
        return Literal(self.literal())

    def items(self) -> _Node:
        held = [self.literal()]
        while self.take(","):
            held.append(self.literal())
        self.need("]")
        return Items(tuple(held))

    def literal(self) -> Scalar:
        token = self.next
        self.at += 1
        if token.kind == "string":
            return token.text[1:-1]
        if token.kind == "number":
            return Decimal(token.text) if "." in token.text else int(token.text)
        if token.kind in ("true", "false"):
            return token.kind == "true"
        raise ExpressionError(f"expected a fact or a value, found {token.text}", token.column)


@dataclass(frozen=True, slots=True)
class Expression:
    """A parsed condition: its text, the facts it names, and the way to evaluate it."""

    text: str
    root: _Node

    def evaluate(self, facts: Facts) -> bool | None:
        """True, False, or None when the facts known so far do not settle it."""
        return self.root.truth(facts)

    @property
    def names(self) -> tuple[str, ...]:
        """The facts the condition asks for, in the order they appear."""
        return tuple(dict.fromkeys(node.name for node in walk(self) if isinstance(node, Name)))


def walk(expression: Expression) -> list[_Node]:
    """Every part of the condition, outermost first, left to right."""
    found: list[_Node] = []
    waiting: list[_Node] = [expression.root]
    while waiting:
        node = waiting.pop()
        found.append(node)
        waiting.extend(reversed(node.parts()))
    return found


@lru_cache(maxsize=1024)
def parse(text: str) -> Expression:
    """Read a condition. Raises ExpressionError with the column of the first fault."""
    return Expression(text, _Parser(text).whole())


def evaluate(text: str, facts: Facts) -> bool | None:
    """Read and evaluate in one go; see `Expression.evaluate`."""
    return parse(text).evaluate(facts)
