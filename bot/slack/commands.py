"""``/incident``: finds the verb, forgives slips, asks which incident when it cannot know."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from functools import partial

from bot.errors import BadInput
from bot.incident import queries
from bot.incident.names import ref
from bot.slack import kit
from bot.slack.request import Answer, Handler, Request, WhichIncident, only_you
from bot.slack.router import Surface, Verb

VERBS: tuple[Verb, ...] = (
    Verb("open", "open TITLE", "Open an incident.", ("declare", "new", "start", "report")),
    Verb("severity", "severity", "Answer the severity questions, or `severity sev2`.", ("sev",)),
    Verb("role", "role comms @ann", "Take, give or list roles.", ("roles", "assign")),
    Verb("next", "next", "Show the steps that are yours, most urgent first.", ("steps", "todo")),
    Verb("step", "step done 7", "List the steps, or `step skip 7 because …`, `step take 7`."),
    Verb("approvals", "approvals", "Show what waits for approval.", ("approval", "approve")),
    Verb("contain", "contain HOW YOU KNOW", "Say that it no longer spreads.", ("contained",)),
    Verb("exit", "exit", "Show and confirm the exit criteria.", ("criteria",)),
    Verb("resolve", "resolve", "End the response; names what is open.", ("resolved",)),
    Verb("cancel", "cancel because WHY", "End it as a false alarm.", ("false",)),
    Verb("reopen", "reopen because WHY", "Begin the response again."),
    Verb("close", "close", "Close a resolved incident; names what is missing.", ("closed",)),
    Verb("decide", "decide TEXT because WHY", "Record a decision.", ("decision",)),
    Verb("update", "update TEXT", "Post an internal update; alone, the form.", ("progress",)),
    Verb("notice", "notice", "Draft a notice; `notice list`, `notice 3`.", ("notices", "comms")),
    Verb("rename", "rename TITLE", "Put the title into better words.", ("title",)),
    Verb("families", "families", "Say what kinds of harm it is.", ("harm", "family")),
    Verb("facts", "facts", "Say what is known; the playbook goes by it."),
    Verb("note", "note TEXT", "Record a fact.", ("fact", "log")),
    Verb("hypothesis", "hypothesis TEXT", "Record a guess; `hypothesis 7 refuted` settles it."),
    Verb("evidence", "evidence WHAT, WHERE", "Record evidence and where it is kept."),
    Verb("freeze", "freeze", "Name what runs now, before it is changed.", ("snapshot",)),
    Verb(
        "privileged",
        "privileged",
        "A note for legal, privacy or the commander alone.",
        ("privilege",),
    ),
    Verb("correct", "correct 7 TEXT", "Correct an entry; the old one stays readable."),
    Verb("withdraw", "withdraw 7 because WHY", "Say that an entry no longer holds.", ("retract",)),
    Verb(
        "timeline",
        "timeline [all|NUMBER]",
        "Show the record, or one entry as a whole.",
        ("record", "history"),
    ),
    Verb(
        "search",
        "search WORDS",
        "Find entries; add `in:inc-3 by:@ann kind:decision since:7d`.",
        ("find",),
    ),
    Verb(
        "action",
        "action",
        "Add an action item; `action list`, `action done 3 PROOF`.",
        ("actions",),
    ),
    Verb(
        "postmortem", "postmortem", "Show, write, review or post the postmortem.", ("pm", "retro")
    ),
    Verb("erase", "erase", "Erase a person or a text for good (privacy, legal).", ("forget",)),
    Verb("drill", "drill TITLE", "Open a drill: the same, but nothing leaves.", ("exercise",)),
    Verb("status", "status", "Show how things stand, and what went wrong."),
    Verb("list", "list", "Show open incidents.", ("ls",)),
    Verb("mine", "mine", "Show incidents in which you hold a role."),
    Verb("help", "help", "Show this."),
)


def spellings(verbs: Mapping[str, Handler]) -> dict[str, str]:
    """Every word that means a verb of the surfaces, to the verb's own name."""
    names = {name: name for name in verbs}
    for verb in VERBS:
        names.update({alias: verb.name for alias in verb.aliases if verb.name in verbs})
    return names


async def command(
    verbs: Mapping[str, Handler], names: Mapping[str, str], request: Request
) -> Answer:
    """The slash command: the verb that the first word means, with the rest as its text."""
    request.split_ref()
    word, _, rest = request.text.partition(" ")
    name = names.get(word.lower()) if word else "bare"
    if name is None or name not in verbs:
        return _unknown(word, names)
    typed, request.text = request.text, rest.strip()
    if request.explicit is None:
        request.split_ref()
    try:
        return await verbs[name](request)
    except WhichIncident:
        return await _which(request, typed)


async def rerun(verbs: Mapping[str, Handler], names: Mapping[str, str], request: Request) -> Answer:
    """The same command again, for the incident that was chosen."""
    request.explicit, request.text = request.packed.get("i"), str(request.packed.get("t", ""))
    return await command(verbs, names, request)


def _unknown(word: str, names: Mapping[str, str]) -> Answer:
    near = difflib.get_close_matches(word.lower(), names, n=1, cutoff=0.6)
    hint = (
        f"Did you mean `/incident {near[0]}`?" if near else "`/incident help` lists what there is."
    )
    raise BadInput(f"There is no «{kit.esc(kit.clip(word, 40))}».", instead=hint)


async def _which(request: Request, typed: str) -> Answer:
    found = await request.read(lambda session: queries.open_incidents(session, request.user, 5))
    if not found:
        raise BadInput(
            "This is not an incident's channel, and no incident is open.",
            instead="`/incident open TITLE` opens one.",
        )
    words = kit.esc(kit.clip(kit.as_typed(typed), 1000))
    shown = f"Which incident is meant? You typed: `/incident {words}`"
    buttons = [
        kit.button(
            f"{ref(row.number)} {kit.clip(row.title, 40)}", f"rerun:{row.number}",
            kit.pack(i=row.number, t=kit.clip(typed, 1500)),
        )
        for row in found
    ]  # fmt: skip
    return only_you(shown, [kit.section(shown), kit.actions(*buttons)])


def surface(verbs: Mapping[str, Handler]) -> Surface:
    """The slash command and the buttons that run it again for a chosen incident."""
    names = spellings(verbs)
    return Surface(
        verbs={"*": partial(command, verbs, names)}, actions={"rerun": partial(rerun, verbs, names)}
    )
