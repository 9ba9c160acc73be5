"""What people see of notices: the forms, one notice in full, lists, lines for card and App Home."""

from __future__ import annotations

from collections.abc import Sequence

from sqlmodel import Session

from bot.comms import known, notices, queries
from bot.comms.checks import Finding
from bot.comms.publish import in_words
from bot.comms.text import BODY_MAX, TITLE_MAX
from bot.incident.names import ref
from bot.playbook.load import Content
from bot.record.batch import Env
from bot.slack import kit
from bot.slack.wording import mark
from db.tables import Incident, Notice

FINDINGS_MAX = 12
#: What the author can do next, in the form.
NEXT = (
    ("save", "Keep it as a draft and check it again"),
    ("ask", "Ask for approval of this text"),
    ("facts", "Answer more questions first"),
)
_STATE = {
    "draft": "draft",
    "submitted": "waits for approval",
    "returned": "sent back",
    "approved": "approved, not published",
    "publishing": "on its way out",
    "published": "published",
    "withdrawn": "withdrawn",
}


# --- forms ------------------------------------------------------------------------------------


def choose_view(
    session: Session, content: Content, incident: Incident, channel: str | None,
    audience: str | None = None, stage: str | None = None,
) -> kit.Element:  # fmt: skip
    """For whom, and at which point; drafts that exist are offered first."""
    found = queries.notices(session, incident.number)
    out = [row for row in found if row.state == "published"]
    proposed = notices.default_choice(incident, published=bool(out))
    chosen = (audience or proposed[0], stage or proposed[1])
    open_drafts = [row for row in found if row.state in queries.UNFINISHED]
    blocks = [*_drill_note(incident), *_draft_lines(content, incident, open_drafts, channel)]
    people = [kit.option(each.title, each.id) for each in content.audiences.values()]
    points = [kit.option(each.title, each.id) for each in content.stages.values()]
    blocks += [
        kit.ask("audience", "Who is it for?", kit.select("audience", people, initial=chosen[0])),
        kit.ask("stage", "At which point?", kit.select("stage", points, initial=chosen[1])),
    ]
    if out:
        earlier = [
            kit.option(kit.clip(f"{row.number}: {row.title}", 75), str(row.number)) for row in out
        ]
        blocks.append(
            kit.ask(
                "corrects", "Which notice is corrected?", kit.select("corrects", earlier),
                optional=True, hint="Only for a correction.",
            )
        )  # fmt: skip
    meta = kit.pack(i=incident.number, c=channel)
    title = f"Notice for {ref(incident.number)}"
    return kit.modal("notice_choose", title, blocks, submit="Next", meta=meta)


def facts_view(
    session: Session, content: Content, incident: Incident, row: Notice, channel: str | None
) -> kit.Element:
    """The template's questions, with what the record or an earlier notice answers already."""
    template = notices.template_for(content, row.audience, row.stage)
    assert template is not None
    earlier = session.get(Notice, (row.incident, row.corrects)) if row.corrects else None
    given = {**known.prefill(session, content, incident, template, earlier), **row.facts}
    blocks = [
        *_drill_note(incident),
        kit.context(
            f"{_for(content, row)}. Leave out what nobody knows: the draft says so openly. "
            "The same answers are proposed for the next notice."
        ),
    ]
    for fact in template.head.facts:
        box = kit.text_input(
            fact.name, multiline=True, initial=given.get(fact.name, ""), most=notices.FACT_MAX
        )
        blocks.append(kit.ask(fact.name, fact.ask, box, optional=True))
    meta = kit.pack(i=incident.number, c=channel, k=row.number)
    return kit.modal("notice_facts", "What we know", blocks, submit="Make the draft", meta=meta)


def text_view(
    content: Content, incident: Incident, row: Notice, channel: str | None, said: str = ""
) -> kit.Element:
    """The text itself, with what the checks found. Its fields are named after the stored text, so
    that Slack shows the stored text again and not what was typed before."""
    version = row.digest[:8]
    template = content.templates.get((row.audience, row.stage))
    choices = [
        kit.option(text, value)
        for value, text in NEXT
        if value != "facts" or (template is not None and template.head.facts)
    ]
    blocks = [*_drill_note(incident), kit.context(f"{_for(content, row)} · {_STATE[row.state]}")]
    if said:
        blocks.append(kit.section(said))
    if row.comment and row.state == "returned":
        blocks.append(
            kit.section(f":leftwards_arrow_with_hook: {kit.esc(kit.clip(row.comment, 1500))}")
        )
    if row.state in ("submitted", "approved"):
        blocks.append(kit.section(":warning: If you change a character, it must be approved anew."))
    blocks += finding_blocks(notices.findings(content, incident, row))
    title = kit.text_input(f"title_{version}", initial=row.title, most=TITLE_MAX)
    body = kit.text_input(f"body_{version}", multiline=True, initial=row.body, most=BODY_MAX)
    after = kit.radio("next", choices, initial="save")
    blocks += [
        kit.ask(f"title_{version}", "Title", title),
        kit.ask(
            f"body_{version}",
            "Text",
            body,
            hint="Plain text. It goes out exactly as it stands here.",
        ),
        kit.ask("next", "Then", after),
    ]
    meta = kit.pack(i=incident.number, c=channel, k=row.number, v=version)
    return kit.modal("notice_text", f"Notice {row.number}", blocks, submit="Go on", meta=meta)


