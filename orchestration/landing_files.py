"""Where landing keeps its files: names, listing, and writing so that a file is either whole or not there.

`<root>/<source>/<table>/<YYYY-MM | unknown>/pass_000001.parquet`, rows in the order of their document date, and
beside the months a `schema/anchor.parquet` without rows, so that a table nothing was ever landed to can be read
like any other. By month, because a file costs its reader a few milliseconds whatever it holds: by day, opening
files was most of a reading.
"""

from __future__ import annotations

import os
import re
import shutil
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path

UNDATED = "unknown"
ANCHOR = Path("schema") / "anchor.parquet"
_PASS_FILE = re.compile(r"^pass_(\d{6,})\.parquet$")
_MONTH_FOLDER = re.compile(r"^\d{4}-\d{2}$")


@dataclass(frozen=True, order=True)
class LandedFile:
    """One file of landing: what one pass added to one table for the document dates of one month."""

    table: str
    folder: str
    pass_number: int
    path: Path


def folder_of(document_date: date | None) -> str:
    """The folder a row of this document date lives in."""
    return UNDATED if document_date is None else document_date.isoformat()[:7]


def pass_file(folder: Path, pass_number: int) -> Path:
    """The one file a pass may write in a folder."""
    return folder / f"pass_{pass_number:06d}.parquet"


def files_of(root: Path, table: str) -> list[LandedFile]:
    """Every landed file of a table, by month and pass; anchors are not among them."""
    folder = root / table
    if not folder.is_dir():
        return []
    found = []
    with os.scandir(folder) as entries:
        dated = [entry for entry in entries if entry.name == UNDATED or _MONTH_FOLDER.match(entry.name)]
    for entry in dated:
        for name in os.listdir(entry.path):  # noqa: PTH208 - thousands of folders: names only, no Path each
            if match := _PASS_FILE.match(name):
                found.append(LandedFile(table, entry.name, int(match[1]), Path(entry.path) / name))
    return sorted(found)


def tables_of(root: Path) -> Iterator[str]:
    """Every table that has a folder, `<source>/<table>`, in order."""
    if not root.is_dir():
        return
    for source in sorted(path for path in root.iterdir() if path.is_dir() and not path.name.startswith(".")):
        for table in sorted(path for path in source.iterdir() if path.is_dir()):
            yield f"{source.name}/{table.name}"


class Workroom:
    """A folder of this landing for files that are not finished, on the same disk so that a move is atomic."""

    def __init__(self, root: Path):
        self.path = root / ".work" / f"{os.getpid()}-{uuid.uuid4().hex[:8]}"
        self._serial = 0

    def __enter__(self) -> Workroom:
        self.path.mkdir(parents=True, exist_ok=True)
        return self

    def __exit__(self, *_: object) -> None:
        shutil.rmtree(self.path, ignore_errors=True)

    def unfinished(self) -> Path:
        """A path to write to before the file is given its place."""
        self._serial += 1
        return self.path / f"{self._serial:06d}.parquet"


def give_place(finished: Path, place: Path) -> None:
    """Put a finished file where readers look; before this line they see nothing, after it all of it."""
    place.parent.mkdir(parents=True, exist_ok=True)
    finished.replace(place)


def sweep(root: Path) -> None:
    """Throw away what killed passes left unfinished. For the start of a pass: there is one at a time."""
    shutil.rmtree(root / ".work", ignore_errors=True)
