"""The evidence freeze in Slack: name what runs now, or decide to go without."""

from __future__ import annotations

import re

from sqlmodel import Session

from bot.errors import BadInput
from bot.incident.names import ref
from bot.playbook import step_approval, steps
from bot.record import freeze
from bot.record.batch import Env
from bot.record.catalogue import EvidenceFrozen
from bot.record.entry import Recorded
from bot.record.tx import Tx
from bot.slack import kit, step_forms
from bot.slack.request import Answer, Request, only_you
from bot.slack.router import Surface
from db.tables import Incident, Step

NOW = "now"
_RUNG = re.compile(r"(?:before\s+)?(C\d)\b[\s:,]*", re.IGNORECASE)
_WITHOUT = re.compile(r"(?:without|skip)\b\s*", re.IGNORECASE)
_PAIR = re.compile(r"([A-Za-z]+)\s*=\s*(\S+)")


async def freeze_verb(request: Request) -> Answer:
    """``/incident freeze``: the form. ``freeze C6 model=v41 prompt=ab12``; ``freeze without C6 because …``."""
    words = kit.unescape(request.text).strip()
    without = _WITHOUT.match(words)
    words = words[without.end() :] if without else words
    found = _RUNG.match(words)
    rung = found.group(1).upper() if found else None
    words = words[found.end() :] if found else words
    if without:
        return await _without(request, rung, words.removeprefix("because ").strip())
    if not words:
        return await _open(request, rung)
    given = {name.lower(): value for name, value in _PAIR.findall(words)}
    if not given or _PAIR.sub("", words).strip(" ,;"):
        raise BadInput(
            "Write each part with its version or hash.",
            instead="`/incident freeze model=v41 prompt=sha256:ab12`, or `/incident freeze` alone for the form.",
        )
    return await request.change_incident(
        lambda tx, incident: freeze.freeze(tx, incident, given, rung), _frozen
    )


async def _without(request: Request, rung: str | None, why: str) -> Answer:
    if rung is None:
        raise BadInput(
            "Before which rung?", instead="`/incident freeze without C6 because harm spreads`"
        )
    if not why:
        request.packed = {**request.packed, "r": rung}
        return await skip_form(request)
    return await request.change_incident(
        lambda tx, incident: freeze.go_without(tx, incident, rung, why), _skipped
    )


def _frozen(recorded: Recorded) -> Answer:
    entry = recorded.entry
    before = f" before {entry.rung}" if entry.rung else ""
    return only_you(f"Frozen{before} as entry {recorded.n}: {', '.join(entry.fingerprints)}.")


def _skipped(recorded: Recorded) -> Answer:
    return only_you(f"{recorded.entry.rung} may go ahead without a freeze. The decision is kept.")


# --- asking --------------------------------------------------------------------------------------


def asks_for_freeze(row: Step) -> bool:
    """Whether the step is done by the freeze at declaration."""
    kind = EvidenceFrozen.kind
    return any(one["entry"] == kind for one in row.plan.get("done_by") or ())


def question(row: Step) -> Answer:
    """A step whose rung destroys evidence: what now? Both ways lead on to the step."""
    text = (
        f"{kit.esc(steps.describe(row))} is rung {row.rung}. Afterwards nobody can look at what runs "
        "now, so freeze it first: name model, prompt and config by version or hash."
    )
    here = kit.pack(i=row.incident, k=row.key, r=row.rung)
    buttons = kit.actions(
        kit.button("Freeze", f"freeze_form:{row.number}", here, style="primary"),
        kit.button("Go without", f"freeze_skip:{row.number}", here),
    )
    return only_you(text, [kit.section(text), buttons])


def card_lines(session: Session, incident: Incident, env: Env) -> list[kit.Block]:
    """For the card, until the step that the freeze at declaration does is done."""
    rows = steps.of_incident(session, incident.number)
    asking = next((row for row in rows if row.state in steps.LIVE and asks_for_freeze(row)), None)
    if asking is None:
        return []
    # Not «nothing is frozen»: a freeze before a rung may be there, and answers for that rung only.
    text = f"*Evidence* Step {asking.number} is open: name what runs now before anybody changes it."
    return [
        kit.section(
            text, accessory=kit.button("Freeze", "freeze_form", kit.pack(i=incident.number))
        )
    ]


# --- forms ---------------------------------------------------------------------------------------


