"""Every kind of event, from the rows a till writes to the documents and legs that Sage should hold for it."""

from __future__ import annotations

import shutil
from dataclasses import dataclass, field

import pytest

from orchestration.defs.checks import RECEIVED_AND_JUDGED
from orchestration.landing import Landing
from orchestration.operations.landing import land_operations
from orchestration.operations.store import Operations
from orchestration.tills.intake import intake

LINES = (
    "Store,Till,ReceiptNo,Kind,SoldAt,SKU,Description,Qty,UnitPrice,Net,TaxCode,TaxRate,Tax,Gross,"
    "Customer,Destination,OriginalReceipt,OriginalTill,OriginalDate"
)
TENDERS = "Store,Till,ReceiptNo,TenderNo,TakenAt,Tender,Amount,Tip"

MAPPINGS = {
    "companies": "company_id,name,currency,ledger_kind,suspense_nominal_code,grace_hours,late_policy,"
    "tax_rounding_cap_pence,outside_scope_tax_code\nDGS,Demo,GBP,sage200,9998,2,hold,5,9\n",
    "stores": "company_id,store_id,store_code,name,zone,day_cutoff_minutes,currency,till_customer_reference,"
    "cost_centre,department,valid_from,valid_to\nDGS,S01,S01,Leeds,Europe/London,0,GBP,TILL01,S01,,2010-01-01,\n",
    "tax_mappings": "company_id,till_tax_code,tax_code,required_rate,valid_from,valid_to\n"
    "DGS,S,3,17.5,2010-01-01,2011-01-03\nDGS,S,1,20,2011-01-04,\nDGS,R,5,5,2010-01-01,\nDGS,Z,2,0,2010-01-01,\n",
    "cutovers": "company_id,store_id,cutover_date\nDGS,S01,2011-01-04\n",
    "nominal_mappings": "company_id,category,store_id,nominal_code,cost_centre,department,valid_from,valid_to\n"
    "DGS,gift,*,4005,,,2010-01-01,2011-01-03\nDGS,gift,*,4000,,,2011-01-04,\n"
    + "".join(
        f"DGS,{category},*,{code},,,2010-01-01,\n"
        for category, code in {
            "carriage": "4905",
            "discount": "4100",
            "promotion": "4101",
            "coupon": "4102",
            "gift_card": "2251",
            "multi_purpose_voucher": "2252",
            "voucher": "4200",
            "deposit": "2260",
            "tip": "2270",
            "cash_rounding": "4999",
        }.items()
    ),
    "tender_mappings": "company_id,tender_type,store_id,bank_code,settlement,category,till_tax_code,"
    "valid_from,valid_to\n"
    "DGS,SPV_S,*,,nominal,voucher,S,2010-01-01,\nDGS,CARD_OF_OURS,*,,nominal,gift_card,,2010-01-01,\n"
    + "".join(
        f"DGS,{tender},*,{bank},{settlement},,,2010-01-01,\n"
        for tender, bank, settlement in (
            ("CASH", "CASH01", "bank"),
            ("CARD", "CARD01", "bank"),
            ("GIFT_CARD", "GIFT01", "bank"),
            ("VOUCHER", "VOUCH01", "bank"),
            ("DEPOSIT", "DEPO01", "bank"),
            ("COUPON", "COUP01", "bank"),
            ("ACCOUNT", "", "account"),
        )
    ),
    "customer_mappings": "company_id,customer_no,customer_reference,valid_from,valid_to\n"
    "DGS,17850,ACME01,2010-01-01,\n",
    "sku_mappings": "company_id,sku,category,valid_from,valid_to\n"
    + "".join(
        f"DGS,{sku},{category},2010-01-01,\n"
        for sku, category in {
            "MUG": "gift",
            "POST": "carriage",
            "OFF": "discount",
            "PROMO": "promotion",
            "OWNCOUP": "coupon",
            "GC25": "gift_card",
            "MPV": "multi_purpose_voucher",
            "SPV": "voucher",
            "DEP": "deposit",
            "TIP": "tip",
            "ROUND": "cash_rounding",
            "PAYACC": "account_payment",
        }.items()
    ),
}

