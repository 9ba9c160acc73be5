"""One request from Slack as handlers see it, and the answers they can give.

The rule of the house: acknowledge first. A handler checks, decides and commits; the only Slack call
on its way is opening a form, and even that one runs beside the acknowledgement.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any, TypeVar

from aiohttp import ClientError
from slack_sdk.errors import SlackApiError, SlackClientError
from slack_sdk.web.async_client import AsyncWebClient
from sqlmodel import Session

from bot.effects.answers import error_of
from bot.effects.outcome import CHANNEL_GONE
from bot.errors import BadInput, Refusal
from bot.house import House
from bot.incident import queries
from bot.incident.names import parse_ref
from bot.record.entry import Actor
from bot.record.tx import Tx
from bot.slack import kit
from db.tables import Incident

log = logging.getLogger(__name__)
T = TypeVar("T")

#: Slack's words (new and old) for a trigger that opened a form already.
OPENED_BEFORE = ("exchanged_trigger_id", "trigger_exchanged")
#: Everything that a call to Slack may end with when it does not succeed.
SLACK_TROUBLE = (TimeoutError, SlackClientError, ClientError, OSError)

#: Slack's words for a channel in which the bot cannot speak to this person.
CLOSED_TO_US = CHANNEL_GONE | {"user_not_in_channel"}

#: The page of a form that says why it was refused.
SAID = "said"
NEXT_TOO_LATE = "What you sent is kept, but the next page came too late to be shown. Open it again."

#: The answer to a request, as Slack takes it in the acknowledgement. None is a bare «got it».
Answer = dict[str, Any] | None


class WhichIncident(Refusal):
    """Which incident is meant?"""


class AlreadyCarriedOut(Exception):
    """This very delivery was carried out before; carries what was answered then."""

    def __init__(self, answer: Answer) -> None:
        self.answer = answer
        super().__init__()


def only_you(text: str, blocks: list[kit.Block] | None = None) -> Answer:
    """A message that nobody else sees."""
    answer: dict[str, Any] = {"response_type": "ephemeral", "text": text}
    if blocks:
        answer["blocks"] = blocks
    return answer


@dataclass(slots=True)
class Request:
    """A verified request. ``delivery`` is the key under which it is carried out only once."""

    house: House
    client: AsyncWebClient
    kind: str
    body: dict[str, Any]
    by: Actor
    delivery: str
    channel: str | None = None
    trigger: str | None = None
    response_url: str | None = None
    text: str = ""
    explicit: int | None = None
    #: Whether Slack says with this request where the person is; a form only knows where it was opened.
    here: bool = True
    #: Set when somebody acts in the channel of a private incident whose coming we never heard of.
    came_in: str | None = None
    #: Whether a form or words are on their way to the person beside the acknowledgement.
    answered: bool = False
    packed: dict[str, Any] = field(default_factory=dict)
    values: kit.Values = field(default_factory=lambda: kit.Values({}))
    background: Callable[[Awaitable[None]], None] = lambda work: None
    #: Seals a form for the person it is shown to (see ``bot.slack.seal``).
    seal: Callable[[kit.Element, str], kit.Element] = lambda view, person: view

    @property
    def user(self) -> str:
        """The person who asked."""
        return self.by.id

    # --- doing -----------------------------------------------------------------------------

    async def change(
        self, verb: Callable[[Tx], T], answer: Callable[[T], Answer] = lambda _: None
    ) -> Answer:
        """Run a verb once for this delivery; a second copy gets the same answer and does nothing."""

        def once(tx: Tx) -> Answer:
            seen, before = tx.seen_before(self.delivery)
            if seen:
                raise AlreadyCarriedOut(before)
            given = answer(verb(tx))
            tx.remember(self.delivery, given)
            return given

        return await self.house.change(self.by, once)

    async def change_incident(
        self, verb: Callable[[Tx, Incident], T], answer: Callable[[T], Answer] = lambda _: None
    ) -> Answer:
        """The same, on the incident that this request is about (see :meth:`incident`)."""
        return await self.change(lambda tx: verb(tx, self.incident(tx.session)), answer)

    async def read(self, job: Callable[[Session], T]) -> T:
        """Look without changing anything."""
        return await self.house.read(job)

    async def read_incident(self, job: Callable[[Session, Incident], T]) -> T:
        """Look at the incident that this request is about."""
        return await self.house.read(lambda session: job(session, self.incident(session)))

    def message(self) -> dict[str, Any]:
        """The message that a shortcut was used on. Raises ``BadInput`` when there is none."""
        found = self.body.get("message")
        if not found or not self.channel:
            raise BadInput("This works on a message.", instead="Use it in the message's menu.")
        return dict(found)

    def number(self, name: str) -> int:
        """A number that the button or form carried. Raises ``BadInput`` when it carries none."""
        found = self.packed.get(name)
        if type(found) is not int or found < 1:
            raise BadInput(
                "This button or form does not say what it is about.", instead="Open it again."
            )
        return found

    # --- which incident ----------------------------------------------------------------------

    def incident(self, session: Session) -> Incident:
        """Named by the button or the text, else the channel's. Raises ``WhichIncident``."""
        number = self.packed.get("i") or self.explicit
        found = (
            session.get(Incident, number)
            if number
            else queries.by_channel(session, self.channel)
            if self.channel
            else None
        )
        if found is not None and queries.may_see(session, found, self.user):
            return found
        if found is not None and self.here and self.channel and found.channel_id == self.channel:
            self.came_in = found.channel_id
            return found  # whoever is in the private channel sees it anyway
        if number:
            return queries.find(session, number, self.user)  # hidden or not there: the same words
        raise WhichIncident("Which incident is meant?")

    # --- answering ---------------------------------------------------------------------------

    def open(self, view: kit.Element, *, push: bool = False) -> None:
        """Show a form, beside the acknowledgement. If that fails the person is told."""
        self.answered = True
        self.background(self._open(view, push))

    async def _open(self, view: kit.Element, push: bool) -> None:
        if self.trigger is None:  # not every request may open a form
            return await self.whisper("This cannot be opened from here: use `/incident`.")
        try:
            call = self.client.views_push if push else self.client.views_open
            await call(trigger_id=self.trigger, view=self.seal(view, self.user))
        except SLACK_TROUBLE as problem:
            if isinstance(problem, SlackApiError) and error_of(problem) in OPENED_BEFORE:
                return None  # a repeated delivery: the first one opened the form
            log.warning("view_not_opened", extra={"error": type(problem).__name__})
            await self.whisper("The form could not be opened. Please try again.")

    def reply(self, text: str, blocks: list[kit.Block] | None = None) -> None:
        """Answer a click so that only this person sees it, after the acknowledgement."""
        self.answered = True
        self.background(self.whisper(text, blocks))

    async def whisper(self, text: str, blocks: list[kit.Block] | None = None) -> None:
        """Say something to this person alone: where they are, else as a direct message.

        A lost answer is logged; nothing depends on it.
        """
        try:
            if not (self.response_url or self.channel) or not await self._here(text, blocks):
                await self.client.chat_postMessage(channel=self.user, text=text, blocks=blocks)
        except SLACK_TROUBLE as problem:
            log.warning("answer_lost", extra={"error": type(problem).__name__})

    async def _here(self, text: str, blocks: list[kit.Block] | None) -> bool:
        """Answer where they asked. Returns whether Slack let us: the bot is not in every channel."""
        if self.response_url:
            from slack_sdk.webhook.async_client import AsyncWebhookClient

            hook = AsyncWebhookClient(self.response_url, session=self.client.session)
            await hook.send(
                text=text, blocks=blocks, response_type="ephemeral", replace_original=False
            )
            return True
        try:
            await self.client.chat_postEphemeral(
                channel=str(self.channel), user=self.user, text=text, blocks=blocks
            )
        except SlackApiError as problem:
            if error_of(problem) not in CLOSED_TO_US:
                raise
            return False
        return True

    def split_ref(self) -> None:
        """Take an incident's name off the front of the text: ``inc-3 roll back``."""
        first, _, rest = self.text.partition(" ")
        number = parse_ref(first) if first[:1].isalpha() or first[:1] == "#" else None
        if number is not None:
            self.explicit, self.text = number, rest.strip()


