"""A modal or Home tab as one person uses it."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import TYPE_CHECKING, Any

from bot.sandbox import interactions
from bot.sandbox.delivery import Reply
from bot.sandbox.errors import CannotAct, NotSeen
from bot.sandbox.forms import KEYS, elements, options_of
from bot.sandbox.interactions import Place
from bot.sandbox.seen import button_texts
from bot.sandbox.state import View, Workspace
from bot.sandbox.text import flatten

if TYPE_CHECKING:
    from bot.sandbox.people import Person

Json = dict[str, Any]


class Errors(dict[str, str]):
    """What is wrong with a form, by label; a block_id finds it, too."""

    def __init__(self, by_block: dict[str, str], labels: dict[str, str]) -> None:
        super().__init__({labels.get(b, b): text for b, text in by_block.items()})
        self.by_block = by_block

    def __missing__(self, key: str) -> str:
        return self.by_block[key]

    def __contains__(self, key: object) -> bool:
        return super().__contains__(key) or key in self.by_block


@dataclass(frozen=True)
class Submitted:
    """What came of a submission; `reply` is None when Slack's client stopped it."""

    reply: Reply | None
    errors: Errors | None
    modal: Modal | None

    @property
    def ok(self) -> bool:
        """The app took it."""
        return self.errors is None and self.reply is not None and self.reply.ok


class _Shown:
    def __init__(self, person: Person, view: View) -> None:
        self.person = person
        self.view = view

    @property
    def workspace(self) -> Workspace:
        """The workspace it is shown in."""
        return self.person.sandbox.workspace

    @property
    def blocks(self) -> list[Json]:
        """The blocks that stand in it."""
        blocks: list[Json] = self.view.body["blocks"]
        return blocks

    @property
    def text(self) -> str:
        """Everything a person reads in it."""
        return flatten(self.workspace, self.blocks)

    @property
    def buttons(self) -> list[str]:
        """The texts of its buttons."""
        return button_texts(self.blocks)

    async def click(self, text: str | None = None, **wanted: str) -> Reply:
        """Presses a button in it."""
        return await self.person.click(self, text, **wanted)  # type: ignore[arg-type]

    async def choose(self, action_id: str, option: Any) -> Reply | None:
        """Chooses in a menu in it."""
        return await self.person.choose(self, action_id, option)  # type: ignore[arg-type]


class Home(_Shown):
    """The app's Home tab."""


