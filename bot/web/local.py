"""``/local``: the response without Slack, in a browser on this machine. Works without scripts.

Every form calls the verb that Slack's button calls, as the person whose token signed in, recorded
with source «web». A yes takes their key as well (``local_yes.py``).
"""

from __future__ import annotations

import os
import secrets
import time
from collections.abc import Awaitable, Callable
from functools import lru_cache
from pathlib import Path
from typing import Any

from sqlmodel import Session
from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route

from bot import sheet
from bot.comms import cadence, publish
from bot.errors import BadInput, NotFound, Refusal
from bot.house import House
from bot.incident import items, lifecycle, queries, rights
from bot.incident.assessing import parse_severity
from bot.incident.opening import open_incident
from bot.playbook import walk
from bot.record import freeze
from bot.record.batch import Env
from bot.record.entry import Actor, clean_text
from bot.record.tx import Tx
from bot.settings import Settings
from bot.web import local_yes
from bot.web.local_yes import Question
from bot.web.sessions import COOKIE, LASTS_S, Sessions, is_local

PAGES = Path(__file__).parent / "pages"
LARGEST_FORM = 100_000
POLICY = (
    "default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'self'; "
    "frame-ancestors 'none'"
)
#: With «no-referrer» browsers send our own forms with «Origin: null», as they do a stranger's
#: (fetch.spec.whatwg.org, append a request Origin header).
HEADERS = {"content-security-policy": POLICY, "referrer-policy": "same-origin"}
SAID = {
    "note": "The note is on the record.",
    "decide": "The decision is on the record.",
    "done": "The step is done.",
    "skip": "The step is left out.",
    "block": "The step is blocked; the commander is told.",
    "take": "The step is yours.",
    "freeze": "What runs now is frozen on the record.",
    "without": "It may go ahead without a freeze. The decision is on the record.",
    "update": "The update is on the record. The next one is due after the cadence of its severity.",
    "contain": "It is on the record as contained.",
    "yes": "Your yes counts. It is on the record with its proof.",
    "publish": "The notice is let out. It reaches the places in Slack when Slack is there.",
    "open": "The incident is open. You are the commander until somebody takes over.",
}
Page = Callable[[Request, str], Awaitable[Response]]


def routes(settings: Settings, house: House) -> list[Route]:
    """The page, its forms and its style."""
    page = LocalPage(house, Sessions(settings.data_dir))
    return [
        Route("/local", page.local(page.home), methods=["GET"]),
        Route("/local/sign-in", page.sign_in, methods=["POST"]),
        Route("/local/sign-out", page.local(page.sign_out), methods=["POST"]),
        Route("/local/open", page.local(page.opened), methods=["POST"]),
        Route("/local/local.css", style, methods=["GET"]),
        Route("/local/{number}", page.local(page.incident), methods=["GET"]),
        Route("/local/{number}/question", page.local(page.question), methods=["POST"]),
        Route("/local/{number}/{verb}", page.local(page.act), methods=["POST"]),
    ]


