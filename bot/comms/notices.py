"""Writing notices: draft from a template and the record, edit, answer questions, withdraw.

Every save is an entry. One changed character makes an approved text a draft again.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import func, select
from sqlmodel import col

from bot.comms import checks, known, queries, render
from bot.comms.checks import Circumstances, Finding
from bot.comms.text import BODY_MAX, TITLE_MAX, Text, tidy
from bot.effects import kinds
from bot.errors import BadInput, ConfigError, Conflict, NotReady
from bot.incident.rights import need_reason, require
from bot.playbook.load import Content, Template
from bot.record import catalogue as c
from bot.record.tx import Tx
from db.tables import Incident, Notice

#: After these stages nothing follows, so they need no time of the next word.
FINAL_STAGES = ("resolved", "correction")
EDITABLE = ("draft", "submitted", "returned", "approved")
FACT_MAX = 600


@dataclass(frozen=True, slots=True)
class Kept:
    """A saved notice and what the checks say about it."""

    number: int
    digest: str
    findings: tuple[Finding, ...]


# --- writing ----------------------------------------------------------------------------------


def default_choice(incident: Incident, *, published: bool) -> tuple[str, str]:
    """Audience and stage that fit the incident's state: what the form proposes."""
    if incident.status in ("resolved", "closed"):
        return "status_page", "resolved"
    if incident.status == "contained":
        return "status_page", "contained"
    return "status_page", "update" if published else "first"


def draft(
    tx: Tx, incident: Incident, audience: str, stage: str, *,
    facts: Mapping[str, str] | None = None, corrects: int | None = None,
) -> Kept:  # fmt: skip
    """Make a draft from the template and the record, and keep it.

    Raises ``NotAllowed``, ``BadInput`` for an unknown audience or stage, ``NotFound`` or
    ``Conflict`` for a correction of something that was never published.
    """
    require(tx, "draft_notice", incident)
    content: Content = tx.env.content
    earlier = _to_correct(tx, incident, stage, corrects)
    template = template_for(content, audience, stage)
    answers = answered(template, facts or {})
    title, body = _first_draft(tx, incident, audience, template, answers, earlier)
    text = Text(audience, stage, title, body)
    number = _next_number(tx, incident.number)
    tx.append(
        c.NoticeDrafted(
            number=number, audience=audience, stage=stage,
            template=template.file if template else "", template_sha256=template.sha256 if template else "",
            digest=text.digest, corrects=earlier.number if earlier else None, title=title, body=body,
            facts=answers,
        ),
        incident.number,
    )  # fmt: skip
    tx.refresh_card(incident.number)
    return kept(tx, incident, queries.notice(tx.session, incident.number, number))


def edit(
    tx: Tx, incident: Incident, number: int, title: str, body: str,
    facts: Mapping[str, str] | None = None,
) -> Kept:  # fmt: skip
    """Keep another text. A text that was sent for approval or approved is a draft again."""
    row = queries.notice(tx.session, incident.number, number)
    require(tx, "draft_notice", incident)
    if row.state not in EDITABLE:
        raise Conflict(
            f"Notice {number} is {row.state}; its text cannot change any more.",
            instead="Publish a correction: `/incident notice`, stage Correction.",
        )
    title, body = tidy(title, body)
    text = Text(row.audience, row.stage, title, body)
    answers = {**row.facts, **_trimmed(facts or {})}
    if text.digest != row.digest or answers != row.facts:
        voids = row.state if row.state in ("submitted", "approved") else ""
        tx.append(
            c.NoticeEdited(
                number=number,
                digest=text.digest,
                voids=voids,
                title=title,
                body=body,
                facts=answers,
            ),
            incident.number,
        )
        if voids:
            tx.effect(
                kinds.say(
                    incident.number, f"notice_voided:{number}:{incident.version}",
                    "notice_voided_said", number=number, was=voids, by=tx.by.id,
                )
            )  # fmt: skip
        tx.refresh_card(incident.number)
    return kept(tx, incident, row)


def answer_facts(tx: Tx, incident: Incident, number: int, facts: Mapping[str, str]) -> Kept:
    """Keep answers to the template's questions and put them into the text.

    A text that nobody has touched is made anew; one that a person has worked on keeps their words,
    and only the marks of what was unknown are replaced.
    """
    row = queries.notice(tx.session, incident.number, number)
    template = template_for(tx.env.content, row.audience, row.stage)
    answers = {**row.facts, **answered(template, facts)}
    if answers == row.facts:
        return kept(tx, incident, row)
    earlier = tx.session.get(Notice, (incident.number, row.corrects)) if row.corrects else None
    before = _first_draft(tx, incident, row.audience, template, row.facts, earlier)
    title, body = _first_draft(tx, incident, row.audience, template, answers, earlier)
    if (row.title, row.body) != before:
        title = render.carry(row.title, before[0], title)
        body = render.carry(row.body, before[1], body)
    return edit(tx, incident, number, title[:TITLE_MAX], body[:BODY_MAX], answers)


