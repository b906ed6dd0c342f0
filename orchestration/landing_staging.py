"""What arrived, as a table: typed, keyed and given a checksum, one row per delivery and key."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

import duckdb

from orchestration.landing_sql import META, digest, number, quoted
from orchestration.landing_tables import TableSpec

STAGED = "landing_staged"


class Staging:
    """What one `Landing.land` call received, in a table of its connection's own database.

    Not a temporary table: months are written side by side, each through a cursor, and a cursor sees none. A row is
    called by its `rowid`, so rows that cannot be landed are left out by making the table anew, never deleted.
    """

    def __init__(
        self, connection: duckdb.DuckDBPyConnection, spec: TableSpec, company_id: str, pass_number: int
    ):
        self._connection = connection
        self.spec = spec
        self._company_id = company_id
        self.pass_number = pass_number
        self._received = self._rejected = 0
        self._is_ordered = False  # whether one call may hold a thing more than once, each in its delivery
        self._rejection = ""

    def stage(self, received: Any) -> None:
        """Type, key and checksum what arrived, once; leave out rows with a cell that its type cannot hold."""
        spec = self.spec
        if isinstance(received, duckdb.DuckDBPyRelation):
            offered = dict(zip(received.columns, map(str, received.types), strict=True))
            source = _as_source(self._connection, received)
        else:
            source = self._connection.from_arrow(_as_reader(received))
            offered = dict(zip(source.columns, map(str, source.types), strict=True))
        source.create_view("landing_received", replace=True)

        casts, doubts = [], []
        for name, type_ in spec.columns.items():
            column = quoted(name)
            if _same_type(offered[name], type_):
                casts.append(column)
            else:
                casts.append(f"try_cast({column} as {type_}) as {column}")
                text = f"'{name} cannot be {type_}: ' || cast({column} as varchar)"
                doubts.append(
                    f"when {column} is not null and try_cast({column} as {type_}) is null then {text}"
                )
        rejection = f"case {' '.join(doubts)} end" if doubts else "cast(null as varchar)"
        self._is_ordered = "delivery_order" in offered
        order = "cast(delivery_order as bigint)" if self._is_ordered else "cast(0 as bigint)"
        vouches = "coalesce(vouches, true)" if "vouches" in offered else "true"
        meta_casts = ", ".join(
            f"cast({name} as {META[name]}) as {name}" for name in ("delivery_id", "source_file", "source_row")
        )
        company = "company_id" if "company_id" in offered and "company_id" not in spec.columns else "null"
        checksummed = [name for name in spec.columns if name not in (*spec.provenance, *spec.added)]
        own_date = "" if "document_date" in spec.columns else f", {self._document_date()} as document_date"
        own_company = "" if "company_id" in spec.columns else f"coalesce({company}, ?) as company_id,"
        parameters = [] if "company_id" in spec.columns else [self._company_id]
        self._run(
            f"""
            create or replace table {STAGED} as
            select typed.*, {digest(spec.key)} as source_key,
                {digest(checksummed, spec.added)} as row_checksum{own_date}
            from (
                select {", ".join(casts)}, {own_company} {meta_casts}, {order} as delivery_order,
                    {vouches} as vouches, {rejection} as rejection
                from landing_received
            ) as typed
            """,
            parameters,
        )
        self._run("drop view landing_received")
        self._received, self._rejected, self._rejection = self._one(
            f"select count(*), count(rejection), coalesce(min(rejection), '') from {STAGED}"
        )
        if self._rejected:
            self._keep(f"select * from {STAGED} where rejection is null")
        if self._staged > 1:
            self._keep_the_last_printed()

    @property
    def _staged(self) -> int:
        """Rows that arrived and can be landed."""
        return self._received - self._rejected

    def _keep_the_last_printed(self) -> None:
        """One row per delivery and key: of one thing printed twice, the last."""
        # different hashes are of different things; where two are alike, it is looked at closer
        told_apart = self._one(f"select count(distinct hash(source_key, delivery_order)) from {STAGED}")[0]
        if told_apart == self._staged:
            return
        self._keep(
            f"""
            select * from {STAGED}
            qualify row_number() over (
                partition by source_key, delivery_order order by source_file desc, source_row desc
            ) = 1
            """
        )

    def _keep(self, rows: str) -> None:
        """Go on with these of the rows that arrived."""
        self._run(f"create table {STAGED}_kept as {rows}")
        self._run(f"drop table {STAGED}; alter table {STAGED}_kept rename to {STAGED}")

    def _unit(self) -> str:
        spec = self.spec
        return number(spec.complete_within) if spec.complete_within else "cast(null as uhugeint)"

    def _item(self) -> str:
        spec = self.spec
        return number(spec.told_apart_by) if spec.told_apart_by else "cast(null as uhugeint)"

    def _document_date(self) -> str:
        return (
            f"cast({quoted(self.spec.date_column)} as date)"
            if self.spec.date_column
            else "cast(null as date)"
        )

    def staged_dates(self) -> list[date | None]:
        """The document dates that arrived."""
        return [row[0] for row in self._all(f"select distinct document_date from {STAGED} order by 1")]

    def _run(self, sql: str, parameters: Sequence[Any] = ()) -> None:
        self._connection.execute(sql, list(parameters))

    def _all(self, sql: str) -> list[tuple[Any, ...]]:
        return self._connection.execute(sql).fetchall()

    def _one(self, sql: str) -> tuple[Any, ...]:
        found = self._connection.execute(sql).fetchone()
        assert found is not None
        return found


def _same_type(offered: str, wanted: str) -> bool:
    return offered.replace(" ", "").lower() == wanted.replace(" ", "").lower()


def _as_reader(received: Any) -> Any:
    return received.to_reader() if hasattr(received, "to_reader") else received


def _as_source(
    connection: duckdb.DuckDBPyConnection, relation: duckdb.DuckDBPyRelation
) -> duckdb.DuckDBPyRelation:
    """The relation inside the working connection: itself if it lives there, else streamed across."""
    try:
        connection.sql("select * from relation limit 0")
    except duckdb.Error:
        return connection.from_arrow(relation.to_arrow_reader(100_000))
    return relation
