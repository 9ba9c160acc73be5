"""How the postmortem is spoken of in messages and on the card, and its head."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

from sqlmodel import Session

from bot.incident.names import ref
from bot.playbook.load import Content
from bot.playbook.values import Severity
from bot.postmortem import reminders, words
from bot.postmortem.model import Document
from bot.record.batch import Env
from bot.slack import kit
from bot.slack.router import Wording
from bot.slack.wording import Message, mark, simple
from bot.timing import from_rfc3339
from db.tables import Incident

Params = dict[str, Any]
#: Texts of the document shown in Slack are cut here; the whole is in the export.
SHOWN = 1200


def document_of(session: Session, incident: Incident, content: Content) -> Document:
    """The whole document, built from the record as it is now."""
    from bot.postmortem.build import build

    return build(session, incident, content)


def head_blocks(document: Document) -> list[kit.Block]:
    """Title, facts and the texts that people wrote, short."""
    title = f"*{kit.esc(words.heading(document))}*\n{kit.esc(words.review(document.review))}"
    blocks = [kit.section(title)]
    if document.drill:
        blocks.append(kit.context(f"*{words.BANNER}*"))
    times = [
        f"*{one.title}*\n{kit.when(one.at) if one.at else 'not yet'}"
        + (f" ({words.length(one.seconds)})" if one.at and one.measure else "")
        for one in document.milestones
    ]
    severity = document.severity or "never assessed"
    blocks.append(kit.fields([f"*Severity*\n{severity} · {document.tempo}", *times]))
    for one in document.written:
        if one.text:
            blocks.append(kit.section(f"*{one.title}*\n{kit.esc(kit.clip(one.text, SHOWN))}"))
    if document.factors:
        lines = [f"{one.number}. {_factor(one.text, one.entries)}" for one in document.factors[:8]]
        blocks.append(kit.section("*Contributing factors*\n" + "\n".join(lines)))
    open_now = sum(one.state in ("open", "done") for one in document.actions)
    counted = f"{len(document.timeline)} lines of timeline · {len(document.decisions)} decisions"
    actions = f"{len(document.actions)} action items, {open_now} not finished"
    blocks.append(kit.context(f"{counted} · {actions}"))
    return blocks


def _factor(text: str, entries: tuple[int, ...]) -> str:
    seen = words.entry_list(entries)
    return kit.esc(kit.clip(text, 250)) + (f" ({seen})" if seen else "")


def how_to_export(incident: Incident) -> str:
    """Where the whole document is to be had."""
    name = ref(incident.number)
    return (
        f"The whole document: `steadyhand export {name} --format html -o {name}.html` on the "
        "server. `md` and `json` exist as well. Each export is put on the record with its hash."
    )


def card_lines(session: Session, incident: Incident, env: Env) -> list[kit.Block]:
    """For the card: when the postmortem is due, until it is reviewed."""
    times = reminders.due(env.content, incident) if incident.status == "resolved" else {}
    open_now = [
        (at, what) for what, at in times.items() if reminders.waits(session, incident, what)
    ]
    if not open_now:
        return []
    at, what = min(open_now)
    name = "begun" if what == reminders.DRAFT else "written and reviewed"
    return [kit.context(f"Postmortem: to be {name} by {kit.when(at)}. `/incident postmortem`")]


def _begun(
    content: Content, session: Session, incident: Incident | None, params: Params
) -> Message:
    assert incident is not None
    level = content.level(Severity(incident.severity)) if incident.severity else None
    by = level.postmortem.draft or level.postmortem.review if level else None
    due = f" It is due within {by}." if by else ""
    text = (
        f"{mark(incident)}*The postmortem of {ref(incident.number)} is begun.* Timeline, "
        f"decisions and times are in it already.{due}\n"
        "Write what the record cannot know: impact, contributing factors, what went well."
    )
    here = kit.pack(i=incident.number)
    buttons = kit.actions(
        kit.button("Open the postmortem", "postmortem_show", here, style="primary"),
        kit.button("Add an action item", "action_form", here),
    )
    return Message(f"Postmortem of {ref(incident.number)}", [kit.section(text), buttons])


def _posted(
    content: Content, base_url: str, session: Session, incident: Incident | None, params: Params
) -> Message:
    assert incident is not None
    document = document_of(session, incident, content)
    blocks = head_blocks(document)
    blocks.append(kit.context(how_to_export(incident)))
    if base_url and not incident.private:
        blocks.append(kit.context(f"Status page: {base_url}/status"))
    return Message(f"Postmortem of {document.ref}", blocks)


def _reviewed(session: Session, incident: Incident | None, params: Params) -> Message:
    text = f"{kit.person(params['by'])} reviewed the postmortem. The action items go on."
    return simple(incident, text, "The postmortem is reviewed")


def _is_due(session: Session, incident: Incident | None, params: Params) -> Message:
    assert incident is not None
    if not reminders.waits(session, incident, params["what"]):
        return simple(incident, f"The postmortem of {ref(incident.number)} is done by now.")
    what = "begun" if params["what"] == reminders.DRAFT else "written and reviewed"
    when = kit.when(from_rfc3339(params["due"]))
    name = f"{mark(incident)}The postmortem of *{ref(incident.number)}*"
    text = f"{name} is to be {what} by {when}."
    here = kit.pack(i=incident.number)
    button = kit.button("Open the postmortem", "postmortem_show", here, style="primary")
    return Message(
        f"{ref(incident.number)}: the postmortem is due",
        [kit.section(text), kit.actions(button)],
    )


def wordings(content: Content, base_url: str) -> Mapping[str, Wording]:
    """All wordings; ``base_url`` leads to the status page."""
    return {
        "postmortem_begun": partial(_begun, content),
        "postmortem_due": _is_due,
        "postmortem_posted": partial(_posted, content, base_url),
        "postmortem_reviewed": _reviewed,
    }
