"""What people do with the app: each makes a payload, delivers it and applies the answer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from bot.sandbox import render
from bot.sandbox.answers import apply_command, apply_submission
from bot.sandbox.core import Core
from bot.sandbox.delivery import Reply
from bot.sandbox.errors import CannotAct
from bot.sandbox.forms import KEYS, elements, initial_values, problems
from bot.sandbox.state import (
    APP_ID,
    BOT_USER,
    TEAM_DOMAIN,
    TEAM_ID,
    Channel,
    Member,
    Message,
    ResponseUrl,
    View,
)
from bot.sandbox.text import encode

Json = dict[str, Any]
RESPONSE_SECONDS = 30 * 60
TROUBLE = "We had some trouble connecting. Try again?"


@dataclass(frozen=True)
class Place:
    """Where something is pressed: a message in a channel, or a view."""

    message: Message | None = None
    view: View | None = None

    @property
    def blocks(self) -> list[Json]:
        """What stands there."""
        if self.view is not None:
            blocks: list[Json] = self.view.body["blocks"]
            return blocks
        if self.message is None:
            return []
        attached = [b for a in self.message.attachments or () for b in a.get("blocks", ())]
        return [*(self.message.blocks or ()), *attached]

    @property
    def values(self) -> Json:
        """The state of the inputs that stand there."""
        held = self.view or self.message
        return held.values if held is not None else {}


def _base(core: Core, person: Member) -> Json:
    return {
        "token": "sandbox",
        "team": render.team(),
        "user": render.user(person),
        "api_app_id": APP_ID,
        "enterprise": None,
        "is_enterprise_install": False,
    }


def _response_url(core: Core, entry: ResponseUrl) -> str:
    return f"{core.base_url}/response/{core.workspace.new_response_url(entry)}"


def _until(core: Core) -> float:
    return core.workspace.now() + RESPONSE_SECONDS


async def command(core: Core, person: Member, room: Channel, typed: str) -> Reply:
    """Types a slash command, like "/incident open Foo". Raises CannotAct for an unknown one."""
    word, _, rest = typed.strip().partition(" ")
    known = core.manifest.command(word)
    if known is None:
        raise CannotAct(f"{word} is not a valid command.")
    if room.is_archived or person.id not in room.members:
        raise CannotAct("You cannot type in this channel.")
    text = rest.strip()
    text = encode(core.workspace, text, names=True) if known.should_escape else text
    payload = {
        "token": "sandbox",
        "team_id": TEAM_ID,
        "team_domain": TEAM_DOMAIN,
        "channel_id": room.id,
        "channel_name": _shown_name(room),
        "user_id": person.id,
        "user_name": person.name,
        "command": word,
        "text": text,
        "api_app_id": APP_ID,
        "is_enterprise_install": "false",
        "response_url": _response_url(core, ResponseUrl(person.id, room.id, _until(core))),
        "trigger_id": core.workspace.new_trigger(person.id, room.id),
    }
    reply = await core.delivery.send("slash_commands", payload)
    if reply.ok:
        apply_command(core, person, room, reply.body)
    else:
        core.notice(person.id, _command_failed(word, reply), room.id)
    return reply


def _shown_name(room: Channel) -> str:
    if room.is_im:
        return "directmessage"
    return "privategroup" if room.is_private else room.name


def _command_failed(word: str, reply: Reply) -> str:
    if reply.error == "http_error":
        return f'{word} failed with the error "dispatch_failed" (status {reply.status})'
    return f"{word} failed because the app did not respond"


async def action(core: Core, person: Member, place: Place, element: Json) -> Reply | None:
    """Presses a button or chooses in a menu; None when Slack tells the app nothing yet.

    `element` carries block_id, action_id and what was chosen. Raises CannotAct when no such
    element stands there.
    """
    block, known = find_element(place, element)
    _remember(place, block, known, element)
    if place.view is not None:
        core.workspace.changed("views", None, person.id)
    if block["type"] == "input" and not block.get("dispatch_action"):
        return None
    payload = _base(core, person) | {"type": "block_actions"}
    payload |= _placed(core, person, place)
    payload["actions"] = [_pressed(core, block, known, element)]
    payload["state"] = {"values": place.values}
    reply = await core.delivery.send("interactive", payload)
    if not reply.ok:
        core.notice(person.id, TROUBLE, place.message.channel if place.message else None)
    return reply


def find_element(place: Place, wanted: Json) -> tuple[Json, Json]:
    """The block and element with these ids. Raises CannotAct."""
    for block, part in elements(place.blocks):
        same_block = wanted.get("block_id") in (None, block.get("block_id"))
        if part["action_id"] == wanted.get("action_id") and same_block:
            return block, part
    raise CannotAct(f"there is no {wanted.get('action_id')!r} here any more")


def _remember(place: Place, block: Json, known: Json, element: Json) -> None:
    keys = KEYS.get(known["type"])
    if keys is not None and keys[0] in element:
        entry = {"type": known["type"], keys[0]: element[keys[0]]}
        place.values.setdefault(block["block_id"], {})[known["action_id"]] = entry


def _pressed(core: Core, block: Json, known: Json, element: Json) -> Json:
    pressed = {
        "type": known["type"],
        "action_id": known["action_id"],
        "block_id": block["block_id"],
        "action_ts": core.workspace.new_ts(),
    }
    for key in ("text", "value", "style", "placeholder", "url"):
        if key in known and known["type"] in ("button", "icon_button", "workflow_button"):
            pressed[key] = known[key]
    chosen = KEYS.get(known["type"], ("selected_option", ""))[0]
    if chosen in element:
        pressed[chosen] = element[chosen]
    return pressed


def _placed(core: Core, person: Member, place: Place) -> Json:
    if place.view is not None:
        trigger = core.workspace.new_trigger(person.id, view=place.view.id)
        return {
            "container": {"type": "view", "view_id": place.view.id},
            "trigger_id": trigger,
            "view": render.view(core, place.view),
        }
    m = place.message
    if m is None:
        raise CannotAct("nothing to press")
    room = core.workspace.channels[m.channel]
    entry = ResponseUrl(
        person.id, room.id, _until(core), message=m.ts, ephemeral=m.ephemeral, thread_ts=m.thread_ts
    )
    container: Json = {"type": "message", "message_ts": m.ts, "channel_id": room.id}
    container["is_ephemeral"] = m.ephemeral
    placed: Json = {
        "container": container,
        "trigger_id": core.workspace.new_trigger(person.id, room.id),
        "channel": {"id": room.id, "name": _shown_name(room)},
        "response_url": _response_url(core, entry),
    }
    if not m.ephemeral:
        placed["message"] = render.message(core, m)
    return placed


async def submit(
    core: Core, person: Member, view: View, values: Json | None = None
) -> Reply | None:
    """Submits a modal; None when Slack's client itself found something missing.

    Afterwards view.errors says what is wrong, or the view is closed or replaced.
    """
    if values is not None:
        view.values = _merged(view, values)
    view.errors = problems(view.body["blocks"], view.values) or None
    if view.errors:
        core.workspace.changed("views", None, person.id)
        return None
    payload = _base(core, person) | {"type": "view_submission"}
    payload["trigger_id"] = core.workspace.new_trigger(person.id, view=view.id)
    payload |= {
        "view": render.view(core, view),
        "response_urls": _response_urls(core, person, view),
    }
    reply = await core.delivery.send("interactive", payload)
    if reply.ok:
        apply_submission(core, person, view, reply.body)
    else:
        core.notice(person.id, TROUBLE)
    return reply


def _merged(view: View, values: Json) -> Json:
    known = initial_values(view.body["blocks"])
    merged: Json = {}
    for block_id, parts in known.items():
        given = values.get(block_id, {})
        kept = view.values.get(block_id, {})
        merged[block_id] = {
            action_id: given.get(action_id) or kept.get(action_id) or fresh
            for action_id, fresh in parts.items()
        }
    return merged


def _response_urls(core: Core, person: Member, view: View) -> list[Json]:
    found = []
    for block, part in elements(view.body["blocks"]):
        if not part.get("response_url_enabled"):
            continue
        entry = view.values.get(block["block_id"], {}).get(part["action_id"], {})
        chosen = entry.get("selected_conversation") or entry.get("selected_channel")
        if chosen in core.workspace.channels:
            url = _response_url(core, ResponseUrl(person.id, chosen, _until(core)))
            found.append(
                {
                    "block_id": block["block_id"],
                    "action_id": part["action_id"],
                    "channel_id": chosen,
                    "response_url": url,
                }
            )
    return found


async def close_view(core: Core, person: Member, view: View, *, all_of_them: bool = False) -> None:
    """Closes a modal by hand; the app is told when it asked for it."""
    stack = core.workspace.stacks.get(person.id, [])
    clear = all_of_them or bool(view.body.get("clear_on_close"))
    gone = list(reversed(stack)) if clear else [view.id]
    for view_id in gone:
        core.workspace.views[view_id].open = False
        stack.remove(view_id)
    core.workspace.changed("views", None, person.id)
    for view_id in gone:
        closed = core.workspace.views[view_id]
        if closed.body.get("notify_on_close"):
            payload = _base(core, person) | {"type": "view_closed", "is_cleared": clear}
            await core.delivery.send("interactive", payload | {"view": render.view(core, closed)})


async def global_shortcut(core: Core, person: Member, callback_id: str) -> Reply:
    """Runs a global shortcut. Raises CannotAct for an unknown one."""
    return await _shortcut(core, person, "global", callback_id, {"type": "shortcut"})


async def message_shortcut(core: Core, person: Member, callback_id: str, m: Message) -> Reply:
    """Runs a message shortcut. Raises CannotAct for an unknown one."""
    room = core.workspace.channels[m.channel]
    entry = ResponseUrl(person.id, room.id, _until(core), thread_ts=m.thread_ts)
    payload = {
        "type": "message_action",
        "channel": {"id": room.id, "name": _shown_name(room)},
        "message_ts": m.ts,
        "message": render.message(core, m),
        "response_url": _response_url(core, entry),
    }
    return await _shortcut(core, person, "message", callback_id, payload, room.id)


async def _shortcut(
    core: Core,
    person: Member,
    kind: str,
    callback_id: str,
    payload: Json,
    channel: str | None = None,
) -> Reply:
    known = core.manifest.shortcut(kind, callback_id)
    if known is None:
        raise CannotAct(f"the app has no {kind} shortcut {callback_id!r}")
    payload = _base(core, person) | payload
    payload["callback_id"] = callback_id
    payload["action_ts"] = core.workspace.new_ts()
    payload["trigger_id"] = core.workspace.new_trigger(person.id, channel)
    reply = await core.delivery.send("interactive", payload)
    if not reply.ok:
        core.notice(person.id, f"{known.name}: {TROUBLE}", channel)
    return reply


async def suggest(core: Core, person: Member, place: Place, element: Json, typed: str) -> Json:
    """Asks the app for the options of an external select: options or option_groups."""
    block, known = find_element(place, element)
    payload = _base(core, person) | {"type": "block_suggestion", "value": typed}
    payload |= {"action_id": known["action_id"], "block_id": block["block_id"]}
    placed = _placed(core, person, place)
    placed.pop("trigger_id")
    placed.pop("response_url", None)
    reply = await core.delivery.send("interactive", payload | placed)
    body = reply.body if reply.ok and isinstance(reply.body, dict) else {}
    offered = {k: body.get(k, []) for k in ("options", "option_groups")}
    if any(len(v) > 100 for v in offered.values()) or not any(k in body for k in offered):
        core.mistake("block_suggestion: answer options or option_groups, at most 100")
    return offered


def open_home(core: Core, person: Member) -> None:
    """Opens the app's Home tab; the app learns of it by an event."""
    from bot.sandbox import events

    home = core.workspace.home(person.id)
    room = core.workspace.im(person.id, BOT_USER)
    event: Json = {
        "type": "app_home_opened",
        "user": person.id,
        "channel": room.id,
        "tab": "home",
        "event_ts": core.workspace.new_ts(),
    }
    if home is not None:
        event["view"] = render.view(core, home)
    events.emit(core, event)


def typed_text(core: Core, text: str) -> str:
    """What somebody typed into a message, as Slack stores it."""
    return encode(core.workspace, text, names=False)
