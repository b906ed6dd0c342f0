"""XML is read as a stream, fetches and expands nothing, and its receipts are told apart."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest
from house import House, said

from orchestration.landing_tables import SET_ASIDE_ROWS, TENDERS, TILL_CLOSURES

HEAD = '<?xml version="1.0" encoding="UTF-8"?>\n'


def line(sku: str, gross: str = "90.00") -> str:
    return (
        f'<Line soldAt="2010-12-01T08:45:00" sku="{sku}" description="CLOCK &amp; BELL" qty="24"'
        f' unitPrice="3.750" net="90.00" taxCode="E" taxRate="0.0" tax="0.00" gross="{gross}"/>\n'
    )


def receipt(number: str, *lines: str, tender: str = "90.00") -> str:
    paid = f'<Tender no="1" takenAt="2010-12-01T08:45:00" type="CARD" amount="{tender}"/>\n'
    head = f'<Receipt till="1" no="{number}" kind="SALE" customer="12583" destination="France">\n'
    return f"{head}{''.join(lines)}{paid if tender else ''}</Receipt>\n"


def receipts(*inside: str, head: str = HEAD) -> str:
    return f'{head}<Receipts store="S05">\n{"".join(inside)}</Receipts>\n'


def test_lines_and_tenders_of_a_receipt_land_with_what_stands_around_them(house: House) -> None:
    house.drop("S05/receipts_x.xml", receipts(receipt("R1", line("A"), line("B")), receipt("R2", line("A"))))
    report = house.take()
    assert (report.files_new, report.rows_read, report.rows_landed, report.rows_set_aside) == (1, 5, 5, 0)
    columns = (
        "store_code",
        "till_code",
        "receipt_no",
        "sku",
        "description",
        "destination",
        "occurrence",
        "source_row",
    )
    assert house.lines(*columns) == [
        ("S05", "1", "R1", "A", "CLOCK & BELL", "France", 1, 1),
        ("S05", "1", "R1", "B", "CLOCK & BELL", "France", 1, 2),
        ("S05", "1", "R2", "A", "CLOCK & BELL", "France", 1, 4),
    ]
    tender = house.landing.newest(TENDERS).to_pylist()[0]
    assert (tender["tender_no"], tender["tender_amount"], str(tender["document_date"])) == (
        1,
        Decimal("90.00"),
        "2010-12-01",
    )


def test_a_tip_and_the_sale_of_what_came_back_are_read_where_the_till_says_them(house: House) -> None:
    back = line("A").replace(
        ' sku="A"', ' sku="A" originalReceipt=" R1 " originalTill="2" originalDate="2010-11-30"'
    )
    tipped = receipt("R2", back, line("B")).replace('amount="90.00"', 'amount="91.50" tip="1.50"')
    house.drop("S05/receipts_x.xml", receipts(receipt("R1", line("A")), tipped))
    assert house.take().rows_set_aside == 0
    names = (
        "receipt_no",
        "sku",
        "original_store_code",
        "original_till_code",
        "original_receipt_no",
        "original_date",
    )
    assert house.lines(*names) == [
        ("R1", "A", None, None, None, None),
        ("R2", "A", None, "2", "R1", date(2010, 11, 30)),
        ("R2", "B", None, None, None, None),
    ]
    tips = {row["receipt_no"]: row["tip_amount"] for row in house.landing.newest(TENDERS).to_pylist()}
    assert tips == {"R1": None, "R2": Decimal("1.50")}


def test_closures(house: House) -> None:
    closure = (
        '<Closure till="1" zNo="1" businessDate="2010-12-01" openedAt="2010-12-01T08:00:00"'
        ' closedAt="2010-12-01T20:30:00" receipts="11" sales="1855.90" returns="0.00"'
        ' cash="120.00" card="1735.90" countedCash="120.00"/>'
    )
    house.drop("S05/closures_x.xml", f'{HEAD}<Closures store="S05">{closure}</Closures>')
    assert house.take().rows_landed == 1
    row = house.landing.newest(TILL_CLOSURES).to_pylist()[0]
    assert (row["store_code"], row["closure_no"], row["card_amount"]) == ("S05", 1, Decimal("1735.90"))


def test_two_receipts_of_one_number_in_one_file_are_two_whatever_their_order(house: House) -> None:
    both = [receipt("R1", line("A"), tender=""), receipt("R1", line("A"), line("B"))]
    house.drop("S05/receipts_x.xml", receipts(*both))
    house.take()
    first = house.lines("receipt_no", "sku", "occurrence")
    assert sorted(occurrence for *_, occurrence in first) in ([1, 1, 2], [1, 2, 2])
    of_the_long_one = next(occurrence for _, sku, occurrence in first if sku == "B")
    assert [row["occurrence"] for row in house.landing.newest(TENDERS).to_pylist()] == [of_the_long_one]
    house.drop("S05/receipts_y.xml", receipts(*reversed(both)))
    report = house.take()
    assert report.rows_landed == 0
    assert house.lines("receipt_no", "sku", "occurrence") == first


def test_the_same_receipt_in_two_files_is_one(house: House) -> None:
    house.drop("S05/receipts_x.xml", receipts(receipt("R1", line("A")), receipt("R2", line("A"))))
    house.drop("S05/receipts_y.xml", receipts(receipt("R2", line("A"))))
    house.take()
    assert house.lines("receipt_no", "occurrence") == [("R1", 1), ("R2", 1)]


BOMB = (
    '<?xml version="1.0"?>\n<!DOCTYPE lolz [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">'
    '<!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;">]>\n'
)


@pytest.mark.parametrize(
    "head",
    [
        BOMB,
        '<?xml version="1.0"?>\n<!DOCTYPE r [<!ENTITY a SYSTEM "{secret}">]>\n',
        '<?xml version="1.0"?>\n<!DOCTYPE r SYSTEM "{secret}">\n',
    ],
)
def test_nothing_is_expanded_and_nothing_is_fetched(house: House, head: str) -> None:
    secret = house.inbox.parent / "secret.txt"
    secret.write_text("the secret")
    bad = receipts(receipt("R1", line("A").replace("CLOCK", "&a;")), head=head.format(secret=secret.as_uri()))
    house.drop("S05/receipts_x.xml", bad)
    house.drop("S05/receipts_y.xml", receipts(receipt("R2", line("A"))))
    report = house.take()
    assert (report.files_refused, report.files_new) == (1, 1)
    assert "DOCTYPE or entities" in said(report)[0]
    assert "secret" not in str(house.lines("description"))
    assert house.lines("receipt_no") == [("R2",)]


def test_a_file_cut_off_is_refused_whole_and_says_where(house: House) -> None:
    whole = receipts(receipt("R1", line("A")), receipt("R2", line("A"), line("B")))
    house.drop("S05/receipts_x.xml", whole[: whole.index('sku="B"')])
    report = house.take()
    assert report.rows_landed == 0
    assert house.lines() == []
    assert said(report)[0].startswith("S05/receipts_x.xml: refused: row 9, column 1: not well formed")
    house.drop("S05/receipts_x.xml", whole)
    assert house.take().rows_landed == 5


def test_an_attribute_that_was_renamed_refuses_the_file_by_name(house: House) -> None:
    house.drop("S05/receipts_x.xml", receipts(receipt("R1", line("A"))).replace(" gross=", " total="))
    assert said(house.take()) == [
        "S05/receipts_x.xml: refused: no Line has @gross; not in the profile: @total"
    ]


def test_an_element_that_was_renamed_refuses_the_file(house: House) -> None:
    house.drop(
        "S05/receipts_x.xml",
        receipts(receipt("R1", line("A"))).replace("Receipt ", "Bill ").replace("Receipt>", "Bill>"),
    )
    house.drop("S05/receipts_y.xml", receipts(line("A")))
    refused = said(house.take())
    assert any("Line stands outside a Receipt" in message for message in refused)
    assert house.lines() == []


def test_a_file_of_no_receipts_is_a_delivery_of_nothing(house: House) -> None:
    house.drop("S05/receipts_x.xml", receipts())
    report = house.take()
    assert (report.files_new, report.rows_read) == (1, 0)


def test_a_bad_cell_sets_its_row_aside_and_the_receipt_goes_on(house: House) -> None:
    house.drop("S05/receipts_x.xml", receipts(receipt("R1", line("A"), line("B", "9,000.00"), line("C"))))
    report = house.take()
    why = "has a thousands separator, or another decimal sign than .: 9,000.00"
    assert said(report) == [f"S05/receipts_x.xml, row 2, column gross: {why}"]
    assert (report.rows_read, report.rows_set_aside, len(house.lines())) == (4, 1, 2)
    aside = house.landing.newest(SET_ASIDE_ROWS).to_pylist()[0]
    assert (aside["store_code"], aside["receipt_no"]) == ("S05", "R1")
    assert "@gross=9,000.00" in aside["raw_text"]


def test_namespaces_and_values_in_child_elements_are_found(house: House) -> None:
    profiles = house.inbox.parent / "profiles"
    profiles.mkdir()
    (profiles / "shop.toml").write_text(
        """
        folders = ["shop"]
        format = "xml"
        [[export]]
        name = "list"
        files = ["*.xml"]
        unit = "Item"
        [[export.tables]]
        table = "pos/products"
        element = "Item"
        columns = { sku = "Code", unit_price = "Price", store_code = "List@shop" }
        """
    )
    item = "<p:Item><p:Code>A &lt;1&gt;</p:Code><p:Price>1.50</p:Price></p:Item>"
    house.drop("shop/a.xml", f'<p:List xmlns:p="urn:p" shop="S07">{item}</p:List>')
    assert house.take().rows_landed == 1
