"""What went on while Slack was away, in one message: the lines of the record, in order."""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import partial
from typing import Any

from sqlmodel import Session

from bot.effects.kinds import AWAY_MESSAGE
from bot.incident.names import ref
from bot.playbook.load import Content
from bot.record import timeline
from bot.record.catalogue import PlaybookComposed
from bot.record.read import entries
from bot.slack import kit
from bot.slack.router import Surface
from bot.slack.wording import Message, mark, simple
from db.tables import Incident

#: A line is clipped; the record has it whole.
LINE = 300
#: Slack takes about 13,000 characters of blocks.
CHARACTERS_MAX = 9_000
BLOCKS_CHARACTERS_MAX = 12_500
QUIET = timeline.QUIET - {PlaybookComposed.kind}


def said(
    titles: timeline.Titles, session: Session, incident: Incident | None, params: dict[str, Any]
) -> Message:
    """One message for all of it. Read from the record when it is sent, where words can be erased."""
    assert incident is not None
    found = entries(session, incident.number, after=params["after"])
    lines = [
        timeline.line(each, titles)
        for each in found
        if (each.n or 0) <= params["upto"] and each.entry.kind not in QUIET
    ]
    head = f"{mark(incident)}:hourglass_flowing_sand: *While Slack was away*, the work on {ref(incident.number)} went on:"
    texts = [_line(each) for each in lines]
    shown = _fitting(texts)
    blocks = [kit.section(part) for part in _parts(head, shown)]
    more = f"{len(texts) - len(shown)} more lines. " if len(texts) > len(shown) else ""
    blocks.append(kit.context(f"{more}All of it: `/incident timeline`"))
    return Message(f"While Slack was away, the work on {ref(incident.number)} went on", blocks)


def _line(line: timeline.Line) -> str:
    words = kit.names_only(kit.clip(" ".join(line.text.split()), LINE))
    return f"• {kit.when(line.at, '{time}')} {kit.person(line.actor)}: {words}"


def _fitting(texts: list[str]) -> list[str]:
    out, spent = [], 0
    for text in texts:
        spent += len(text) + 1
        if spent > CHARACTERS_MAX:
            break
        out.append(text)
    return out


def _parts(head: str, lines: list[str]) -> list[str]:
    """As many paragraphs as Slack's limit makes necessary."""
    parts, text = [], head
    for line in lines:
        if len(text) + len(line) > kit.TEXT_MAX - 10:
            parts.append(text)
            text = line
            continue
        text += f"\n{line}"
    return [*parts, text]


def told(parts: Sequence[Message]) -> Message:
    """One direct message for several, in their order, each with its buttons as long as there is room."""
    head = ":hourglass_flowing_sand: *While Slack was away*, this came up for you:"
    blocks = [kit.section(head)]
    for at, part in enumerate(parts):
        after = len(parts) - at - 1
        room = kit.MESSAGE_BLOCKS_MAX - len(blocks) - after
        fits = len(json.dumps([blocks, part.blocks])) + after * LINE <= BLOCKS_CHARACTERS_MAX
        blocks += part.blocks if fits and len(part.blocks) <= room else [_short(part)]
    return Message(f"While Slack was away: {len(parts)} messages for you", blocks)


def _short(part: Message) -> kit.Block:
    return kit.section(f"{kit.clip(part.text, LINE)}\nMore of it: `/incident next`")


def enrolled(session: Session, incident: Incident | None, params: dict[str, Any]) -> Message:
    """To somebody in whose name approvals can now be given past Slack: if it was not them, say so."""
    text = (
        f"The operator enrolled you: with key `{kit.esc(params['key_id'])}` approvals can be given in your name "
        "while Slack is away. If you did not ask for that, tell the operator now: "
        "`steadyhand people end` takes it back."
    )
    return simple(None, text, "You were enrolled for work without Slack")


def surface(content: Content) -> Surface:
    """Needs the content's role titles."""
    return Surface(
        wordings={AWAY_MESSAGE: partial(said, content.role_titles), "enrolled": enrolled}
    )