def send_back_view(incident: Incident, row: Notice, channel: str | None) -> kit.Element:
    """What should change?"""
    box = kit.text_input("comment", multiline=True, most=1000)
    blocks = [kit.ask("comment", "What should change?", box, hint="The author gets this.")]
    meta = kit.pack(i=incident.number, c=channel, k=row.number, d=row.digest)
    return kit.modal("notice_send_back_submit", "Send back", blocks, submit="Send back", meta=meta)


def withdraw_view(incident: Incident, row: Notice, channel: str | None) -> kit.Element:
    """Why is it given up?"""
    box = kit.text_input("reason", multiline=True, most=1000)
    blocks = [
        kit.context("The text stays on the record but is not published."),
        kit.ask("reason", "Why is it given up?", box),
    ]
    meta = kit.pack(i=incident.number, c=channel, k=row.number, d=row.digest)
    return kit.modal(
        "notice_withdraw_submit", f"Withdraw notice {row.number}", blocks, submit="Withdraw",
        meta=meta,
    )  # fmt: skip


# --- one notice -------------------------------------------------------------------------------


def notice_blocks(
    session: Session, content: Content, incident: Incident, row: Notice, person: str
) -> list[kit.Block]:
    """One notice in full, for somebody who may see it, with the buttons that fit its state."""
    blocks = [
        kit.section(
            f"{mark(incident)}*Notice {row.number}* · {_for(content, row)} · {_STATE[row.state]}"
        ),
        kit.divider(),
        *text_blocks(row),
        kit.divider(),
        *finding_blocks(notices.findings(content, incident, row))[:5],
        kit.context(
            f"Text {row.digest[:12]} · written by {', '.join(map(kit.person, row.authors))}"
        ),
    ]
    if row.places:
        blocks.append(kit.context("Places: " + kit.esc(_places(row))))
    buttons = _buttons(session, content, incident, row, person)
    return [*blocks, kit.actions(*buttons)] if buttons else blocks


def text_blocks(row: Notice) -> list[kit.Block]:
    """Title and text, nothing in them parsed: no mention pings, no link hides where it leads."""
    return [kit.header(row.title), kit.verbatim(row.body)]


def approval_buttons(incident: Incident, number: int, digest: str) -> list[kit.Element]:
    """Yes or no to one exact text."""
    packed = kit.pack(i=incident.number, k=number, d=digest)
    return [
        kit.button("Approve this text", f"notice_approve:{number}", packed, style="primary"),
        kit.button("Send back", f"notice_send_back:{number}", packed),
    ]


def _buttons(
    session: Session, content: Content, incident: Incident, row: Notice, person: str
) -> list[kit.Element]:
    packed = kit.pack(i=incident.number, k=row.number, d=row.digest)
    out: list[kit.Element] = []
    waits = row.state == "submitted" or (
        row.state == "approved" and not queries.is_satisfied(content, incident, row)
    )
    if waits and queries.may_approve_now(session, content, incident, row, person):
        out += approval_buttons(incident, row.number, row.digest)
    if row.state == "approved":
        out.append(publish_button(incident, row))
    if row.state in notices.EDITABLE:
        out.append(kit.button("Edit", f"notice_open:{row.number}", packed))
        out.append(kit.button("Withdraw", f"notice_withdraw:{row.number}", packed))
    if row.state == "publishing" and any(place["done"] for place in row.places):
        out.append(kit.button("Go on without the rest", f"notice_finish:{row.number}", packed))
    if row.state == "published":
        again = kit.pack(i=incident.number, a=row.audience, s="correction")
        out.append(kit.button("Correct it", f"notice_form:{row.number}", again))
    return out


def publish_button(incident: Incident, row: Notice) -> kit.Element:
    """Let it out, after a question that says where to."""
    packed = kit.pack(i=incident.number, k=row.number, d=row.digest)
    sure = kit.confirm("Publish now?", "It goes out exactly as it was approved.", "Publish")
    name = f"notice_publish:{row.number}"
    return kit.button("Publish", name, packed, style="primary", confirm=sure)


