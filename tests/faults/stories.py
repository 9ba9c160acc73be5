"""What people do while the bot dies: each story is what came before, and one request."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from bot.sandbox.modals import Modal
from bot.sandbox.people import Person
from bot.sandbox.seen import Seen
from bot.sandbox.state import Channel
from tests.faults.town import Town

FACTS = {
    "What happened, in one sentence a customer understands?": "Some people saw wrong titles.",
    "Which features, regions or customers are touched?": "Chat history only.",
    "What can people do meanwhile?": "Please do not open the history.",
    "When does the next update come?": "Today at 15:30 UTC.",
}
Before = Callable[[Town, int], Awaitable[Any]]
Request = Callable[[Town, Any], Awaitable[Any]]


@dataclass(frozen=True)
class Story:
    """``before`` makes incident ``n`` ready and returns what ``request`` needs."""

    name: str
    before: Before
    request: Request
    #: Calls that it must at least lead to, so that a story that does nothing is noticed.
    leads_to: tuple[str, ...]


def last(person: Person, channel: Any, text: str) -> Seen:
    """The newest message with this text."""
    return next(seen for seen in reversed(person.sees(channel)) if text in seen.plain)


async def opened(town: Town, n: int, who: str = "ada") -> Channel:
    """Incident ``n`` with everything done."""
    person = town.person(who)
    await person.command(f"/incident open Assistant shows other chats {n}")
    channel = await person.waits_for_channel(f"inc-{n}-", timeout=20)
    await town.rest()
    return channel


async def _nothing(town: Town, n: int) -> int:
    return n


async def open_it(town: Town, n: int) -> None:
    """One line opens an incident."""
    reply = await town.person("ada").command(f"/incident open Assistant shows other chats {n}")
    assert f"INC-{n}" in str(reply.body), reply


async def _give_role(town: Town, channel: Channel) -> None:
    await town.person("ada").command(
        "/incident role sre <@U0MAX>".replace("U0MAX", town.person("max").id), channel
    )


async def _sre(town: Town, n: int) -> Channel:
    channel = await opened(town, n)
    await town.person("ada").invites(town.person("max"), channel)
    await town.person("max").command("/incident role sre", channel)
    await town.rest()
    return channel


async def _ask(town: Town, channel: Channel) -> None:
    person = town.person("max")
    await person.command("/incident step ask switch off the affected", channel)
    form = await person.modal()
    form.fill("What exactly will you do?", "Flag support-agent off for EU")
    await form.submit()  # the bot may die before it acknowledges


async def _asked(town: Town, n: int) -> tuple[Channel, Seen]:
    channel = await _sre(town, n)
    await _ask(town, channel)
    await town.rest()
    return channel, last(town.person("ada"), "dm", "needs your answer")


async def _approve(town: Town, asked: tuple[Channel, Seen]) -> None:
    await town.person("ada").click(asked[1], "Approve")


async def _contained(town: Town, n: int) -> Channel:
    channel = await opened(town, n)
    await town.person("ada").command("/incident contain tool off since 04:10", channel)
    await town.rest()
    return channel


async def _resolve(town: Town, channel: Channel) -> None:
    ada = town.person("ada")
    await ada.command("/incident resolve", channel)
    form = await ada.modal()
    form.fill("What happened, in a few plain sentences", "An agent followed hidden text.")
    form.fill("Why resolve it all the same?", "moved to INC-700")
    await form.submit()


async def notice_form(cleo: Person, channel: Channel, title: str) -> Modal:
    """A notice with all its facts: the form that asks for its approval when it is sent."""
    await cleo.command("/incident notice", channel)
    asked = (await (await cleo.modal()).submit()).modal
    assert asked is not None
    for question, answer in FACTS.items():
        asked.fill(question, answer)
    shown = (await asked.submit()).modal
    assert shown is not None
    shown.fill("Title", title).fill("Then", "Ask for approval of this text")
    return shown


async def _notice_approved(town: Town, n: int) -> Seen:
    channel = await opened(town, n)
    ada, cleo = town.person("ada"), town.person("cleo")
    await ada.invites(cleo, channel)
    await cleo.command("/incident role comms", channel)
    await town.rest()
    shown = await notice_form(cleo, channel, f"Wrong titles {n}")
    assert (await shown.submit()).ok
    await town.rest()
    await ada.click(last(ada, "dm", "asks you to approve"), "Approve this text")
    await town.rest()
    return last(cleo, "dm", "is approved")


async def _publish(town: Town, ready: Seen) -> None:
    await town.person("cleo").click(ready, "Publish")


OPENING = Story(
    "open", _nothing, open_it,
    ("conversations.create", "conversations.invite", "chat.postMessage card",
     "conversations.setTopic", "pins.add", "chat.postMessage announce"),
)  # fmt: skip
ROLE = Story("role", opened, _give_role, ("chat.postMessage tell",))
ASK = Story("ask for approval", _sre, _ask, ("chat.postMessage tell", "chat.postMessage say"))
APPROVE = Story("approve", _asked, _approve, ("chat.postMessage say", "chat.update"))
PUBLISH = Story("publish a notice", _notice_approved, _publish, ("chat.postMessage notice",))
RESOLVE = Story("resolve", _contained, _resolve, ("chat.postMessage say", "chat.update"))
OTHERS = (ROLE, ASK, APPROVE, PUBLISH, RESOLVE)
