"""The direction of dependencies, and the habits that keep modules small."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
DOORS = ("bot.slack", "bot.cli", "bot.web", "bot.sandbox", "bot.bootstrap")
ROOMS = ("record", "incident", "playbook", "comms", "action", "postmortem")
#: The adapters know the outside words; everything else in effects does not.
ADAPTERS = {"slack.py", "answers.py", "client.py"}
FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)


def _imports(path: Path) -> set[str]:
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module)
            found.update(f"{node.module}.{name.name}" for name in node.names)
        elif isinstance(node, ast.Import):
            found.update(name.name for name in node.names)
    return found


def _modules(*rooms: str) -> list[Path]:
    return sorted(path for room in rooms for path in (ROOT / "bot" / room).rglob("*.py"))


@pytest.mark.parametrize("path", _modules(*ROOMS), ids=lambda p: str(p.relative_to(ROOT)))
def test_no_room_imports_a_door_or_slack(path: Path) -> None:
    wrong = {
        name
        for name in _imports(path)
        if name.startswith((*DOORS, "slack_sdk", "slack_bolt", "starlette"))
    }
    assert not wrong, f"{path.name} imports {wrong}"


@pytest.mark.parametrize("path", _modules("effects"), ids=lambda p: p.name)
def test_effects_import_no_door(path: Path) -> None:
    wrong = {name for name in _imports(path) if name.startswith(DOORS)}
    if path.name not in ADAPTERS:
        wrong |= {name for name in _imports(path) if name.startswith("slack_sdk")}
    assert not wrong, f"{path.name} imports {wrong}"


@pytest.mark.parametrize("path", sorted((ROOT / "db").rglob("*.py")), ids=lambda p: p.name)
def test_the_database_knows_nobody(path: Path) -> None:
    assert not {name for name in _imports(path) if name.split(".")[0] == "bot"}


def test_only_projectors_write_state() -> None:
    """``session.add`` and ``session.delete`` appear in projectors and where content is pinned."""
    # rights.py keeps what Slack said of user groups in ``known``, which is no reading of the record.
    allowed = {"project.py", "tx.py", "rights.py"}
    for path in _modules(*ROOMS):
        if path.name in allowed:
            continue
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
                target = ast.unparse(node.func)
                if target.endswith(("session.add", "session.delete")):
                    assert "ContentRow" in ast.unparse(node), f"{path.name}: {ast.unparse(node)}"


def test_every_effect_ends_in_the_store() -> None:
    """There alone what waited behind it is freed."""
    for path in sorted((ROOT / "bot").rglob("*.py")):
        if path.name == "store.py" or "db.tables.EffectRow" not in _imports(path):
            continue
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Assign) and ".state" in ast.unparse(node.targets):
                ends = [
                    word
                    for word in ("done", "failed", "given_up")
                    if repr(word) in ast.unparse(node.value)
                ]
                assert not ends, f"{path.name}:{node.lineno} ends an effect by itself"


@pytest.mark.parametrize("path", _modules("slack"), ids=lambda p: p.name)
def test_a_surface_is_a_table(path: Path) -> None:
    """``SURFACE``, or ``surface(needs)`` where handlers need something: bound with ``partial``."""
    for node in ast.parse(path.read_text()).body:
        if isinstance(node, ast.FunctionDef) and node.name == "surface":
            inner = [
                one for one in ast.walk(node) if isinstance(one, FUNCTIONS) and one is not node
            ]
            assert not inner, f"{path.name}: handlers belong at module level, not into surface()"


def test_functions_stay_short() -> None:
    """None over 80 lines, nine in ten under 40, the median at most 10 (DESIGN's measure)."""
    lengths = []
    for path in sorted([*(ROOT / "bot").rglob("*.py"), *(ROOT / "db").glob("*.py")]):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, FUNCTIONS):
                length = (node.end_lineno or 0) - node.lineno + 1
                assert length <= 80, f"{path.relative_to(ROOT)}:{node.name} has {length} lines"
                lengths.append(length)
    lengths.sort()
    assert lengths[len(lengths) // 2] <= 10
    assert lengths[int(len(lengths) * 0.9)] < 40
