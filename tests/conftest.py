"""The house with nothing in it: every model of the dbt project built once, on an empty landing."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import duckdb
import pytest

from orchestration.files import sql_path
from orchestration.history import History
from orchestration.landing import Landing
from orchestration.landing_tables import TABLES
from orchestration.passes import Pass, write_inputs
from orchestration.publishing import Publications
from orchestration.settings import Settings
from orchestration.warehouse import PROJECT, Warehouse

DBT = "from dbt.cli.main import cli; cli()"


@dataclass(frozen=True)
class EmptyHouse:
    """A home nothing was ever sent to, and dbt beside it. No connection may be open while dbt runs."""

    home: Path

    @property
    def manifest(self) -> Path:
        return self.home / "dbt" / "manifest.json"

    @property
    def warehouse(self) -> Warehouse:
        return Warehouse(self.home)

    @property
    def options(self) -> list[str]:
        """Where dbt finds the project and leaves its files: nothing of it in the repository."""
        places = {"project": PROJECT, "profiles": PROJECT}
        found = [text for name, place in places.items() for text in (f"--{name}-dir", str(place))]
        return [*found, "--target-path", str(self.home / "dbt"), "--log-path", str(self.home / "logs")]

    def dbt(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run dbt over this home as a process of its own, which lets the warehouse go when it ends."""
        known = {"TILLPROOF_HOME": self.home.as_posix(), "DBT_SEND_ANONYMOUS_USAGE_STATS": "false"}
        return subprocess.run(
            [sys.executable, "-c", DBT, *arguments, *self.options],
            env={**os.environ, **known},
            capture_output=True,
            text=True,
            check=False,
        )


def prepare(home: Path) -> None:
    """What a pass that received nothing leaves for the models: anchors, an empty history, no flag."""
    from expectations.validation import FLAG_COLUMNS

    landing = Landing(home / "landing", "DGS")
    landing.ensure(*TABLES.values())
    history = History(home / "history")
    history.ensure()
    settings = Settings(home=home, company_id="DGS")
    publications = Publications(home / "published")
    moment = datetime(2011, 8, 31, 23)  # noqa: DTZ001  clocks here are UTC without a zone
    write_inputs(Pass(settings, landing, history, publications, 1, moment))
    columns = ", ".join(f"cast(null as {kind}) as {name}" for name, kind in FLAG_COLUMNS.items())
    with duckdb.connect() as connection:
        for flags in ("posting_flags", "intake_flags"):
            place = sql_path(home / "gate" / f"{flags}.parquet")
            connection.execute(f"copy (select {columns} limit 0) to '{place}' (format parquet)")


@pytest.fixture(scope="session")
def empty_house(tmp_path_factory: pytest.TempPathFactory) -> EmptyHouse:
    """Every model built over nothing; its own money tests hold there too."""
    house = EmptyHouse(tmp_path_factory.mktemp("empty_house"))
    prepare(house.home)
    built = house.dbt("--quiet", "build", "--exclude", "test_type:unit", "tag:ci")
    assert built.returncode == 0, built.stdout + built.stderr
    return house
