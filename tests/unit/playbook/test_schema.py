"""The published JSON Schemas are current, and the shipped files fit them."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import pytest

from bot.playbook.load import Content
from bot.playbook.schema import SCHEMAS, schema_text, write
from tests.unit.playbook.conftest import FOLDER


@pytest.mark.parametrize("name", SCHEMAS)
def test_published_schema_is_current(name: str) -> None:
    published = (FOLDER / "schema" / name).read_text(encoding="utf-8")
    assert published == schema_text(SCHEMAS[name]), "run: python -m bot.playbook.schema"


def test_shipped_files_fit_their_schema(content: Content) -> None:
    for file, document in content.documents.items():
        kind = "module" if "/modules/" in file else Path(file).stem
        name = "template" if file.endswith(".j2") else kind
        schema = json.loads((FOLDER / "schema" / f"{name}.schema.json").read_text())
        errors = list(jsonschema.Draft202012Validator(schema).iter_errors(document.value))
        assert not errors, f"{file}: {errors[0].message}"


def test_every_yaml_file_names_its_schema() -> None:
    files = [*FOLDER.glob("*.yaml"), *FOLDER.glob("modules/**/*.yaml")]
    ours = {"module.schema.json", *SCHEMAS}
    checked = 0
    for path in files:
        first = path.read_text(encoding="utf-8").splitlines()[0]
        assert first.startswith("# yaml-language-server: $schema="), path
        target = (path.parent / first.partition("$schema=")[2]).resolve()
        checked += target.name in ours
        assert target.is_file(), path
    assert checked >= 17


def test_write_makes_every_file(tmp_path: Path) -> None:
    assert {path.name for path in write(tmp_path / "schema")} == set(SCHEMAS)
