"""Publishing: the approved text goes, byte for byte, to the places named; a drill goes nowhere.

Each place is an effect of its own with a result of its own. What is sent is read from the stored
notice at the moment of sending and hashed again; another hash than the approved one is not sent.
"""

from __future__ import annotations

from typing import Any

from bot.comms import approving, queries
from bot.comms.queries import ON_PAGE
from bot.comms.text import Text
from bot.effects import kinds
from bot.effects.kinds import Effect, channel_key
from bot.effects.store import Claimed
from bot.errors import Conflict, NotReady
from bot.incident import queries as incidents
from bot.incident.rights import require
from bot.record import catalogue as c
from bot.record.batch import Env
from bot.record.tx import Tx
from db.tables import Incident, Notice

Place = dict[str, Any]
PLACE_WORDS = {
    "notice_channel": "the notice channel",
    "announce_channel": "the announcement channel",
    "incident_channel": "the incident's channel",
    "status_page": "the status page",
    "console": "nowhere outside (drill)",
}
#: Our own people are told where incidents are announced; other inside audiences in the channel.
BROADCAST = ("internal",)


def places_for(incident: Incident, audience: str, env: Env) -> list[Place]:
    """Where a notice for this audience goes. Never empty, and never outside for a drill.

    A private incident is never on the status page. Audiences that have no place of their own
    (a regulator, a partner) get the text into the incident's channel, to be sent by hand.
    """
    if incident.kind == "drill":
        real = _real_places(incident, audience, env)
        return [{"place": "console", "instead_of": [place["place"] for place in real]}]
    return _real_places(incident, audience, env)


def _real_places(incident: Incident, audience: str, env: Env) -> list[Place]:
    out: list[Place] = []
    if audience in ON_PAGE:
        if env.notice_channel:
            out.append({"place": "notice_channel", "channel": env.notice_channel})
        if not incident.private:
            out.append({"place": "status_page"})
    elif audience in BROADCAST and env.announce_channel and not incident.private:
        out.append({"place": "announce_channel", "channel": env.announce_channel})
    return out or [{"place": "incident_channel", "channel": incident.channel_id}]


def in_words(places: list[Place]) -> str:
    """Places for people: ``the notice channel and the status page``."""
    names = [PLACE_WORDS.get(place["place"], str(place["place"])) for place in places]
    return " and ".join(names) or "nowhere"


def publish(tx: Tx, incident: Incident, number: int, digest: str | None = None) -> str:
    """Let the approved text out. The approvals are judged again for the severity as it is now."""
    require(tx, "publish_notice", incident)
    row = queries.notice(tx.session, incident.number, number)
    if row.state in ("publishing", "published"):
        raise Conflict(f"Notice {number} is {row.state} already.")
    approving.same_text(row, digest)
    if row.state != "approved":
        raise NotReady(
            f"Notice {number} is {row.state}; only an approved text goes out.",
            instead=f"Ask for approval first: `/incident notice {number}`",
        )
    if row.expires_at is not None and tx.now >= row.expires_at:
        raise NotReady("The approval is too old.", instead="Ask for approval again.")
    if not queries.is_satisfied(tx.env.content, incident, row):
        return _ask_more(tx, incident, row)
    return _let_out(tx, incident, row)


def _ask_more(tx: Tx, incident: Incident, row: Notice) -> str:
    """The severity changed after the approval, and the rule for it names more people."""
    people = queries.approvers(tx.session, tx.env.content, incident, row)
    approving.ask(tx, incident, row, people, f"more:{incident.version}")
    needed = approving.needed(tx, incident, row)
    return (
        f"Not published: at {incident.severity} notice {row.number} needs more approvals. "
        f"Still needed: {needed}."
    )


def _let_out(tx: Tx, incident: Incident, row: Notice) -> str:
    _exact(row)
    places = places_for(incident, row.audience, tx.env)
    if any("channel" in place and not place["channel"] for place in places):
        raise NotReady("The incident's channel is not there yet.", instead="Try again in a moment.")
    tx.append(
        c.NoticeReleased(number=row.number, digest=row.digest, places=places), incident.number
    )
    for place in places:
        tx.effect(_effect(incident, row, place))
    tx.refresh_card(incident.number)
    if incident.kind == "drill":
        return (
            f"DRILL: notice {row.number} goes nowhere outside; the channel shows what would have."
        )
    return f"Notice {row.number} is on its way to {in_words(places)}."


