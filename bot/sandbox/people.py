"""People in the sandbox: what they type, press, choose and see. Tests tell stories with them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bot.sandbox import acts, interactions
from bot.sandbox.delivery import Reply
from bot.sandbox.errors import PATIENCE_S, CannotAct, NotSeen
from bot.sandbox.forms import elements, options_of
from bot.sandbox.interactions import Place
from bot.sandbox.modals import Home, Modal, choice
from bot.sandbox.seen import Seen
from bot.sandbox.state import BOT_USER, Channel, Member, Message

if TYPE_CHECKING:
    from bot.sandbox.server import Sandbox

Json = dict[str, Any]
Target = Seen | Message | Modal | Home


class Person:
    """Somebody at their screen."""

    def __init__(self, sandbox: Sandbox, member: Member) -> None:
        self.sandbox = sandbox
        self.member = member
        self.core = sandbox.core

    @property
    def id(self) -> str:
        """The user id."""
        return self.member.id

    @property
    def mention(self) -> str:
        """How a message mentions this person."""
        return f"<@{self.id}>"

    # looking --------------------------------------------------------------------------

    def channels(self) -> list[str]:
        """The names of the channels (not direct messages) that this person may see."""
        seen = self.sandbox.workspace.visible(self.id)
        return [c.name for c in seen if not c.is_im]

    def channel(self, word: str | Channel | None) -> Channel:
        """A channel this person may see, by name or id; None or "dm" is the chat with the app.

        Raises NotSeen.
        """
        if isinstance(word, Channel):
            return word
        if word in (None, "dm"):
            return self.sandbox.workspace.im(self.id, BOT_USER)
        found = self.sandbox.channel(str(word))
        if not found.seen_by(self.id):
            raise NotSeen(f"{self.member.name} cannot see {word}")
        return found

    def sees(self, channel: str | Channel | None = None) -> list[Seen]:
        """The messages of a channel, threads and own ephemerals included, oldest first."""
        room = self.channel(channel)
        shown = self.sandbox.workspace.shown_to(self.id, room.id)
        return [Seen(self.sandbox.workspace, m) for m in shown]

    def reads(self, channel: str | Channel | None = None) -> str:
        """Everything visible in a channel as plain text."""
        return "\n".join(m.plain for m in self.sees(channel))

    def notices(self) -> list[str]:
        """The transient texts that Slack showed this person."""
        return [n.text for n in self.core.notices if n.user == self.id]

    async def waits_for(
        self,
        text: str,
        channel: str | Channel | None = None,
        timeout: float = PATIENCE_S,  # noqa: ASYNC109
    ) -> Seen:
        """Waits for a message that contains the text, in a channel or (None) anywhere.

        Raises NotSeen after `timeout` seconds.
        """
        what = f"{text!r} in {channel or 'any channel'}"
        found: Seen = await self.sandbox.wait_until(
            lambda: self._find(text, channel), timeout, what
        )
        return found

    def _find(self, text: str, channel: str | Channel | None) -> Seen | None:
        rooms = [channel] if channel is not None else list(self._rooms())
        for room in rooms:
            if isinstance(room, str) and not self._exists(room):
                continue
            for message in reversed(self.sees(room)):
                if text in message.plain:
                    return message
        return None

    def _exists(self, word: str) -> bool:
        workspace = self.sandbox.workspace
        found = workspace.channels.get(word) or workspace.by_name(word)
        return word == "dm" or (found is not None and found.seen_by(self.id))

    def _rooms(self) -> list[Channel]:
        return [c for c in self.sandbox.workspace.visible(self.id) if self.id in c.members]

    async def waits_for_channel(self, part: str, timeout: float = PATIENCE_S) -> Channel:  # noqa: ASYNC109
        """Waits for a channel whose name contains the text and that this person is in."""

        def found() -> Channel | None:
            return next((c for c in self._rooms() if part in c.name), None)

        room: Channel = await self.sandbox.wait_until(found, timeout, f"a channel like {part!r}")
        return room

    # writing --------------------------------------------------------------------------

    async def command(self, typed: str, channel: str | Channel = "general") -> Reply:
        """Types a slash command and waits for its acknowledgement."""
        return await interactions.command(self.core, self.member, self.channel(channel), typed)

    async def says(
        self, text: str, channel: str | Channel | None = None, *, thread: Target | str | None = None
    ) -> Seen:
        """Posts a message; the app is told in the background."""
        room = self._writable(channel)
        thread_ts = None
        if thread is not None:
            thread_ts = thread if isinstance(thread, str) else self._message(thread).ts
        m = Message(
            ts=self.sandbox.workspace.new_ts(),
            channel=room.id,
            user=self.id,
            text=interactions.typed_text(self.core, text),
            thread_ts=thread_ts,
        )
        return Seen(self.sandbox.workspace, acts.post(self.core, room, m))

    def _writable(self, channel: str | Channel | None) -> Channel:
        room = self.channel(channel)
        if room.is_archived:
            raise CannotAct(f"{room.name} is archived")
        if self.id not in room.members:
            raise CannotAct(f"{self.member.name} is not in {room.name}")
        return room

    async def edits(self, message: Target, text: str) -> Seen:
        """Edits an own message."""
        m = self._own(message)
        room = self.sandbox.workspace.channels[m.channel]
        changes = {"text": interactions.typed_text(self.core, text)}
        acts.edit(self.core, room, m, self.id, changes)
        return Seen(self.sandbox.workspace, m)

    async def deletes(self, message: Target) -> None:
        """Deletes an own message."""
        m = self._own(message)
        acts.delete(self.core, self.sandbox.workspace.channels[m.channel], m)

    def _own(self, target: Target) -> Message:
        m = self._message(target)
        if m.user != self.id or m.subtype:
            raise CannotAct("only one's own messages can be changed")
        return m

    async def reacts(self, message: Target, emoji: str) -> None:
        """Adds a reaction; a second one of the same kind raises Refusal."""
        m = self._message(message)
        room = self.sandbox.workspace.channels[m.channel]
        acts.react(self.core, room, m, self.id, emoji.strip(":"))

    async def unreacts(self, message: Target, emoji: str) -> None:
        """Takes a reaction back."""
        m = self._message(message)
        room = self.sandbox.workspace.channels[m.channel]
        acts.unreact(self.core, room, m, self.id, emoji.strip(":"))

    # pressing -------------------------------------------------------------------------

    async def click(
        self,
        target: Target,
        text: str | None = None,
        *,
        action_id: str | None = None,
        value: str | None = None,
    ) -> Reply:
        """Presses a button by its text, action_id or value, and waits for the answer.

        Raises NotSeen when there is no such button.
        """
        place = self._place(target)
        wanted = {"text": text, "action_id": action_id, "value": value}
        for block, part in elements(place.blocks):
            label = part.get("text", {}).get("text") if part["type"] != "overflow" else None
            if part["type"] not in ("button", "icon_button", "workflow_button"):
                continue
            real = {"text": label, "action_id": part["action_id"], "value": part.get("value")}
            if all(v is None or real[k] == v for k, v in wanted.items()):
                return await self._act(place, block, part, {})
        shown = {k: v for k, v in wanted.items() if v is not None}
        raise NotSeen(f"no button {shown}; there are {_labels(place)}")

    async def choose(self, target: Target, action_id: str, option: Any) -> Reply | None:
        """Chooses in a select, overflow, radio, checkboxes or date picker."""
        place = self._place(target)
        for block, part in elements(place.blocks):
            if part["action_id"] == action_id:
                chosen = choice(self.sandbox.workspace, part, option)
                return await self._maybe_act(place, block, part, chosen)
        raise NotSeen(f"no element with action_id {action_id!r}; there are {_labels(place)}")

    async def _act(self, place: Place, block: Json, part: Json, chosen: Json) -> Reply:
        reply = await self._maybe_act(place, block, part, chosen)
        if reply is None:
            raise CannotAct("this element tells the app nothing until the form is submitted")
        return reply

    async def _maybe_act(self, place: Place, block: Json, part: Json, chosen: Json) -> Reply | None:
        element = {"block_id": block["block_id"], "action_id": part["action_id"], **chosen}
        return await interactions.action(self.core, self.member, place, element)

    def _place(self, target: Target) -> Place:
        if isinstance(target, Modal | Home):
            if not target.view.open:
                raise NotSeen("that view is closed")
            return Place(view=target.view)
        return Place(message=self._message(target))

    def _message(self, target: Target | str) -> Message:
        if isinstance(target, Modal | Home | str):
            raise CannotAct("that is not a message")
        m = target.message if isinstance(target, Seen) else target
        if m.deleted or (m.only_for not in (None, self.id)):
            raise NotSeen("that message is gone")
        return m

    # modals, shortcuts, home --------------------------------------------------------------

    async def modal(self, timeout: float = PATIENCE_S, title: str | None = None) -> Modal:  # noqa: ASYNC109
        """The modal on top, as soon as there is one (with that title). Raises NotSeen."""

        def top() -> Modal | None:
            stack = self.sandbox.workspace.stack(self.id)
            found = Modal(self, stack[-1]) if stack else None
            return found if found and title in (None, found.title) else None

        found: Modal = await self.sandbox.wait_until(top, timeout, f"a modal {title or ''}")
        return found

    @property
    def has_modal(self) -> bool:
        """Whether a modal is open."""
        return bool(self.sandbox.workspace.stack(self.id))

    async def shortcut(self, name: str, message: Target | None = None) -> Reply:
        """Runs a shortcut by its name or callback id; with a message, a message shortcut."""
        kind = "global" if message is None else "message"
        for known in self.core.manifest.shortcuts:
            if known.type == kind and name in (known.name, known.callback_id):
                if message is None:
                    return await interactions.global_shortcut(
                        self.core, self.member, known.callback_id
                    )
                return await interactions.message_shortcut(
                    self.core, self.member, known.callback_id, self._message(message)
                )
        raise NotSeen(f"there is no {kind} shortcut {name!r}")

    async def opens_home(self, timeout: float = PATIENCE_S) -> Home:  # noqa: ASYNC109
        """Opens the app's Home tab and waits until it is (again) published. Raises NotSeen."""
        before = len(self.core.calls)
        interactions.open_home(self.core, self.member)

        def published() -> Home | None:
            view = self.sandbox.workspace.home(self.id)
            mine = (c for c in self.core.calls[before:] if c.args.get("user_id") == self.id)
            again = any(c.method == "views.publish" and c.ok for c in mine)
            return Home(self, view) if view is not None and again else None

        home: Home = await self.sandbox.wait_until(published, timeout, "the Home tab")
        return home

    # channels --------------------------------------------------------------------------

    async def joins(self, channel: str | Channel) -> None:
        """Joins a public channel, or does nothing when already there."""
        room = self.channel(channel)
        if self.id not in room.members:
            acts.join(self.core, room, self.id)

    async def leaves(self, channel: str | Channel) -> None:
        """Leaves a channel."""
        room = self.channel(channel)
        if self.id not in room.members:
            raise CannotAct(f"{self.member.name} is not in {room.name}")
        acts.leave(self.core, room, self.id)

    async def invites(self, who: Person | str, channel: str | Channel) -> None:
        """Invites somebody, or the app ("app"), to a channel."""
        room = self._writable(channel)
        user = who.id if isinstance(who, Person) else self._named(who)
        if user not in room.members:
            acts.join(self.core, room, user, inviter=self.id)

    def _named(self, word: str) -> str:
        return BOT_USER if word == "app" else self.sandbox.person(word).id

    async def renames(self, channel: str | Channel, name: str) -> None:
        """Gives a channel another name."""
        acts.rename(self.core, self._writable(channel), self.id, name)

    async def archives(self, channel: str | Channel) -> None:
        """Archives a channel."""
        acts.archive(self.core, self.channel(channel), self.id)

    async def deletes_channel(self, channel: str | Channel) -> None:
        """Deletes a channel for good."""
        acts.remove_channel(self.core, self.channel(channel), self.id)


def _labels(place: Place) -> list[str]:
    found = []
    for _, part in elements(place.blocks):
        label = part.get("text") or {}
        options = [o["text"]["text"] for o in options_of(part)]
        found.append(f"{label.get('text') or part['type']} ({part['action_id']}) {options or ''}")
    return found