S, OLD, REDUCED, ZERO, NONE = ("S", "20.0"), ("S", "17.5"), ("R", "5.0"), ("Z", "0.0"), ("N", "0.0")


@dataclass
class Event:
    """A receipt as its till prints it, and what it must become.

    `lines` are (SKU, net pence, VAT pence, (code, rate)), `tenders` (type, pence) and the tip in it, if any.
    `documents` are (kind, ordinal, gross, VAT, customer, bank), `legs` (kind, nominal, Sage's tax code, net, VAT), in
    pence.
    """

    lines: list[tuple[str, int, int, tuple[str, str]]]
    tenders: list[tuple[str, int] | tuple[str, int, int]] = field(default_factory=list)
    documents: list[tuple[str, int, int, int, str, str | None]] = field(default_factory=list)
    legs: list[tuple[str, str, int, int, int]] = field(default_factory=list)
    kind: str = "SALE"
    day: str = "2011-02-10"
    customer: str = ""
    reason: str | None = None
    of: tuple[str, str, str] = ("", "", "")
    """The sale that the till names for what came back: the event's name here, its till and its date."""
    sold_at: str = "10:00:00"
    paid_at: str = ""
    """When, where another day than it was sold."""
    open_pence: int = 0
    """What rightly stays on the account of the customer."""


def goods(kind: str, gross: int, tax: int, customer: str = "TILL01") -> tuple[str, int, int, int, str, None]:
    return kind, 1, gross, tax, customer, None


def money(kind: str, ordinal: int, gross: int, bank: str, customer: str = "TILL01"):
    return kind, ordinal, gross, 0, customer, bank


