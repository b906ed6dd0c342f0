"""What one intake has read, ready to land: good rows per table, rows set aside, and counts per delivery."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import duckdb
import pyarrow

from orchestration.landing_sql import number
from orchestration.landing_tables import RECEIPT_LINES, SET_ASIDE_ROWS, TableSpec
from orchestration.tills.delivery import Delivery
from orchestration.tills.pieces import find_doubtful, order_of_deliveries
from orchestration.tills.till import Reading, ReadRows
from orchestration.tills.typing_sql import literal

_DELIVERIES = "received_deliveries"
_ASIDE = "received_aside"
_DOUBTFUL = "received_doubtful"
_REPEATED = "received_repeated"
_SECOND = "received_second"
TWICE = "the same key is in this file more than once, with other content; the first is kept"


class Received:
    """The rows of one intake in one connection."""

    def __init__(self, reading: Reading, deliveries: Sequence[Delivery], parts: Sequence[ReadRows]):
        self._connection = reading.connection
        self._reading = reading
        self._parts = list(parts)
        self.by_number = {delivery.number: delivery for delivery in deliveries}
        self.specs = list({part.table.table: part.table.spec for part in parts}.values())
        told = pyarrow.table(
            {
                "delivery_number": pyarrow.array([one.number for one in deliveries], pyarrow.int32()),
                "delivery_id": pyarrow.array([one.delivery_id for one in deliveries], pyarrow.string()),
                "source_file": pyarrow.array([one.source_file for one in deliveries], pyarrow.string()),
            }
        )
        self._connection.from_arrow(told).create_view("told", replace=True)
        self._connection.execute(f"create temp table {_DELIVERIES} as select * from told")
        self._parts = [self._refuse_second_versions(part) for part in self._parts]
        self._gather_aside()

    def _of(self, spec: TableSpec) -> list[ReadRows]:
        return [part for part in self._parts if part.table.table == spec.name]

    def _refuse_second_versions(self, part: ReadRows) -> ReadRows:
        """Two rows of one file with one key and other content cannot both be true: the second is set
        aside."""
        spec = part.table.spec
        if "line_occurrence" in spec.columns:
            return part
        content = ", ".join(f"{name} := {name}" for name in spec.columns if name not in spec.provenance)
        key = ", ".join(spec.key)
        good = f"from {part.name} where len(problems) = 0"
        self._connection.execute(
            f"""
            create or replace temp table {_SECOND} as
            select delivery_number, source_row from (
                select delivery_number, source_row, row_number() over same_key as printed_rank,
                    struct_pack({content}) is distinct from first(struct_pack({content})) over same_key as is_other
                from (
                    select * {good} and (delivery_number, {key}) in (
                        select (delivery_number, {key}) {good} group by delivery_number, {key} having count(*) > 1
                    )
                )
                window same_key as (partition by delivery_number, {key} order by source_row)
            )
            where printed_rank > 1 and is_other
            """
        )
        if self._connection.execute(f"select exists (from {_SECOND})").fetchone() == (False,):
            return part
        problem = f"{{'column_name': {literal(spec.key[-1])}, 'reason': {literal(TWICE)}}}"
        return self._reading.rewritten(
            part,
            f"""
            select printed.* replace (
                case when second.source_row is null then printed.problems else [{problem}] end as problems,
                case when second.source_row is null then printed.raw_text
                    else cast(struct_pack({content}) as varchar) end as raw_text
            )
            from {part.name} as printed
            left join {_SECOND} as second using (delivery_number, source_row)
            """,
        )

    def _gather_aside(self) -> None:
        """One row per cell that could not be read."""
        queries = []
        for part in self._parts:
            columns = part.table.spec.columns
            named = ", ".join(
                f"{name if name in columns else 'cast(null as varchar)'} as {name}"
                for name in ("store_code", "till_code", "receipt_no")
            )
            queries.append(
                f"select delivery_number, source_row, unnest(problems, recursive := true), raw_text, {named} "
                f"from {part.name} where len(problems) > 0"
            )
        union = " union all ".join(queries) or (
            "select 0 as delivery_number, 0 as source_row, '' as column_name, '' as reason, '' as raw_text, "
            "'' as store_code, '' as till_code, '' as receipt_no where false"
        )
        self._connection.execute(
            f"create temp table {_ASIDE} as select * from ({union}) order by delivery_number, source_row"
        )

    # -- telling

    def counts(self) -> dict[int, tuple[int, int]]:
        """Rows read and rows set aside, by delivery number."""
        if not self._parts:
            return {}
        union = " union all ".join(
            f"select delivery_number, len(problems) > 0 as is_aside from {p.name}" for p in self._parts
        )
        rows = self._connection.execute(
            f"select delivery_number, count(*), count(*) filter (is_aside) from ({union}) group by 1"
        ).fetchall()
        return {number: (read, aside) for number, read, aside in rows}

    def problems(self) -> Iterator[tuple[int, int, str | None, str]]:
        """Delivery number, row, column and reason of every cell set aside, in order."""
        cursor = self._connection.execute(
            f"select delivery_number, source_row, column_name, reason from {_ASIDE} order by all"
        )
        yield from cursor.fetchall()

    def notes(self) -> list[tuple[int, str]]:
        """Receipt kinds that no profile explains: kept as printed, and said."""
        notes = []
        for part in self._of(RECEIPT_LINES):
            if part.profile.receipt_kinds:
                known = ", ".join(literal(kind) for kind in part.profile.receipt_kinds.values())
                notes += self._connection.execute(
                    f"""
                    select delivery_number, count(*) || ' row(s) of unknown receipt kind ' || receipt_kind
                    from {part.name} where receipt_kind not in ({known}) and len(problems) = 0
                    group by delivery_number, receipt_kind order by all
                    """
                ).fetchall()
        return notes

    # -- landing

    def tables(self) -> Iterator[tuple[TableSpec, duckdb.DuckDBPyRelation]]:
        """Each table with its good rows, as `Landing.land` wants them."""
        for spec in self.specs:
            yield spec, self._connection.sql(self._good_rows(spec))

    def _good_rows(self, spec: TableSpec) -> str:
        made = {"line_occurrence"}
        columns = [name for name in spec.columns if name not in made]
        listed = ", ".join(columns)
        union = " union all ".join(
            f"select {listed}, delivery_number, source_row from {part.name} where len(problems) = 0"
            for part in self._of(spec)
        )
        rows = f"received_{spec.name.replace('/', '_')}"
        self._connection.execute(f"create or replace temp view {rows} as {union}")
        if not spec.complete_within:
            return f"""
                select printed.*, cast(delivery_number as bigint) as delivery_order, delivery_id, source_file
                from {rows} as printed inner join {_DELIVERIES} using (delivery_number)
            """
        shared = order_of_deliveries(self._connection, rows, spec)
        order = " ".join(f"when {number} then {first}" for number, first in shared.items())
        order = (
            f"case printed.delivery_number {order} else printed.delivery_number end"
            if order
            else "delivery_number"
        )
        find_doubtful(self._connection, rows, _ASIDE, spec, _DOUBTFUL)
        ordered = f"""
            select printed.*, cast({order} as bigint) as delivery_order, delivery_id, source_file
            from {rows} as printed inner join {_DELIVERIES} using (delivery_number)
        """
        line_occurrence, repeated = "", ""
        if "line_occurrence" in spec.columns:
            self._count_identical_lines(ordered, [name for name in spec.key if name not in made])
            line_occurrence = ", coalesce(repeated.line_occurrence, 1) as line_occurrence"
            repeated = f"""
                left join {_REPEATED} as repeated
                    on repeated.delivery_number = ordered.delivery_number
                    and repeated.source_row = ordered.source_row
            """
        return f"""
            select ordered.*, doubtful.source_row is null as vouches{line_occurrence}
            from ({ordered}) as ordered
            left join {_DOUBTFUL} as doubtful
                on doubtful.delivery_number = ordered.delivery_number
                and doubtful.source_row = ordered.source_row
            {repeated}
        """

    def _count_identical_lines(self, ordered: str, identity: list[str]) -> None:
        """Identical lines of one export are counted, wherever they stand: the count tells them apart.

        Only the second and further ones are kept, by delivery and row: they are few.
        """
        # DuckDB's own hash is quick, and may take two lines for one: it only says which lines to look at closer
        alike = f"hash({', '.join(identity)})"
        self._connection.execute(
            f"""
            create or replace temp table {_REPEATED} as
            with more_than_one as (
                select delivery_order, {alike} as alike from ({ordered})
                group by all having count(*) > 1
            ),

            lines as (
                select delivery_number, source_row, source_file, delivery_order, {number(identity)} as same_line
                from ({ordered}) as ordered
                semi join more_than_one
                    on more_than_one.delivery_order = ordered.delivery_order and more_than_one.alike = {alike}
            ),

            counted as (
                select delivery_number, source_row, cast(row_number() over (
                    partition by delivery_order, same_line order by source_file, source_row
                ) as integer) as line_occurrence
                from lines
            )

            select * from counted where line_occurrence > 1
            """
        )

    def set_aside(self) -> duckdb.DuckDBPyRelation:
        """Every cell set aside, as `Landing.land` wants it."""
        columns = ", ".join(name for name in SET_ASIDE_ROWS.columns)
        return self._connection.sql(
            f"select {columns} from {_ASIDE} inner join {_DELIVERIES} using (delivery_number)"
        )