class LocalPage:
    """Shows and does what somebody who is signed in may see and do."""

    def __init__(self, house: House, sessions: Sessions) -> None:
        self._house = house
        self._sessions = sessions
        sessions.token()  # the file is there before anybody looks for it

    # --- the door --------------------------------------------------------------------------------

    def local(self, page: Page) -> Callable[[Request], Awaitable[Response]]:
        """Only from this machine, only signed in, and forms only from our own pages."""

        async def guarded(request: Request) -> Response:
            if not is_local(request):
                return PlainTextResponse("Not found.\n", 404)
            try:
                return await answered(request)
            except BadInput as strange:  # a file where a text belongs: no form of ours sends that
                return PlainTextResponse(f"{strange.message}\n", 400)

        async def answered(request: Request) -> Response:
            person = await self._signed_in(request)
            if person is None:
                return self._page("local_sign_in.html.j2", 401 if request.method == "POST" else 200)
            if request.method == "POST" and not await self._ours(request):
                return self._page(
                    "local_said.html.j2",
                    403,
                    title="Not done",
                    message="This form is too old.",
                    instead="Go back, load the page again and send it once more.",
                )
            return await page(request, person)

        return guarded

    async def _signed_in(self, request: Request) -> str | None:
        seen = self._sessions.read(request.cookies.get(COOKIE, ""), time.time())
        if seen is None:
            return None
        return await self._house.read(lambda session: self._sessions.counts(session, seen))

    async def _ours(self, request: Request) -> bool:
        if not _from_here(request):
            return False
        if int(request.headers.get("content-length") or LARGEST_FORM + 1) > LARGEST_FORM:
            return False
        form = await request.form()
        return self._sessions.fits(request.cookies[COOKIE], _text(form, "form"))

    async def sign_in(self, request: Request) -> Response:
        """The token was sent."""
        if not is_local(request):
            return PlainTextResponse("Not found.\n", 404)
        if int(request.headers.get("content-length") or LARGEST_FORM + 1) > LARGEST_FORM:
            return PlainTextResponse("Too large.\n", 413)
        if not _from_here(request):  # nobody is signed in as somebody else by a page elsewhere
            return PlainTextResponse("This form is not ours.\n", 403)
        token = (await request.form()).get("token", "")
        token = token.strip() if isinstance(token, str) else ""

        def look(session: Session) -> tuple[str, str] | None:
            person = self._sessions.person(session, token)
            return (person, self._sessions.mark(session, person)) if person else None

        found = await self._house.read(look)
        if found is None:
            return self._page("local_sign_in.html.j2", 401, wrong=True)
        answer = RedirectResponse("/local", 303)
        answer.set_cookie(
            COOKIE, self._sessions.cookie(*found, time.time()), max_age=LASTS_S, path="/local",
            httponly=True, samesite="strict",
        )  # fmt: skip
        return answer

    async def sign_out(self, request: Request, person: str) -> Response:
        """Forget who it was."""
        answer = RedirectResponse("/local", 303)
        answer.delete_cookie(COOKIE, path="/local", httponly=True, samesite="strict")
        return answer

    # --- looking ---------------------------------------------------------------------------------

    async def home(self, request: Request, person: str) -> Response:
        """What is open, and the form to open something."""
        return await self._home(request, person)

    async def _home(
        self, request: Request, person: str, problem: Refusal | None = None, typed: str = ""
    ) -> Response:
        rows = await self._house.read(
            lambda session: queries.open_incidents(session, person, limit=100)
        )
        return self._page(
            "local.html.j2", 422 if problem else 200, request, person, rows=rows, problem=problem,
            typed=typed,
        )  # fmt: skip

    async def incident(self, request: Request, person: str) -> Response:
        """One incident."""
        return await self._incident(request, person)

    async def _incident(
        self, request: Request, person: str, problem: Refusal | None = None,
        typed: FormData | None = None,
    ) -> Response:  # fmt: skip
        number, now, env = _asked_for(request), self._house.clock.now(), self._house.env

        def look(session: Session) -> tuple[sheet.Sheet, dict[str, str]]:
            row = sheet.find(session, str(number), person)
            return sheet.read_sheet(session, row, env, now), freeze.last(session, env, row.number)

        try:
            found, known = await self._house.read(look)
        except NotFound as missing:
            await self._record(Actor(person, "web"), missing)
            return self._said(404, missing)
        said = SAID.get(request.query_params.get("said", ""), "")
        return self._page(
            "local_incident.html.j2", 422 if problem else 200, request, person, sheet=found,
            problem=problem, said=said, typed=dict(typed or {}), known=known,
            parts=freeze.LABELS, rungs=_rungs(env),
        )  # fmt: skip

    # --- doing -----------------------------------------------------------------------------------

    async def opened(self, request: Request, person: str) -> Response:
        """The form for a new incident was sent."""
        form = await request.form()
        title, severity = _text(form, "title"), _text(form, "severity")

        def verb(tx: Tx) -> int:
            return open_incident(
                tx, title, severity=parse_severity(severity) if severity else None,
                private=bool(form.get("private")), drill=bool(form.get("drill")),
            ).number  # fmt: skip

        try:
            number = await self._change(person, form, verb)
        except Refusal as problem:
            return await self._home(request, person, problem, title)
        return RedirectResponse(f"/local/{number}?said=open" if number else "/local", 303)

    async def act(self, request: Request, person: str) -> Response:
        """A form of an incident was sent."""
        form, number, name = (
            await request.form(),
            _asked_for(request),
            request.path_params["verb"],
        )
        doing = _VERBS.get(name)
        if doing is None:
            return self._said(404, NotFound())

        def verb(tx: Tx) -> int:
            doing(tx, sheet.find(tx.session, str(number), person), form)
            return number

        try:
            await self._change(person, form, verb)
        except Refusal as problem:
            return await self._incident(request, person, problem, form)
        return RedirectResponse(f"/local/{number}?said={name}", 303)

    async def question(self, request: Request, person: str) -> Response:
        """Somebody is about to say yes: show exactly what to, and what has to be signed."""
        form, name = await request.form(), str(_asked_for(request))
        env, now = self._house.env, self._house.clock.now()

        def verb(tx: Tx) -> tuple[sheet.Sheet, Question]:
            row = sheet.find(tx.session, name, person)
            found = local_yes.question(tx, row, _text(form, "kind"), _number(form))
            return sheet.read_sheet(tx.session, row, env, now), found

        by = Actor(person, "web", os.urandom(8).hex())
        try:
            found, asked = await self._house.change(by, verb)
        except Refusal as problem:
            await self._record(by, problem)
            return await self._incident(request, person, problem)
        return self._page("local_yes.html.j2", 200, request, person, sheet=found, asked=asked)

    async def _change(self, person: str, form: FormData, verb: Callable[[Tx], int]) -> int | None:
        """Run a verb once for this form; a second copy of it does nothing."""
        by = Actor(person, "web", os.urandom(8).hex())
        key = f"web:{person[:80]}:{_text(form, 'once')[:64]}"

        def once(tx: Tx) -> int | None:
            seen, before = tx.recall(key)
            if seen:
                return int(before["number"]) if before else None
            number = verb(tx)
            tx.remember(key, {"number": number})
            return number

        try:
            return await self._house.change(by, once)
        except Refusal as problem:
            await self._record(by, problem)
            raise

    async def _record(self, by: Actor, problem: Refusal) -> None:
        """Put a lacking right on the record."""
        if problem.verb:
            await self._house.change(by, lambda tx: rights.record_denied(tx, problem))

    # --- answering -------------------------------------------------------------------------------

    def _page(
        self, name: str, status: int, request: Request | None = None, person: str = "", **more: Any
    ) -> Response:
        if request is not None:
            more["form"] = self._sessions.form(request.cookies.get(COOKIE, ""))
            more["once"] = secrets.token_hex(8)
        now = self._house.clock.now()
        text = _templates().get_template(name).render(person=person, now=now, **more)
        return _answer(text, "text/html", status)

    def _said(self, status: int, problem: Refusal) -> Response:
        return self._page(
            "local_said.html.j2", status, title="Not found", message=sheet.words(problem.message),
            instead="Go back to the list of open incidents.",
        )  # fmt: skip


