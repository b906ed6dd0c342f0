"""What a till can answer, whatever it is: rows as text, with the place they came from. One file per kind of
till."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol

import duckdb

from orchestration.tills.delivery import Delivery
from orchestration.tills.profile import Profile, TableMap


@dataclass(frozen=True)
class ReadRows:
    """A temporary table or view of rows read, typed, with what is wrong with them; see `typing_sql.typed_rows`.

    `name` has the content columns of the landed table (but `line_occurrence`), `delivery_number`,
    `source_row`, `problems` (a list of column and reason) and `raw_text`; these two are empty for a good row.
    """

    name: str
    profile: Profile
    table: TableMap


@dataclass
class Reading:
    """Where a till puts what it reads: the connection of one intake, and a folder for what is not
    finished."""

    connection: duckdb.DuckDBPyConnection
    folder: Path
    serial: int = 0

    def new_name(self, stem: str) -> str:
        """A name no other table or file of this intake has."""
        self.serial += 1
        return f"{stem}_{self.serial}"

    def rewritten(self, part: ReadRows, rows: str) -> ReadRows:
        """The part with other rows, which are read from it."""
        name = self.new_name("rewritten")
        self.connection.execute(f"create temp table {name} as {rows}")
        return replace(part, name=name)


class Till(Protocol):
    """What intake may ask of any kind of till."""

    def read(self, deliveries: Sequence[Delivery], reading: Reading) -> tuple[list[ReadRows], dict[int, str]]:
        """Read deliveries of one profile.

        Hands back the rows, and by delivery number why a whole delivery is refused: it has no rows then.
        """
        ...
