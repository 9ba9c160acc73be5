"""Roles: who holds what, take, offer, accept, decline, instructions."""

from __future__ import annotations

import re
from functools import partial
from typing import Any

from sqlmodel import Session

from bot.errors import BadInput
from bot.incident import queries, roles
from bot.incident.names import ref
from bot.playbook.load import Content
from bot.record import catalogue as c
from bot.record.entry import Recorded
from bot.record.read import entries
from bot.record.tx import Tx
from bot.slack import kit
from bot.slack.request import Answer, Request, only_you
from bot.slack.router import Surface
from bot.slack.wording import Message, mark, simple
from db.tables import Incident

Params = dict[str, Any]


async def role_verb(request: Request) -> Answer:
    """``/incident role`` lists; ``role comms`` takes it; ``role comms @x`` offers; ``role comms release``.

    Taking command over from somebody takes a reason: ``role commander because …``.
    """
    if not request.text:
        return await role_list(request)
    said, _, why = request.text.partition(" because ")
    people = kit.mentioned(said)
    words = kit.without_mentions(said)
    if words.lower().startswith(("me ", "take ")):
        words = words.split(" ", 1)[1]
    unknown = re.search(r"(?:^|\s)(@\S+)", words)
    if unknown:  # Slack puts an id in place of every name it knows
        raise BadInput(
            f"Slack knows nobody called «{unknown.group(1)}».",
            instead="Type @ and pick the name from the list, or press *Assign a role* on the card.",
        )
    if len(people) > 1:
        raise BadInput("One person at a time.", instead="`/incident role comms @one`")
    if words.lower().endswith(" release"):
        name = words[: -len(" release")]
        return await request.change_incident(
            lambda tx, incident: roles.release(tx, incident, roles.find_role(tx, name)), only_you
        )

    def verb(tx: Tx, incident: Incident) -> str:
        role = roles.find_role(tx, words.removesuffix(" me"))
        return roles.assign(
            tx, incident, role, people[0] if people else request.user, kit.unescape(why)
        )

    return await request.change_incident(verb, only_you)


async def role_list(request: Request) -> Answer:
    """Who holds what here, and a button for the form."""
    content = request.house.env.content

    def look(session: Session, incident: Incident) -> tuple[Incident, list[str], list[str]]:
        held = {row.role: row for row in queries.roles(session, incident.number)}
        lines = []
        for role in content.roles.values():
            row = held.get(role.id)
            if row is not None:
                asked = " (asked, not accepted yet)" if row.state == "offered" else ""
                lines.append(f"*{role.title}*: {kit.person(row.holder)}{asked}")
        free = [role.title for role in content.roles.values() if role.id not in held]
        return incident, lines, free

    row, lines, free = await request.read_incident(look)
    number = row.number
    blocks = [
        kit.section(f"{mark(row)}*Roles of {ref(number)}*\n" + "\n".join(lines)),
        kit.context("Free: " + ", ".join(free)),
        kit.actions(kit.button("Assign a role", "role_form", kit.pack(i=number))),
    ]
    return only_you(f"Roles of {ref(number)}", blocks)


async def role_form(request: Request) -> Answer:
    """The form to give a role to somebody."""
    content = request.house.env.content
    number = await request.read_incident(lambda session, incident: incident.number)
    options = [kit.option(role.title, role.id, role.does) for role in content.roles.values()]
    blocks = [
        kit.ask("role", "Role", kit.select("role", options)),
        kit.ask("person", "Who", kit.user_select("person", request.user)),
        kit.ask(
            "reason", "Why", kit.text_input("reason"), optional=True,
            hint="Needed only when you take command over from somebody.",
        ),
    ]  # fmt: skip
    meta = kit.pack(i=number, c=request.channel)
    request.open(kit.modal("role_submit", "Assign a role", blocks, submit="Assign", meta=meta))
    return None


async def role_submit(request: Request) -> Answer:
    """The form was sent."""
    role, who = request.values.choice("role"), request.values.user("person")
    if not role or not who:
        raise BadInput("Choose a role and a person.", field="role" if not role else "person")
    return await request.change_incident(
        lambda tx, incident: roles.assign(tx, incident, role, who, request.values.text("reason")),
        only_you,
    )


