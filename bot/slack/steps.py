"""Steps: what is mine to do, the whole list, and one button or one line to move a step."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Any

from sqlmodel import Session

from bot.errors import BadInput
from bot.incident.names import ref
from bot.playbook import approvals, step_approval, steps, walk
from bot.record import freeze
from bot.record.tx import Env, Tx
from bot.slack import kit, step_forms
from bot.slack.freeze import asks_for_freeze, question
from bot.slack.request import Answer, Request, only_you
from bot.slack.router import Surface
from bot.slack.wording import Message, mark, simple
from db.tables import Incident, Step

SHOWN = 6
ON_CARD = 5
HOME = 8
PHASES = (
    "detect", "triage", "preserve", "contain", "eradicate", "recover", "communicate", "learn",
)  # fmt: skip
_MARKS = {
    "open": "○", "done": "✓", "not_needed": "–", "blocked": "✗", "not_required": "·",
}  # fmt: skip


# --- mine -----------------------------------------------------------------------------------------


async def next_verb(request: Request) -> Answer:
    """``/incident next``: this person's steps in this incident, most urgent first."""
    now, env = request.house.clock.now(), request.house.env

    def look(session: Session, incident: Incident) -> Answer:
        mine = steps.steps_in(session, incident.number, request.user)
        return only_you(
            f"Your steps in {ref(incident.number)}", mine_blocks(session, incident, mine, now, env)
        )

    return await request.read_incident(look)


def mine_blocks(
    session: Session, incident: Incident, mine: list[Step], now: datetime, env: Env
) -> list[kit.Block]:
    """The steps that somebody has to do, with their buttons."""
    name = f"{mark(incident)}*{ref(incident.number)}*"
    if not mine:
        return [
            kit.section(f"{name}: nothing waits for you."),
            kit.context("All steps: `/incident step`. Take a role: `/incident role`."),
        ]
    due = [row for row in mine if not steps.offered(row)]
    offers = [row for row in mine if steps.offered(row)]
    blocks = [kit.section(f"{name}: {_count(len(due), 'step')} for you.")]
    for row in due[:SHOWN]:
        blocks += step_blocks(session, row, now, env)
    if offers:
        lines = "\n".join(f"• {row.number} {kit.esc(row.title)}" for row in offers[:10])
        blocks.append(kit.section(f"*On offer, if it is needed*\n{lines}"))
    more = f"{len(due) - SHOWN} more after these. " if len(due) > SHOWN else ""
    blocks.append(
        kit.context(f"{more}All steps: `/incident step`. One of them: `/incident step 7`.")
    )
    return blocks


def step_blocks(session: Session, row: Step, now: datetime, env: Env) -> list[kit.Block]:
    """One step in full: what to do, by when, what to keep, and its buttons."""
    plan = steps.plan_of(row)
    lines = [f"*{row.number} {kit.esc(row.title)}*{_due(row, now)}"]
    lines += [f"• {kit.esc(line)}" for line in plan.how]
    wanted = walk.evidence_wanted(env.content, plan)
    if wanted:
        names = ", ".join(
            each.kind.title + ("" if each.must else " (if possible)") for each in wanted
        )
        lines.append(f"_Keep:_ {kit.esc(names)}")
    before = steps.unmet(session, row)
    if before:
        names = ", ".join(f"{one.number} {kit.esc(one.title)}" for one in before)
        lines.append(f"_First:_ {names}")
    if row.state == "blocked":
        lines.append(f"_Blocked:_ {kit.esc(row.reason)}")
    if plan.depends_on:
        lines.append("_Goes away when it turns out not to apply._")
    lines += _approval_line(session, row)
    return [kit.section("\n".join(lines)), _buttons(session, row)]


def _due(row: Step, now: datetime) -> str:
    if row.due_at is None or row.state not in steps.LIVE:
        return ""
    late = row.due_at <= now
    return f" · :warning: *overdue* since {kit.when(row.due_at)}" if late else (
        f" · due {kit.when(row.due_at)}"
    )  # fmt: skip


def _approval_line(session: Session, row: Step) -> list[str]:
    if step_approval.asked_of(steps.plan_of(row)) is None:
        return []
    found = approvals.latest(session, row.incident, "step", row.key)
    if step_approval.approved(session, row) is not None and found is not None:
        return [f"_Approved:_ {kit.esc(found.details.get('what', ''))}"]
    if found is not None and found.state == "waiting":
        return [f"_Approval {found.number} is awaited._"]
    if found is not None and found.state == "refused":
        return [f"_Refused:_ {kit.esc(found.comment)}"]
    return ["_Needs approval before it is carried out._"]


def _buttons(session: Session, row: Step) -> kit.Block:
    value = kit.pack(i=row.incident, k=row.key)

    def button(text: str, name: str, style: kit.Style = None) -> kit.Element:
        return kit.button(text, f"{name}:{row.number}", value, style=style)

    if row.state not in steps.LIVE:
        return kit.actions(button("Open again", "step_reopen"))
    waits = step_approval.asked_of(steps.plan_of(row)) is not None and (
        step_approval.approved(session, row) is None
    )
    first = (
        button("Ask for approval", "step_ask", "primary")
        if waits
        else button("Freeze", "freeze_form", "primary")
        if asks_for_freeze(row)
        else button("Done", "step_done", "primary")
    )
    return kit.actions(
        first,
        button("Not needed", "step_skip"),
        button("Blocked", "step_block")
        if row.state == "open"
        else button("Unblock", "step_reopen"),
        button("Take it", "step_take"),
    )


