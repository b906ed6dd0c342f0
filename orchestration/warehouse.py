"""The warehouse: what dbt builds in a pass, in memory or in one DuckDB file, and how dbt is called."""

from __future__ import annotations

import hashlib
import json
import os
import queue
import shutil
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

import duckdb

from orchestration.file_lock import locked
from orchestration.files import sql_path
from orchestration.settings import FILE_NAME, HOME_VARIABLE, MEMORY_LIMIT, Settings

PROJECT = Path(__file__).resolve().parent.parent / "dbt_project"
NAME = "warehouse"
"""By which every model is named, wherever the warehouse is."""
DAYS_ARE_KEPT = "TILLPROOF_DAYS_ARE_KEPT"
"""Tells the models whether schema `kept` is there (macros/kept.sql)."""
INSTANCE = "TILLPROOF_DUCKDB"
"""Tells dbt which DuckDB of this process to work in (profiles.yml): without it, one of its own."""
PLACE = "TILLPROOF_WAREHOUSE"
"""Tells dbt where the warehouse is: a file, or `:memory:` (profiles.yml)."""
IN_MEMORY = ":memory:"
ROOM_OF_LANDED = 6
"""What is landed is twelve times as large in the models' tables: memory is quicker where it holds half of them."""
TOLD_TOGETHER = 20
"""Nodes of which `build` tells at once: whoever is told looks at the warehouse each time."""


class WarehouseError(Exception):
    """The warehouse or its models could not be read or built."""


class Warehouse:
    """The warehouse of one home, empty at the start of a pass: in memory, or in a file where that would not do.

    In memory, because DuckDB packs what it writes to a file by trying each way on each column, which costs more than
    the models do, and nobody needs their tables once they are published. `is_kept` leaves a file for who wants to look.
    """

    def __init__(self, home: Path, *, memory_limit: str = MEMORY_LIMIT, is_kept: bool = False):
        self.home = home
        self.file = home / "warehouse.duckdb"
        self._spilled = home / "warehouse.duckdb.tmp"
        self._memory_limit = memory_limit
        self._is_kept = is_kept
        self._is_in_file = False
        self._instance = ""
        self._held: duckdb.DuckDBPyConnection | None = None

    @classmethod
    def of(cls, settings: Settings) -> Warehouse:
        """The warehouse as an installation has it."""
        return cls(settings.home, memory_limit=settings.memory_limit, is_kept=settings.keep_warehouse)

    def start_over(self, *, landed_bytes: int = 0) -> None:
        """Forget what was built, and hold an empty warehouse for dbt to fill, until `let_go`.

        `landed_bytes` are those of the Parquet files that will be judged: of many, the warehouse is a file.
        """
        self.let_go()
        self._forget()
        self._is_in_file = self._is_kept or landed_bytes * ROOM_OF_LANDED > bytes_of(self._memory_limit)
        # the name by which dbt finds it in this process: another one each time, for nothing may be there already
        self._instance = f"{IN_MEMORY}{uuid4().hex}"
        self._held = duckdb.connect(self._instance)
        self._held.execute(f"set memory_limit = '{self._memory_limit}'")
        self._held.execute("set preserve_insertion_order = false")
        # the file is disposable: a checkpoint after every few models would cost more than the models
        self._held.execute("set checkpoint_threshold = '2GB'")
        self._held.execute("set auto_checkpoint_skip_wal_threshold = 1000000000")
        self._held.execute(f"set temp_directory = '{sql_path(self._spilled)}'")
        place = self._place.replace("'", "''")
        self._held.execute(f"attach '{place}' as {NAME}")

    @property
    def _place(self) -> str:
        return self.file.as_posix() if self._is_in_file else IN_MEMORY

    def _forget(self) -> None:
        """Drop the file, and what a pass that was killed had spilled."""
        self.file.unlink(missing_ok=True)
        self.file.with_name(self.file.name + ".wal").unlink(missing_ok=True)
        shutil.rmtree(self._spilled, ignore_errors=True)

    @contextmanager
    def connect(self, *, read_only: bool = True) -> Iterator[duckdb.DuckDBPyConnection]:
        """A connection that ends with the block: to what is held, else to the file of a warehouse that was kept."""
        if self._held is None and not self.file.exists():
            raise WarehouseError(
                f"{self.file}: no warehouse is there; it is built in memory for one pass, and keep_warehouse = true in "
                f"{FILE_NAME} leaves it in this file"
            )
        try:
            connection = (
                self._held.cursor() if self._held else duckdb.connect(str(self.file), read_only=read_only)
            )
        except duckdb.IOException as error:
            raise WarehouseError(f"{self.file} is held by another process: {error}") from error
        try:
            connection.execute(f"set TimeZone = 'UTC'; use {NAME}")
            yield connection
        finally:
            connection.close()

    def let_go(self) -> None:
        """Give up what is held; a file that is kept is there for another process then.

        What was built is in the file already: a checkpoint on the way out would write it a second time.
        """
        if self._held is None:
            return
        self._held.execute("pragma disable_checkpoint_on_shutdown")
        let_dbt_go()
        # its memory is free now, whoever still has a connection
        self._held.execute(f"detach database if exists {NAME}")
        self._held.close()
        self._held = None
        if not self._is_kept:
            self._forget()

    def keeps_days(self) -> bool:
        """Whether the models are to judge some days alone: what is published of all others lies beside them."""
        with self.connect() as connection:
            found = connection.execute(
                "select count(*) from duckdb_schemas() where schema_name = 'kept'"
            ).fetchone()
        return found != (0,)

    def row_counts(self) -> dict[str, int]:
        """How many rows each table holds, by its name with the schema: DuckDB's own books, no table is read."""
        with self.connect() as connection:
            found = connection.execute(
                "select schema_name || '.' || table_name, estimated_size from duckdb_tables()"
            ).fetchall()
        return dict(found)

    def build(self, selector: str) -> Iterator[list[Built]]:
        """Have dbt build what a selector names, in this process, and tell of each node once it is done, some at a time.

        In this process, because a pass calls dbt twice and each start of its command line costs five seconds; in a
        thread of its own, because whoever is told has books to keep, and DuckDB needs no help meanwhile. Raises
        WarehouseError naming every node that failed, in dbt's own words, once dbt is through.
        """
        told: queue.SimpleQueue[Built | None] = queue.SimpleQueue()
        ended: list[Any] = []
        arguments = ("build", "--selector", selector)
        given = {
            INSTANCE: self._instance,
            PLACE: self._place,
            DAYS_ARE_KEPT: "yes" if self.keeps_days() else "",
        }

        def run() -> None:
            try:
                ended.append(invoke(self.home, *arguments, told=told.put, given=given))
            except BaseException as error:  # a thread's error goes nowhere by itself
                ended.append(error)
            finally:
                told.put(None)

        dbt = threading.Thread(target=run, name=f"dbt {selector}")
        dbt.start()
        failed: list[Built] = []
        try:
            done: list[Built] = []
            for node in iter(told.get, None):
                if node.has_passed:
                    done.append(node)
                else:
                    failed.append(node)
                if len(done) == TOLD_TOGETHER:
                    yield done
                    done = []
            if done:
                yield done
        finally:
            dbt.join()
        (result,) = ended
        error = result if isinstance(result, BaseException) else result.exception
        if error is not None:
            raise self._not_built(f"dbt could not build {selector}: {error}") from error
        if failed or not result.success:
            words = "; ".join(f"{node.name}: {node.message}" for node in failed[:5])
            raise self._not_built(words or f"dbt could not build {selector}")

    def _not_built(self, words: str) -> WarehouseError:
        if "Out of Memory" in words:
            words += f"\nThe models may take {self._memory_limit}: memory_limit in {FILE_NAME} allows more."
        return WarehouseError(words)


