"""The local page: only from this machine, only signed in, and everything through the rooms."""

from __future__ import annotations

import json
import stat
from html.parser import HTMLParser
from pathlib import Path

import pytest

from bot.incident import people, queries
from bot.incident.opening import open_incident
from bot.record.entry import Actor
from bot.record.read import entries
from tests.integration.offline.conftest import Browser, Cli
from tests.support.world import World

HOSTILE = "<script>alert(1)</script>"


@pytest.fixture
def url(db_url: str) -> str:
    """The page on SQLite and on PostgreSQL."""
    return db_url


async def opened(world: World, person: str = "U01ADA", **more: bool) -> int:
    by = Actor(person, "slash")
    made = await world.house.change(by, lambda tx: open_incident(tx, "Leaks names", **more))
    await world.quiet()
    return made.number


async def test_nobody_gets_in_without_a_token(browser: Browser, world: World) -> None:
    await opened(world)
    page = await browser.http.get("/local")
    assert "Sign in" in page.text and "Leaks names" not in page.text
    assert "Leaks names" not in (await browser.http.get("/local/1")).text
    wrong = await browser.sign_in("wrong")
    assert wrong.status_code == 401 and "not known" in wrong.text
    assert (await browser.http.post("/local/1/note", data={"text": "x"})).status_code == 401
    assert stat.S_IMODE(browser.operator.stat().st_mode) == 0o600


@pytest.mark.parametrize(
    "headers",
    [
        {"host": "evil.example"}, {"host": "status.acme.example:3000"}, {"host": "127.0.0.1.evil.example"},
        {"x-forwarded-for": "127.0.0.1"}, {"forwarded": "for=127.0.0.1"}, {"via": "1.1 proxy"},
        {"x-real-ip": "127.0.0.1"},
    ],
)  # fmt: skip
async def test_only_this_machine_under_its_own_name(
    browser: Browser, headers: dict[str, str]
) -> None:
    """A proxy, and a page elsewhere that gives its name our address, find nothing here."""
    await browser.sign_in()
    for path in ("/local", "/local/1", "/local/local.css"):
        assert (await browser.http.get(path, headers=headers)).status_code == 404
    token = browser.operator.read_text().strip()
    sent = await browser.http.post("/local/sign-in", data={"token": token}, headers=headers)
    assert sent.status_code == 404


async def test_the_cookie_and_the_page_are_closed_to_others(browser: Browser) -> None:
    answer = await browser.http.post(
        "/local/sign-in", data={"token": browser.operator.read_text().strip()},
        follow_redirects=False,
    )  # fmt: skip
    cookie = answer.headers["set-cookie"].lower()
    assert "httponly" in cookie and "samesite=strict" in cookie and "path=/local" in cookie
    page = await browser.http.get("/local")
    policy = page.headers["content-security-policy"]
    assert "default-src 'none'" in policy and "form-action 'self'" in policy
    assert "script" not in policy and "<script" not in page.text
    assert page.headers["cache-control"] == "no-store"
    kept = browser.http.cookies["steadyhand_local"]
    for forged in ("eA==.00", kept[:-1] + "x", "", "x", "eA==.\xe9", "\xff.\xff", "....", "=.="):
        browser.http.cookies.clear()
        sent = {"cookie": f"steadyhand_local={forged}".encode("latin-1")}
        seen = await browser.http.get("/local", headers=sent)
        assert seen.status_code == 200 and "Sign in" in seen.text


async def test_a_form_that_is_not_ours_changes_nothing(browser: Browser, world: World) -> None:
    await opened(world)
    await browser.sign_in()
    assert (await browser.http.post("/local/1/note", data={"text": "forged"})).status_code == 403
    page = await browser.http.get("/local/1")
    hidden = page.text.partition('name="form" value="')[2].partition('"')[0]
    strange = await browser.http.post(
        "/local/1/note", data={"form": hidden, "once": "1", "text": "forged"},
        headers={"origin": "http://127.0.0.1:1"},
    )  # fmt: skip
    assert strange.status_code == 403
    assert "forged" not in (await browser.http.get("/local/1")).text


