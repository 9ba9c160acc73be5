"""The turns of an incident in Slack: contain, cancel, resolve, reopen, close."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from sqlmodel import Session

from bot.errors import NotReady
from bot.incident import lifecycle, queries
from bot.incident.names import ref
from bot.playbook import steps
from bot.record.read import entries
from bot.record.tx import Tx
from bot.slack import kit
from bot.slack.request import Answer, Handler, Request, only_you
from bot.slack.router import Surface, Wording
from bot.slack.typed import reason_in
from bot.slack.wording import Message, simple
from db.tables import Incident

NAMED = 12
_RUNG = re.compile(r"(?:by\s+)?(C\d)\b[\s:,]+", re.IGNORECASE)


# --- contain, reopen ------------------------------------------------------------------------------


def _one_sentence(
    verb: Callable[[Tx, Incident, str], None], callback: str, field: str, title: str, question: str,
    said: str, submit: str = "",
) -> tuple[Handler, Handler]:  # fmt: skip
    """A verb that takes one sentence: typed after it, or asked for in a form.

    ``submit``: what the button says when the title alone could be read as leaving the form.
    """

    async def typed(request: Request) -> Answer:
        words = reason_in(request.text)
        if words:
            return await change(request, words)
        number = await request.read_incident(lambda session, row: row.number)
        ask = kit.ask(field, question, kit.text_input(field, multiline=True))
        meta = kit.pack(i=number, c=request.channel)
        form = kit.modal(
            callback, f"{title} {ref(number)}", [ask], submit=submit or title,
            close="Go back" if submit else "Cancel", meta=meta,
        )  # fmt: skip
        request.open(form)
        return None

    async def submitted(request: Request) -> Answer:
        return await change(request, request.values.text(field))

    async def change(request: Request, words: str) -> Answer:
        return await request.change_incident(
            lambda tx, incident: verb(tx, incident, words), lambda _: only_you(said)
        )

    return typed, submitted


async def contain_verb(request: Request) -> Answer:
    """``/incident contain [C6] HOW YOU KNOW``; alone, the form."""
    words = reason_in(request.text)
    if words:
        found = _RUNG.match(words)
        rung = found.group(1).upper() if found else None
        return await _contain(request, words[found.end() :] if found else words, rung)
    number = await request.read_incident(lambda session, row: row.number)
    ladder = request.house.env.content.ladder
    rungs = [kit.option(f"{row.id} {row.title}", row.id) for row in ladder.values()]
    blocks = [
        kit.ask(
            "statement", "What stopped it, and how do you know?",
            kit.text_input("statement", multiline=True),
        ),
        kit.ask("rung", "Which rung of containment was it?", kit.select("rung", rungs), optional=True),
    ]  # fmt: skip
    meta = kit.pack(i=number, c=request.channel)
    title = f"Contain {ref(number)}"
    request.open(kit.modal("contain_submit", title, blocks, submit="Contain", meta=meta))
    return None


async def contain_submit(request: Request) -> Answer:
    """The form was sent."""
    return await _contain(request, request.values.text("statement"), request.values.choice("rung"))


async def _contain(request: Request, words: str, rung: str | None) -> Answer:
    return await request.change_incident(
        lambda tx, incident: lifecycle.contain(tx, incident, words, rung),
        lambda _: only_you("It is on the record as contained."),
    )


cancel_verb, cancel_submit = _one_sentence(
    lifecycle.cancel, "cancel_submit", "reason", "Cancel", "Why is it a false alarm?",
    "Cancelled as a false alarm. `/incident reopen because …` takes it back.",
    submit="It was a false alarm",
)  # fmt: skip
reopen_verb, reopen_submit = _one_sentence(
    lifecycle.reopen, "reopen_submit", "reason", "Reopen", "Why does it begin again?",
    "The response is open again.",
)  # fmt: skip


# --- resolve, close -------------------------------------------------------------------------------


async def resolve_verb(request: Request) -> Answer:
    """``/incident resolve SUMMARY`` when nothing is open; else the form that names what is."""
    summary = reason_in(request.text)

    def look(session: Session, incident: Incident) -> kit.Element | None:
        found = lifecycle.in_the_way(session, incident.number).lines()
        done = incident.status in ("resolved", "closed")
        return (
            None
            if done or (summary and not found)
            else resolve_form(incident, found, request.channel, summary)
        )

    form = await request.read_incident(look)
    if form is not None:
        request.open(form)
        return None
    return await request.change_incident(
        lambda tx, incident: lifecycle.resolve(tx, incident, summary), lambda _: only_you(_RESOLVED)
    )


_RESOLVED = "Resolved. The postmortem is being prepared from the record."


def resolve_form(
    incident: Incident, lines: list[str], channel: str | None, summary: str = ""
) -> kit.Element:
    """Lists what is open; resolving all the same takes a reason."""
    blocks = _still_open("Still open", lines)
    blocks.append(
        kit.ask(
            "summary", "What happened, in a few plain sentences",
            kit.text_input("summary", multiline=True, initial=summary or incident.summary),
            optional=True,
        )
    )  # fmt: skip
    if lines:
        blocks.append(_override("Why resolve it all the same?"))
    meta = kit.pack(i=incident.number, c=channel)
    return kit.modal(
        "resolve_submit", f"Resolve {ref(incident.number)}", blocks, submit="Resolve", meta=meta
    )


async def resolve_submit(request: Request) -> Answer:
    """The form was sent; what is open is looked at again."""
    values = request.values
    summary, override = values.text("summary"), values.text("override")

    def resolve(tx: Tx, incident: Incident) -> None:
        try:
            lifecycle.resolve(tx, incident, summary, override)
        except NotReady as problem:
            raise _say_why(problem) from None

    return await request.change_incident(resolve, lambda _: only_you(_RESOLVED))


def _say_why(problem: NotReady) -> NotReady:
    """The refusal inside a form that lists above what is open."""
    if problem.field != "override":
        return problem
    return NotReady(
        "Say why, in a sentence.", instead="Or leave the form, and finish or waive what is listed.",
        field="override",
    )  # fmt: skip


async def close_verb(request: Request) -> Answer:
    """``/incident close``: at once when nothing is missing, else the form that names it."""
    reason, env = reason_in(request.text), request.house.env

    def look(session: Session, incident: Incident) -> kit.Element | None:
        lacking = lifecycle.missing_to_close(session, incident, env)
        if incident.status != "resolved" or not lacking or reason:
            return None
        blocks = [*_still_open("Still missing", lacking), _override("Why close it all the same?")]
        meta = kit.pack(i=incident.number, c=request.channel)
        return kit.modal(
            "close_submit", f"Close {ref(incident.number)}", blocks, submit="Close", meta=meta
        )

    form = await request.read_incident(look)
    if form is not None:
        request.open(form)
        return None
    return await _close(request, reason)


async def close_submit(request: Request) -> Answer:
    """The reason was given."""
    return await _close(request, request.values.text("override"), in_form=True)


async def _close(request: Request, reason: str, in_form: bool = False) -> Answer:
    def close(tx: Tx, incident: Incident) -> None:
        try:
            lifecycle.close(tx, incident, reason)
        except NotReady as problem:
            raise (_say_why(problem) if in_form else problem) from None

    return await request.change_incident(
        close,
        lambda _: only_you(
            "Closed. Its record stays, and its action items stay open until proven."
        ),
    )


def _still_open(head: str, lines: list[str]) -> list[kit.Block]:
    if not lines:
        return [kit.section("Nothing is open.")]
    more = f"\n… and {len(lines) - NAMED} more" if len(lines) > NAMED else ""
    return [
        kit.section(
            f"*{head}*\n" + "\n".join(f"• {kit.esc(line)}" for line in lines[:NAMED]) + more
        )
    ]


def _override(question: str) -> kit.Block:
    return kit.ask(
        "override", question, kit.text_input("override", multiline=True),
        hint="It goes on the record with what is open.", optional=True,
    )  # fmt: skip


# --- messages -------------------------------------------------------------------------------------


def _turn(head: str, field: str) -> Wording:
    """Said in the channel. People's words are read from the record, where they can be erased."""

    def wording(session: Session, incident: Incident | None, params: dict[str, Any]) -> Message:
        assert incident is not None
        found = next(entries(session, incident.number, after=params["n"] - 1, limit=1), None)
        words = getattr(found.entry, field, "") if found is not None else ""
        more = f"\n{kit.esc(words)}" if words else ""
        text = head.format(ref=ref(incident.number), by=kit.person(params["by"]))
        return simple(incident, text + more, f"{ref(incident.number)}: {queries.status(incident)}")

    return wording


