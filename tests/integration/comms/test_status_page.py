"""The status page as a reader sees it: what is on it, what never is, and that texts stay inert."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from datetime import timedelta
from html.parser import HTMLParser
from xml.etree import ElementTree as Xml

import httpx
import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware

from bot.comms import approving, notices, publish
from bot.comms.text import Text
from bot.house import House
from bot.incident import queries as incidents
from bot.record import catalogue as c
from bot.web import status
from bot.web.headers import SecurityHeaders
from tests.integration.comms.conftest import ADA, CAM, Story

pytestmark = pytest.mark.usefixtures("proven")
NEXT = "Meanwhile please wait. Next update: today at 15:30 UTC. All users are affected."


@pytest.fixture
async def web(house: House) -> AsyncIterator[httpx.AsyncClient]:
    app = Starlette(routes=status.routes(house), middleware=[Middleware(SecurityHeaders)])
    transport = httpx.ASGITransport(app=app)
    async with httpx.AsyncClient(transport=transport, base_url="http://status.test") as client:
        yield client


def put_out(
    story: Story, title: str, body: str, stage: str = "first", corrects: int | None = None
) -> int:
    facts = {"wrong_statement": "x", "right_statement": "y"} if corrects else {}
    kept = story.do(
        CAM,
        lambda tx, row: notices.draft(
            tx, row, "status_page", stage, facts=facts, corrects=corrects
        ),
    )
    kept = story.do(CAM, lambda tx, row: notices.edit(tx, row, kept.number, title, body))
    story.do(CAM, lambda tx, row: approving.submit(tx, row, kept.number))
    story.do(ADA, lambda tx, row: approving.approve(tx, row, kept.number, kept.digest))
    story.do(CAM, lambda tx, row: publish.publish(tx, row, kept.number))
    story.outside.settle()
    story.run.later(seconds=3)
    return kept.number


class Seen(HTMLParser):
    """Tags, links and text of a page."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.links: list[str] = []
        self.words: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.links += [value or "" for name, value in attrs if name in ("href", "src")]
        assert not [name for name, _ in attrs if name.startswith("on") or name == "style"]

    def handle_data(self, data: str) -> None:
        self.words.append(data)

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.words).split())


async def test_an_empty_page_says_so(web: httpx.AsyncClient) -> None:
    page = await web.get("/status")
    assert page.status_code == 200
    assert "We know of no problem right now" in Seen(page.text).text
    assert json.loads((await web.get("/status.json")).text) == {"state": "ok", "problems": []}


async def test_a_published_notice_is_there_in_all_three(
    story: Story, web: httpx.AsyncClient
) -> None:
    put_out(story, "Wrong chat titles", f"Some titles are wrong.\n\n{NEXT}")
    seen = Seen((await web.get("/status")).text)
    assert "We know of a problem" in seen.text and "Some titles are wrong." in seen.text
    assert "INC-" not in seen.text and "SEV" not in seen.text and "Assistant shows" not in seen.text
    data = (await web.get("/status.json")).json()
    [word] = data["problems"][0]["notices"]
    assert data["state"] == "problem"
    assert Text("status_page", "first", word["title"], word["text"]).digest == word["digest"]
    feed = Xml.fromstring((await web.get("/status/feed")).text)
    [entry] = feed.findall(f"{{{status.ATOM}}}entry")
    assert entry.findtext(f"{{{status.ATOM}}}content") == f"Some titles are wrong.\n\n{NEXT}"


HOSTILE = (
    "<script>alert(1)</script> <img src=x onerror=alert(2)> <!channel> <@U01ABC234> {{ 7*7 }} {% x %} "
    "<https://evil.example|your bank> &lt;b&gt; \u202egnihton ]]> --> "
)


