"""Opening: /incident open, the form, and the shortcuts that carry a message along."""

from __future__ import annotations

import re
from typing import Any

from bot.errors import BadInput
from bot.incident.names import ref
from bot.incident.opening import Evidence, Opened, open_incident
from bot.playbook.load import Content
from bot.record.tx import Tx
from bot.slack import kit
from bot.slack.record import evidence_of, permalink
from bot.slack.request import Answer, Request, only_you
from bot.slack.router import Surface

_LEADING = re.compile(r"(?:(?:sev-?([1-4])|(--private))\s+)", re.IGNORECASE)


async def open_verb(request: Request) -> Answer:
    """``/incident open [sev2] [--private] TITLE`` opens at once; without a title, the form."""
    severity, private, title = flags(kit.unescape(request.text))
    if not title:
        request.open(form(request.house.env.content, request.channel))
        return None
    made: list[Opened] = []

    def verb(tx: Tx) -> Opened:
        opened = open_incident(
            tx, title, origin_channel=request.channel, severity=severity, private=private
        )
        made[:] = [opened]
        return opened

    answer = await request.change(verb, opened_answer)
    if made and request.response_url:
        _say_where(request, made[0].number)
    return answer


def _say_where(request: Request, number: int) -> None:
    """The answer was given before there was a channel: name it when there is one.

    Nothing depends on it: the opener is invited anyway, so it is no stored effect.
    """

    def say(channel: str) -> None:
        request.reply(f"*{ref(number)}* is here: <#{channel}>")

    request.house.when_made(number, say)


def flags(text: str) -> tuple[str | None, bool, str]:
    """Severity, whether private, and the title, from ``sev2 --private TITLE``."""
    severity, private = None, False
    text = text.strip() + " "
    while match := _LEADING.match(text):
        severity = f"SEV{match.group(1)}" if match.group(1) else severity
        private = private or bool(match.group(2))
        text = text[match.end() :]
    return severity, private, text.strip()


def opened_answer(opened: Opened) -> Answer:
    """Said to the opener at once, while the channel is being made."""
    what = "Drill" if opened.drill else "Incident"
    if opened.already:
        where = f" <#{opened.channel}>" if opened.channel else ""
        return only_you(f"You opened this a moment ago: it is *{ref(opened.number)}*.{where}")
    kind = "a private channel" if opened.private else "its channel"
    return only_you(
        f"{what} *{ref(opened.number)}* is open. You are being invited to {kind} now; "
        "you are the commander until somebody takes over."
    )


def form(
    content: Content,
    channel: str | None,
    *,
    drill: bool = False,
    quoted: str = "",
    stash: str | None = None,
) -> kit.Element:
    """The form: it asks what is happening and what kind of harm; the rest is offered."""
    families = [kit.option(family.short, family.id) for family in content.families.values()]
    levels = [kit.option(level, level) for level in ("SEV1", "SEV2", "SEV3", "SEV4")]
    blocks = [
        kit.ask(
            "title", "What is the system doing?",
            kit.text_input("title", most=150, placeholder="Support assistant is insulting customers"),
        ),
        kit.ask(
            "families", "What kind of harm?", kit.multi_select("families", families),
            optional=True, hint="Leave it empty if you do not know yet.",
        ),
        kit.divider(),
        kit.ask(
            "summary", "What do we know so far?", kit.text_input("summary", multiline=True),
            optional=True,
        ),
        kit.ask(
            "severity", "Severity, if you are sure", kit.select("severity", levels), optional=True,
            hint="Otherwise leave it: the questions come next, in the channel.",
        ),
        kit.ask(
            "people", "Who else is needed now?", kit.users_select("people"), optional=True
        ),
        kit.ask(
            "private", "Who may see it?",
            kit.checkboxes("private", [kit.option("Only people who are invited", "yes")]),
            optional=True,
        ),
    ]  # fmt: skip
    if quoted:
        blocks.insert(0, kit.section("Opened from this message, kept as first evidence:"))
        blocks.insert(1, kit.section(">" + kit.esc(kit.clip(quoted, 500)).replace("\n", "\n>")))
    if drill:
        blocks.insert(0, kit.context("*DRILL*: nothing of it leaves the channel."))
    title = "Open a drill" if drill else "Open an incident"
    meta = kit.pack(c=channel, d=drill, s=stash)
    return kit.modal("open_submit", title, blocks, submit="Open", meta=meta)


async def open_form(request: Request) -> Answer:
    """A button, or the global shortcut: show the form."""
    request.open(form(request.house.env.content, request.channel))
    return None


async def open_from_message(request: Request) -> Answer:
    """The message shortcut: the message is kept first, so that nothing of it can get lost."""
    message, channel = request.message(), request.channel or ""
    kept = evidence_of(message, channel, permalink(request.body, channel, message["ts"]))
    stash = f"stash:{request.delivery}"

    def keep(tx: Tx) -> None:
        tx.remember(stash, {"message": _as_json(kept)})

    await request.change(keep)
    request.open(form(request.house.env.content, channel, quoted=kept.text, stash=stash))
    return None


def _as_json(kept: Evidence) -> dict[str, str]:
    return {name: getattr(kept, name) for name in Evidence.__slots__}


async def open_submit(request: Request) -> Answer:
    """The form was sent."""
    values, packed = request.values, request.packed
    if not values.text("title"):
        raise BadInput("An incident needs a title.", field="title")
    chosen: dict[str, Any] = {
        "drill": bool(packed.get("d")),
        "private": bool(values.choices("private")),
        "origin_channel": packed.get("c"),
        "severity": values.choice("severity"),
        "families": tuple(values.choices("families")),
        "summary": values.text("summary"),
        "people": tuple(values.users("people")),
    }

    def verb(tx: Tx) -> Opened:
        key = str(packed.get("s") or "")
        stashed = tx.recall(key)[1] if key.startswith("stash:") else None
        evidence = Evidence(**stashed["message"]) if stashed else None
        return open_incident(tx, values.text("title"), evidence=evidence, **chosen)

    return await request.change(verb, opened_answer)


SURFACE = Surface(
    verbs={"open": open_verb},
    actions={"open_form": open_form},
    views={"open_submit": open_submit},
    shortcuts={"open_incident": open_form, "open_incident_from_message": open_from_message},
)
