"""users and usergroups."""

from __future__ import annotations

from bot.sandbox import render
from bot.sandbox.core import Core
from bot.sandbox.errors import Refusal
from bot.sandbox.state import TEAM_ID, Member
from bot.sandbox.webapi.base import Handler, Json, page, person


def _shown(core: Core, who: Member) -> Json:
    shown = render.member(who)
    if "users:read.email" in core.scopes and who.email:
        shown["profile"]["email"] = who.email
    return shown


def info(core: Core, args: Json) -> Json:
    """One person."""
    return {"user": _shown(core, person(core, args["user"]))}


def list_all(core: Core, args: Json) -> Json:
    """Everybody."""
    everybody = [_shown(core, p) for p in core.workspace.people.values()]
    part, cursor = page(args, everybody)
    now = int(core.workspace.now())
    return {"members": part, "cache_ts": now, "response_metadata": {"next_cursor": cursor}}


def by_email(core: Core, args: Json) -> Json:
    """One person by e-mail address."""
    for who in core.workspace.people.values():
        if who.email and who.email == args["email"].lower():
            return {"user": _shown(core, who)}
    raise Refusal("users_not_found")


def _group(group: Json) -> Json:
    shown = {"is_usergroup": True, "team_id": TEAM_ID, "date_delete": 0, **group}
    return shown | {"user_count": len(group["users"])}


def groups(core: Core, args: Json) -> Json:
    """The user groups, with their people when asked."""
    shown = [_group(g) for g in core.workspace.usergroups.values()]
    if not args.get("include_users"):
        for group in shown:
            group.pop("users")
    return {"usergroups": shown}


def group_users(core: Core, args: Json) -> Json:
    """Who is in a user group."""
    group = core.workspace.usergroups.get(args["usergroup"])
    if group is None:
        raise Refusal("no_such_subteam")
    return {"users": list(group["users"])}


HANDLERS: dict[str, Handler] = {
    "users.info": info,
    "users.list": list_all,
    "users.lookupByEmail": by_email,
    "usergroups.list": groups,
    "usergroups.users.list": group_users,
}
