"""Approvals in Slack: the request with its two buttons, what waits, and what became of it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from sqlmodel import Session

from bot import rooms
from bot.incident import queries, tenure
from bot.incident.names import ref
from bot.playbook import approvals
from bot.record.batch import Env
from bot.record.tx import Tx
from bot.slack import kit
from bot.slack.request import Answer, Request, only_you
from bot.slack.router import Surface, Wording
from bot.slack.wording import Message, mark, simple
from bot.timing import from_rfc3339
from db.tables import Approval, Incident

SHOWN = 8
_DETAILS = (
    ("what", "What"), ("why", "Why"), ("rung", "Rung"), ("expected", "Effect"),
    ("side_effects", "Side effects"), ("rollback", "Way back"), ("evidence", "Evidence"),
)  # fmt: skip


# --- showing --------------------------------------------------------------------------------------


def request_blocks(row: Approval, *, ratify: bool = False) -> list[kit.Block]:
    """What is asked, why, with which effect and way back, and the buttons."""
    lines = [
        f"*Approval {row.number}: {kit.esc(row.title)}*",
        f"_Asked by_ {kit.person(row.asked_by)}",
    ]
    for name, label in _DETAILS:
        if row.details.get(name):
            lines.append(f"*{label}* {kit.esc(kit.clip(str(row.details[name]), 700))}")
    if row.given:
        lines.append(f"*Said yes* {who_said_yes(row)}")
    value = kit.pack(i=row.incident, a=row.number, d=row.digest)
    if ratify:
        yes = kit.button("Confirm", f"approval_ratify:{row.number}", value, style="primary")
        no = kit.button("Do not confirm", f"approval_refuse:{row.number}", value, style="danger")
    else:
        yes = kit.button("Approve", f"approval_yes:{row.number}", value, style="primary")
        no = kit.button("Refuse", f"approval_refuse:{row.number}", value, style="danger")
    blocks = [kit.section("\n".join(lines)), kit.actions(yes, no)]
    if row.expires_at is not None and not ratify:
        blocks.append(kit.context(f"Lapses {kit.when(row.expires_at)} if nobody answers."))
    return blocks


def who_said_yes(row: Approval) -> str:
    """Everybody who said yes, and of whom nobody gave the role, since when they have it."""
    return ", ".join(
        kit.person(person) + by_themselves(row.given, person) for person in approvals.said_yes(row)
    )


def by_themselves(given: Iterable[dict[str, Any]], person: str) -> str:
    """« (took the role themselves at 02:14)», for whoever approved as a role that nobody gave them."""
    came = [how for one in given if one["by"] == person for how in one.get("came", ())]
    taken = tenure.taken_alone(came)
    since = kit.when(from_rfc3339(taken["since"])) if taken is not None else ""
    return f" (took the role themselves at {since})" if since else ""


async def approvals_verb(request: Request) -> Answer:
    """``/incident approvals``: what waits in this incident, with buttons for those who may answer."""

    def look(session: Session, incident: Incident) -> Answer:
        number = incident.number
        blocks = [kit.section(f"{mark(incident)}*Approvals of {ref(number)}*")]
        for row in approvals.waiting(session, number)[:SHOWN]:
            blocks += [*request_blocks(row), kit.context(_lacking(session, row, request.house.env))]
        for row, role in approvals.unratified(session, number)[:SHOWN]:
            title = _title(request.house.env, role)
            blocks += [kit.context(f"Given; {title} still has to confirm it:")]
            blocks += request_blocks(row, ratify=True)
        if len(blocks) == 1:
            blocks.append(kit.section("Nothing waits for approval."))
        return only_you(f"Approvals of {ref(number)}", blocks[: kit.MESSAGE_BLOCKS_MAX])

    return await request.read_incident(look)


def _lacking(session: Session, row: Approval, env: Env) -> str:
    """Whose yes is still missing, in words."""
    rule, yes = approvals.rule_of(row), approvals.said_yes(row)
    groups = rule.missing(yes)
    if not groups:
        return "One more person must say yes."
    return "Waits for " + " and ".join(
        _people(session, row.incident, group, env) for group in groups
    )


def _people(session: Session, incident: int, group: Iterable[str], env: Env) -> str:
    parts = []
    for role in group:
        holder = queries.holder_of(session, incident, role)
        parts.append(f"{_title(env, role)} ({kit.person(holder) if holder else 'nobody yet'})")
    return " or ".join(parts)


def _title(env: Env, role: str) -> str:
    found = env.content.roles.get(role)
    return found.title if found is not None else role


def card_lines(session: Session, incident: Incident, env: Env) -> list[kit.Block]:
    """For the card: what waits for whose approval, and what still has to be confirmed."""
    lines = [
        f"• {row.number} {kit.esc(row.title)}: "
        + (f"{who_said_yes(row)} said yes. " if row.given else "")
        + _lacking(session, row, env)
        for row in approvals.waiting(session, incident.number)
    ]
    lines += [
        f"• {row.number} {kit.esc(row.title)}: to be confirmed by "
        f"{_people(session, row.incident, [role], env)}; given by {who_said_yes(row)}"
        for row, role in approvals.unratified(session, incident.number)
    ]
    if not lines:
        return []
    return [kit.section(kit.clip("*Approvals*\n" + "\n".join(lines[:SHOWN]), kit.TEXT_MAX))]


def home_lines(session: Session, person: str, env: Env) -> list[kit.Block]:
    """For App Home: what waits for this person's answer in all open incidents."""
    blocks = []
    for row in approvals.waiting_for(session, person, SHOWN):
        blocks += [kit.context(ref(row.incident)), *request_blocks(row)]
    return blocks


