"""How one step looks in Slack: what to do, by when, what to keep, and its buttons."""

from __future__ import annotations

from datetime import datetime

from sqlmodel import Session

from bot.playbook import approvals, step_approval, steps, walk
from bot.record.batch import Env
from bot.slack import kit
from bot.slack.freeze import asks_for_freeze
from db.tables import Step


def count(number: int, word: str) -> str:
    """``1 step``, ``3 steps``."""
    return f"{number} {word}{'' if number == 1 else 's'}"


def step_blocks(session: Session, row: Step, now: datetime, env: Env) -> list[kit.Block]:
    """One step in full: what to do, by when, what to keep, and its buttons."""
    plan = steps.plan_of(row)
    lines = [f"*{row.number} {kit.esc(row.title)}*{due_words(row, now)}"]
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
    return [kit.section("\n".join(lines)), buttons(session, row)]


def due_words(row: Step, now: datetime) -> str:
    """By when, or since when it is overdue; nothing for a step that is settled."""
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


def buttons(session: Session, row: Step) -> kit.Block:
    """The buttons of a step as it stands."""
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
