"""What people wrote leaves as text: in Slack, on pages, in documents, in the terminal, in logs."""

from __future__ import annotations

import io
import json
import logging
import re
from collections.abc import Iterator
from html.parser import HTMLParser
from typing import Any
from urllib.parse import urlsplit
from xml.etree import ElementTree

import pytest
from click.testing import CliRunner

from bot.comms import render as drafts
from bot.errors import ConfigError
from bot.incident import items, roles
from bot.incident.opening import Evidence, open_incident
from bot.incident.queries import get
from bot.postmortem.export import export_document
from bot.record import freeze
from bot.slack.render import SlackRenderer
from bot.slack.surfaces import card_parts
from tests.security.corpus import ALL, EVIL, HOSTILE
from tests.security.desk import ADA, BEN, PUBLIC, Desk, click, command, event, submit
from tests.support.houses import Run
from tests.support.outside import Outside

#: Slack parses these in mrkdwn and in «text»: what we put there ourselves.
OURS = re.compile(
    r"<@(?:U01ADA|U02BEN)>|<#C0INC\d+>|<!date\^\d+\^[^|^>]*\|[^>]*>|<https?://bot\.test[^|>]*>"
)
MARKUP = re.compile(r"<[^>]*>?")
CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")


def parsed_texts(found: Any, here: str = "text") -> Iterator[str]:
    """Every string of a message or view that Slack would parse; plain_text is not."""
    if isinstance(found, dict):
        if found.get("type") == "plain_text":
            return
        for key, value in found.items():
            if key not in (
                "private_metadata",
                "value",
                "initial_value",
                "action_id",
                "block_id",
                "trigger_id",
            ):
                yield from parsed_texts(value, key)
    elif isinstance(found, list):
        for each in found:
            yield from parsed_texts(each, here)
    elif isinstance(found, str) and here == "text":
        yield found


def check_slack(message: Any, *, quiet: bool = True) -> None:
    """No mention, no link and no special mark but our own.

    Where nobody is rung (``quiet``: private answers, forms, changed messages), and in an update that
    its author addressed to people, mentions of people that the author chose show their names.
    """
    for text in parsed_texts(message):
        left = OURS.sub("", text)
        left = re.sub(r"<@[UW][A-Z0-9]+>", "", left) if quiet else left
        assert not MARKUP.search(left), left


async def told(desk: Desk) -> Outside:
    """A story in which every free text is hostile."""
    run, outside = Run(desk.house), Outside(desk.house)
    for text in HOSTILE:
        run(ADA, lambda tx, t=text: open_incident(tx, t[:150], summary=ALL[:2000]))
    quote = Evidence(
        "C0ELSE", "1700000001.000100", "2026-01-01T00:00:00Z", ALL, BEN, "https://x.slack.com/p1"
    )
    run(ADA, lambda tx: items.capture(tx, get(tx.session, 1), quote, "shortcut"), channel=PUBLIC)
    for verb in ("note", "hypothesis", "evidence", "decide", "update", "contain"):
        for text in HOSTILE if verb in ("note", "decide", "update") else [ALL[:900]]:
            await desk.payload(command(ADA, f"{verb} {text} because {text}", PUBLIC))
    await desk.payload(
        command(ADA, f"action add {ALL[:400].replace('<@U77VICTIM', '<@_')}", PUBLIC)
    )
    await desk.payload(command(ADA, f"step block 1 because {ALL[:500]}", PUBLIC))
    run(ADA, lambda tx: roles.assign(tx, get(tx.session, 1), "comms", BEN), channel=PUBLIC)
    run(BEN, lambda tx: roles.decline(tx, get(tx.session, 1), "comms", ALL[:300]), channel=PUBLIC)
    evil = {"model": "<!channel>&<https://evil.example|x>", "prompt": "<@U77VICTIM>`*_~"}
    run(ADA, lambda tx: freeze.freeze(tx, get(tx.session, 1), evil))
    run(ADA, lambda tx: freeze.go_without(tx, get(tx.session, 1), "C6", ALL[:900]))
    outside.settle()
    await desk.quiet()
    return outside


