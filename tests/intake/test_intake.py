"""Every file a till drops ends as a clear message, and no row is lost or counted twice."""

from __future__ import annotations

import random
import shutil
from collections import Counter
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from house import House, said

from orchestration.landing import Landing
from orchestration.landing_tables import (
    DELIVERIES,
    PRODUCTS,
    RECEIPT_LINES,
    SET_ASIDE_ROWS,
    TENDERS,
    TILL_CLOSURES,
)
from orchestration.tills.intake import IntakeReport

SALES = (
    "Store,Till,ReceiptNo,Kind,SoldAt,SKU,Description,Qty,UnitPrice,Net,TaxCode,TaxRate,Tax,Gross,"
    "Customer,Destination"
)
BRANCH = (
    "Branch;Register;Receipt;Type;When;Item;Text;Quantity;Price;NetValue;VATCode;VATPercent;VATValue;Total;"
    "Account;Country"
)


def sale(receipt: str, sku: str, qty: str = "1", gross: str = "1.20", at: str = "2011-08-18 10:05:00") -> str:
    return f"S01,1,{receipt},SALE,{at},{sku},A GIFT,{qty},1.000,1.00,S,20.0,0.20,{gross},17850,United Kingdom"


ONE_HOUR = [SALES, sale("R1", "A"), sale("R1", "B"), sale("R2", "A"), sale("R2", "C")]


def of_till(till: str, row: str) -> str:
    """The same row, printed by a till of its own: no other file of an intake has its receipts."""
    return row.replace("S01,1,", f"S01,{till},", 1)


@pytest.fixture(scope="module")
def one_hour(tmp_path_factory: pytest.TempPathFactory) -> tuple[House, IntakeReport]:
    """One hour's sales, taken once. Only read here: `copied_to` gives a test its own."""
    house = House(tmp_path_factory.mktemp("one_hour"))
    house.drop("S01/sales_x.csv", ONE_HOUR)
    return house, house.take()


def test_rows_are_typed_and_keep_where_they_came_from(one_hour: tuple[House, IntakeReport]) -> None:
    house, report = one_hour
    assert (report.files_new, report.rows_read, report.rows_landed, report.rows_set_aside) == (1, 4, 4, 0)
    row = house.landing.newest(RECEIPT_LINES, where="receipt_no = 'R2' and sku = 'C'").to_pylist()[0]
    assert str(row["sold_at_local"]) == "2011-08-18 10:05:00"
    assert str(row["document_date"]) == "2011-08-18"
    assert (row["gross_amount"], row["tax_rate"]) == (Decimal("1.20"), Decimal("20.000"))
    assert (row["source_file"], row["source_row"], row["profile"]) == (
        "S01/sales_x.csv",
        5,
        "comma_till/sales",
    )
    delivery = house.delivery("S01/sales_x.csv")
    assert (delivery["status"], delivery["rows_read"], delivery["rows_landed"]) == ("accepted", 4, 4)
    assert delivery["delivery_id"] == row["delivery_id"]


def test_semicolons_bom_crlf_uk_dates_and_own_store_codes(house: House) -> None:
    line = (
        'BR3;1;536365;SALE;01/12/2010 08:26;85123A;"WHITE; ""HEART""";6;2.550;15.30;S;17.5;2.68;17.98;17850;'
        "United Kingdom"
    )
    house.drop("S03/sales_2010-12.csv", ("\ufeff" + BRANCH + "\r\n" + line + "\r\n").encode())
    headers = "Branch;Register;ZNumber;TradingDate;Opened;Closed;Receipts;SalesTotal;ReturnsTotal;CashTotal;"
    z = "BR3;1;1;01/12/2010;01/12/2010 08:00;01/12/2010 20:30;12;2204.70;0.00;163.46;2041.24;163.46"
    house.drop("S03/closures_2010-12.csv", f"\ufeff{headers}CardTotal;CashCounted\r\n{z}\r\n")
    assert house.take().rows_landed == 2
    assert house.lines("store_code", "description", "document_date")[0][:2] == ("BR3", 'WHITE; "HEART"')
    closure = house.landing.newest(TILL_CLOSURES).to_pylist()[0]
    assert (str(closure["business_date"]), closure["cash_amount"]) == ("2010-12-01", Decimal("163.46"))


