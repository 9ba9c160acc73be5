"""Internal updates: /incident update, the form, the reminders, and the line on the card."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlmodel import Session, col

from bot.comms import cadence
from bot.incident.names import ref
from bot.record.batch import Env
from bot.record.catalogue import UpdateDue, UpdateMissed, UpdatePosted
from bot.record.tx import Tx
from bot.slack import kit
from bot.slack.request import Answer, Request, only_you
from bot.slack.router import Surface
from bot.slack.wording import Message, mark
from bot.timing import from_rfc3339
from db.tables import EntryRow, Incident

Params = dict[str, Any]


async def update_verb(request: Request) -> Answer:
    """``/incident update TEXT`` posts at once; without a text, the form."""
    if not request.text:
        return await update_form(request)
    text = kit.unescape(request.text)
    return await request.change_incident(
        lambda tx, incident: cadence.post_update(tx, incident, text), only_you
    )


async def update_form(request: Request) -> Answer:
    """What we know, what we do not, when the next one comes."""
    content, now = request.house.env.content, request.house.clock.now()

    def look(session: Session, incident: Incident) -> kit.Element:
        proposed = now + cadence.cadence_of(content, incident)
        return form(incident, request.channel, proposed)

    request.open(await request.read_incident(look))
    return None


def form(incident: Incident, channel: str | None, proposed: datetime) -> kit.Element:
    """The form; the time follows the severity and can be made earlier."""
    open_now = incident.status in cadence.OPEN
    blocks = [
        kit.ask(
            "text", "What do we know?",
            kit.text_input("text", multiline=True, most=cadence.UPDATE_MAX),
            hint="Effect on people, what is contained, what is being done.",
        ),
        kit.ask(
            "unknown", "What do we not know yet?",
            kit.text_input("unknown", multiline=True, most=cadence.UPDATE_MAX), optional=True,
        ),
    ]  # fmt: skip
    if open_now:
        picker = kit.datetime_picker("next_at", proposed)
        blocks.append(kit.ask("next_at", "When is the next update?", picker))
    if incident.last_update and incident.last_update_at:
        last = f"Last update, {kit.when(incident.last_update_at)}: {kit.esc(kit.clip(incident.last_update, 800))}"
        blocks.insert(0, kit.context(last))
    meta = kit.pack(i=incident.number, c=channel)
    title = f"Update on {ref(incident.number)}"
    return kit.modal("update_submit", title, blocks, submit="Post", meta=meta)


async def update_submit(request: Request) -> Answer:
    """The form was sent."""
    values = request.values

    def verb(tx: Tx, incident: Incident) -> str:
        return cadence.post_update(
            tx, incident, values.text("text"), unknown=values.text("unknown"),
            next_at=values.moment("next_at"),
        )  # fmt: skip

    return await request.change_incident(verb, only_you)


# --- what people see --------------------------------------------------------------------------


def update_said(session: Session, incident: Incident | None, params: Params) -> Message:
    """The update in the channel."""
    parts = [
        f"{mark(incident)}*Update* by {kit.person(params['by'])}",
        kit.names_only(params["text"]),
    ]
    if params.get("unknown"):
        parts.append(f"*Not known yet*\n{kit.names_only(params['unknown'])}")
    blocks = [kit.section(kit.clip(part, kit.TEXT_MAX)) for part in parts]
    if params.get("next_at"):
        blocks.append(kit.context(f"Next update {kit.when(from_rfc3339(params['next_at']))}"))
    return Message(f"{mark(incident)}New update", blocks)


def overdue_said(session: Session, incident: Incident | None, params: Params) -> Message:
    """The channel is told that an update is missing, with the button to write it."""
    assert incident is not None
    people = " ".join(map(kit.person, params["people"])) or "Commander"
    text = f"{mark(incident)}:alarm_clock: {people}: the internal update was due {kit.when(from_rfc3339(params['due']))}."
    return _with_form(incident, text, "An internal update is overdue")


def soon(session: Session, incident: Incident | None, params: Params) -> Message:
    """To those who write it: a few minutes left."""
    assert incident is not None
    text = f"{mark(incident)}The update on *{ref(incident.number)}* is due {kit.when(from_rfc3339(params['due']))}."
    return _with_form(incident, text, f"The update on {ref(incident.number)} is due soon")


def overdue_you(session: Session, incident: Incident | None, params: Params) -> Message:
    """To those who write it: it is late."""
    assert incident is not None
    text = (
        f"{mark(incident)}:alarm_clock: The update on *{ref(incident.number)}* was due "
        f"{kit.when(from_rfc3339(params['due']))}. «Nothing new» is an update too."
    )
    return _with_form(incident, text, f"The update on {ref(incident.number)} is overdue")


def _with_form(incident: Incident, text: str, notification: str) -> Message:
    write = kit.button(
        "Post an update", "update_form", kit.pack(i=incident.number), style="primary"
    )
    return Message(notification, [kit.section(text), kit.actions(write)])


def card_lines(session: Session, incident: Incident, env: Env) -> list[kit.Block]:
    """The last update, and when the next one is due or since when it is overdue."""
    out = []
    if incident.last_update and incident.last_update_at:
        shown = kit.names_only(kit.clip(incident.last_update, 600))
        out.append(kit.section(f"*Last update* {kit.when(incident.last_update_at)}\n{shown}"))
    if incident.next_update_at is not None:
        when = kit.when(incident.next_update_at)
        late = is_overdue(session, incident)
        text = (
            f":alarm_clock: *Internal update overdue* since {when}"
            if late
            else f"Next internal update {when}"
        )
        out.append(kit.context(text))
    return out


def is_overdue(session: Session, incident: Incident) -> bool:
    """Whether the record says that the update that is due now was missed."""
    kinds = (UpdateDue.kind, UpdateMissed.kind, UpdatePosted.kind)
    statement = (
        select(col(EntryRow.kind))
        .where(col(EntryRow.incident) == incident.number, col(EntryRow.kind).in_(kinds))
        .order_by(col(EntryRow.n).desc())
        .limit(1)
    )
    return session.execute(statement).scalar() == UpdateMissed.kind


SURFACE = Surface(
    verbs={"update": update_verb},
    actions={"update_form": update_form},
    views={"update_submit": update_submit},
    wordings={
        "update": update_said,
        "update_overdue": overdue_said,
        "update_soon": soon,
        "update_overdue_you": overdue_you,
    },
)
