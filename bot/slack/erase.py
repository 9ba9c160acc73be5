"""Erasing in Slack: what and why in one form, how much it is in a second one, and only then."""

from __future__ import annotations

import re

from bot.errors import BadInput
from bot.incident.names import ref
from bot.incident.rights import require
from bot.record import erase
from bot.record.tx import Tx
from bot.slack import kit
from bot.slack.request import Answer, Request
from bot.slack.router import Surface

NAMED = 30
NOT_REACHED = (
    "Not reached: messages in Slack itself, backups, exported documents, published notices."
)
_NUMBER = re.compile(r"\d{1,9}")


async def erase_verb(request: Request) -> Answer:
    """``/incident erase``: the form; ``erase 7`` or ``erase @ann`` fills it in."""
    number = await _number_if_allowed(request)
    words = kit.unescape(request.text)
    people = kit.mentioned(words)
    entries = _numbers(kit.without_mentions(words))
    request.open(_form(request, number, people[0] if people else None, entries))
    return None


async def _number_if_allowed(request: Request) -> int:
    """The incident; whoever lacks the right is refused before anything is typed."""

    def verb(tx: Tx) -> int:
        incident = request.incident(tx.session)
        require(tx, "erase_personal", incident)
        return incident.number

    return await request.house.change(request.by, verb)


def _form(request: Request, number: int, person: str | None, entries: list[int]) -> kit.Element:
    rules = [
        kit.option("Their name, and what they wrote", "all"),
        kit.option("Their name only", "names"),
    ]
    blocks = [
        kit.section(
            "Name a person, entries, or a phrase. The entries stay with their time and hash; the "
            "words go for good. You are shown how much it is before anything happens."
        ),
        kit.ask("person", "Whom?", kit.user_select("person", person), optional=True),
        kit.ask("rule", "What of this person?", kit.radio("rule", rules, initial="all")),
        kit.ask(
            "entries", "Or the words of which entries?",
            kit.text_input("entries", initial=" ".join(map(str, entries)), most=500),
            optional=True, hint="Numbers from the timeline, like 4 7 12. Who made them stays.",
        ),
        kit.ask(
            "phrase", "Or every text that holds this", kit.text_input("phrase", most=300),
            optional=True, hint="A name, a number, an address: exactly as it stands there.",
        ),
        kit.ask(
            "reason", "Why?", kit.text_input("reason", multiline=True, most=erase.REASON_MAX),
            hint="It stays on the record. Name nobody here; a request number is best.",
        ),
    ]  # fmt: skip
    meta = kit.pack(i=number, c=request.channel)
    return kit.modal("erase_submit", f"Erase in {ref(number)}", blocks, submit="Look", meta=meta)


async def erase_submit(request: Request) -> Answer:
    """What and why: answered with how much that is. Nothing is changed or kept."""
    values = request.values
    wish = erase.Wish(
        values.user("person") or "", values.text("phrase"), values.choice("rule") != "names",
        tuple(_numbers(values.text("entries"))),
    )  # fmt: skip
    reason = values.text("reason")

    def verb(tx: Tx) -> tuple[int, erase.Erased]:
        number = request.incident(tx.session).number
        return number, erase.erase(tx, wish, reason, number, dry_run=True)

    number, found = await request.house.change(request.by, verb)
    return {"response_action": "update", "view": _confirm(request, number, wish, reason, found)}


def _confirm(
    request: Request, number: int, wish: erase.Wish, reason: str, found: erase.Erased
) -> kit.Element:
    text = (
        f"*{found.values} private values* in {_entries(found, number)} of {ref(number)} are "
        "deleted. They cannot be brought back."
    )
    blocks = [
        kit.section(text),
        kit.ask(
            "reason", "The reason that goes on the record",
            kit.text_input("reason", multiline=True, initial=reason, most=erase.REASON_MAX),
        ),
        kit.context(NOT_REACHED),
    ]  # fmt: skip
    meta = kit.pack(
        i=number, c=request.channel, p=wish.person, t=wish.phrase, w=wish.words,
        e=" ".join(map(str, wish.entries)),
    )  # fmt: skip
    return kit.modal("erase_confirm", "Erase for good?", blocks, submit="Erase", meta=meta)


async def erase_confirm(request: Request) -> Answer:
    """Confirmed. The receipts are shown once and kept nowhere, so they are not remembered either."""
    carried, reason = request.packed, request.values.text("reason")
    wish = erase.Wish(
        str(carried.get("p") or ""), str(carried.get("t") or ""), carried.get("w") is not False,
        tuple(_numbers(str(carried.get("e") or ""))),
    )  # fmt: skip
    made: list[tuple[int, erase.Erased]] = []

    def verb(tx: Tx) -> None:
        number = request.incident(tx.session).number
        made[:] = [(number, erase.erase(tx, wish, reason, number))]
        tx.refresh_card(number)

    await request.change(verb)
    return {"response_action": "update", "view": _done(*made[0])}


def _done(number: int, found: erase.Erased) -> kit.Element:
    text = f"{found.values} private values in {_entries(found, number)} of {ref(number)} are gone."
    blocks = [kit.section(text), kit.context(NOT_REACHED)]
    if found.receipts:
        lines = "\n".join(
            f"entry {seq} of the record: {salt}" for seq, salt in found.receipts.items()
        )
        blocks.append(
            kit.section(
                "Receipt: with it you can prove later whom this was about. It is shown once, and "
                f"kept nowhere. Copy it.\n```{lines}```"
            )
        )
    return kit.modal("erase_done", "Erased", blocks, submit=None, close="Close")


def _entries(found: erase.Erased, number: int) -> str:
    numbers = found.entries.get(number, [])
    more = f" and {len(numbers) - NAMED} more" if len(numbers) > NAMED else ""
    word = "entry" if len(numbers) == 1 else "entries"
    return f"{word} {', '.join(map(str, numbers[:NAMED]))}{more}"


def _numbers(text: str) -> list[int]:
    """Entry numbers. Raises ``BadInput`` when something else was typed."""
    found = text.replace(",", " ").replace("#", " ").split()
    for one in found:
        if not _NUMBER.fullmatch(one):
            raise BadInput(
                f"«{kit.esc(kit.clip(one, 40))}» is no entry number.",
                instead="`/incident timeline all` shows them.", field="entries",
            )  # fmt: skip
    return sorted({int(one) for one in found})


SURFACE = Surface(
    verbs={"erase": erase_verb},
    views={"erase_submit": erase_submit, "erase_confirm": erase_confirm},
)