def _cancelled(session: Session, incident: Incident | None, params: dict[str, Any]) -> Message:
    """Said in the channel, with what was changed meanwhile and still stands."""
    assert incident is not None
    said = _turn("{by}: {ref} was a *false alarm*. Open steps, clocks and drafts stop.", "reason")
    message = said(session, incident, params)
    found = next(entries(session, incident.number, after=params["n"] - 1, limit=1), None)
    rows = (
        [steps.find(session, incident.number, key) for key in found.entry.in_place] if found else []
    )
    if rows:
        names = ", ".join(kit.esc(steps.describe(row)) for row in rows)
        message.blocks.append(kit.section(f":warning: Still in place, undo it: {names}"))
    message.blocks.append(kit.context("`/incident reopen because …` takes it back."))
    return message


SURFACE = Surface(
    verbs={
        "contain": contain_verb, "resolve": resolve_verb, "cancel": cancel_verb, "reopen": reopen_verb, "close": close_verb,
    },
    actions={
        "contain_form": contain_verb, "resolve_form": resolve_verb, "close_form": close_verb,
    },
    views={
        "contain_submit": contain_submit, "cancel_submit": cancel_submit, "reopen_submit": reopen_submit,
        "resolve_submit": resolve_submit, "close_submit": close_submit,
    },
    wordings={
        "incident_contained": _turn(":large_yellow_circle: {by}: {ref} is *contained*.", "statement"),
        "incident_resolved": _turn(":white_check_mark: {by}: {ref} is *resolved*.", "summary"),
        "incident_cancelled": _cancelled,
        "incident_reopened": _turn(":red_circle: {by}: {ref} is *open again*.", "reason"),
        "incident_closed": _turn("{by} closed {ref}.", "reason"),
    },
)  # fmt: skip