async def test_slack_shows_it_and_parses_nothing_of_it(desk: Desk) -> None:
    outside = await told(desk)
    house = desk.house
    renderer = SlackRenderer(desk.door._surface.wordings, house.env, card_parts())

    def look(session: Any) -> int:
        seen = 0
        for number in range(1, 4 + len(HOSTILE)):
            row = get(session, number)
            for message in (renderer.card(session, row), renderer.announcement(session, row)):
                check_slack({"text": message.text, "blocks": message.blocks})
            check_slack({"text": renderer.topic(row)}, quiet=False)
            announced = renderer.announcement(session, row)
            check_slack({"text": announced.text, "blocks": announced.blocks}, quiet=False)
        for effect in [*outside.of("channel.say"), *outside.of("person.tell")]:
            row = get(session, effect.incident) if effect.incident else None
            message = renderer.message(
                session, row, effect.payload["message"], effect.payload["params"]
            )
            addressed = effect.payload["message"] == "update"
            check_slack({"text": message.text, "blocks": message.blocks}, quiet=addressed)
            seen += 1
        return seen

    assert house.read_sync(look) > 20
    for text in ("", "status", "timeline all", "list", "mine", "step", "next", "role", "exit", "approvals",
                 "action list", "postmortem", "notice list", "search slack", "nonsense " + ALL[:500],
                 "help " + ALL[:200], "severity " + ALL[:200], "role " + ALL[:200], "step " + ALL[:200],
                 "correct 1 " + ALL[:300], "notice " + ALL[:200], "action due 1 " + ALL[:100],
                 "exit met " + ALL[:100], "freeze " + ALL[:200], "freeze C6 " + ALL[:90],
                 "freeze x=" + ALL[:90], "privileged read", "erase " + ALL[:200]):  # fmt: skip
        answer = await desk.payload(command(ADA, text, PUBLIC))
        if answer.text:
            check_slack(answer.json())
    for form in ("update_form", "record_form", "severity_form", "resolve_form", "notice_form", "action_form",
                 "postmortem_show", "role_form", "freeze_form", "decision_form"):  # fmt: skip
        await desk.payload(click(ADA, form, '{"i":1}', PUBLIC))
    await desk.payload(event(ADA, "app_home_opened", tab="home", channel="D0ADA"))
    await desk.quiet()
    assert len(desk.slack.views()) > 6
    for _, body in desk.slack.asked:
        check_slack(body)


