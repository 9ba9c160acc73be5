"""Steps: what is mine to do, the whole list, and one button or one line to move a step."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from sqlmodel import Session

from bot.errors import BadInput
from bot.incident.names import ref
from bot.playbook import step_approval, steps, walk
from bot.record import freeze
from bot.record.tx import Tx
from bot.slack import kit, step_forms
from bot.slack.freeze import question
from bot.slack.request import Answer, Request, only_you
from bot.slack.router import Surface
from bot.slack.step_blocks import buttons, count, step_blocks
from bot.slack.step_lists import list_steps, next_verb
from bot.slack.typed import numbered
from bot.slack.wording import Message, mark, simple
from db.tables import Incident, Step

#: A message about steps shows at most so many with their buttons.
SHOWN = 6


# --- by text --------------------------------------------------------------------------------------


async def step_verb(request: Request) -> Answer:
    """``/incident step``: the list; ``step 7``: one; ``step done 7``, ``step skip 7 because …``."""
    if not request.text:
        return await list_steps(request)
    word, _, rest = request.text.partition(" ")
    move = _MOVES.get(word.lower())
    if move is None:
        return await _one(request, request.text)
    if not rest.strip():
        raise BadInput("Which step?", instead=f"Give its number: `/incident step {word} 7`")
    which, words = numbered(rest)
    row = await request.read_incident(
        lambda session, incident: steps.search(session, incident.number, which)
    )
    return await move(request, row.key, words)


async def _one(request: Request, words: str) -> Answer:
    now, env = request.house.clock.now(), request.house.env

    def look(session: Session, incident: Incident) -> Answer:
        row = steps.search(session, incident.number, words)
        return only_you(steps.describe(row), step_blocks(session, row, now, env))

    return await request.read_incident(look)


async def _done(request: Request, key: str, words: str = "") -> Answer:
    """Done at once when a click is enough; else the form that asks for what is missing."""

    def look(session: Session, incident: Incident) -> kit.Element | None:
        row = steps.find(session, incident.number, key)
        ready = incident.status != "closed" and row.state in steps.LIVE
        ready = ready and not steps.unmet(session, row)
        plan = steps.plan_of(row)
        covered = step_approval.asked_of(plan) is None or step_approval.approved(session, row)
        frozen = row.rung is None or not freeze.needed_before(session, incident, row.rung)
        if not (ready and covered and frozen and walk.needs_form(plan)):
            return None  # the verb itself says what is in the way
        return step_forms.done_form(row, plan, request.house.env.content, request.channel, words)

    form = await request.read_incident(look)
    if form is not None:
        request.open(form)
        return None
    return await request.change_incident(
        lambda tx, incident: step_forms.finish(tx, incident, key, comment=words), only_you
    )


async def _skip(request: Request, key: str, words: str = "") -> Answer:
    if not words:
        return await _reason_form(
            request, key, "step_skip_submit", "Not needed", "Why is it not needed?"
        )
    return await _move(request, lambda tx, i: walk.not_needed(tx, i, key, words), "left out")


async def _block(request: Request, key: str, words: str = "") -> Answer:
    if not words:
        return await _reason_form(request, key, "step_block_submit", "Blocked", "What holds it up?")
    return await _move(
        request, lambda tx, i: walk.block(tx, i, key, words), "blocked; the channel is told"
    )


async def _take(request: Request, key: str, words: str = "") -> Answer:
    people = kit.mentioned(words)
    if people:
        return await _move(
            request, lambda tx, i: walk.assign(tx, i, key, people[0]), f"with <@{people[0]}> now"
        )
    return await _move(request, lambda tx, i: walk.take(tx, i, key), "yours now")


async def _reopen(request: Request, key: str, words: str = "") -> Answer:
    return await _move(request, lambda tx, i: walk.reopen(tx, i, key, words), "open again")


async def _waive(request: Request, key: str, words: str = "") -> Answer:
    return await _move(
        request, lambda tx, i: walk.waive_preconditions(tx, i, key, words), "free to go ahead"
    )


async def _ask(request: Request, key: str, words: str = "") -> Answer:
    env = request.house.env

    def look(session: Session, incident: Incident) -> tuple[Step, bool]:
        row = steps.find(session, incident.number, key)
        live = row.state in steps.LIVE
        return row, live and freeze.unanswered(session, env, incident, row.rung)

    row, unanswered = await request.read_incident(look)
    if unanswered:
        return question(row)
    request.open(step_forms.ask_form(row, steps.plan_of(row), request.channel, words))
    return None


async def _move(request: Request, verb: Callable[[Tx, Incident], Step], became: str) -> Answer:
    return await request.change_incident(
        verb, lambda row: only_you(f"{kit.esc(steps.describe(row))} is {became}.")
    )


async def _reason_form(
    request: Request, key: str, callback: str, title: str, question: str
) -> Answer:
    def look(session: Session, incident: Incident) -> Step:
        row = steps.find(session, incident.number, key)
        walk.movable(incident, row)
        return row

    row = await request.read_incident(look)
    request.open(step_forms.reason_form(row, callback, title, question, request.channel))
    return None


Move = Callable[[Request, str, str], Awaitable[Answer]]
_MOVES: dict[str, Move] = {
    "done": _done, "finish": _done, "skip": _skip, "drop": _skip, "block": _block,
    "blocked": _block, "take": _take, "give": _take, "assign": _take, "reopen": _reopen,
    "undo": _reopen, "unblock": _reopen, "waive": _waive, "ask": _ask, "approve": _ask,
}  # fmt: skip


def _click(move: Move) -> Callable[[Request], Awaitable[Answer]]:
    """A button's handler: its step is in the value."""

    async def clicked(request: Request) -> Answer:
        return await move(request, str(request.packed.get("k", "")), "")

    return clicked


