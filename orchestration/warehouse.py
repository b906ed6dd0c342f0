"""The warehouse: one DuckDB file that dbt builds. It is held by one process at a time, and never while dbt runs."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import duckdb

from orchestration.files import sql_path

PROJECT = Path(__file__).resolve().parent.parent / "dbt_project"
MANIFEST = PROJECT / "target" / "manifest.json"


class WarehouseError(Exception):
    """The warehouse or its models could not be read or built."""


class Warehouse:
    """The warehouse of one home."""

    def __init__(self, home: Path):
        self.home = home
        self.file = home / "warehouse.duckdb"

    @contextmanager
    def connect(self, *, read_only: bool = True) -> Iterator[duckdb.DuckDBPyConnection]:
        """A connection that ends with the block, so that dbt may have the file next."""
        try:
            connection = duckdb.connect(str(self.file), read_only=read_only)
        except duckdb.IOException as error:
            raise WarehouseError(f"{self.file} is held by another process: {error}") from error
        try:
            connection.execute("set TimeZone = 'UTC'")
            yield connection
        finally:
            connection.close()

    def copy_out(self, relation: str, place: Path) -> None:
        """Write a relation to one Parquet file, whole or not at all, ordered so that the bytes repeat."""
        place.parent.mkdir(parents=True, exist_ok=True)
        unfinished = place.with_suffix(".unfinished")
        with self.connect() as connection:
            connection.execute(
                f"copy (select * from {relation} order by all) to '{sql_path(unfinished)}' (format parquet)"
            )
        unfinished.replace(place)


def dbt_executable() -> str:
    """The dbt beside this Python: an environment that nobody activated has none on its PATH."""
    name = "dbt.exe" if os.name == "nt" else "dbt"
    beside = Path(sys.executable).parent / name
    return str(beside) if beside.exists() else name


def dbt_environment(home: Path) -> dict[str, str]:
    """What dbt must know: the home with forward slashes, so that SQL can hold it on Windows."""
    return {"TILLPROOF_HOME": home.as_posix(), "DBT_SEND_ANONYMOUS_USAGE_STATS": "false"}


def manifest(home: Path) -> Path:
    """dbt's manifest, parsed anew where a project file is younger than it."""
    inputs = [
        file
        for folder in ("models", "macros", "tests")
        for file in (PROJECT / folder).rglob("*")
        if file.is_file()
    ]
    inputs += [PROJECT / "dbt_project.yml", PROJECT / "selectors.yml", PROJECT / "profiles.yml"]
    newest = max(file.stat().st_mtime for file in inputs)
    if not MANIFEST.exists() or MANIFEST.stat().st_mtime < newest:
        parse(home)
    return MANIFEST


def parse(home: Path) -> None:
    """Have dbt read the project. Raises WarehouseError with dbt's own words."""
    home.mkdir(parents=True, exist_ok=True)
    command = [
        dbt_executable(),
        "--quiet",
        "parse",
        "--project-dir",
        str(PROJECT),
        "--profiles-dir",
        str(PROJECT),
    ]
    done = subprocess.run(
        command,
        env={**os.environ, **dbt_environment(home), "DBT_LOG_PATH": str(home / "logs")},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise WarehouseError(f"dbt cannot read the project: {done.stdout.strip()} {done.stderr.strip()}")


def public_models(manifest_file: Path) -> dict[str, str]:
    """The models whose access is public, and so published: name -> schema-qualified relation."""
    nodes: dict[str, Any] = json.loads(manifest_file.read_text(encoding="utf-8"))["nodes"]
    return {
        node["name"]: f"{node['schema']}.{node['name']}"
        for node in nodes.values()
        if node["resource_type"] == "model" and node.get("access") == "public"
    }
