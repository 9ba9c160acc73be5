"""Facts, hypotheses, evidence: by word, by form, by emoji, by shortcut; corrected, withdrawn."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from functools import partial
from typing import Any

from bot.errors import BadInput
from bot.incident import items, queries
from bot.incident.names import ref
from bot.incident.opening import Evidence
from bot.playbook.load import Content
from bot.record.entry import Recorded
from bot.record.tx import Tx
from bot.slack import kit
from bot.slack.request import Answer, Request, only_you
from bot.slack.router import Surface
from bot.slack.typed import numbered
from db.tables import Incident

_NUMBER = re.compile(r"#?(\d{1,6})\Z")


def kept(recorded: Recorded) -> Answer:
    """Said to whoever put something on the record."""
    return only_you(f"On the record as entry {recorded.n}.")


def only_numbers(text: str, field: str) -> list[int]:
    """Entry numbers out of ``4, 7 and #12``. Raises ``BadInput`` when there is no number in it."""
    found = [int(one) for one in re.findall(r"\d{1,6}", text)]
    if text and not found:
        raise BadInput("Give entry numbers, like 4 7 12.", field=field)
    return found


def late_blocks(question: str) -> list[kit.Block]:
    """When it happened, if earlier, and why it is entered only now."""
    return [
        kit.ask("at", question, kit.datetime_picker("at"), optional=True),
        kit.ask("late", "And why only now?", kit.text_input("late", most=300), optional=True,
                hint="Needed when it is more than ten minutes ago."),
    ]  # fmt: skip


async def note_verb(request: Request) -> Answer:
    """``/incident note TEXT``."""
    if not request.text:
        return await record_form(request)
    text = kit.unescape(request.text)
    return await request.change_incident(lambda tx, row: items.note(tx, row, text), kept)


async def hypothesis_verb(request: Request) -> Answer:
    """``/incident hypothesis TEXT``, or ``hypothesis 7 supported|refuted|open WHY``."""
    words = kit.unescape(request.text).split(maxsplit=2)
    if len(words) >= 2 and _NUMBER.match(words[0]) and words[1].lower() in items.STATUSES:
        n, status = int(words[0].lstrip("#")), words[1].lower()
        why = words[2] if len(words) > 2 else ""
        by = [int(found) for found in re.findall(r"#(\d{1,6})\b", why)]
        return await request.change_incident(
            lambda tx, row: items.settle(tx, row, n, status, why, by), kept
        )
    if not request.text:
        return await record_form(request, "hypothesis")
    text = kit.unescape(request.text)
    return await request.change_incident(lambda tx, row: items.suppose(tx, row, text), kept)


async def evidence_verb(request: Request) -> Answer:
    """``/incident evidence WHAT AND WHERE``; a SHA-256 in the text is taken as its hash."""
    if not request.text:
        return await record_form(request, "evidence")
    text = kit.unescape(request.text)
    return await request.change_incident(lambda tx, row: items.evidence(tx, row, text), kept)


async def correct_verb(request: Request) -> Answer:
    """``/incident correct 7 NEW TEXT``: a new entry that points at the old one."""
    first, _, text = kit.unescape(request.text).partition(" ")
    if not _NUMBER.match(first) or not text.strip():
        raise BadInput(
            "Say which entry and how it should read.", instead="`/incident correct 7 NEW TEXT`"
        )
    n = int(first.lstrip("#"))
    return await request.change_incident(lambda tx, row: items.correct(tx, row, n, text), kept)


async def withdraw_verb(request: Request) -> Answer:
    """``/incident withdraw 7 because WHY``: it is no longer held to be true, and stays readable."""
    which, why = numbered(request.text)
    if not which.isdigit() or not why:
        raise BadInput(
            "Say which entry, and why it no longer holds.",
            instead="`/incident withdraw 7 because …`",
        )
    n = int(which[:6])
    return await request.change_incident(
        lambda tx, row: items.withdraw(tx, row, n, why),
        lambda recorded: only_you(
            f"Entry {n} is withdrawn by entry {recorded.n}. It stays readable."
        ),
    )


# --- forms -------------------------------------------------------------------------------------


async def record_form(request: Request, kind: str = "note") -> Answer:
    """One form for facts, hypotheses and evidence."""
    content = request.house.env.content
    number = await request.read_incident(lambda session, row: row.number)
    request.open(_record_view(content, number, request.channel, kind))
    return None


async def record_button(request: Request) -> Answer:
    """The card's button."""
    return await record_form(request, str(request.packed.get("k", "note")))