# --- the list -------------------------------------------------------------------------------------


async def list_steps(request: Request) -> Answer:
    """Every step by phase, with its state, owner and time."""

    def look(session: Session, incident: Incident) -> Answer:
        return only_you(f"Steps of {ref(incident.number)}", list_blocks(session, incident))

    return await request.read_incident(look)


def list_blocks(session: Session, incident: Incident) -> list[kit.Block]:
    """The playbook of an incident as a list."""
    rows = steps.of_incident(session, incident.number)
    held = steps.holders(session, incident.number)
    blocks = [kit.section(f"{mark(incident)}*Playbook of {ref(incident.number)}*")]
    if not rows:
        blocks.append(kit.section("It is being put together. Try again in a moment."))
    for phase in PHASES:
        lines = [
            _line(row, held) for row in rows if row.phase == phase and row.state != "not_required"
        ]
        if lines:
            blocks += _sections(f"*{phase.capitalize()}*", lines)
    blocks.append(
        kit.context(
            "○ open  ✓ done  ✗ blocked  – not needed  (o) on offer",
            "`/incident step done 7`, `step skip 7 because …`, `step block 7 because …`, `step take 7`",
        )
    )
    return blocks[: kit.MESSAGE_BLOCKS_MAX]


def _line(row: Step, held: dict[str, str]) -> str:
    who = row.owner or held.get(row.role)
    owner = kit.person(who) if who else f"{row.role.replace('_', ' ')}: nobody"
    due = f", due {kit.when(row.due_at)}" if row.due_at and row.state in steps.LIVE else ""
    late = " :warning:" if row.overdue and row.state in steps.LIVE else ""
    offer = " (o)" if steps.offered(row) else ""
    return f"{_MARKS[row.state]} {row.number} {kit.esc(row.title)}{offer} — {owner}{due}{late}"


def _sections(head: str, lines: list[str]) -> list[kit.Block]:
    """Lines in as many paragraphs as Slack's limit makes necessary."""
    blocks, text = [], head
    for line in lines:
        if len(text) + len(line) > kit.TEXT_MAX - 10:
            blocks.append(kit.section(text))
            text = ""
        text += f"\n{line}"
    return [*blocks, kit.section(text.strip())]


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
    numbered = re.match(r"#?(\d+)\b[\s:,]*(.*)", rest.strip(), re.DOTALL)
    which, words = numbered.groups() if numbered else (rest, "")
    words = kit.unescape(words).strip().removeprefix("because ").strip()
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
        ready = row.state in steps.LIVE and not steps.unmet(session, row)
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
    row = await request.read_incident(
        lambda session, incident: steps.find(session, incident.number, key)
    )
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


def card_lines(session: Session, incident: Incident, env: Env) -> list[kit.Block]:
    """For the card: the next steps with owner and time, and how many are overdue."""
    rows = [row for row in steps.of_incident(session, incident.number) if row.state in steps.LIVE]
    late = sum(row.overdue for row in rows)
    shown = steps.next_steps(session, incident.number, ON_CARD)
    if not shown:
        return []
    held = steps.holders(session, incident.number)
    head = "*Next steps*" + (f" · :warning: {late} overdue" if late else "")
    lines = [_line(row, held) for row in shown]
    left = len([row for row in rows if not steps.offered(row)]) - len(shown)
    if left > 0:
        lines.append(f"… and {left} more: `/incident step`")
    return _sections(head, lines)


def home_lines(session: Session, person: str, env: Env) -> list[kit.Block]:
    """For App Home: this person's most urgent steps in all open incidents, with their buttons."""
    blocks = []
    for row in steps.steps_of(session, person, HOME):
        late = " · :warning: overdue" if row.overdue else ""
        due = f" · due {kit.when(row.due_at)}" if row.due_at else ""
        text = f"*{ref(row.incident)} · {row.number} {kit.esc(row.title)}*{due}{late}"
        blocks += [kit.section(text), _buttons(session, row)]
    return blocks


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
                _buttons(session, row),
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
        parts.append(f"{_count(len(params['added']), 'step')} added ({numbers}{more})")
    if params["gone"]:
        parts.append(f"{_count(params['gone'], 'step')} no longer required")
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


def _count(number: int, word: str) -> str:
    return f"{number} {word}{'' if number == 1 else 's'}"


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
        "steps_late": _told(":warning: {ref}: still not done, and its owner was told. You decide who does it."),
        "step_given": _told("{ref}: {by} gave you a step."),
        "look_again": _told("{ref}: this containment was meant for a time that is over. Keep it or undo it, and record which."),
        "step_blocked": blocked_wording, "step_informed": informed_wording,
        "playbook_changed": changed_wording,
    },
)  # fmt: skip
