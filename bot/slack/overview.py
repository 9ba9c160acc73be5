"""Looking: status, timeline, list, mine, help, the menu, and App Home."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Sequence
from functools import partial

from slack_sdk.errors import SlackApiError
from sqlmodel import Session

from bot.errors import BadInput, NotFound
from bot.incident import queries
from bot.incident.names import ref
from bot.record import history, read, timeline
from bot.record.batch import Env
from bot.record.tx import Tx
from bot.slack import card, kit
from bot.slack.commands import VERBS
from bot.slack.open import form
from bot.slack.request import Answer, Request, WhichIncident, only_you
from bot.slack.router import Surface
from bot.slack.wording import mark
from bot.timing import from_rfc3339
from db.tables import Incident

log = logging.getLogger(__name__)
LINES = 15
#: Characters of an entry in the timeline, and of each part when it is shown as a whole.
LINE = 160
WHOLE, PARTS = 2_000, 5
#: Title and content of a part of App Home, for one person.
Sections = Sequence[tuple[str, Callable[[Session, str, Env], list[kit.Block]]]]


async def bare(request: Request) -> Answer:
    """``/incident`` alone: the incident's menu in its channel, else the form and what is open."""
    try:
        number = await request.read_incident(lambda session, row: row.number)
    except WhichIncident:
        request.open(form(request.house.env.content, request.channel))
        found = await request.read(lambda s: queries.open_incidents(s, request.user))
        return only_you("Open incidents", _list_blocks(found)) if found else None
    return await _menu(request, number)


async def _menu(request: Request, number: int) -> Answer:
    here = kit.pack(i=number)
    blocks = [
        kit.section(f"*{ref(number)}*: what do you want to do?"),
        kit.actions(
            kit.button("My steps", "next_steps", here, style="primary"),
            kit.button("Post an update", "update_form", here),
            kit.button("Assess severity", "severity_form", here),
            kit.button("Assign a role", "role_form", here),
            kit.button("Record a decision", "decision_form", here),
            kit.button("Add to the record", "record_form", here),
            kit.button("Draft a notice", "notice_form", here),
            kit.button("Timeline", "timeline", here),
        ),
        kit.context("Everything else: `/incident help`"),
    ]
    return only_you(f"{ref(number)} menu", blocks)


async def status_verb(parts: Sequence[card.Part], request: Request) -> Answer:
    """``/incident status``: the card, for this person, wherever they are."""
    env = request.house.env
    return await request.read_incident(
        lambda session, row: only_you(
            f"Status of {ref(row.number)}", card.render(session, row, env, parts).blocks
        )
    )


async def timeline_verb(request: Request) -> Answer:
    """``/incident timeline`` shows the last entries; ``all`` the quiet ones too; ``12`` one whole."""
    if re.fullmatch(r"#?\d{1,6}", request.text):
        return await _whole_entry(request, int(request.text.lstrip("#")))
    return await _page(request, quiet=request.text.lower() == "all", before=None)


async def timeline_more(request: Request) -> Answer:
    """The button under a timeline that is longer: the lines before it."""
    before = request.packed.get("b")
    return await _page(
        request, quiet=bool(request.packed.get("a")),
        before=before if isinstance(before, int) and 0 < before < 10**9 else None,
    )  # fmt: skip


async def _page(request: Request, *, quiet: bool, before: int | None) -> Answer:
    titles = request.house.env.content.role_titles

    def look(session: Session, row: Incident) -> Answer:
        lines, earlier = history.page(
            session, row.number, LINES, titles, quiet=quiet, before=before
        )
        blocks = timeline_blocks(row, lines, earlier)
        if earlier:
            packed = kit.pack(i=row.number, b=earlier, a=int(quiet))
            blocks.append(kit.actions(kit.button("Show earlier", "timeline_more", packed)))
        return only_you(f"Timeline of {ref(row.number)}", blocks)

    return await request.read_incident(look)


async def _whole_entry(request: Request, n: int) -> Answer:
    titles = request.house.env.content.role_titles

    def look(session: Session, row: Incident) -> Answer:
        found = next(read.entries(session, row.number, after=n - 1, limit=1), None) if n else None
        if found is None:
            raise NotFound(f"{ref(row.number)} has no entry {n}.", instead="`/incident timeline`")
        later = history.of(session, row.number, n)
        line = timeline.lines([found, *later], titles)[0]
        text = kit.names_only(line.text)
        parts = [text[at : at + WHOLE] for at in range(0, len(text), WHOLE)]
        fate = f" _{line.fate}_" if line.fate else ""
        head = f"{mark(row)}*Entry {n} of {ref(row.number)}* {kit.when(line.at)} {_who(line)}{fate}"
        more = [
            f"*{name}:* {_moment_or(said)}" for name, said in timeline.details(found, titles)
        ] + [
            f"`{each.n}` {kit.when(each.at)} {_who(each)}: {_shown(each.text)}"
            for each in history.lines(found, later, titles)
        ]
        shown = [kit.section(head), *map(kit.section, parts[:PARTS])]
        return only_you(f"Entry {n}", [*shown, *_small(more)])

    return await request.read_incident(look)


def _moment_or(said: str) -> str:
    """A part of an entry: a moment in the reader's zone, else the words."""
    try:
        return kit.when(from_rfc3339(said))
    except ValueError:
        return kit.names_only(kit.clip(said, WHOLE))