async def test_nobody_is_signed_in_by_a_page_elsewhere(browser: Browser) -> None:
    """Whoever made it would have us act under their name without our knowing."""
    token = browser.operator.read_text().strip()
    for origin in ("https://evil.example", "null", "http://127.0.0.1:1"):
        sent = await browser.http.post(
            "/local/sign-in", data={"token": token}, headers={"origin": origin}
        )
        assert sent.status_code == 403 and "set-cookie" not in sent.headers


async def test_what_no_form_of_ours_sends_is_no_fault_of_ours(
    browser: Browser, world: World
) -> None:
    await opened(world)
    file = {"files": {"token": ("a.txt", b"x")}}
    assert (await browser.http.post("/local/sign-in", **file)).status_code == 401
    await browser.sign_in()
    page = await browser.http.get("/local/1")
    hidden = page.text.partition('name="form" value="')[2].partition('"')[0]
    for where, name in (
        ("1/note", "form"),
        ("1/note", "once"),
        ("1/note", "text"),
        ("open", "title"),
    ):
        sent = {"form": hidden, "once": "1", "text": "a note", "title": "a title"}
        sent.pop(name)
        answer = await browser.http.post(
            f"/local/{where}", data=sent, files={name: ("a.txt", b"x")}
        )
        assert 400 <= answer.status_code < 500, (where, name)
    for number in ("0", "99", "9" * 30, "9" * 5000, "²", "1.0", "-1"):
        assert (await browser.http.get(f"/local/{number}")).status_code == 404
    assert len(world.house.read_sync(lambda s: list(entries(s, 1, kinds=["note.added"])))) == 0


async def test_signs_that_no_database_takes_are_left_out(browser: Browser, world: World) -> None:
    await opened(world)
    await browser.sign_in()
    page = await browser.http.get("/local/1")
    hidden = page.text.partition('name="form" value="')[2].partition('"')[0]
    for verb in ("note", "done", "take", "without", "yes", "question"):
        sent = dict.fromkeys(
            ("once", "text", "step", "rung", "kind", "code", "digest"), f"{verb}\x00x"
        )
        answer = await browser.http.post(f"/local/1/{verb}", data={**sent, "form": hidden})
        assert answer.status_code in (200, 403, 422), verb
    (note,) = world.house.read_sync(lambda s: list(entries(s, 1, kinds=["note.added"])))
    assert note.entry.text == "notex"


async def test_notes_decisions_and_steps_go_on_the_record(browser: Browser, world: World) -> None:
    """As the operator, with source «web»; hostile words stay words; a form sent twice counts once."""
    await opened(world)
    await browser.sign_in()
    page = await browser.send("/local/1/note", where="/local/1", text=f"Seen {HOSTILE}")
    assert "The note is on the record." in page.text
    assert HOSTILE not in page.text and "&lt;script&gt;" in page.text
    await browser.send(
        "/local/1/block", where="/local/1", step=await step_key(world, 3), reason="no phone"
    )
    refused = await browser.send(
        "/local/1/decide", where="/local/1", text="Wait", reason="it is quiet"
    )
    assert refused.status_code == 422 and "Only the" in refused.text and "Wait" in refused.text
    found = [
        one for one in world.house.read_sync(lambda s: list(entries(s, 1))) if one.source == "web"
    ]
    assert [one.entry.kind for one in found] == ["note.added", "step.blocked", "permission.denied"]
    assert all(one.actor.startswith("cli:") for one in found)

    page = await browser.http.get("/local/1")
    hidden = {
        n: page.text.partition(f'name="{n}" value="')[2].partition('"')[0] for n in ("form", "once")
    }
    for _ in range(2):
        await browser.http.post("/local/1/note", data={**hidden, "text": "once only"})
    assert (await browser.http.get("/local/1")).text.count("once only") == 1


