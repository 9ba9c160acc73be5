"""Facts, decisions, hypotheses, evidence: by word, by form, by emoji, by shortcut."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from functools import partial
from typing import Any

from sqlmodel import Session

from bot.errors import BadInput
from bot.incident import items, queries
from bot.incident.names import ref
from bot.incident.opening import Evidence
from bot.playbook.load import Content
from bot.record.catalogue import DecisionOption
from bot.record.entry import Recorded
from bot.record.tx import Tx
from bot.slack import kit
from bot.slack.request import Answer, Request, only_you
from bot.slack.router import Surface
from bot.slack.wording import Message, simple
from db.tables import Incident

#: Characters of people's words that are repeated in the channel; the record has them all.
ECHO = 300
_NUMBER = re.compile(r"#?(\d{1,6})\Z")


def _kept(recorded: Recorded) -> Answer:
    return only_you(f"On the record as entry {recorded.n}.")


async def note_verb(request: Request) -> Answer:
    """``/incident note TEXT``."""
    if not request.text:
        return await record_form(request)
    text = kit.unescape(request.text)
    return await request.change_incident(lambda tx, row: items.note(tx, row, text), _kept)


async def decide_verb(request: Request) -> Answer:
    """``/incident decide TEXT [because WHY]``; alone, the form with options and reasons."""
    if not request.text:
        return await decision_form(request)
    text, _, why = kit.unescape(request.text).partition(" because ")
    return await request.change_incident(
        lambda tx, row: items.decide(tx, row, text, rationale=why), _kept
    )


async def hypothesis_verb(request: Request) -> Answer:
    """``/incident hypothesis TEXT``, or ``hypothesis 7 supported|refuted|open WHY``."""
    words = kit.unescape(request.text).split(maxsplit=2)
    if len(words) >= 2 and _NUMBER.match(words[0]) and words[1].lower() in items.STATUSES:
        n, status = int(words[0].lstrip("#")), words[1].lower()
        why = words[2] if len(words) > 2 else ""
        by = [int(found) for found in re.findall(r"#(\d{1,6})\b", why)]
        return await request.change_incident(
            lambda tx, row: items.settle(tx, row, n, status, why, by), _kept
        )
    if not request.text:
        return await record_form(request, "hypothesis")
    text = kit.unescape(request.text)
    return await request.change_incident(lambda tx, row: items.suppose(tx, row, text), _kept)


async def evidence_verb(request: Request) -> Answer:
    """``/incident evidence WHAT AND WHERE``; a SHA-256 in the text is taken as its hash."""
    if not request.text:
        return await record_form(request, "evidence")
    text = kit.unescape(request.text)
    return await request.change_incident(lambda tx, row: items.evidence(tx, row, text), _kept)


async def correct_verb(request: Request) -> Answer:
    """``/incident correct 7 NEW TEXT``: a new entry that points at the old one."""
    first, _, text = kit.unescape(request.text).partition(" ")
    if not _NUMBER.match(first) or not text.strip():
        raise BadInput(
            "Say which entry and how it should read.", instead="`/incident correct 7 NEW TEXT`"
        )
    n = int(first.lstrip("#"))
    return await request.change_incident(lambda tx, row: items.correct(tx, row, n, text), _kept)


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
            "location", "If evidence: where it is kept, and by whom", kit.text_input("location"),
            optional=True,
        ),
        kit.ask(
            "at", "If it happened earlier: when", kit.datetime_picker("at"), optional=True
        ),
    ]  # fmt: skip
    meta = kit.pack(i=number, c=channel)
    return kit.modal("record_submit", f"Record of {ref(number)}", blocks, submit="Add", meta=meta)


async def record_submit(request: Request) -> Answer:
    """The form was sent."""
    values = request.values
    kind, text = values.choice("kind") or "note", values.text("text")
    at = values.moment("at")

    def verb(tx: Tx, row: Incident) -> Recorded:
        if kind == "hypothesis":
            return items.suppose(tx, row, text)
        if kind == "evidence":
            shape = values.choice("shape") or "other"
            return items.evidence(tx, row, text, kind=shape, location=values.text("location"))
        late = "entered later through the form" if at else ""
        return items.note(tx, row, text, at=at, late=late)

    return await request.change_incident(verb, _kept)


#: The decision itself and the options beside it, by the names of their fields.
_OPTIONS = ("text", "other1", "other2")


def _expected(name: str, which: str) -> list[kit.Block]:
    """What an option is expected to do: good and bad."""
    return [
        kit.ask(
            f"{name}_harm", f"How much harm does {which} take away?",
            kit.text_input(f"{name}_harm", most=500), optional=True,
        ),
        kit.ask(
            f"{name}_side", f"What are the side effects of {which}?",
            kit.text_input(f"{name}_side", most=500), optional=True,
        ),
    ]  # fmt: skip


def _options(values: kit.Values) -> list[DecisionOption]:
    """The decision first, then what else was considered; none when only the decision was named."""
    found = [
        DecisionOption(
            label=values.text(name), harm_reduction=values.text(f"{name}_harm"),
            side_effects=values.text(f"{name}_side"),
        )
        for name in _OPTIONS
    ]  # fmt: skip
    for name, one in zip(_OPTIONS, found, strict=True):
        if not one["label"] and (one["harm_reduction"] or one["side_effects"]):
            raise BadInput("What is this option?", instead="Name it in a few words.", field=name)
    said = [one for one in found if any(one.values())]
    alone = len(said) == 1 and not (said[0]["harm_reduction"] or said[0]["side_effects"])
    return [] if alone else said


async def decision_form(request: Request) -> Answer:
    """The lines of a good decision; only the first has to be filled in."""
    number = await request.read_incident(lambda session, row: row.number)
    reversible = [
        kit.option("Can be taken back", "reversible"),
        kit.option("Can be taken back with outside help", "external-reversible"),
        kit.option("Cannot be taken back", "irreversible"),
        kit.option("Changes nothing, only looks", "read-only"),
    ]
    blocks = [
        kit.ask("text", "What was decided?", kit.text_input("text", multiline=True)),
        *_expected("text", "this"),
        kit.ask("other1", "What else was considered?", kit.text_input("other1"), optional=True),
        *_expected("other1", "that"),
        kit.ask("other2", "And what besides?", kit.text_input("other2"), optional=True),
        *_expected("other2", "that"),
        kit.ask("why", "Why this one?", kit.text_input("why", multiline=True), optional=True),
        kit.ask(
            "facts", "Which entries does it rely on?", kit.text_input("facts"), optional=True,
            hint="Entry numbers, like 4 7 12.",
        ),
        kit.ask("back", "Can it be taken back?", kit.select("back", reversible), optional=True),
        kit.ask("rollback", "How?", kit.text_input("rollback"), optional=True),
        kit.ask(
            "dissent", "Who disagreed, and why?", kit.text_input("dissent", multiline=True),
            optional=True,
        ),
        kit.ask("review", "Look at it again at", kit.datetime_picker("review"), optional=True),
    ]  # fmt: skip
    meta = kit.pack(i=number, c=request.channel)
    request.open(
        kit.modal("decision_submit", "Record a decision", blocks, submit="Record", meta=meta)
    )
    return None


async def decision_submit(request: Request) -> Answer:
    """The decision form was sent."""
    from bot.timing import rfc3339

    values = request.values
    review = values.moment("review")
    text, options = values.text("text"), _options(values)
    more: dict[str, Any] = {
        "rationale": values.text("why"),
        "options": options,
        "chosen": text if options else "",
        "facts": [int(found) for found in re.findall(r"\d{1,6}", values.text("facts"))],
        "reversibility": values.choice("back") or "unknown",
        "rollback": values.text("rollback"),
        "dissent": [line for line in values.text("dissent").splitlines() if line.strip()],
        "review_at": rfc3339(review) if review else None,
    }
    return await request.change_incident(lambda tx, row: items.decide(tx, row, text, **more), _kept)


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
    kept = evidence_of(message, channel, permalink(request.body, channel, message["ts"]))

    def answer(found: tuple[Recorded | None, bool]) -> Answer:
        recorded, new = found
        if not new or recorded is None:
            return only_you("This message is on the record already.")
        return _kept(recorded)

    return await request.change_incident(
        lambda tx, row: items.capture(tx, row, kept, "shortcut"), answer
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


def _decision_said(session: Session, incident: Incident | None, params: dict[str, Any]) -> Message:
    said, why = str(params["statement"]), str(params.get("why") or "")
    text = f":memo: Decision {params['n']} by {kit.person(params['by'])}: {kit.esc(_short(said))}"
    if why:
        text += f"\n>{kit.esc(_short(why))}"
    if len(said) > ECHO or len(why) > ECHO:
        text += f"\nAs a whole: `/incident timeline {params['n']}`"
    return simple(incident, text, "A decision was recorded")


def _short(text: str) -> str:
    return kit.clip(" ".join(text.split()), ECHO)


def surface(emoji: str) -> Surface:
    """The emoji is a setting."""
    return Surface(
        verbs={
            "note": note_verb,
            "decide": decide_verb,
            "hypothesis": hypothesis_verb,
            "evidence": evidence_verb,
            "correct": correct_verb,
        },
        actions={"record_form": record_button, "decision_form": decision_form},
        views={"record_submit": record_submit, "decision_submit": decision_submit},
        shortcuts={"add_to_record": add_to_record},
        events={"reaction_added": partial(reaction_added, emoji), "message": message_event},
        wordings={"decision": _decision_said},
    )