def test_the_same_file_twice_changes_nothing_under_any_name(
    one_hour: tuple[House, IntakeReport], tmp_path: Path
) -> None:
    house = one_hour[0].copied_to(tmp_path / "home")
    place = house.inbox / "S01" / "sales_x.csv"
    before = house.lines()
    assert house.take().files_known == 1
    assert house.landed() == {}
    shutil.copyfile(place, house.inbox / "S01" / "sales_x (1).csv")
    report = house.take()
    assert (report.files_known, report.files_duplicate, report.rows_landed) == (1, 1, 0)
    assert house.delivery("S01/sales_x (1).csv")["duplicate_of"] == "S01/sales_x.csv"
    assert house.landed() == {"intake/deliveries": 1}
    assert house.lines() == before
    place.touch()
    assert house.take().files_known == 2
    assert house.lines() == before


def test_two_copies_in_one_intake_are_one_delivery_and_one_duplicate(house: House) -> None:
    for name in ("S01/sales_x (1).csv", "S01/sales_x.csv"):
        house.drop(name, ONE_HOUR)
    report = house.take()
    assert (report.files_new, report.files_duplicate, report.rows_landed) == (1, 1, 4)
    assert house.delivery("S01/sales_x.csv")["status"] == "accepted"


def cut_anywhere(rows: list[str], at: int) -> list[list[str]]:
    return [[SALES, *rows[:at]], [SALES, *rows[at:]]]


def many_receipts() -> list[str]:
    """Twelve receipts of four to nine lines, two of them with identical lines."""
    rows = [sale(f"R{n:02}", f"SKU{n}{line}") for n in range(12) for line in range(4 + n % 6)]
    return [*rows[:3], rows[2], *rows[3:20], rows[19], rows[19], *rows[20:]]


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> tuple[House, list[tuple[Any, ...]]]:
    """The receipts taken as one file, and their lines. Only read here."""
    house = House(tmp_path_factory.mktemp("whole"))
    house.drop("S01/sales_whole.csv", [SALES, *many_receipts()])
    house.take()
    return house, house.lines("receipt_no", "sku", "line_occurrence")


@pytest.mark.parametrize("at", [7, 22, 45])
@pytest.mark.parametrize("shuffled", [False, True])
@pytest.mark.parametrize("whole_first", [False, True])
def test_a_file_shuffled_or_cut_in_two_gives_the_same_lines(
    whole: tuple[House, list[tuple[Any, ...]]], tmp_path: Path, at: int, shuffled: bool, whole_first: bool
) -> None:
    rows = many_receipts()
    taken, lines = whole
    house = taken.copied_to(tmp_path / "home") if whole_first else House(tmp_path / "home")
    if shuffled:
        random.Random(at).shuffle(rows)  # noqa: S311 - an order, not a secret
    for number, part in enumerate(cut_anywhere(rows, at)):
        house.drop(f"S01/sales_part{number}.csv", part)
    report = house.take()
    assert report.landed["pos/receipt_lines"].tombstones == 0
    assert house.lines("receipt_no", "sku", "line_occurrence") == lines
    if whole_first:
        assert house.landed() == {"intake/deliveries": 2}


def test_a_file_cut_at_a_line_end_in_two_passes_loses_nothing(house: House) -> None:
    rows = many_receipts()
    for number, part in enumerate(cut_anywhere(rows, 27)):
        house.drop(f"S01/sales_part{number}.csv", part)
        house.take()
    assert len(house.lines()) == len(rows)


def test_an_hour_exported_again_with_a_corrected_receipt_is_a_new_version(house: House) -> None:
    house.drop("S01/sales_10.csv", [SALES, sale("R0", "X"), *ONE_HOUR[1:], sale("R9", "Z")])
    house.take()
    corrected = [
        SALES,
        sale("R0", "X"),
        sale("R1", "A", "3"),
        sale("R1", "B"),
        sale("R2", "A"),
        sale("R9", "Z"),
    ]
    house.drop("S01/sales_10_again.csv", corrected)
    report = house.take()
    assert (report.landed["pos/receipt_lines"].rows, report.landed["pos/receipt_lines"].tombstones) == (1, 2)
    assert [row for row in house.lines() if row[0] in ("R1", "R2")] == [
        ("R1", "A", Decimal(3)),
        ("R1", "B", Decimal(1)),
        ("R2", "A", Decimal(1)),
    ]


