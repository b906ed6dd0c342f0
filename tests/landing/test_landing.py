"""Landing keeps what is new, once, whatever order, file or name it comes in, and survives being killed."""

from __future__ import annotations

import hashlib
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pyarrow
import pytest

from orchestration.landing import Landing, LandingError
from orchestration.landing_tables import RECEIPT_LINES, TABLES, TENDERS, TableSpec, sage200

CODES = sage200("nominal_codes")
NOMINAL = sage200("nominal_transactions")


@pytest.fixture
def landing(tmp_path: Path) -> Landing:
    return Landing(tmp_path / "landing", "DGS", threads=1)


def line(receipt: str, sku: str, gross: str = "1.20", **changes: Any) -> dict[str, Any]:
    """One receipt line as intake hands it over."""
    row = {
        "store_code": "S01",
        "till_code": "1",
        "receipt_no": receipt,
        "receipt_kind": "SALE",
        "sold_at_local": datetime.fromisoformat("2011-08-18 10:05"),
        "document_date": date(2011, 8, 18),
        "sku": sku,
        "description": None,
        "quantity": Decimal("1.000"),
        "unit_price": Decimal("1.000"),
        "net_amount": Decimal("1.00"),
        "tax_amount": Decimal("0.20"),
        "gross_amount": Decimal(gross),
        "tax_code": "S",
        "tax_rate": Decimal("20.000"),
        "customer_no": None,
        "destination": "United Kingdom",
        "profile": "till",
        "occurrence": 1,
        "line_occurrence": 1,
        "delivery_id": "d1",
        "source_file": "S01/one.csv",
        "source_row": 2,
    }
    return row | changes


def lines(*rows: dict[str, Any]) -> pyarrow.Table:
    return arrow(RECEIPT_LINES, rows)


def arrow(spec: TableSpec, rows: Any) -> pyarrow.Table:
    """Rows as Arrow in the table's own types."""
    types = {**spec.columns, "delivery_id": "varchar", "source_file": "varchar", "source_row": "bigint"}
    types |= (
        {"delivery_order": "bigint", "vouches": "boolean"} if any("delivery_order" in r for r in rows) else {}
    )
    empty = ", ".join(f"cast(null as {type_}) as {name}" for name, type_ in types.items())
    schema = duckdb.sql(f"select {empty} limit 0").to_arrow_table().schema
    return pyarrow.Table.from_pylist([{name: row.get(name) for name in types} for row in rows], schema=schema)


def live(landing: Landing, spec: TableSpec = RECEIPT_LINES, *columns: str) -> list[tuple[Any, ...]]:
    rows = landing.newest(spec).to_pylist()
    return sorted(
        tuple(row[name] for name in columns or ("receipt_no", "sku", "gross_amount")) for row in rows
    )


def files(landing: Landing) -> dict[str, bytes]:
    return {str(path): path.read_bytes() for path in sorted(landing.root.rglob("pass_*.parquet"))}


RECEIPT = [line("R1", sku, source_row=row) for row, sku in enumerate(["A", "B", "C"], start=2)]


def test_rows_lie_under_table_month_and_pass_with_everything_known_about_them(
    landing: Landing,
) -> None:
    landed = landing.land(RECEIPT_LINES, lines(*RECEIPT), pass_number=landing.next_pass())
    assert (landed.rows, landed.unchanged, landed.tombstones, landed.rejected) == (3, 0, 0, 0)
    place = landing.root / "pos" / "receipt_lines" / "2011-08" / "pass_000001.parquet"
    row = duckdb.sql(f"select * from '{place}' where sku = 'B'").to_arrow_table().to_pylist()[0]
    assert row["company_id"] == "DGS"
    assert (row["source_file"], row["source_row"], row["delivery_id"]) == ("S01/one.csv", 3, "d1")
    assert (row["pass_number"], row["is_tombstone"]) == (1, False)
    assert len(row["source_key"]) == len(row["row_checksum"]) == 32
    assert landing.next_pass() == 2
    assert not list(landing.root.glob(".work/*"))


