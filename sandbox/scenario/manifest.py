"""The truth, row by row: what must be found before and after Tillproof's own postings. Only the judge
reads it.

One row per stage and document. `scope` expected: a document that a receipt should give, named by store_id,
receipt_no, document_kind and ordinal; kind `none`, ordinal 0 for a receipt that rightly leaves no trace.
`scope` summary: a day that Sage holds as a whole, `receipt_no` being store:date:till:measure:bank.
`scope` posted: a summary that Tillproof is yet to post, `receipt_no` being store:date:till:measure.
`scope` ledger: a document only Sage knows, named by `urn`; null for a contra that Tillproof is yet to post.
An expected row carries in `urn` the document that truly is it, where the connector posted one. `twin_urn`
is that of a document equal in every field: which of the two is which is no fact. `partner_urn` is that of the
journal, or of the day's document, that carries it. `is_strict`: its reference
names the receipt, so no rung may call it ambiguous. Money in pence, positive in the direction of the
document. Beside it lies the truth about every till's closure of a day, written by the tills.
"""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

NATURAL = Path(__file__).with_name("natural.csv")

SCHEMA = pa.schema(
    [
        ("stage", pa.string()),
        ("scope", pa.string()),
        ("store_id", pa.string()),
        ("receipt_no", pa.string()),
        ("document_kind", pa.string()),
        ("ordinal", pa.int32()),
        ("urn", pa.int64()),
        ("twin_urn", pa.int64()),
        ("partner_urn", pa.int64()),
        ("verdict", pa.string()),
        ("drift_kinds", pa.string()),
        ("fault", pa.string()),
        ("part", pa.string()),
        ("note", pa.string()),
        ("is_strict", pa.bool_()),
        ("document_date", pa.date32()),
        ("gross_pence", pa.int64()),
    ]
)


@dataclass(frozen=True, slots=True)
class Truth:
    """One row of the manifest."""

    stage: str
    scope: str
    store_id: str
    receipt_no: str
    document_kind: str
    ordinal: int
    urn: int | None
    verdict: str
    fault: str
    part: str
    document_date: date
    gross_pence: int
    twin_urn: int | None = None
    partner_urn: int | None = None
    drift_kinds: str = ""
    note: str = ""
    is_strict: bool = True


def append(path: Path, truths: Sequence[Truth]) -> None:
    """Add rows to the manifest at `path`, which is made when there is none."""
    columns = {name: [getattr(truth, name) for truth in truths] for name in SCHEMA.names}
    table = pa.Table.from_pydict(columns, schema=SCHEMA)
    if path.exists():
        table = pa.concat_tables([pq.read_table(path), table])
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_suffix(".unfinished")
    pq.write_table(table, unfinished)
    unfinished.replace(path)


def read(path: Path, stage: str) -> list[Truth]:
    """The rows of one stage. Raises FileNotFoundError."""
    rows = pq.read_table(path, filters=[("stage", "=", stage)]).to_pylist()
    return [Truth(**row) for row in rows]


def closures_beside(manifest: Path) -> Path:
    """Where the truth about the tills' closures lies."""
    return manifest.with_name("closures.parquet")


def read_closures(manifest: Path) -> dict[tuple[str, str, date], frozenset[str]]:
    """Of each store, till and trading day what must be said of it; nothing where its closure agrees.

    Raises FileNotFoundError.
    """
    rows = pq.read_table(closures_beside(manifest)).to_pylist()
    return {
        (row["store_id"], row["till_id"], row["business_date"]): frozenset(
            filter(None, row["words"].split(","))
        )
        for row in rows
    }


@cache
def natural_oddities() -> dict[str, str]:
    """Receipt number -> what is odd about it in the real data, from the list kept by hand."""
    oddities: dict[str, str] = {}
    with NATURAL.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            known = oddities.get(row["receipt_no"])
            oddities[row["receipt_no"]] = f"{known}; {row['reason']}" if known else row["reason"]
    return oddities