class Modal(_Shown):
    """A modal that is open; fill it, then submit or close it."""

    @property
    def title(self) -> str:
        """The title."""
        return str(self.view.body["title"]["text"])

    @property
    def callback_id(self) -> str:
        """What the app calls it."""
        return str(self.view.body.get("callback_id", ""))

    @property
    def labels(self) -> list[str]:
        """The labels of its inputs."""
        return list(self._labels().values())

    @property
    def errors(self) -> Errors | None:
        """What is marked as wrong now."""
        return Errors(self.view.errors, self._labels()) if self.view.errors else None

    def _labels(self) -> dict[str, str]:
        inputs = (b for b in self.blocks if b["type"] == "input")
        return {b["block_id"]: b["label"]["text"] for b in inputs}

    def fill(self, what: str, value: Any) -> Modal:
        """Puts a value into the input with this label, block_id or action_id.

        Selects take an option's text or value, pickers a date, time or datetime, users and
        channels a name or id; multi selects and checkboxes a list. None empties the input. An
        input that dispatches tells the app in the background. Raises NotSeen.
        """
        block, part = self._input(what)
        chosen = choice(self.workspace, part, value)
        element = {"block_id": block["block_id"], "action_id": part["action_id"], **chosen}
        place = Place(view=self.view)
        if block["type"] == "input" and not block.get("dispatch_action"):
            entry = {"type": part["type"], **chosen}
            self.view.values.setdefault(block["block_id"], {})[part["action_id"]] = entry
            return self
        work = interactions.action(self.person.core, self.person.member, place, element)
        self._dispatched = self.person.core.delivery.spawn(work)
        return self

    _dispatched: asyncio.Task[Any] | None = None

    def _input(self, what: str) -> tuple[Json, Json]:
        for block, part in elements(self.blocks):
            label = block.get("label", {}).get("text")
            if part["type"] in KEYS and what in (label, block["block_id"], part["action_id"]):
                return block, part
        raise NotSeen(f"no input {what!r}; there are {self.labels}")

    def value(self, what: str) -> Any:
        """What stands in an input now."""
        block, part = self._input(what)
        entry = self.view.values[block["block_id"]][part["action_id"]]
        return entry.get(KEYS[part["type"]][0])

    async def search(self, what: str, typed: str) -> list[Json]:
        """Types into an external select: the options that the app offers."""
        block, part = self._input(what)
        element = {"block_id": block["block_id"], "action_id": part["action_id"]}
        offered = await interactions.suggest(
            self.person.core, self.person.member, Place(view=self.view), element, typed
        )
        part["options"] = options_of(offered)
        options: list[Json] = part["options"]
        return options

    async def submit(self) -> Submitted:
        """Submits it and waits for the answer."""
        if not self.view.open:
            raise CannotAct("the modal is closed")
        if self._dispatched is not None:
            await self._dispatched
        reply = await interactions.submit(self.person.core, self.person.member, self.view)
        stack = self.workspace.stack(self.person.id)
        top = Modal(self.person, stack[-1]) if stack else None
        return Submitted(reply, self.errors, top)

    async def close(self) -> None:
        """Closes it without submitting."""
        await interactions.close_view(self.person.core, self.person.member, self.view)


def choice(workspace: Workspace, part: Json, value: Any) -> Json:
    """What an element holds after somebody put in `value`. Raises NotSeen, CannotAct."""
    kind = part["type"]
    key = "selected_option" if kind == "overflow" else KEYS.get(kind, ("", ""))[0]
    if not key:
        raise CannotAct(f"nothing can be put into a {kind}")
    if value is None:
        return {key: [] if key.endswith("s") else None}
    if key == "selected_option":
        return {key: _option(part, value)}
    if key == "selected_options":
        return {key: [_option(part, v) for v in _many(value)]}
    if key.endswith("s"):
        return {key: [_id(workspace, key, v) for v in _many(value)]}
    if key in ("selected_user", "selected_channel", "selected_conversation"):
        return {key: _id(workspace, key, value)}
    return {key: _typed(kind, value)}


def _many(value: Any) -> list[Any]:
    return list(value) if isinstance(value, list | tuple | set) else [value]


def _option(part: Json, wanted: Any) -> Json:
    for option in options_of(part):
        if wanted in (option, option.get("value"), option["text"]["text"]):
            return {k: option[k] for k in ("text", "value", "description") if k in option}
    shown = [o["text"]["text"] for o in options_of(part)]
    raise NotSeen(f"no option {wanted!r}; there are {shown}")


def _id(workspace: Workspace, key: str, wanted: Any) -> str:
    word = str(getattr(wanted, "id", wanted))
    if "user" in key:
        person = workspace.person_by(word)
        if person is None:
            raise NotSeen(f"there is nobody called {word}")
        return person.id
    room = workspace.channels.get(word) or workspace.by_name(word)
    if room is None:
        raise NotSeen(f"there is no channel {word}")
    return room.id


def _typed(kind: str, value: Any) -> Any:
    if kind == "rich_text_input" and isinstance(value, str):
        section = {"type": "rich_text_section", "elements": [{"type": "text", "text": value}]}
        return {"type": "rich_text", "elements": [section]}
    if kind == "datetimepicker":
        return int(value.timestamp()) if isinstance(value, datetime) else int(value)
    if isinstance(value, time):
        return value.strftime("%H:%M")
    if isinstance(value, date):
        return value.strftime("%Y-%m-%d")
    return value if isinstance(value, dict | list) else str(value)
