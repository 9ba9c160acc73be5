"""What rooms say for Slack, as it reads at a command line: hints name commands that exist here."""

from __future__ import annotations

import re

from bot import sheet

#: A hint that says already where it is done stays as it is.
_HINT = re.compile(r"`/incident([^`]*)`(?!, in Slack)")
#: First word after ``/incident`` to the command here; ``{inc}`` is the incident, ``{rest}`` what
#: followed. What has no command of its own here is done in Slack.
_HERE = {
    "action": "incident action list {inc}", "approvals": "incident approvals list {inc}",
    "cancel": 'incident cancel {inc} "WHY"', "close": 'incident close {inc} --reason "WHY"',
    "contain": 'incident contain {inc} "HOW YOU KNOW"',
    "correct": 'incident correct {inc} ENTRY "TEXT"', "decide": 'incident decide {inc} "WHAT"',
    "evidence": 'incident evidence {inc} "WHAT AND WHERE"', "exit": "incident exit list {inc}",
    "facts": "incident facts {inc}", "families": "incident families {inc} FAMILIES",
    "freeze": "incident freeze {inc} PART=VALUE", "list": "incident list",
    "mine": "incident list --mine", "next": "incident next {inc}", "note": 'incident note {inc} "TEXT"',
    "notice": "incident notice list {inc}", "open": 'incident open "{rest}"',
    "postmortem": "incident postmortem show {inc}", "rename": 'incident rename {inc} "TITLE"',
    "reopen": 'incident reopen {inc} "WHY"', "resolve": 'incident resolve {inc} --reason "WHY"',
    "role": "incident role {inc} ROLE USERID", "search": "search {rest}",
    "severity": 'incident severity {inc} SEV --reason "WHY"', "status": "incident show {inc}",
    "step": "incident show {inc}", "timeline": "incident timeline {inc}",
    "update": 'incident update {inc} "{rest}"',
    "withdraw": 'incident withdraw {inc} ENTRY --reason "WHY"',
}  # fmt: skip
#: The same with what follows, where that says more; the first that fits counts.
_WITH = (
    (r"action add\b.*", r'incident action add {inc} "WHAT"'),
    (r"action done (\d+)\b.*", r'incident action done {inc} \1 "PROOF"'),
    (r"action (accept|reopen|drop) (\d+)\b.*", r'incident action \1 {inc} \2 "WHY"'),
    (r"correct (\d+)\b.*", r'incident correct {inc} \1 "TEXT"'),
    (r"exit met (\d+)\b.*", r'incident exit met {inc} \1 "EVIDENCE"'),
    (r"exit (waive|reopen) (\d+)\b.*", r'incident exit \1 {inc} \2 "WHY"'),
    (r"freeze without (C\d)\b.*", r'incident freeze {inc} --rung \1 --without "WHY"'),
    (r"freeze (C\d)$", r"incident freeze {inc} PART=VALUE --rung \1"),
    (r"step (?:ask|approve) (\d+)\b.*", r'incident approvals ask {inc} \1 --what "WHAT"'),
    (r"step (skip|block|waive) (\d+)\b.*", r'incident step {inc} \1 \2 --reason "WHY"'),
    (r"step (done|take|reopen) (\d+)\b.*", r"incident step {inc} \1 \2"),
    (r"role (\w+) because\b.*", r'incident role {inc} \1 --reason "WHY"'),
    (r"role (\w+) @.*", r"incident role {inc} \1 USERID"),
    (r"role (\w+)$", r"incident role {inc} \1 USERID"),
    (r"severity (SEV[1-4])\b.*", r'incident severity {inc} \1 --reason "WHY"'),
    (r"notice (\d+)$", r"incident notice show {inc} \1"),
    (r"notice$", r"incident notice draft {inc}"),
)
_ASK = re.compile(r"Press «Ask for approval» on it: `/incident next`\.?")


def in_words(text: str, name: str = "INC-n") -> str:
    """A room's sentence with the commands that do here what it points to; ``name`` is the incident."""
    text = _ASK.sub(f"Ask for it: `steadyhand incident approvals ask {name} STEP`.", text)
    return sheet.people(_HINT.sub(lambda hint: _hint(hint[1].strip(), name), text))


def _hint(typed: str, name: str) -> str:
    word, _, rest = typed.partition(" ")
    command = _HERE.get(word, "")
    for pattern, made in _WITH:
        if re.match(pattern, typed):
            command = re.sub(pattern, made, typed)
            break
    if not command:
        return f"`/incident {typed}`, in Slack".replace("`/incident `", "`/incident`")
    return f"`steadyhand {command.format(inc=name, rest=rest)}`"
