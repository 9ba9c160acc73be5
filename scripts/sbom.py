"""What a running bot is made of, as CycloneDX 1.6 JSON, from the hashed lock alone.

``python scripts/sbom.py [requirements/run.txt] > sbom.json``. Needs nothing but Python, asks nobody,
and writes the same bytes for the same lock (cyclonedx.org/docs/1.6/json).
"""

from __future__ import annotations

import hashlib
import json
import re
import sys
import uuid
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
LOCK = ROOT / "requirements" / "run.txt"
_LINE = re.compile(r"([A-Za-z0-9][A-Za-z0-9._-]*)==([A-Za-z0-9.!+_-]+)(?:\s*;\s*(.+))?\Z")
_HASH = re.compile(r"--hash=sha256:([0-9a-f]{64})\Z")


class LockError(ValueError):
    """The lock is not what it should be: pinned versions with hashes and nothing else."""


def read_lock(text: str) -> list[dict[str, Any]]:
    """Name, version, marker and hashes of each package. Raises ``LockError`` naming the line."""
    out: list[dict[str, Any]] = []
    for line in text.replace("\\\n", " ").splitlines():
        line = line.strip()
        if not line or line.startswith("#"):
            continue
        head, *rest = re.split(r"\s+(?=--)", line)
        found, hashes = _LINE.match(head.strip()), [_HASH.match(part.strip()) for part in rest]
        if found is None or not hashes or not all(hashes):
            raise LockError(f"not a pinned, hashed requirement: {line[:80]}")
        name, version, marker = found.groups()
        digests = sorted(match.group(1) for match in hashes if match)
        out.append({"name": name, "version": version, "marker": marker or "", "hashes": digests})
    return out


def sbom(lock: str, version: str) -> dict[str, Any]:
    """The bill of materials. A hash is that of one of the package's files, as the lock allows them."""
    packages = read_lock(lock)
    serial = uuid.UUID(bytes=hashlib.sha256(lock.encode()).digest()[:16], version=4)
    product = {
        "type": "application", "bom-ref": "steadyhand", "name": "steadyhand", "version": version,
        "licenses": [{"license": {"id": "Apache-2.0"}}],
    }  # fmt: skip
    return {
        "bomFormat": "CycloneDX", "specVersion": "1.6", "serialNumber": f"urn:uuid:{serial}",
        "version": 1, "metadata": {"component": product},
        "components": [_component(each) for each in packages],
        "dependencies": [
            {"ref": "steadyhand", "dependsOn": sorted(_purl(each) for each in packages)}
        ],
    }  # fmt: skip


def _purl(package: dict[str, Any]) -> str:
    name = re.sub(r"[-_.]+", "-", package["name"]).lower()
    return f"pkg:pypi/{name}@{package['version'].replace('+', '%2B')}"


def _component(package: dict[str, Any]) -> dict[str, Any]:
    properties = [{"name": "steadyhand:sha256", "value": digest} for digest in package["hashes"]]
    if package["marker"]:
        properties.append({"name": "steadyhand:only-where", "value": package["marker"]})
    return {
        "type": "library", "bom-ref": _purl(package), "name": package["name"],
        "version": package["version"], "purl": _purl(package),
        "scope": "optional" if package["marker"] else "required", "properties": properties,
    }  # fmt: skip


def _version() -> str:
    found = re.search(r'^version = "([^"]+)"', (ROOT / "pyproject.toml").read_text(), re.MULTILINE)
    return found.group(1) if found else "0"


def main() -> None:
    """Write the bill of materials to standard output."""
    lock = Path(sys.argv[1]) if len(sys.argv) > 1 else LOCK
    made = sbom(lock.read_text(encoding="utf-8"), _version())
    sys.stdout.write(json.dumps(made, indent=1, sort_keys=True) + "\n")


if __name__ == "__main__":
    main()
