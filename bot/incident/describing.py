"""What the incident is: its title, the kinds of harm, the facts that the playbook goes by."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Mapping
from typing import Any

from bot.effects import kinds
from bot.errors import BadInput, Conflict
from bot.incident.opening import title_of
from bot.incident.rights import require
from bot.playbook.composing import ask_again, learn
from bot.playbook.rules import FactKind
from bot.record import catalogue as c
from bot.record.tx import Tx
from db.tables import Incident

#: Facts stand in the chain for ever, so a free one is a word or two and never a story or a name tag.
TEXT_MAX = 60
_WORDS = re.compile(r"[\w .,&/()+-]+")
_YES_NO = {"yes": True, "true": True, "no": False, "false": False}
UNKNOWN = ("unknown", "?")
#: So many letters of a name are enough to be asked whether it is meant.
BEGINNING = 4


def rename(tx: Tx, incident: Incident, title: str) -> str:
    """Put the title into better words. The channel keeps its name. Returns a sentence."""
    require(tx, "rename", incident)
    title = title_of(title)
    if title == incident.title:
        raise Conflict("That is the title already.", field="title")
    entry = tx.append(c.TitleChanged(title=title), incident.number)
    _show(tx, incident, entry.n)
    number, n = incident.number, entry.n
    tx.effect(
        kinds.Effect(
            "channel.topic", f"topic:{number}:{n}", f"topic:{number}", {}, number,
            kinds.card_key(number),
        ),
        kinds.say(number, f"title:{n}", "title_changed", by=tx.by.id),
    )  # fmt: skip
    return f"The title is now «{title}». The channel keeps its name."


def set_families(tx: Tx, incident: Incident, families: Iterable[str]) -> str:
    """Say what kinds of harm it is; the first one leads. The playbook is composed again."""
    require(tx, "set_families", incident)
    found = list(dict.fromkeys(families))
    known = tx.env.content.families
    if not found or any(family not in known for family in found):
        raise BadInput("Choose at least one kind of harm.", field="families")
    if found == list(incident.families):
        raise Conflict("These are the kinds of harm already.", field="families")
    entry = tx.append(
        c.FamiliesSet(
            families=found, previous=list(incident.families),
            titles=[known[family].name for family in found],
        ),
        incident.number,
    )  # fmt: skip
    assert entry.n is not None
    tx.effect(ask_again(incident.number, entry.n))
    _show(tx, incident, entry.n)
    names = ", ".join(known[family].name for family in found)
    return f"Kinds of harm: {names}. The playbook follows in a moment."


def find_families(tx: Tx, words: str) -> list[str]:
    """The families meant by ``privacy-leakage, prompt injection``. Raises ``BadInput``."""
    known = {}
    for row in tx.env.content.families.values():
        for name in (row.id, row.slug, row.name, row.short):
            known[_plain(name)] = row.id
    return [str(known[_near(part, known, "families", "kind of harm", _names(tx))])
            for part in words.split(",") if part.strip()]  # fmt: skip


def _names(tx: Tx) -> list[str]:
    return [row.slug for row in tx.env.content.families.values()]


def set_fact(tx: Tx, incident: Incident, name: str, value: str) -> str:
    """Say what is known of one fact of facts.yaml, or that it is unknown again."""
    require(tx, "set_facts", incident)
    known = tx.env.content.facts
    by_name = {_plain(each): each for each in known}
    kind = known[by_name[_near(name, by_name, "fact", "fact", known)]]
    said = value_of(kind, value)
    if incident.facts.get(kind.id) == said:
        raise Conflict("That is known already.", field="value")
    learn(tx, incident, {kind.id: said})
    tx.refresh_card(incident.number)
    return f"{kind.ask} {in_words(said)}. The playbook follows in a moment."


def value_of(kind: FactKind, text: str) -> Any:
    """The value that somebody means; None when it is unknown. Raises ``BadInput``."""
    word = text.strip()
    if word.lower() in UNKNOWN:
        return None
    if kind.type == "yes_no":
        if word.lower() not in _YES_NO:
            raise BadInput(kind.ask, instead="Say yes, no or unknown.", field="value")
        return _YES_NO[word.lower()]
    if kind.type == "choice":
        chosen = word.lower().replace(" ", "_")
        if chosen not in kind.choices:
            raise BadInput(kind.ask, instead=f"One of: {', '.join(kind.choices)}.", field="value")
        return chosen
    if len(word) > TEXT_MAX or not _WORDS.fullmatch(word):
        few = f"A few plain words, at most {TEXT_MAX} characters: no names, no links."
        raise BadInput(kind.ask, instead=few, field="value")
    if kind.type == "number":
        if not word.isdecimal() or len(word) > 15:
            raise BadInput(kind.ask, instead="A whole number.", field="value")
        return int(word)
    return (
        [part.strip() for part in word.split(",") if part.strip()] if kind.type == "list" else word
    )


def in_words(value: Any) -> str:
    """A fact's value as people read it."""
    if value is None:
        return "unknown"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return ", ".join(value) if isinstance(value, list) else str(value)


def _show(tx: Tx, incident: Incident, n: int | None) -> None:
    """The card, and the announcement where there is one."""
    tx.effect(
        kinds.Effect(
            "announce.update", f"announce:{incident.number}:{n}", f"announced:{incident.number}",
            {}, incident.number, f"announce:{incident.number}" if incident.announced_ts else None,
        )
    )  # fmt: skip
    tx.refresh_card(incident.number)


def _plain(word: str) -> str:
    return " ".join(word.lower().replace("_", " ").replace("-", " ").split())


def _near(
    word: str, known: Mapping[str, str], field: str, what: str, all_: Iterable[str]
) -> str:  # fmt: skip
    """The name as it is known. Raises ``BadInput`` with the nearest one."""
    wanted = _plain(word)
    if wanted in known:
        return wanted
    near = difflib.get_close_matches(wanted, known, n=1, cutoff=0.6) or [
        name for name in known if len(wanted) >= BEGINNING and name.startswith(wanted)
    ]
    hint = f"Did you mean «{near[0]}»?" if near else "There are: " + ", ".join(all_)
    raise BadInput(f"There is no {what} «{word.strip()[:60]}».", instead=hint, field=field)
