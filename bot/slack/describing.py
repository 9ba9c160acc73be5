"""``/incident rename``, ``families``, ``facts``: what the incident is, put into better words."""

from __future__ import annotations

from typing import Any

from sqlmodel import Session

from bot.incident import describing
from bot.incident.names import ref
from bot.incident.opening import TITLE_MAX
from bot.record.tx import Tx
from bot.slack import kit
from bot.slack.request import Answer, Request, only_you
from bot.slack.router import Surface
from bot.slack.wording import Message, simple
from db.tables import Incident


def _meta(incident: Incident, request: Request) -> str:
    return kit.pack(i=incident.number, c=request.channel)


def _said(text: str) -> Answer:
    return only_you(kit.esc(text))


# --- title ----------------------------------------------------------------------------------------


async def rename_verb(request: Request) -> Answer:
    """``/incident rename TITLE``; alone, the form with the title as it is."""
    title = kit.unescape(request.text)
    if title.strip():
        return await _rename(request, title)

    def look(session: Session, incident: Incident) -> kit.Element:
        text = kit.text_input("title", initial=incident.title, most=TITLE_MAX)
        ask = kit.ask(
            "title", "What is the system doing?", text, hint="The channel keeps its name."
        )
        return kit.modal(
            "rename_submit", f"Rename {ref(incident.number)}", [ask], submit="Rename",
            meta=_meta(incident, request),
        )  # fmt: skip

    request.open(await request.read_incident(look))
    return None


async def rename_submit(request: Request) -> Answer:
    """The form was sent."""
    return await _rename(request, request.values.text("title"))


async def _rename(request: Request, title: str) -> Answer:
    return await request.change_incident(
        lambda tx, incident: describing.rename(tx, incident, title), _said
    )


# --- kinds of harm --------------------------------------------------------------------------------


async def families_verb(request: Request) -> Answer:
    """``/incident families privacy-leakage, prompt-injection``; alone, the form."""
    words = kit.unescape(request.text)
    if words.strip():
        return await request.change_incident(
            lambda tx, incident: describing.set_families(
                tx, incident, describing.find_families(tx, words)
            ),
            _said,
        )
    families = request.house.env.content.families.values()

    def look(session: Session, incident: Incident) -> kit.Element:
        options = [kit.option(family.short, family.id) for family in families]
        chosen = kit.multi_select("families", options, initial=incident.families)
        ask = kit.ask("families", "What kind of harm?", chosen, hint="The first one leads.")
        return kit.modal(
            "families_submit", f"Harm of {ref(incident.number)}", [ask],
            meta=_meta(incident, request),
        )  # fmt: skip

    request.open(await request.read_incident(look))
    return None


async def families_submit(request: Request) -> Answer:
    """The form was sent."""
    chosen = request.values.choices("families")
    return await request.change_incident(
        lambda tx, incident: describing.set_families(tx, incident, chosen), _said
    )


# --- facts ----------------------------------------------------------------------------------------


async def facts_verb(request: Request) -> Answer:
    """``/incident facts minors_affected yes``; alone, what is known and a form."""
    name, _, value = kit.unescape(request.text).strip().partition(" ")
    if value.strip():
        return await _set(request, name, value)
    kinds = request.house.env.content.facts.values()

    def look(session: Session, incident: Incident) -> kit.Element:
        known = [
            f"• {kit.esc(kind.ask)} *{kit.esc(describing.in_words(incident.facts[kind.id]))}*"
            for kind in kinds if kind.id in incident.facts
        ]  # fmt: skip
        options = [kit.option(kind.ask, kind.id) for kind in kinds]
        blocks = [
            kit.section("\n".join(["*Known so far*", *known]) if known else "Nothing is known yet."),
            kit.ask("fact", "Which fact?", kit.select("fact", options, initial=name or None)),
            kit.ask(
                "value", "What is known?", kit.text_input("value", most=describing.TEXT_MAX),
                hint="yes, no, unknown, or words; the playbook goes by it.",
            ),
        ]  # fmt: skip
        return kit.modal(
            "facts_submit",
            f"Facts of {ref(incident.number)}",
            blocks,
            meta=_meta(incident, request),
        )

    request.open(await request.read_incident(look))
    return None


async def facts_submit(request: Request) -> Answer:
    """The form was sent."""
    return await _set(request, request.values.choice("fact") or "", request.values.text("value"))


async def _set(request: Request, name: str, value: str) -> Answer:
    def verb(tx: Tx, incident: Incident) -> str:
        return describing.set_fact(tx, incident, name, value)

    return await request.change_incident(verb, _said)


# --- messages -------------------------------------------------------------------------------------


def title_wording(session: Session, incident: Incident | None, params: dict[str, Any]) -> Message:
    """Said in the channel. The title is that of now: the words of then may be erased."""
    assert incident is not None
    who = kit.person(params["by"])
    return simple(
        incident,
        f":label: {who} put the title into better words: *{kit.esc(incident.title)}*",
        f"{ref(incident.number)} has another title",
    )


SURFACE = Surface(
    verbs={"rename": rename_verb, "families": families_verb, "facts": facts_verb},
    views={
        "rename_submit": rename_submit, "families_submit": families_submit,
        "facts_submit": facts_submit,
    },
    wordings={"title_changed": title_wording},
)  # fmt: skip
