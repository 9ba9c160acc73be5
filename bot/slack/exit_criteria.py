"""Exit criteria in Slack: the list, and what becomes of one: it holds, is waived, is open again."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from sqlmodel import Session

from bot.incident.names import ref
from bot.incident.queries import holder_of
from bot.playbook import criteria
from bot.record.batch import Env
from bot.record.tx import Tx
from bot.slack import kit
from bot.slack.request import Answer, Handler, Request, only_you
from bot.slack.router import Surface
from bot.slack.typed import numbered
from bot.slack.wording import mark
from db.tables import ExitCriterion, Incident


async def exit_verb(request: Request) -> Answer:
    """``/incident exit``: the criteria; ``exit met 2 EVIDENCE``, ``exit waive 2 because WHY``."""
    word, _, rest = request.text.partition(" ")
    move = _EXIT_MOVES.get(word.lower())
    if move is None:
        return await _exit_list(request)
    which, words = numbered(rest)
    row = await request.read_incident(
        lambda session, incident: criteria.search(session, incident.number, which)
    )
    return await move(request, row.key, words)


async def _exit_list(request: Request) -> Answer:
    env = request.house.env

    def look(session: Session, incident: Incident) -> Answer:
        return only_you(
            f"Exit criteria of {ref(incident.number)}", exit_blocks(session, incident, env)
        )

    return await request.read_incident(look)


def exit_blocks(session: Session, incident: Incident, env: Env) -> list[kit.Block]:
    """Every criterion with its state, how it is judged and by whom, and its buttons."""
    rows = criteria.of_incident(session, incident.number)
    settled, total = criteria.progress(session, incident.number)
    blocks = [
        kit.section(
            f"{mark(incident)}*Exit criteria of {ref(incident.number)}*: {settled} of {total}"
        )
    ]
    for at, row in enumerate(rows[:20], 1):
        blocks += [kit.section(_criterion(session, at, row, env)), _criterion_buttons(row)]
    return blocks[: kit.MESSAGE_BLOCKS_MAX]


def _criterion(session: Session, at: int, row: ExitCriterion, env: Env) -> str:
    plan = criteria.plan_of(row)
    lines = [f"*{at} {kit.esc(row.title)}* · {row.state}", kit.esc(plan.how)]
    gate = criteria.gate(plan)
    if gate:
        lines.append(f"_Measure:_ {kit.esc(gate)}")
    if row.state in ("met", "waived"):
        lines.append(f"_{kit.person(row.changed_by)}:_ {kit.esc(kit.clip(row.evidence, 600))}")
    else:
        role = criteria.approver_of(session, row.incident, row, env.content.commander.id)
        named = env.content.roles.get(plan.approver)
        title = named.title if named is not None else plan.approver
        who = kit.person(holder_of(session, row.incident, role))
        by = f"{title} ({who})"
        if role != plan.approver:
            by = f"{title}: nobody yet; {who} stands in as commander"
        lines.append(f"_Confirmed by:_ {by}")
    return "\n".join(lines)


def _criterion_buttons(row: ExitCriterion) -> kit.Block:
    value = kit.pack(i=row.incident, k=row.key)
    if row.state == "open":
        return kit.actions(
            kit.button("It holds", "exit_met", value, style="primary"),
            kit.button("Waive", "exit_waive", value),
        )
    return kit.actions(kit.button("Open again", "exit_reopen", value))


def _exit_move(
    verb: Callable[[Tx, Incident, str, str], ExitCriterion], callback: str, field: str, title: str,
    question: str, became: str,
) -> tuple[Callable[[Request, str, str], Awaitable[Answer]], Handler]:  # fmt: skip
    """A move of a criterion: by text, by button (which asks in a form), and the form's answer."""

    async def move(request: Request, key: str, words: str) -> Answer:
        if words:
            return await change(request, key, words)
        row = await request.read_incident(
            lambda session, incident: criteria.find(session, incident.number, key)
        )
        gate = criteria.gate(criteria.plan_of(row))
        text = f"*{kit.esc(row.title)}*\n{kit.esc(row.plan['how'])}" + (
            f"\n_Measure:_ {kit.esc(gate)}" if gate else ""
        )
        blocks = [
            kit.section(text),
            kit.ask(field, question, kit.text_input(field, multiline=True)),
        ]
        meta = kit.pack(i=row.incident, c=request.channel, k=key)
        request.open(kit.modal(callback, title, blocks, meta=meta))
        return None

    async def submitted(request: Request) -> Answer:
        return await change(request, str(request.packed.get("k", "")), request.values.text(field))

    async def change(request: Request, key: str, words: str) -> Answer:
        return await request.change_incident(
            lambda tx, incident: verb(tx, incident, key, words),
            lambda row: only_you(f"«{kit.esc(row.title)}» {became}."),
        )

    return move, submitted


_met, met_submit = _exit_move(
    criteria.met, "exit_met_submit", "evidence", "It holds", "How do we know?", "holds"
)
_waive, waive_submit = _exit_move(
    criteria.waive, "exit_waive_submit", "reason", "Waive", "Why is it not needed?", "is waived"
)
_reopen, reopen_submit = _exit_move(
    criteria.reopen, "exit_reopen_submit", "reason", "Open again", "Why does it no longer hold?",
    "is open again",
)  # fmt: skip
_EXIT_MOVES = {
    "met": _met, "holds": _met, "confirm": _met, "waive": _waive, "reopen": _reopen, "undo": _reopen,
}  # fmt: skip


def _click(move: Callable[[Request, str, str], Awaitable[Answer]]) -> Handler:
    async def clicked(request: Request) -> Answer:
        return await move(request, str(request.packed.get("k", "")), "")

    return clicked


def card_lines(session: Session, incident: Incident, env: Env) -> list[kit.Block]:
    """For the card: how many exit criteria are settled."""
    settled, total = criteria.progress(session, incident.number)
    return [kit.context(f"Exit criteria: {settled} of {total}. `/incident exit`")] if total else []


SURFACE = Surface(
    verbs={"exit": exit_verb},
    actions={
        "exit_list": _exit_list,
        "exit_met": _click(_met),
        "exit_waive": _click(_waive),
        "exit_reopen": _click(_reopen),
    },
    views={
        "exit_met_submit": met_submit,
        "exit_waive_submit": waive_submit,
        "exit_reopen_submit": reopen_submit,
    },
)