def test_a_table_nothing_was_landed_to_can_be_read(landing: Landing) -> None:
    landing.ensure(*TABLES.values())
    for spec in TABLES.values():
        found = duckdb.sql(f"select * from '{landing.root}/{spec.name}/*/*.parquet'")
        assert found.fetchall() == []
        assert set(spec.columns) <= set(found.columns)
        assert {"company_id", "source_key", "pass_number", "document_date"} <= set(found.columns)


def test_a_landed_file_has_the_columns_of_its_anchor_in_the_same_order_and_types(landing: Landing) -> None:
    landing.land(RECEIPT_LINES, lines(*RECEIPT), pass_number=1)
    anchor, landed = (
        duckdb.sql(f"describe select * from '{landing.root}/pos/receipt_lines/{folder}/*.parquet'").fetchall()
        for folder in ("schema", "2011-08")
    )
    assert [row[:2] for row in anchor] == [row[:2] for row in landed]


def test_the_same_rows_again_in_any_order_or_from_another_file_land_nothing(landing: Landing) -> None:
    landing.land(RECEIPT_LINES, lines(*RECEIPT), pass_number=1)
    before = files(landing)
    again = [row | {"delivery_id": "d2", "source_file": "S01/two.csv", "profile": "other"} for row in RECEIPT]
    again.reverse()
    landed = landing.land(RECEIPT_LINES, lines(*again), pass_number=2)
    assert (landed.rows, landed.unchanged, landed.tombstones) == (0, 3, 0)
    assert files(landing) == before
    assert landing.dirty_since(1) == []


def test_a_restated_receipt_is_a_new_version_and_rows_gone_get_tombstones(landing: Landing) -> None:
    landing.land(RECEIPT_LINES, lines(*RECEIPT, line("R2", "A")), pass_number=1)
    restated = [RECEIPT[0], line("R1", "B", "9.99", delivery_id="d2")]
    landed = landing.land(RECEIPT_LINES, lines(*restated), pass_number=2)
    assert (landed.rows, landed.tombstones) == (1, 2)
    assert live(landing) == [
        ("R1", "A", Decimal("1.20")),
        ("R1", "B", Decimal("9.99")),
        ("R2", "A", Decimal("1.20")),
    ]
    assert landing.newest(RECEIPT_LINES, as_of_pass=1).num_rows == 4


def test_a_receipt_restated_as_it_once_was_lives_again(landing: Landing) -> None:
    for number, gross in enumerate(["1.20", "9.99", "1.20"], start=1):
        landing.land(RECEIPT_LINES, lines(line("R1", "A", gross)), pass_number=number)
        assert live(landing) == [("R1", "A", Decimal(gross))]


def test_two_deliveries_in_one_call_are_folded_in_order_and_the_older_is_kept_as_evidence(
    landing: Landing,
) -> None:
    older = [row | {"delivery_order": 1} for row in RECEIPT]
    newer = [
        line("R1", "A", "5.00", delivery_order=2, delivery_id="d2"),
        *(r | {"delivery_order": 2} for r in RECEIPT[1:]),
    ]
    landed = landing.land(RECEIPT_LINES, lines(*newer, *older), pass_number=1)
    assert (landed.rows, landed.superseded) == (3, 1)
    assert live(landing)[0] == ("R1", "A", Decimal("5.00"))
    place = landing.root / "pos" / "receipt_lines" / "2011-08" / "pass_000001.parquet"
    assert duckdb.sql(f"select gross_amount from '{place}' where is_tombstone").fetchall() == [
        (Decimal("1.20"),)
    ]
    assert landing.land(RECEIPT_LINES, lines(*older, *newer), pass_number=2).rows == 0


def test_an_hour_exported_in_two_deliveries_does_not_double(landing: Landing) -> None:
    twice = [row | {"delivery_order": order} for order in (1, 2) for row in RECEIPT]
    assert landing.land(RECEIPT_LINES, lines(*twice), pass_number=1).rows == 3
    assert len(live(landing)) == 3


def test_of_what_is_printed_twice_in_one_delivery_the_last_counts(landing: Landing) -> None:
    twice = [code(1, "Gifts") | {"source_row": 2}, code(1, "Sales") | {"source_row": 1}]
    assert landing.land(CODES, arrow(CODES, twice), pass_number=1).rows == 1
    assert live(landing, CODES, "name") == [("Gifts",)]
    assert landing.land(CODES, arrow(CODES, twice), pass_number=2, window="all").rows == 0


