"""``/incident search``: entries by their words, over all incidents that the person may see."""

from __future__ import annotations

from sqlmodel import Session

from bot.incident.names import ref
from bot.record import search
from bot.record.query import Query, parse
from bot.record.timeline import Titles
from bot.slack import kit
from bot.slack.request import Answer, Request, only_you
from bot.slack.router import Surface
from bot.slack.wording import mark

SHOWN = 10
TYPED_MAX = 800


async def search_verb(request: Request) -> Answer:
    """``/incident search WORDS [in:inc-3] [by:@x] [kind:decision] [since:7d] [drill:no]``."""
    typed = kit.clip(kit.unescape(request.text), TYPED_MAX)
    if request.explicit is not None:
        typed = f"in:inc-{request.explicit} {typed}"
    return await _answer(request, typed, None)


async def search_more(request: Request) -> Answer:
    """The button under a full page of results."""
    before = request.packed.get("b")
    return await _answer(
        request, str(request.packed.get("q", "")), before if isinstance(before, int) else None
    )


async def _answer(request: Request, typed: str, before: int | None) -> Answer:
    query = parse(typed, request.house.clock.now())

    def look(session: Session) -> tuple[list[search.Hit], int | None]:
        return search.find(
            session, query, request.user, here=request.channel, limit=SHOWN, before=before
        )

    hits, after = await request.read(look)
    if not hits:
        return only_you(_nothing(query, before))
    titles = request.house.env.content.role_titles
    return only_you(f"Found: {len(hits)}", page(hits, typed, after, titles))


def _nothing(query: Query, before: int | None) -> str:
    if before is not None:
        return "Nothing more is found."
    fewer = "Try fewer words" if len(query.words) + bool(query.prefix) > 1 else "Try another word"
    return f"Nothing is found. {fewer}, or the beginning of one; all words must be in one entry."


def page(hits: list[search.Hit], typed: str, after: int | None, titles: Titles) -> list[kit.Block]:
    """What was found, and a button for more of it where there is more."""
    blocks = [kit.section(hit_line(hit, titles)) for hit in hits]
    if after is not None:
        more = kit.button("Show more", "search_more", kit.pack(q=typed, b=after))
        blocks.append(kit.actions(more))
    return blocks


def hit_line(hit: search.Hit, titles: Titles) -> str:
    """Incident, number, time, who, and the words that were found, marked."""
    row, line = hit.incident, hit.line
    who = kit.person(line.actor) + (
        f" ({kit.esc(titles.get(line.role, line.role))})" if line.role else ""
    )
    found = kit.names_only(hit.snippet).replace("\n", " ")
    for char in search.MARKS:
        found = found.replace(char, "*")
    where = f" <#{row.channel_id}>" if row.channel_id else ""
    link = f" · <{kit.esc(line.link)}|message>" if _is_link(line.link) else ""
    fate = f" _{line.fate}_" if line.fate else ""
    return f"{mark(row)}*{ref(row.number)}* `{line.n}` {kit.when(line.at)} {who}{where}{link}{fate}\n>{found}"


def _is_link(link: str) -> bool:
    return link.startswith(("https://", "http://")) and not set(link) & set("|<> ")


SURFACE = Surface(verbs={"search": search_verb}, actions={"search_more": search_more})
