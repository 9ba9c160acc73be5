"""Notices: /incident notice, the forms, and the buttons of authors, approvers and publishers."""

from __future__ import annotations

import re
from collections.abc import Callable

from sqlmodel import Session

from bot.comms import approving, checks, notices, publish, queries
from bot.errors import BadInput, NotFound, Refusal
from bot.playbook.load import Content
from bot.record.tx import Tx
from bot.slack import kit, notice_views
from bot.slack.notice_views import card_lines, home_blocks
from bot.slack.notice_words import wordings
from bot.slack.request import Answer, Request, only_you
from bot.slack.router import Surface
from db.tables import Incident

__all__ = ["card_lines", "home_blocks", "surface"]

Doing = Callable[[Tx, Incident, int, str], str]


async def notice_verb(request: Request) -> Answer:
    """``/incident notice`` drafts; ``notice list`` shows all; ``notice 3`` shows one;
    ``notice users update`` drafts for that audience and stage."""
    words = request.text.lower().split()
    if words[:1] == ["list"]:
        return await notice_list(request)
    if words and re.fullmatch(r"#?\d{1,6}", words[0]):
        request.packed = {**request.packed, "k": int(words[0].lstrip("#"))}
        return await notice_show(request)
    if words:
        request.packed = {**request.packed, "a": words[0], "s": words[1] if words[1:] else None}
    return await notice_form(request)


async def notice_form(request: Request) -> Answer:
    """Ask for whom and at which point."""
    content = request.house.env.content
    audience, stage = request.packed.get("a"), request.packed.get("s")
    if audience is not None:
        notices.template_for(content, audience, stage or next(iter(content.stages)))

    def look(session: Session, incident: Incident) -> kit.Element:
        channel = request.channel
        return notice_views.choose_view(session, content, incident, channel, audience, stage)

    request.open(await request.read_incident(look))
    return None


async def notice_list(request: Request) -> Answer:
    """All notices of the incident."""
    content = request.house.env.content

    def look(session: Session, incident: Incident) -> list[kit.Block]:
        found = queries.notices(session, incident.number)
        return notice_views.list_blocks(content, incident, found, request.channel)

    return only_you("Notices", await request.read_incident(look))


async def notice_show(request: Request) -> Answer:
    """One notice in full, for this person alone."""
    return only_you(f"Notice {_number(request)}", await _shown(request))


async def notice_view(request: Request) -> Answer:
    """The same in a window, where there is no channel to answer in (App Home, a form)."""
    blocks = await _shown(request)
    request.open(
        kit.modal("said", f"Notice {_number(request)}", blocks, submit=None, close="Close"),
        push=_inside_form(request),
    )
    return None


async def _shown(request: Request) -> list[kit.Block]:
    content, number = request.house.env.content, _number(request)

    def look(session: Session, incident: Incident) -> list[kit.Block]:
        row = queries.notice(session, incident.number, number)
        return notice_views.notice_blocks(session, content, incident, row, request.user)

    return await request.read_incident(look)


async def notice_open(request: Request) -> Answer:
    """Open a stored text in the form again."""
    content, number = request.house.env.content, _number(request)

    def look(session: Session, incident: Incident) -> kit.Element:
        row = queries.notice(session, incident.number, number)
        return notice_views.text_view(
            content, incident, row, request.packed.get("c") or request.channel
        )

    request.open(await request.read_incident(look), push=_inside_form(request))
    return None


# --- forms ------------------------------------------------------------------------------------


def _chosen_number(value: str) -> int:
    """The number of a notice that was chosen. Raises ``BadInput`` for what no list of ours offers."""
    if not (value.isascii() and value.isdecimal() and len(value) <= 6):
        raise BadInput("There is no such notice.", field="corrects")
    return int(value)


async def notice_choose(request: Request) -> Answer:
    """Audience and stage were chosen: keep a draft and go on to questions or text."""
    content, values = request.house.env.content, request.values
    audience, stage = values.choice("audience") or "", values.choice("stage") or ""
    earlier = values.choice("corrects")

    def verb(tx: Tx, incident: Incident) -> Answer:
        kept = notices.draft(
            tx, incident, audience, stage, corrects=_chosen_number(earlier) if earlier else None
        )
        row = queries.notice(tx.session, incident.number, kept.number)
        template = notices.template_for(content, audience, stage)
        if template is not None and template.head.facts:
            return _update(
                notice_views.facts_view(tx.session, content, incident, row, request.channel)
            )
        return _update(notice_views.text_view(content, incident, row, request.channel))

    return await request.change_incident(verb, lambda answer: answer)


async def notice_facts(request: Request) -> Answer:
    """Questions were answered: put the answers into the text and show it."""
    content, number = request.house.env.content, _number(request)

    def verb(tx: Tx, incident: Incident) -> Answer:
        row = queries.notice(tx.session, incident.number, number)
        template = notices.template_for(content, row.audience, row.stage)
        asked = [fact.name for fact in template.head.facts] if template else []
        given = {name: request.values.text(name) for name in asked}
        notices.answer_facts(tx, incident, number, given)
        return _update(notice_views.text_view(content, incident, row, request.channel))

    return await request.change_incident(verb, lambda answer: answer)


