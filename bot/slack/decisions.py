"""Decisions in Slack: by word, by form, and what is said of them."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlmodel import Session

from bot.errors import BadInput
from bot.incident import items
from bot.incident.names import ref
from bot.record.catalogue import DecisionOption
from bot.record.read import entries
from bot.slack import kit
from bot.slack.record import kept, late_blocks, only_numbers
from bot.slack.request import Answer, Request
from bot.slack.router import Surface
from bot.slack.wording import Message, mark, simple
from bot.timing import rfc3339
from db.tables import Incident

#: Characters of people's words that are repeated in the channel; the record has them all.
ECHO = 300


async def decide_verb(request: Request) -> Answer:
    """``/incident decide TEXT [because WHY]``; alone, the form with options and reasons."""
    if not request.text:
        return await decision_form(request)
    text, _, why = kit.unescape(request.text).partition(" because ")
    return await request.change_incident(
        lambda tx, row: items.decide(tx, row, text, rationale=why), kept
    )


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
            hint="What it breaks, and what it costs.",
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
    blocks = [
        kit.ask("text", "What was decided?", kit.text_input("text", multiline=True)),
        *_expected("text", "this"),
        kit.ask("other1", "What else was considered?", kit.text_input("other1"), optional=True),
        *_expected("other1", "that"),
        kit.ask("other2", "And what besides?", kit.text_input("other2"), optional=True),
        *_expected("other2", "that"),
        *_grounds(),
        *_effects(),
        kit.divider(),
        kit.ask(
            "decider", "Who decided?", kit.user_select("decider", request.user), optional=True,
            hint="Somebody else, if you write it down for them.",
        ),
        *late_blocks("If it was decided earlier: when"),
    ]  # fmt: skip
    meta = kit.pack(i=number, c=request.channel)
    request.open(
        kit.modal("decision_submit", "Record a decision", blocks, submit="Record", meta=meta)
    )
    return None


def _grounds() -> list[kit.Block]:
    """Why: reasons, what it relies on, how sure, who disagreed."""
    sure = [kit.option(word.capitalize(), word) for word in ("suspected", "likely", "confirmed")]
    return [
        kit.ask("why", "Why this one?", kit.text_input("why", multiline=True), optional=True),
        kit.ask(
            "facts", "Which entries does it rely on?", kit.text_input("facts"), optional=True,
            hint="Entry numbers, like 4 7 12.",
        ),
        kit.ask(
            "hypothesis", "On which hypothesis does it rest?", kit.text_input("hypothesis"),
            optional=True, hint="Its entry number.",
        ),
        kit.ask("confidence", "How sure are we?", kit.select("confidence", sure), optional=True),
        kit.ask(
            "dissent", "Who disagreed, and why?", kit.text_input("dissent", multiline=True),
            optional=True,
        ),
    ]  # fmt: skip


def _effects() -> list[kit.Block]:
    """What follows: people affected, the way back, until when."""
    reversible = [
        kit.option("Can be taken back", "reversible"),
        kit.option("Can be taken back with outside help", "external-reversible"),
        kit.option("Cannot be taken back", "irreversible"),
        kit.option("Changes nothing, only looks", "read-only"),
    ]
    return [
        kit.ask(
            "affected_groups", "Whom does it affect, and how?",
            kit.text_input("affected_groups", multiline=True), optional=True,
            hint="Think of children, patients, people in crisis, people who speak another language.",
        ),
        kit.ask(
            "reversibility", "Can it be taken back?", kit.select("reversibility", reversible),
            optional=True,
        ),
        kit.ask("rollback", "How?", kit.text_input("rollback"), optional=True),
        kit.ask(
            "review_at", "Look at it again at", kit.datetime_picker("review_at"), optional=True,
            hint="Whoever decided and the commander are reminded.",
        ),
        kit.ask("expires_at", "It holds until", kit.datetime_picker("expires_at"), optional=True),
        kit.ask(
            "supersedes", "Which decision does it replace?", kit.text_input("supersedes"),
            optional=True, hint="Its entry number.",
        ),
    ]  # fmt: skip


async def decision_submit(request: Request) -> Answer:
    """The decision form was sent."""
    values = request.values
    text, options = values.text("text"), _options(values)
    more: dict[str, Any] = {
        "rationale": values.text("why"),
        "options": options,
        "chosen": text if options else "",
        "facts": only_numbers(values.text("facts"), "facts"),
        "hypothesis": _one_number(values, "hypothesis"),
        "supersedes": _one_number(values, "supersedes"),
        "confidence": values.choice("confidence") or "unknown",
        "reversibility": values.choice("reversibility") or "unknown",
        "rollback": values.text("rollback"),
        "affected_groups": values.text("affected_groups"),
        "dissent": [line for line in values.text("dissent").splitlines() if line.strip()],
        "review_at": _moment(values.moment("review_at")),
        "expires_at": _moment(values.moment("expires_at")),
        "decider": values.user("decider"),
        "at": values.moment("at"),
        "late": values.text("late"),
    }
    return await request.change_incident(lambda tx, row: items.decide(tx, row, text, **more), kept)


def _one_number(values: kit.Values, field: str) -> int | None:
    found = only_numbers(values.text(field), field)
    if len(found) > 1:
        raise BadInput("One number, please.", field=field)
    return found[0] if found else None


def _moment(at: datetime | None) -> str | None:
    return rfc3339(at) if at else None


# --- what is said of it ---------------------------------------------------------------------------


def _decision_said(session: Session, incident: Incident | None, params: dict[str, Any]) -> Message:
    said, why = str(params["statement"]), str(params.get("why") or "")
    text = f":memo: Decision {params['n']} by {kit.person(params['by'])}: {kit.esc(_short(said))}"
    if why:
        text += f"\n>{kit.esc(_short(why))}"
    if len(said) > ECHO or len(why) > ECHO:
        text += f"\nAs a whole: `/incident timeline {params['n']}`"
    return simple(incident, text, "A decision was recorded")


def _decision_due(session: Session, incident: Incident | None, params: dict[str, Any]) -> Message:
    """The words are read from the record, where they can be erased."""
    assert incident is not None
    number, n = incident.number, int(params["n"])
    found = next(entries(session, number, after=n - 1, limit=1), None)
    said = kit.esc(_short(found.entry.statement)) if found is not None else ""
    when = "is *over*" if params.get("over") else "is to be *looked at again* now"
    text = (
        f"{mark(incident)}Decision {n} of *{ref(number)}* {when}.\n>{said}\n"
        f"Decide anew, or what comes instead: `/incident decide`. As a whole: `/incident timeline {n}`"
    )
    return Message(f"Decision {n} of {ref(number)} is due", [kit.section(text)])


def _short(text: str) -> str:
    return kit.clip(" ".join(text.split()), ECHO)


SURFACE = Surface(
    verbs={"decide": decide_verb},
    actions={"decision_form": decision_form},
    views={"decision_submit": decision_submit},
    wordings={"decision": _decision_said, "decision_due": _decision_due},
)
