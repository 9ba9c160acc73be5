"""What people type wrongly is answered so that they can go on."""

from __future__ import annotations

import pytest

from tests.support.world import World, opened, said


@pytest.mark.parametrize(
    ("typed", "answer", "never"),
    [
        # A name that Slack does not know is not taken for a role.
        ("role commander @nobody", "knows nobody called «@nobody»", "There is no role"),
        # The line comes back as it was typed: with names, not with ids.
        ("role wizard @cleo", "/incident role wizard @cleo", "U03COM"),
        # An entry that cannot be corrected is not called missing.
        ("correct 1 the right words", "Entry 1 is no fact, decision, hypothesis", "There is no entry"),
    ],
)  # fmt: skip
async def test_a_slip_is_named(sqlite_world: World, typed: str, answer: str, never: str) -> None:
    ada, channel = await opened(sqlite_world)
    told = said(await ada.command(f"/incident {typed}", channel))
    assert answer in told
    assert never not in told


async def test_resolving_without_a_reason_says_so_where_the_reason_goes(
    sqlite_world: World,
) -> None:
    ada, channel = await opened(sqlite_world)
    await ada.command("/incident resolve", channel)
    errors = (await (await ada.modal()).submit()).errors
    assert list(errors or {}) == ["Why resolve it all the same?"]
