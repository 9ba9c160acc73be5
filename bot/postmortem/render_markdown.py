"""The document as CommonMark. Nothing that people wrote can become markup."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from urllib.parse import quote

from bot.postmortem import model as m
from bot.postmortem import words
from bot.postmortem.words import length, moment

#: Punctuation that CommonMark (or GitHub's tables and mentions) may read as markup anywhere.
_MARKS = re.compile(r"([\\`*_\[\]<>#|~&!@$^])")
_LINE_START = re.compile(r"^(\s*)([-+=:]|\d+[.)])", re.MULTILINE)
#: Bare addresses become links in GitHub's dialect unless they are broken.
_ADDRESS = re.compile(r"(?i)\b(https?|ftp|www|mailto|javascript|data)([:.])")


def md(text: str) -> str:
    """Text that people wrote, on one line, in which nothing works as markup."""
    return _escaped(" ".join(text.split()))


def block(text: str) -> str:
    """The same as paragraphs: their line breaks stay."""
    parts = [part.strip() for part in re.split(r"\n\s*\n", text.strip()) if part.strip()]
    return "\n\n".join(
        "\\\n".join(_escaped(" ".join(line.split())) for line in part.split("\n")) for part in parts
    )


def _escaped(text: str) -> str:
    text = _MARKS.sub(r"\\\1", text)
    text = _ADDRESS.sub(r"\1\\\2", text)
    return _LINE_START.sub(lambda found: found.group(1) + _broken(found.group(2)), text)


def _broken(mark: str) -> str:
    return mark[:-1] + "\\" + mark[-1]


def link(address: str, label: str) -> str:
    """A link to an address that was checked to be of the web."""
    return f"[{label}](<{quote(address, safe=':/?#@!$&*+,;=%~._-')}>)"


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table of cells that are escaped already."""
    lines = ["| " + " | ".join(head) + " |", "| " + " | ".join("---" for _ in head) + " |"]
    lines += ["| " + " | ".join(cell or " " for cell in row) + " |" for row in rows]
    return "\n".join(lines)


def render(document: m.Document) -> bytes:
    """UTF-8 CommonMark with tables. The same document gives the same bytes."""
    parts = [
        part
        for title, body in _CHAPTERS
        if (text := body(document))
        for part in ([f"## {title}"] if title else []) + [text]
    ]
    return ("\n\n".join(parts) + "\n").encode()


def head(document: m.Document) -> str:
    """Title, banner and facts: what is posted into a channel as well."""
    lines = [f"# {md(words.heading(document))}"]
    if document.drill:
        lines.append(f"> **{words.BANNER}**")
    facts = [
        ("Status", document.status + _closed(document)),
        ("Severity", document.severity or "never assessed"),
        ("Tempo", document.tempo),
        ("Harm", md(", ".join(document.families)) or "not said"),
        ("Document", md(words.review(document.review))),
    ]
    lines.append("\n".join(f"- **{name}:** {value}" for name, value in facts))
    return "\n\n".join(lines)


def _closed(document: m.Document) -> str:
    return f", closed {moment(document.closed_at)}" if document.closed_at else ""


def _milestones(document: m.Document) -> str:
    rows = [
        (one.title, moment(one.at), f"{one.measure} {length(one.seconds)}" if one.measure else "")
        for one in document.milestones
    ]
    return table(("Point", "When", "Took"), rows)


def _written(*keys: str) -> Callable[[m.Document], str]:
    def text(document: m.Document) -> str:
        found = [one for one in document.written if one.key in keys]
        single = len(keys) == 1
        parts = [
            (block(one.text) or "_Not written yet._")
            if single
            else f"**{one.title.split(': ')[-1].capitalize()}.** {block(one.text) or '_Not written yet._'}"
            for one in found
        ]
        return "\n\n".join(parts)

    return text


def _known(document: m.Document) -> str:
    """What the record holds, under what people wrote."""
    rows = [(md(one.question), md(one.answer), str(one.entry)) for one in document.impact]
    if not rows:
        return ""
    return "\n\nOn the record:\n\n" + table(("Question", "Answer", "Entry"), rows)


def _severity(document: m.Document) -> str:
    rows = [
        (
            str(one.n),
            moment(one.at),
            one.severity + (" (against the rules)" if one.overridden else ""),
            md(one.role),
            md(one.reason),
        )
        for one in document.severity_history
    ]
    parts = [table(("Entry", "When", "Severity", "Set by", "Reason"), rows)] if rows else []
    if document.severity_rules:
        fired = "\n".join(f"- {md(one.id)}: {md(one.why)}" for one in document.severity_rules)
        parts.append(f"Rules that fired:\n\n{fired}")
    return "\n\n".join(parts)


def _factors(document: m.Document) -> str:
    found = []
    for one in document.factors:
        seen = words.entry_list(one.entries)
        found.append(f"{one.number}. {md(one.text)}" + (f" ({seen})" if seen else ""))
    return "\n".join(found) or "_None named yet._"


def _timeline(document: m.Document) -> str:
    rows = []
    for line in document.timeline:
        text = md(line.text)
        text = f"~~{text}~~" if line.withdrawn_by is not None else text
        more = [f"_{md(note)}_" for note in words.notes(line)]
        rows.append(
            (str(line.n), f"{line.at:%Y-%m-%d %H:%M}", md(line.role),
             ". ".join([text, *more]), _evidence(line))
        )  # fmt: skip
    return table(("Entry", "UTC", "Role", "What happened", "Evidence"), rows)


def _evidence(line: m.Line) -> str:
    parts = [link(line.link, "link")] if line.link else []
    if line.kept:
        parts.append(md(line.kept))
    if line.sha256:
        parts.append(f"SHA-256 {line.sha256[:16]}…")
    return ", ".join(parts)


