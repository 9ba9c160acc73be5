"""Action items as others see them: one item in words, its buttons, messages, lines of card and home."""

from __future__ import annotations

from typing import Any

from sqlmodel import Session

from bot.action import queries
from bot.action.words import remarks
from bot.incident.names import ref
from bot.record.batch import Env
from bot.slack import kit
from bot.slack.router import Wording
from bot.slack.wording import Message, mark, simple
from db.tables import ActionItem, Incident

Params = dict[str, Any]
_STATES = {
    "open": ":white_circle: open",
    "done": ":large_blue_circle: done, the proof waits for acceptance",
    "proven": ":white_check_mark: proven",
    "dropped": ":heavy_minus_sign: dropped",
}


def line(row: ActionItem) -> str:
    """One item in words: what, whose, until when, how it stands."""
    late = ":alarm_clock: *overdue* · " if row.overdue else ""
    parts = [
        f"{kit.esc(kit.clip(row.text, 500))}",
        f"{late}{row.kind} · {kit.person(row.owner)} · due {kit.when(row.due_at)} · "
        f"{_STATES[row.state]}",
    ]
    parts += [f"{label}: {kit.esc(kit.clip(text, 500))}" for label, text in remarks(row)]
    return "\n".join(parts)


def button(text: str, action: str, row: ActionItem, style: kit.Style = None) -> kit.Element:
    """A button about one item."""
    packed = kit.pack(i=row.incident, a=row.number)
    return kit.button(text, f"{action}:{row.incident}.{row.number}", packed, style=style)


def item_buttons(row: ActionItem) -> kit.Block:
    """What can be done with the item now."""
    if row.state == "open":
        return kit.actions(
            button("Done", "action_done", row, "primary"),
            button("Change", "action_change", row),
            button("Drop", "action_drop", row),
        )
    if row.state == "done":
        return kit.actions(
            button("Accept the proof", "action_accept", row, "primary"),
            button("It does not hold", "action_reopen", row),
        )
    return kit.actions(button("Reopen", "action_reopen", row))


_GIVEN = "{who} gave you action item *{n}* of *{ref}*."
_SOON = "Action item *{n}* of *{ref}* is due in two days."
_DUE = "Action item *{n}* of *{ref}* is due now."
_LATE = "Action item *{n}* of *{ref}* is overdue."
_PROOF = "The proof of action item *{n}* of *{ref}* waits for acceptance."
#: Messages that ask for something, and the states in which they still do.
_ASKS = {_GIVEN: ("open",), _SOON: ("open",), _DUE: ("open",), _LATE: ("open",), _PROOF: ("done",)}


def _told(headline: str, buttons: bool = True) -> Wording:
    """A private message about one item."""

    def word(session: Session, incident: Incident | None, params: Params) -> Message:
        assert incident is not None
        row = queries.get(session, incident.number, params["a"])
        if headline in _ASKS and row.state not in _ASKS[headline]:
            # Asked before, settled since: what became of it, with what can still be done.
            name = f"Action item *{row.number}* of *{ref(incident.number)}* is {row.state} by now."
            return Message(
                name.replace("*", ""), [kit.section(f"{mark(incident)}{name}\n{line(row)}")]
            )
        by = kit.person(params.get("by"))
        head = headline.format(who=by, ref=ref(incident.number), n=row.number, kind=row.kind)
        text = f"{mark(incident)}{head}\n{line(row)}"
        rest = [item_buttons(row)] if buttons else []
        return Message(head.replace("*", ""), [kit.section(text), *rest])

    return word


def _done_said(session: Session, incident: Incident | None, params: Params) -> Message:
    assert incident is not None
    row = queries.get(session, incident.number, params["a"])
    text = f"Action item {row.number} is done; the proof has to be accepted.\n{line(row)}"
    message = simple(incident, text, f"Action item {row.number} of {ref(incident.number)} is done")
    return Message(message.text, [*message.blocks, item_buttons(row)])


def card_lines(session: Session, incident: Incident, env: Env) -> list[kit.Block]:
    """Once resolved: how many items are left, and those that are overdue."""
    if incident.status not in ("resolved", "closed"):
        return []
    count = queries.counts(session, incident.number)
    if not count:
        return [kit.context("No action item yet: what keeps this from happening again?")]
    parts = [
        f"{count[name]} {name}" for name in ("open", "done", "proven", "dropped") if name in count
    ]
    blocks = [kit.section(f"*Action items* · {' · '.join(parts)}")]
    for row in queries.overdue(session, 5, incident=incident.number):
        text = kit.esc(kit.clip(row.text, 120))
        blocks.append(
            kit.context(f":alarm_clock: `{row.number}` {text} · {kit.person(row.owner)} · overdue")
        )
    return blocks


def home_lines(session: Session, person: str, env: Env) -> list[kit.Block]:
    """App Home: what the person still has to do."""
    blocks: list[kit.Block] = []
    for row in queries.mine(session, person, 10):
        text = f"*{ref(row.incident)}* `{row.number}` {line(row)}"
        blocks.append(kit.section(text, accessory=button("Done", "action_done", row)))
    return blocks


WORDINGS: dict[str, Wording] = {
    "action_given": _told(_GIVEN),
    "action_soon": _told(_SOON),
    "action_due": _told(_DUE),
    "action_late": _told(_LATE),
    "action_proof": _told(_PROOF),
    "action_reopened": _told("{who} reopened your action item *{n}* of *{ref}*."),
    "action_dropped": _told("{who} dropped your action item *{n}* of *{ref}*.", buttons=False),
    "action_done": _done_said,
}