async def notice_text(request: Request) -> Answer:
    """The text was sent: keep it, then check it again, ask for approval, or go to the questions."""
    number, version = _number(request), str(request.packed.get("v"))
    title = request.values.text(f"title_{version}")
    body = request.values.text(f"body_{version}")
    wanted = request.values.choice("next") or "save"

    def verb(tx: Tx, incident: Incident) -> Answer:
        notices.edit(tx, incident, number, title, body)
        return _after_text(tx, incident, number, wanted, request)

    try:
        return await request.change_incident(verb, lambda answer: answer)
    except Refusal as problem:
        if problem.field in ("title", "body"):
            problem.field = f"{problem.field}_{version}"
        raise


def _after_text(tx: Tx, incident: Incident, number: int, wanted: str, request: Request) -> Answer:
    content: Content = tx.env.content
    row = queries.notice(tx.session, incident.number, number)
    if wanted == "facts":
        return _update(notice_views.facts_view(tx.session, content, incident, row, request.channel))
    stops = checks.blocking(notices.findings(content, incident, row))
    if wanted == "ask" and not stops and row.state in ("draft", "returned"):
        return only_you(approving.submit(tx, incident, number))
    said = ":white_check_mark: Kept as it stands here."
    if wanted == "ask" and stops:
        said = ":no_entry: Kept, but not sent for approval yet. What stops it is listed below."
    elif wanted == "ask":
        said = f"Nothing was changed; the notice is {row.state} already."
    return _update(notice_views.text_view(content, incident, row, request.channel, said))


# --- buttons ----------------------------------------------------------------------------------


async def _do(request: Request, doing: Doing) -> Answer:
    number, digest = _number(request), str(request.packed.get("d") or "")
    return await request.change_incident(
        lambda tx, incident: doing(tx, incident, number, digest), only_you
    )


async def notice_approve(request: Request) -> Answer:
    """Yes, to exactly this text."""
    return await _do(request, approving.approve)


async def notice_publish(request: Request) -> Answer:
    """Let it out."""
    return await _do(request, publish.publish)


async def notice_withdraw(request: Request) -> Answer:
    """Ask why it is given up."""
    number = _number(request)

    def look(session: Session, incident: Incident) -> kit.Element:
        row = queries.notice(session, incident.number, number)
        return notice_views.withdraw_view(incident, row, request.channel)

    request.open(await request.read_incident(look), push=_inside_form(request))
    return None


async def notice_withdraw_submit(request: Request) -> Answer:
    """Give it up, with the reason."""
    reason = request.values.text("reason")
    return await _do(
        request, lambda tx, incident, number, _: notices.withdraw(tx, incident, number, reason)
    )


async def notice_finish(request: Request) -> Answer:
    """Go on without a place that does not work."""
    return await _do(request, lambda tx, incident, number, _: publish.finish(tx, incident, number))


async def notice_send_back(request: Request) -> Answer:
    """Ask what should change."""
    number, digest = _number(request), request.packed.get("d")

    def look(session: Session, incident: Incident) -> kit.Element:
        row = queries.notice(session, incident.number, number)
        approving.same_text(row, digest)
        return notice_views.send_back_view(incident, row, request.channel)

    request.open(await request.read_incident(look), push=_inside_form(request))
    return None


async def notice_send_back_submit(request: Request) -> Answer:
    """No for now, with the reason."""
    comment = request.values.text("comment")
    return await _do(
        request,
        lambda tx, incident, number, digest: approving.send_back(
            tx, incident, number, digest, comment
        ),
    )


def _number(request: Request) -> int:
    found = request.packed.get("k")
    if not isinstance(found, int):
        raise NotFound("Which notice?", instead="`/incident notice list` shows them.")
    return found


def _inside_form(request: Request) -> bool:
    view = request.body.get("view") or {}
    return bool(view.get("type") == "modal")


def _update(view: kit.Element) -> Answer:
    return {"response_action": "update", "view": view}


def surface(content: Content) -> Surface:
    """Everything about notices; ``content`` names audiences in messages."""
    return Surface(
        verbs={"notice": notice_verb},
        actions={
            "notice_form": notice_form,
            "notice_show": notice_show,
            "notice_view": notice_view,
            "notice_open": notice_open,
            "notice_approve": notice_approve,
            "notice_send_back": notice_send_back,
            "notice_publish": notice_publish,
            "notice_withdraw": notice_withdraw,
            "notice_finish": notice_finish,
        },
        views={
            "notice_choose": notice_choose,
            "notice_facts": notice_facts,
            "notice_text": notice_text,
            "notice_send_back_submit": notice_send_back_submit,
            "notice_withdraw_submit": notice_withdraw_submit,
        },
        wordings=wordings(content),
    )