def _decisions(document: m.Document) -> str:
    return "\n\n".join(_decision(one) for one in document.decisions)


def _decision(one: m.Decision) -> str:
    statement = md(one.statement)
    lines = [f"### {'Withdrawn: ' if one.withdrawn else ''}{statement}"]
    entered = f", put on the record by {md(one.entered_by)}" if one.entered_by else ""
    facts = [("Taken", f"entry {one.n}, {moment(one.at)}, by {md(one.role)}{entered}")]
    optional = [
        ("Options", "".join(_option(option) for option in one.options)),
        ("Chosen", md(one.chosen)),
        ("Why", md(one.rationale)),
        ("Relied on", words.entry_list(words.grounds(one))),
        ("How sure", "" if one.confidence == "unknown" else md(one.confidence)),
        ("Can be taken back", "" if one.reversibility == "unknown" else md(one.reversibility)),
        ("Way back", md(one.rollback)),
        ("Approved by", md(", ".join(one.approved_by))),
        ("People affected", md(one.affected_groups)),
        ("Dissent", "; ".join(md(each) for each in one.dissent)),
        ("In place of", "" if one.supersedes is None else words.entry_list((one.supersedes,))),
        ("Look at it again", moment(one.review_at) if one.review_at else ""),
        ("Holds until", moment(one.expires_at) if one.expires_at else ""),
    ]
    facts += [(name, value) for name, value in optional if value]
    return "\n\n".join([*lines, "\n".join(f"- **{name}:** {value}" for name, value in facts)])


def _option(option: m.Option) -> str:
    """An item of its own under «Options», with what was expected of it."""
    lines = [f"\n  - {md(option.label)}"]
    if option.harm_reduction:
        lines.append(f"    - Expected to reduce: {md(option.harm_reduction)}")
    if option.side_effects:
        lines.append(f"    - Side effects: {md(option.side_effects)}")
    return "\n".join(lines)


def _hypotheses(document: m.Document) -> str:
    rows = []
    for one in document.hypotheses:
        why = ", ".join(part for part in (md(one.reason), words.entry_list(one.by)) if part)
        rows.append((str(one.n), md(one.text), one.status, why))
    return table(("Entry", "Hypothesis", "Status", "Because"), rows) if rows else ""


def _steps(document: m.Document) -> str:
    rows = [
        (str(one.number), md(one.title), md(one.role), md(words.step_end(one)), moment(one.at))
        for one in document.steps
    ]
    return table(("Step", "What", "Role", "Ended", "When"), rows) if rows else ""


def _approvals(document: m.Document) -> str:
    rows = [
        (str(one.number), md(one.title), one.state, md("; ".join((*one.given, *_after(one)))),
         md(one.comment), f"`{one.digest[:16]}…`")
        for one in document.approvals
    ]  # fmt: skip
    head = ("Approval", "What", "State", "Said yes", "Comment", "Digest")
    return table(head, rows) if rows else ""


def _after(one: m.ApprovalLine) -> list[str]:
    return [f"{role} (afterwards)" for role in one.ratified]


def _notices(document: m.Document) -> str:
    rows = [
        (str(one.number), md(one.audience), md(one.stage), md(one.title), moment(one.at),
         f"`{one.digest[:16]}…`")
        for one in document.notices
    ]  # fmt: skip
    head = ("Notice", "Audience", "Stage", "Title", "Out at", "Digest")
    return table(head, rows) if rows else ""


def _criteria(document: m.Document) -> str:
    return "\n".join(
        f"- {md(one.title)}: {md(words.criterion_end(one))}" for one in document.criteria
    )


def _actions(document: m.Document) -> str:
    rows = [
        (str(one.number), md(one.text), one.kind, md(one.owner), f"{one.due_at:%Y-%m-%d}",
         words.STATES[one.state] + (", overdue" if one.overdue else ""),
         md(one.proof or one.proof_wanted))
        for one in document.actions
    ]  # fmt: skip
    head = ("Action", "What", "Type", "Owner", "Due", "State", "Proof")
    return table(head, rows) if rows else "_None yet._"


def _modules(document: m.Document) -> str:
    rows = [(md(one.id), one.version, f"`{one.sha256}`") for one in document.modules]
    return table(("Module", "Version", "SHA-256"), rows) if rows else ""


def _proof(document: m.Document) -> str:
    proof = document.proof
    lines = [
        f"- **Entries:** {proof.entries} of this incident; the last is number {proof.seq} of the "
        f"whole record, made {moment(proof.at)}",
        f"- **Hash of the last entry:** `{proof.head}`",
        f"- **Digest of this document's content:** `{proof.digest}`",
    ]
    if document.drill:
        lines.append(f"- **{words.BANNER}**")
    return "\n".join(lines)


_CHAPTERS: tuple[tuple[str, Callable[[m.Document], str]], ...] = (
    ("", head),
    ("", _milestones),
    ("Summary", _written("summary")),
    ("Impact", lambda document: _written(*words.IMPACT)(document) + _known(document)),
    ("Contributing factors", _factors),
    ("What went well", _written("went_well")),
    ("Where we were lucky", _written("lucky")),
    ("What was hard", _written("hard")),
    ("Action items", _actions),
    ("Timeline", _timeline),
    ("Severity", _severity),
    ("Decisions", _decisions),
    ("Hypotheses", _hypotheses),
    ("Steps of the playbook", _steps),
    ("Approvals", _approvals),
    ("Notices", _notices),
    ("Exit criteria", _criteria),
    ("Playbook modules", _modules),
    ("Proof of the record", _proof),
)