SALE = [("MUG", 1000, 200, S)]
EVENTS: dict[str, Event] = {
    "sale": Event(
        SALE,
        [("CASH", 1200)],
        [goods("invoice", 1200, 200), money("receipt", 1, 1200, "CASH01")],
        [("invoice", "4000", 1, 1000, 200)],
    ),
    "last sale at 17.5%": Event(
        [("MUG", 1000, 175, OLD)],
        [("CARD", 1175)],
        [goods("invoice", 1175, 175), money("receipt", 1, 1175, "CARD01")],
        [("invoice", "4005", 3, 1000, 175)],
        day="2011-01-03",
    ),
    "first sale at 20%": Event(
        SALE,
        [("CARD", 1200)],
        [goods("invoice", 1200, 200), money("receipt", 1, 1200, "CARD01")],
        [("invoice", "4000", 1, 1000, 200)],
        day="2011-01-04",
    ),
    "return": Event(
        [("MUG", -1000, -200, S)],
        [("CASH", -1200)],
        [goods("credit_note", 1200, 200), money("payment", 1, 1200, "CASH01")],
        [("credit_note", "4000", 1, 1000, 200)],
        kind="REFUND",
    ),
    "refund in a later period of what was sold at 17.5%": Event(
        [("MUG", -1000, -175, OLD)],
        [("CARD", -1175)],
        [goods("credit_note", 1175, 175), money("payment", 1, 1175, "CARD01")],
        [("credit_note", "4000", 3, 1000, 175)],
        kind="REFUND",
    ),
    # its till names the sale: that was at 17.5%, and gifts had another nominal account then
    "refund of a sale that the till names": Event(
        [("MUG", -1000, -175, OLD)],
        [("CARD", -1175)],
        [goods("credit_note", 1175, 175), money("payment", 1, 1175, "CARD01")],
        [("credit_note", "4005", 3, 1000, 175)],
        kind="REFUND",
        of=("last sale at 17.5%", "", ""),
    ),
    "more of it again, by till and date": Event(
        [("MUG", -1000, -175, OLD)],
        [("CARD", -1175)],
        [goods("credit_note", 1175, 175), money("payment", 1, 1175, "CARD01")],
        [("credit_note", "4005", 3, 1000, 175)],
        kind="REFUND",
        of=("last sale at 17.5%", "1", "2011-01-03"),
    ),
    "refund of a sale that is not here": Event(
        [("MUG", -1000, -200, S)],
        [("CARD", -1200)],
        [goods("credit_note", 1200, 200), money("payment", 1, 1200, "CARD01")],
        [("credit_note", "4000", 1, 1000, 200)],
        kind="REFUND",
        of=("99", "", ""),
    ),
    "refund of another day's receipt of that number": Event(
        [("MUG", -1000, -200, S)],
        [("CARD", -1200)],
        [goods("credit_note", 1200, 200), money("payment", 1, 1200, "CARD01")],
        [("credit_note", "4000", 1, 1000, 200)],
        kind="REFUND",
        of=("last sale at 17.5%", "", "2011-01-02"),
    ),
    "refund to another tender": Event(
        [("MUG", -1000, -200, S)],
        [("GIFT_CARD", -1200)],
        [goods("credit_note", 1200, 200), money("payment", 1, 1200, "GIFT01")],
        [("credit_note", "4000", 1, 1000, 200)],
        kind="REFUND",
    ),
    "even exchange": Event(
        [("MUG", -1000, -200, S), *SALE],
        [],
        [goods("credit_note", 1200, 200), goods("invoice", 1200, 200)],
        [("credit_note", "4000", 1, 1000, 200), ("invoice", "4000", 1, 1000, 200)],
        kind="EXCHANGE",
    ),
    "uneven exchange over the change of rate": Event(
        [("MUG", -1000, -175, OLD), ("MUG", 2000, 400, S)],
        [("CASH", 1225)],
        [goods("credit_note", 1175, 175), goods("invoice", 2400, 400), money("receipt", 1, 1225, "CASH01")],
        [("credit_note", "4000", 3, 1000, 175), ("invoice", "4000", 1, 2000, 400)],
        kind="EXCHANGE",
    ),
    "void": Event(SALE, kind="VOID", reason="void"),
    "training": Event(SALE, [("CASH", 1200)], kind="TRAINING", reason="training"),
    "no-sale": Event([("NOSALE", 0, 0, NONE)], kind="NO_SALE", reason="no_sale"),
    "gift card sold": Event(
        [("GC25", 2500, 0, NONE)],
        [("CARD", 2500)],
        [goods("invoice", 2500, 0), money("receipt", 1, 2500, "CARD01")],
        [("invoice", "2251", 9, 2500, 0)],
    ),
    "gift card redeemed": Event(
        SALE,
        [("GIFT_CARD", 1000), ("CASH", 200)],
        [
            goods("invoice", 1200, 200),
            money("receipt", 1, 1000, "GIFT01"),
            money("receipt", 2, 200, "CASH01"),
        ],
        [("invoice", "4000", 1, 1000, 200)],
    ),
    "multi-purpose voucher sold": Event(
        [("MPV", 1000, 0, NONE)],
        [("CASH", 1000)],
        [goods("invoice", 1000, 0), money("receipt", 1, 1000, "CASH01")],
        [("invoice", "2252", 9, 1000, 0)],
    ),
    "multi-purpose voucher used": Event(
        SALE,
        [("VOUCHER", 1200)],
        [goods("invoice", 1200, 200), money("receipt", 1, 1200, "VOUCH01")],
        [("invoice", "4000", 1, 1000, 200)],
    ),
    "single-purpose voucher sold: its VAT is due at once": Event(
        [("SPV", 1000, 200, S)],
        [("CASH", 1200)],
        [goods("invoice", 1200, 200), money("receipt", 1, 1200, "CASH01")],
        [("invoice", "4200", 1, 1000, 200)],
    ),
    # its VAT was due when it was sold, so it takes away what the goods bear
    "single-purpose voucher used": Event(
        SALE,
        [("SPV_S", 1200)],
        [goods("invoice", 1200, 200), goods("credit_note", 1200, 200)],
        [("invoice", "4000", 1, 1000, 200), ("credit_note", "4200", 1, 1000, 200)],
    ),
    "single-purpose voucher and cash": Event(
        SALE,
        [("SPV_S", 500), ("CASH", 700)],
        [goods("invoice", 1200, 200), goods("credit_note", 500, 83), money("receipt", 2, 700, "CASH01")],
        [("invoice", "4000", 1, 1000, 200), ("credit_note", "4200", 1, 417, 83)],
    ),
    # 8.5 and 8.4 pence of VAT by voucher; the 17 that the goods bear go, not a penny more or less
    "two single-purpose vouchers for one receipt": Event(
        [("MUG", 82, 17, S)],
        [("SPV_S", 50), ("SPV_S", 49)],
        [goods("invoice", 99, 17), goods("credit_note", 99, 17)],
        [("invoice", "4000", 1, 82, 17), ("credit_note", "4200", 1, 82, 17)],
    ),
    "single-purpose voucher and card for a basket of three rates": Event(
        [("MUG", 500, 0, ZERO), *SALE, ("MUG", 1000, 50, REDUCED)],
        [("SPV_S", 600), ("CARD", 2150)],
        [goods("invoice", 2750, 250), goods("credit_note", 600, 100), money("receipt", 2, 2150, "CARD01")],
        [
            ("credit_note", "4200", 1, 500, 100),
            ("invoice", "4000", 1, 1000, 200),
            ("invoice", "4000", 2, 500, 0),
            ("invoice", "4000", 5, 1000, 50),
        ],
    ),
    "what a single-purpose voucher paid for comes back as one": Event(
        [("MUG", -1000, -200, S)],
        [("SPV_S", -1200)],
        [goods("credit_note", 1200, 200), goods("invoice", 1200, 200)],
        [("credit_note", "4000", 1, 1000, 200), ("invoice", "4200", 1, 1000, 200)],
        kind="REFUND",
    ),
    "gift card without a bank of its own": Event(
        SALE,
        [("CARD_OF_OURS", 1000), ("CASH", 200)],
        [goods("invoice", 1200, 200), goods("credit_note", 1000, 0), money("receipt", 2, 200, "CASH01")],
        [("invoice", "4000", 1, 1000, 200), ("credit_note", "2251", 9, 1000, 0)],
    ),
    "deposit taken": Event(
        [("DEP", 500, 0, NONE)],
        [("CASH", 500)],
        [goods("invoice", 500, 0), money("receipt", 1, 500, "CASH01")],
        [("invoice", "2260", 9, 500, 0)],
    ),
    "deposit used": Event(
        SALE,
        [("DEPOSIT", 500), ("CARD", 700)],
        [
            goods("invoice", 1200, 200),
            money("receipt", 1, 500, "DEPO01"),
            money("receipt", 2, 700, "CARD01"),
        ],
        [("invoice", "4000", 1, 1000, 200)],
    ),
    "deposit given back": Event(
        [("DEP", -500, 0, NONE)],
        [("CASH", -500)],
        [goods("credit_note", 500, 0), money("payment", 1, 500, "CASH01")],
        [("credit_note", "2260", 9, 500, 0)],
        kind="REFUND",
    ),
    "sold on account": Event(
        SALE,
        [("ACCOUNT", 1200)],
        [goods("invoice", 1200, 200, "ACME01")],
        [("invoice", "4000", 1, 1000, 200)],
        customer="17850",
        open_pence=1200,
    ),
    "partly on account": Event(
        SALE,
        [("CASH", 200), ("ACCOUNT", 1000)],
        [goods("invoice", 1200, 200, "ACME01"), money("receipt", 1, 200, "CASH01", "ACME01")],
        [("invoice", "4000", 1, 1000, 200)],
        customer="17850",
        open_pence=1000,
    ),
    "account paid off": Event(
        [("PAYACC", 2200, 0, NONE)],
        [("CASH", 2200)],
        [money("receipt", 1, 2200, "CASH01", "ACME01")],
        customer="17850",
        open_pence=-2200,
    ),
    "tip on the card": Event(
        [*SALE, ("TIP", 150, 0, NONE)],
        [("CARD", 1350)],
        [goods("invoice", 1350, 200), money("receipt", 1, 1350, "CARD01")],
        [("invoice", "2270", 9, 150, 0), ("invoice", "4000", 1, 1000, 200)],
    ),
    "tip on the tender alone": Event(
        SALE,
        [("CARD", 1350, 150)],
        [goods("invoice", 1350, 200), money("receipt", 1, 1350, "CARD01")],
        [("invoice", "2270", 9, 150, 0), ("invoice", "4000", 1, 1000, 200)],
    ),
    "tips on two tenders": Event(
        SALE,
        [("CARD", 750, 150), ("CARD", 640, 40)],
        [goods("invoice", 1390, 200), money("receipt", 1, 750, "CARD01"), money("receipt", 2, 640, "CARD01")],
        [("invoice", "2270", 9, 190, 0), ("invoice", "4000", 1, 1000, 200)],
    ),
    "a tip on the tender goes back with the goods": Event(
        [("MUG", -1000, -200, S)],
        [("CARD", -1350, -150)],
        [goods("credit_note", 1350, 200), money("payment", 1, 1350, "CARD01")],
        [("credit_note", "2270", 9, 150, 0), ("credit_note", "4000", 1, 1000, 200)],
        kind="REFUND",
    ),
    "carriage": Event(
        [*SALE, ("POST", 500, 100, S)],
        [("CARD", 1800)],
        [goods("invoice", 1800, 300), money("receipt", 1, 1800, "CARD01")],
        [("invoice", "4000", 1, 1000, 200), ("invoice", "4905", 1, 500, 100)],
        customer="17850",  # who pays at once buys as anybody
    ),
    "split tender": Event(
        SALE,
        [("CASH", 500), ("CARD", 700)],
        [goods("invoice", 1200, 200), money("receipt", 1, 500, "CASH01"), money("receipt", 2, 700, "CARD01")],
        [("invoice", "4000", 1, 1000, 200)],
    ),
    "rung up before midnight and paid after it": Event(
        SALE,
        [("CASH", 500), ("CARD", 700)],
        [goods("invoice", 1200, 200), money("receipt", 1, 500, "CASH01"), money("receipt", 2, 700, "CARD01")],
        [("invoice", "4000", 1, 1000, 200)],
        sold_at="23:59:58",
        paid_at="2011-02-11 00:00:04",
    ),
    "cash rounded down": Event(
        [("MUG", 1002, 200, S), ("ROUND", -2, 0, NONE)],
        [("CASH", 1200)],
        [goods("invoice", 1200, 200), money("receipt", 1, 1200, "CASH01")],
        [("invoice", "4000", 1, 1002, 200), ("invoice", "4999", 9, -2, 0)],
    ),
    "cash rounded up": Event(
        [("MUG", 998, 200, S), ("ROUND", 2, 0, NONE)],
        [("CASH", 1200)],
        [goods("invoice", 1200, 200), money("receipt", 1, 1200, "CASH01")],
        [("invoice", "4000", 1, 998, 200), ("invoice", "4999", 9, 2, 0)],
    ),
    # the shop's own coupon is money off, and takes its VAT with it
    "own coupon": Event(
        [*SALE, ("OWNCOUP", -250, -50, S)],
        [("CASH", 900)],
        [goods("invoice", 900, 150), money("receipt", 1, 900, "CASH01")],
        [("invoice", "4000", 1, 1000, 200), ("invoice", "4102", 1, -250, -50)],
    ),
    # a maker's is the rest of what was paid: all of the VAT is due, and the maker owes it
    "a maker's coupon": Event(
        SALE,
        [("COUPON", 300), ("CASH", 900)],
        [goods("invoice", 1200, 200), money("receipt", 1, 300, "COUP01"), money("receipt", 2, 900, "CASH01")],
        [("invoice", "4000", 1, 1000, 200)],
    ),
    # 12.00 less a promotion of 3.00: its VAT comes off the same code as the goods'
    "promotion with its own VAT code": Event(
        [*SALE, ("PROMO", -250, -50, S)],
        [("CARD", 900)],
        [goods("invoice", 900, 150), money("receipt", 1, 900, "CARD01")],
        [("invoice", "4000", 1, 1000, 200), ("invoice", "4101", 1, -250, -50)],
    ),
    # 7.99 at 0%, 8.50 at 20%, 12.00 at 5%, 5.00 off the basket as 1.40, 1.49, 2.11: VAT 1.17 + 0.47, not 1.99
    "5.00 off a basket of three rates": Event(
        [
            ("MUG", 799, 0, ZERO),
            ("MUG", 708, 142, S),
            ("MUG", 1143, 57, REDUCED),
            ("OFF", -140, 0, ZERO),
            ("OFF", -124, -25, S),
            ("OFF", -201, -10, REDUCED),
        ],
        [("CARD", 2349)],
        [goods("invoice", 2349, 164), money("receipt", 1, 2349, "CARD01")],
        [
            ("invoice", "4000", 1, 708, 142),
            ("invoice", "4000", 2, 799, 0),
            ("invoice", "4000", 5, 1143, 57),
            ("invoice", "4100", 1, -124, -25),
            ("invoice", "4100", 2, -140, 0),
            ("invoice", "4100", 5, -201, -10),
        ],
    ),
}
NUMBERS = {name: str(number) for number, name in enumerate(EVENTS, start=101)}


