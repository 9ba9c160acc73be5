"""Exporting: the same record, the same bytes; each one on the record, for people with the right."""

from __future__ import annotations

import hashlib

import pytest
from sqlalchemy import select

from bot.errors import BadInput, NotAllowed
from bot.house import House
from bot.incident import items
from bot.postmortem.export import FORMATS, export, export_document, render
from bot.record.entry import Actor
from bot.record.read import entries
from db.tables import EntryRow
from tests.integration.postmortem.conftest import document_of
from tests.support.afterwards import MAX, SAM, Afterwards

pytestmark = pytest.mark.usefixtures("proven")


def test_the_same_record_gives_the_same_bytes_and_each_export_is_recorded(
    after: Afterwards,
) -> None:
    house = after.house
    first = {form: export_document(house, 1, form) for form in FORMATS}
    again = {form: export_document(house, 1, form) for form in FORMATS}
    assert first == again
    told = after.see(
        lambda s, row: [e.entry for e in entries(s, row.number, kinds=["document.exported"])]
    )
    hashes = [(form, hashlib.sha256(first[form]).hexdigest()) for form in FORMATS]
    assert [(one.format, one.sha256) for one in told] == hashes * 2
    after.do(MAX, items.note, "one more")
    assert export_document(house, 1, "json") != first["json"]


def test_exporting_takes_the_right_and_a_known_format(after: Afterwards) -> None:
    with pytest.raises(NotAllowed):
        after.run(MAX, lambda tx: export(tx, 1, "md"))
    assert after.run(SAM, lambda tx: export(tx, 1, "md")).startswith(b"# INC-1 ")
    with pytest.raises(BadInput, match="not a format"):
        export_document(after.house, 1, "docx", Actor("cli:ann", "cli"))


def test_the_proof_names_the_end_of_the_chain(after: Afterwards) -> None:
    made = document_of(after)
    rows = after.house.read_sync(
        lambda s: s.execute(select(EntryRow.hash).order_by(EntryRow.seq)).scalars().all()  # type: ignore[call-overload]
    )
    assert made.proof.head == rows[made.proof.seq - 1] and made.proof.entries == len(rows)


def test_an_incident_that_was_just_opened_has_a_picture(house: House) -> None:
    made = document_of(Afterwards(house))
    page = render(made, "html").decode()
    assert "Has not happened: first update, contained, resolved." in page
    assert made.review.state == "not begun"