def _rungs(env: Env) -> list[tuple[str, str]]:
    """The rungs that destroy evidence, with their titles."""
    ladder = env.content.ladder
    return [(rung, ladder[rung].title) for rung in freeze.DESTRUCTIVE if rung in ladder]


def _step_done(tx: Tx, row: Any, form: FormData) -> None:
    given = {
        name.removeprefix("e."): str(value) for name, value in form.items() if name.startswith("e.")
    }
    walk.done(
        tx, row, _text(form, "step"), outcome=_text(form, "outcome") or None, evidence=given,
        comment=_text(form, "reason"),
    )  # fmt: skip


_VERBS: dict[str, Callable[[Tx, Any, FormData], Any]] = {
    "note": lambda tx, row, form: items.note(tx, row, _text(form, "text")),
    "decide": lambda tx, row, form: items.decide(
        tx, row, _text(form, "text"), rationale=_text(form, "reason")
    ),
    "update": lambda tx, row, form: cadence.post_update(
        tx, row, _text(form, "text"), unknown=_text(form, "unknown")
    ),
    "contain": lambda tx, row, form: lifecycle.contain(tx, row, _text(form, "text")),
    "yes": lambda tx, row, form: local_yes.say_yes(
        tx, row, _text(form, "kind"), _number(form), _text(form, "digest"), _text(form, "code")
    ),
    "publish": lambda tx, row, form: publish.publish(tx, row, _number(form), _text(form, "digest")),
    "done": _step_done,
    "skip": lambda tx, row, form: walk.not_needed(
        tx, row, _text(form, "step"), _text(form, "reason")
    ),
    "block": lambda tx, row, form: walk.block(tx, row, _text(form, "step"), _text(form, "reason")),
    "take": lambda tx, row, form: walk.take(tx, row, _text(form, "step")),
    "freeze": lambda tx, row, form: freeze.freeze(
        tx,
        row,
        {part: _text(form, f"f.{part}") for part in freeze.PARTS},
        _text(form, "rung") or None,
    ),
    "without": lambda tx, row, form: freeze.go_without(
        tx, row, _text(form, "rung"), _text(form, "because")
    ),
}


def _asked_for(request: Request) -> int:
    """The incident in the address; 0, which is none, for what cannot be one."""
    text = request.path_params["number"]
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 9 else 0


def _from_here(request: Request) -> bool:
    """Whether a form was sent by a page of ours, as far as the browser says."""
    origin = request.headers.get("origin")
    return origin in (None, f"{request.url.scheme}://{request.headers['host']}")


def _text(form: FormData, name: str) -> str:
    """A field as text. Raises ``BadInput`` for a file."""
    found = form.get(name, "")
    if not isinstance(found, str):
        raise BadInput("A file does not fit here.")
    return clean_text(found).strip()


def _number(form: FormData) -> int:
    """The number of a notice or an approval; 0, which none has, for anything else."""
    found = _text(form, "number")
    return int(found) if found.isdecimal() and len(found) < 7 else 0


async def style(request: Request) -> Response:
    """The style of the page."""
    if not is_local(request):
        return PlainTextResponse("Not found.\n", 404)
    return _answer((PAGES / "local.css").read_text(encoding="utf-8"), "text/css")


def _answer(text: str, kind: str, status: int = 200) -> Response:
    return Response(text, status, HEADERS, kind)


@lru_cache(maxsize=1)
def _templates() -> Any:
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    found = Environment(
        loader=FileSystemLoader(PAGES), autoescape=True, undefined=StrictUndefined, trim_blocks=True,
        lstrip_blocks=True,
    )  # fmt: skip
    found.filters["words"] = sheet.words
    found.filters["who"] = sheet.who
    found.filters["at"] = lambda at: f"{at:%Y-%m-%d %H:%M} UTC"
    found.filters["clock"] = lambda at: f"{at:%H:%M} UTC"
    found.filters["stamp"] = lambda at: at.isoformat()
    return found
