"""Quality of content: the shipped library is clean, and each rule finds its fault."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from bot.playbook.lint import check, lint
from bot.playbook.load import Content
from bot.playbook.source import Finding
from tests.unit.playbook.conftest import FOLDER, TEMPLATES

Spoil = Callable[[str, str, str], list[Finding]]

A = "playbooks/modules/harm/toxic-output.yaml"
C = "playbooks/modules/harm/privacy-leakage.yaml"
COMMS = "playbooks/modules/base/communication.yaml"
CONTAIN = "playbooks/modules/base/containment.yaml"
EVIDENCE = "playbooks/modules/base/evidence.yaml"
FIRST = "playbooks/modules/base/first-15.yaml"


def test_the_shipped_library_is_clean(content: Content) -> None:
    assert lint(content) == []
    assert check(FOLDER, TEMPLATES) == []


FAULTS = [
    # one learn step in this module: without it the phase is empty
    (A, "phase: learn", "phase: recover", "No step for the phase 'learn'.", "phase: learn"),
    (A, "applies_when: {families: [a]}\n", "", "must name its harm families", "applies_when"),
    (CONTAIN, "    ladder: C1\n", "    approve: {default: {all_of: [ml]}}\n", "'tighten' contains without a rung", "Add 'ladder:'"),
    (CONTAIN, "    ladder: C4\n", "", "'human-review' contains without a rung", "Add 'ladder:'"),
    (CONTAIN, "      rollback: Set the old value again.\n", "", "'rollback' is missing.", "Add 'rollback:'"),
    (A, ", window: the benign set}", "}", "'no-over-refusal' has no window", "Add 'window:'"),
    (A, "n: 1000, ", "", "'no-over-refusal' has no n", "Add 'n:'"),
    (A, "unit: share of replies, n: 947", "n: 947", "'unit' is missing.", "Add 'unit:'"),
    (A, "n: 947", "n: 946", "1 failures in 946 do not prove < 0.005.", "Set 'n: 947' or more."),
    (C, "n: 2995, max_failures: 0", "n: 1000, max_failures: 0", "0 failures in 1000 do not prove <= 0.001", "Set 'n: 2995'"),
    (A, 'value: "0.005"', 'value: "5"', "5 is not a share.", "between 0 and 1"),
    (COMMS, "    notice: {audience: internal, stage: first}\n", "", "'internal-first' names no template", "Add 'notice:"),
    (FIRST, "due: {unassessed: 5 minutes, SEV1: 5 minutes, SEV2: 10 minutes, sla: ack}", "due: {SEV1: 6 minutes, SEV2: 10 minutes, sla: ack}", "Due after 6 minutes at SEV1, but ack allows 5 minutes.", "Make it 5 minutes or less."),
    (FIRST, "due: {SEV1: 30 minutes, SEV2: 60 minutes, default: 1 business day}", "due: {SEV1: 90 minutes, SEV2: 60 minutes, default: 1 business day}", "At SEV1 it is due later (90 minutes) than one level below (1 hour).", "shorter time"),
    (EVIDENCE, "    preconditions: [snapshot, samples]", "    min_severity: SEV3\n    preconditions: [legal-hold]", "is written twice", "Keep one"),
    (EVIDENCE, "    snapshot: true\n", "    snapshot: true\n    preconditions: [samples]\n", "waits for 'samples', which is only there from SEV3", "Give both the same"),
    (EVIDENCE, "    snapshot: true\n", "    snapshot: true\n    ladder: C0\n", "Snapshot step 'snapshot' also contains", "a step of its own"),
    (C, "    snapshot: true\n", "    snapshot: true\n    preconditions: [end-sessions]\n", "waits for the containment step 'harm.c.privacy-leakage/end-sessions'", "comes before containment"),
    ("playbooks/severity.yaml", "  - id: people\n", "  - id: persons\n", "The question 'people' is missing.", "id: people"),
    ("playbooks/severity.yaml", '{value: "1", score: 1, text: "10 to 999",', '{value: "1", text: "10 to 999",', "The answer '1' has no score.", "Add 'score:'"),
    ("playbooks/notices.yaml", "  - {id: update,", "  - {id: later,", "No template for users at stage 'later'.", "Add users/later.md.j2"),
    ("comms_templates/users/first.md.j2", "{{ contact }}", "{{ contakt }}", "It uses 'contakt' undeclared.", "Add it to 'facts:'"),
    ("comms_templates/users/first.md.j2", "{{ contact }}", "Us", "'contact' is declared and never used.", "Remove it"),
    ("comms_templates/users/first.md.j2", "{{ contact }}", "{{ contact }", "Jinja2 cannot read it", "Correct the braces"),
    ("comms_templates/users/first.md.j2", "{{ contact }}", "{{ " + "(" * 3000 + "1" + ")" * 3000 + " }}", "brackets without end", "several steps"),
]  # fmt: skip


@pytest.mark.parametrize(("file", "old", "new", "what", "fix"), FAULTS)
def test_each_rule_finds_its_fault(
    spoil: Spoil, file: str, old: str, new: str, what: str, fix: str
) -> None:
    findings = spoil(file, old, new)
    matching = [f for f in findings if what in f.what and fix in f.fix and f.file == file]
    assert matching, "\n".join(map(str, findings)) or "nothing was found"
    assert all(f.line >= 1 for f in findings)


def test_a_template_fault_points_at_its_line(spoil: Spoil, copy: Path) -> None:
    file = "comms_templates/users/first.md.j2"
    (finding,) = spoil(file, "{{ contact }}", "{{ contact }")
    lines = (copy / file).read_text(encoding="utf-8").splitlines()
    assert lines[finding.line - 1] == "{{ contact }"


TIGHTEN = [
    ("{step: base.closing/cause, reason: R., due: {default: 1 hour}}", "counts from 'contained'"),
    ("{step: base.closing/cause, reason: R.}", "Nothing is tightened for 'base.closing/cause'."),
]


@pytest.mark.parametrize(("entry", "what"), TIGHTEN)
def test_tightening(spoil: Spoil, entry: str, what: str) -> None:
    findings = spoil(A, "quantify:", f"tighten:\n  - {entry}\nquantify:")
    assert any(what in f.what for f in findings), "\n".join(map(str, findings))


def test_conflicts_start_at_the_same_severity(spoil: Spoil) -> None:
    findings = spoil(
        COMMS,
        "order: 80",
        "order: 80\napplies_when: {min_severity: SEV2}\nconflicts: [harm.c.privacy-leakage]",
    )
    assert any("starts at SEV4, not at SEV2" in f.what for f in findings)


def test_check_reports_and_never_raises(tmp_path: Path) -> None:
    findings = check(tmp_path / "nowhere", tmp_path / "neither")
    assert len(findings) == 10
    assert all(f.what == "The file is missing." for f in findings)