async def step_key(world: World, number: int) -> str:
    from bot.playbook import steps

    return await world.house.read(lambda session: steps.search(session, 1, str(number)).key)


async def test_an_enrolled_person_acts_as_themselves(
    browser: Browser, world: World, cli: Cli, tmp_path: Path
) -> None:
    """Their token is theirs alone, and it ends when the operator ends it."""
    await opened(world)
    cli("people", "enroll", "U01ADA", "--key", str(tmp_path / "ada.key"))
    token = json.loads((tmp_path / "ada.key").read_text())["token"]
    assert "@U01ADA" in (await browser.sign_in(token)).text
    page = await browser.send(
        "/local/1/decide", where="/local/1", text="Roll back", reason="it works"
    )
    assert "The decision is on the record." in page.text
    last = world.house.read_sync(lambda s: list(entries(s, 1, kinds=["decision.made"])))[-1]
    assert (last.actor, last.source, last.role) == ("U01ADA", "web", "commander")
    kept = dict(browser.http.cookies)
    operator = Actor("cli:op", "cli")
    await world.house.change(operator, lambda tx: people.end(tx, "U01ADA", "the laptop is lost"))
    assert "Sign in" in (await browser.http.get("/local/1")).text, "who is signed in is out at once"
    assert (await browser.http.post("/local/1/note", data={"text": "x"})).status_code == 401
    _, public = people.new_key()
    await world.house.change(operator, lambda tx: people.enrol(tx, "U01ADA", public, "another"))
    browser.http.cookies.update(kept)
    assert "Sign in" in (await browser.http.get("/local/1")).text, "another token, another session"
    assert (await browser.sign_in(token)).status_code == 401


async def test_a_private_incident_is_for_its_people(browser: Browser, world: World) -> None:
    await opened(world, private=True)
    await browser.sign_in()
    assert "Leaks names" not in (await browser.http.get("/local")).text
    assert (await browser.http.get("/local/1")).status_code == 404
    assert (await browser.send("/local/1/note", text="x")).status_code == 404
    looked = world.house.read_sync(lambda s: list(entries(s, 1, kinds=["permission.denied"])))
    assert [(one.source, one.entry.verb) for one in looked] == [("web", "view")]


async def test_what_runs_is_frozen_there(browser: Browser, world: World) -> None:
    """With the verb of Slack's form; what was typed comes back as text, and what was known is shown."""
    await opened(world)
    await browser.sign_in()
    prose = f"{HOSTILE} be kind"
    refused = await browser.send(
        "/local/1/freeze", where="/local/1", rung="C6", **{"f.model": "7b", "f.prompt": prose}
    )
    assert refused.status_code == 422 and "not the thing itself" in refused.text
    assert (
        HOSTILE not in refused.text
        and "&lt;script&gt;alert(1)&lt;/script&gt; be kind" in refused.text
    )
    fields = _fields(refused.text)
    assert fields["f-prompt"]["aria-invalid"] == "true" and "aria-invalid" not in fields["f-model"]
    assert fields["f-model"]["value"] == "7b"
    assert '<option value="C6" selected>' in refused.text, "what was chosen stays chosen"
    nothing = await browser.send("/local/1/freeze", where="/local/1", rung="", **{"f.model": " "})
    assert nothing.status_code == 422 and "Nothing was named" in nothing.text
    wrong = await browser.send("/local/1/freeze", where="/local/1", rung="C2", **{"f.model": "7b"})
    assert wrong.status_code == 422 and "needs no freeze" in wrong.text
    page = await browser.send(
        "/local/1/freeze", where="/local/1", rung="C6",
        **{"f.model": "7b@sha256:4f", "f.prompt": "v41"},
    )  # fmt: skip
    assert "What runs now is frozen on the record." in page.text
    last = world.house.read_sync(lambda s: list(entries(s, 1, kinds=["evidence.frozen"])))[-1]
    assert (last.source, last.entry.rung) == ("web", "C6")
    assert last.entry.fingerprints == {"model": "7b@sha256:4f", "prompt": "v41"}
    assert _fields(page.text)["f-model"]["value"] == "7b@sha256:4f"


