"""A small app of every surface, used by people in the sandbox, over HTTP and Socket Mode."""

from __future__ import annotations

from typing import Any

import pytest
from slack_bolt.async_app import AsyncApp

from bot.sandbox.server import Sandbox

MODAL: dict[str, Any] = {
    "type": "modal",
    "callback_id": "opening",
    "title": {"type": "plain_text", "text": "Open an incident"},
    "submit": {"type": "plain_text", "text": "Open"},
    "blocks": [
        {
            "type": "input",
            "block_id": "what",
            "label": {"type": "plain_text", "text": "What happens?"},
            "element": {"type": "plain_text_input", "action_id": "text"},
        },
        {
            "type": "input",
            "block_id": "severity",
            "label": {"type": "plain_text", "text": "Severity"},
            "element": {
                "type": "static_select",
                "action_id": "pick",
                "options": [
                    {"text": {"type": "plain_text", "text": f"SEV{n}"}, "value": f"{n}"}
                    for n in (1, 2)
                ],
            },
        },
    ],
}


def small_app(app: AsyncApp) -> None:
    @app.command("/incident")
    async def command(ack: Any, command: Any, client: Any) -> None:
        if command["text"] == "form":
            await client.views_open(trigger_id=command["trigger_id"], view=MODAL)
            await ack()
        else:
            await ack(f"You said {command['text']}")

    @app.view("opening")
    async def submitted(ack: Any, view: Any, body: Any, client: Any) -> None:
        values = view["state"]["values"]
        if values["what"]["text"]["value"] == "nothing":
            await ack(response_action="errors", errors={"what": "Say more"})
            return
        await ack()
        made = await client.conversations_create(name="inc-1")
        channel = made["channel"]["id"]
        await client.conversations_invite(channel=channel, users=body["user"]["id"])
        button = {"type": "button", "action_id": "done", "value": "7"}
        button["text"] = {"type": "plain_text", "text": "Done"}  # type: ignore[assignment]
        said = f"{values['what']['text']['value']} {values['severity']['pick']['selected_option']['value']}"
        section = {"type": "section", "text": {"type": "mrkdwn", "text": f"*INC-1* {said}"}}
        blocks = [section, {"type": "actions", "elements": [button]}]
        await client.chat_postMessage(channel=channel, text="INC-1", blocks=blocks)

    @app.action("done")
    async def done(ack: Any, action: Any, body: Any, respond: Any, client: Any) -> None:
        await ack()
        await respond(f"noted {action['value']}")
        await client.chat_update(
            channel=body["channel"]["id"], ts=body["message"]["ts"], text="finished"
        )

    @app.shortcut("add_to_record")
    async def record(ack: Any, shortcut: Any, client: Any) -> None:
        await ack()
        where = {"channel": shortcut["channel"]["id"], "timestamp": shortcut["message_ts"]}
        await client.reactions_add(name="memo", **where)

    @app.event("member_joined_channel")
    async def joined() -> None: ...

    @app.event("app_home_opened")
    async def home(event: Any, client: Any) -> None:
        section = {"type": "section", "text": {"type": "plain_text", "text": "Welcome home"}}
        await client.views_publish(
            user_id=event["user"], view={"type": "home", "blocks": [section]}
        )

    @app.event("message")
    async def message(event: Any, client: Any) -> None:
        if event.get("text") == "hello":
            await client.chat_postMessage(channel=event["channel"], text="hi there")

    @app.event("reaction_added")
    async def reaction(event: Any, client: Any) -> None:
        item = event["item"]
        await client.chat_postMessage(
            channel=item["channel"], text=f"saw {event['reaction']}", thread_ts=item["ts"]
        )


@pytest.mark.parametrize("way", ["http", "socket"])
async def test_a_story_through_every_surface(
    slack: Sandbox, app: AsyncApp, connect: Any, way: str
) -> None:
    small_app(app)
    async with connect(app, way):
        ada = slack.person("ada")
        ack = await ada.command("/incident hello @max in #general", channel="general")
        assert ack.ok and ack.ms < 1000
        assert ada.sees("general")[-1].ephemeral
        assert "You said hello @max in #general" in ada.reads("general")
        assert "You said" not in slack.person("max").reads("general")

        await ada.command("/incident form")
        modal = await ada.modal()
        assert modal.title == "Open an incident"
        first = await modal.submit()
        assert first.errors and "Severity" in first.errors and first.reply is None
        modal.fill("What happens?", "nothing").fill("severity", "SEV2")
        second = await modal.submit()
        assert second.errors == {"What happens?": "Say more"}
        assert second.errors["what"] == "Say more"
        modal.fill("What happens?", "Foo")
        assert (await modal.submit()).ok
        assert not ada.has_modal

        card = await ada.waits_for("INC-1", channel="inc-1")
        assert card.plain.splitlines() == ["*INC-1* Foo 2", "[Done]"]
        assert card.buttons == ["Done"]
        await ada.click(card, "Done")
        assert (await ada.waits_for("noted 7", "inc-1")).ephemeral
        await ada.waits_for("finished", "inc-1")

        fact = await ada.says("the model is rude", "inc-1")
        await ada.shortcut("Add to the record", fact)
        await slack.settle(quiet=0.05)
        assert fact.reactions == {"memo": ["U0BOT"]}
        await ada.reacts(fact, ":pushpin:")
        await ada.waits_for("saw pushpin", "inc-1")
        await ada.says("hello", "dm")
        await ada.waits_for("hi there", "dm")

        home = await ada.opens_home()
        assert home.text == "Welcome home"
        assert slack.mistakes == []
        assert all(call.ok for call in slack.calls), [c for c in slack.calls if not c.ok]
