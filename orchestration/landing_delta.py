"""What is new in a delivery: staged rows against the newest landed versions, as sets.

Nothing is fetched into Python but counts and dates; DuckDB spills what is large.
"""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any, Literal

import duckdb

from orchestration.files import sql_path
from orchestration.landing_files import UNDATED
from orchestration.landing_sql import content_and_meta, quoted
from orchestration.landing_staging import STAGED, Staging
from orchestration.landing_tables import TableSpec

_KNOWN = "landing_known"  # the newest landed version of every row it can concern
_STATE = "landing_state"  # every key concerned, and whether it lives once all deliveries are folded in
_OUTGOING = "landing_outgoing"  # what this call adds to landing


class Delta(Staging):
    """The comparison of one `Landing.land` call; `drop` when done."""

    def __init__(
        self, connection: duckdb.DuckDBPyConnection, spec: TableSpec, company_id: str, pass_number: int
    ):
        super().__init__(connection, spec, company_id, pass_number)
        self._superseded = 0
        self._adds = True
        self._outgoing_is: Literal["view", "table"] | None = None

    # -- against what is known

    def compare(self, paths: list[str], window: tuple[date, date] | Literal["all"] | None) -> None:
        """Work out what to add: new versions, and tombstones for what a unit or a window no longer holds."""
        if window is None and not self._staged:
            self._adds = False
            return
        if not paths and not (self._is_ordered and self._arrives_more_than_once()):
            self._add_everything()
            return
        self._read_known(paths, window)
        if not self.spec.complete_within and self._is_known_already(window):
            self._adds = False
            return
        self._run(
            f"""
            create or replace temp table {_STATE} as
            select source_key, unit_key, item, row_checksum, true as is_live,
                cast(null as bigint) as staged_row
            from {_KNOWN} where not is_tombstone
            """
        )
        if self.spec.complete_within:
            self._fold_deliveries()
        else:
            self._take_newest()
        if window is not None:
            self._clear_window(window)
        self._gather_outgoing(paths)

    def _arrives_more_than_once(self) -> bool:
        """Whether several deliveries of the call say something of one thing, or of one unit."""
        named = ", ".join(map(quoted, self.spec.complete_within)) or "source_key"
        restated = (
            f"select 1 from {STAGED} group by {named} having min(delivery_order) <> max(delivery_order)"
        )
        return bool(self._one(f"select exists ({restated})")[0])

    def _add_everything(self) -> None:
        """Where nothing was landed before, and each thing arrived once, all of it is new."""
        names = ", ".join(map(quoted, content_and_meta(self.spec)))
        self._outgoing_is = "view"
        self._run(
            f"""
            create view {_OUTGOING} as
            select {names} from (
                select *, false as is_tombstone, cast({self.pass_number} as integer) as pass_number from {STAGED}
            )
            """
        )

    def _read_known(self, paths: list[str], window: tuple[date, date] | Literal["all"] | None) -> None:
        """The newest landed version of each key that arrived, shares a unit with one, or lies in the
        window."""
        unit, item = self._unit(), self._item()
        columns = "source_key, row_checksum, is_tombstone, document_date, pass_number"
        if not paths:
            self._run(
                f"""
                create or replace temp table {_KNOWN} as
                select source_key, row_checksum, false as is_tombstone, document_date, 0 as pass_number,
                    {unit} as unit_key, {item} as item
                from {STAGED} where false
                """
            )
            return
        narrowed = self._narrowed(window)
        self._run(
            f"""
            create or replace temp table {_KNOWN} as
            select * exclude (version_rank) from (
                select {columns}, {unit} as unit_key, {item} as item,
                    row_number() over (partition by source_key order by pass_number desc) as version_rank
                from read_parquet(?, union_by_name = true)
                {narrowed}
            ) where version_rank = 1
            """,
            [paths],
        )

    def _is_known_already(self, window: tuple[date, date] | Literal["all"] | None) -> bool:
        """Whether every row that arrived lives as it arrived and, within a window, every row that lives arrived.

        Most reads of a small table end here: nothing was changed.
        """
        inside, parameters = "false", []
        if window is not None:
            inside = "not known.is_tombstone"
        if window is not None and window != "all":
            inside, parameters = f"{inside} and known.document_date between ? and ?", list(window)
        changed = self._connection.execute(
            f"""
            select exists (
                select 1 from {STAGED} as staged
                anti join {_KNOWN} as known
                    on staged.source_key = known.source_key and staged.row_checksum = known.row_checksum
                    and not known.is_tombstone
            ) or exists (
                select 1 from {_KNOWN} as known
                where {inside} and known.source_key not in (select source_key from {STAGED})
            )
            """,
            parameters,
        ).fetchone()
        return changed == (False,)

    def _narrowed(self, window: tuple[date, date] | Literal["all"] | None) -> str:
        """A condition that lets Parquet skip most of what cannot meet a row that arrived.

        Within a month's file rows lie by date; a ledger is read by ascending id.
        """
        dated = self.spec.date_column
        if dated is not None and dated in self.spec.key and window != "all":
            low, high = self._one(f"select min(document_date), max(document_date) from {STAGED}")
            days = [*(day for day in (low, high) if day is not None), *(window or ())]
            within = f"or document_date between date '{min(days)}' and date '{max(days)}'" if days else ""
            return f"where document_date is null {within}"
        first = self.spec.key[0]
        if window is not None or self.spec.columns[first] not in ("bigint", "integer"):
            return ""
        low, high = self._one(f"select min({quoted(first)}), max({quoted(first)}) from {STAGED}")
        return "where false" if low is None else f"where {quoted(first)} between {low} and {high}"

    def _take_newest(self) -> None:
        """Of each key the version of the latest delivery."""
        self._run(
            f"""
            create or replace temp table landing_arriving as
            select source_key, {self._unit()} as unit_key, {self._item()} as item, row_checksum,
                rowid as staged_row
            from {STAGED}
            qualify row_number() over (partition by source_key order by delivery_order desc) = 1
            """
        )
        staged, taken = self._one(
            f"select (select count(*) from {STAGED}), (select count(*) from landing_arriving)"
        )
        self._superseded += staged - taken
        self._live_now()

    def _fold_deliveries(self) -> None:
        """Fold deliveries in one by one, in order, as if each had arrived alone.

        A delivery that holds a unit (`TableSpec.complete_within`) restates it: live rows of the unit that it
        does not hold are gone. Two things soften that, so that an export cut in two never loses a line:

        - it shares no SKU (`told_apart_by`) with the live rows: a further piece; nothing is gone;
        - it does not vouch for the unit (the unit touches its first or last row, or a row of the unit was set
          aside): only live rows about the same SKU as one of its new rows are gone.

        A row superseded inside one call is landed too, as a tombstone with its content: it is evidence.
        """
        restated = self._arrives_more_than_once()
        known = self._one(f"select exists (select 1 from {_STATE})")[0]
        rank = "dense_rank() over (partition by unit_key order by delivery_order)" if restated else "1"
        # what nothing is compared with needs no digest of its unit
        unit, item = (self._unit(), self._item()) if restated or known else ("null", "null")
        self._run(
            f"""
            create or replace temp table landing_ranked as
            select *, {rank} as delivery_rank from (
                select source_key, cast({unit} as uhugeint) as unit_key, cast({item} as uhugeint) as item,
                    row_checksum, rowid as staged_row, vouches, delivery_order
                from {STAGED}
            )
            """
        )
        rounds = self._one("select coalesce(max(delivery_rank), 0) from landing_ranked")[0]
        for delivery_rank in range(1, rounds + 1):
            self._run(
                """
                create or replace temp table landing_arriving as
                select * exclude (delivery_rank, delivery_order) from landing_ranked where delivery_rank = ?
                """,
                [delivery_rank],
            )
            if self._one(f"select exists (select 1 from {_STATE} where is_live)")[0]:
                self._end_what_is_gone()
            self._live_now()
        self._run("drop table landing_ranked")

    def _end_what_is_gone(self) -> None:
        self._run(
            f"""
            create or replace temp table landing_gone as
            with met as (
                select arriving.unit_key, arriving.item, arriving.source_key, arriving.vouches,
                    live.source_key is not null as is_live_already
                from landing_arriving as arriving
                left join {_STATE} as live on live.source_key = arriving.source_key and live.is_live
            ),

            restated as (
                select unit_key, bool_and(vouches) as is_whole from met group by unit_key
            ),

            told as (
                select unit_key, item, bool_or(not is_live_already) as is_changed
                from met group by unit_key, item
            ),

            absent as (
                select live.source_key, live.unit_key, live.item, restated.is_whole
                from {_STATE} as live
                inner join restated on restated.unit_key = live.unit_key
                where live.is_live and live.source_key not in (select source_key from met)
            ),

            sharing as (
                select distinct live.unit_key
                from {_STATE} as live
                inner join told on told.unit_key = live.unit_key and told.item is not distinct from live.item
                where live.is_live
            )

            select absent.source_key
            from absent
            inner join sharing on sharing.unit_key = absent.unit_key
            left join told on told.unit_key = absent.unit_key and told.item is not distinct from absent.item
            where absent.is_whole or coalesce(told.is_changed, false)
            """
        )
        self._superseded += self._one(
            f"select count(*) from {_STATE} where staged_row is not null and is_live "
            "and source_key in (select source_key from landing_gone)"
        )[0]
        self._run(
            f"update {_STATE} set is_live = false where source_key in (select source_key from landing_gone)"
        )
        self._run("drop table landing_gone")

    def _live_now(self) -> None:
        """What arrived lives, in the version that arrived. Known and equal rows stay as they are."""
        self._run(
            f"""
            create or replace temp table {_STATE}_next as
            select state.* from {_STATE} as state
            where state.source_key not in (select source_key from landing_arriving)
            union all
            select arriving.source_key, arriving.unit_key, arriving.item, arriving.row_checksum, true,
                arriving.staged_row
            from (
                select arriving.* from landing_arriving as arriving
                anti join {_STATE} as state
                    on state.source_key = arriving.source_key and state.is_live
                    and state.row_checksum = arriving.row_checksum
            ) as arriving
            union all
            select state.* from {_STATE} as state
            semi join landing_arriving as arriving
                on state.source_key = arriving.source_key and state.is_live
                and state.row_checksum = arriving.row_checksum
            """
        )
        self._run(
            f"drop table {_STATE}; alter table {_STATE}_next rename to {_STATE}; drop table landing_arriving"
        )

    def _clear_window(self, window: tuple[date, date] | Literal["all"]) -> None:
        """Live rows inside a completely read window that did not arrive are gone."""
        inside, parameters = "true", []
        if window != "all":
            inside, parameters = "known.document_date between ? and ?", list(window)
        self._run(
            f"""
            update {_STATE} set is_live = false
            where source_key in (
                select known.source_key from {_KNOWN} as known
                where not known.is_tombstone and {inside}
                    and known.source_key not in (select source_key from {STAGED})
            )
            """,
            parameters,
        )

    # -- what to add

    def _gather_outgoing(self, paths: list[str]) -> None:
        """New versions with their content, and tombstones with the content that is gone, in writing order."""
        spec = self.spec
        columns = list(content_and_meta(spec))
        carried = [name for name in columns if name not in ("is_tombstone", "pass_number")]
        content = ", ".join(f"content.{quoted(name)}" for name in carried)
        names = ", ".join(map(quoted, columns))
        self._run(
            f"""
            create or replace temp table landing_changed as
            select state.source_key, state.row_checksum, not state.is_live as is_tombstone, state.staged_row
            from {_STATE} as state
            left join {_KNOWN} as known on known.source_key = state.source_key
            where (known.source_key is null and state.staged_row is not null)
                or known.is_tombstone is distinct from not state.is_live
                or known.row_checksum is distinct from state.row_checksum
            """
        )
        landed = "select null where false"
        parameters: list[Any] = []
        if paths and self._one("select exists (select 1 from landing_changed where staged_row is null)")[0]:
            landed = f"""
                select {content}, true as is_tombstone, changed.staged_row
                from (
                    select *, row_number() over (
                        partition by source_key order by pass_number desc
                    ) as version_rank
                    from read_parquet(?, union_by_name = true)
                    where source_key in (select source_key from landing_changed where staged_row is null)
                ) as content
                inner join landing_changed as changed on changed.source_key = content.source_key
                where content.version_rank = 1
            """
            parameters = [paths]
        union = "" if not parameters else f"union all by name {landed}"
        self._outgoing_is = "table"
        self._run(
            f"""
            create table {_OUTGOING} as
            select {names}
            from (
                select {content}, changed.is_tombstone, changed.staged_row
                from landing_changed as changed
                inner join {STAGED} as content on content.rowid = changed.staged_row
                {union}
            )
            cross join (select cast({self.pass_number} as integer) as pass_number)
            """,
            parameters,
        )
        self._run("drop table landing_changed")

    def outgoing_dates(self) -> list[date | None]:
        """The document dates something is added to."""
        if not self._adds:
            return []
        return [row[0] for row in self._all(f"select distinct document_date from {_OUTGOING} order by 1")]

    def outgoing(self, month: str, existing: Path | None) -> str:
        """SQL for the rows of one month to write ("2011-08", or "unknown"), date by date.

        `existing` is this pass's file of that month: its rows stay unless restated.
        """
        inside = "document_date is null"
        if month != UNDATED:
            inside = f"document_date between date '{month}-01' and last_day(date '{month}-01')"
        kept = ""
        if existing is not None:
            kept = f"""
                union all by name
                select * from read_parquet('{sql_path(existing)}')
                where source_key not in (select source_key from {_OUTGOING})
            """
        rows = f"select * from {_OUTGOING} where {inside} {kept}"
        return f"{rows} order by document_date, source_file, source_row, source_key"

    def counts(self) -> dict[str, Any]:
        """What happened, as the fields of `Landed`."""
        rows, tombstones = 0, 0
        if self._adds:
            rows, tombstones = self._one(
                f"select count(*) filter (not is_tombstone), count(*) filter (is_tombstone) from {_OUTGOING}"
            )
        return {
            "rows": rows,
            "tombstones": tombstones,
            "unchanged": max(0, self._staged - self._superseded - rows),
            "superseded": self._superseded,
            "rejected": self._rejected,
            "rejection": self._rejection,
        }

    def drop(self) -> None:
        """Forget everything; the connection may be somebody else's."""
        outgoing = [f"drop {self._outgoing_is} if exists {_OUTGOING}"] if self._outgoing_is else []
        tables = [
            f"drop table if exists {table}" for table in (STAGED, _KNOWN, *([_STATE] if self._adds else ()))
        ]
        for statement in (*outgoing, *tables):
            self._run(statement)