def pounds(pence: int) -> str:
    return f"{'-' if pence < 0 else ''}{abs(pence) // 100}.{abs(pence) % 100:02}"


def files() -> tuple[str, str]:
    """The till's two files: lines and tenders."""
    lines, tenders = [LINES], [TENDERS]
    for name, event in EVENTS.items():
        number, at = NUMBERS[name], f"{event.day} {event.sold_at}"
        original = ",".join([NUMBERS.get(event.of[0], event.of[0]), *event.of[1:]])
        for sku, net, tax, (code, rate) in event.lines:
            quantity = "0" if not net else "-1" if net < 0 else "1"
            lines.append(
                f"S01,1,{number},{event.kind},{at},{sku},,{quantity},{pounds(abs(net))}0,{pounds(net)},"
                f"{code},{rate},{pounds(tax)},{pounds(net + tax)},{event.customer},,{original}"
            )
        for place, (tender, pence, *tip) in enumerate(event.tenders, start=1):
            tips = "".join(map(pounds, tip))
            tenders.append(f"S01,1,{number},{place},{event.paid_at or at},{tender},{pounds(pence)},{tips}")
    return "\n".join(lines) + "\n", "\n".join(tenders) + "\n"


@pytest.fixture(scope="module")
def house(empty_house, tmp_path_factory):
    """A house whose tills wrote every event into one file, read and judged up to what the gate is asked."""
    home = tmp_path_factory.mktemp("events") / "home"
    shutil.copytree(empty_house.home, home)
    inbox, mappings = home / "inbox" / "S01", home.parent / "mappings"
    inbox.mkdir(parents=True)
    mappings.mkdir()
    for name, text in zip(("sales_2011.csv", "tenders_2011.csv"), files(), strict=True):
        (inbox / name).write_text(text, encoding="utf-8")
    for name, text in MAPPINGS.items():
        (mappings / f"{name}.csv").write_text(text, encoding="utf-8")
    landing = Landing(home / "landing", "DGS", threads=1)
    report = intake(home / "inbox", landing, 1, now=4e9)
    assert (report.rows_set_aside, report.files_refused) == (0, 0)
    url = f"sqlite:///{(home / 'operations.sqlite').as_posix()}"
    with Operations.open(url) as operations:
        operations.import_mappings(mappings, "Ann", "the stage")
    land_operations(url, landing, 1)
    events = type(empty_house)(home)
    events.dbt("build", "--selector", "before_the_gate")
    with events.warehouse.connect() as connection:
        yield connection


