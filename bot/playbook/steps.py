"""Looking at the steps of an incident: which are whose, what comes next, what holds them up."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import exists, or_, select
from sqlmodel import Session, col

from bot.errors import BadInput, NotFound
from bot.incident import queries
from bot.playbook.plan import StepPlan
from db.tables import Incident, RoleHolder, Step

#: What a stored step plan has besides the fields of ``StepPlan``.
EXTRA = ("number", "due_at")
LIVE = ("open", "blocked")
FINISHED = ("done", "not_needed", "not_required")
COMMANDER = "commander"
_NEVER = "9999-12-31T00:00:00.000Z"
#: Work on the cause and the way back begin when it is contained, learning when it is resolved.
_PHASE_BEGINS = {"eradicate": "contained", "recover": "contained", "learn": "resolved"}


def plan_of(row: Step) -> StepPlan:
    """The composed step behind a row."""
    return StepPlan.model_validate({k: v for k, v in row.plan.items() if k not in EXTRA})


def describe(row: Step) -> str:
    """``Step 7 «Roll back»``: how messages name a step."""
    return f"Step {row.number} «{row.title}»"


def of_incident(session: Session, incident: int) -> list[Step]:
    """All steps in their order, those that are not required included."""
    statement = (
        select(Step).where(Step.incident == incident).order_by(Step.position, Step.number)  # type: ignore[arg-type]
    )
    return list(session.execute(statement).scalars())


def required(session: Session, incident: int) -> list[Step]:
    """Steps that must come to an end before the response does, in order.

    What is only on offer counts once somebody took it; what is for afterwards does not.
    """
    return [row for row in of_incident(session, incident) if demanded(row)]


def demanded(row: Step) -> bool:
    """Whether the step is live and the response cannot end without it."""
    if row.state not in LIVE or row.phase == "learn" or row.plan["due_after"] == "resolved":
        return False
    return not offered(row)


def offered(row: Step) -> bool:
    """Whether it is on offer and nobody took it: it may stay open."""
    return bool(row.plan.get("offer")) and row.owner is None and row.state == "open"


# --- what matters now -----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Ahead:
    """Live steps, most urgent first: those for now, those whose phase is not reached, and offers."""

    now: list[Step]
    later: dict[str, list[Step]]
    """``contained`` or ``resolved``, the turn they wait for, to the steps."""
    offers: list[Step]


def ahead(rows: Iterable[Step], incident: Incident) -> Ahead:
    """The live ones of these steps, in the order in which they matter."""
    live = sorted((row for row in rows if row.state in LIVE), key=urgency)
    later: dict[str, list[Step]] = {}
    for turn in ("contained", "resolved"):
        found = [row for row in live if not offered(row) and waits_for(row, incident) == turn]
        if found:
            later[turn] = found
    folded = {row.key for found in later.values() for row in found}
    now = [row for row in live if not offered(row) and row.key not in folded]
    return Ahead(now, later, [row for row in live if offered(row)])


def waits_for(row: Step, incident: Incident) -> str | None:
    """``contained`` or ``resolved`` while the step's time has not come; None when it has.

    Whoever took a step has its time come.
    """
    turn = row.plan["due_after"]
    if turn == "declared":
        turn = _PHASE_BEGINS.get(row.phase, "declared")
    reached = {"contained": incident.contained_at, "resolved": incident.resolved_at}
    return turn if turn in reached and reached[turn] is None and row.owner is None else None


def urgency(row: Step) -> tuple[bool, str, int]:
    """The one order of steps: by due time, then as the playbook has them; offers last."""
    return offered(row), row.plan["due_at"] or _NEVER, row.position


# --- whose ----------------------------------------------------------------------------------------


def steps_of(session: Session, person: str, limit: int = 20) -> list[Step]:
    """What this person has to do in all open incidents, most urgent first.

    Takes the same few statements however many incidents are open.
    """
    incidents = _incidents_of(session, person)
    if not incidents:
        return []
    numbers = [incident.number for incident in incidents]
    held, live = _holders(session, numbers), _live(session, numbers)
    mine: list[Step] = []
    for incident in incidents:
        theirs = _theirs(live[incident.number], held[incident.number], person)
        found = ahead(theirs, incident)
        mine += found.now + found.offers
    return sorted(mine, key=lambda row: (*urgency(row)[:2], row.incident, row.position))[:limit]


def steps_in(session: Session, incident: int, person: str) -> list[Step]:
    """What this person has to do in one incident: what can be done now, what is for later, offers.

    Theirs are the steps they own, those of roles they hold, and, for the commander, those whose
    role nobody holds.
    """
    live, held = _live(session, [incident])[incident], holders(session, incident)
    found = ahead(_theirs(live, held, person), queries.get(session, incident))
    return [*found.now, *(row for rows_ in found.later.values() for row in rows_), *found.offers]


def _theirs(rows: Iterable[Step], held: dict[str, str], person: str) -> list[Step]:
    return [row for row in rows if whose(row, held) == person]


def _live(session: Session, incidents: list[int]) -> defaultdict[int, list[Step]]:
    statement = select(Step).where(col(Step.incident).in_(incidents), col(Step.state).in_(LIVE))
    found: defaultdict[int, list[Step]] = defaultdict(list)
    for row in session.execute(statement).scalars():
        found[row.incident].append(row)
    return found


def _holders(session: Session, incidents: list[int]) -> defaultdict[int, dict[str, str]]:
    statement = select(RoleHolder).where(
        col(RoleHolder.incident).in_(incidents), col(RoleHolder.state) == "accepted"
    )
    found: defaultdict[int, dict[str, str]] = defaultdict(dict)
    for row in session.execute(statement).scalars():
        found[row.incident][row.role] = row.holder
    return found


def whose(row: Step, holder: dict[str, str]) -> str | None:
    """Whom a step concerns, given who holds which role."""
    return row.owner or holder.get(row.role) or holder.get(COMMANDER)


def holders(session: Session, incident: int) -> dict[str, str]:
    """Role to the person who accepted it."""
    return _holders(session, [incident])[incident]


def _incidents_of(session: Session, person: str) -> list[Incident]:
    number = col(Incident.number)
    held = exists().where(
        col(RoleHolder.incident) == number,
        col(RoleHolder.holder) == person,
        col(RoleHolder.state) == "accepted",
    )
    owned = select(col(Step.incident)).where(col(Step.owner) == person, col(Step.state).in_(LIVE))
    statement = (
        select(Incident)
        .where(
            queries.live(),
            col(Incident.status).in_(queries.OPEN_STATUSES),
            or_(held, number.in_(owned)),
        )
        .order_by(number)
    )
    return list(session.execute(statement).scalars())


def next_steps(session: Session, incident: int, limit: int) -> list[Step]:
    """What the whole response does next."""
    return ahead(of_incident(session, incident), queries.get(session, incident)).now[:limit]


# --- what holds a step up -------------------------------------------------------------------------


def unmet(session: Session, row: Step) -> list[Step]:
    """Steps that must come first, are not finished, and were not waived."""
    wanted = [key for key in row.plan["preconditions"] if key not in row.waived]
    return open_before(session, row, wanted)


def open_before(session: Session, row: Step, keys: Iterable[str]) -> list[Step]:
    """Those of the named steps that are not finished."""
    found = (session.get(Step, (row.incident, key)) for key in keys)
    return [one for one in found if one is not None and one.state not in FINISHED]


# --- by name --------------------------------------------------------------------------------------


def find(session: Session, incident: int, key: str) -> Step:
    """The step with this key. Raises ``NotFound``."""
    row = session.get(Step, (incident, key))
    if row is None:
        raise NotFound("There is no such step.", instead="`/incident step` lists them all.")
    return row


def search(session: Session, incident: int, words: str) -> Step:
    """The step that somebody means by ``7``, ``roll back`` or a part of its title.

    Raises ``NotFound``, or ``BadInput`` naming the steps that fit when several do.
    """
    every = of_incident(session, incident)
    rows = [row for row in every if row.state != "not_required"]
    wanted = words.strip().lower().lstrip("#")
    if re.fullmatch(r"\d{1,6}", wanted):
        fits = [row for row in rows if row.number == int(wanted)]
    else:
        asked = re.findall(r"\w+", wanted)
        fits = [row for row in rows if asked and all(_has(row, word) for word in asked)]
        exact = [row for row in fits if row.title.lower() == wanted]
        fits = exact or [row for row in fits if row.state in LIVE] or fits
    if not fits:
        gone = next((row for row in every if str(row.number) == wanted), None)
        said = f"{describe(gone)} is no longer required." if gone else ""
        raise NotFound(
            said or f"No step fits «{words.strip()}».", instead="`/incident step` lists them all."
        )
    if len(fits) > 1:
        names = "; ".join(f"{row.number} {row.title}" for row in fits[:5])
        raise BadInput(f"Several steps fit «{words.strip()}»: {names}.", instead="Use the number.")
    return fits[0]


def _has(row: Step, word: str) -> bool:
    return any(part.startswith(word) for part in re.findall(r"\w+", row.title.lower()))