async def role_accept(request: Request) -> Answer:
    """The button under an offer."""
    role = str(request.packed.get("r"))
    return await request.change_incident(
        lambda tx, incident: roles.accept(tx, incident, role), only_you
    )


async def role_decline(request: Request) -> Answer:
    """The other button under an offer."""
    role = str(request.packed.get("r"))
    return await request.change_incident(
        lambda tx, incident: roles.decline(tx, incident, role), only_you
    )


def _became(answer: Recorded, title: str, person: str | None) -> str:
    """What became of an offer: said in place of its buttons."""
    entry, where = answer.entry, ref(answer.incident or 0)
    if isinstance(entry, c.RoleDeclined):
        who = "You" if entry.holder == person else kit.person(entry.holder)
        return f"{where}: {who} cannot be {title}. The commander was told."
    if isinstance(entry, c.RoleReleased):
        return f"{where}: {title} is not offered any more."
    if entry.holder == person and not isinstance(entry, c.RoleOffered):
        return f":white_check_mark: You are {title} in {where}."
    verb = "was asked to be" if isinstance(entry, c.RoleOffered) else "is"
    return f"{where}: {kit.person(entry.holder)} {verb} {title} now."


def _title(content: Content, role: str) -> str:
    return content.role_titles.get(role, role)


def _offer(
    content: Content, session: Session, incident: Incident | None, params: Params
) -> Message:
    assert incident is not None
    role, by = params["role"], kit.person(params["by"])
    answer = roles.answer_to(session, incident.number, role, params["n"])
    if answer is not None:
        return simple(incident, _became(answer, _title(content, role), params.get("to")))
    text = (
        f"{by} asks you to be *{_title(content, role)}* in *{ref(incident.number)}* "
        f"{kit.esc(incident.title)} (<#{incident.channel_id}>)."
    )
    packed = kit.pack(i=incident.number, r=role)
    buttons = kit.actions(
        kit.button("Accept", "role_accept", packed, style="primary"),
        kit.button("I cannot", "role_decline", packed),
    )
    return Message(
        f"You are asked to be {_title(content, role)}",
        [kit.section(mark(incident) + text), buttons],
    )


def _instructions(
    content: Content, session: Session, incident: Incident | None, params: Params
) -> Message:
    assert incident is not None
    role = content.roles[params["role"]]
    lines = "\n".join(f"{n}. {line}" for n, line in enumerate(role.first_15, 1))
    where = f"<#{incident.channel_id}>" if incident.channel_id else ref(incident.number)
    text = f"{mark(incident)}You are *{role.title}* in {where}. {role.does}\n\n*Your first 15 minutes*\n{lines}"
    return Message(
        f"You are {role.title}",
        [kit.section(text), kit.context("`/incident next` shows your steps.")],
    )


def _declined(
    content: Content, session: Session, incident: Incident | None, params: Params
) -> Message:
    assert incident is not None
    return simple(
        incident,
        f"{kit.person(params['holder'])} cannot be {_title(content, params['role'])}. "
        f"Ask somebody else: `/incident role {params['role']} @somebody`",
    )


def _handover(
    content: Content, session: Session, incident: Incident | None, params: Params
) -> Message:
    assert incident is not None
    found = next(entries(session, incident.number, after=params.get("n", 0) - 1, limit=1), None)
    note = getattr(found.entry, "note", "") if found is not None else ""
    why = f"\n>{kit.esc(kit.clip(note, 300))}" if note else ""
    return simple(
        incident,
        f"{kit.person(params['holder'])} took over as *{_title(content, params['role'])}* "
        f"from {kit.person(params['previous'])}.{why}",
    )


def surface(content: Content) -> Surface:
    """Messages take titles and instructions from the content."""
    return Surface(
        verbs={"role": role_verb},
        actions={
            "role_form": role_form,
            "role_accept": role_accept,
            "role_decline": role_decline,
        },
        views={"role_submit": role_submit},
        wordings={
            "role_offer": partial(_offer, content),
            "role_instructions": partial(_instructions, content),
            "role_declined": partial(_declined, content),
            "role_handover": partial(_handover, content),
        },
    )
