"""files: the upload in two steps, and looking at what is there."""

from __future__ import annotations

import secrets

from bot.sandbox import acts
from bot.sandbox.core import Core
from bot.sandbox.errors import Refusal
from bot.sandbox.state import BOT_ID, BOT_USER, Message
from bot.sandbox.webapi.base import Handler, Json, page, writable


def upload_url(core: Core, args: Json) -> Json:
    """Where to send the bytes."""
    if args["length"] < 1 or not args["filename"]:
        raise Refusal("invalid_arguments")
    if len(args.get("alt_txt") or "") > 1000:
        raise Refusal("alt_txt_too_large")
    file_id, token = core.workspace.new_id("F"), secrets.token_urlsafe(16)
    core.workspace.files[file_id] = {
        "id": file_id,
        "name": args["filename"],
        "size": args["length"],
        "user": BOT_USER,
        "created": int(core.workspace.now()),
        "channels": [],
        "upload_token": token,
        "complete": False,
    }
    return {"upload_url": f"{core.base_url}/upload/{file_id}/{token}", "file_id": file_id}


def complete(core: Core, args: Json) -> Json:
    """Finishes uploads and shares them in a channel, if one is given."""
    wanted = args["files"]
    if not isinstance(wanted, list) or not wanted:
        raise Refusal("invalid_arguments")
    files = [_uploaded(core, f) for f in wanted]
    channels = [
        *args.get("channels", ()),
        *([args["channel_id"]] if args.get("channel_id") else ()),
    ]
    for channel in channels:
        _share(core, channel, files, args)
    return {"files": [_shown(f) for f in files]}


def _uploaded(core: Core, wanted: Json) -> Json:
    file = core.workspace.files.get(wanted.get("id", ""))
    if file is None or file["id"] not in core.workspace.file_bytes:
        raise Refusal("file_not_found")
    file |= {"title": wanted.get("title") or file["name"], "complete": True}
    return file


def _share(core: Core, channel: str, files: list[Json], args: Json) -> None:
    found = writable(core, "files.completeUploadExternal", channel)
    for file in files:
        file["channels"].append(found.id)
    m = Message(
        ts=core.workspace.new_ts(),
        channel=found.id,
        user=BOT_USER,
        text=args.get("initial_comment") or "",
        thread_ts=args.get("thread_ts"),
        subtype=None,
        bot_id=BOT_ID,
        files=[_shown(f) for f in files],
    )
    acts.post(core, found, m)


def _shown(file: Json) -> Json:
    shown = {k: v for k, v in file.items() if k not in ("upload_token", "complete")}
    return shown | {"title": file.get("title", file["name"])}


def info(core: Core, args: Json) -> Json:
    """One file."""
    file = core.workspace.files.get(args["file"])
    if file is None or not file["complete"]:
        raise Refusal("file_not_found")
    return {"file": _shown(file)}


def list_all(core: Core, args: Json) -> Json:
    """The files, of one channel if one is given."""
    channel = args.get("channel")
    found = [
        _shown(f)
        for f in core.workspace.files.values()
        if f["complete"] and (channel is None or channel in f["channels"])
    ]
    part, _ = page({"limit": args.get("count")}, found)
    return {"files": part, "paging": {"count": len(part), "total": len(found), "page": 1}}


HANDLERS: dict[str, Handler] = {
    "files.completeUploadExternal": complete,
    "files.getUploadURLExternal": upload_url,
    "files.info": info,
    "files.list": list_all,
}