# --- the card and messages ------------------------------------------------------------------------


def _told(head: str) -> Callable[[Session, Incident | None, dict[str, Any]], Message]:
    """A private message about some steps, each with its button."""

    def wording(session: Session, incident: Incident | None, params: dict[str, Any]) -> Message:
        assert incident is not None
        keys = params["keys"] if "keys" in params else [params["step"]]
        rows = [steps.find(session, incident.number, key) for key in keys]
        text = head.format(ref=ref(incident.number), by=kit.person(params.get("by")))
        blocks = [kit.section(f"{mark(incident)}{text}")]
        for row in rows[:SHOWN]:
            due = f" · due {kit.when(row.due_at)}" if row.due_at else ""
            blocks += [
                kit.section(f"*{row.number} {kit.esc(row.title)}*{due}"),
                buttons(session, row),
            ]
        if len(rows) > SHOWN:
            blocks.append(kit.context(f"{len(rows) - SHOWN} more: `/incident next`"))
        return Message(mark(incident) + text, blocks)

    return wording


def blocked_wording(session: Session, incident: Incident | None, params: dict[str, Any]) -> Message:
    """Said in the channel: a step cannot go on."""
    assert incident is not None
    row = steps.find(session, incident.number, params["step"])
    why = kit.esc(row.reason) if row.state == "blocked" else "no longer blocked"
    return simple(incident, f":no_entry: Blocked: *{row.number} {kit.esc(row.title)}*. {why}")


def changed_wording(session: Session, incident: Incident | None, params: dict[str, Any]) -> Message:
    """Said in the channel: the playbook followed a new severity or new facts."""
    assert incident is not None
    parts = []
    if params["added"]:
        numbers = ", ".join(str(number) for number in params["added"][:12])
        more = " …" if len(params["added"]) > 12 else ""
        parts.append(f"{count(len(params['added']), 'step')} added ({numbers}{more})")
    if params["gone"]:
        parts.append(f"{count(params['gone'], 'step')} no longer required")
    return simple(
        incident, f"The playbook changed: {', '.join(parts)}. `/incident next` shows what is yours."
    )


def informed_wording(
    session: Session, incident: Incident | None, params: dict[str, Any]
) -> Message:
    """Told to those who want to know of a step."""
    assert incident is not None
    row = steps.find(session, incident.number, params["step"])
    who = kit.person(row.changed_by)
    return simple(
        incident, f"{ref(incident.number)}: {who} did *{row.number} {kit.esc(row.title)}*."
    )


SURFACE = Surface(
    verbs={"next": next_verb, "step": step_verb},
    actions={
        "next_steps": next_verb, "step_list": list_steps, "step_done": _click(_done),
        "step_skip": _click(_skip), "step_block": _click(_block), "step_take": _click(_take),
        "step_reopen": _click(_reopen), "step_ask": _click(_ask),
    },
    views=step_forms.VIEWS,
    wordings={
        "steps_overdue": _told(":warning: {ref}: this is overdue and waits for you."),
        "steps_late": _told(":warning: {ref}: still not done ten minutes after the reminder. You decide who does it."),
        "step_given": _told("{ref}: {by} gave you a step."),
        "look_again": _told("{ref}: this containment was meant for a time that is over. Keep it or undo it, and record which."),
        "step_blocked": blocked_wording, "step_informed": informed_wording,
        "playbook_changed": changed_wording,
    },
)  # fmt: skip
