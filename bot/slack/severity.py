"""Severity: the questions, what the rules propose, and setting it."""

from __future__ import annotations

from typing import Any

from sqlmodel import Session

from bot.errors import BadInput, NotReady
from bot.incident import assessing
from bot.incident.names import ref
from bot.incident.severity import AnswerError, answers_from
from bot.playbook.load import Content
from bot.playbook.rules import Question
from bot.record.tx import Tx
from bot.slack import kit
from bot.slack.request import Answer, Request, only_you
from bot.slack.router import Surface
from bot.slack.typed import reason_in
from bot.slack.wording import Message, mark
from db.tables import Incident

_FAMILIES = "families"
_UNSURE = ("unknown", "suspected")


async def severity_verb(request: Request) -> Answer:
    """``/incident severity`` shows the questions; ``/incident severity sev2 reason`` sets it."""
    if not request.text:
        return await severity_form(request)
    word, _, why = request.text.partition(" ")
    severity = assessing.parse_severity(word)

    def verb(tx: Tx, incident: Incident) -> str:
        if incident.severity is not None and severity > incident.severity:
            raise NotReady(
                f"Going down from {incident.severity} to {severity} takes a reason, evidence and "
                "the agreement of a second person.",
                instead="`/incident severity` opens the questions; choose the lower one at their end.",
            )
        return assessing.set_severity(tx, incident, severity, reason=reason_in(why))

    return await request.change_incident(verb, only_you)


async def severity_form(request: Request) -> Answer:
    """Show the questions with the answers given so far."""
    content = request.house.env.content

    def look(session: Session, incident: Incident) -> kit.Element:
        return form(content, incident, request.channel)

    request.open(await request.read_incident(look))
    return None


def form(content: Content, incident: Incident, channel: str | None) -> kit.Element:
    """The questions of severity.yaml as a form."""
    given = incident.answers or {}
    blocks = [kit.context(*content.severity.guidance)]
    families = [kit.option(f.short, f.id) for f in content.families.values()]
    blocks.append(
        kit.ask(
            _FAMILIES, "What kind of harm?",
            kit.multi_select(_FAMILIES, families, initial=given.get("families") or incident.families),
            hint="The first one leads. Several are fine.",
        )
    )  # fmt: skip
    for question in content.severity.questions:
        blocks.append(_question(question, given, incident.facts))
    meta = kit.pack(i=incident.number, c=channel)
    return kit.modal(
        "severity_submit", f"Severity of {ref(incident.number)}", blocks, submit="Assess", meta=meta
    )


def _question(question: Question, given: dict[str, Any], facts: dict[str, Any]) -> kit.Block:
    options = [kit.option(option.text, option.value) for option in question.options]
    before = given.get(question.id)
    if question.many:
        element = kit.checkboxes(question.id, options, initial=given.get("flags", ()))
    else:
        # «We do not know yet» stands there already: at 2 a.m. only two answers have to be chosen.
        unsure = next((o.value for o in question.options if o.value in _UNSURE), None)
        # What a step of the playbook answered already stands there as well.
        value = (_known(question, facts) or unsure) if before is None else str(before)
        element = kit.select(question.id, options, initial=value)
    return kit.ask(
        question.id, question.label, element, optional=question.optional, hint=question.hint or ""
    )


def _known(question: Question, facts: dict[str, Any]) -> str | None:
    """The one answer that the facts of the incident lead to, if there is exactly one."""
    fits = [
        option.value
        for option in question.options
        if option.sets and all(facts.get(name) == value for name, value in option.sets.items())
    ]
    return fits[0] if len(fits) == 1 else None


async def severity_submit(request: Request) -> Answer:
    """The questions were answered: say what the rules propose, in the same form."""
    content = request.house.env.content
    values: dict[str, str | list[str]] = {}
    for question in content.severity.questions:
        found = (
            request.values.choices(question.id)
            if question.many
            else request.values.choice(question.id)
        )
        if found:
            values[question.id] = found
    try:
        answers = answers_from(content.severity, values, request.values.choices(_FAMILIES))
    except AnswerError as problem:
        raise BadInput(str(problem)) from None
    channel = request.packed.get("c")
    return await request.change_incident(
        lambda tx, incident: (assessing.answer(tx, incident, answers), incident.severity),
        lambda found: {
            "response_action": "update",
            "view": proposal_view(found[0], found[1], channel),
        },
    )


def proposal_view(
    proposal: assessing.Proposal, current: str | None, channel: str | None
) -> kit.Element:
    """What the rules propose and why; confirm, or choose another with a reason."""
    found = proposal.assessment
    why = "\n".join(f"• *{rule.id}* {kit.esc(rule.explanation)}" for rule in found.fired)
    levels = [kit.option(level, level) for level in ("SEV1", "SEV2", "SEV3", "SEV4")]
    blocks = [
        kit.header(f"The rules propose {found.severity}"),
        kit.section(why),
        kit.context(f"Tempo: {found.tempo}. {kit.esc(found.tempo_because)}"),
        kit.ask("severity", "Severity", kit.select("severity", levels, initial=str(found.severity))),
        kit.ask(
            "reason", "Reason", kit.text_input("reason", multiline=True), optional=True,
            hint="Needed when you set something other than the rules propose, or go down.",
        ),
        kit.ask(
            "evidence", "Evidence for going down", kit.text_input("evidence"), optional=True,
            hint="Only for a lower severity: a link or an entry number.",
        ),
    ]  # fmt: skip
    if current:
        blocks.insert(1, kit.context(f"It is {current} now."))
    meta = kit.pack(i=proposal.number, c=channel)
    return kit.modal(
        "severity_set", "Confirm the severity", blocks, submit="Set severity", meta=meta
    )


async def severity_set(request: Request) -> Answer:
    """The proposal was confirmed or overridden."""
    values = request.values
    severity = assessing.parse_severity(values.choice("severity") or "")
    reason, proof = values.text("reason"), values.text("evidence")

    def verb(tx: Tx, incident: Incident) -> str:
        if incident.severity is not None and severity > incident.severity:
            return assessing.ask_downgrade(tx, incident, severity, reason, proof)
        if severity == incident.severity:
            return f"The severity stays {severity}. Your answers are on the record."
        return assessing.set_severity(tx, incident, severity, reason=reason)

    return await request.change_incident(verb, only_you)


def _said_severity(session: Session, incident: Incident | None, params: dict[str, Any]) -> Message:
    before = f" (was {params['previous']})" if params.get("previous") else ""
    why = f"\n>{kit.esc(params['reason'])}" if params.get("reason") else ""
    text = f"{mark(incident)}Severity is *{params['severity']}*{before}, set by {kit.person(params['by'])}."
    return Message(f"Severity is {params['severity']}", [kit.section(text + why)])


SURFACE = Surface(
    verbs={"severity": severity_verb},
    actions={"severity_form": severity_form},
    views={"severity_submit": severity_submit, "severity_set": severity_set},
    wordings={"severity_set": _said_severity},
)