class Tags(HTMLParser):
    """Tags, attributes and links of a page."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: set[str] = set()
        self.links: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attrs}
        self.links += [value or "" for name, value in attrs if name in ("href", "src", "action")]


def check_html(page: str) -> None:
    """No script, no handler, and no link to where hostile texts want to lead."""
    found = Tags(page)
    assert not found.tags & {"script", "iframe", "object", "embed", "form", "base", "textarea"}, (
        found.tags
    )
    assert not [name for name in found.attributes if name.startswith("on")]
    for link in found.links:
        assert urlsplit(link).scheme in ("", "https", "http", "data"), link
        assert EVIL not in link and "javascript:" not in link


async def test_documents_hold_it_as_text(desk: Desk) -> None:
    await told(desk)
    html = export_document(desk.house, 1, "html").decode()
    check_html(html)
    assert "alert(1)" in html, "it is shown, not dropped"
    markdown = export_document(desk.house, 1, "md").decode()
    from markdown_it import MarkdownIt

    check_html(MarkdownIt("commonmark", {"html": True}).enable("table").render(markdown))
    for text in (html, markdown):
        assert not CONTROL.search(text), CONTROL.findall(text)
    assert json.loads(export_document(desk.house, 1, "json"))


async def test_the_status_page_holds_it_as_text(desk: Desk) -> None:
    from bot.comms.page import Page, Problem, Word
    from bot.timing import from_rfc3339
    from bot.web import status

    at = from_rfc3339("2026-01-01T00:00:00Z")
    words = [
        Word(id=f"n{n}", title=text[:100], text=text, at=at, label=text[:20], digest="0" * 64, audience="users",
             stage="first", corrects=None, corrected_by=None)
        for n, text in enumerate(HOSTILE)
    ]  # fmt: skip
    page = Page([Problem(id="p1", title=ALL[:100], label="x", current=True, words=words)], [])
    check_html(status.as_html(page, "https://bot.test"))
    json.loads(status.as_json(page, "https://bot.test"))
    feed = status.as_atom(page, "https://bot.test")
    tree = ElementTree.fromstring(feed)
    assert not list(tree.iter("script")) and "<!ENTITY" not in feed


async def test_the_terminal_obeys_none_of_it(desk: Desk) -> None:
    await told(desk)
    from bot.cli import cli

    env = {"DATABASE_URL": desk.settings.database_url, "STEADYHAND_DATA_DIR": str(desk.settings.data_dir),
           "STEADYHAND_ANNOUNCE_CHANNEL": "\x1b[2J", "NO_COLOR": "1"}  # fmt: skip
    for call in (["effects", "list", "--all"], ["settings"], ["rebuild", "--check"], ["verify"],
                 ["effects", "show", "\x1b[31mno such key"], ["export", "INC-1"],
                 ["export", "\x1b[31mX"]):  # fmt: skip
        done = CliRunner().invoke(cli, call, env=env)
        from bot.cli import say_error
        from bot.errors import SteadyhandError

        said = done.output
        if isinstance(done.exception, SteadyhandError):
            stream = io.StringIO()
            import contextlib

            with contextlib.redirect_stderr(stream):
                say_error(done.exception)
            said += stream.getvalue()
        assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]", said), (call, said[:300])


def test_control_characters_are_written_out_for_the_terminal() -> None:
    from bot.cli.shared import harmless

    assert harmless("a\x1b[2J\x9b\u202eb\ud800\tc\nd é") == "a\\x1b[2J\\x9b\\u202eb\\ud800\tc\nd é"
    for text in HOSTILE:
        assert not CONTROL.search(harmless(text))


def test_log_lines_cannot_be_forged() -> None:
    from pathlib import Path

    from bot import logs
    from tests.support.houses import make_settings

    stream = io.StringIO()
    root, level = logging.getLogger(), logging.getLogger().level
    before = root.handlers[:]
    try:
        logs.configure(make_settings("sqlite://", Path()), stream)
        for text in [*HOSTILE, "half \ud800"]:
            logging.getLogger("bot.test").error("odd", extra={"what": text, "key": text})
    finally:
        root.handlers[:] = before
        root.setLevel(level)
    lines = stream.getvalue().splitlines()
    assert len(lines) == len(HOSTILE) + 1
    assert stream.getvalue().isascii() and "\x1b" not in stream.getvalue()
    assert all(json.loads(line)["event"] == "odd" for line in lines)


# --- templates are content, and content may come from elsewhere ------------------------------------

TOO_MUCH = [
    "{{ ''.__class__.__mro__ }}",
    "{{ title.__init__.__globals__ }}",
    "{{ self.__init__ }}{{ cycler.__init__.__globals__.os.popen('id').read() }}",
    "{{ 'a' * 999999999 }}",
    "{{ 9 ** 999999999 }}",
    "{{ '%999999999d' % 1 }}",
    "{{ '{:>999999999}'.format(1) }}",
    "{{ '{:>999999999}'.format_map({}) }}",
    "{{ ('{0:>999999999}' ~ '').format(1) }}",
    "{{ 'x'.ljust(999999999) }}",
    "{{ 'x'|center(999999999) }}",
    "{{ '%999999999d'|format(1) }}",
    "{% for a in range(999999999) %}x{% endfor %}",
    "{% for a in range(99) %}{% for b in range(99) %}{% for c in range(99) %}{% for d in range(99) %}"
    "{% set x = 1 %}{% endfor %}{% endfor %}{% endfor %}{% endfor %}",
    "{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}",
    "{% set x = 'xxxxxxxxxx' %}{% for a in range(90) %}{{ x }}{{ x }}{{ x }}{{ x }}{{ x }}{{ x }}"
    "{{ x }}{{ x }}{{ x }}{{ x }}{{ x }}{{ x }}{{ x }}{{ x }}{{ x }}{{ x }}{{ x }}{{ x }}{{ x }}"
    "{{ x }}{{ x }}{{ x }}{{ x }}{{ x }}{% endfor %}",
    "{{ known.append(1) }}{{ families.clear() }}",
    "{% include '/etc/passwd' %}",
    "{% import 'os' as os %}",
    "{{ lipsum.__globals__ }}{{ config }}",
    "{{ range.__class__ }}",
]  # fmt: skip


@pytest.mark.parametrize("source", TOO_MUCH, ids=range(len(TOO_MUCH)))
def test_a_template_reaches_nothing_and_ends(source: str) -> None:
    """Either it is refused, or what it makes is small and harmless; it never takes long."""
    import time

    from jinja2 import TemplateError

    begun = time.monotonic()
    try:
        text = drafts._filled(drafts._environment(()), source, {"title": "x", "families": ["a"]})
    except (TemplateError, ArithmeticError, TypeError, ValueError, RecursionError, ConfigError):
        text = ""
    assert time.monotonic() - begun < 2
    assert len(text) <= drafts.RENDER_MAX
    assert "<class" not in text and "root:" not in text and "module" not in text


def test_what_people_wrote_is_never_a_template() -> None:
    made = drafts._filled(drafts._environment(()), "{{ fact }}", {"fact": "{{ 7 * 7 }} {% raw %}"})
    assert made == "{{ 7 * 7 }} {% raw %}"


async def test_a_form_gives_back_what_was_typed_and_no_more(desk: Desk) -> None:
    answer = await desk.payload(
        submit(ADA, "resolve_submit", {"summary": {"value": ALL[:500]}}, '{"i":1}')
    )
    if answer.text:
        check_slack(answer.json())