def _small(lines: list[str]) -> list[kit.Block]:
    """Lines under an entry, as few blocks as hold them."""
    return [kit.section(text) for text in kit.chunks(lines)]


def timeline_blocks(row: Incident, lines: list[timeline.Line], earlier: int) -> list[kit.Block]:
    """Lines of the timeline, the newest last; ``earlier`` is the entry up to which there are more."""
    texts = []
    for line in lines:
        why = f": {kit.esc(kit.clip(' '.join(line.late_reason.split()), 80))}"
        late = f" _entered later{why if line.late_reason else ''}_" if line.late else ""
        late += f" _{line.fate}_" if line.fate else ""
        texts.append(f"`{line.n}` {kit.clock(line.at)} {_who(line)}: {_shown(line.text)}{late}")
    blocks = [kit.section(f"{mark(row)}*Timeline of {ref(row.number)}*")]
    blocks += [kit.section(chunk) for chunk in kit.chunks(texts) or ["Nothing yet."]]
    more = f"There is more before entry {earlier}. " if earlier else ""
    blocks.append(
        kit.context(
            f"{more}One as a whole: `/incident timeline NUMBER`. "
            "Correct one: `/incident correct NUMBER NEW TEXT`"
        )
    )
    return blocks


def _who(line: timeline.Line) -> str:
    return kit.person(line.actor) + (f" ({kit.esc(line.role)})" if line.role else "")


def _shown(text: str) -> str:
    """One line of it, escaped except the mentions that the timeline itself wrote at the start."""
    return kit.names_only(kit.clip(" ".join(text.split()), LINE))


async def list_verb(request: Request) -> Answer:
    """What is open."""
    found = await request.read(lambda s: queries.open_incidents(s, request.user))
    if not found:
        return only_you("No incident is open. `/incident open TITLE` opens one.")
    return only_you("Open incidents", _list_blocks(found))


async def mine_verb(request: Request) -> Answer:
    """Incidents in which this person holds a role."""
    found = await request.read(lambda s: queries.mine(s, request.user))
    if not found:
        return only_you("You hold no role in an open incident.")
    return only_you("Your incidents", _list_blocks(found))


def _list_blocks(found: list[Incident]) -> list[kit.Block]:
    lines = []
    for row in found:
        where = f" <#{row.channel_id}>" if row.channel_id else ""
        severity = row.severity or "not assessed"
        lines.append(
            f"{mark(row)}*{ref(row.number)}* {kit.esc(kit.clip(row.title, 120))} · {severity} · "
            f"{queries.status(row)}{where}"
        )
    return [kit.section("\n".join(lines))]


async def help_verb(request: Request) -> Answer:
    """All verbs, or one."""
    word = request.text.lower()
    chosen = [verb for verb in VERBS if not word or verb.name == word or word in verb.aliases]
    if not chosen:
        raise BadInput(
            f"There is no «{kit.esc(word)}».", instead="`/incident help` lists all words."
        )
    lines = [f"`/incident {verb.usage}` {verb.what}" for verb in chosen]
    return only_you(
        "Help", [kit.section("\n".join(lines[i : i + 14])) for i in range(0, len(lines), 14)]
    )


async def effect_retry(request: Request) -> Answer:
    """The button beside something that did not happen."""
    from bot.effects import control

    key = str(request.packed.get("k"))

    def verb(tx: Tx, row: Incident) -> None:
        if control.find_row(tx.session, key).incident != row.number:
            raise BadInput("That does not belong to this incident.")
        control.retry(tx, key)

    return await request.change_incident(verb, lambda _: only_you("It is tried again now."))


async def home_opened(sections: Sections, request: Request) -> Answer:
    """App Home: drawn anew each time somebody opens it."""
    if request.body["event"].get("tab", "home") != "home":
        return None
    view = await request.read(lambda session: home_view(session, request, sections))
    request.background(_publish(request, view))
    return None


async def _publish(request: Request, view: kit.Element) -> None:
    try:
        await request.client.views_publish(user_id=request.user, view=view)
    except (TimeoutError, SlackApiError, OSError) as problem:
        log.warning("home_not_published", extra={"error": type(problem).__name__})


def home_view(session: Session, request: Request, sections: Sections) -> kit.Element:
    """My incidents, my steps, my approvals, my actions."""
    mine = queries.mine(session, request.user)
    others = [row for row in queries.open_incidents(session, request.user) if row not in mine]
    blocks = [kit.actions(kit.button("Open an incident", "open_form", style="primary"))]
    blocks += [kit.header("My incidents"), *(_list_blocks(mine) if mine else [_none("None.")])]
    for title, build in sections:
        found = build(session, request.user, request.house.env)
        blocks += [kit.header(title), *(found or [_none("Nothing waits for you.")])]
    if others:
        blocks += [kit.header("Also open"), *_list_blocks(others)]
    return kit.home(blocks)


def _none(text: str) -> kit.Block:
    return kit.context(text)


def surface(sections: Sections, parts: Sequence[card.Part]) -> Surface:
    """``sections`` are (title, build) pairs of the rooms for App Home."""
    return Surface(
        verbs={
            "bare": bare,
            "status": partial(status_verb, parts),
            "timeline": timeline_verb,
            "list": list_verb,
            "mine": mine_verb,
            "help": help_verb,
        },
        actions={
            "timeline": timeline_verb,
            "timeline_more": timeline_more,
            "effect_retry": effect_retry,
        },
        events={"app_home_opened": partial(home_opened, sections)},
    )