def test_one_receipt_sent_again_with_other_content_is_a_new_version(house: House) -> None:
    house.drop("S01/sales_10.csv", ONE_HOUR)
    house.drop("S01/sales_fix.csv", [SALES, sale("R2", "A", "5"), sale("R2", "C")])
    house.take()
    assert [row[2] for row in house.lines() if row[0] == "R2"] == [Decimal(5), Decimal(1)]


def test_headers_renamed_are_refused_by_name_and_further_columns_do_no_harm(house: House) -> None:
    house.drop("S01/sales_renamed.csv", [SALES.replace("Qty", "Quantity"), sale("R1", "A")])
    house.drop("S01/sales_more.csv", [f"{SALES},Cashier", f"{sale('R2', 'A')},Ann"])
    house.drop(
        "S01/sales_fewer.csv", [SALES.replace(",Customer,Destination", ""), sale("R3", "A").rsplit(",", 2)[0]]
    )
    report = house.take()
    assert (
        "S01/sales_renamed.csv: refused: row 1: columns missing: Qty; not in the profile: Quantity"
        in said(report)
    )
    assert "S01/sales_more.csv: 1 further column(s) not in the profile: Cashier" in said(report)
    assert house.lines("receipt_no", "destination") == [("R2", "United Kingdom"), ("R3", None)]


def test_columns_in_another_order_are_found_by_their_headers(
    house: House, one_hour: tuple[House, IntakeReport]
) -> None:
    rows = [line.split(",") for line in ONE_HOUR]
    house.drop("S01/sales_x.csv", [",".join(reversed(row)) for row in rows])
    house.take()
    assert house.lines(*RECEIPT_LINES.columns) == one_hour[0].lines(*RECEIPT_LINES.columns)


LATIN = "\n".join([*ONE_HOUR, sale("R3", "£")]).encode("latin-1")
REFUSED = [
    ("sales_empty.csv", b"", "the file is empty"),
    ("sales_tabs.csv", "\n".join(ONE_HOUR).replace(",", ";").encode(), "wrong delimiter: columns are"),
    ("sales_latin.csv", LATIN, "row 6, byte"),
    ("sales_utf16.csv", "\n".join(ONE_HOUR).encode("utf-16"), "the file is UTF-16"),
    ("stock_x.csv", b"anything", "no profile takes a file of this name"),
]


@pytest.fixture(scope="module")
def refused(tmp_path_factory: pytest.TempPathFactory) -> tuple[House, IntakeReport]:
    """Every file that cannot be taken, in one intake with a good one. Only read here."""
    house = House(tmp_path_factory.mktemp("refused"))
    for name, content, _ in REFUSED:
        house.drop(f"S01/{name}", content)
    house.drop("S01/sales_good.csv", ONE_HOUR)
    return house, house.take()


def test_files_that_cannot_be_taken_are_known_the_next_time_and_the_others_go_on(
    refused: tuple[House, IntakeReport], tmp_path: Path
) -> None:
    house, report = refused
    assert (report.files_refused, report.files_new, report.rows_landed) == (len(REFUSED), 1, 4)
    assert len(house.lines()) == 4
    assert house.copied_to(tmp_path / "home").take().files_known == len(REFUSED) + 1


@pytest.mark.parametrize(("name", "words"), [(name, words) for name, _, words in REFUSED])
def test_a_file_that_cannot_be_taken_is_refused_in_words(
    refused: tuple[House, IntakeReport], name: str, words: str
) -> None:
    house, report = refused
    assert words in house.delivery(f"S01/{name}")["message"]
    assert house.delivery(f"S01/{name}")["status"] == "refused"
    assert any(words in message and name in message for message in said(report))


def test_the_byte_that_is_not_utf8_is_named(refused: tuple[House, IntakeReport]) -> None:
    where = f"row 6, byte {LATIN.index(0xA3)}: 0xA3 is not UTF-8"
    assert refused[0].delivery("S01/sales_latin.csv")["message"].startswith(where)


def test_a_file_still_being_written_waits_for_the_next_time(house: House) -> None:
    place = house.drop("S01/sales_x.csv", ONE_HOUR)
    house.drop("S01/sales_y.csv.part", ONE_HOUR[:2])
    changed = place.stat().st_mtime
    report = house.take(now=changed + 1)
    assert (report.files_waiting, report.rows_landed) == (2, 0)
    assert house.landed() == {}
    assert house.take(now=changed + 3).rows_landed == 4


