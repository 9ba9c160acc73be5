"""Action items in Slack: add, list, prove, accept."""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable
from typing import Any, TypeVar

from sqlmodel import Session

from bot.action import queries, verbs
from bot.action.words import KINDS, need_due, read_item
from bot.errors import BadInput, NotFound
from bot.incident import queries as incidents
from bot.incident.names import ref
from bot.record.tx import Tx
from bot.slack import kit
from bot.slack.action_words import WORDINGS, button, item_buttons, line
from bot.slack.request import Answer, Handler, Request, WhichIncident, only_you
from bot.slack.router import Surface
from bot.slack.wording import mark
from db.tables import ActionItem, Incident

T = TypeVar("T")
Params = dict[str, Any]
#: Items shown in one answer; two blocks each.
SHOWN = 15
_NUMBER = re.compile(r"#?(\d{1,5})\Z")
_KIND_WORDS = {
    "prevent": "Prevent: it cannot happen again",
    "detect": "Detect: we hear of it sooner",
    "mitigate": "Mitigate: it does less harm",
    "process": "Process: we work better under it",
    "communicate": "Communicate: people know what they need",
}


# --- the word ---------------------------------------------------------------------------------


async def action_verb(request: Request) -> Answer:
    """``/incident action``: the form; ``action add|list|done|accept|reopen|drop|owner|due …``."""
    words = request.text.split(maxsplit=1)
    if not words:
        return await action_form(request)
    first, rest = words[0].lower(), words[1] if len(words) > 1 else ""
    number = _NUMBER.match(first)
    if number and rest:  # «3 done https://…» means the same as «done 3 https://…»
        verb, _, more = rest.partition(" ")
        first, rest = verb.lower(), f"{number.group(1)} {more}"
    if first in _SUBVERBS:
        request.text = rest.strip()
        return await _SUBVERBS[first](request)
    near = difflib.get_close_matches(first, _SUBVERBS, n=1, cutoff=0.7)
    if near and (not rest or _NUMBER.match(rest.split()[0])):
        raise BadInput(
            f"There is no «{kit.esc(first)}» here.",
            instead=f"Did you mean `/incident action {near[0]}`?",
        )
    return await add_typed(request)


async def add_typed(request: Request) -> Answer:
    """``action add WHAT @who by DAY --type proof: WHAT SHOWS IT``; everything but WHAT may miss."""
    if not request.text:
        return await action_form(request)
    typed = read_item(kit.unescape(request.text), request.house.clock.now())

    def verb(tx: Tx, incident: Incident) -> ActionItem:
        return verbs.add(
            tx, incident, typed.text, owner=typed.owner, due_at=typed.due_at,
            kind=typed.kind or "prevent", proof_wanted=typed.proof_wanted,
        )  # fmt: skip

    return await request.change_incident(verb, _added)


def _added(row: ActionItem) -> Answer:
    text = f"Action item {row.number} of {ref(row.incident)}: {line(row)}"
    buttons = kit.actions(
        button("Change", "action_change", row), button("Drop", "action_drop", row)
    )
    return only_you(text, [kit.section(text), buttons])


async def list_verb(request: Request) -> Answer:
    """Of this incident; outside of one, everybody's real ones. ``all`` and ``drills`` add more."""
    words = set(request.text.lower().split())

    def here(session: Session, incident: Incident) -> Answer:
        rows = queries.of_incident(session, incident.number, all_states="all" in words)
        return only_you("Action items", list_blocks(incident, rows))

    def everywhere(session: Session) -> Answer:
        rows = queries.unfinished(session, request.user, drills=bool(words & {"drill", "drills"}))
        return only_you("Action items", _house_blocks(session, rows, bool(words)))

    try:
        return await request.read_incident(here)
    except WhichIncident:
        return await request.read(everywhere)


def list_blocks(incident: Incident, rows: list[ActionItem]) -> list[kit.Block]:
    """The items of one incident with what can be done about each."""
    title = f"{mark(incident)}*Action items of {ref(incident.number)}*"
    blocks = [kit.section(title if rows else f"{title}\nNone is open.")]
    for row in rows[:SHOWN]:
        blocks += [kit.section(f"`{row.number}` {line(row)}"), item_buttons(row)]
    if len(rows) > SHOWN:
        blocks.append(kit.context(f"{len(rows) - SHOWN} more, not shown."))
    blocks.append(
        kit.actions(kit.button("Add an action item", "action_form", kit.pack(i=incident.number)))
    )
    blocks.append(kit.context("With finished ones: `/incident action list all`"))
    return blocks


