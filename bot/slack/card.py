"""The card: the one message of the channel that always shows how things stand.

Surfaces contribute lines about their room (next steps, what waits for whom); this module adds the
head, the roles, what went wrong, and the buttons that are used most.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from sqlmodel import Session

from bot.effects import store
from bot.effects.message import Message
from bot.effects.names import in_words
from bot.incident import queries
from bot.incident.names import ref
from bot.record.batch import Env
from bot.slack import kit
from db.tables import Incident

#: What a surface adds to the card: blocks, or none.
Part = Callable[[Session, Incident, Env], list[kit.Block]]

_STATUS = {
    "investigating": ":red_circle: investigating",
    "contained": ":large_orange_circle: contained",
    "resolved": ":large_green_circle: resolved",
    "closed": ":white_circle: closed",
    "false alarm": ":white_circle: false alarm",
}
#: Slack refuses a message over about 13,000 characters of blocks; stay well below.
CHARACTERS_MAX = 9_000


def render(session: Session, incident: Incident, env: Env, parts: Sequence[Part] = ()) -> Message:
    """The card as it stands now."""
    mark = "DRILL · " if incident.kind == "drill" else ""
    severity = incident.severity or "severity not assessed"
    blocks = [kit.header(f"{mark}{ref(incident.number)} {incident.title}")]
    if incident.kind == "drill":
        blocks.append(kit.context("*This is a drill.* Notices and containment stay inside."))
    blocks += [_state(session, incident, env), _roles(session, incident, env)]
    if incident.summary:
        blocks.append(kit.section(kit.esc(kit.clip(incident.summary, 500))))
    lines = [block for part in parts for block in part(session, incident, env)]
    buttons = _buttons(incident)
    room = kit.MESSAGE_BLOCKS_MAX - len(blocks) - len(buttons) - 6
    blocks += _fitting(lines[:room])
    blocks += trouble_blocks(session, incident, most=3)
    text = f"{mark}{ref(incident.number)} {kit.esc(incident.title)}: {severity}, {queries.status(incident)}"
    return Message(kit.clip(text, 500), [*blocks, *buttons])


def _fitting(blocks: list[kit.Block]) -> list[kit.Block]:
    """As many blocks as Slack will take by their text."""
    out, spent = [], 0
    for block in blocks:
        spent += len(str(block))
        if spent > CHARACTERS_MAX:
            out.append(kit.context("More: `/incident status`"))
            break
        out.append(block)
    return out


def _state(session: Session, incident: Incident, env: Env) -> kit.Block:
    commander = queries.holder_of(session, incident.number, "commander")
    started = kit.when(incident.opened_at)
    known = env.content.families
    harm = [known[key].name if key in known else kit.esc(key) for key in incident.families]
    return kit.fields(
        [
            f"*Severity*\n{incident.severity or 'not assessed yet'}",
            f"*Status*\n{_STATUS[queries.status(incident)]}",
            f"*Commander*\n{kit.person(commander)}",
            f"*Tempo*\n{incident.tempo}",
            f"*Opened*\n{started} by {kit.person(incident.opened_by)}",
            f"*Harm*\n{', '.join(harm) or 'not said yet'}",
        ]
    )


def _roles(session: Session, incident: Incident, env: Env) -> kit.Block:
    held = []
    for row in queries.roles(session, incident.number):
        if row.role == "commander":
            continue
        role = env.content.roles.get(row.role)
        title = role.title if role else row.role
        asked = " (asked)" if row.state == "offered" else ""
        held.append(f"{title}: {kit.person(row.holder)}{asked}")
    return kit.context(" · ".join(held) or "No other roles yet: `/incident role`")


def trouble_blocks(session: Session, incident: Incident, most: int = 5) -> list[kit.Block]:
    """Effects that failed or keep failing, in words, with a button to try again."""
    blocks = []
    for effect in store.troubles(session, incident.number)[:most]:
        failed = effect.state == "failed"
        packed = kit.pack(i=incident.number, k=effect.key)
        retry = kit.button("Try again", f"effect_retry:{effect.id}", packed)
        state = "did not happen" if failed else f"waits ({effect.attempts} tries)"
        text = f":warning: {in_words(effect.kind)} {state}: {kit.esc(effect.error)}"
        blocks.append(kit.section(text, accessory=retry if failed else None))
    return blocks


def _buttons(incident: Incident) -> list[kit.Block]:
    here = kit.pack(i=incident.number)
    if queries.false_alarm(incident):
        return [kit.actions(kit.button("Timeline", "timeline", here))]
    if incident.status in ("resolved", "closed"):
        return [
            kit.actions(
                kit.button("Postmortem", "postmortem_show", here, style="primary"),
                kit.button("Add an action item", "action_form", here),
                kit.button("Timeline", "timeline", here),
            )
        ]
    assess = "Reassess severity" if incident.severity else "Assess severity"
    return [
        kit.actions(
            kit.button(
                assess, "severity_form", here, style=None if incident.severity else "primary"
            ),
            kit.button("My steps", "next_steps", here),
            kit.button("Post an update", "update_form", here),
            kit.button("Assign a role", "role_form", here),
        ),
        kit.actions(
            kit.button("Record a decision", "decision_form", here),
            kit.button("Add to the record", "record_form", here),
            kit.button("Draft a notice", "notice_form", here),
            kit.button("Timeline", "timeline", here),
        ),
    ]
