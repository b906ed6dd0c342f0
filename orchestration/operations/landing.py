"""Landing what people and the poster decided, so that models read it like any other source."""

from __future__ import annotations

import pyarrow as pa

from orchestration.landing import Landed, Landing
from orchestration.landing_tables import operations as spec_of
from orchestration.operations.store import Operations


def land_operations(url: str, landing: Landing, pass_number: int) -> list[Landed]:
    """Land every table of the store whole; only changed rows add anything, and what is gone gets a tombstone."""
    with Operations.open(url) as operations:
        tables = operations.landed_tables()
    with landing.connect() as connection:  # one for all: opening one costs more than most of them
        return [
            landing.land(
                spec_of(name),
                _with_provenance(name, table),
                pass_number=pass_number,
                window="all",
                connection=connection,
            )
            for name, table in sorted(tables.items())
        ]


def _with_provenance(name: str, table: pa.Table) -> pa.Table:
    rows = table.num_rows
    return (
        table.append_column("delivery_id", pa.array(["operations"] * rows, pa.string()))
        .append_column("source_file", pa.array([f"operations/{name}"] * rows, pa.string()))
        .append_column("source_row", pa.array(range(1, rows + 1), pa.int64()))
    )