def _house_blocks(session: Session, rows: list[ActionItem], drills: bool) -> list[kit.Block]:
    blocks = [kit.section("*Open action items of all incidents*" if rows else "None is open.")]
    for row in rows[:SHOWN]:
        incident = incidents.get(session, row.incident)
        text = f"{mark(incident)}*{ref(row.incident)}* `{row.number}` {line(row)}"
        blocks += [kit.section(text), item_buttons(row)]
    if len(rows) > SHOWN:
        blocks.append(kit.context(f"{len(rows) - SHOWN} more, not shown."))
    if not drills:
        blocks.append(kit.context("Those of drills: `/incident action list drills`"))
    return blocks


# --- forms -----------------------------------------------------------------------------------


async def action_form(request: Request) -> Answer:
    """The form for a new item."""

    def look(session: Session, incident: Incident) -> kit.Element:
        due = verbs.default_due(request.house.clock.now(), incident)
        blocks = _item_fields("", request.user, due, "prevent")
        blocks.append(
            kit.ask(
                "proof_wanted", "What will prove that it is done?",
                kit.text_input("proof_wanted", most=1000, placeholder="A test that fails without it"),
                optional=True, hint="Somebody else will look at the proof before it counts.",
            )
        )  # fmt: skip
        if incident.kind == "drill":
            blocks.insert(0, kit.context("*DRILL*: kept apart from the real action items."))
        meta = kit.pack(i=incident.number, c=request.channel)
        title = f"Action for {ref(incident.number)}"
        return kit.modal("action_submit", title, blocks, submit="Add", meta=meta)

    request.open(await request.read_incident(look))
    return None


def _item_fields(text: str, owner: str, due: Any, kind: str) -> list[kit.Block]:
    kinds = [kit.option(_KIND_WORDS[name], name) for name in KINDS]
    return [
        kit.ask(
            "text", "What has to be done?",
            kit.text_input("text", multiline=True, initial=text, most=verbs.TEXT_MAX),
            hint="One thing that somebody can finish.",
        ),
        kit.ask("owner", "Who does it?", kit.user_select("owner", _user(owner))),
        kit.ask("due", "Until when?", kit.datetime_picker("due", due)),
        kit.ask("kind", "What is it for?", kit.select("kind", kinds, initial=kind)),
    ]  # fmt: skip


def _user(owner: str) -> str | None:
    return owner if owner[:1] in "UW" else None


async def action_submit(request: Request) -> Answer:
    """The form was sent."""
    values = request.values

    def verb(tx: Tx, incident: Incident) -> ActionItem:
        return verbs.add(
            tx, incident, values.text("text"), owner=values.user("owner"),
            due_at=values.moment("due"), kind=values.choice("kind") or "prevent",
            proof_wanted=values.text("proof_wanted"),
        )  # fmt: skip

    return await request.change_incident(verb, _added)


async def change_form(request: Request) -> Answer:
    """The form to change owner, due time, wording or type."""

    def look(session: Session, incident: Incident, row: ActionItem) -> kit.Element:
        blocks = _item_fields(row.text, row.owner, row.due_at, row.kind)
        why = kit.text_input("reason")
        blocks.append(kit.ask("reason", "Why is it changed?", why, optional=True))
        return _modal(request, row, "action_change_submit", "Change", blocks)

    return await _open(request, look)


async def change_submit(request: Request) -> Answer:
    """The form was sent."""
    values = request.values

    def verb(tx: Tx, incident: Incident, number: int) -> ActionItem:
        return verbs.change(
            tx, incident, number, owner=values.user("owner"), due_at=values.moment("due"),
            text=values.text("text"), kind=values.choice("kind"), reason=values.text("reason"),
        )  # fmt: skip

    return await _change(request, verb, "changed")


def _worded(
    callback: str, title: str, field: str, question: str, said: str,
    act: Callable[[Tx, Incident, int, str], ActionItem], optional: bool = False,
) -> tuple[Handler, Handler]:  # fmt: skip
    """A verb that takes an item and a sentence: typed after the number, or asked for in a form."""

    async def begin(request: Request) -> Answer:
        number, words = _number_and_words(request)
        if words or (optional and request.kind == "command"):
            return await change(request, number, words)

        def look(session: Session, incident: Incident, row: ActionItem) -> kit.Element:
            shown = [kit.section(line(row))]
            box = kit.text_input(field, multiline=True)
            blocks = [*shown, kit.ask(field, question, box, optional=optional)]
            return _modal(request, row, callback, title, blocks)

        return await _open(request, look)

    async def submitted(request: Request) -> Answer:
        return await change(request, request.number("a"), request.values.text(field))

    async def change(request: Request, number: int, words: str) -> Answer:
        request.packed = {**request.packed, "a": number}
        return await _change(request, lambda tx, incident, n: act(tx, incident, n, words), said)

    return begin, submitted


