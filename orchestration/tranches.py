"""What summaries were decided with, in landing: a file for each decision, named by its digest and never changed.

Posting writes the file first and the intents that name its rows after it; a row whose digest no intent names was never
decided and counts nowhere. So death between the two is harmless, and the operations store holds no row per receipt.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from orchestration.landing_tables import TRANCHE_MEMBERS, arrow_schema

FOLDER = Path(TRANCHE_MEMBERS.name) / "decided"
SCHEMA = arrow_schema(TRANCHE_MEMBERS.columns)
NO_MEMBERS = SCHEMA.append(pa.field("tranche_state", pa.string())).empty_table()


class MembersUnknownError(Exception):
    """A summary is to be decided whose members the publication does not have."""


@dataclass(frozen=True)
class Tranches:
    """The members of the summaries that a publication proposes, and the landing where what is decided is kept.

    `members` has the rows of `tranche_members`.
    """

    landing: Path
    members: pa.Table

    def freeze(self, digests: Mapping[str, str]) -> None:
        """Keep the members of the summaries with these posting keys and digests. Raises MembersUnknownError."""
        rows = self.members.filter(pc.equal(self.members["tranche_state"], "next"))
        rows = rows.filter(pc.is_in(rows["tranche_key"], pa.array(sorted(digests))))
        keys, of_rows = rows["tranche_key"].to_pylist(), rows["members_digest"].to_pylist()
        found = dict(zip(keys, of_rows, strict=True))
        for key, digest in sorted(digests.items()):
            if found.get(key) != digest:
                raise MembersUnknownError(f"the publication does not say what summary {key} stands for")
        freeze(self.landing, rows)


def freeze(landing: Path, members: pa.Table) -> str:
    """Put members where models read them, durably; the same rows are the same file. Returns its SHA-256.

    `members` has the columns of `TRANCHE_MEMBERS`; others are left out, and what an older publication lacks is null.
    """
    for told_since in (field for field in SCHEMA if field.name not in members.column_names):
        members = members.append_column(told_since, pa.nulls(len(members), told_since.type))
    ordered = (
        members.select(SCHEMA.names).cast(SCHEMA).sort_by([(name, "ascending") for name in SCHEMA.names])
    )
    content = BytesIO()
    pq.write_table(ordered, content, compression="zstd")
    digest = hashlib.sha256(content.getvalue()).hexdigest()
    place = landing / FOLDER / f"{digest}.parquet"
    if not place.exists():
        place.parent.mkdir(parents=True, exist_ok=True)
        unfinished = place.with_name(
            place.name + ".unfinished"
        )  # not in landing's workroom: a pass may sweep that
        with unfinished.open("wb") as file:
            file.write(content.getvalue())
            file.flush()
            os.fsync(file.fileno())
        unfinished.replace(place)
        _folder_to_disk(place.parent)
    return digest


def _folder_to_disk(folder: Path) -> None:
    """The name of a file is on disk only when its folder is; where a folder cannot be opened, the system sees to it."""
    with suppress(OSError):
        opened = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(opened)
        finally:
            os.close(opened)


def altered(landing: Path) -> list[str]:
    """The files whose content is not what their name says."""
    return [
        found.name
        for found in sorted((landing / FOLDER).glob("*.parquet"))
        if hashlib.sha256(found.read_bytes()).hexdigest() != found.stem
    ]
