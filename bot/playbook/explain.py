"""Turn a failed validation into findings a person can act on: line, what is wrong, the fix."""

from __future__ import annotations

import difflib
import types
from collections.abc import Iterable
from typing import Annotated, Any, Union, get_args, get_origin

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from bot.playbook.source import Document, Finding

_LIKE = {
    "^[a-z][a-z0-9]*(-[a-z0-9]+)*$": "small letters, digits and hyphens, such as 'stop-the-tool'",
    "^[a-z][a-z0-9_]*$": "small letters, digits and underscores, such as 'domain_expert'",
    r"^\d+\.\d+\.\d+$": "three numbers, such as 1.0.0",
    "^([a-z][a-z0-9.-]*/)?[a-z][a-z0-9-]*$": "'step-id' or 'module.id/step-id'",
}


def suggestion(word: str, known: Iterable[str]) -> str:
    """``Did you mean 'x'?`` when something known is close, else the known words."""
    choices = list(known)
    near = difflib.get_close_matches(word, choices, n=1, cutoff=0.6)
    if near:
        return f"Did you mean '{near[0]}'?"
    return f"Use one of: {', '.join(choices)}." if choices else "Add it first; there is none yet."


def explain(error: ValidationError, model: type[BaseModel], document: Document) -> list[Finding]:
    """One finding for each fault that validation found in a document."""
    found = []
    for detail in error.errors():
        what, fix = _words(detail, model)
        found.append(document.finding(detail["loc"], what, fix))
    return found


def _words(detail: ErrorDetails, model: type[BaseModel]) -> tuple[str, str]:
    kind, place = detail["type"], detail["loc"]
    context: dict[str, Any] = detail.get("ctx", {})
    name = _name(place)
    if kind == "extra_forbidden":
        keys = _keys(_model_at(model, place[:-1]))
        return f"'{name}' is not a key here.", suggestion(str(name), keys)
    if kind == "missing":
        return f"'{name}' is missing.", f"Add '{name}:' here."
    if kind in ("literal_error", "enum"):
        expected = str(context.get("expected", "")).replace(" or ", ", ").replace("'", "")
        words = [word.strip() for word in expected.split(",") if word.strip()]
        return f"'{detail['input']}' is not allowed for '{name}'.", _pick(detail["input"], words)
    if kind == "string_pattern_mismatch":
        like = _LIKE.get(str(context.get("pattern")), f"like {context.get('pattern')}")
        return f"'{detail['input']}' does not fit '{name}'.", f"Write {like}."
    if kind == "span":
        return f"{detail['msg']}.", "Write it like '15 minutes', '4 business hours' or '2 days'."
    if kind == "condition":
        return f"{detail['msg']}.", "Conditions look like: tempo == 'acute' and not drill."
    if kind == "string_too_long":
        return f"'{name}' is too long.", f"Keep it to {context.get('max_length')} characters."
    return f"'{name}': {detail['msg'].lower()}.", _shape(kind)


def _pick(given: object, words: list[str]) -> str:
    near = difflib.get_close_matches(str(given), words, n=1, cutoff=0.6)
    hint = f"Did you mean '{near[0]}'? " if near else ""
    return f"{hint}Use one of: {', '.join(words)}."


def _shape(kind: str) -> str:
    shapes = {
        "tuple_type": "Write a list: '- one' on each line, or [one, two].",
        "dict_type": "Write 'key: value' lines here.",
        "model_type": "Write 'key: value' lines here.",
        "model_attributes_type": "Write 'key: value' lines here.",
        "string_type": "Write text here.",
        "too_short": "Add at least one entry.",
    }
    return shapes.get(kind, "See docs/reference/playbook-format.md for what belongs here.")


def _name(place: tuple[int | str, ...]) -> str:
    return next((str(part) for part in reversed(place) if isinstance(part, str)), "the file")


def _keys(model: type[BaseModel] | None) -> list[str]:
    if model is None:
        return []
    return [field.alias or name for name, field in model.model_fields.items()]


def _model_at(model: type[BaseModel], place: tuple[int | str, ...]) -> type[BaseModel] | None:
    current: type[BaseModel] | None = model
    for part in place:
        if current is None or isinstance(part, int):
            continue
        fields = {field.alias or name: field for name, field in current.model_fields.items()}
        current = _inner(fields[part].annotation) if part in fields else current
    return current


def _inner(annotation: object) -> type[BaseModel] | None:
    """The model inside ``X | None``, ``tuple[X, ...]``, ``dict[str, X]`` or ``Annotated[X]``."""
    if isinstance(annotation, type) and get_origin(annotation) is None:
        return annotation if issubclass(annotation, BaseModel) else None
    if get_origin(annotation) in (Union, types.UnionType, tuple, dict, Annotated):
        return next((inner for part in get_args(annotation) if (inner := _inner(part))), None)
    return None
