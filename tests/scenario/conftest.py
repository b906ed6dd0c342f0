"""One small trade for all stories here: days of December 2010, of August 2011, and the last fortnight."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path

import pytest

from sandbox.company import SageCompany
from sandbox.scenario import connector, manifest
from sandbox.scenario.manifest import Truth
from sandbox.scenario.tills import write_company_seed, write_exports

SEED = 20111201


@pytest.fixture(scope="session")
def inbox(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The exports of three stretches of days, in the shapes and under the names of the whole."""
    folder = tmp_path_factory.mktemp("trade") / "inbox"
    write_exports(folder, seed=SEED, since=date(2010, 12, 1), until=date(2010, 12, 9))
    write_exports(folder, seed=SEED, since=date(2011, 8, 1), until=date(2011, 8, 17))
    write_exports(folder, seed=SEED, since=date(2011, 8, 18))
    return folder


@dataclass
class Story:
    """What the connector did: the company's file, the truth and the log's folder."""

    company: SageCompany
    database: sqlite3.Connection
    truth_file: Path
    log: Path
    loaded: dict[str, connector.Loaded]
    posted_again: tuple[str, ...]

    def truths(self, stage: str = "before") -> list[Truth]:
        return manifest.read(self.truth_file, stage)

    def of_fault(self, fault: str, stage: str = "before") -> list[Truth]:
        return [truth for truth in self.truths(stage) if truth.fault == fault]


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