# --- answering ------------------------------------------------------------------------------------


def _named(request: Request) -> tuple[int, str]:
    return request.number("a"), str(request.packed.get("d", ""))


async def approve(request: Request) -> Answer:
    """The button «Approve»."""
    number, digest = _named(request)

    def verb(tx: Tx, incident: Incident) -> str:
        given = approvals.give(tx, incident, number, digest, subjects=rooms.approval_subjects())
        if given.complete:
            return f"Approval {number} is complete. Thank you."
        names = [" or ".join(_title(tx.env, role) for role in group) for group in given.missing]
        return f"Your yes counts. Still to come: {' and '.join(names) or 'one more person'}."

    return await request.change_incident(verb, only_you)


async def refuse_form(request: Request) -> Answer:
    """The button «Refuse» asks for the reason."""
    number, digest = _named(request)

    def look(session: Session, incident: Incident) -> kit.Element:
        row = approvals.get(session, incident.number, number)
        blocks = [
            kit.section(f"*{kit.esc(row.title)}*"),
            kit.ask("comment", "Why not?", kit.text_input("comment", multiline=True)),
        ]
        meta = kit.pack(i=incident.number, c=request.channel, a=number, d=digest)
        return kit.modal("approval_refuse_submit", "Refuse", blocks, submit="Refuse", meta=meta)

    request.open(await request.read_incident(look))
    return None


async def refuse_submit(request: Request) -> Answer:
    """The reason was given."""
    number, digest = _named(request)
    comment = request.values.text("comment")
    return await request.change_incident(
        lambda tx, incident: approvals.refuse(
            tx, incident, number, digest, comment, subjects=rooms.approval_subjects()
        ),
        lambda _: only_you(f"Approval {number} is refused; who asked is told why."),
    )


async def ratify(request: Request) -> Answer:
    """The button «Confirm» under an emergency approval."""
    number, digest = _named(request)
    return await request.change_incident(
        lambda tx, incident: approvals.ratify(tx, incident, number, digest),
        lambda _: only_you(f"Approval {number} is confirmed. Thank you."),
    )


# --- messages -------------------------------------------------------------------------------------


def _row(session: Session, incident: Incident | None, params: dict[str, Any]) -> Approval:
    assert incident is not None
    return approvals.get(session, incident.number, params["number"])


def _groups(groups: Iterable[Iterable[str]], names: dict[str, str]) -> str:
    return " and ".join(" or ".join(names.get(role, role) for role in group) for group in groups)