def test_of_two_pages_of_one_reading_the_later_counts(landing: Landing) -> None:
    pages = [code(1, "Gifts") | {"delivery_order": 2}, code(1, "Sales") | {"delivery_order": 1}]
    landed = landing.land(CODES, arrow(CODES, pages), pass_number=1)
    assert (landed.rows, landed.superseded) == (1, 1)
    assert live(landing, CODES, "name") == [("Gifts",)]


def test_lines_of_one_receipt_a_minute_apart_may_come_in_two_hourly_files(landing: Landing) -> None:
    late = datetime.fromisoformat("2011-08-18 11:00")
    landing.land(RECEIPT_LINES, lines(*RECEIPT), pass_number=1)
    landing.land(RECEIPT_LINES, lines(line("R1", "A", sold_at_local=late, delivery_id="d2")), pass_number=2)
    assert len(live(landing)) == 4


def test_a_receipt_cut_in_two_deliveries_loses_nothing(landing: Landing) -> None:
    landing.land(RECEIPT_LINES, lines(*RECEIPT[:2]), pass_number=1)
    landed = landing.land(
        RECEIPT_LINES, lines(*[r | {"delivery_id": "d2"} for r in RECEIPT[2:]]), pass_number=2
    )
    assert (landed.rows, landed.tombstones) == (1, 0)
    assert len(live(landing)) == 3


def test_a_delivery_that_does_not_vouch_for_a_receipt_takes_nothing_away_but_what_it_replaces(
    landing: Landing,
) -> None:
    landing.land(RECEIPT_LINES, lines(*RECEIPT), pass_number=1)
    part = [RECEIPT[0] | {"delivery_order": 1, "vouches": False}]
    assert landing.land(RECEIPT_LINES, lines(*part), pass_number=2).tombstones == 0
    replacing = [line("R1", "B", "9.99", delivery_order=1, vouches=False), *part]
    assert landing.land(RECEIPT_LINES, lines(*replacing), pass_number=3).tombstones == 1
    assert live(landing) == [("R1", s, Decimal(g)) for s, g in [("A", "1.20"), ("B", "9.99"), ("C", "1.20")]]


def test_a_tender_is_replaced_by_its_number(landing: Landing) -> None:
    tender = {
        "store_code": "S01", "till_code": "1", "receipt_no": "R1", "document_date": date(2011, 8, 18),
        "taken_at_local": datetime.fromisoformat("2011-08-18 10:05"), "tender_no": 1, "tender_type": "CASH",
        "tender_amount": Decimal("5.00"), "profile": "till", "occurrence": 1,
        "delivery_id": "d1", "source_file": "f", "source_row": 2,
    }  # fmt: skip
    landing.land(TENDERS, arrow(TENDERS, [tender]), pass_number=1)
    landed = landing.land(TENDERS, arrow(TENDERS, [tender | {"tender_type": "CARD"}]), pass_number=2)
    assert (landed.rows, landed.tombstones) == (1, 0)
    assert live(landing, TENDERS, "tender_no", "tender_type") == [(1, "CARD")]


def test_a_column_that_came_later_lands_nothing_again_until_it_is_filled(landing: Landing) -> None:
    tender = {"store_code": "S01", "till_code": "1", "receipt_no": "7", "document_date": date(2011, 8, 18)}
    tender |= {"tender_no": 1, "tender_type": "CARD", "tender_amount": Decimal("13.50"), "occurrence": 1}
    landing.land(TENDERS, arrow(TENDERS, [tender]), pass_number=1)
    (checksum,) = landing.newest(TENDERS).column("row_checksum").to_pylist()
    # as it was before there were tips: what homes of that time hold
    content = ["S01", "1", "7", "2011-08-18", "~", "1", "CARD", "13.50", "1"]
    assert checksum == hashlib.md5(chr(31).join(content).encode(), usedforsecurity=False).hexdigest()
    assert (
        landing.land(TENDERS, arrow(TENDERS, [tender | {"tip_amount": Decimal("1.50")}]), pass_number=3).rows
        == 1
    )
    assert live(landing, TENDERS, "tender_amount", "tip_amount") == [(Decimal("13.50"), Decimal("1.50"))]


