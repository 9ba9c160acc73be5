"""All surfaces together."""

from __future__ import annotations

from bot.playbook.load import Content
from bot.settings import Settings
from bot.slack import (
    action_words,
    actions,
    approvals,
    away,
    card,
    channel,
    commands,
    decisions,
    describing,
    drill,
    erase,
    exit_criteria,
    freeze,
    lifecycle,
    mention,
    notices,
    open,
    overview,
    postmortem,
    postmortem_words,
    privileged,
    proof,
    record,
    roles,
    search,
    severity,
    step_lists,
    steps,
    updates,
)
from bot.slack.router import Surface, merge


def all_surfaces(settings: Settings, content: Content) -> Surface:
    """Every handler, by name."""
    parts = [
        open.SURFACE,
        severity.SURFACE,
        roles.surface(content),
        record.surface(settings.capture_emoji),
        decisions.SURFACE,
        channel.SURFACE,
        mention.SURFACE,
        steps.SURFACE,
        freeze.SURFACE,
        approvals.SURFACE,
        away.surface(content),
        lifecycle.SURFACE,
        exit_criteria.SURFACE,
        describing.SURFACE,
        updates.SURFACE,
        notices.surface(content),
        actions.SURFACE,
        drill.SURFACE,
        proof.SURFACE,
        privileged.SURFACE,
        erase.SURFACE,
        search.SURFACE,
        postmortem.surface(content, settings.base_url.rstrip("/")),
        overview.surface(home_sections(), card_parts()),
    ]
    verbs = merge(parts).verbs
    return merge([*parts, commands.surface(verbs)])


def card_parts() -> list[card.Part]:
    """What the surfaces add to the card, in the order it is shown."""
    return [
        approvals.card_lines,
        freeze.card_lines,
        step_lists.card_lines,
        exit_criteria.card_lines,
        updates.card_lines,
        notices.card_lines,
        action_words.card_lines,
        postmortem_words.card_lines,
    ]


def home_sections() -> overview.Sections:
    """What App Home shows besides incidents."""
    return (
        ("My approvals", approvals.home_lines),
        ("My steps", step_lists.home_lines),
        ("My notices", notices.home_blocks),
        ("My action items", action_words.home_lines),
    )
