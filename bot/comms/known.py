"""What the record knows that a notice may say. Read at the moment of drafting, never invented.

A template sees these names; whatever is missing shows as not known:

``incident``      title, severity, status, tempo, opened_at, contained_at, resolved_at, channel
``audience``, ``stage``  id and title; ``status_label`` is the stage's word for the status page
``facts``         answers to the template's questions, each also under its own name
``families``      the kinds of harm, in words
``roles``         roles that are filled: a list of ``title`` and ``holder`` (no names)
``notes``, ``decisions``, ``open_hypotheses``  texts from the record, newest last
``containment``   what the commander said when it was contained
``last_update``, ``next_update``  the last internal update, and when the next word is due
``corrects``      the notice that this one corrects: title, body, published_at
``drill``, ``now``
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlmodel import Session, col

from bot.comms.render import said_time
from bot.incident import queries
from bot.incident.names import ref
from bot.playbook.load import Content, Template
from bot.record import catalogue as c
from bot.record.read import entries
from db.tables import Incident, Notice, RecordItem

LINES_MAX = 20
LINE_MAX = 500


def gather(
    session: Session, content: Content, incident: Incident, template: Template,
    answers: Mapping[str, str], now: datetime, corrects: Notice | None = None,
) -> dict[str, Any]:  # fmt: skip
    """Everything a template may name. Names without a value are left out."""
    facts = {**prefill(session, content, incident, template, corrects), **_given(answers)}
    stage, audience = content.stages[template.head.stage], content.audiences[template.head.audience]
    found = {
        **_from_record(session, content, incident),
        **facts,
        "incident": _incident(incident),
        "audience": {"id": audience.id, "title": audience.title},
        "stage": {"id": stage.id, "title": stage.title},
        "status_label": stage.status_label,
        "facts": facts,
        "drill": incident.kind == "drill",
        "now": now,
    }
    if corrects is not None:
        found["corrects"] = _given(
            {"title": corrects.title, "body": corrects.body, "published_at": corrects.published_at}
        )
    return _given(found)


def prefill(
    session: Session, content: Content, incident: Incident, template: Template,
    corrects: Notice | None = None,
) -> dict[str, str]:  # fmt: skip
    """Answers to the template's questions that the record already holds, in words.

    The same facts go to every audience, so answers given for an earlier notice are proposed again.
    Names from inside (reference, severity, roles) are proposed for our own people only.
    """
    inside = not content.audiences[template.head.audience].external
    known = {
        **_earlier_answers(session, incident.number),
        **_plain_facts(incident),
        **_times(incident),
        **(_for_our_people(session, content, incident) if inside else {}),
    }
    if incident.contained_at is not None:
        known.setdefault("what_we_did", _containment(session, incident))
    if corrects is not None and corrects.published_at is not None:
        when = said_time(corrects.published_at)
        known["where_it_appeared"] = f"Our notice «{corrects.title}» of {when}"
    wanted = {fact.name for fact in template.head.facts}
    return {name: value for name, value in known.items() if value and name in wanted}


def _earlier_answers(session: Session, number: int) -> dict[str, str]:
    statement = (
        select(Notice).where(col(Notice.incident) == number).order_by(col(Notice.changed_at))
    )
    out: dict[str, str] = {}
    for row in session.execute(statement).scalars():
        out.update(row.facts)
    # When the next word comes, and what a correction spoke of, belong to one notice only.
    passing = ("next_update_at", "wrong_statement", "right_statement", "where_it_appeared")
    return {name: value for name, value in out.items() if name not in passing}


def _for_our_people(session: Session, content: Content, incident: Incident) -> dict[str, str]:
    return {
        "ref": ref(incident.number),
        "title": incident.title,
        "severity": incident.severity or "",
        "tempo": incident.tempo,
        "families": ", ".join(_families(content, incident)),
        "roles": ", ".join(role["title"] for role in _roles(session, content, incident.number)),
        "channel": f"#{incident.channel_name}" if incident.channel_name else "",
        "what_happened": incident.last_update or incident.title,
    }


def _from_record(session: Session, content: Content, incident: Incident) -> dict[str, Any]:
    items = _items(session, incident.number)
    hypotheses = [row for row in items if row.kind == "hypothesis" and row.status == "open"]
    return {
        "families": _families(content, incident),
        "roles": _roles(session, content, incident.number),
        "notes": _texts([row for row in items if row.kind == "note"]),
        "decisions": _texts([row for row in items if row.kind == "decision"]),
        "open_hypotheses": _texts(hypotheses),
        "containment": _containment(session, incident),
        "last_update": incident.last_update,
        "next_update": incident.next_update_at,
    }


def _incident(incident: Incident) -> dict[str, Any]:
    names = (
        "title", "summary", "severity", "status", "tempo", "opened_at", "contained_at", "resolved_at",
    )  # fmt: skip
    shown = {name: getattr(incident, name) for name in names}
    return _given(
        {**shown, "channel": f"#{incident.channel_name}" if incident.channel_name else ""}
    )


def _plain_facts(incident: Incident) -> dict[str, str]:
    out = {}
    for name, value in incident.facts.items():
        if isinstance(value, bool):
            out[name] = "yes" if value else "no"
        elif isinstance(value, str | int):
            out[name] = str(value)
        elif isinstance(value, list):
            out[name] = ", ".join(map(str, value))
    return out


def _times(incident: Incident) -> dict[str, str]:
    moments = {
        "opened_at": incident.opened_at, "declared_at": incident.opened_at,
        "contained_at": incident.contained_at, "resolved_at": incident.resolved_at,
        "next_update": incident.next_update_at, "next_update_at": incident.next_update_at,
    }  # fmt: skip
    return {name: said_time(moment) for name, moment in moments.items() if moment}


def _families(content: Content, incident: Incident) -> list[str]:
    known = content.families
    return [known[each].name if each in known else each for each in incident.families]


def _roles(session: Session, content: Content, number: int) -> list[dict[str, str]]:
    held = [row for row in queries.roles(session, number) if row.state == "accepted"]
    known = content.roles
    # A notice is plain text, in which a Slack id would say nothing to its readers.
    return [
        {"title": known[row.role].title if row.role in known else row.role, "holder": "filled"}
        for row in held
    ]


def _containment(session: Session, incident: Incident) -> str:
    if incident.contained_at is None:
        return ""
    found = list(entries(session, incident.number, kinds=[c.IncidentContained.kind]))
    return str(found[-1].entry.statement) if found else ""


def _items(session: Session, number: int) -> list[RecordItem]:
    statement = (
        select(RecordItem)
        .where(col(RecordItem.incident) == number, col(RecordItem.withdrawn).is_(False))
        .order_by(col(RecordItem.n))
    )
    return list(session.execute(statement).scalars())


def _texts(rows: list[RecordItem]) -> list[str]:
    return [row.text[:LINE_MAX] for row in rows[-LINES_MAX:]]


def _given(values: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value not in (None, "", [], {})}