@pytest.mark.parametrize("same_pass", [True, False])
def test_killed_between_two_files_a_second_run_loses_and_repeats_nothing(
    tmp_path: Path, same_pass: bool
) -> None:
    rows = [line(f"R{n}", "A", document_date=date(2011, 1 + n % 9, 18), source_row=n) for n in range(60)]
    restated = [row | {"gross_amount": Decimal("7.00"), "delivery_id": "d2"} for row in rows]
    whole = Landing(tmp_path / "whole", "DGS")
    killed = Landing(tmp_path / "killed", "DGS")
    for landing in (whole, killed):
        landing.land(RECEIPT_LINES, lines(*rows), pass_number=1)
    whole.land(RECEIPT_LINES, lines(*restated), pass_number=2)

    placed: list[Path] = []

    def die(place: Path) -> None:
        placed.append(place)
        if len(placed) == 4:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        killed.land(RECEIPT_LINES, lines(*restated), pass_number=2, after_file=die)
    assert len(killed.dirty_since(1)) == 4
    landed = killed.land(RECEIPT_LINES, lines(*restated), pass_number=2 if same_pass else killed.next_pass())
    assert len(landed.document_dates) == 5
    assert live(killed) == live(whole)
    everything = f"select count(*) from '{killed.root}/pos/receipt_lines/20*/*.parquet'"
    assert duckdb.sql(everything).fetchone() == (180,)  # 60 first, 60 restated, 60 tombstones


def test_a_second_call_of_one_pass_adds_to_its_file(landing: Landing) -> None:
    landing.land(RECEIPT_LINES, lines(*RECEIPT), pass_number=1)
    landing.land(RECEIPT_LINES, lines(line("R2", "A"), line("R1", "A", "4.00")), pass_number=1)
    assert [found.pass_number for found in landing.files("pos/receipt_lines")] == [1]
    assert [row[2] for row in live(landing)] == [Decimal("4.00"), Decimal("1.20")]


def nominal(id_: int, day: date, debit: str = "1.00") -> dict[str, Any]:
    return {
        "id": id_,
        "transaction_date": day,
        "debit": Decimal(debit),
        "credit": Decimal("0.00"),
        "delivery_id": "read",
        "source_file": "nominal_transaction_enquiry_views",
        "source_row": id_,
    }


def test_a_window_read_completely_gives_tombstones_inside_it_only(landing: Landing) -> None:
    rows = [nominal(n, date(2011, 8, n)) for n in range(1, 11)]
    landing.land(NOMINAL, arrow(NOMINAL, rows), pass_number=1)
    assert landing.greatest(NOMINAL, "id") == 10
    again = [row for row in rows if row["id"] in (6, 8)]
    window = (date(2011, 8, 5), date(2011, 8, 8))
    landed = landing.land(NOMINAL, arrow(NOMINAL, again), pass_number=2, window=window)
    assert (landed.rows, landed.unchanged, landed.tombstones) == (0, 2, 2)
    assert [row[0] for row in live(landing, NOMINAL, "id")] == [1, 2, 3, 4, 6, 8, 9, 10]
    assert landing.land(NOMINAL, arrow(NOMINAL, again), pass_number=3, window=window).tombstones == 0


def test_a_row_that_moves_to_another_date_and_back_is_seen_each_time(landing: Landing) -> None:
    for number, day in enumerate([1, 9, 1], start=1):
        moved = landing.land(NOMINAL, arrow(NOMINAL, [nominal(5, date(2011, 8, day))]), pass_number=number)
        assert moved.rows == 1
        assert live(landing, NOMINAL, "id", "transaction_date") == [(5, date(2011, 8, day))]


def code(id_: int, name: str) -> dict[str, Any]:
    return {
        "id": id_,
        "reference": str(id_),
        "name": name,
        "delivery_id": "r",
        "source_file": "u",
        "source_row": id_,
    }