def _record_view(content: Content, number: int, channel: str | None, kind: str) -> kit.Element:
    kinds = [
        kit.option("A fact", "note"),
        kit.option("A hypothesis: something we suspect", "hypothesis"),
        kit.option("Evidence: something that is kept", "evidence"),
    ]
    shapes = [kit.option(each.title, each.id) for each in content.evidence.values()]
    blocks = [
        kit.ask("kind", "What is it?", kit.radio("kind", kinds, initial=kind)),
        kit.ask(
            "text", "In your words", kit.text_input("text", multiline=True),
            hint="No leaked data and no names of affected people: say where it is kept instead.",
        ),
        kit.ask(
            "shape", "If evidence: which kind", kit.select("shape", shapes), optional=True
        ),
        kit.ask(
            "source", "If evidence: where it came from", kit.text_input("source"), optional=True,
            hint="The system, log or person.",
        ),
        kit.ask(
            "location", "If evidence: where it is kept or sealed", kit.text_input("location"),
            optional=True,
        ),
        kit.ask(
            "custodian", "If evidence: who is in charge of it", kit.text_input("custodian"),
            optional=True,
        ),
        kit.ask(
            "sha256", "If evidence: its SHA-256", kit.text_input("sha256"), optional=True
        ),
        *late_blocks("If it happened earlier: when"),
    ]  # fmt: skip
    meta = kit.pack(i=number, c=channel)
    return kit.modal("record_submit", f"Record of {ref(number)}", blocks, submit="Add", meta=meta)


async def record_submit(request: Request) -> Answer:
    """The form was sent."""
    values = request.values
    kind, text = values.choice("kind") or "note", values.text("text")
    more: dict[str, Any] = {"at": values.moment("at"), "late": values.text("late")}

    def verb(tx: Tx, row: Incident) -> Recorded:
        if kind == "hypothesis":
            return items.suppose(tx, row, text, **more)
        if kind == "evidence":
            return items.evidence(
                tx, row, text, kind=values.choice("shape") or "other", source=values.text("source"),
                location=values.text("location"), custodian=values.text("custodian"),
                sha256=values.text("sha256"), **more,
            )  # fmt: skip
        return items.note(tx, row, text, **more)

    return await request.change_incident(verb, kept)


# --- messages ----------------------------------------------------------------------------------


def evidence_of(message: dict[str, Any], channel: str, link: str = "") -> Evidence:
    """A Slack message as evidence: text, author, time, link."""
    ts = message["ts"]
    posted = datetime.fromtimestamp(float(ts), UTC)
    from bot.timing import rfc3339

    return Evidence(
        channel=channel, ts=ts, posted_at=rfc3339(posted), text=message.get("text") or "(no text)",
        author=message.get("user") or message.get("bot_id") or "unknown", permalink=link,
    )  # fmt: skip


def permalink(body: dict[str, Any], channel: str, ts: str) -> str:
    """The address of a message. Slack's pattern, so that no call is needed."""
    domain = (body.get("team") or {}).get("domain") or body.get("team_domain")
    if not domain:
        return f"slack://channel?id={channel}&message={ts}"
    return f"https://{domain}.slack.com/archives/{channel}/p{ts.replace('.', '')}"


async def add_to_record(request: Request) -> Answer:
    """The message shortcut: keep this message as it stands."""
    message, channel = request.message(), request.channel or ""
    shown = evidence_of(message, channel, permalink(request.body, channel, message["ts"]))

    def answer(found: tuple[Recorded | None, bool]) -> Answer:
        recorded, new = found
        if not new or recorded is None:
            return only_you("This message is on the record already.")
        return kept(recorded)

    return await request.change_incident(
        lambda tx, row: items.capture(tx, row, shown, "shortcut"), answer
    )


async def reaction_added(emoji: str, request: Request) -> Answer:
    """Reacting with the emoji keeps the message. The message is read from Slack afterwards."""
    event = request.body["event"]
    item = event.get("item") or {}
    channel, ts = item.get("channel"), item.get("ts")
    if event.get("reaction") != emoji or item.get("type") != "message" or not (channel and ts):
        return None

    def verb(tx: Tx) -> None:
        row = queries.by_channel(tx.session, channel)
        if row is None or items.captured(tx, channel, ts, row.number):
            return
        items.ask_capture(tx, row, channel, ts, event.get("item_user") or "")

    return await request.change(verb)


async def message_event(request: Request) -> Answer:
    """A captured message was edited or deleted: an entry is added, none is changed."""
    event = request.body["event"]
    subtype = event.get("subtype")
    if subtype not in ("message_changed", "message_deleted"):
        return None
    deleted = subtype == "message_deleted"
    before = event.get("previous_message") or {}
    ts = str(event.get("deleted_ts") or (event.get("message") or before).get("ts"))
    text = "" if deleted else (event.get("message") or {}).get("text", "")
    channel = request.channel or ""
    if not await request.read(lambda session: items.is_captured(session, channel, ts)):
        return None
    return await request.change(
        lambda tx: items.message_changed(tx, channel, ts, text, deleted=deleted), lambda _: None
    )


def surface(emoji: str) -> Surface:
    """The emoji is a setting."""
    return Surface(
        verbs={
            "note": note_verb,
            "hypothesis": hypothesis_verb,
            "evidence": evidence_verb,
            "correct": correct_verb,
            "withdraw": withdraw_verb,
        },
        actions={"record_form": record_button},
        views={"record_submit": record_submit},
        shortcuts={"add_to_record": add_to_record},
        events={"reaction_added": partial(reaction_added, emoji), "message": message_event},
    )
