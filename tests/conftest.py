"""The house with nothing in it: every model of the dbt project built once, on an empty landing."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb
import pytest

from orchestration.file_lock import locked
from orchestration.files import sql_path
from orchestration.history import History
from orchestration.landing import Landing
from orchestration.landing_tables import TABLES
from orchestration.operations import Operations
from orchestration.operations.database import Database
from orchestration.passes import Pass, write_inputs
from orchestration.publishing import Publications
from orchestration.settings import HOME_VARIABLE, Settings
from orchestration.warehouse import Warehouse, invoke, let_dbt_go, manifest


def pytest_addoption(parser: pytest.Parser) -> None:
    """Which stories are played: all, unless `make test` or `make test-long` says otherwise."""
    parser.addoption(
        "--stories", choices=("all", "short", "long"), default="all", help="see the marker `long`"
    )


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what was not asked for, and begin with the main job, then the simulator: what lasts longest must not be
    left to the end, when one process waits for the other.

    A long story comes with its whole module, for what stands before it in there is how it begins.
    """
    stories = config.getoption("stories")
    if stories != "all":
        long = [item for item in items if item.get_closest_marker("long")]
        modules = {item.path for item in long}
        kept = [item for item in items if (item not in long if stories == "short" else item.path in modules)]
        config.hook.pytest_deselected(items=[item for item in items if item not in kept])
        items[:] = kept
    items.sort(key=_place)


def _place(item: pytest.Item) -> int:
    if item.get_closest_marker("end_to_end"):
        return 0
    return 1 if item.path.parent.name == "simulation" else 2


@pytest.fixture(scope="session", autouse=True)
def migrated(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A new operations store begins as a copy of one that was migrated from nothing once, not through every revision.

    That one goes through them all; and a store that is there already is migrated as ever.
    """
    template = tmp_path_factory.mktemp("operations") / "newest.sqlite"
    Operations.open(template).close()
    migrate = Database.migrate

    def migrate_a_copy(database: Database) -> None:
        place = database.url.database if database.is_sqlite else None
        if place and place != ":memory:" and not Path(place).exists():
            shutil.copyfile(template, place)
        else:
            migrate(database)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Database, "migrate", migrate_a_copy)
        yield template


@dataclass(frozen=True)
class EmptyHouse:
    """A home nothing was ever sent to, and dbt beside it, which fills a file. None may be open to it while dbt runs."""

    home: Path

    @property
    def manifest(self) -> Path:
        return manifest(self.home)

    @property
    def warehouse(self) -> Warehouse:
        return Warehouse(self.home)

    def dbt(self, *arguments: str) -> list[Any]:
        """Run dbt over this home, and let the warehouse go: what it says of each node, all of them well."""
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv(HOME_VARIABLE, self.home.as_posix())
            done = invoke(self.home, *arguments)
            let_dbt_go()
            with self.warehouse.connect(read_only=False) as connection:
                connection.execute("checkpoint")
        told = list(done.result or [])
        failed = [
            f"{each.node.name}: {each.message}" for each in told if each.status not in ("success", "pass")
        ]
        assert done.success, done.exception or failed
        return told


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
    """Every model built over nothing; its own money tests hold there too.

    Built once however many processes play the tests: each has its copy, which the views of the first feed.
    """
    own = tmp_path_factory.mktemp("empty_house") / "home"
    base = tmp_path_factory.getbasetemp()
    first = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "empty_house_built_first"
    with locked(first.with_suffix(".lock"), timeout_s=120):
        if not (first / "built").exists():
            prepare(first)
            EmptyHouse(first).dbt("build", "--exclude", "test_type:unit", "tag:ci")
            (first / "built").touch()
    shutil.copytree(first, own)
    return EmptyHouse(own)
