"""The record holds: append-only, chained, rebuilt; and each kind of tampering is named."""

from __future__ import annotations

import json

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from bot.house import House
from bot.incident import items
from bot.incident.opening import open_incident
from bot.incident.queries import get
from bot.record.entry import ERASED, leaf_hash
from bot.record.read import from_doc
from bot.record.rebuild import check_all
from bot.record.verify import verify_chain
from db import guards
from tests.support.houses import Run


@pytest.fixture
def told(run: Run) -> int:
    """An incident with a few entries."""
    number = run("U01ADA", lambda tx: open_incident(tx, "It insults people")).number
    for word in ("first", "second", "third"):
        run("U01ADA", lambda tx, w=word: items.note(tx, get(tx.session, number), w))  # type: ignore[misc]
    return number


def _tamper(house: House, *statements: str, **values: str) -> None:
    with house.engines.write.begin() as conn:
        guards.remove(conn)
        for statement in statements:
            conn.execute(text(statement), values)
        guards.install(conn)


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE entry SET doc = 'x' WHERE seq = 1",
        "DELETE FROM entry WHERE seq = 1",
        "DELETE FROM entry",
    ],
)
def test_the_database_refuses_to_change_entries(house: House, told: int, statement: str) -> None:
    with pytest.raises(DBAPIError, match="append-only"), house.engines.write.begin() as conn:
        conn.execute(text(statement))
    assert house.read_sync(verify_chain).whole


@pytest.mark.parametrize(
    ("statements", "seq", "word"),
    [
        (
            ["UPDATE entry SET doc = replace(doc, 'U01ADA', 'U02MLE'), kind = 'x' WHERE seq = 2"],
            2,
            "columns",
        ),
        (["DELETE FROM entry WHERE seq = 2"], 3, "missing"),
        (["DELETE FROM entry WHERE seq = 4"], 3, "head"),
        (["UPDATE entry SET n = 9 WHERE seq = 3"], 3, "columns"),
    ],
)
def test_tampering_is_found_and_named(
    house: House, told: int, statements: list[str], seq: int, word: str
) -> None:
    _tamper(house, *statements)
    fault = house.read_sync(verify_chain).fault
    assert fault is not None and fault.seq == seq and word in fault.what


def test_an_edited_text_is_found(house: House, told: int) -> None:
    _tamper(house, "UPDATE entry SET doc = replace(doc, 'note.added', 'note.edited') WHERE seq = 2")
    fault = house.read_sync(verify_chain).fault
    assert fault is not None and fault.seq == 2 and "hash" in fault.what


def test_an_edited_private_value_is_found(house: House, told: int) -> None:
    with house.engines.write.begin() as conn:
        body = conn.execute(text("SELECT body FROM entry_private WHERE seq = 2")).scalar()
        found = json.loads(body) if isinstance(body, str) else body
        found["text"][1] = "something else"
        conn.execute(
            text("UPDATE entry_private SET body = :body WHERE seq = 2"), {"body": json.dumps(found)}
        )
    fault = house.read_sync(verify_chain).fault
    assert fault is not None and fault.seq == 2 and "text" in fault.what


def test_erasing_private_values_keeps_the_chain_whole(house: House, told: int) -> None:
    with house.engines.write.begin() as conn:
        conn.execute(text("DELETE FROM entry_private WHERE seq = 2"))
    assert house.read_sync(verify_chain).whole


def test_rewriting_one_entry_and_its_hash_breaks_the_next_link(house: House, told: int) -> None:
    with house.engines.read.connect() as conn:
        doc = conn.execute(text("SELECT doc FROM entry WHERE seq = 2")).scalar()
    new = str(doc).replace("note.added", "note.forged")
    forge = "UPDATE entry SET doc = :doc, kind = 'note.forged', hash = :hash WHERE seq = 2"
    _tamper(house, forge, doc=new, hash=leaf_hash(new))
    fault = house.read_sync(verify_chain).fault
    assert fault is not None and fault.seq == 3 and "follow" in fault.what


def test_state_that_the_record_does_not_lead_to_is_found(house: House, told: int) -> None:
    with house.engines.write.begin() as conn:
        conn.execute(text("UPDATE incident SET severity = 'SEV4' WHERE number = 1"))
        conn.execute(text("DELETE FROM record_item WHERE n = 3"))
    _, differences = house.read_sync(lambda s: check_all(s, house.env.projectors))
    assert {(one.table, one.column) for one in differences} == {
        ("incident", "severity"),
        ("record_item", "*"),
    }


def test_a_field_that_was_public_when_it_was_written_is_read() -> None:
    doc = {
        "seq": 2, "incident": 1, "n": 2, "kind": "incident.channel_made", "at": "2026-11-21T05:00:00.000Z",
        "effective_at": "2026-11-21T05:00:00.000Z", "role": None, "source": "effect", "corrects": None,
        "data": {"channel_id": "C1", "channel_name": "inc-1-old"},
    }  # fmt: skip
    assert from_doc(doc, {"actor": "system"}).entry.channel_name == "inc-1-old"
    doc["data"] = {"channel_id": "C1"}
    assert from_doc(doc, {"actor": "system"}).entry.channel_name == ERASED
