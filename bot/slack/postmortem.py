"""The postmortem in Slack: show its head, write sections and factors, review, post, export."""

from __future__ import annotations

import re
from typing import Any

from sqlmodel import Session

from bot.incident.names import ref
from bot.playbook.load import Content
from bot.postmortem import blameless, sections, verbs
from bot.postmortem.model import Document
from bot.record.tx import Tx
from bot.slack import kit
from bot.slack.postmortem_words import document_of, head_blocks, how_to_export, wordings
from bot.slack.request import Answer, Request, only_you
from bot.slack.router import Surface
from db.tables import Incident, Postmortem

Params = dict[str, Any]


# --- showing ----------------------------------------------------------------------------------


async def postmortem_verb(request: Request) -> Answer:
    """``/incident postmortem``: how it stands, and what can be done about it."""
    content = request.house.env.content

    def look(session: Session, incident: Incident) -> Answer:
        document = document_of(session, incident, content)
        blocks = [*head_blocks(document), *_next(session, incident, document)]
        return only_you(f"Postmortem of {document.ref}", blocks)

    return await request.read_incident(look)


def _next(session: Session, incident: Incident, document: Document) -> list[kit.Block]:
    here = kit.pack(i=incident.number)
    missing = [one.title for one in document.written if not one.text]
    ended = incident.status in ("resolved", "closed")
    blocks = [
        kit.section(
            "Still empty: " + ", ".join(missing) if missing else "Every section is written.",
            accessory=kit.select("pm_write", _choices(incident, document), placeholder="Write …"),
        ),
        kit.actions(
            kit.button("Add an action item", "action_form", here),
            kit.button("Mark as reviewed", "pm_review", here) if ended else None,
            kit.button("Post to channel", "pm_post", here),
            kit.button("Export", "pm_export", here),
        ),
    ]
    questions = sections.prompts(session, incident)
    if questions:
        listed = "\n".join(f"• {kit.esc(one)}" for one in questions[:10])
        blocks.insert(0, kit.section(f"*Questions of the playbook*\n{listed}"))
    return blocks


def _choices(incident: Incident, document: Document) -> list[kit.Element]:
    out = [
        kit.option(one.title, kit.pack(i=incident.number, s=one.key)) for one in sections.SECTIONS
    ]
    out.append(kit.option("Add a contributing factor", kit.pack(i=incident.number, s="factor")))
    for one in document.factors:
        label = kit.clip(f"Factor {one.number}: {one.text}", 75)
        out.append(kit.option(label, kit.pack(i=incident.number, s="factor", f=one.number)))
    return out


# --- writing ----------------------------------------------------------------------------------


async def write(request: Request) -> Answer:
    """A section or a factor was chosen: its form, with the text so far and advice on it."""
    key = str(request.packed.get("s"))
    content = request.house.env.content

    def look(session: Session, incident: Incident) -> kit.Element:
        row = session.get(Postmortem, incident.number)
        questions = sections.prompts(session, incident)
        if key == "factor":
            return _factor_form(request, incident, row, questions)
        found = row.sections.get(key, {}) if row is not None else {}
        text = found.get("text", "")
        if not text and key == "summary":
            text = incident.summary
        advice = blameless.check(text, content.blameless)
        return section_form(
            incident, key, text, found.get("n", 0), request.channel, questions, advice
        )

    request.open(await request.read_incident(look))
    return None


def section_form(
    incident: Incident, key: str, text: str, n: int, channel: str | None, questions: list[str],
    advice: list[blameless.Finding], saved: bool = False,
) -> kit.Element:  # fmt: skip
    """One section. ``n`` is the entry that holds the text shown, so that nobody is overwritten."""
    section = sections.section(key)
    box = kit.text_input("text", multiline=True, initial=text, most=verbs.TEXT_MAX)
    blocks = [
        *_advice(advice, saved),
        kit.ask("text", section.title, box, optional=True, hint=section.ask),
    ]
    if questions and key in ("summary", "hard", "lucky", "went_well"):
        blocks.append(_questions(questions))
    blocks.append(
        kit.context("Write what the work was like. People appear as roles in the document.")
    )
    meta = kit.pack(i=incident.number, c=channel, s=key, n=n)
    return kit.modal("pm_section", f"Postmortem {ref(incident.number)}", blocks, meta=meta)


def _questions(questions: list[str]) -> kit.Block:
    return kit.context("\n".join(f"• {kit.esc(one)}" for one in questions[:10]))


def _advice(found: list[blameless.Finding], saved: bool) -> list[kit.Block]:
    """What the words rules noticed: advice, never an obstacle."""
    if not found:
        return []
    head = "*Saved.* A thought on the wording:" if saved else "*A thought on the wording:*"
    lines = [
        f"• “{kit.esc(one.found)}”: {kit.esc(one.why)} {kit.esc(one.suggestion)}"
        for one in found[:6]
    ]
    last = "\nChange it and save again, or close: it is kept as it is." if saved else ""
    return [kit.section(head + "\n" + "\n".join(lines) + last)]


