"""Opening: /incident open, the form, and the shortcuts that carry a message along."""

from __future__ import annotations

from bot.incident.names import ref
from bot.incident.opening import Opened, open_incident
from bot.slack import kit
from bot.slack.request import Answer, Request, only_you
from bot.slack.router import Surface


async def open_verb(request: Request) -> Answer:
    """``/incident open TITLE`` opens at once; without a title, the form is shown."""
    if not request.text:
        request.open(form(request.channel))
        return None
    title = kit.unescape(request.text)
    return await request.change(
        lambda tx: open_incident(tx, title, origin_channel=request.channel), opened_answer
    )


def opened_answer(opened: Opened) -> Answer:
    """Said to the opener at once, while the channel is being made."""
    what = "Drill" if opened.drill else "Incident"
    if opened.already:
        return only_you(f"You opened this a moment ago: it is *{ref(opened.number)}*.")
    return only_you(
        f"{what} *{ref(opened.number)}* is open. You are being invited to its channel now; "
        "you are the commander until somebody takes over."
    )


def form(channel: str | None) -> kit.Element:
    """The form: what is happening is all it needs."""
    blocks = [
        kit.ask(
            "title", "What is the system doing?", kit.text_input("title", most=150),
            hint="A few words, as you would say them aloud.",
        )
    ]  # fmt: skip
    return kit.modal(
        "open_submit", "Open an incident", blocks, submit="Open", meta=kit.pack(c=channel)
    )


async def open_submit(request: Request) -> Answer:
    """The form was sent."""
    return await request.change(
        lambda tx: open_incident(
            tx, request.values.text("title"), origin_channel=request.packed.get("c")
        ),
        opened_answer,
    )


SURFACE = Surface(verbs={"open": open_verb}, views={"open_submit": open_submit})
