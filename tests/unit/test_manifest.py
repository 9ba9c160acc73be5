"""The manifest asks for what the code uses, and for nothing else."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

import bot
from bot import doctor
from bot.playbook.load import load_content
from bot.sandbox.methods import EVENT_SCOPES, METHODS
from bot.settings import ROOT, load_settings
from bot.slack.router import Surface
from bot.slack.surfaces import all_surfaces

MANIFEST: dict[str, Any] = yaml.safe_load((ROOT / "app_manifest.yaml").read_text(encoding="utf-8"))
SCOPES = set(MANIFEST["oauth_config"]["scopes"]["bot"])
EVENTS = set(MANIFEST["settings"]["event_subscriptions"]["bot_events"])
#: We act in public and private channels and write to single people; groups of people do not occur.
KINDS = ("channels", "groups", "")
#: The SDK's own names for several calls at once.
SDK = {"files_upload_v2": ("files.getUploadURLExternal", "files.completeUploadExternal")}


def _sources() -> Iterator[Path]:
    folder = Path(bot.__file__).parent
    for path in sorted(folder.rglob("*.py")):
        if "sandbox" not in path.relative_to(folder).parts:
            yield path


def _called(tree: ast.AST) -> Iterator[str]:
    """``client.chat_postMessage(…)`` and ``self._client.views_open`` give the method's name."""
    for node in ast.walk(tree):
        if not isinstance(node, ast.Attribute) or "_" not in node.attr:
            continue
        holder = node.value.attr if isinstance(node.value, ast.Attribute) else ""
        holder = node.value.id if isinstance(node.value, ast.Name) else holder
        made = isinstance(node.value, ast.Call) and ast.unparse(node.value.func) == "make_client"
        if made or holder.strip("_") == "client":
            yield from SDK.get(node.attr, (node.attr.replace("_", "."),))


USED = sorted(
    {
        method
        for path in _sources()
        for method in _called(ast.parse(path.read_text(encoding="utf-8")))
        if method.split(".")[0] in {known.split(".")[0] for known in METHODS}
    }
)


@pytest.fixture(scope="module")
def surface() -> Surface:
    """All handlers."""
    settings = load_settings(env_file=None)
    content = load_content(settings.content_dir, settings.templates_dir)
    return all_surfaces(settings, content)


def test_calls_are_found() -> None:
    """Else the tests below would prove nothing."""
    assert {"chat.postMessage", "conversations.create", "views.open", "auth.test"} <= set(USED)


@pytest.mark.parametrize("method", USED)
def test_every_call_has_its_scope(method: str) -> None:
    """For public and for private channels; alternatives count."""
    facts = METHODS[method]
    for kind, alternatives in facts.scopes.items():
        if kind in KINDS:
            assert SCOPES & set(alternatives), f"{method} needs one of {alternatives}"


def test_writing_to_a_person_has_its_scope() -> None:
    """conversations.open is called with people."""
    assert "conversations.open" not in USED or "im:write" in SCOPES


@pytest.mark.parametrize("scope", sorted(SCOPES))
def test_every_scope_is_used(scope: str) -> None:
    """A scope that nothing needs is one more reason for an admin to refuse."""
    by_calls = {one for method in USED for one in METHODS[method].any_scope}
    by_events = {EVENT_SCOPES.get(event) for event in EVENTS}
    assert scope in by_calls | by_events | {"commands"}


def test_every_scope_says_what_is_lost_without_it() -> None:
    """`steadyhand doctor` names it."""
    assert set(doctor.LOST) == SCOPES
    assert doctor.NEEDED <= SCOPES


def test_the_command_is_the_one_that_is_handled() -> None:
    """One command, and what it may be called with is escaped by Slack."""
    (command,) = MANIFEST["features"]["slash_commands"]
    assert command["command"] == "/incident"
    assert command["should_escape"] is True
    source = (Path(bot.__file__).parent / "slack" / "app.py").read_text(encoding="utf-8")
    assert 'command("/incident")' in source


def test_shortcuts_and_handlers_are_the_same(surface: Surface) -> None:
    """No shortcut without a handler, no handler that nobody can reach."""
    named = {one["callback_id"] for one in MANIFEST["features"]["shortcuts"]}
    assert named == set(surface.shortcuts)


@pytest.mark.parametrize("event", sorted(EVENTS))
def test_every_event_has_a_handler(event: str, surface: Surface) -> None:
    """Slack sends each one; one that nobody reads costs time and, for messages, trust."""
    assert event.partition(".")[0] in surface.events


def test_every_handler_has_its_event(surface: Surface) -> None:
    """A handler for an event that Slack does not send is dead."""
    assert set(surface.events) <= {event.partition(".")[0] for event in EVENTS}


@pytest.mark.parametrize("event", sorted(EVENTS))
def test_every_event_has_its_scope(event: str) -> None:
    """Slack refuses to save a manifest otherwise."""
    scope = EVENT_SCOPES.get(event)
    assert scope is None or scope in SCOPES


def test_the_limits_of_slack_are_kept() -> None:
    """Lengths as in the published manifest schema."""
    about = MANIFEST["display_information"]
    assert 1 <= len(about["name"]) <= 35
    assert len(about["description"]) <= 140
    assert 175 <= len(about["long_description"]) <= 4000
    shortcuts = MANIFEST["features"]["shortcuts"]
    assert len(shortcuts) <= 10
    assert all(len(one["name"]) <= 24 and len(one["description"]) <= 150 for one in shortcuts)
