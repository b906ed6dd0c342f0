"""One small trade for all stories here: days of December 2010, of August 2011, and the last fortnight."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from datetime import date, datetime
from pathlib import Path

import pytest
from scenario_story import SEED, Story

from sandbox.company import SageCompany
from sandbox.scenario import connector
from sandbox.scenario.derived_events import TILL_KINDS
from sandbox.scenario.tills import write_company_seed, write_exports


@pytest.fixture(scope="session")
def inbox(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The exports of two stretches of days, in the shapes and under the names of the whole."""
    folder = tmp_path_factory.mktemp("trade") / "inbox"
    write_exports(folder, seed=SEED, since=date(2010, 12, 1), until=date(2010, 12, 9))
    write_exports(folder, seed=SEED, since=date(2011, 8, 1))
    return folder


@pytest.fixture(scope="session")
def till_inbox(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same days with the events alone that the connector to Sage 50 knows."""
    folder = tmp_path_factory.mktemp("trade50") / "inbox"
    write_exports(folder, seed=SEED, since=date(2010, 12, 1), until=date(2010, 12, 9), kinds=TILL_KINDS)
    write_exports(folder, seed=SEED, since=date(2011, 8, 1), kinds=TILL_KINDS)
    return folder


@pytest.fixture(scope="session")
def seed_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_company_seed(tmp_path_factory.mktemp("company"))


@pytest.fixture(scope="session")
def story(inbox: Path, seed_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Story]:
    folder = tmp_path_factory.mktemp("story")
    truth_file = folder / "truth" / "manifest.parquet"
    company = SageCompany.create(
        folder / "sage.sqlite", seed_folder, site_id="demo", company_id=1, company_name="Demo Gift Stores"
    )
    loaded = {
        phase: connector.load(company, inbox, phase, seed=SEED, manifest=truth_file)
        for phase in ("catch_up", "fortnight")
    }
    again = connector.post_after_us(
        company, inbox, seed=SEED, manifest=truth_file, posted_at=datetime.fromisoformat("2011-08-31T22:00")
    )
    database = sqlite3.connect(folder / "sage.sqlite")
    yield Story(company, database, truth_file, inbox / "connector", loaded, again)
    database.close()
    company.close()
