"""A corrected file makes good what an earlier one lacked, from the inbox to what is open: by data, never by a guess."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import duckdb
import pytest
from house import House

from orchestration.files import sql_path

SALES = (
    "Store,Till,ReceiptNo,Kind,SoldAt,SKU,Description,Qty,UnitPrice,"
    "Net,TaxCode,TaxRate,Tax,Gross,Customer,Destination"
)
TENDERS = "Store,Till,ReceiptNo,TenderNo,TakenAt,Tender,Amount"
DAY, LATER_DAY = "2011-03-01", "2011-03-09"


def sold(number: str, sku: str, quantity: str, pounds: int, day: str = DAY) -> str:
    return f"S01,1,{number},SALE,{day} 10:00:00,{sku},{sku},{quantity},1.000,{pounds}.00,Z,0.0,0.00,{pounds}.00,,"


def paid(number: str, pounds: int, day: str = DAY) -> str:
    return f"S01,1,{number},1,{day} 10:00:00,CASH,{pounds}.00"


class Shop(House):
    """An inbox, its landing, and the models that say what the tills still owe."""

    def __init__(self, empty_house, home: Path):
        shutil.copytree(empty_house.home, home)
        super().__init__(home)
        self.house = type(empty_house)(home)
        self.passes = 1

    def write(self, name: str, *lines: str, at: int) -> None:
        os.utime(self.drop(name, lines), (at, at))

    def look(self) -> tuple[list[tuple], dict[str, bool]]:
        """Take what is there, and build: the open exceptions of files, and which receipts are whole."""
        self.take()
        with duckdb.connect() as connection:
            connection.execute(
                f"""copy (select cast({self.passes} as bigint) as pass_number, timestamp '2011-03-10' as as_of)
                    to '{sql_path(self.house.home / "gate" / "pass.parquet")}' (format parquet)"""
            )
        self.house.dbt("run", "--select", "+int_deliveries_classed", "+int_receipts_totalled")
        with duckdb.connect(str(self.house.home / "warehouse.duckdb"), read_only=True) as connection:
            files = connection.execute(
                "select split_part(document_id, ':', 3), exception_class"
                " from exceptions.int_deliveries_classed order by all"
            ).fetchall()
            receipts = connection.execute(
                "select receipt_no || ' ' || document_date, is_complete from expected.int_receipts_totalled"
            ).fetchall()
        return files, dict(receipts)


@pytest.fixture
def shop(empty_house, tmp_path: Path) -> Shop:
    return Shop(empty_house, tmp_path / "home")


def test_a_corrected_file_frees_its_receipts_and_closes_what_it_made_good(shop: Shop) -> None:
    shop.write("S01/tenders_1.csv", TENDERS, paid("7", 30), paid("8", 40), paid("9", 5), at=1000)
    lines = [
        sold("7", "A", "10", 10),
        sold("8", "A", "10", 10),
        sold("8", "B", "30", 30),
        sold("9", "A", "5", 5),
    ]
    shop.write("S01/sales_1.csv", SALES, *lines, sold("7", "B", "six", 20), at=1000)
    shop.write("S01/sales_2011-03-02_09.csv", at=1000)
    shop.write("S01/sales_2.csv", SALES, sold("8", "B", "nil", 30, LATER_DAY), at=1000)
    files, receipts = shop.look()
    assert files == [
        ("S01/sales_1.csv", "rows_set_aside"),
        ("S01/sales_2.csv", "rows_set_aside"),
        ("S01/sales_2011-03-02_09.csv", "file_refused"),
    ]
    assert receipts == {f"7 {DAY}": False, f"8 {DAY}": True, f"9 {DAY}": True}, "8 is another day's receipt"

    shop.write("S01/sales_1 corrected.csv", SALES, *lines, sold("7", "B", "20", 20), at=2000)
    shop.write("S01/sales_2 corrected.csv", SALES, sold("8", "B", "30", 30, LATER_DAY), at=2000)
    shop.write("S01/sales_2011-03-02_09.csv", SALES, sold("10", "A", "0", 0, "2011-03-02"), at=2000)
    files, receipts = shop.look()
    assert files == [("S01/sales_2.csv", "rows_set_aside")], (
        "its tender is not known: money cannot say it is whole"
    )
    assert [name for name, is_complete in receipts.items() if not is_complete] == [f"8 {LATER_DAY}"]

    shop.write("S01/tenders_2.csv", TENDERS, paid("8", 30, LATER_DAY), at=3000)
    files, receipts = shop.look()
    assert files == []
    assert all(receipts.values())