def _effect(incident: Incident, row: Notice, place: Place) -> Effect:
    name = place["place"]
    key = f"notice:{incident.number}:{row.number}:{name}"
    payload = {
        "incident": incident.number, "number": row.number, "digest": row.digest, "place": name,
    }  # fmt: skip
    if name == "console":
        return Effect("console.notice", key, key, payload, incident.number)
    if name == "status_page":
        return kinds.house(
            "notice_page", incident.number, key=key, number=row.number, digest=row.digest
        )
    channel = place["channel"]
    after = channel_key(incident.number) if name == "incident_channel" else None
    return Effect(
        "notice.post", key, f"notices:{channel}", {**payload, "channel": channel}, incident.number,
        after, kinds.MESSAGE_PACE_MS,
    )  # fmt: skip


# --- what came back ---------------------------------------------------------------------------


def page_task(tx: Tx, effect: Claimed) -> None:
    """The status page reads the database, so the text is there once this is on the record."""
    assert effect.incident is not None
    _placed(tx, effect.incident, effect.payload, {"place": "status_page"})
    if tx.env.base_url:
        tx.effect(kinds.bookmark_page(effect.incident))


def posted(tx: Tx, effect: Claimed, result: dict[str, Any]) -> None:
    """Slack shows the notice."""
    assert effect.incident is not None
    place = {
        "place": effect.payload["place"], "channel": result["channel"], "ts": result["ts"],
    }  # fmt: skip
    _placed(tx, effect.incident, effect.payload, place)


def printed(tx: Tx, effect: Claimed, result: dict[str, Any]) -> None:
    """The console of a drill has the notice; the channel is told what would have happened."""
    assert effect.incident is not None
    incident = incidents.get(tx.session, effect.incident)
    row = queries.notice(tx.session, incident.number, effect.payload["number"])
    outside: list[str] = next((place.get("instead_of", []) for place in row.places), [])
    tx.effect(
        kinds.say(
            incident.number, f"notice_console:{row.number}", "notice_console", number=row.number,
            digest=row.digest, places=in_words([{"place": name} for name in outside]),
        )
    )  # fmt: skip
    _placed(tx, effect.incident, effect.payload, {"place": "console"})


def _placed(tx: Tx, number: int, payload: dict[str, Any], place: Place) -> None:
    row = queries.notice(tx.session, number, payload["number"])
    if row.digest != payload["digest"] or row.state != "publishing":
        return
    tx.append(c.NoticePlaced(number=row.number, digest=_exact(row), place=place), number)
    if all(each["done"] for each in row.places):
        _finish(tx, number, row)


def finish(tx: Tx, incident: Incident, number: int) -> str:
    """Call a notice published although a place did not work; at least one did."""
    require(tx, "publish_notice", incident)
    row = queries.notice(tx.session, incident.number, number)
    if row.state != "publishing":
        raise Conflict(f"Notice {number} is {row.state}.")
    if not any(place["done"] for place in row.places):
        raise NotReady("The text is nowhere yet.", instead="Try the failed place again.")
    left = [place for place in row.places if not place["done"]]
    _finish(tx, incident.number, row)
    return f"Notice {number} counts as published without {in_words(left)}."


def _finish(tx: Tx, number: int, row: Notice) -> None:
    tx.append(
        c.NoticePublished(number=row.number, digest=row.digest, places=list(row.places)), number
    )
    done = [place for place in row.places if place["done"]]
    if [place["place"] for place in done] != ["console"]:
        tx.effect(
            kinds.say(
                number, f"notice_published:{row.number}", "notice_published_said", number=row.number,
                places=in_words(done), audience=row.audience, stage=row.stage,
            )
        )  # fmt: skip
    tx.refresh_card(number)


def exact_text(row: Notice, digest: str) -> Text:
    """The stored text if it still is the one that was approved. Raises ``Conflict``."""
    text = Text(row.audience, row.stage, row.title, row.body)
    if not text.digest == row.digest == digest:
        raise Conflict(f"The text of notice {row.number} is not the one that was approved.")
    return text


def _exact(row: Notice) -> str:
    return exact_text(row, row.digest).digest