@pytest.mark.parametrize("name", EVENTS)
def test_a_receipt_becomes_the_documents_and_legs_that_are_written_here(house, name):
    event, number = EVENTS[name], NUMBERS[name]
    documents = house.execute(
        """select document_kind, ordinal, gross_pence, tax_pence, customer_reference, bank_code
           from expected.expected_documents where receipt_no = $1 and document_kind <> 'none'""",
        [number],
    ).fetchall()
    assert sorted(documents, key=str) == sorted(event.documents, key=str)
    legs = house.execute(
        """select documents.document_kind, legs.nominal_code, legs.tax_code, legs.net_pence, legs.tax_pence
           from expected.expected_legs as legs inner join expected.expected_documents as documents using (posting_key)
           where documents.receipt_no = $1 and legs.leg_type = 'nominal'""",
        [number],
    ).fetchall()
    assert sorted(legs) == sorted(event.legs)
    ((reason,),) = house.execute(
        "select nothing_to_post_reason from expected.int_receipts_totalled where receipt_no = $1", [number]
    ).fetchall()
    assert reason == event.reason


@pytest.mark.parametrize("name", EVENTS)
def test_the_legs_make_their_document_and_the_documents_leave_nothing_on_the_till_customer(house, name):
    unbalanced = house.execute(
        """select documents.posting_key
           from expected.expected_documents as documents
           inner join expected.expected_legs as legs using (posting_key)
           where documents.receipt_no = $1 and legs.leg_type = 'nominal'
           group by documents.posting_key, documents.gross_pence
           having sum(legs.net_pence + legs.tax_pence) <> documents.gross_pence""",
        [NUMBERS[name]],
    ).fetchall()
    assert unbalanced == []
    ((balance,),) = house.execute(
        "select coalesce(sum(sales_pence - takings_pence), 0) from expected.expected_documents where receipt_no = $1",
        [NUMBERS[name]],
    ).fetchall()
    assert balance == EVENTS[name].open_pence