def _became(row: Approval) -> str:
    """What became of a request: said in place of its buttons."""
    name = f"{ref(row.incident)}: approval {row.number}, *{kit.esc(row.title)}*,"
    if row.state == "waiting":
        return f"{name} waits for others."
    if row.state == "approved":
        who = who_said_yes(row)
        more = " and confirmed" if row.ratified else ""
        return f":white_check_mark: {name} is given by {who}{more}."
    word = {"expired": "lapsed", "refused": "is refused"}.get(row.state, "no longer counts")
    return f"{name} {word}. {kit.esc(row.comment)}".strip()


def asked_wording(session: Session, incident: Incident | None, params: dict[str, Any]) -> Message:
    """Privately to those who can say yes."""
    row = _row(session, incident, params)
    head = f"{mark(incident)}{ref(row.incident)} needs your answer."
    if row.state != "waiting":
        return simple(incident, _became(row))
    if params.get("to") in approvals.said_yes(row):
        return simple(
            incident,
            f"{ref(row.incident)}: you approved {row.number}, *{kit.esc(row.title)}*. Others must as well.",
        )
    return Message(head, [kit.section(head), *request_blocks(row)])


def to_ratify_wording(
    session: Session, incident: Incident | None, params: dict[str, Any]
) -> Message:
    """Privately to whoever confirms an emergency approval."""
    row = _row(session, incident, params)
    if row.state != "approved" or not approvals.roles_to_ratify(row):
        return simple(incident, _became(row))
    by = kit.when(from_rfc3339(params["due"]))
    head = f"{mark(incident)}{ref(row.incident)}: this was approved in an emergency. Confirm it by {by}, or say why not."
    return Message(head, [kit.section(head), *request_blocks(row, ratify=True)])


def requested_wording(
    session: Session, incident: Incident | None, params: dict[str, Any]
) -> Message:
    """Said in the channel: who is asked for what."""
    row = _row(session, incident, params)
    rule = approvals.rule_of(row)
    what = (
        f": {kit.esc(kit.clip(str(row.details['what']), 500))}" if row.details.get("what") else ""
    )
    emergency = " *Emergency rule.*" if rule.emergency else ""
    more = f" {rule.quorum} people must say yes." if rule.quorum > 1 else ""
    return simple(
        incident,
        f":raised_hand: {kit.person(row.asked_by)} asks for approval {row.number}, "
        f"*{kit.esc(row.title)}*{what}\nAsked: {_groups(rule.groups, params['names'])}.{more}{emergency} "
        "`/incident approvals`",
    )


def partly_wording(session: Session, incident: Incident | None, params: dict[str, Any]) -> Message:
    """Said in the channel: one yes, others missing."""
    row = _row(session, incident, params)
    groups = approvals.rule_of(row).missing(approvals.said_yes(row))
    lacking = _groups(groups, params["names"]) or "one more person"
    who = who_said_yes(row)
    return simple(
        incident,
        f"Approval {row.number}, *{kit.esc(row.title)}*: {who} said yes. Still to come: {lacking}.",
    )


def complete_wording(
    session: Session, incident: Incident | None, params: dict[str, Any]
) -> Message:
    """Said in the channel and to those who want to know: it is approved."""
    row = _row(session, incident, params)
    who = who_said_yes(row)
    back = f"\nWay back: {kit.esc(row.details['rollback'])}" if row.details.get("rollback") else ""
    return simple(
        incident,
        f":white_check_mark: {ref(row.incident)} approval {row.number} is given by {who}: *{kit.esc(row.title)}*.{back}",
    )


def refused_wording(session: Session, incident: Incident | None, params: dict[str, Any]) -> Message:
    """Refused, with the reason; after the fact also with the way back."""
    row = _row(session, incident, params)
    back = ""
    if row.given and row.details.get("rollback"):
        back = f"\nIt may be in place already. Way back: {kit.esc(row.details['rollback'])}"
    return simple(
        incident,
        f":no_entry: {ref(row.incident)} approval {row.number} is refused: *{kit.esc(row.title)}*. {kit.esc(row.comment)}{back}",
    )


def ended_wording(session: Session, incident: Incident | None, params: dict[str, Any]) -> Message:
    """Lapsed or void."""
    row = _row(session, incident, params)
    word = "lapsed" if row.state == "expired" else "no longer counts"
    return simple(
        incident,
        f"{ref(row.incident)} approval {row.number} {word}: *{kit.esc(row.title)}*. {kit.esc(row.comment)}",
    )