def test_a_last_row_cut_off_is_set_aside_and_the_whole_file_mends_it(house: House) -> None:
    whole = "".join(f"{line}\n" for line in ONE_HOUR)
    house.drop("S01/sales_x.csv", whole[:-30])
    report = house.take()
    assert (report.rows_read, report.rows_landed, report.rows_set_aside) == (4, 3, 1)
    aside = house.landing.newest(SET_ASIDE_ROWS).to_pylist()[0]
    assert aside["source_row"] == 5
    assert aside["raw_text"].startswith("S01,1,R2")
    house.drop("S01/sales_x.csv", whole)
    house.take()
    assert len(house.lines()) == 4


def test_a_last_row_with_every_column_but_no_line_end_may_be_cut_off(house: House) -> None:
    house.drop("S01/sales_x.csv", "\n".join(ONE_HOUR))
    report = house.take()
    expected = "S01/sales_x.csv, row 5: the file ends without a line end: this row may be cut off"
    assert said(report) == [expected]
    assert house.landing.newest(SET_ASIDE_ROWS).to_pylist()[0]["raw_text"] == ONE_HOUR[-1]
    assert len(house.lines()) == 3


BAD_ROWS: list[tuple[Callable[[str], str], str | None, str]] = [
        (lambda row: row.replace(",1,1.000,", ",1O,1.000,"), "Qty", "is not a number: 1O"),
        (lambda row: row.replace(",1,1.000,", ",,1.000,"), "Qty", "is empty"),
        (lambda row: row.replace(",1.20,", ',"1,200.00",'), "Gross", "thousands separator"),
        (lambda row: row.replace(",1.20,", ',"1,20",'), "Gross", "is not a number: 1,20"),
        (lambda row: row.replace(",1.20,", ",1.205,"), "Gross", "has more than 2 decimals: 1.205"),
        (lambda row: row.replace(",1.20,", ",1e3,"), "Gross", "is not a number: 1e3"),
        (lambda row: row.replace("2011-08-18", "18/08/2011"), "SoldAt", "is not a time like yyyy-mm-dd"),
        (lambda row: row.replace("2011-08-18", "0011-08-18"), "SoldAt", "is not a time like"),
        (lambda row: row.replace(",R2,", ",,"), "ReceiptNo", "is empty"),
        (lambda row: row + ",more", None, "the row has more columns than the header"),
        (lambda row: row.rsplit(",", 3)[0], None, "the row has fewer columns than the header"),
        (lambda row: row.replace("A GIFT", '"A" GIFT'), None, "a quote is opened"),
]  # fmt: skip


def bad_row(case: int) -> str:
    return BAD_ROWS[case][0](of_till(f"T{case}", sale("R2", "BAD")))


@pytest.fixture(scope="module")
def bad_rows(tmp_path_factory: pytest.TempPathFactory) -> tuple[House, IntakeReport]:
    """A file for each bad row, of a till each, in one intake. Only read here."""
    house = House(tmp_path_factory.mktemp("bad_rows"))
    for case in range(len(BAD_ROWS)):
        first, second, *others = (
            of_till(f"T{case}", sale(receipt, sku))
            for receipt, sku in (("R1", "A"), ("R2", "B"), ("R2", "C"), ("R3", "D"))
        )
        house.drop(f"S01/sales_{case}.csv", [SALES, first, second, bad_row(case), *others])
    return house, house.take()


def test_bad_rows_are_counted_and_good_ones_land(bad_rows: tuple[House, IntakeReport]) -> None:
    house, report = bad_rows
    cases = len(BAD_ROWS)
    counts = (report.files_new, report.rows_read, report.rows_landed, report.rows_set_aside)
    assert counts == (cases, 5 * cases, 4 * cases, cases)
    assert house.landing.newest(SET_ASIDE_ROWS).num_rows == cases
    assert len(house.lines()) == 4 * cases


