"""Migrations on both databases: there and back, no drift, triggers in place."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import inspect

from bot.bootstrap import build_house
from bot.errors import ConfigError
from bot.settings import ROOT, Settings
from db import guards, migrate
from db.engine import Engines, open_engines
from db.tables import metadata
from tests.support.houses import make_settings


@pytest.fixture
def engines(empty_db_url: str) -> Iterator[Engines]:
    """An empty database."""
    made = open_engines(empty_db_url)
    yield made
    made.dispose()


def test_head_is_the_newest_migration() -> None:
    """The start compares with this word instead of importing Alembic."""
    folder = ROOT / "db" / "migrations" / "versions"
    assert max(path.stem.split("_")[0] for path in folder.glob("[0-9]*.py")) == migrate.HEAD


def test_upgrade_makes_every_table_and_trigger(engines: Engines) -> None:
    """An empty database becomes current, twice is harmless."""
    assert migrate.state(engines.write) == "empty"
    migrate.upgrade(engines.write)
    migrate.upgrade(engines.write)
    assert migrate.state(engines.write) == "current"
    tables = set(inspect(engines.write).get_table_names())
    assert set(metadata.tables) <= tables
    with engines.read.connect() as conn:
        assert guards.missing(conn) == []


def test_the_tables_are_what_the_code_says(engines: Engines) -> None:
    """What `alembic check` finds; a change of a table without a migration shows here."""
    migrate.upgrade(engines.write)
    assert migrate.drift(engines.write) == []


def test_made_at_once_is_what_the_migrations_make(engines: Engines) -> None:
    """A new database skips the migrations; its shape must be theirs, word by word."""
    migrate.upgrade(engines.write)
    at_once = _shape(engines)
    migrate.downgrade(engines.write, "base")
    with engines.write.begin() as conn:
        conn.exec_driver_sql("DROP TABLE alembic_version")
    migrate.walk(engines.write)
    assert _shape(engines) == at_once
    assert len(at_once) > 50


def _shape(engines: Engines) -> list[tuple[str, ...]]:
    """Every table, column, constraint, index and trigger, in the database's own words."""
    asked = (
        ["SELECT type, name, sql FROM sqlite_master WHERE sql IS NOT NULL"]
        if engines.is_sqlite
        else [
            "SELECT 'column', table_name || '.' || column_name, concat_ws(' ', data_type,"
            " is_nullable, column_default, character_maximum_length, ordinal_position)"
            " FROM information_schema.columns WHERE table_schema = 'public'",
            "SELECT 'constraint', conname, pg_get_constraintdef(oid) FROM pg_constraint"
            " WHERE connamespace = 'public'::regnamespace",
            "SELECT 'index', indexname, indexdef FROM pg_indexes WHERE schemaname = 'public'",
            "SELECT 'trigger', tgname, pg_get_triggerdef(oid) FROM pg_trigger WHERE NOT tgisinternal",
        ]
    )
    with engines.read.connect() as conn:
        rows = [row for statement in asked for row in conn.exec_driver_sql(statement)]
    return sorted(tuple(_sorted(str(part)) for part in row) for row in rows)


def _sorted(words: str) -> str:
    """The order of a table's constraints means nothing."""
    return ", ".join(sorted(" ".join(words.split()).removesuffix(" )").split(", ")))


def test_down_to_nothing_and_up_again(engines: Engines) -> None:
    """The way back works, and the guards come back with the tables."""
    migrate.upgrade(engines.write)
    migrate.downgrade(engines.write, "base")
    assert set(inspect(engines.write).get_table_names()) <= {"alembic_version"}
    migrate.upgrade(engines.write)
    with engines.read.connect() as conn:
        assert guards.missing(conn) == []


def test_drift_is_seen(engines: Engines) -> None:
    """A column that somebody took away by hand."""
    migrate.upgrade(engines.write)
    with engines.write.begin() as conn:
        conn.exec_driver_sql("ALTER TABLE incident ADD COLUMN by_hand INTEGER")
    assert any("by_hand" in line for line in migrate.drift(engines.write))


def test_a_missing_trigger_is_put_back_at_the_start(
    db_url: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """And said aloud in the log."""
    settings = _settings(db_url, tmp_path)
    engines = open_engines(db_url)
    with engines.write.begin() as conn:
        guards.remove(conn)
    with engines.read.connect() as conn:
        assert len(guards.missing(conn)) >= 3
    build_house(settings).close()
    with engines.read.connect() as conn:
        assert guards.missing(conn) == []
    engines.dispose()
    assert "guards_restored" in caplog.text


def test_a_newer_database_is_left_alone(db_url: str, tmp_path: Path) -> None:
    """An old release on a new database would lose what it does not know."""
    engines = open_engines(db_url)
    with engines.write.begin() as conn:
        conn.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
    engines.dispose()
    with pytest.raises(ConfigError, match="newer release"):
        build_house(_settings(db_url, tmp_path))


def _settings(url: str, folder: Path) -> Settings:
    return make_settings(url, folder)
