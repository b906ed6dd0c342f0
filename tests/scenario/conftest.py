"""One small trade for all stories here: days of December 2010, of August 2011, and the last fortnight."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from datetime import date, datetime
from pathlib import Path

import duckdb
import pytest
from scenario_story import SEED, Story

from sandbox.company import SageCompany
from sandbox.scenario import connector
from sandbox.scenario.derived_events import TILL_KINDS
from sandbox.scenario.sales import open_sales
from sandbox.scenario.tills import write_company_seed, write_exports


@pytest.fixture(scope="session")
def sales() -> Iterator[duckdb.DuckDBPyConnection]:
    """Everything the tills print, derived from all sales. Only read."""
    with open_sales(SEED) as connection:
        yield connection


@pytest.fixture(scope="session")
def inbox(tmp_path_factory: pytest.TempPathFactory, sales: duckdb.DuckDBPyConnection) -> Path:
    """The exports of two stretches of days, in the shapes and under the names of the whole."""
    folder = tmp_path_factory.mktemp("trade") / "inbox"
    write_exports(folder, seed=SEED, since=date(2010, 12, 1), until=date(2010, 12, 9), opened=sales)
    truth = folder.parent / "closures.parquet"
    write_exports(folder, seed=SEED, since=date(2011, 8, 1), closure_truth=truth, opened=sales)
    return folder


@pytest.fixture(scope="session")
def closure_truth(inbox: Path) -> Path:
    """What is true of every closure of those stretches."""
    return inbox.parent / "closures.parquet"


@pytest.fixture(scope="session")
def till_inbox(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same days with the events alone that the connector to Sage 50 knows."""
    folder = tmp_path_factory.mktemp("trade50") / "inbox"
    stretches = ((date(2010, 12, 1), date(2010, 12, 9)), (date(2011, 8, 1), None))
    with open_sales(SEED, kinds=TILL_KINDS) as opened:
        for since, until in stretches:
            write_exports(folder, seed=SEED, since=since, until=until, kinds=TILL_KINDS, opened=opened)
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