async def freeze_form(request: Request) -> Answer:
    """The button «Freeze», on the card, on the step, or before a rung."""
    rung = request.packed.get("r")
    return await _open(request, str(rung) if rung else None)


async def _open(request: Request, rung: str | None) -> Answer:
    env = request.house.env

    def look(session: Session, incident: Incident) -> kit.Element:
        known = freeze.last(session, env, incident.number)
        return _form(request, incident, rung, known, env)

    request.open(await request.read_incident(look))
    return None


def _form(
    request: Request, incident: Incident, rung: str | None, known: dict[str, str], env: Env
) -> kit.Element:
    rungs = [kit.option(f"Before {key} {env.content.ladder[key].title}", key)
             for key in freeze.DESTRUCTIVE if key in env.content.ladder]  # fmt: skip
    shown = rung if rung in freeze.DESTRUCTIVE else NOW
    head = "Say what runs *now*: versions and hashes, one part at least. It stays on the record for good."
    if known:
        head += "\nFilled in with what was known last. Look at each before you send it."
    blocks = [
        kit.section(head),
        kit.ask(
            "rung", "When",
            kit.select("rung", [kit.option("Now, at declaration", NOW), *rungs], initial=shown),
        ),
    ]  # fmt: skip
    for part in freeze.PARTS:
        label, hint = freeze.LABELS[part]
        box = kit.text_input(part, initial=known.get(part, ""), most=200)
        blocks.append(kit.ask(part, label, box, optional=True, hint=hint))
    return kit.modal(
        "freeze_submit", f"Freeze {ref(incident.number)}", blocks, submit="Freeze",
        meta=_meta(request, incident),
    )  # fmt: skip


def _meta(request: Request, incident: Incident, **more: str) -> str:
    return kit.pack(i=incident.number, c=request.channel, k=request.packed.get("k"), **more)


async def freeze_submit(request: Request) -> Answer:
    """The form was sent. Before a step that needs approval, the form to ask for it comes next."""
    values = request.values
    given = {part: values.text(part) for part in freeze.PARTS}
    rung = values.choice("rung")

    def verb(tx: Tx, incident: Incident) -> Answer:
        recorded = freeze.freeze(tx, incident, given, None if rung in (None, NOW) else rung)
        return _onward(tx, request, incident) or _frozen(recorded)

    return await request.change_incident(verb, lambda answer: answer)


async def skip_form(request: Request) -> Answer:
    """The button «Go without» asks why."""
    rung = str(request.packed.get("r", ""))

    def look(session: Session, incident: Incident) -> kit.Element:
        text = (
            f"*{rung} without a freeze.* What ran until now cannot be shown later. This is a "
            "decision on the record, with your reason."
        )
        why = kit.text_input("reason", multiline=True)
        blocks = [kit.section(text), kit.ask("reason", "Why can it not wait two minutes?", why)]
        return kit.modal(
            "freeze_skip_submit", "Go without a freeze", blocks, submit="Go without",
            meta=_meta(request, incident, r=rung),
        )  # fmt: skip

    if rung not in freeze.DESTRUCTIVE:
        raise BadInput(
            f"«{kit.esc(rung)}» needs no freeze.",
            instead="Rungs that do: " + ", ".join(freeze.DESTRUCTIVE),
        )
    request.open(await request.read_incident(look))
    return None


async def skip_submit(request: Request) -> Answer:
    """The reason was given."""
    rung, reason = str(request.packed.get("r", "")), request.values.text("reason")

    def verb(tx: Tx, incident: Incident) -> Answer:
        recorded = freeze.go_without(tx, incident, rung, reason)
        return _onward(tx, request, incident) or _skipped(recorded)

    return await request.change_incident(verb, lambda answer: answer)


def _onward(tx: Tx, request: Request, incident: Incident) -> Answer:
    """From the answer to the step it was given for: the form that asks for its approval."""
    key = request.packed.get("k")
    if not key:
        return None
    row = steps.find(tx.session, incident.number, str(key))
    plan = steps.plan_of(row)
    waits = step_approval.asked_of(plan) is not None
    if row.state not in steps.LIVE or not waits or step_approval.approved(tx.session, row):
        return None
    form = step_forms.ask_form(row, plan, request.channel)
    return {"response_action": "update", "view": form}


SURFACE = Surface(
    verbs={"freeze": freeze_verb},
    actions={"freeze_form": freeze_form, "freeze_skip": skip_form},
    views={"freeze_submit": freeze_submit, "freeze_skip_submit": skip_submit},
)
