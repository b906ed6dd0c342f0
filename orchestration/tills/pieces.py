"""Which deliveries are pieces of one export, and what a delivery can vouch for.

An export may be cut anywhere: at an hour, in the middle of a receipt, even shuffled and cut. Landing takes
a later delivery of a receipt as a new version of it, so pieces must be known as such and read as one
delivery. The evidence is what they say, not what they are called: a re-export or a correction names nearly
the same SKUs for the receipts it shares with the other file; a further piece names other ones.
"""

from __future__ import annotations

import duckdb

from orchestration.landing_tables import TableSpec

_SAME_AT_MOST_ONE_IN = 4
_SAME_AT_A_CUT_ONE_IN = 2
_SHARED_UNITS = 3


def order_of_deliveries(connection: duckdb.DuckDBPyConnection, rows: str, spec: TableSpec) -> dict[int, int]:
    """By delivery number, the number it shares with the other pieces of its export; only pieces are in it.

    `rows` is a table of good rows with `delivery_number` and `source_row`. Two deliveries are pieces where,
    over the units both hold, few of the smaller one's lines name a thing (SKU) the other names too: at most
    a quarter where they share three units, at most half where a unit stands last in the one and first in the
    other (a cut may go through identical lines). A line that stands alone on both sides of a cut cannot be
    told from one sent twice, and counts once.
    """
    unit = ", ".join(spec.complete_within)
    item = ", ".join(spec.told_apart_by)
    pairs = connection.execute(
        f"""
        with shared_units as (
            select row_number() over () as unit_id, {unit}
            from {rows} group by {unit} having min(delivery_number) <> max(delivery_number)
        ),

        edges as (
            select delivery_number, min(source_row) as first_row, max(source_row) as last_row
            from {rows} group by delivery_number
        ),

        spoken as (
            select shared_units.unit_id, printed.delivery_number, concat_ws(chr(31), {item}) as item,
                count(*) as lines,
                bool_or(printed.source_row = edges.first_row) as is_first,
                bool_or(printed.source_row = edges.last_row) as is_last
            from {rows} as printed
            inner join shared_units using ({unit})
            inner join edges on edges.delivery_number = printed.delivery_number
            group by all
        ),

        held as (
            select unit_id, delivery_number, sum(lines) as lines, bool_or(is_first) as is_first,
                bool_or(is_last) as is_last
            from spoken group by unit_id, delivery_number
        ),

        met as (
            select one.delivery_number as one, other.delivery_number as other, count(*) as units,
                least(sum(one.lines), sum(other.lines)) as lines,
                bool_or(one.is_last and other.is_first or one.is_first and other.is_last) as is_cut
            from held as one
            inner join held as other
                on other.unit_id = one.unit_id and one.delivery_number < other.delivery_number
            group by all
        ),

        agreed as (
            select one.delivery_number as one, other.delivery_number as other,
                sum(least(one.lines, other.lines)) as lines
            from spoken as one
            inner join spoken as other
                on other.unit_id = one.unit_id and other.item = one.item
                and one.delivery_number < other.delivery_number
            group by all
        )

        select met.one, met.other
        from met left join agreed on agreed.one = met.one and agreed.other = met.other
        where
            (met.units >= {_SHARED_UNITS} and coalesce(agreed.lines, 0) * {_SAME_AT_MOST_ONE_IN} <= met.lines)
            or (met.is_cut and coalesce(agreed.lines, 0) * {_SAME_AT_A_CUT_ONE_IN} <= met.lines)
        order by met.one, met.other
        """
    ).fetchall()
    parent: dict[int, int] = {}

    def root(number: int) -> int:
        while parent.setdefault(number, number) != number:
            number = parent[number]
        return number

    for one, other in pairs:
        first, second = sorted((root(one), root(other)))
        parent[second] = first
    return {number: root(number) for number in parent}


def find_doubtful(
    connection: duckdb.DuckDBPyConnection, rows: str, aside: str, spec: TableSpec, target: str
) -> None:
    """Make the table `target` (delivery_number, source_row) of rows whose unit may be there only in part.

    So where the unit touches the first or last row of its delivery and is not all of it (the file may be cut
    there), or where a row of its receipt was set aside (`aside`: delivery_number, store_code, till_code,
    receipt_no).
    """
    unit = ", ".join(spec.complete_within)
    packed = ", ".join(f"{name} := {name}" for name in spec.complete_within)
    connection.execute(
        f"""
        create or replace temp table {target} as
        with edges as (
            select delivery_number, min(source_row) as first_row, max(source_row) as last_row, count(*) as rows_held
            from {rows} group by delivery_number
        ),

        at_the_edge as (
            select distinct delivery_number, rows_held, {unit}
            from {rows} inner join edges using (delivery_number)
            where source_row = first_row or source_row = last_row
        ),

        touching as (
            select printed.delivery_number, printed.source_row, rows_held, struct_pack({packed}) as unit
            from {rows} as printed
            inner join at_the_edge using (delivery_number, {unit})
        ),

        cut as (
            select delivery_number, source_row from touching
            where delivery_number not in (
                select delivery_number from touching group by delivery_number
                having count(*) = max(rows_held) and count(distinct unit) = 1
            )
        ),

        incomplete as (
            select printed.delivery_number, printed.source_row
            from {rows} as printed
            semi join {aside} as aside
                on aside.delivery_number = printed.delivery_number and aside.receipt_no = printed.receipt_no
                and aside.till_code = printed.till_code and aside.store_code = printed.store_code
        )

        select * from cut union select * from incomplete
        """
    )
