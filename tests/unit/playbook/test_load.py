"""Loading content: fast, frozen, hashed; each fault names file, line and fix."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from pydantic import ValidationError

from bot.errors import ConfigError
from bot.playbook.load import Content, load_content
from bot.playbook.module import Module
from bot.playbook.source import ContentError, Finding, canonical, read_text, sha256
from bot.playbook.values import Severity

Spoil = Callable[[str, str, str], list[Finding]]

D = "playbooks/modules/harm/prompt-injection.yaml"
FIRST = "playbooks/modules/base/first-15.yaml"

FAULTS = [
    # file, text, put in its place, what is said, the fix, where the finding points
    (FIRST, "role: ml", "roel: ml", "'roel' is not a key here.", "Did you mean 'role'?", "roel"),
    (FIRST, "role: ml", "role: mll", "There is no role 'mll'.", "Did you mean 'ml'?", "role: mll"),
    (FIRST, "phase: detect", "phase: detekt", "'detekt' is not allowed for 'phase'", "Did you mean 'detect'?", "phase: detekt"),
    (FIRST, "type: check", "type: chek", "'chek' is not allowed for 'type'", "Did you mean 'check'?", "type: chek"),
    (FIRST, "order: 0", "order: first", "'order'", "See docs", "order: first"),
    (FIRST, "  - id: take-command\n", "  - id: Take Command\n", "does not fit 'id'", "small letters", "id: Take"),
    (FIRST, "version: 1.1.0", "version: 1.0", "does not fit 'version'", "three numbers", "version: 1.0"),
    (FIRST, "default: 30 minutes", "default: half an hour", "'half an hour' is not a length of time", "15 minutes", "half an hour"),
    (FIRST, "    when: life_at_risk\n", "    when: life_at_risk and\n", "cannot be read: expected a fact or a value, found the end at column 17", "Conditions look like", "when: life"),
    (FIRST, "    when: life_at_risk\n", "    when: live_at_risk\n", "There is no fact 'live_at_risk'.", "Did you mean 'life_at_risk'?", "when: live"),
    (FIRST, "    when: life_at_risk\n", "    when: severity == 'SEV1'\n", "may not ask for the severity", "min_severity", "when: sev"),
    (FIRST, "    when: life_at_risk\n", "    when: output_kind == 'imgae'\n", "There is no choice 'imgae'.", "Did you mean 'image'?", "when: out"),
    (FIRST, "preconditions: [person-at-risk]", "preconditions: [person-at-rsk]", "There is no step 'person-at-rsk'.", "Did you mean 'person-at-risk'?", "preconditions: [p"),
    (FIRST, "preconditions: [person-at-risk]", "preconditions: [base.closing/write-up]", "belongs to a module that may not be there", "Add 'base.closing' to 'requires:'", "preconditions: [b"),
    (FIRST, "preconditions: [person-at-risk]", "preconditions: [protect-person]", "These steps wait for each other: base.first-15/protect-person -> base.first-15/protect-person.", "Remove one of these", "preconditions: [protect"),
    (FIRST, "  - id: take-command\n", "  - id: protect-person\n", "'protect-person' is there twice.", "another id", "NTH2id: protect-person"),
    (FIRST, "evidence_if_possible: [deploy_history]", "evidence_if_possible: [deploy_histori]", "There is no evidence kind 'deploy_histori'.", "Did you mean 'deploy_history'?", "deploy_histori]"),
    (FIRST, "requires: [base.evidence]", "requires: [base.evidense]", "There is no module 'base.evidense'.", "Did you mean 'base.evidence'?", "requires:"),
    (FIRST, "sets: {life_at_risk: true}", "sets: {life_in_risk: true}", "There is no fact 'life_in_risk'.", "Did you mean 'life_at_risk'?", "life_in_risk"),
    (FIRST, "type: decision", "type: action", "has the type action and 3 options", "A decision has 'options:'", "id: person-at-risk"),
    (FIRST, "title: The first fifteen minutes", "title: One\ntitle: Two", "'title' is written twice here.", "Keep one", "title: Two"),
    (FIRST, "kind: base", "kind: [base", "Not YAML", "Check the indentation", "order: 0"),
    (FIRST, "summary: Who leads", "summary: Who: leads", "Not YAML: mapping values are not allowed", "Check the indentation", "summary:"),
    (FIRST, "schema: steadyhand-module/1\n", "", "'schema' is missing.", "Add 'schema:' here.", "id: base"),
    (FIRST, "{entry: severity.set}]", "{entry: severity.sett}]", "There is no entry 'severity.sett'.", "Did you mean 'severity.set'?", "sett}"),
    (FIRST, "{entry: severity.set}]", "{entry: severity.set, where: {severty: SEV1}}]", "There is no part of severity.set 'severty'.", "Did you mean 'severity'?", "severty"),
    (FIRST, "where: {role: commander}}\n", "where: {role: comander}}\n", "There is no role 'comander'.", "Did you mean 'commander'?", "comander"),
    (FIRST, "{entry: severity.set}]", "{entry: severity.set, gives: [histori]}]", "There is no evidence kind 'histori'.", "Use one of", "histori"),
    (FIRST, "done_by: [{entry: facts.set}]", "done_by: [{entry: severity.set}]", "Step 'person-at-risk' takes an answer.", "Add 'outcome:'", "done_by: [{entry: severity.set}]"),
    (FIRST, "done_by: [{entry: facts.set}]", "done_by: [{entry: severity.set, outcome: \"yes\"}]", "The answer 'yes' settles facts", "Remove 'outcome:'", "outcome"),
    (FIRST, "done_by: [{entry: facts.set}]", "done_by: [{entry: severity.set, outcome: maybe}]", "There is no option 'maybe'.", "Use one of", "outcome"),
    (D, "families: [d]", "families: [z]", "There is no harm family 'z'.", "Use one of", "families: [z]"),
    (D, "id: harm.d.prompt-injection", "id: base.closing", "Module 'base.closing' is already in", "another id", "id: base.c"),
    (D, "overrides: base.containment/stop", "overrides: base.containment/stopp", "There is no step 'base.containment/stopp'.", "Did you mean 'base.containment/stop'?", "overrides: base.containment/stopp"),
    (D, "    reason: With agents", "    #", "overrides without a reason", "Add 'reason:'", "overrides: base.containment/part-off"),
    (D, "    overrides: base.containment/part-off", "    min_severity: SEV2\n    overrides: base.containment/part-off", "replaces a step needed from SEV4, but starts at SEV2", "min_severity: SEV4", "overrides: base.containment/part-off"),
    (D, "any_of: [commander, ml, sre, security]", "quorum: 9\n        any_of: [commander, ml]", "less than or equal to 5", "docs", "quorum: 9"),
    (D, "any_of: [commander, ml, sre, security]", "quorum: 3\n        any_of: [commander, ml]", "3 approvals, but 2 roles.", "Lower the quorum to 2", "emergency:"),
    (D, "any_of: [commander, ml, sre, security]", "quorum: 1", "Nobody is named who could approve.", "Name roles", "emergency:"),
    (D, "ladder: C8", "ladder: C10", "'C10' is not allowed for 'ladder'", "Use one of: C0", "ladder: C10"),
    (D, "notice: {audience: users, stage: correction}", "notice: {audience: users, stage: corection}", "There is no template 'users/corection'.", "Did you mean 'users/correction'?", "corection"),
    ("playbooks/levels.yaml", "roles: [commander, scribe, ml]", "roles: [commander, scribe, mll]", "There is no role 'mll'.", "Did you mean 'ml'?", "mll"),
    ("playbooks/levels.yaml", "  ack: 5 minutes\n", "", "'ack' is missing.", "Add 'ack:'", "SEV1:"),
    ("playbooks/roles.yaml", "    commands: true\n", "", "0 roles have 'commands: true'.", "Exactly one", "roles:"),
    ("playbooks/roles.yaml", "  - id: deputy\n", "  - id: commander\n", "'commander' is there twice.", "another id", "NTH2id: commander"),
    ("playbooks/severity.yaml", "when: R >= 20", "when: Q >= 20", "There is no answer 'Q'.", "Use one of", "when: Q"),
    ("playbooks/severity.yaml", "    base: SEV1\n", "    base: SEV1\n    up: 1\n", "Rule R1 must have one effect.", "Keep exactly one", "id: R1"),
    ("playbooks/severity.yaml", 'text: "None seen"', 'text: "None seen, and we looked at everything that we could think of looking at, twice"', "'text' is too long.", "75 characters", "None seen,"),
    ("playbooks/ladder.yaml", "default: {any_of: [sre, security]}", "SEV1: {any_of: [sre]}", "Rung C2 has no approver at SEV2.", "Add 'default:'", "approve:\n      SEV1: {any_of"),
    ("playbooks/permissions.yaml", "{verb: rename, title: Change the title, default: [responder]}", "{verb: rename, title: Change the title, default: [responders]}", "There is no role 'responders'.", "Did you mean 'responder'?", "verb: rename"),
    ("playbooks/permissions.yaml", "{verb: rename, ", "{verb: renam, ", "Nothing asks for the right 'renam'.", "Did you mean 'rename'?", "verb: renam"),
    ("playbooks/permissions.yaml", "  - {verb: close, title: Close the incident, default: [commander]}\n", "", "Nobody is given the right 'close'.", "Add a line", "permissions:"),
    ("playbooks/retention.yaml", "keep_days: 90", "keep_days: 0", "greater than or equal to 1", "docs", "keep_days: 0"),
    ("playbooks/retention.yaml", "keep_days: 90", "keep_day: 90", "'keep_day' is not a key here.", "Did you mean 'keep_days'?", "keep_day:"),
    ("playbooks/retention.yaml", "kind: drill", "kind: drills", "'drills' is not allowed for 'kind'", "Did you mean 'drill'?", "kind: drills"),
    ("playbooks/retention.yaml", "kind: drill", "kind: any", "'incidents' never counts: 'drills' stands above it", "Move it up", "id: incidents"),
    ("playbooks/retention.yaml", "id: incidents, kind: real", "id: drills, kind: real", "'drills' is there twice.", "another id", "NTH2id: drills"),
    ("playbooks/families.yaml", "roles: [safety, comms]", "roles: [saftey, comms]", "There is no role 'saftey'.", "Did you mean 'safety'?", "saftey"),
    ("playbooks/notices.yaml", "default: {any_of: [commander, comms]}", "default: {any_of: [comander]}", "There is no role 'comander'.", "Did you mean 'commander'?", "comander"),
    ("comms_templates/users/first.md.j2", "stage: first", "stage: frist", "lies in users/first", "Move it to users/frist.md.j2", "audience: users"),
    ("comms_templates/users/first.md.j2", "facts:\n", "factz:\n", "'factz' is not a key here.", "Did you mean 'facts'?", "factz"),
    ("comms_templates/users/first.md.j2", "---\naudience", "audience", "No front matter.", "Start the file with '---'", None),
]  # fmt: skip


@pytest.mark.parametrize(("file", "old", "new", "what", "fix", "at"), FAULTS)
def test_fault_names_file_line_and_fix(
    spoil: Spoil, copy: Path, file: str, old: str, new: str, what: str, fix: str, at: str | None
) -> None:
    findings = spoil(file, old, new)
    matching = [f for f in findings if what in f.what and fix in f.fix and f.file == file]
    assert matching, "\n".join(map(str, findings)) or "nothing was found"
    assert line_of((copy / file).read_text(encoding="utf-8"), at) in [f.line for f in matching]


def line_of(text: str, mark: str | None) -> int:
    """The line a mark is on; ``NTH2`` asks for its second place."""
    if mark is None:
        return 1
    start = 0
    if mark.startswith("NTH2"):
        mark = mark.removeprefix("NTH2")
        start = text.index(mark) + 1
    return text.count("\n", 0, text.index(mark, start)) + 1


def test_without_rules_of_retention_nothing_is_over_its_time(copy: Path, content: Content) -> None:
    assert [rule.keep_days for rule in content.retention] == [90, 2557]
    (copy / "playbooks" / "retention.yaml").unlink()
    assert load_content(copy / "playbooks", copy / "comms_templates").retention == ()


def test_a_missing_file_is_a_finding(spoil: Spoil, copy: Path) -> None:
    (copy / "playbooks" / "ladder.yaml").unlink()
    findings = spoil("playbooks/roles.yaml", "commander", "commander")
    assert "playbooks/ladder.yaml:1: The file is missing. Fix: Restore this file" in str(
        findings[0]
    )


def test_all_faults_come_at_once_and_stop_the_start(copy: Path) -> None:
    for name in ("roles.yaml", "levels.yaml"):
        path = copy / "playbooks" / name
        path.write_text("nonsense: true\n" + path.read_text(encoding="utf-8"), encoding="utf-8")
    with pytest.raises(ContentError) as caught:
        load_content(copy / "playbooks", copy / "comms_templates")
    assert isinstance(caught.value, ConfigError)
    assert {f.file for f in caught.value.findings} == {
        "playbooks/roles.yaml",
        "playbooks/levels.yaml",
    }
    assert "playbooks/roles.yaml:1: 'nonsense' is not a key here." in str(caught.value)


def test_loading_is_quick(copy: Path) -> None:
    took = []
    for _ in range(5):
        start = time.perf_counter()
        load_content(copy / "playbooks", copy / "comms_templates")
        took.append(time.perf_counter() - start)
    assert min(took) < 0.15, "measured 25 to 50 ms on two cores; the bot starts in under a second"


def test_content_is_frozen(content: Content) -> None:
    with pytest.raises(ValidationError):
        content.modules["base.first-15"].title = "Other"
    with pytest.raises(AttributeError):
        content.modules = {}  # type: ignore[misc]


def test_a_module_can_be_rebuilt_from_its_pin(content: Content) -> None:
    for module_id, module in content.modules.items():
        pin = json.loads(content.canonicals[module_id])
        assert Module.model_validate(pin) == module
        assert sha256(pin) == content.hashes[module_id]


def test_the_hash_follows_the_meaning_not_the_layout(copy: Path, content: Content) -> None:
    path = copy / "playbooks/modules/base/first-15.yaml"
    path.write_text("# a comment\n\n" + path.read_text(encoding="utf-8"), encoding="utf-8")
    same = load_content(copy / "playbooks", copy / "comms_templates")
    assert same.hashes == content.hashes
    path.write_text(path.read_text().replace("Take command", "Take the lead"), encoding="utf-8")
    other = load_content(copy / "playbooks", copy / "comms_templates")
    assert other.hashes["base.first-15"] != content.hashes["base.first-15"]
    assert other.hashes["base.evidence"] == content.hashes["base.evidence"]


def test_canonical_json_has_sorted_keys_and_no_floats() -> None:
    assert canonical({"b": 1, "a": ["é", True, None]}) == '{"a":["é",true,null],"b":1}'.encode()
    with pytest.raises(TypeError, match="decimals as text"):
        canonical({"a": [0.5]})


def test_yaml_does_not_guess() -> None:
    text = "a: yes\nb: no\nc: 1.10\nd: 2026-11-21\ne: 7\nf: true\ng: ~\nh: '7'\ni: 010\n"
    assert read_text(text, "x").value == {
        "a": "yes", "b": "no", "c": "1.10", "d": "2026-11-21",
        "e": 7, "f": True, "g": None, "h": "7", "i": "010",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("[" * 300 + "]" * 300, "within each other"),
        ("a: " + "{a: " * 60_000 + "}" * 60_000, "within each other"),
        ("- " * 60_000 + "x", "within each other"),
        ("a: &a [*a]", "used again"),
        ("a: &a [x, y]\nb: &b [*a, *a]\nc: [*b, *b]", "used again"),
        ("? [1, 2]\n: x", "A key here is a list"),
        ("? {a: b}\n: x", "A key here is a list"),
    ],
)
def test_what_only_an_attacker_writes_is_a_finding(text: str, what: str) -> None:
    """The parser would run out of its stack, or a few lines would make gigabytes."""
    with pytest.raises(ContentError) as refused:
        read_text(text, "f.yaml")
    assert [found.line for found in refused.value.findings] == [1]
    assert what in str(refused.value)


def test_a_number_that_is_none_stays_text() -> None:
    assert read_text("a: " + "9" * 5000, "f.yaml").value == {"a": "9" * 5000}


def test_an_empty_file_is_a_finding(copy: Path) -> None:
    (copy / "playbooks/modules/empty.yaml").write_text("", encoding="utf-8")
    with pytest.raises(ContentError) as caught:
        load_content(copy / "playbooks", copy / "comms_templates")
    assert caught.value.findings[0].file == "playbooks/modules/empty.yaml"


def test_roles_for_a_severity(content: Content) -> None:
    assert content.roles_for(Severity.SEV4) == ("ml",)
    assert content.roles_for(Severity.SEV2, ["c"]) == (
        "commander", "scribe", "ml", "privacy", "legal", "security", "comms",
    )  # fmt: skip
    assert content.roles_for(Severity.SEV3, ["c"]) == ("commander", "ml")
    assert content.commander.id == "commander"


def test_who_may(content: Content) -> None:
    assert content.who_may("declare") == ("anyone",)
    assert content.who_may("add_note", "private") == ("responder",)
    assert content.who_may("declare", "drill") == ("anyone",)
    with pytest.raises(KeyError):
        content.who_may("fly")


def test_pinned_versions_cover_every_rule_file_and_template(content: Content) -> None:
    assert "severity.yaml" in content.versions
    assert "comms_templates/users/first.md.j2" in content.versions
    assert all(len(sha) == 64 for sha in content.versions.values())
    assert json.loads(content.canonicals["base.evidence"])["id"] == "base.evidence"
