"""After people's words were erased the document still stands, and so does the chain."""

from __future__ import annotations

from sqlalchemy import delete

from bot.postmortem.build import build
from bot.postmortem.export import FORMATS, render
from bot.record.verify import verify_chain
from db.tables import EntryPrivate
from tests.support.afterwards import ADA, Afterwards


def test_erased_words_leave_a_whole_document(after: Afterwards) -> None:
    gone = delete(EntryPrivate).where(EntryPrivate.seq < 16)  # type: ignore[arg-type]
    after.run(ADA, lambda tx: tx.session.execute(gone))
    content = after.house.env.content
    made = after.see(lambda session, row: build(session, row, content))
    assert any("[erased]" in line.text for line in made.timeline)
    assert all(render(made, form) for form in FORMATS)
    assert after.house.read_sync(verify_chain).whole
