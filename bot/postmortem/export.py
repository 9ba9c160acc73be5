"""Exporting: build, render, and put on the record that a document of this hash was handed out."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from importlib import import_module

from bot.errors import BadInput
from bot.house import House
from bot.incident.queries import get
from bot.incident.rights import require
from bot.postmortem.build import build
from bot.postmortem.model import Document
from bot.record import catalogue as c
from bot.record.entry import Actor
from bot.record.tx import Tx

#: Format to the module that renders it; imported when first used.
FORMATS = {
    "md": "bot.postmortem.render_markdown",
    "html": "bot.postmortem.render_html",
    "json": "bot.postmortem.render_json",
}
CLI = Actor("cli:export", "cli")


def render(document: Document, form: str) -> bytes:
    """The document in one of ``FORMATS``. Raises ``BadInput`` for another."""
    module = FORMATS.get(form)
    if module is None:
        raise BadInput(f"«{form}» is not a format.", instead="One of: " + ", ".join(FORMATS) + ".")
    renderer: Callable[[Document], bytes] = import_module(module).render
    return renderer(document)


def export(tx: Tx, number: int, form: str) -> bytes:
    """Render the document of an incident and record its hash. The same record, the same bytes."""
    incident = get(tx.session, number)
    if tx.by.source != "cli":  # whoever has a shell beside the database has everything anyway
        require(tx, "export", incident)
    tx.batch.flush()
    body = render(build(tx.session, incident, tx.env.content), form)
    tx.append(
        c.DocumentExported(format=form, sha256=hashlib.sha256(body).hexdigest()), incident.number
    )
    return body


def export_document(house: House, number: int, fmt: str, by: Actor = CLI) -> bytes:
    """The document of an incident as ``md``, ``html`` or ``json``, recorded as handed out."""
    return house.change_sync(by, lambda tx: export(tx, number, fmt))