async def test_hostile_text_stays_text(story: Story, web: httpx.AsyncClient) -> None:
    """What the checks would stop is let through by hand here: the exits must hold on their own."""
    kept = story.do(CAM, lambda tx, row: notices.draft(tx, row, "status_page", "first"))
    text = Text("status_page", "first", f"Title {HOSTILE}".strip(), f"{HOSTILE}\n\n{NEXT}")

    def by_hand(tx, row):  # type: ignore[no-untyped-def]
        places = [{"place": "status_page"}]
        number, digest = kept.number, text.digest
        tx.append(
            c.NoticeEdited(number=number, digest=digest, title=text.title, body=text.body),
            row.number,
        )
        tx.append(c.NoticeReleased(number=number, digest=digest, places=places), row.number)
        tx.append(c.NoticePlaced(number=number, digest=digest, place=places[0]), row.number)

    story.do(CAM, by_hand)
    page = await web.get("/status")
    seen = Seen(page.text)
    assert "script" not in seen.tags and "img" not in seen.tags
    assert "{{ 7*7 }}" in seen.text and "<script>alert(1)</script>" in seen.text
    assert all(link.startswith(("/status", "#")) for link in seen.links)
    assert "default-src 'none'" in page.headers["content-security-policy"]
    assert "unsafe" not in page.headers["content-security-policy"]
    word = (await web.get("/status.json")).json()["problems"][0]["notices"][0]
    assert (word["title"], word["text"]) == (text.title, text.body)
    feed = Xml.fromstring((await web.get("/status/feed")).text)
    assert feed.findtext(f"{{{status.ATOM}}}entry/{{{status.ATOM}}}content") == text.body


async def test_it_is_cached_by_etag_and_read_seldom(story: Story, web: httpx.AsyncClient) -> None:
    put_out(story, "Wrong chat titles", NEXT)
    for path in ("/status", "/status.json", "/status/feed", "/status.css"):
        first = await web.get(path)
        again = await web.get(path, headers={"if-none-match": f'W/"x", {first.headers["etag"]}'})
        assert again.status_code == 304 and not again.content
        assert "max-age" in first.headers["cache-control"]
    tag = (await web.get("/status")).headers["etag"]
    put_out(
        story,
        "All is well again",
        "It is fixed. This was the last update. All users can go on.",
        "resolved",
    )
    fresh = await web.get("/status", headers={"if-none-match": tag})
    assert fresh.status_code == 200 and "We know of no problem right now" in fresh.text


async def test_a_correction_is_linked_both_ways(story: Story, web: httpx.AsyncClient) -> None:
    number = put_out(story, "Wrong chat titles", f"All chats. {NEXT}")
    put_out(
        story, "Correction of our notice", f"Only titles, not chats. {NEXT}", "correction", number
    )
    problem = (await web.get("/status.json")).json()["problems"][0]
    newer, older = problem["notices"]
    assert newer["corrects"] == older["id"] and older["corrected_by"] == newer["id"]
    assert problem["state"] == "Investigating" and problem["title"] == "Wrong chat titles"
    links = Seen((await web.get("/status")).text).links
    assert f"#{older['id']}" in links and f"#{newer['id']}" in links


async def test_drills_and_private_incidents_are_never_there(
    drill: Story, private: Story, web: httpx.AsyncClient
) -> None:
    put_out(drill, "DRILL: Wrong chat titles", f"This is a drill. {NEXT}")
    put_out(private, "Wrong chat titles", NEXT)
    assert (await web.get("/status.json")).json() == {"state": "ok", "problems": []}
    assert "<entry" not in (await web.get("/status/feed")).text


async def test_old_problems_leave_the_page_when_they_are_over(
    story: Story, web: httpx.AsyncClient
) -> None:
    put_out(story, "Wrong chat titles", NEXT)
    story.run.later(days=40)
    assert (await web.get("/status.json")).json()["state"] == "problem"
    story.do(ADA, lambda tx, row: tx.append(c.IncidentResolved(), row.number))
    story.run.later(seconds=3)
    assert (await web.get("/status.json")).json() == {"state": "ok", "problems": []}
    assert story.see(lambda s, row: incidents.get(s, row.number)).status == "resolved"


async def test_many_readers_cost_one_reading(house: House, web: httpx.AsyncClient) -> None:
    import asyncio

    reads = 0
    before = house.read

    async def counted(job):  # type: ignore[no-untyped-def]
        nonlocal reads
        reads += 1
        return await before(job)

    house.read = counted  # type: ignore[method-assign]
    house.clock.advance(timedelta(minutes=1))
    answers = await asyncio.gather(*(web.get("/status") for _ in range(50)))
    assert {one.status_code for one in answers} == {200} and reads <= 2