Handler = Callable[[Request], Awaitable[Answer]]


def refusal_text(problem: Refusal, typed: str = "") -> str:
    """A refusal in words, with what was typed given back."""
    # Rooms quote what was typed and know nothing of Slack's marks: names of people are shown, nothing
    # else is parsed. Some surfaces escape already, so everything is brought to one state first.
    parts = [kit.names_only(kit.unescape(problem.message))]
    if problem.instead:
        parts.append(kit.names_only(kit.unescape(problem.instead)))
    if typed:
        shown = kit.esc(kit.clip(kit.as_typed(typed), 1500)).replace("`", "'")
        parts.append(f"You typed: `{shown}`")
    return "\n".join(parts)


def view_errors(problem: Refusal, blocks: list[str]) -> Answer:
    """A refusal shown in the form, under the field it is about; what was typed stays."""
    field_name = problem.field if problem.field in blocks else (blocks[0] if blocks else None)
    text = (
        str(problem)
        if not isinstance(problem, BadInput)
        else f"{problem.message} {problem.instead}"
    )
    # A field's error is plain text: names would read as ids there. They get a page of their own.
    if field_name is None or kit.mentioned(kit.unescape(text)):
        return {"response_action": "push", "view": _said(text)}
    return {"response_action": "errors", "errors": {field_name: text.strip().replace("`", "")}}


def said_in(answer: Answer) -> str:
    """The words of an answer to a form that was to be shown in it: for when that came too late."""
    given = answer or {}
    if given.get("errors"):
        return " ".join(given["errors"].values())
    view = given.get("view") or {}
    if view.get("callback_id") == SAID:
        return str(view["blocks"][0]["text"]["text"])
    return NEXT_TOO_LATE if view else ""


def _said(text: str) -> kit.Element:
    return kit.modal(
        SAID,
        "Not possible",
        [kit.section(kit.names_only(kit.unescape(text)))],
        submit=None,
        close="Back",
    )
