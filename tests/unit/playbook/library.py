"""The shipped library, small modules to go with it, and facts to compose a playbook for."""

from __future__ import annotations

import dataclasses
from typing import Any

from bot.playbook.load import Content, load_content
from bot.playbook.module import Module
from bot.playbook.plan import Composition, IncidentFacts
from bot.playbook.values import Severity
from tests.unit.playbook.conftest import FOLDER, TEMPLATES

CONTENT = load_content(FOLDER, TEMPLATES)
SEV1, SEV2, SEV3, SEV4 = Severity
PART_OFF = "base.containment/part-off"


def module(**fields: Any) -> Module:
    """A small module; fields as in YAML."""
    step = {
        "id": "one", "phase": "triage", "type": "action", "title": "One", "how": ["Do it."],
        "role": "ml",
    }  # fmt: skip
    base = {
        "schema": "steadyhand-module/1", "id": "harm.x.test", "version": "1.0.0", "title": "Test",
        "summary": "For a test.", "kind": "harm", "order": 50,
    }  # fmt: skip
    steps = [{**step, **given_step} for given_step in fields.pop("steps", [{}])]
    return Module.model_validate({**base, **fields, "steps": steps})


def with_modules(*modules: Module) -> Content:
    """The shipped content with more modules."""
    added = {one.id: one for one in modules}
    hashes = {one.id: one.id.ljust(64, "0") for one in modules}
    return dataclasses.replace(
        CONTENT, modules={**CONTENT.modules, **added}, hashes={**CONTENT.hashes, **hashes}
    )


def facts(severity: Severity | None = SEV2, families: str = "", **more: Any) -> IncidentFacts:
    return IncidentFacts(families=tuple(families), severity=severity, **more)


def keys(found: Composition) -> list[str]:
    return [step.key for step in found.steps]
