"""What somebody can do on the page: each word of /ui/act and the function behind it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

from bot.sandbox import acts, interactions, ui_shapes
from bot.sandbox.errors import CannotAct
from bot.sandbox.interactions import Place
from bot.sandbox.seen import Seen
from bot.sandbox.state import Message
from bot.sandbox.webapi.base import channel_name

if TYPE_CHECKING:
    from bot.sandbox.people import Person
    from bot.sandbox.server import Sandbox

Json = dict[str, Any]


async def act(sandbox: Sandbox, body: Json) -> Json:
    """Does one thing. Raises CannotAct, NotSeen or Refusal with words for the person."""
    person = sandbox.person(body["as"])
    work = ACTS.get(body["do"])
    if work is None:
        raise CannotAct(f"nothing is called {body['do']!r}")
    return await work(person, body)


def _message(person: Person, body: Json) -> Message:
    room = person.channel(body["channel"])
    workspace = person.sandbox.workspace
    m = room.messages.get(body["ts"]) or workspace.find_ephemeral(room.id, body["ts"])
    if m is None or m.deleted or m.only_for not in (None, person.id):
        raise CannotAct("that message is gone")
    return m


def _seen(person: Person, body: Json) -> Seen:
    return Seen(person.sandbox.workspace, _message(person, body))


def _place(person: Person, container: Json) -> Place:
    if "view_id" not in container:
        return Place(message=_message(person, container))
    view = person.sandbox.workspace.views.get(container["view_id"])
    if view is None or view.user != person.id or not view.open:
        raise CannotAct("that form is closed")
    return Place(view=view)


async def _command(person: Person, body: Json) -> Json:
    reply = await person.command(body["text"], body["channel"])
    return {"ms": reply.ms, "acknowledged": reply.ok}


async def _say(person: Person, body: Json) -> Json:
    seen = await person.says(body["text"], body["channel"], thread=body.get("thread_ts"))
    return {"ts": seen.ts}


async def _edit(person: Person, body: Json) -> Json:
    await person.edits(_seen(person, body), body["text"])
    return {}


async def _delete(person: Person, body: Json) -> Json:
    m = _message(person, body)
    if m.ephemeral:  # "Only visible to you · Dismiss"
        acts.delete(person.core, person.channel(m.channel), m)
    else:
        await person.deletes(_seen(person, body))
    return {}


async def _react(person: Person, body: Json) -> Json:
    await person.reacts(_seen(person, body), body["name"])
    return {}


async def _unreact(person: Person, body: Json) -> Json:
    await person.unreacts(_seen(person, body), body["name"])
    return {}


async def _click(person: Person, body: Json) -> Json:
    place = _place(person, body["container"])
    given = (body.get("state") or {}).get("values") or body.get("state") or {}
    for block_id, parts in given.items():
        if block_id in place.values:
            place.values[block_id].update(parts)
    element = body["action"]
    reply = await interactions.action(person.core, person.member, place, element)
    return {} if reply is None else {"ms": reply.ms, "acknowledged": reply.ok}


async def _submit(person: Person, body: Json) -> Json:
    place = _place(person, body)
    if place.view is None:
        raise CannotAct("that form is closed")
    await interactions.submit(person.core, person.member, place.view, body.get("values"))
    return {"errors": place.view.errors} if place.view.errors else {}


async def _close_view(person: Person, body: Json) -> Json:
    place = _place(person, body)
    if place.view is not None:
        everything = bool(body.get("all"))
        await interactions.close_view(
            person.core, person.member, place.view, all_of_them=everything
        )
    return {}


async def _message_shortcut(person: Person, body: Json) -> Json:
    m = _message(person, body)
    await interactions.message_shortcut(person.core, person.member, body["callback_id"], m)
    return {}


async def _global_shortcut(person: Person, body: Json) -> Json:
    await interactions.global_shortcut(person.core, person.member, body["callback_id"])
    return {}


async def _open_home(person: Person, body: Json) -> Json:
    interactions.open_home(person.core, person.member)
    return {}


async def _suggest(person: Person, body: Json) -> Json:
    element = {"action_id": body["action_id"], "block_id": body.get("block_id")}
    place = _place(person, body["container"])
    return await interactions.suggest(
        person.core, person.member, place, element, body.get("value", "")
    )


async def _join(person: Person, body: Json) -> Json:
    await person.joins(body["channel"])
    return {}


async def _leave(person: Person, body: Json) -> Json:
    await person.leaves(body["channel"])
    return {}


async def _archive(person: Person, body: Json) -> Json:
    await person.archives(body["channel"])
    return {}


async def _rename(person: Person, body: Json) -> Json:
    name = channel_name(body["name"])
    if person.sandbox.workspace.by_name(name) is not None:
        raise CannotAct("that name is taken")
    await person.renames(body["channel"], name)
    return {}


async def _read(person: Person, body: Json) -> Json:
    room = person.channel(body["channel"])
    shown = person.sandbox.workspace.shown_to(person.id, room.id)
    if shown and room.read.get(person.id, "") < shown[-1].ts:
        room.read[person.id] = shown[-1].ts
        person.sandbox.workspace.changed("channels", room.id, person.id)
    return {}


async def _open_dm(person: Person, body: Json) -> Json:
    other = person.sandbox.person(body["user"])
    room = person.sandbox.workspace.im(person.id, other.id)
    return {"channel": ui_shapes.channel(person.sandbox, person, room)["id"]}


async def _invite(person: Person, body: Json) -> Json:
    await person.invites(body["user"], body["channel"])
    return {}


ACTS: dict[str, Callable[[Person, Json], Awaitable[Json]]] = {
    "command": _command,
    "message": _say,
    "edit": _edit,
    "delete": _delete,
    "react": _react,
    "unreact": _unreact,
    "click": _click,
    "submit": _submit,
    "close_view": _close_view,
    "message_shortcut": _message_shortcut,
    "global_shortcut": _global_shortcut,
    "open_home": _open_home,
    "suggest": _suggest,
    "join": _join,
    "leave": _leave,
    "archive": _archive,
    "rename": _rename,
    "read": _read,
    "open_dm": _open_dm,
    "invite": _invite,
}