def withdraw(tx: Tx, incident: Incident, number: int, reason: str) -> str:
    """Give up a notice that is not out yet, and say why."""
    row = queries.notice(tx.session, incident.number, number)
    require(tx, "draft_notice", incident)
    if row.state == "withdrawn":
        raise Conflict(f"Notice {number} is withdrawn already.")
    if row.state in ("published", "publishing"):
        raise Conflict(
            f"Notice {number} is out; it cannot be called back.",
            instead="Publish a correction: `/incident notice`, stage Correction.",
        )
    reason = need_reason(reason, "Say in a sentence why it is given up.")
    tx.append(c.NoticeWithdrawn(number=number, reason=reason), incident.number)
    tx.refresh_card(incident.number)
    return f"Notice {number} is withdrawn."


def kept(tx: Tx, incident: Incident, row: Notice) -> Kept:
    """A stored notice with its findings."""
    found = findings(tx.env.content, incident, row)
    return Kept(row.number, row.digest, tuple(found))


def findings(content: Content, incident: Incident, row: Notice) -> list[Finding]:
    """What the checks say about the text as it stands."""
    audience = content.audiences.get(row.audience)
    if audience is None:
        what = f"The audience «{row.audience}» is no longer in notices.yaml."
        return [Finding("audience", what, "Draft the notice again for another audience.", True)]
    about = Circumstances(
        audience,
        drill=incident.kind == "drill",
        contained=incident.status != "investigating",
        final=row.stage in FINAL_STAGES,
        channels=(incident.channel_name,) if incident.channel_name else (),
    )
    return checks.check(Text(row.audience, row.stage, row.title, row.body), about)


# --- parts ------------------------------------------------------------------------------------


def template_for(content: Content, audience: str, stage: str) -> Template | None:
    """The template of this audience and stage, or none. Raises ``BadInput`` for an unknown word."""
    if audience not in content.audiences:
        raise BadInput(
            f"There is no audience «{audience}».", instead="Use: " + ", ".join(content.audiences),
            field="audience",
        )  # fmt: skip
    if stage not in content.stages:
        raise BadInput(
            f"There is no stage «{stage}».",
            instead="Use: " + ", ".join(content.stages),
            field="stage",
        )
    return content.templates.get((audience, stage))


def answered(template: Template | None, facts: Mapping[str, str]) -> dict[str, str]:
    """Those answers that belong to the template's questions, without empty ones."""
    asked = {fact.name for fact in template.head.facts} if template else set()
    return {name: value for name, value in _trimmed(facts).items() if name in asked}


def _trimmed(facts: Mapping[str, str]) -> dict[str, str]:
    return {name: value.strip()[:FACT_MAX] for name, value in facts.items() if value.strip()}


def _first_draft(
    tx: Tx, incident: Incident, audience: str, template: Template | None,
    answers: Mapping[str, str], earlier: Notice | None,
) -> tuple[str, str]:  # fmt: skip
    content: Content = tx.env.content
    drill = incident.kind == "drill"
    if template is not None:
        try:
            values = known.gather(tx.session, content, incident, template, answers, tx.now, earlier)
            return tidy(*render.render(content, template, values))
        except ConfigError as problem:
            raise NotReady(problem.message, instead=problem.instead, field="audience") from problem
    blocks = content.audiences[audience].blocks or ("what happened",)
    lines = [f"{block[:1].upper()}{block[1:]}: {render.unknown(block)}" for block in blocks]
    return tidy(*render.finished("A problem with our AI system", "\n\n".join(lines), drill=drill))


def _to_correct(tx: Tx, incident: Incident, stage: str, corrects: int | None) -> Notice | None:
    if stage != "correction":
        return None
    if corrects is None:
        raise BadInput(
            "Which notice is corrected?", instead="Choose a published one.", field="corrects"
        )
    earlier = queries.notice(tx.session, incident.number, corrects)
    if earlier.state != "published":
        raise Conflict(
            f"Notice {corrects} is not published, so there is nothing to correct.",
            instead="Edit it instead.",
        )
    return earlier


def _next_number(tx: Tx, incident: int) -> int:
    last = select(func.max(Notice.number)).where(col(Notice.incident) == incident)
    return (tx.session.execute(last).scalar() or 0) + 1
