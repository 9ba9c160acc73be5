"""Privileged notes in Slack: written in a form, read by the few, seen by nobody else."""

from __future__ import annotations

import re
from typing import Any

from sqlmodel import Session

from bot.incident.names import ref
from bot.playbook.telling import tell
from bot.record import privileged
from bot.record.batch import Env
from bot.record.entry import Recorded
from bot.record.tx import Tx
from bot.slack import kit
from bot.slack.request import Answer, Request, only_you
from bot.slack.router import Surface
from bot.slack.wording import Message, mark
from db.tables import Incident

#: A note may be 3000 characters long and a message holds a few thousand.
SHOWN = 3
_READ = re.compile(r"(?:read|show|list)\b\s*#?(\d{1,9})?\s*\Z", re.IGNORECASE)
NOTHING = (
    "No privileged note here is for you. They are read by whoever was given a role that they name; one "
    "that you took yourself does not count: let the commander give it to you."
)


async def privileged_verb(request: Request) -> Answer:
    """``/incident privileged``: the form; ``privileged read`` shows the notes that you may read."""
    words = kit.unescape(request.text).strip()
    found = _READ.match(words)
    if found:
        return await _read(request, int(found.group(1)) if found.group(1) else None)
    number = await request.read_incident(lambda session, row: row.number)
    request.open(_form(request, number, words))
    return None


def _form(request: Request, number: int, text: str) -> kit.Element:
    env = request.house.env
    readers = [kit.option(_title(env, role), role) for role in privileged.READERS]
    blocks = [
        kit.section(
            "Only the people you tick read this, while they hold the role. It is in no timeline, "
            "search, document or export; the record shows that a note exists, and for whom."
        ),
        kit.ask("text", "The note", kit.text_input("text", multiline=True, initial=text)),
        kit.ask(
            "readers", "Who may read it?", kit.checkboxes("readers", readers, initial=["legal"])
        ),
        kit.context("Reading: `/incident privileged read`"),
    ]  # fmt: skip
    meta = kit.pack(i=number, c=request.channel)
    return kit.modal("privileged_submit", f"Privileged {ref(number)}", blocks, meta=meta)


def _title(env: Env, role: str) -> str:
    found = env.content.roles.get(role)
    return found.title if found is not None else role


async def privileged_submit(request: Request) -> Answer:
    """The note was written; its readers are told that it is there, without a word of it."""
    values = request.values

    def verb(tx: Tx, incident: Incident) -> Recorded:
        recorded = privileged.note(tx, incident, values.text("text"), values.choices("readers"))
        _tell(tx, incident, recorded)
        return recorded

    return await request.change_incident(verb, _kept)


def _tell(tx: Tx, incident: Incident, recorded: Recorded) -> None:
    readers = privileged.readers_now(tx.session, incident, recorded.entry.readers)
    for person in sorted(readers - {tx.by.id}):
        key = f"privileged:{incident.number}:{recorded.n}"
        tell(tx, person, key, "privileged_added", incident, n=recorded.n, by=tx.by.id)


def _kept(recorded: Recorded) -> Answer:
    names = ", ".join(recorded.entry.readers)
    return only_you(f"Kept as entry {recorded.n}, for: {names}. `/incident privileged read`")


async def privileged_read(request: Request) -> Answer:
    """The button «Read it»."""
    n = request.packed.get("n")
    return await _read(request, n if type(n) is int and n else None)


async def _read(request: Request, n: int | None) -> Answer:
    """Seen by nobody else. That it was read is on the record first; the words are kept nowhere."""

    def look(tx: Tx) -> Answer:
        incident = request.incident(tx.session)
        seen, before = tx.seen_before(request.delivery)
        if seen:  # the same request once more: one reading, and no newer note comes with it
            told = before or {}
            notes = privileged.show_again(tx, incident, told.get("shown", ()))
            earlier = list(told.get("earlier", ()))
        else:
            notes, earlier = privileged.show(tx, incident, n, most=SHOWN)
            tx.remember(request.delivery, {"shown": [one.n for one in notes], "earlier": earlier})
        return _shown(incident, notes, earlier) if notes else only_you(NOTHING)

    return await request.house.change(request.by, look)


def _shown(
    incident: Incident, notes: list[privileged.PrivilegedNote], earlier: list[int]
) -> Answer:
    head = f"Privileged notes of {ref(incident.number)}"
    text = f"{mark(incident)}*{head}* Do not copy them into the channel."
    blocks = [kit.section(text)]
    for one in notes:
        for_ = ", ".join(one.readers)
        by = f"*{one.n}* {kit.when(one.at)} by {kit.person(one.author)}, for: {for_}"
        blocks += [kit.divider(), kit.section(by), kit.verbatim(one.text)]
    blocks.append(kit.context("That you read this is on the record; what it says is not."))
    if earlier:
        numbers = ", ".join(map(str, earlier))
        blocks.append(
            kit.context(f"Earlier: {numbers}. One of them: `/incident privileged read 7`")
        )
    return only_you(head, blocks)


def added_wording(session: Session, incident: Incident | None, params: dict[str, Any]) -> Message:
    """Privately to each reader: there is a note. Nothing of what it says."""
    assert incident is not None
    head = (
        f"{mark(incident)}{ref(incident.number)}: a privileged note for you, entry {params['n']}."
    )
    here = kit.pack(i=incident.number, n=params["n"])
    read = kit.button("Read it", "privileged_read", here)
    by = f"From {kit.person(params.get('by'))}. Only you see it when you press the button."
    return Message(head, [kit.section(head), kit.context(by), kit.actions(read)])


SURFACE = Surface(
    verbs={"privileged": privileged_verb},
    actions={"privileged_read": privileged_read},
    views={"privileged_submit": privileged_submit},
    wordings={"privileged_added": added_wording},
)