def ratified_wording(
    session: Session, incident: Incident | None, params: dict[str, Any]
) -> Message:
    """Confirmed afterwards."""
    row = _row(session, incident, params)
    who = kit.person(row.ratified[-1]["by"]) if row.ratified else "somebody"
    return simple(
        incident,
        f":white_check_mark: {who} confirmed approval {row.number}: *{kit.esc(row.title)}*.",
    )


def vacant_wording(session: Session, incident: Incident | None, params: dict[str, Any]) -> Message:
    """To the commander: nobody holds the role whose yes is needed."""
    row = _row(session, incident, params)
    roles = _groups(params["groups"], params["names"])
    what = f":warning: {ref(row.incident)} approval {row.number}, *{kit.esc(row.title)}*,"
    if row.state == "approved":  # given under the emergency rule: somebody else confirms it after
        said, without = f"is given and has to be confirmed by: {roles}.", "it stays unconfirmed"
    else:
        said, without = f"takes the yes of: {roles}.", "it is not approved"
    return simple(
        incident,
        f"{what} {said} Nobody holds that role. Name somebody: `/incident role`. "
        f"Without them {without}.",
    )


def taken_wording(session: Session, incident: Incident | None, params: dict[str, Any]) -> Message:
    """To whoever took a role after the question, and to the commander: their yes does not count yet."""
    row = _row(session, incident, params)
    if row.state != "waiting":
        return simple(incident, _became(row))
    name = f"{ref(row.incident)} approval {row.number}, *{kit.esc(row.title)}*,"
    holder, role = params["holder"], kit.esc(str(params["name"]))
    if params.get("to") == holder:
        text = (
            f"{name} was asked before you took the role {role} yourself, so your yes does not count "
            f"for it yet. Somebody else has to give you the role: `/incident role {params['role']} @you`. "
            "Or say no, so that it is asked again now that you hold it: `/incident approvals`"
        )
    else:
        text = (
            f"{kit.person(holder)} took the role {role} themselves after {name} was asked, so their "
            "yes does not count for it yet. If they should answer it, give them the role: "
            f"`/incident role {params['role']} @them`"
        )
    return simple(incident, text)


def late_wording(session: Session, incident: Incident | None, params: dict[str, Any]) -> Message:
    """To the commander: nobody answers."""
    row = _row(session, incident, params)
    groups = approvals.rule_of(row).missing(approvals.said_yes(row))
    return simple(
        incident,
        f":warning: {ref(row.incident)} approval {row.number}, *{kit.esc(row.title)}*, still waits for: "
        f"{_groups(groups, params['names']) or 'one more person'}. They were asked again. Call them, or give the role to somebody else.",
    )


def ratify_late_wording(
    session: Session, incident: Incident | None, params: dict[str, Any]
) -> Message:
    """Said in the channel: the confirmation did not come in time."""
    row = _row(session, incident, params)
    return simple(
        incident,
        f":warning: Approval {row.number}, *{kit.esc(row.title)}*, was not confirmed in time by: {kit.esc(params['role'])}. "
        "Confirm it or undo it: `/incident approvals`",
    )


WORDINGS: dict[str, Wording] = {
    "approval_asked": asked_wording, "approval_to_ratify": to_ratify_wording,
    "approval_requested": requested_wording, "approval_partly": partly_wording,
    "approval_complete": complete_wording, "approval_inform": complete_wording,
    "approval_refused": refused_wording, "approval_ended": ended_wording,
    "approval_ratified": ratified_wording, "approval_vacant": vacant_wording,
    "approval_late": late_wording, "approval_taken": taken_wording, "ratify_late": ratify_late_wording,
}  # fmt: skip

SURFACE = Surface(
    verbs={"approvals": approvals_verb},
    actions={
        "approval_yes": approve, "approval_refuse": refuse_form, "approval_ratify": ratify,
        "approvals": approvals_verb,
    },
    views={"approval_refuse_submit": refuse_submit},
    wordings=WORDINGS,
)  # fmt: skip
