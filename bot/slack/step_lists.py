"""Lists of steps: what is mine to do now, the whole playbook, the card, App Home.

Everywhere in one order: by due time, then as the playbook has them. Steps of a phase that is not
reached yet are folded into a count.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from datetime import datetime

from sqlmodel import Session

from bot.incident.names import ref
from bot.playbook import steps
from bot.record.batch import Env
from bot.slack import kit
from bot.slack.request import Answer, Request, only_you
from bot.slack.step_blocks import buttons, due_words, step_blocks
from bot.slack.wording import mark
from db.tables import Incident, Step

#: So many steps are shown in full with their buttons, so many more as a line.
IN_FULL = 3
AS_LINES = 4
ON_CARD = 5
OFFERS = 5
HOME = 8
PHASES = (
    "detect", "triage", "preserve", "contain", "eradicate", "recover", "communicate", "learn",
)  # fmt: skip
_MARKS = {
    "open": "○", "done": "✓", "not_needed": "–", "blocked": "✗", "not_required": "·",
}  # fmt: skip


# --- mine -----------------------------------------------------------------------------------------


async def next_verb(request: Request) -> Answer:
    """``/incident next``: this person's steps in this incident, most urgent first."""
    now, env = request.house.clock.now(), request.house.env

    def look(session: Session, incident: Incident) -> Answer:
        mine = steps.steps_in(session, incident.number, request.user)
        return only_you(
            f"Your steps in {ref(incident.number)}", mine_blocks(session, incident, mine, now, env)
        )

    return await request.read_incident(look)


def mine_blocks(
    session: Session, incident: Incident, mine: list[Step], now: datetime, env: Env
) -> list[kit.Block]:
    """What somebody has to do: the next few with their buttons, then a few lines, then counts."""
    name = f"{mark(incident)}*{ref(incident.number)}*"
    found = steps.ahead(mine, incident)
    if not mine:
        return [
            kit.section(f"{name}: nothing waits for you."),
            kit.context("All steps: `/incident step`. Take a role: `/incident role`."),
        ]
    late = sum(row.due_at is not None and row.due_at <= now for row in found.now)
    head = "next for you" if found.now else "nothing for you now"
    blocks = [kit.section(f"{name}: {head}{f' · :warning: {late} overdue' if late else ''}")]
    for row in found.now[:IN_FULL]:
        blocks += step_blocks(session, row, now, env)
    then = found.now[IN_FULL : IN_FULL + AS_LINES]
    if then:
        lines = [f"• {row.number} {kit.esc(row.title)}{due_words(row, now)}" for row in then]
        blocks += _sections("*Then*", lines)
    if found.offers:
        names = ", ".join(f"{row.number} {kit.esc(row.title)}" for row in found.offers[:OFFERS])
        more = f" and {len(found.offers) - OFFERS} more" if len(found.offers) > OFFERS else ""
        blocks.append(kit.context(f"On offer, if it is needed: {names}{more}."))
    rest = _rest(found.now[IN_FULL + AS_LINES :], found.later)
    blocks.append(
        kit.context(f"{rest}All steps: `/incident step`. One of them: `/incident step 7`.")
    )
    return blocks


def _rest(now: Iterable[Step], later: dict[str, list[Step]]) -> str:
    """How many more there are, and where: ``6 more now (triage 2, contain 4). Later: …``"""
    phases = Counter(row.phase for row in now)
    where = ", ".join(f"{phase} {phases[phase]}" for phase in PHASES if phases[phase])
    text = f"{phases.total()} more now ({where}). " if phases else ""
    folded = [f"{len(rows)} once it is {when}" for when, rows in later.items()]
    return text + (f"Later: {', '.join(folded)}. " if folded else "")


# --- the list -------------------------------------------------------------------------------------


async def list_steps(request: Request) -> Answer:
    """Every step by phase, with its state, owner and time."""

    def look(session: Session, incident: Incident) -> Answer:
        env = request.house.env
        return only_you(f"Steps of {ref(incident.number)}", list_blocks(session, incident, env))

    return await request.read_incident(look)


def list_blocks(session: Session, incident: Incident, env: Env) -> list[kit.Block]:
    """The playbook of an incident as a list."""
    rows = steps.of_incident(session, incident.number)
    held = steps.holders(session, incident.number)
    blocks = [kit.section(f"{mark(incident)}*Playbook of {ref(incident.number)}*")]
    if not rows:
        blocks.append(kit.section("It is being put together. Try again in a moment."))
    for phase in PHASES:
        lines = [
            _line(row, held, env)
            for row in rows
            if row.phase == phase and row.state != "not_required"
        ]
        if lines:
            blocks += _sections(f"*{phase.capitalize()}*", lines)
    blocks.append(
        kit.context(
            "○ open  ✓ done  ✗ blocked  – not needed  (o) on offer",
            "`/incident step done 7`, `step skip 7 because …`, `step block 7 because …`, `step take 7`",
        )
    )
    return blocks[: kit.MESSAGE_BLOCKS_MAX]


def _line(row: Step, held: dict[str, str], env: Env) -> str:
    who = row.owner or held.get(row.role)
    role = env.content.roles.get(row.role)
    owner = kit.person(who) if who else f"{role.title if role else row.role}: nobody"
    due = f", due {kit.when(row.due_at)}" if row.due_at and row.state in steps.LIVE else ""
    late = " :warning:" if row.overdue and row.state in steps.LIVE else ""
    offer = " (o)" if steps.offered(row) else ""
    return f"{_MARKS[row.state]} {row.number} {kit.esc(row.title)}{offer} — {owner}{due}{late}"


def _sections(head: str, lines: list[str]) -> list[kit.Block]:
    """Lines in as many paragraphs as Slack's limit makes necessary."""
    blocks, text = [], head
    for line in lines:
        if len(text) + len(line) > kit.TEXT_MAX - 10:
            blocks.append(kit.section(text))
            text = ""
        text += f"\n{line}"
    return [*blocks, kit.section(text.strip())]


# --- the card and App Home ------------------------------------------------------------------------


def card_lines(session: Session, incident: Incident, env: Env) -> list[kit.Block]:
    """For the card: the next steps with owner and time, how many are overdue, how many follow."""
    if incident.status == "closed":
        return []
    rows = [row for row in steps.of_incident(session, incident.number) if row.state in steps.LIVE]
    found = steps.ahead(rows, incident)
    rest = _rest(found.now[ON_CARD:], found.later)
    if not found.now:
        return [kit.context(f"{rest}`/incident step`")] if rest else []
    late = sum(row.overdue for row in found.now)
    head = "*Next steps*" + (f" · :warning: {late} overdue" if late else "")
    held = steps.holders(session, incident.number)
    blocks = _sections(head, [_line(row, held, env) for row in found.now[:ON_CARD]])
    return [*blocks, kit.context(f"{rest}`/incident step`")] if rest else blocks


def home_lines(session: Session, person: str, env: Env) -> list[kit.Block]:
    """For App Home: this person's most urgent steps in all open incidents, with their buttons."""
    blocks = []
    for row in steps.steps_of(session, person, HOME):
        late = " · :warning: overdue" if row.overdue else ""
        due = f" · due {kit.when(row.due_at)}" if row.due_at else ""
        drill = mark(session.get(Incident, row.incident))
        text = f"{drill}*{ref(row.incident)} · {row.number} {kit.esc(row.title)}*{due}{late}"
        blocks += [kit.section(text), buttons(session, row)]
    return blocks
