"""What the bot is made of: pinned, hashed, listed; fetched from nowhere in particular."""

from __future__ import annotations

import importlib.util
import json
import re
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).parents[2]
LOCKS = [ROOT / "requirements" / name for name in ("run.txt", "dev.txt")]


@pytest.fixture(scope="module")
def sbom() -> ModuleType:
    """The script as a module."""
    spec = importlib.util.spec_from_file_location("sbom", ROOT / "scripts" / "sbom.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("lock", LOCKS, ids=lambda path: path.name)
def test_every_package_is_pinned_and_hashed_and_none_names_a_registry(
    sbom: ModuleType, lock: Path
) -> None:
    text = lock.read_text()
    packages = sbom.read_lock(text)
    assert len(packages) > 30 and all(each["hashes"] for each in packages)
    assert not re.search(r"://|--(extra-)?index-url|--find-links|--trusted-host|^-e ", text, re.M)


@pytest.mark.parametrize(
    "line", ["left-pad==1.0", "left-pad", "-e .", "left-pad==1.0 --hash=md5:00", "git+ssh://x",
             "left-pad>=1 --hash=sha256:" + "0" * 64],
)  # fmt: skip
def test_a_loose_line_is_refused(sbom: ModuleType, line: str) -> None:
    with pytest.raises(sbom.LockError):
        sbom.read_lock(line)


def test_the_lock_holds_everything_that_the_project_asks_for(sbom: ModuleType) -> None:
    project = (ROOT / "pyproject.toml").read_text()
    asked = re.search(r"^dependencies = \[(.*?)^\]", project, re.M | re.S)
    assert asked is not None
    names = {re.split(r"[\[>=<;]", one)[0] for one in re.findall(r'^\s+"([^"]+)"', asked[1], re.M)}
    locked = {each["name"] for each in sbom.read_lock(LOCKS[0].read_text())}
    assert names <= locked


def test_the_bill_of_materials_is_whole_and_always_the_same() -> None:
    made = [
        subprocess.run(
            [sys.executable, str(ROOT / "scripts" / "sbom.py")], capture_output=True, check=True
        ).stdout
        for _ in range(2)
    ]
    assert made[0] == made[1]
    bill = json.loads(made[0])
    assert (bill["bomFormat"], bill["specVersion"]) == ("CycloneDX", "1.6")
    refs = [each["bom-ref"] for each in bill["components"]]
    assert len(refs) == len(set(refs)) and bill["dependencies"][0]["dependsOn"] == sorted(refs)
    assert any(ref.startswith("pkg:pypi/slack-bolt@") for ref in refs)
