"""How notices are spoken of in messages: to approvers, to authors, in the channel, and themselves."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

from sqlmodel import Session

from bot.comms import publish
from bot.comms.queries import said_yes
from bot.incident.names import ref
from bot.playbook.load import Content
from bot.slack import kit
from bot.slack.approvals import by_themselves
from bot.slack.notice_views import approval_buttons, publish_button, text_blocks
from bot.slack.router import Wording
from bot.slack.wording import Message, mark, simple
from db.tables import Incident, Notice

Params = dict[str, Any]


def published(session: Session, incident: Incident | None, params: Params) -> Message:
    """The notice itself, as it goes out: title and text and nothing else.

    Raises ``Conflict`` when the stored text is not the approved one, so that nothing is sent.
    """
    row = session.get(Notice, (params["incident"], params["number"]))
    assert row is not None
    publish.exact_text(row, params["digest"])
    return Message(kit.esc(row.title), text_blocks(row))


def asked(session: Session, incident: Incident | None, params: Params) -> Message:
    """To an approver: the exact text, what the checks found, yes or no."""
    assert incident is not None
    row = session.get(Notice, (incident.number, params["number"]))
    if row is None or row.digest != params["digest"]:
        return simple(
            incident,
            f"Notice {params['number']} was changed; this text is not asked for any more. "
            "The new one comes with its own buttons.",
        )
    if row.state != "submitted" or params.get("to") in said_yes(row):
        return simple(incident, _became(row, params.get("to")))
    head = (
        f"{mark(incident)}{kit.person(params['by'])} asks you to approve *notice {row.number}* of "
        f"*{ref(incident.number)}* for: {kit.esc(params['audience'])}. Your yes counts for exactly this text."
    )
    found = [kit.context(f":bulb: {kit.esc(text)}") for text in params["findings"][:8]]
    until = [kit.context(f"It lapses {kit.when(row.expires_at)}.")] if row.expires_at else []
    blocks = [
        kit.section(head), kit.divider(), *text_blocks(row), kit.divider(), *found, *until,
        kit.actions(*approval_buttons(incident, row.number, row.digest)),
    ]  # fmt: skip
    return Message(f"{mark(incident)}Your approval is asked for in {ref(incident.number)}", blocks)


def _became(row: Notice, person: str | None) -> str:
    """What became of a notice: said in place of the buttons."""
    name = f"Notice {row.number} of {ref(row.incident)}"
    yes = said_yes(row)
    if row.state == "submitted":
        return f"You approved {name}. Others must as well."
    if row.state in ("approved", "publishing", "published"):
        who = ", ".join(
            "you" if one == person else kit.person(one) + by_themselves(row.approvals, one)
            for one in yes
        ) or "somebody"  # fmt: skip
        out = " and is out" if row.state == "published" else ""
        return f":white_check_mark: {name} was approved by {who}{out}."
    return f"{name} is {row.state} by now; nothing to approve."


def approved(session: Session, incident: Incident | None, params: Params) -> Message:
    """To the authors: it can go out."""
    assert incident is not None
    row = session.get(Notice, (incident.number, params["number"]))
    text = f"{mark(incident)}Notice {params['number']} of {ref(incident.number)} is approved."
    if row is None or row.state != "approved":
        return Message(text, [kit.section(text)])
    return Message(text, [kit.section(text), kit.actions(publish_button(incident, row))])


def returned(session: Session, incident: Incident | None, params: Params) -> Message:
    """To the authors: what should change."""
    assert incident is not None
    text = (
        f"{kit.person(params['by'])} sent notice {params['number']} of {ref(incident.number)} back: "
        f"{kit.esc(kit.clip(params['comment'], 1500))}"
    )
    return _with_edit(incident, text, params["number"])


def expired(session: Session, incident: Incident | None, params: Params) -> Message:
    """To the authors: it lapsed."""
    assert incident is not None
    why = "nobody approved it" if params["was"] == "submitted" else "it was not published"
    text = f"Notice {params['number']} of {ref(incident.number)} lapsed: {why} in time. Look at it and ask anew."
    return _with_edit(incident, text, params["number"])


def _with_edit(incident: Incident, text: str, number: int) -> Message:
    packed = kit.pack(i=incident.number, k=number)
    shown = mark(incident) + text
    edit = kit.button("Edit", f"notice_open:{number}", packed, style="primary")
    return Message(
        f"Notice {number} of {ref(incident.number)} needs you",
        [kit.section(shown), kit.actions(edit)],
    )


def _people(users: list[str]) -> str:
    return ", ".join(map(kit.person, users)) or "nobody (nobody holds the role yet)"


def _alone(session: Session, incident: Incident | None, params: Params) -> str:
    """How whoever approved last came by their role, when it was by themselves."""
    row = session.get(Notice, (incident.number, params.get("number"))) if incident else None
    if row is None or not row.approvals:
        return ""
    return by_themselves(row.approvals, params.get("by") or row.approvals[-1]["by"])


def _said(
    content: Content, sentence: str, session: Session, incident: Incident | None, params: Params
) -> Message:
    """One line for the channel; it never shows the text."""
    shown = {name: kit.esc(str(value)) for name, value in params.items()}
    shown["by"] = kit.person(params.get("by"))
    shown["alone"] = _alone(session, incident, params)
    shown["people"] = _people(params.get("people") or [])
    shown["needed"] = kit.names_only(str(params.get("needed", "")))
    audience = content.audiences.get(str(params.get("audience")))
    shown["audience"] = kit.esc(audience.title if audience else str(params.get("audience")))
    return simple(incident, sentence.format_map(shown))


def wordings(content: Content) -> Mapping[str, Wording]:
    """All wordings; those for the channel never show the text."""
    return {
        "notice": published,
        "notice_asked": asked,
        "notice_approved": approved,
        "notice_returned": returned,
        "notice_expired": expired,
        **{name: partial(_said, content, sentence) for name, sentence in _SAID.items()},
    }


_SAID = {
    "notice_submitted_said": ":loudspeaker: Notice {number} ({audience}) waits for approval by {people}.",
    "notice_waiting_said": ":loudspeaker: Notice {number} ({audience}) still waits for approval. Needed: {needed}.",
    "notice_half_approved_said": ":loudspeaker: Notice {number} ({audience}) has one approval{alone}. Still needed: {needed}.",
    "notice_approved_said": ":loudspeaker: {by}{alone} approved notice {number} ({audience}). It can be published: `/incident notice {number}`",
    "notice_returned_said": ":loudspeaker: {by} sent notice {number} ({audience}) back to its author.",
    "notice_expired_said": ":loudspeaker: Notice {number} ({audience}) lapsed and is a draft again.",
    "notice_voided_said": ":loudspeaker: {by} changed notice {number} after it was {was}; it must be approved anew.",
    "notice_published_said": ":loudspeaker: Notice {number} ({audience}) is published: {places}.",
    "notice_console": ":loudspeaker: DRILL: notice {number} would have been published to {places}. Nothing left the house.",
}
