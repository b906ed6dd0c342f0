"""The demo's world, one act at a time, in a process of its own: what the tills and the connector did meanwhile.

python -m sandbox.scenario.world ACT --folder WORLD --inbox INBOX --seed N [--at UTC] [--sales PARQUET]

ACT is `catch-up`, `fortnight` or `after-us`. WORLD keeps the company's books and the truth that only the judge reads.
Prints one line of JSON: what was exported and posted, and how long each took in seconds.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from sandbox.company import SageCompany
from sandbox.scenario import connector, tills
from sandbox.scenario.manifest import closures_beside
from sandbox.scenario.sales import SALES

SITE_ID = "6f2a1c9e-0d34-4c7b-9a55-2b8e1f0c7d11"
COMPANY_ID = 1
COMPANY_NAME = "Demo Gift Stores"


@dataclass(frozen=True)
class World:
    """Where everything is, and how long each part took."""

    folder: Path
    inbox: Path
    seed: int
    at: datetime | None = None
    sales: Path = SALES
    seconds: dict[str, float] = field(default_factory=dict)

    @property
    def books(self) -> Path:
        return books_in(self.folder)

    @property
    def manifest(self) -> Path:
        return manifest_in(self.folder)

    @contextmanager
    def timed(self, part: str) -> Iterator[None]:
        begun = time.monotonic()
        yield
        self.seconds[part] = time.monotonic() - begun


def books_in(folder: Path) -> Path:
    """The company's file, which the sandbox serves."""
    return folder / "sage200.sqlite"


def manifest_in(folder: Path) -> Path:
    """The truth, for the judge alone."""
    return folder / "manifest.parquet"


def catch_up(world: World) -> Mapping[str, Any]:
    """Nine months of trade, and a connector that has posted them."""
    with world.timed("tills export"):
        written = tills.write_exports(
            world.inbox, seed=world.seed, until=tills.CATCH_UP_END, sales=world.sales
        )
        tills.write_company_seed(world.folder / "company", world.sales)
    with (
        world.timed("connector posts"),
        SageCompany.create(
            world.books,
            world.folder / "company",
            site_id=SITE_ID,
            company_id=COMPANY_ID,
            company_name=COMPANY_NAME,
        ) as company,
    ):
        loaded = connector.load(company, world.inbox, "catch_up", seed=world.seed, manifest=world.manifest)
    return {"receipts": written.receipts, "lines": written.lines, "documents": loaded.documents}


def fortnight(world: World) -> Mapping[str, Any]:
    """A fortnight of hourly files, some of them broken on purpose, and what the connector made of them."""
    with world.timed("tills export"):
        since = tills.CATCH_UP_END + timedelta(days=1)
        written = tills.write_exports(
            world.inbox,
            seed=world.seed,
            since=since,
            closure_truth=closures_beside(world.manifest),
            sales=world.sales,
        )
    with world.timed("connector posts"), SageCompany.open(world.books) as company:
        loaded = connector.load(company, world.inbox, "fortnight", seed=world.seed, manifest=world.manifest)
    return {"receipts": written.receipts, "lines": written.lines, "documents": loaded.documents}


def after_us(world: World) -> Mapping[str, Any]:
    """The connector posts receipts that we have just posted."""
    if world.at is None:
        raise ValueError("after-us needs --at")
    with SageCompany.open(world.books) as company:
        again = connector.post_after_us(
            company, world.inbox, seed=world.seed, manifest=world.manifest, posted_at=world.at
        )
    return {"second_writes": list(again)}


ACTS: dict[str, Callable[[World], Mapping[str, Any]]] = {
    "catch-up": catch_up,
    "fortnight": fortnight,
    "after-us": after_us,
}


def main(arguments: Sequence[str] | None = None) -> None:
    """Play one act."""
    parser = argparse.ArgumentParser(prog="python -m sandbox.scenario.world", description=__doc__)
    parser.add_argument("act", choices=ACTS)
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--inbox", type=Path, required=True)
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument("--at", type=datetime.fromisoformat)
    parser.add_argument("--sales", type=Path, default=SALES, help="a part of the real sales")
    given = parser.parse_args(arguments)
    given.folder.mkdir(parents=True, exist_ok=True)
    world = World(given.folder, given.inbox, given.seed, given.at, given.sales)
    told = ACTS[given.act](world)
    print(json.dumps({**told, "seconds": world.seconds}))


if __name__ == "__main__":
    main()
