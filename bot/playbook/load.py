"""Read the content folder: rules, modules and notice templates, checked before anything uses them.

`load_content` raises `ContentError` with every fault at once; each names file, line and fix.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel, ValidationError

from bot.playbook.explain import explain
from bot.playbook.module import Module
from bot.playbook.rules import (
    Audience,
    BlamelessFile,
    BlamelessRule,
    EvidenceFile,
    EvidenceKind,
    FactKind,
    FactsFile,
    FamiliesFile,
    Family,
    LadderFile,
    LadderRung,
    Level,
    Levels,
    Notices,
    Permission,
    PermissionsFile,
    RetentionRule,
    RetentionRules,
    Role,
    RolesFile,
    SeverityRules,
    Stage,
    TemplateHead,
)
from bot.playbook.source import (
    ContentError,
    Document,
    Finding,
    canonical,
    read,
    read_text,
    sha256,
)
from bot.playbook.values import IncidentKind, Severity

FILES: Mapping[str, type[BaseModel]] = {
    "severity.yaml": SeverityRules,
    "levels.yaml": Levels,
    "roles.yaml": RolesFile,
    "families.yaml": FamiliesFile,
    "ladder.yaml": LadderFile,
    "evidence.yaml": EvidenceFile,
    "facts.yaml": FactsFile,
    "permissions.yaml": PermissionsFile,
    "notices.yaml": Notices,
    "blameless.yaml": BlamelessFile,
}
#: May be absent: then nothing is over its time.
OPTIONAL: Mapping[str, type[BaseModel]] = {"retention.yaml": RetentionRules}
TEMPLATE_SUFFIX = ".md.j2"
M = TypeVar("M", bound=BaseModel)


@dataclass(frozen=True, slots=True)
class Template:
    """A notice template: its front matter, its Jinja2 body, and the hash of the whole file."""

    file: str
    head: TemplateHead
    body: str
    sha256: str
    document: Document = field(repr=False, compare=False)


@dataclass(frozen=True, slots=True)
class Content:
    """Everything responders edit, read and checked. Frozen: reload to change it."""

    severity: SeverityRules
    levels: Levels
    roles: Mapping[str, Role]
    families: Mapping[str, Family]
    ladder: Mapping[str, LadderRung]
    evidence: Mapping[str, EvidenceKind]
    facts: Mapping[str, FactKind]
    permissions: Mapping[str, Permission]
    audiences: Mapping[str, Audience]
    stages: Mapping[str, Stage]
    blameless: tuple[BlamelessRule, ...]
    retention: tuple[RetentionRule, ...]
    modules: Mapping[str, Module]
    hashes: Mapping[str, str]
    """Module id to SHA-256."""
    templates: Mapping[tuple[str, str], Template]
    shared_templates: Mapping[str, str]
    """Blocks that templates import: file name to Jinja2 text."""
    versions: Mapping[str, str]
    """File name to SHA-256 of its content, for pinning what an incident ran with."""
    canonicals: Mapping[str, bytes] = field(repr=False, compare=False)
    """Module id to its canonical JSON, whose SHA-256 is its hash: stored with the pin."""
    documents: Mapping[str, Document] = field(repr=False, compare=False)
    """What checking needs; none in :meth:`slim` content."""
    module_files: Mapping[str, str] = field(repr=False, compare=False)

    @property
    def role_titles(self) -> dict[str, str]:
        """Role id to what people call it."""
        return {role.id: role.title for role in self.roles.values()}

    @property
    def commander(self) -> Role:
        """The role that leads."""
        return next(role for role in self.roles.values() if role.commands)

    def level(self, severity: Severity) -> Level:
        """What a severity sets in motion."""
        return self.levels.at(severity)

    def roles_for(self, severity: Severity, families: Iterable[str] = ()) -> tuple[str, ...]:
        """Role ids to fill at a severity for some harm families, in the table's order."""
        level = self.level(severity)
        wanted = list(level.roles)
        if level.family_roles:
            for family in families:
                wanted.extend(self.families[family].roles)
        return tuple(dict.fromkeys(wanted))

    def who_may(self, verb: str, kind: IncidentKind = "default") -> tuple[str, ...]:
        """Role ids, ``responder`` or ``anyone``. Raises KeyError for a verb that is not listed."""
        return self.permissions[verb].may(kind)

    def slim(self) -> Content:
        """The same without the files as they were read, which only checking needs."""
        templates = {
            key: replace(one, document=Document(one.file, None, ""))
            for key, one in self.templates.items()
        }
        return replace(self, documents={}, templates=templates)


def load_content(folder: Path, templates: Path) -> Content:
    """Read and check both folders. Raises ContentError listing every fault."""
    from bot.playbook.references import broken_references

    content, findings = gather(folder, templates)
    if content is not None:
        findings.extend(broken_references(content))
    if content is None or findings:
        raise ContentError(findings)
    return content


def gather(folder: Path, templates: Path) -> tuple[Content | None, list[Finding]]:
    """Read what can be read, and every fault of shape; None when a rule file is unusable."""
    reader = _Reading(folder, templates)
    for name, model in FILES.items():
        reader.rule_file(name, model)
    for name, model in OPTIONAL.items():
        if (folder / name).is_file():
            reader.rule_file(name, model)
    reader.modules()
    reader.templates_of()
    if not set(reader.parsed) >= set(FILES):
        return None, reader.findings
    return reader.content(), reader.findings


