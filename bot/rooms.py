"""What the rooms contribute, gathered: projectors, tasks of our own, commands for what came back."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from bot.action import project as action_project
from bot.action import reminders as action_reminders
from bot.comms import approving, cadence, publish
from bot.comms import project as comms_project
from bot.effects import kinds
from bot.effects.dispatcher import Returned, Task
from bot.effects.store import Claimed
from bot.incident import assessing, channels, decisions, items, moot, opening, queries, rights
from bot.incident import project as incident_project
from bot.playbook import approvals, by_itself, composing, reminders, step_approval
from bot.playbook import project as playbook_project
from bot.playbook.load import Content
from bot.postmortem import project as postmortem_project
from bot.postmortem import reminders as postmortem_reminders
from bot.postmortem import verbs as postmortem_verbs
from bot.record import catalogue as c
from bot.record import checkpoint
from bot.record.batch import Follower, Projector
from bot.record.entry import Actor, Recorded
from bot.record.tx import Tx
from bot.timing import rfc3339


def projectors() -> Mapping[str, Projector]:
    """How each kind of entry changes state."""
    return {
        **incident_project.PROJECTORS,
        **playbook_project.PROJECTORS,
        **comms_project.PROJECTORS,
        **action_project.PROJECTORS,
        **postmortem_project.PROJECTORS,
    }


def followers(content: Content) -> Mapping[str, Follower]:
    """What else follows from an entry of a kind, whoever appended it."""
    parts = (checkpoint.FOLLOWERS, by_itself.followers(content), moot.FOLLOWERS)
    named = dict.fromkeys(kind for part in parts for kind in part)
    return {kind: _each([part[kind] for part in parts if kind in part]) for kind in named}


def _each(found: list[Follower]) -> Follower:
    def follow(tx: Tx, recorded: Recorded) -> None:
        for one in found:
            one(tx, recorded)

    return follow


def tasks() -> dict[str, Task]:
    """Work of our own that is stored as an effect."""
    return {
        "house.begin": _begin,
        "house.compose": composing.compose_task,
        **reminders.tasks(approval_subjects()),
        "house.cadence": cadence.cadence_task,
        "house.update_soon": cadence.soon_task,
        "house.update_overdue": cadence.overdue_task,
        "house.notice_waiting": approving.waiting_task,
        "house.notice_expires": approving.expires_task,
        "house.notice_page": publish.page_task,
        "house.checkpoint": checkpoint.task,
        **decisions.TASKS,
        **action_reminders.TASKS,
        "house.postmortem": postmortem_verbs.begin_task,
        **postmortem_reminders.TASKS,
    }


def approval_subjects() -> approvals.Subjects:
    """What follows when an approval is settled, by what it was about."""
    return {
        "step": step_approval.SUBJECT,
        "downgrade": approvals.Subject(approved=assessing.downgrade_agreed),
    }


def returned() -> dict[str, Returned]:
    """What to do, in the same transaction, with what an effect brought back."""
    return {
        "channel.create": _channel_made,
        "card.post": _card_posted,
        "announce.post": _announced,
        "message.fetch": _message_read,
        "group.read": _group_read,
        "notice.post": publish.posted,
        "console.notice": publish.printed,
    }


def effect_failed(tx: Tx, effect: Claimed, error: str) -> None:
    """Put a failed effect on the record and on the card, so that somebody is told."""
    if effect.incident is None:
        return
    tx.append(c.EffectFailed(key=effect.key, effect=effect.kind, error=error), effect.incident)
    if effect.kind == "channel.create":
        channels.not_made(tx, effect.incident, error, effect.attempts)
    elif effect.kind == kinds.TELL:
        channels.not_told(tx, effect.incident, effect.payload["user"], error)
    elif effect.kind != kinds.RETELL:
        channels.not_done(tx, effect.incident, effect.kind, error)
    if effect.kind != "card.update":
        tx.refresh_card(effect.incident)


def _begin(tx: Tx, effect: Claimed) -> None:
    """What a new incident needs besides its channel: steps, and the first update's time."""
    composing.compose_task(tx, effect)
    cadence.cadence_task(tx, effect)


def _channel_made(tx: Tx, effect: Claimed, result: dict[str, Any]) -> None:
    assert effect.incident is not None
    opening.channel_made(tx, effect.incident, result["channel"], result["name"])
    tx.batch.made.append((effect.incident, result["channel"]))
    if tx.now - effect.created_at >= tx.env.away:
        opening.catch_up(tx, effect.incident)


def _card_posted(tx: Tx, effect: Claimed, result: dict[str, Any]) -> None:
    assert effect.incident is not None
    opening.card_posted(tx, effect.incident, result["channel"], result["ts"])


def _announced(tx: Tx, effect: Claimed, result: dict[str, Any]) -> None:
    assert effect.incident is not None
    opening.announced(tx, effect.incident, result["channel"], result["ts"])


def _group_read(tx: Tx, effect: Claimed, result: dict[str, Any]) -> None:
    rights.group_read(tx, result["group"], result["users"])


def _message_read(tx: Tx, effect: Claimed, result: dict[str, Any]) -> None:
    """The message that somebody marked with the emoji: keep it, in that person's name."""
    assert effect.incident is not None
    payload = effect.payload
    posted = datetime.fromtimestamp(float(payload["ts"]), UTC)
    message = opening.Evidence(
        payload["channel"], payload["ts"], rfc3339(posted), result["text"] or "(no text)",
        result["author"], result["permalink"],
    )  # fmt: skip
    by = Actor(payload["by"], "reaction", effect.trace, payload["channel"])
    incident = queries.get(tx.session, effect.incident)
    items.capture(Tx(tx.batch, by), incident, message, "reaction")