@pytest.mark.parametrize("case", range(len(BAD_ROWS)), ids=[reason for _, _, reason in BAD_ROWS])
def test_a_bad_row_is_set_aside_with_row_column_and_reason_and_good_rows_go_on(
    bad_rows: tuple[House, IntakeReport], case: int
) -> None:
    house, _ = bad_rows
    _, column, reason = BAD_ROWS[case]
    name = f"S01/sales_{case}.csv"
    delivery = house.delivery(name)
    of_file = f"delivery_id = '{delivery['delivery_id']}'"
    aside = house.landing.newest(SET_ASIDE_ROWS, where=of_file).to_pylist()
    assert [(row["source_row"], row["column_name"]) for row in aside] == [(4, column)]
    assert reason in aside[0]["reason"]
    assert aside[0]["raw_text"].replace('"', "") == bad_row(case).replace('"', "")
    good = house.landing.newest(RECEIPT_LINES, ["sku", "source_row", "source_file"], of_file).to_pylist()
    assert sorted(tuple(row.values()) for row in good) == [
        (sku, row, name) for sku, row in (("A", 2), ("B", 3), ("C", 5), ("D", 6))
    ]
    assert delivery["status"] == "partly_accepted"
    assert (delivery["rows_read"], delivery["rows_landed"], delivery["rows_set_aside"]) == (5, 4, 1)
    assert delivery["message"].startswith("1 of 5 rows set aside; the first: row 4")


def test_a_quote_never_closed_costs_one_row_not_the_rest_of_the_file(house: House) -> None:
    bad = sale("R2", "BAD").replace("A GIFT", '"A GIFT')
    house.drop("S01/sales_x.csv", [*ONE_HOUR, bad, sale("R3", "D"), sale("R3", "E", "x"), sale("R4", "F")])
    report = house.take()
    assert said(report) == [
        "S01/sales_x.csv, row 6: a quote is opened and not closed, or closed too early",
        "S01/sales_x.csv, row 8, column Qty: is not a number: x",
    ]
    assert [row for row in house.lines("receipt_no", "source_row") if row[0] in ("R3", "R4")] == [
        ("R3", 7),
        ("R4", 9),
    ]


def test_a_bad_row_does_not_take_its_good_neighbours_away_when_sent_again(house: House) -> None:
    house.drop("S01/sales_x.csv", [SALES, sale("R0", "X"), sale("R1", "A"), sale("R1", "B"), sale("R9", "Z")])
    house.take()
    again = [SALES, sale("R0", "X"), sale("R1", "A"), sale("R1", "B", "six"), sale("R9", "Z")]
    house.drop("S01/sales_again.csv", again)
    assert house.take().landed["pos/receipt_lines"].tombstones == 0
    assert len(house.lines()) == 4


def test_line_ends_of_any_kind_even_mixed_are_read(house: House) -> None:
    kinds = {"T1": "\r\n", "T2": "\n", "T3": "\r"}
    for till, ends in kinds.items():
        house.drop(f"S01/sales_{till}.csv", "".join(f"{of_till(till, line)}{ends}" for line in ONE_HOUR))
    house.drop("S01/sales_y.csv", f"{SALES}\r\n{sale('M1', 'A')}\n{sale('M1', 'B')}\r\n")
    assert house.take().rows_landed == 4 * len(kinds) + 2
    read = Counter(till for (till,) in house.lines("till_code"))
    assert read == {**dict.fromkeys(kinds, 4), "1": 2}


def test_a_cell_of_two_lines_and_a_name_with_brackets_are_read(house: House) -> None:
    two_lines = sale("R1", "A").replace("A GIFT", '"A\nGIFT"')
    house.drop("S01/sales_[1]*.csv", [SALES, two_lines, sale("R2", "B"), ""])
    assert house.take().rows_landed == 2
    assert house.lines("description", "source_row") == [("A GIFT", 3), ("A\nGIFT", 2)]


def test_a_header_without_rows_is_an_accepted_delivery_of_nothing(house: House) -> None:
    house.drop("S01/sales_x.csv", [SALES])
    report = house.take()
    assert (report.files_new, report.rows_read) == (1, 0)
    assert house.delivery("S01/sales_x.csv")["message"] == "holds no rows"


def test_tenders_and_products(house: House) -> None:
    tenders = "Store,Till,ReceiptNo,TenderNo,TakenAt,Tender,Amount"
    tender = "S01,1,R1,{},2011-08-18 10:05:00,{},{}"
    house.drop(
        "S01/tenders_x.csv", [tenders, tender.format(1, "CASH", "1.00"), tender.format(2, "CARD", "-0.50")]
    )
    house.drop(
        "S01/tenders_y.csv", [tenders, tender.format(1, "CASH", "1.00"), tender.format(1, "CARD", "2.00")]
    )
    house.drop(
        "S01/products.csv", ["Store,SKU,Description,TaxCode,UnitPrice", "S01,a,,S,2.550", "S01,A,X,S,2.550"]
    )
    report = house.take()
    assert "is in this file more than once, with other content" in "".join(said(report))
    rows = house.landing.newest(TENDERS).to_pylist()
    assert sorted((row["tender_no"], row["tender_amount"]) for row in rows) == [
        (1, Decimal("1.00")),
        (2, Decimal("-0.50")),
    ]
    assert house.landing.newest(PRODUCTS).num_rows == 2