class _Reading:
    """What has been read so far, and the faults found on the way."""

    def __init__(self, folder: Path, templates: Path) -> None:
        self.folder, self.templates = folder, templates
        self.findings: list[Finding] = []
        self.documents: dict[str, Document] = {}
        self.parsed: dict[str, BaseModel] = {}
        self.found_modules: dict[str, Module] = {}
        self.module_files: dict[str, str] = {}
        self.found_templates: dict[tuple[str, str], Template] = {}
        self.shared: dict[str, str] = {}

    def shown(self, path: Path) -> str:
        root = self.folder if path.is_relative_to(self.folder) else self.templates
        return f"{root.name}/{path.relative_to(root).as_posix()}"

    def document(self, path: Path) -> Document | None:
        try:
            document = read(path, self.shown(path))
        except ContentError as error:
            self.findings.extend(error.findings)
            return None
        self.documents[document.file] = document
        self.findings.extend(document.repeated)
        return document

    def validated(self, document: Document | None, model: type[M]) -> M | None:
        if document is None:
            return None
        try:
            return model.model_validate(document.value)
        except ValidationError as error:
            self.findings.extend(explain(error, model, document))
            return None

    def rule_file(self, name: str, model: type[BaseModel]) -> None:
        parsed = self.validated(self.document(self.folder / name), model)
        if parsed is not None:
            self.parsed[name] = parsed

    def modules(self) -> None:
        for path in sorted((self.folder / "modules").rglob("*.yaml")):
            document = self.document(path)
            module = self.validated(document, Module)
            if document is not None and module is not None:
                self.keep_module(document, module)

    def keep_module(self, document: Document, module: Module) -> None:
        if module.id in self.module_files:
            what = f"Module '{module.id}' is already in {self.module_files[module.id]}."
            fix = "Give one of the two another id, or delete it."
            self.findings.append(document.finding(("id",), what, fix))
            return
        self.found_modules[module.id] = module
        self.module_files[module.id] = document.file

    def templates_of(self) -> None:
        for path in sorted(self.templates.rglob(f"*{TEMPLATE_SUFFIX}")):
            text = path.read_text(encoding="utf-8")
            if path.name.startswith("_"):
                self.shared[path.name] = text
            else:
                self.template(path, text)

    def template(self, path: Path, text: str) -> None:
        shown = self.shown(path)
        start, _, rest = text.partition("---\n")
        front, mark, body = rest.partition("\n---\n")
        if start or not mark:
            what, fix = "No front matter.", "Start the file with '---', its facts, and '---'."
            self.findings.append(Finding(shown, 1, what, fix))
            return
        try:
            document = read_text(front, shown, offset=1)
        except ContentError as error:
            self.findings.extend(error.findings)
            return
        self.findings.extend(document.repeated)
        head = self.validated(document, TemplateHead)
        if head is not None:
            self.keep_template(path, Template(shown, head, body, sha256(text), document))

    def keep_template(self, path: Path, template: Template) -> None:
        place = (path.parent.name, path.name.removesuffix(TEMPLATE_SUFFIX))
        named = (template.head.audience, template.head.stage)
        if place != named:
            what = f"The file says {named[0]}/{named[1]} but lies in {place[0]}/{place[1]}."
            fix = f"Move it to {named[0]}/{named[1]}{TEMPLATE_SUFFIX} or correct its front matter."
            self.findings.append(template.document.finding(("audience",), what, fix))
            return
        self.found_templates[named] = template
        self.documents[template.file] = template.document

    def content(self) -> Content:
        def of(name: str, model: type[M]) -> M:
            found = self.parsed[name]
            assert isinstance(found, model)
            return found

        notices = of("notices.yaml", Notices)
        canonicals = {
            key: canonical(self.documents[file].value) for key, file in self.module_files.items()
        }
        return Content(
            severity=of("severity.yaml", SeverityRules),
            levels=of("levels.yaml", Levels),
            roles={row.id: row for row in of("roles.yaml", RolesFile).roles},
            families={row.id: row for row in of("families.yaml", FamiliesFile).families},
            ladder={row.id: row for row in of("ladder.yaml", LadderFile).rungs},
            evidence={row.id: row for row in of("evidence.yaml", EvidenceFile).evidence},
            facts={row.id: row for row in of("facts.yaml", FactsFile).facts},
            permissions={
                row.verb: row for row in of("permissions.yaml", PermissionsFile).permissions
            },
            audiences={row.id: row for row in notices.audiences},
            stages={row.id: row for row in notices.stages},
            blameless=of("blameless.yaml", BlamelessFile).rules,
            retention=tuple(of("retention.yaml", RetentionRules).retention)
            if "retention.yaml" in self.parsed
            else (),
            modules=dict(sorted(self.found_modules.items())),
            hashes={key: hashlib.sha256(text).hexdigest() for key, text in canonicals.items()},
            canonicals=canonicals,
            templates=self.found_templates,
            shared_templates=self.shared,
            versions={name: self.documents[self.shown(self.folder / name)].sha256 for name in FILES}
            | {template.file: template.sha256 for template in self.found_templates.values()},
            documents=self.documents,
            module_files=self.module_files,
        )
