"""JSON Schemas of the content files, for editors that complete and check while typing.

``python -m bot.playbook.schema playbooks/schema`` writes them; a test keeps them current.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from pydantic import BaseModel

from bot.playbook.load import FILES, OPTIONAL
from bot.playbook.module import Module
from bot.playbook.rules import TemplateHead

SCHEMAS: dict[str, type[BaseModel]] = {
    "module.schema.json": Module,
    "template.schema.json": TemplateHead,
    **{
        name.replace(".yaml", ".schema.json"): model
        for name, model in {**FILES, **OPTIONAL}.items()
    },
}


def schema_text(model: type[BaseModel]) -> str:
    """The JSON Schema of a content file, as it is published."""
    found = {"$schema": "https://json-schema.org/draft/2020-12/schema", **model.model_json_schema()}
    return json.dumps(found, indent=2, sort_keys=True, ensure_ascii=False) + "\n"


def write(folder: Path) -> list[Path]:
    """Write every schema into a folder; returns the files."""
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for name, model in SCHEMAS.items():
        path = folder / name
        path.write_text(schema_text(model), encoding="utf-8")
        written.append(path)
    return written


if __name__ == "__main__":
    write(Path(sys.argv[1] if len(sys.argv) > 1 else "playbooks/schema"))