async def test_going_without_a_freeze_takes_the_right_and_a_reason(
    browser: Browser, world: World, cli: Cli, tmp_path: Path
) -> None:
    await opened(world)
    await browser.sign_in()
    sent = {"rung": "C7", "because": f"mail leaves {HOSTILE}"}
    refused = await browser.send("/local/1/without", where="/local/1", **sent)
    assert refused.status_code == 422 and "Only the" in refused.text
    assert HOSTILE not in refused.text
    assert _fields(refused.text)["because"]["value"] == sent["because"], "typed once is enough"
    cli("people", "enroll", "U01ADA", "--key", str(tmp_path / "ada.key"))
    await browser.sign_in(json.loads((tmp_path / "ada.key").read_text())["token"])
    empty = await browser.send("/local/1/without", where="/local/1", rung="C7", because=" ")
    assert empty.status_code == 422 and "Why can it not wait" in empty.text
    page = await browser.send("/local/1/without", where="/local/1", **sent)
    assert "It may go ahead without a freeze." in page.text
    found = world.house.read_sync(
        lambda s: list(entries(s, 1, kinds=["evidence.freeze_skipped", "permission.denied"]))
    )
    assert [(one.entry.kind, one.source) for one in found] == [
        ("permission.denied", "web"), ("evidence.freeze_skipped", "web"),
    ]  # fmt: skip
    assert found[-1].actor == "U01ADA" and found[-1].entry.rung == "C7"


async def test_every_field_of_the_page_has_its_own_label(browser: Browser, world: World) -> None:
    """What a screen reader needs: one label a field, ids used once, hints that exist."""
    await opened(world)
    await browser.sign_in()
    text = (await browser.http.get("/local/1")).text
    reader = _Reader()
    reader.feed(text)
    assert len(reader.ids) == len(set(reader.ids)), "an id is there twice"
    assert {"f-rung", "f-model", "f-index", "w-rung", "because"} <= set(reader.fields)
    unlabelled = [name for name in reader.fields if name not in reader.labels]
    assert not unlabelled
    for field in reader.fields.values():
        assert set((field.get("aria-describedby") or "").split()) <= set(reader.ids)


class _Reader(HTMLParser):
    """Fields by id, labels by what they are for, and all ids."""

    def __init__(self) -> None:
        super().__init__()
        self.fields: dict[str, dict[str, str]] = {}
        self.labels: set[str] = set()
        self.ids: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if "id" in given:
            self.ids.append(given["id"])
        if tag == "label" and "for" in given:
            self.labels.add(given["for"])
        if tag in ("input", "select", "textarea") and given.get("type") != "hidden":
            self.fields[given.get("id", given.get("name", "?"))] = given


def _fields(text: str) -> dict[str, dict[str, str]]:
    reader = _Reader()
    reader.feed(text)
    return reader.fields


async def test_what_cannot_be_there_is_not_found(browser: Browser) -> None:
    await browser.sign_in()
    for path in ("/local/0", "/local/-1", "/local/99999999999999999999999", "/local/x"):
        assert (await browser.http.get(path)).status_code == 404
        assert (await browser.send(f"{path}/note", text="x")).status_code == 404


async def test_opening_there_makes_the_channel_here(browser: Browser, world: World) -> None:
    await browser.sign_in()
    page = await browser.send("/local/open", title="Insults customers", severity="SEV2")
    assert "INC-1" in page.text and "Insults customers" in page.text
    await world.quiet()
    row = world.house.read_sync(lambda s: queries.get(s, 1))
    assert row.channel_id and row.opened_by.startswith("cli:") and row.severity == "SEV2"
    assert not [call for call in world.slack.calls if call.error]
    assert "As of <time" in page.text, "on paper one must know from when it is"
    again = await browser.send("/local/open", title=" ")
    assert again.status_code == 422 and "needs a title" in again.text