@dataclass(frozen=True)
class Built:
    """One model built or one test run by dbt."""

    name: str
    is_test: bool
    has_passed: bool
    seconds: float
    message: str


def invoke(
    home: Path,
    *arguments: str,
    told: Callable[[Built], None] = lambda _: None,
    given: Mapping[str, str] | None = None,
) -> Any:
    """Have dbt do something over a home, in this process, with the project as it was read once: dbt's own result.

    `told` is told of each node as it is done, in dbt's threads. `given` is what profile and models take from the
    environment; without it dbt fills a warehouse in the home's file, in a DuckDB of its own that `let_dbt_go` closes.
    """
    from dbt.cli.main import dbtRunner

    alone = {INSTANCE: IN_MEMORY, PLACE: Warehouse(home).file.as_posix(), DAYS_ARE_KEPT: ""}
    os.environ.update(alone | (dict(given) if given else {}))
    log = home / "logs" / "dbt.log"

    def keep(event: Any) -> None:
        if event.info.name == "NodeFinished":
            node, result = event.data.node_info, event.data.run_result
            if result.status != "skipped" and node.materialized != "ephemeral":
                told(
                    Built(
                        name=node.node_name,
                        is_test=node.resource_type == "test",
                        has_passed=result.status in ("success", "pass", "warn"),
                        seconds=result.execution_time,
                        message=result.message,
                    )
                )
        if event.info.level in ("warn", "error"):
            log.parent.mkdir(parents=True, exist_ok=True)
            with log.open("a", encoding="utf-8") as lines:
                lines.write(f"{event.info.ts} {event.info.level} {event.info.msg}\n")

    # a pass keeps what dbt built, not what it thought: dbt words every thought before it throws it away, and that and
    # the artefacts cost as much as the models
    quiet = ["--log-level", "none", "--log-level-file", "none", "--no-write-json"]
    return dbtRunner(load_project(home), callbacks=[keep]).invoke([*arguments, *quiet, *_dbt_options(home)])


