"""The local page: only from this machine, only signed in, and everything through the rooms."""

from __future__ import annotations

import json
import stat
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