def list_blocks(
    content: Content, incident: Incident, found: Sequence[Notice], channel: str | None = None
) -> list[kit.Block]:
    """All notices of an incident, the newest first, each with a button."""
    if not found:
        return [kit.section("No notice yet. `/incident notice` drafts one.")]
    out = [kit.section(f"{mark(incident)}*Notices of {ref(incident.number)}*")]
    for row in sorted(found, key=lambda each: -each.number)[:20]:
        packed = kit.pack(i=incident.number, k=row.number, c=channel)
        show = kit.button("Show", f"notice_show:{row.number}", packed)
        corrected = f" · corrected by {row.corrected_by}" if row.corrected_by else ""
        line = f"*{row.number}* {kit.esc(row.title)}\n{_for(content, row)} · {_STATE[row.state]}{corrected}"
        out.append(kit.section(line, accessory=show))
    return out


def finding_blocks(found: Sequence[Finding]) -> list[kit.Block]:
    """What the checks found: what stops the text first."""
    out = []
    for finding in found[:FINDINGS_MAX]:
        sign = ":no_entry:" if finding.blocking else ":bulb:"
        out.append(kit.context(f"{sign} {kit.esc(finding.what)} {kit.esc(finding.fix)}"))
    if len(found) > FINDINGS_MAX:
        out.append(kit.context(f"… and {len(found) - FINDINGS_MAX} more."))
    return out


# --- card and App Home ------------------------------------------------------------------------


def card_lines(session: Session, incident: Incident, env: Env) -> list[kit.Block]:
    """Notices that are not out yet: their state and for whom they wait."""
    out = []
    for row in queries.notices(session, incident.number, queries.UNFINISHED)[:5]:
        text = f":loudspeaker: Notice {row.number}, {_for(env.content, row)}: {_waits(session, env, incident, row)}"
        packed = kit.pack(i=incident.number, k=row.number)
        show = kit.button("Show", f"notice_show:card{row.number}", packed)
        out.append(kit.section(text, accessory=show))
    return out


def home_blocks(session: Session, person: str, env: Env) -> list[kit.Block]:
    """Notices that wait for this person's approval, then their own unfinished ones."""
    out = []
    for incident, row in queries.waiting_for(session, env.content, person)[:10]:
        out += [_home_line(env, incident, row, "waits for your approval")]
    for incident, row in queries.drafts_of(session, person):
        out += [_home_line(env, incident, row, _STATE[row.state])]
    return out


def _home_line(env: Env, incident: Incident, row: Notice, state: str) -> kit.Block:
    packed = kit.pack(i=incident.number, k=row.number)
    text = f"{mark(incident)}*{ref(incident.number)}* notice {row.number}, {_for(env.content, row)}: {state}"
    return kit.section(text, accessory=kit.button("Show", f"notice_view:{row.number}", packed))


def _waits(session: Session, env: Env, incident: Incident, row: Notice) -> str:
    if row.state == "approved":
        until = f", until {kit.clock(row.expires_at)}" if row.expires_at else ""
        return f"*approved*, can be published{until}"
    if row.state == "publishing":
        left = [place for place in row.places if not place["done"]]
        return f"on its way to {in_words(left)}"
    if row.state != "submitted":
        return f"{_STATE[row.state]} by {kit.person(row.author)}"
    people = queries.approvers(session, env.content, incident, row)
    whom = (
        ", ".join(map(kit.person, people)) or "somebody with the right role (nobody holds it yet)"
    )
    return f"*waits for approval* by {whom}"


# --- parts ------------------------------------------------------------------------------------


def _for(content: Content, row: Notice) -> str:
    audience, stage = content.audiences.get(row.audience), content.stages.get(row.stage)
    who = audience.title if audience else row.audience
    return kit.esc(f"{who}, {(stage.title if stage else row.stage).lower()}")


def _places(row: Notice) -> str:
    done = [place for place in row.places if place["done"]]
    left = [place for place in row.places if not place["done"]]
    words = in_words(done)
    return words + (f"; not yet: {in_words(left)}" if left else "")


def _drill_note(incident: Incident) -> list[kit.Block]:
    if incident.kind != "drill":
        return []
    return [kit.context("*DRILL.* Nothing leaves the house; the channel shows what would have.")]


def _draft_lines(
    content: Content, incident: Incident, drafts: Sequence[Notice], channel: str | None
) -> list[kit.Block]:
    out = []
    for row in drafts[-5:]:
        packed = kit.pack(i=incident.number, k=row.number, c=channel)
        name = "notice_open" if row.state in notices.EDITABLE else "notice_view"
        text = f"Notice {row.number}, {_for(content, row)}: {_STATE[row.state]}"
        out.append(kit.section(text, accessory=kit.button("Open", f"{name}:{row.number}", packed)))
    return [*out, kit.divider()] if out else []
