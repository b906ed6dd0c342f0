"""The demo's world on Sage 50, one act at a time, in a process of its own.

python -m sandbox.scenario.sage50.world ACT --folder WORLD --inbox INBOX --seed N --export FOLDER [--at UTC] [--file F]

ACT is `catch-up`, `fortnight`, `import` (a person takes FILE at Sage's import screen) or `after-us`. Each ends with
Sage's tables exported into FOLDER. WORLD keeps the company's books, the mappings of its accountant and the truth that
only the judge reads. Prints one line of JSON.
"""

from __future__ import annotations

import argparse
import csv
import json
import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from sandbox.sage50.company import Sage50Company
from sandbox.sage50.exporting import export
from sandbox.sage50.importing import import_file
from sandbox.scenario import tills, world
from sandbox.scenario.derived_events import TILL_KINDS
from sandbox.scenario.manifest import closures_beside
from sandbox.scenario.sage50 import connector
from sandbox.scenario.sales import NOT_A_PRODUCT, NOT_YET_IN_SAGE, open_skus

HERE = Path(__file__).parent
MAPPINGS = HERE.parent / "mappings"


@dataclass(frozen=True)
class World(world.World):
    """With where Sage's tables are exported to, and what a person imports."""

    export: Path = Path()
    file: Path | None = None

    @property
    def books(self) -> Path:
        return self.folder / "sage50.sqlite"


def write_mappings(folder: Path) -> Path:
    """The mappings as an accountant on Sage 50 gives them: every SKU by name, for there are no products to read."""
    shutil.copytree(MAPPINGS, folder)
    shutil.copytree(HERE / "mappings", folder, dirs_exist_ok=True)
    left_out = {*NOT_A_PRODUCT, *NOT_YET_IN_SAGE}
    with open_skus() as connection:
        skus = connection.execute("select sku, product_group from derived_skus order by sku").fetchall()
    with (folder / "sku_mappings.csv").open("a", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        for sku, group in skus:
            if sku not in left_out:
                writer.writerow(["DGS", sku, group.lower(), "2010-01-01", ""])
    return folder


def catch_up(world: World) -> Mapping[str, Any]:
    """Nine months of trade, and a connector that has imported them day by day."""
    with world.timed("tills export"):
        written = tills.write_exports(
            world.inbox, seed=world.seed, until=tills.CATCH_UP_END, kinds=TILL_KINDS
        )
        write_mappings(world.folder / "mappings")
    with world.timed("connector imports"), Sage50Company.create(world.books, HERE / "company") as company:
        loaded = connector.load(company, world.inbox, "catch_up", seed=world.seed, manifest=world.manifest)
    return {"receipts": written.receipts, "lines": written.lines, "documents": loaded.documents}


def fortnight(world: World) -> Mapping[str, Any]:
    """A fortnight of hourly files, some of them broken on purpose, and what the connector made of them."""
    with world.timed("tills export"):
        written = tills.write_exports(
            world.inbox,
            seed=world.seed,
            since=tills.CATCH_UP_END + timedelta(days=1),
            closure_truth=closures_beside(world.manifest),
            has_repeated=False,
            kinds=TILL_KINDS,
        )
    with world.timed("connector imports"), Sage50Company.open(world.books) as company:
        loaded = connector.load(company, world.inbox, "fortnight", seed=world.seed, manifest=world.manifest)
    return {"receipts": written.receipts, "lines": written.lines, "documents": loaded.documents}


def import_by_hand(world: World) -> Mapping[str, Any]:
    """A person imports a file that Tillproof wrote."""
    if world.file is None:
        raise ValueError("import needs --file")
    with Sage50Company.open(world.books) as company:
        result = import_file(company, world.file.read_bytes(), now=_at(world), file_name=world.file.name)
    return {"imported": result.imported, "refused": result.refused}


def after_us(world: World) -> Mapping[str, Any]:
    """The connector imports a day that we have just posted."""
    with Sage50Company.open(world.books) as company:
        again = connector.post_after_us(
            company, world.inbox, seed=world.seed, manifest=world.manifest, at=_at(world)
        )
    return {"second_writes": list(again)}


def _at(world: World) -> datetime:
    if world.at is None:
        raise ValueError("this act needs --at")
    return world.at


ACTS: dict[str, Callable[[World], Mapping[str, Any]]] = {
    "catch-up": catch_up,
    "fortnight": fortnight,
    "import": import_by_hand,
    "after-us": after_us,
}


def main(arguments: Sequence[str] | None = None) -> None:
    """Play one act."""
    parser = argparse.ArgumentParser(prog="python -m sandbox.scenario.sage50.world", description=__doc__)
    parser.add_argument("act", choices=ACTS)
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--inbox", type=Path, required=True)
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument("--export", type=Path, required=True)
    parser.add_argument("--at", type=datetime.fromisoformat)
    parser.add_argument("--file", type=Path)
    given = parser.parse_args(arguments)
    given.folder.mkdir(parents=True, exist_ok=True)
    played = World(given.folder, given.inbox, given.seed, given.at, export=given.export, file=given.file)
    told = ACTS[given.act](played)
    with played.timed("Sage exports"), Sage50Company.open(played.books) as company:
        export(company, played.export)
    print(json.dumps({**told, "seconds": played.seconds}))


if __name__ == "__main__":
    main()
