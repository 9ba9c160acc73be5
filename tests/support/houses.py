"""A house on a test database, people who act in it, and the proof that its record holds."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from functools import lru_cache
from pathlib import Path
from typing import Any, TypeVar

from bot.bootstrap import build_house
from bot.house import House
from bot.playbook.load import Content, load_content
from bot.record.entry import Actor
from bot.record.rebuild import check_all
from bot.record.tx import Tx
from bot.record.verify import verify_chain
from bot.settings import Settings, load_settings
from bot.timing import Clock
from db.tables import Head

T = TypeVar("T")
ANNOUNCE, NOTICES = "C0INCIDENTS", "C0NOTICES"


def make_settings(url: str, folder: Path, **more: Any) -> Settings:
    """Settings for a test: nothing is read from the environment's ``.env``."""
    given = {
        "DATABASE_URL": url,
        "STEADYHAND_DATA_DIR": folder,
        "STEADYHAND_ANNOUNCE_CHANNEL": ANNOUNCE,
        "STEADYHAND_NOTICE_CHANNEL": NOTICES,
    }
    return load_settings(env_file=None, **{**given, **more})


def make_house(url: str, folder: Path, **more: Any) -> House:
    """A house with the real content."""
    settings = make_settings(url, folder, **more)
    return build_house(settings, Clock(), content_for(settings))


def content_for(settings: Settings) -> Content:
    """The content that the settings name, read once for all tests of this process."""
    return _content(settings.content_dir, settings.templates_dir)


@lru_cache(maxsize=1)
def _content(folder: Path, templates: Path) -> Content:
    return load_content(folder, templates).slim()


class Run:
    """Runs verbs as a person would: ``run("U01ADA", lambda tx: open_incident(tx, "…"))``."""

    def __init__(self, house: House) -> None:
        self.house = house

    def __call__(
        self, person: str, verb: Callable[[Tx], T], *, channel: str | None = None,
        source: str = "slash",
    ) -> T:  # fmt: skip
        return self.house.change_sync(Actor(person, source, channel=channel), verb)

    def later(self, **by: float) -> None:
        """Move the time: ``run.later(minutes=10)``."""
        self.house.clock.advance(timedelta(**by))


def assert_proven(house: House) -> None:
    """The chain holds, and the state is what the record leads to."""
    verdict = house.read_sync(verify_chain)
    assert verdict.whole, f"the chain is broken: {verdict.fault}"
    incidents, differences = house.read_sync(
        lambda session: check_all(session, house.env.projectors)
    )
    assert not differences, "\n".join(str(one) for one in differences[:20])
    head = house.read_sync(lambda session: session.get(Head, 1))
    opened = head.incidents if head is not None else 0
    assert incidents == opened, f"{opened} incidents were opened, {incidents} have state"