done_begin, done_submit = _worded(
    "action_done_submit", "Done", "proof", "What proves it? A link, or what can be seen now.",
    "done; somebody else has to accept the proof", verbs.done,
)  # fmt: skip
accept_begin, accept_submit = _worded(
    "action_accept_submit", "Accept", "comment", "What did you look at?", "proven", verbs.accept,
    optional=True,
)  # fmt: skip
reopen_begin, reopen_submit = _worded(
    "action_reopen_submit", "Reopen", "reason", "Why is it open again?", "open again", verbs.reopen
)
drop_begin, drop_submit = _worded(
    "action_drop_submit", "Drop", "reason", "Why will it not be done?", "dropped", verbs.drop
)


async def owner_verb(request: Request) -> Answer:
    """``action owner 3 @ann``."""
    number, words = _number_and_words(request)
    people = kit.mentioned(words)
    if len(people) != 1:
        raise BadInput("Say who does it.", instead=f"`/incident action owner {number} @ann`")
    request.packed = {"a": number}
    return await _change(
        request, lambda tx, row, n: verbs.change(tx, row, n, owner=people[0]), "given away"
    )


async def due_verb(request: Request) -> Answer:
    """``action due 3 friday``."""
    number, words = _number_and_words(request)
    due = need_due(words, request.house.clock.now())
    request.packed = {"a": number}
    return await _change(
        request, lambda tx, row, n: verbs.change(tx, row, n, due_at=due), "due at another time"
    )


async def change_verb(request: Request) -> Answer:
    """``action change 3`` shows the form."""
    request.packed = {"a": _number_and_words(request)[0]}
    return await change_form(request)


def _number_and_words(request: Request) -> tuple[int, str]:
    """Which item, and what was said about it: from the button, else from the text."""
    if "a" in request.packed:
        return request.number("a"), ""
    first, _, words = kit.unescape(request.text).strip().partition(" ")
    match = _NUMBER.match(first)
    if match is None:
        raise BadInput(
            "Say which action item, by its number.", instead="`/incident action list` shows them."
        )
    return int(match.group(1)), words.strip()


def _modal(
    request: Request, row: ActionItem, callback: str, submit: str, blocks: list[kit.Block]
) -> kit.Element:
    meta = kit.pack(i=row.incident, a=row.number, c=request.channel)
    title = f"{ref(row.incident)} action {row.number}"
    return kit.modal(callback, title, blocks, submit=submit, meta=meta)


async def _open(
    request: Request, look: Callable[[Session, Incident, ActionItem], kit.Element]
) -> Answer:
    number = _number_and_words(request)[0]

    def read(session: Session) -> kit.Element:
        incident = _incident(request, session, number)
        return look(session, incident, queries.get(session, incident.number, number))

    request.open(await request.read(read))
    return None


async def _change(
    request: Request, verb: Callable[[Tx, Incident, int], ActionItem], said: str
) -> Answer:
    number = request.number("a")
    return await request.change(
        lambda tx: verb(tx, _incident(request, tx.session, number), number),
        lambda row: only_you(f"Action item {row.number} of {ref(row.incident)} is {said}."),
    )


def _incident(request: Request, session: Session, number: int) -> Incident:
    """The request's incident. The owner of an item reaches it although the incident is private."""
    try:
        return request.incident(session)
    except NotFound:
        wanted = request.packed.get("i") or request.explicit
        if not wanted:
            raise
        return queries.incident_of(session, wanted, number, request.user)


_SUBVERBS: dict[str, Handler] = {
    "add": add_typed,
    "new": add_typed,
    "list": list_verb,
    "ls": list_verb,
    "done": done_begin,
    "prove": done_begin,
    "accept": accept_begin,
    "reopen": reopen_begin,
    "drop": drop_begin,
    "owner": owner_verb,
    "assign": owner_verb,
    "due": due_verb,
    "change": change_verb,
    "edit": change_verb,
}

SURFACE = Surface(
    verbs={"action": action_verb},
    actions={
        "action_form": action_form,
        "action_done": done_begin,
        "action_accept": accept_begin,
        "action_reopen": reopen_begin,
        "action_drop": drop_begin,
        "action_change": change_form,
        "action_list": list_verb,
    },
    views={
        "action_submit": action_submit,
        "action_change_submit": change_submit,
        "action_done_submit": done_submit,
        "action_accept_submit": accept_submit,
        "action_reopen_submit": reopen_submit,
        "action_drop_submit": drop_submit,
    },
    wordings=WORDINGS,
)