def bytes_of(size: str) -> int:
    """How many bytes a setting like `1200MB` or `5GB` names."""
    return int(size[:-2]) * {"MB": 10**6, "GB": 10**9}[size[-2:]]


def let_dbt_go() -> None:
    """Close the connections that dbt keeps open in this process, after it has built anything."""
    from dbt.adapters.duckdb.connections import DuckDBConnectionManager
    from dbt.adapters.factory import reset_adapters

    DuckDBConnectionManager.close_all_connections()
    reset_adapters()


def _dbt_options(home: Path) -> list[str]:
    """Where dbt finds the project and leaves its files; the home with forward slashes, so that SQL can hold it."""
    os.environ[HOME_VARIABLE] = home.as_posix()
    os.environ["DBT_SEND_ANONYMOUS_USAGE_STATS"] = "false"
    options = ["--project-dir", str(PROJECT), "--profiles-dir", str(PROJECT), "--quiet", "--no-use-colors"]
    return [*options, "--log-path", str(home / "logs"), "--target-path", str(home / "dbt")]


def manifest(home: Path) -> Path:
    """dbt's manifest, parsed anew where a project file is younger than it.

    It says nothing of a home (macros/dbt/source.sql), so that one lies beside the project for all of them; only
    where the project may not be written to does a home keep its own. Raises WarehouseError with dbt's own words.
    """
    keeper = _keeper(home)
    place = keeper / "dbt" / "manifest.json"
    if not _is_fresh(place):
        _parse(keeper)
    return place


def _keeper(home: Path) -> Path:
    """Who keeps what dbt read of the project."""
    return PROJECT / "target" if os.access(PROJECT, os.W_OK) else home


def _is_fresh(manifest_file: Path) -> bool:
    return manifest_file.exists() and manifest_file.stat().st_mtime >= models_changed_at()


def models_changed_at() -> float:
    """When the youngest file of the dbt project was written, in seconds since 1970."""
    return max(file.stat().st_mtime for file in _project_files())


def rules_digest() -> str:
    """What tells the rules that judge from any others: a digest of the models and of the gate's rules."""
    said = hashlib.sha256()
    rules = [file for file in _project_files() if file.suffix == ".sql"]
    for file in sorted([*rules, *(PROJECT.parent / "expectations").glob("*.py")]):
        said.update(f"{file.relative_to(PROJECT.parent).as_posix()}\n".encode() + file.read_bytes())
    return said.hexdigest()


def _project_files() -> list[Path]:
    folders = ("models", "macros", "tests")
    files = [file for folder in folders for file in (PROJECT / folder).rglob("*") if file.is_file()]
    return [*files, PROJECT / "dbt_project.yml", PROJECT / "selectors.yml", PROJECT / "profiles.yml"]


_projects: dict[float, Any] = {}
"""What dbt read of the project, by when it was written down: read once in a process."""


def load_project(home: Path) -> Any:
    """The project as dbt reads it, for `dbtRunner`. Raises WarehouseError with dbt's own words."""
    written = manifest(home).stat().st_mtime
    if written not in _projects:
        _projects.clear()
        _projects[written] = _parse(_keeper(home), "--no-write-json")
    project = _projects[written]
    for node in project.nodes.values():
        # dbt notes here that ephemeral models were put in, and would not put them in when it builds once more
        node.extra_ctes, node.extra_ctes_injected = [], False
    return project


def _parse(keeper: Path, *more: str) -> Any:
    """Have dbt read the project, one process at a time: dbt writes its files bit by bit."""
    from dbt.cli.main import dbtRunner

    before = {name: os.environ.pop(name) for name in (HOME_VARIABLE, INSTANCE, PLACE) if name in os.environ}
    try:
        with locked(keeper / "dbt" / "reading.lock", timeout_s=120):
            # the keeper stands in for every home: with another one dbt would read the whole project again
            done = dbtRunner().invoke(["parse", *more, *_dbt_options(keeper)])
    finally:
        os.environ.update(before)
    if not done.success:
        raise WarehouseError(f"dbt cannot read the project: {done.exception}")
    return done.result


def public_models(manifest_file: Path) -> dict[str, str]:
    """The models whose access is public, and so published: name -> schema-qualified relation."""
    nodes: dict[str, Any] = json.loads(manifest_file.read_text(encoding="utf-8"))["nodes"]
    return {
        node["name"]: f"{node['schema']}.{node['name']}"
        for node in nodes.values()
        if node["resource_type"] == "model" and node.get("access") == "public"
    }


if __name__ == "__main__":
    manifest(PROJECT / "target")