async def section_submit(request: Request) -> Answer:
    """Saved; with findings the form stays open with the advice."""
    key, seen = str(request.packed.get("s")), int(request.packed.get("n", 0))
    text = request.values.text("text")
    content = request.house.env.content
    advice = blameless.check(text, content.blameless)

    def verb(tx: Tx, incident: Incident) -> kit.Element | None:
        entry = verbs.write(tx, incident, key, text, seen)
        if not advice or entry is None:
            return None
        questions = sections.prompts(tx.session, incident)
        return section_form(
            incident, key, text, entry.n or 0, request.channel, questions, advice, saved=True
        )

    return await request.change_incident(verb, _saved)


def _saved(view: kit.Element | None) -> Answer:
    if view is not None:
        return {"response_action": "update", "view": view}
    return only_you("Saved. `/incident postmortem` shows the whole.")


def _factor_form(
    request: Request, incident: Incident, row: Postmortem | None, questions: list[str]
) -> kit.Element:
    number = request.packed.get("f")
    known = row.factors if row is not None else []
    blank: dict[str, Any] = {"text": "", "entries": []}
    found = next((one for one in known if one["number"] == number), blank)
    advice = blameless.check(found["text"], request.house.env.content.blameless)
    numbers = " ".join(str(one) for one in found["entries"])
    blocks = [
        *_advice(advice, saved=False),
        kit.ask(
            "text", "What contributed?",
            kit.text_input("text", multiline=True, initial=found["text"], most=1000),
            hint=sections.FACTOR.ask,
        ),
        kit.ask(
            "entries", "Which entries show it?", kit.text_input("entries", initial=numbers),
            optional=True, hint="Entry numbers, like 4 7 12: `/incident timeline` has them.",
        ),
    ]  # fmt: skip
    if number is not None:
        gone = kit.checkboxes("gone", [kit.option("It did not contribute after all", "yes")])
        blocks.append(kit.ask("gone", "Take it back?", gone, optional=True))
    if questions:
        blocks.append(_questions(questions))
    meta = kit.pack(i=incident.number, c=request.channel, f=number)
    return kit.modal("pm_factor", f"Factor of {ref(incident.number)}", blocks, meta=meta)


async def factor_submit(request: Request) -> Answer:
    """A factor was named, changed or taken back."""
    number, values = request.packed.get("f"), request.values
    entries = [int(found) for found in re.findall(r"\d{1,6}", values.text("entries"))]
    text = values.text("text")
    advice = blameless.check(text, request.house.env.content.blameless)

    def verb(tx: Tx, incident: Incident) -> str:
        if number is not None and values.choices("gone"):
            verbs.withdraw_factor(tx, incident, int(number))
            return f"Contributing factor {number} is taken back."
        named = verbs.name_factor(tx, incident, text, entries, number)
        hints = "".join(f"\n• “{kit.esc(one.found)}”: {one.suggestion}" for one in advice[:4])
        thought = f"\nA thought on the wording:{hints}" if hints else ""
        return f"Contributing factor {named} is on the record.{thought}"

    return await request.change_incident(verb, only_you)


# --- review, post, export -----------------------------------------------------------------------


async def review_form(request: Request) -> Answer:
    """The form of the reviewer: what was read, and a word on it."""
    content = request.house.env.content

    def look(session: Session, incident: Incident) -> kit.Element:
        document = document_of(session, incident, content)
        missing = [one.title for one in document.written if not one.text]
        lines = [
            "You confirm that you read the whole document and that it is fit to learn from.",
            f"Digest of what you read: `{document.proof.digest[:16]}…`",
        ]
        if missing:
            lines.append(f":warning: Still empty: {', '.join(missing)}")
        if not document.actions:
            lines.append(":warning: There is no action item.")
        blocks = [
            kit.section("\n".join(lines)),
            kit.ask(
                "comment", "Your comment", kit.text_input("comment", multiline=True), optional=True
            ),
        ]
        meta = kit.pack(i=incident.number, c=request.channel, d=document.proof.digest)
        title = f"Review {ref(incident.number)}"
        return kit.modal("pm_reviewed", title, blocks, submit="Mark as reviewed", meta=meta)

    request.open(await request.read_incident(look))
    return None


async def review_submit(request: Request) -> Answer:
    """The reviewer confirmed. The digest is that of the text they had before them."""
    seen, comment = str(request.packed.get("d")), request.values.text("comment")
    return await request.change_incident(
        lambda tx, incident: verbs.review(tx, incident, seen, comment),
        lambda entry: only_you(f"Reviewed; on the record as entry {entry.n}."),
    )


async def post(request: Request) -> Answer:
    """Post the head into the channel."""
    return await request.change_incident(
        verbs.post, lambda _: only_you("It is being posted to the channel.")
    )


async def export(request: Request) -> Answer:
    """How to get the whole document."""

    def look(session: Session, incident: Incident) -> Answer:
        return only_you(how_to_export(incident))

    return await request.read_incident(look)


def surface(content: Content, base_url: str = "") -> Surface:
    """Everything about the postmortem; messages build the document from ``content``."""
    return Surface(
        verbs={"postmortem": postmortem_verb},
        actions={
            "postmortem_show": postmortem_verb,
            "pm_write": write,
            "pm_review": review_form,
            "pm_post": post,
            "pm_export": export,
        },
        views={
            "pm_section": section_submit,
            "pm_factor": factor_submit,
            "pm_reviewed": review_submit,
        },
        wordings=wordings(content, base_url),
    )