def test_a_table_read_whole_lands_changes_and_what_vanished(landing: Landing) -> None:
    landing.land(CODES, arrow(CODES, [code(1, "Sales"), code(2, "Books")]), pass_number=1, window="all")
    landed = landing.land(CODES, arrow(CODES, [code(1, "Gifts")]), pass_number=2, window="all")
    assert (landed.rows, landed.tombstones) == (1, 1)
    assert live(landing, CODES, "id", "name") == [(1, "Gifts")]
    assert landing.rows_landed(2) == {"sage200/nominal_codes": 2}
    assert landing.land(CODES, arrow(CODES, []), pass_number=3, window="all").tombstones == 1


def test_a_stream_and_a_relation_land_as_a_table_does(landing: Landing) -> None:
    table = arrow(CODES, [code(1, "Sales"), code(2, "Books")])
    assert landing.land(CODES, table.to_reader(max_chunksize=1), pass_number=1).rows == 2
    with duckdb.connect() as elsewhere:
        assert landing.land(CODES, elsewhere.from_arrow(table), pass_number=2).unchanged == 2
        relation = elsewhere.from_arrow(table)
        assert landing.land(CODES, relation, pass_number=2, connection=elsewhere).unchanged == 2


def test_a_cell_its_type_cannot_hold_is_rejected_and_the_rest_lands(landing: Landing) -> None:
    table = pyarrow.table(
        {
            "id": ["1", "two"], "code": [1, 2], "name": ["a", "b"], "tax_rate": ["20.00", "5.00"],
            "delivery_id": ["r", "r"], "source_file": ["t", "t"], "source_row": [1, 2],
        }
    )  # fmt: skip
    landed = landing.land(sage200("tax_codes"), table, pass_number=1)
    assert (landed.rows, landed.rejected) == (1, 1)
    assert landed.rejection == "id cannot be bigint: two"


def test_money_as_a_float_and_missing_columns_are_refused(landing: Landing) -> None:
    table = pyarrow.table({"id": [1], "code": [1], "name": ["a"], "tax_rate": [20.0], "delivery_id": ["r"]})
    with pytest.raises(LandingError, match="lacks source_file, source_row"):
        landing.land(sage200("tax_codes"), table, pass_number=1)
    whole = table.append_column("source_file", [["t"]]).append_column("source_row", [[1]])
    with pytest.raises(LandingError, match="tax_rate arrived as a float"):
        landing.land(sage200("tax_codes"), whole, pass_number=1)


def test_rows_of_the_operations_store_keep_their_own_company(landing: Landing) -> None:
    spec = TABLES["operations/cutovers"]
    rows = [
        {"company_id": company, "store_id": "S01", "cutover_date": date(2011, 1, 1),
         "delivery_id": "operations", "source_file": "cutovers", "source_row": n}
        for n, company in enumerate(["DGS", "OTHER"], start=1)
    ]  # fmt: skip
    landing.land(spec, arrow(spec, rows), pass_number=1, window="all")
    assert live(landing, spec, "company_id", "store_id") == [("DGS", "S01"), ("OTHER", "S01")]


def test_each_row_lies_in_the_month_of_its_date_and_dated_order(landing: Landing) -> None:
    spec = sage200("nominal_transactions")
    days = [
        date(2012, 2, 29),
        None,
        date(2011, 12, 31),
        date(2012, 2, 1),
        date(2012, 1, 1),
        None,
        date(2011, 12, 1),
    ]
    rows = [
        {**dict.fromkeys(spec.columns), "id": n, "transaction_date": day, "delivery_id": "sage",
         "source_file": "t", "source_row": n}
        for n, day in enumerate(days, start=1)
    ]  # fmt: skip
    landing.land(spec, arrow(spec, rows), pass_number=1)
    held = {
        found.folder: pyarrow.parquet.read_table(found.path)["document_date"].to_pylist()
        for found in landing.files(spec.name)
    }
    assert held == {
        "2011-12": [date(2011, 12, 1), date(2011, 12, 31)],
        "2012-01": [date(2012, 1, 1)],
        "2012-02": [date(2012, 2, 1), date(2012, 2, 29)],
        "unknown": [None, None],
    }
