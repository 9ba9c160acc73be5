"""views: opening, pushing, updating and publishing."""

from __future__ import annotations

import secrets

from bot.sandbox import render
from bot.sandbox.core import Core
from bot.sandbox.errors import Refusal, invalid
from bot.sandbox.forms import initial_values
from bot.sandbox.state import Trigger, View
from bot.sandbox.view_rules import check_view
from bot.sandbox.webapi.base import Handler, Json, note, person
from bot.sandbox.webapi.chat import with_ids

STACK = 3


def _checked(core: Core, method: str, view: object, kind: str) -> Json:
    report = check_view(view, kind)
    note(core, method, report.advice)
    if any(f.code == "view.size" for f in report.faults):
        raise Refusal("view_too_large")
    if report.faults:
        raise invalid("invalid_arguments", report.messages)
    assert isinstance(view, dict)
    return view | {"blocks": with_ids(view["blocks"])}


def _trigger(core: Core, args: Json) -> Trigger:
    token = args.get("trigger_id") or args.get("interactivity_pointer")
    if not token:
        raise invalid("invalid_arguments", ["[ERROR] missing required field: trigger_id"])
    trigger = core.workspace.triggers.get(token)
    if trigger is None:
        raise Refusal("invalid_trigger_id")
    if trigger.used:
        raise Refusal("trigger_exchanged")
    if core.workspace.now() > trigger.until:
        raise Refusal("trigger_expired")
    return trigger


def _free_external_id(core: Core, body: Json, except_for: View | None = None) -> None:
    wanted = body.get("external_id")
    if wanted and any(
        v.open and v is not except_for and v.body.get("external_id") == wanted
        for v in core.workspace.views.values()
    ):
        raise Refusal("duplicate_external_id")


def show(core: Core, user: str, body: Json, channel: str | None = None) -> View:
    """Puts a checked modal on top of somebody's stack."""
    stack = core.workspace.stack(user)
    view_id = core.workspace.new_id("V")
    made = View(
        id=view_id,
        user=user,
        hash=_hash(core),
        body=body,
        root=stack[0].id if stack else view_id,
        previous=stack[-1].id if stack else None,
        values=initial_values(body["blocks"]),
        origin_channel=channel,
    )
    core.workspace.views[view_id] = made
    core.workspace.stacks.setdefault(user, []).append(view_id)
    core.workspace.changed("views", None, user)
    return made


def _hash(core: Core) -> str:
    return f"{int(core.workspace.now())}.{secrets.token_urlsafe(6)}"


def replace(core: Core, view: View, body: Json) -> None:
    """Shows another body in a view; what people put into inputs that remain stays."""
    view.body = body
    view.values = initial_values(body["blocks"], view.values)
    view.errors = None
    view.hash = _hash(core)
    core.workspace.changed("views" if body["type"] == "modal" else "home", None, view.user)


def open_view(core: Core, args: Json) -> Json:
    """Opens a modal for the person who made the trigger."""
    body = _checked(core, "views.open", args["view"], "modal")
    trigger = _trigger(core, args)
    _free_external_id(core, body)
    trigger.used = True
    for old in core.workspace.stack(trigger.user):
        old.open = False
    core.workspace.stacks[trigger.user] = []
    made = show(core, trigger.user, body, trigger.channel)
    return {"view": render.view(core, made)}


def push(core: Core, args: Json) -> Json:
    """Pushes a modal; at most three are open on top of each other."""
    body = _checked(core, "views.push", args["view"], "modal")
    trigger = _trigger(core, args)
    stack = core.workspace.stack(trigger.user)
    if not stack or trigger.view is None:
        raise Refusal("not_found")
    if len(stack) >= STACK:
        raise Refusal("push_limit_reached")
    _free_external_id(core, body)
    trigger.used = True
    return {"view": render.view(core, show(core, trigger.user, body, trigger.channel))}


def update(core: Core, args: Json) -> Json:
    """Changes an open view; with a hash only if nobody else did."""
    found = _find(core, args)
    body = _checked(core, "views.update", args["view"], found.body["type"])
    if args.get("hash") and args["hash"] != found.hash:
        raise Refusal("hash_conflict")
    _free_external_id(core, body, found)
    replace(core, found, body)
    return {"view": render.view(core, found)}


def _find(core: Core, args: Json) -> View:
    if not (args.get("view_id") or args.get("external_id")):
        raise invalid("invalid_arguments", ["[ERROR] missing required field: view_id"])
    for view in core.workspace.views.values():
        named = args.get("view_id") in (None, view.id)
        external = args.get("external_id") in (None, view.body.get("external_id"))
        if view.open and named and external:
            return view
    raise Refusal("not_found")


def publish(core: Core, args: Json) -> Json:
    """Shows somebody's Home tab."""
    user = person(core, args["user_id"], "user_not_found").id
    if not core.manifest.home_tab:
        raise Refusal("not_enabled")
    body = _checked(core, "views.publish", args["view"], "home")
    home = core.workspace.home(user)
    if args.get("hash") and home is not None and args["hash"] != home.hash:
        raise Refusal("hash_conflict")
    if home is None:
        view_id = core.workspace.new_id("V")
        home = View(view_id, user, "", body, root=view_id)
        core.workspace.views[view_id] = home
        core.workspace.homes[user] = view_id
    replace(core, home, body)
    return {"view": render.view(core, home)}


HANDLERS: dict[str, Handler] = {
    "views.open": open_view,
    "views.push": push,
    "views.update": update,
    "views.publish": publish,
}