def test_only_what_is_on_a_customers_account_bears_the_number_that_the_till_printed(house):
    numbered = house.execute(
        """select distinct receipt_no, customer_no from expected.expected_documents
           where customer_no is not null"""
    ).fetchall()
    on_account = ("sold on account", "partly on account", "account paid off")
    assert sorted(numbered) == sorted((NUMBERS[name], "17850") for name in on_account)


def test_what_was_sold_before_the_cutover_is_left_alone_and_its_refund_after_it_is_ours(house):
    early = house.execute(
        "select distinct receipt_no from expected.expected_documents where is_before_cutover"
    ).fetchall()
    assert early == [(NUMBERS["last sale at 17.5%"],)]
    refund = house.execute(
        """select documents.document_kind, legs.tax_code, legs.tax_pence
           from expected.expected_documents as documents inner join expected.expected_legs as legs using (posting_key)
           where documents.receipt_no = $1 and legs.tax_code is not null and not documents.is_before_cutover""",
        [NUMBERS["refund in a later period of what was sold at 17.5%"]],
    ).fetchall()
    assert refund == [("credit_note", 3, 175)], "by itself, at the rate of the sale"


def test_the_gate_stops_none_of_them_for_what_a_till_or_a_mapping_says(house):
    wrong = house.execute(
        """select receipt_no, leg_type, category, sku_status, nominal_mapping_status, tax_mapping_status,
                  till_rate_status, tender_status, customer_status, lines_sum_status, tenders_sum_status
           from gate.gate_candidates
           where sku_status = 'unmapped' or nominal_mapping_status = 'unmapped' or tax_mapping_status <> 'mapped'
              or till_rate_status <> 'agrees' or tender_status = 'unmapped' or customer_status = 'unmapped'
              or lines_sum_status = 'differs' or tenders_sum_status = 'differs'"""
    ).fetchall()
    assert wrong == []
    asked = house.execute("select distinct leg_type from gate.gate_candidates").fetchall()
    assert set(asked) == {("nominal",), ("bank",), ("customer",)}


def test_every_penny_on_a_line_is_under_a_verdict_whatever_the_event(house):
    """As the check of each pass asks it, were all that is expected judged: an account that was paid off is no sale."""
    judged = """(
        select *, document_kind in ('invoice', 'credit_note') as is_sales, document_kind <> 'none' as is_money,
            case when document_kind in ('credit_note', 'payment') then -1 else 1 end as direction,
            gross_pence as expected_gross_pence
        from expected.expected_documents)"""
    received, under_a_verdict = house.execute(
        RECEIVED_AND_JUDGED.replace("marts.document_verdicts", judged)
    ).fetchone()
    assert received == under_a_verdict != 0
