"""The forms of steps: what a step asks for when it is done, reasons, and asking for approval."""

from __future__ import annotations

from bot.incident.names import ref
from bot.playbook import step_approval, steps, walk
from bot.playbook.asked import may_answer
from bot.playbook.load import Content
from bot.playbook.plan import StepPlan
from bot.record.tx import Tx, roles_held
from bot.slack import kit
from bot.slack.approvals import request_blocks
from bot.slack.request import Answer, Handler, Request, only_you
from db.tables import Incident, Step

_FORM_HINTS = {
    "link": "A link: https://…", "sha256": "64 characters; `sha256sum FILE` prints it.",
    "number": "A number or a range.", "file": "Where the file is kept: a link or a path.",
}  # fmt: skip


def done_form(
    row: Step, plan: StepPlan, content: Content, channel: str | None, comment: str = ""
) -> kit.Element:
    """Asks for exactly what the step needs: its answer, its evidence."""
    blocks = [_head(row)]
    if plan.options:
        blocks += _expected(plan)
        options = [kit.option(option.label, option.id) for option in plan.options]
        blocks.append(kit.ask("outcome", "The answer", kit.radio("outcome", options, row.outcome)))
    for wanted in walk.evidence_wanted(content, plan):
        blocks.append(_evidence(row, wanted))
    blocks.append(
        kit.ask(
            "comment", "Anything to add", optional=True,
            element=kit.text_input("comment", multiline=True, initial=comment),
        )
    )  # fmt: skip
    return kit.modal(
        "step_done_submit",
        f"Step {row.number} done",
        blocks,
        submit="Done",
        meta=_meta(row, channel),
    )


def _expected(plan: StepPlan) -> list[kit.Block]:
    """What each answer of a decision is expected to reduce and to cost, where content says it."""
    lines = [
        f"*{kit.esc(one.label)}*\nReduces: {kit.esc(one.harm_reduction or 'not known')} "
        f"Costs: {kit.esc(one.side_effects or 'not known')}"
        for one in plan.options
        if one.harm_reduction or one.side_effects
    ]
    return [kit.section("\n".join(lines))] if lines else []


def _evidence(row: Step, wanted: walk.Wanted) -> kit.Block:
    kind = wanted.kind
    block_id = f"e.{kind.id}"
    hint = " ".join(part for part in (kind.keep, _FORM_HINTS.get(kind.form, "")) if part)
    if kind.sealed:
        hint += " Hash and place only, never the content."
    element = kit.text_input(
        block_id, multiline=kind.form == "text", initial=str(row.evidence.get(kind.id, ""))
    )
    return kit.ask(block_id, kind.title, element, optional=not wanted.must, hint=hint)


def reason_form(
    row: Step, callback: str, title: str, question: str, channel: str | None
) -> kit.Element:
    """Asks for one sentence."""
    ask = kit.ask("reason", question, kit.text_input("reason", multiline=True))
    return kit.modal(callback, title, [_head(row), ask], meta=_meta(row, channel))


def ask_form(row: Step, plan: StepPlan, channel: str | None, what: str = "") -> kit.Element:
    """Asks what exactly will be done and why; approvers are shown both, with effect and way back."""
    blocks = [_head(row)]
    if plan.effect is not None:
        blocks.append(
            kit.section(
                f"*Effect* {kit.esc(plan.effect.expected)}\n"
                f"*Side effects* {kit.esc(plan.effect.side_effects)}\n"
                f"*Way back* {kit.esc(plan.effect.rollback)}"
            )
        )
    blocks += [
        kit.ask(
            "what", "What exactly will you do?", kit.text_input("what", multiline=True, initial=what),
            hint="Which version, region, tool, key. The yes counts for exactly this.",
        ),
        kit.ask(
            "why", "Why this, why now?", kit.text_input("why", multiline=True), optional=True
        ),
    ]  # fmt: skip
    return kit.modal(
        "step_ask_submit", "Ask for approval", blocks, submit="Ask", meta=_meta(row, channel)
    )


def _head(row: Step) -> kit.Block:
    how = "\n".join(f"• {kit.esc(line)}" for line in row.plan["how"])
    return kit.section(f"{ref(row.incident)} *{row.number} {kit.esc(row.title)}*\n{how}")


def _meta(row: Step, channel: str | None) -> str:
    return kit.pack(i=row.incident, c=channel, k=row.key)


def finish(
    tx: Tx,
    incident: Incident,
    key: str,
    *,
    outcome: str | None = None,
    evidence: dict[str, str] | None = None,
    comment: str = "",
) -> str:
    """Mark it done; answers with what comes next for this person."""
    row = walk.done(tx, incident, key, outcome=outcome, evidence=evidence, comment=comment)
    mine = steps.ahead(steps.steps_in(tx.session, incident.number, tx.by.id), incident).now
    then = f"Next for you: *{mine[0].number} {kit.esc(mine[0].title)}*." if mine else (
        "Nothing else waits for you."
    )  # fmt: skip
    return f"{kit.esc(steps.describe(row))} is done. {then}"


async def done_submit(request: Request) -> Answer:
    """The form of a finished step was sent."""
    values, key = request.values, str(request.packed.get("k", ""))

    def verb(tx: Tx, incident: Incident) -> str:
        plan = steps.plan_of(steps.find(tx.session, incident.number, key))
        wanted = walk.evidence_wanted(tx.env.content, plan)
        given = {each.kind.id: values.text(f"e.{each.kind.id}") for each in wanted}
        return finish(
            tx, incident, key, outcome=values.choice("outcome"), evidence=given,
            comment=values.text("comment"),
        )  # fmt: skip

    return await request.change_incident(verb, only_you)


async def skip_submit(request: Request) -> Answer:
    """The reason why a step is not needed."""
    key, reason = str(request.packed.get("k", "")), request.values.text("reason")
    return await request.change_incident(
        lambda tx, incident: walk.not_needed(tx, incident, key, reason),
        lambda row: only_you(f"{kit.esc(steps.describe(row))} is left out."),
    )


async def block_submit(request: Request) -> Answer:
    """What holds a step up."""
    key, reason = str(request.packed.get("k", "")), request.values.text("reason")
    return await request.change_incident(
        lambda tx, incident: walk.block(tx, incident, key, reason),
        lambda row: only_you(f"{kit.esc(steps.describe(row))} is blocked; the channel is told."),
    )


async def ask_submit(request: Request) -> Answer:
    """A request for approval was written."""
    key, values = str(request.packed.get("k", "")), request.values

    def verb(tx: Tx, incident: Incident) -> Answer:
        row = step_approval.ask_for_step(
            tx, incident, key, what=values.text("what"), why=values.text("why")
        )
        text = f"Asked: approval {row.number}. The people named for it are told."
        held = roles_held(tx.session, incident.number, tx.by.id)
        if not may_answer(row, tx.by.id, held):
            return only_you(text)
        # Only under the emergency rule: whoever asks may also say yes, and says it in so many words.
        text = "The emergency rule counts: you may approve it yourself. It is confirmed afterwards."
        return only_you(text, [kit.section(text), *request_blocks(row)])

    return await request.change_incident(verb, lambda answer: answer)


VIEWS: dict[str, Handler] = {
    "step_done_submit": done_submit,
    "step_skip_submit": skip_submit,
    "step_block_submit": block_submit,
    "step_ask_submit": ask_submit,
}