def test_a_tip_is_read_where_the_till_has_a_column_for_it(house: House) -> None:
    tenders = "Store,Till,ReceiptNo,TenderNo,TakenAt,Tender,Amount,Tip"
    tender = "S01,1,R1,{},2011-08-18 10:05:00,CARD,13.50,{}"
    cells = ("1.50", "", "a lot")
    house.drop("S01/tenders_x.csv", [tenders, *(tender.format(at, tip) for at, tip in enumerate(cells, 1))])
    report = house.take()
    assert "S01/tenders_x.csv, row 4, column Tip: is not a number: a lot" in said(report)
    rows = house.landing.newest(TENDERS).to_pylist()
    assert sorted((row["tender_no"], row["tip_amount"]) for row in rows) == [(1, Decimal("1.50")), (2, None)]


def test_killed_before_the_deliveries_are_written_it_is_done_again_and_lands_once(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    house.drop("S01/sales_x.csv", ONE_HOUR)
    land = Landing.land

    def die(landing: Landing, spec: Any, *rows: Any, **more: Any) -> Any:
        if spec is DELIVERIES:
            raise KeyboardInterrupt
        return land(landing, spec, *rows, **more)

    with monkeypatch.context() as killed, pytest.raises(KeyboardInterrupt):
        killed.setattr(Landing, "land", die)
        house.take()
    report = house.take()
    assert (report.files_new, report.rows_landed) == (1, 0)
    assert len(house.lines()) == 4
    assert house.delivery("S01/sales_x.csv")["status"] == "accepted"


def test_a_mended_profile_reads_again_what_it_could_not(house: House) -> None:
    profile = """
        folders = ["shop"]
        decimal = "{}"
        [[export]]
        name = "list"
        files = ["list*.csv"]
        table = "pos/products"
        columns = {{ sku = "Code", unit_price = "Price" }}
        fixed = {{ store_code = "S07" }}
    """
    profiles = house.inbox.parent / "profiles"
    profiles.mkdir()
    (profiles / "shop.toml").write_text(profile.format("."))
    house.drop("shop/list.csv", ["Code,Price", 'A,"1,50"', "B,2"])
    assert (house.take().rows_set_aside, house.take().files_known) == (1, 1)
    (profiles / "shop.toml").write_text(profile.format(","))
    assert house.take().rows_set_aside == 0
    rows = house.landing.newest(PRODUCTS).to_pylist()
    assert sorted((row["store_code"], row["sku"], row["unit_price"]) for row in rows) == [
        ("S07", "A", Decimal("1.500")),
        ("S07", "B", Decimal("2.000")),
    ]
    assert house.landing.newest(SET_ASIDE_ROWS).num_rows == 0
    assert house.delivery("shop/list.csv")["status"] == "accepted"


@pytest.mark.parametrize("bad_row", [None, 40_000])
def test_a_file_that_several_threads_read_keeps_the_place_of_each_row(
    house: House, bad_row: int | None
) -> None:
    article = "A GIFT " * 20  # long rows: a thread begins anew after eight million bytes
    for till in ("1", "2"):
        rows = [of_till(till, sale(f"R{n}", "A")).replace("A GIFT", article) for n in range(2, 40_000)]
        rows += ["" if bad_row is None else "S01,1,R0", ""]
        rows += [of_till(till, sale(f"R{n + (bad_row is not None)}", "A")) for n in range(40_000, 80_000)]
        house.drop(f"S01/sales_{till}.csv", [SALES, *rows])
    report = house.take()
    assert report.rows_set_aside == (0 if bad_row is None else 2)
    landed = house.landing.newest(RECEIPT_LINES, ["source_file", "source_row", "receipt_no"])
    assert landed.num_rows == 2 * 79_998
    assert landed["receipt_no"].to_pylist() == [f"R{row}" for row in landed["source_row"].to_pylist()]
