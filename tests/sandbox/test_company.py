"""The sandbox's books: what each document books, and what the books will not hold."""

from __future__ import annotations

import random
import sqlite3
from datetime import date, timedelta
from decimal import Decimal

import pytest
from paperwork import AT, DECEMBER, MARCH, SEED, money, new_company, sale, sale_on, till_difference

from sandbox.company import SageCompany
from sandbox.refusals import Refused
from sandbox.seeding import BadSeed


def test_an_invoice_debits_debtors_and_credits_each_nominal_and_the_vat(clerk):
    urn = clerk.post("sales_invoices", sale(clerk.company))
    assert clerk.lines(urn) == [
        ("1100", "", 1200),
        ("4000", "N01", -600),
        ("4010", "N01", -400),
        ("2200", "", -200),
    ]


def test_a_credit_note_is_an_invoice_turned_round(clerk):
    urn = clerk.post("sales_credit_notes", sale(clerk.company))
    assert clerk.lines(urn) == [
        ("1100", "", -1200),
        ("4000", "N01", 600),
        ("4010", "N01", 400),
        ("2200", "", 200),
    ]


def test_a_receipt_moves_the_debt_to_the_bank_and_a_payment_moves_it_back(clerk):
    receipt = clerk.post("sales_receipts", money(clerk.company))
    payment = clerk.post("sales_payments", money(clerk.company))
    assert clerk.lines(receipt) == [("1230", "N01", 1200), ("1100", "", -1200)]
    assert clerk.lines(payment) == [("1230", "N01", -1200), ("1100", "", 1200)]


def test_charges_on_a_receipt_come_out_of_the_bank(clerk):
    charges = [{"code": "7901", "value": Decimal("0.50")}]
    urn = clerk.post("sales_receipts", money(clerk.company, nominal_analysis_items=charges))
    assert sum(pence for nominal, _, pence in clerk.lines(urn) if nominal == "1230") == 1150
    assert ("7901", "", 50) in clerk.lines(urn)


def test_a_taxable_bank_receipt_books_output_vat_and_a_payment_input_vat(clerk):
    receipt = clerk.post("bank_receipt", till_difference(clerk.company))
    payment = clerk.post("bank_payment", till_difference(clerk.company))
    assert clerk.lines(receipt) == [("1230", "N01", 120), ("4990", "N01", -100), ("2200", "", -20)]
    assert clerk.lines(payment) == [("1230", "N01", -120), ("4990", "N01", 100), ("2201", "", 20)]


def test_a_transfer_shows_on_both_banks_under_one_urn(clerk):
    banks = {"bank_from_id": clerk.company.bank_id("CASHN"), "bank_to_id": clerk.company.bank_id("CURRENT")}
    urn = clerk.post("bank_transfer", {**banks, "payment_value": 5, "commission_value": Decimal("0.10")})
    assert clerk.lines(urn) == [("1230", "N01", -510), ("1200", "", 500), ("7901", "", 10)]
    shown = clerk.rows("select cheque_pence from bank_transactions where urn = ? order by id", urn)
    assert shown == [(-510,), (500,)]


def test_a_posting_that_does_not_balance_cannot_be_written_even_by_hand(clerk):
    connection = sqlite3.connect(clerk.company.path)
    connection.execute(
        "insert into nominal_lines values (1, 3001, '2011-01-05', 603, '', '', 1, 'X', '', 99)"
    )
    with pytest.raises(sqlite3.IntegrityError, match="does not balance"):
        connection.execute("insert into postings values (99, 'x', 'x', 'x', 'x')")
    connection.close()


@pytest.mark.parametrize("change", ["update nominal_lines set value_pence = 0", "delete from nominal_lines"])
def test_a_posted_line_is_never_changed_or_deleted(clerk, change):
    clerk.post("sales_invoices", sale(clerk.company))
    connection = sqlite3.connect(clerk.company.path)
    with pytest.raises(sqlite3.IntegrityError, match="never"):
        connection.execute(change)
    connection.close()


def test_a_refused_document_in_a_bulk_load_harms_no_other(clerk):
    with clerk.company.bulk():
        first = clerk.post("sales_invoices", sale(clerk.company))
        with pytest.raises(Refused):
            clerk.post("sales_invoices", sale_on(clerk.company, "9999"))
        second = clerk.post("sales_receipts", money(clerk.company))
    assert second == first + 1
    assert len(clerk.lines(first)) == 4
    assert len(clerk.lines(second)) == 2


def test_a_bulk_load_that_dies_leaves_nothing_and_gives_its_urns_back(clerk):
    with pytest.raises(ZeroDivisionError), clerk.company.bulk():
        clerk.post("sales_invoices", sale(clerk.company))
        1 / 0  # noqa: B018
    assert clerk.rows("select count(*) from nominal_lines") == [(0,)]
    assert clerk.post("sales_invoices", sale(clerk.company)) == 31


def test_bulk_and_single_posts_make_the_same_books(tmp_path):
    contents = []
    for name, at_once in (("one", True), ("two", False)):
        with new_company(tmp_path / name) as company:
            if at_once:
                with company.bulk():
                    post_many(company, 40)
            else:
                post_many(company, 40)
            connection = sqlite3.connect(company.path)
            contents.append([line for line in connection.iterdump() if "INSERT" in line])
            connection.close()
    assert contents[0] == contents[1]


def post_many(company: SageCompany, documents: int) -> None:
    """A settled mixture of every document there is."""
    draw = random.Random(7)  # noqa: S311 - not a secret
    makers = {
        "sales_invoices": sale,
        "sales_credit_notes": sale,
        "sales_receipts": money,
        "sales_payments": money,
        "bank_receipt": till_difference,
        "bank_payment": till_difference,
    }
    for number in range(documents):
        resource = draw.choice(list(makers))
        when = {
            "transaction_date": draw.choice(["2010-12-31", "2011-01-05", "2011-02-03", "2011-03-02"])
            + "T00:00:00Z"
        }
        at = AT + timedelta(seconds=number)
        company.post(resource, makers[resource](company, **when), user_name="MANY", posted_at=at)


def test_every_urn_balances_and_the_totals_kept_beside_the_lines_are_their_sums(clerk):
    with clerk.company.bulk():
        post_many(clerk.company, 200)
    assert clerk.company.unbalanced_urns() == []
    sums = (
        "select nominal_id, period_id, sum(max(value_pence, 0)), sum(max(-value_pence, 0))"
        " from nominal_lines group by 1, 2"
    )
    kept = "select nominal_id, period_id, debit_pence, credit_pence from nominal_period_values"
    assert sorted(clerk.rows(sums)) == sorted(clerk.rows(kept))
    assert clerk.rows("select sum(gross_pence) from sales_transactions") == clerk.rows(
        "select sum(balance_pence) from customers"
    )
    assert clerk.rows("select sum(cheque_pence) from bank_transactions") == clerk.rows(
        "select sum(balance_pence) from banks"
    )


def test_a_closed_period_sends_the_nominal_side_to_the_next_open_one(clerk):
    urn = clerk.post("sales_invoices", sale(clerk.company, transaction_date=DECEMBER))
    lines = clerk.rows(
        "select distinct transaction_date, start_date from nominal_lines join periods p on p.id = period_id"
        " where urn = ?",
        urn,
    )
    assert lines == [("2010-12-31", "2011-01-01")]


def test_a_company_may_refuse_a_closed_period_instead(clerk):
    clerk.company.set_setting("closed_period_classification", "Unacceptable")
    with pytest.raises(Refused, match="closed period"):
        clerk.post("sales_invoices", sale(clerk.company, transaction_date=DECEMBER))


def test_a_future_period_defers_the_nominal_side_until_it_is_opened(clerk):
    urn = clerk.post("sales_invoices", sale(clerk.company, transaction_date=MARCH))
    later = clerk.post("sales_invoices", sale(clerk.company))
    assert clerk.lines(urn) == []
    assert clerk.rows("select balance_pence from customers where reference = 'NORTH'") == [(2400,)]
    clerk.company.set_period_state("LedgerNominal", date(2011, 3, 1), "Open")
    assert clerk.lines(urn) == []  # still Future in the sales ledger
    clerk.company.set_period_state("LedgerSales", date(2011, 3, 1), "Open")
    assert sum(pence for _, _, pence in clerk.lines(urn)) == 0
    ids = "select min(id) from nominal_lines where urn = ?"
    assert clerk.rows(ids, urn) > clerk.rows(ids, later)  # new ids under an older URN, as Sage's do


def test_waiting_postings_are_invisible_until_they_are_updated(clerk):
    clerk.company.set_setting("update_nominal_online", "false")
    urn = clerk.post("sales_invoices", sale(clerk.company))
    assert clerk.lines(urn) == []
    assert clerk.company.release_deferred() == 4
    assert len(clerk.lines(urn)) == 4


def test_a_hidden_nominal_is_taken_or_refused_by_setting_and_by_post(clerk):
    party_bags = sale_on(clerk.company, "4015")
    clerk.post("sales_invoices", party_bags)
    clerk.company.set_setting("hidden_nominal", "refuse")
    with pytest.raises(Refused, match="4015/N01 is hidden"):
        clerk.post("sales_invoices", party_bags)
    clerk.post("sales_invoices", party_bags, hidden_nominal="accept")
    clerk.company.set_nominal_status("4015", "N01", "", "AccountStatusActive")
    clerk.post("sales_invoices", party_bags)


def test_an_unknown_nominal_is_refused_or_lands_in_suspense_by_setting(clerk):
    elsewhere = sale_on(clerk.company, "4000", "N02")
    with pytest.raises(Refused, match="4000/N02"):
        clerk.post("sales_invoices", elsewhere)
    clerk.company.set_setting("unknown_nominal", "suspense")
    urn = clerk.post("sales_invoices", elsewhere)
    assert ("9998", "", -1000) in clerk.lines(urn)


@pytest.mark.parametrize("code", ["M001", "G001"])
def test_memo_and_group_accounts_take_no_postings(clerk, code):
    with pytest.raises(Refused, match="not a posting account"):
        clerk.post("sales_invoices", sale_on(clerk.company, code, ""))


def test_the_same_reference_is_taken_twice(clerk):
    first = clerk.post("sales_invoices", sale(clerk.company))
    assert clerk.post("sales_invoices", sale(clerk.company)) == first + 1


def test_a_urn_without_a_posting_is_used_up(clerk):
    ghost = clerk.company.consume_urn()
    assert clerk.post("sales_invoices", sale(clerk.company)) == ghost + 1
    assert clerk.lines(ghost) == []


def test_two_programs_on_one_file_see_each_others_changes_and_share_the_urns(clerk):
    with SageCompany.open(clerk.company.path) as other:
        assert other.lookups().settings["hidden_nominal"] == "accept"
        clerk.company.set_setting("hidden_nominal", "refuse")
        with pytest.raises(Refused, match="hidden"):
            other.post("sales_invoices", sale_on(other, "4015"), user_name="OTHER", posted_at=AT)
        urns = [
            writer.post("sales_invoices", sale(writer), user_name="TWO", posted_at=AT)
            for writer in (clerk.company, other, clerk.company, other)
        ]
    assert urns == [31, 32, 33, 34]


def test_a_journal_is_for_the_desktop_and_must_balance(clerk):
    about = {"reference": "J1", "narrative": "takings by hand", "transaction_date": date(2011, 1, 5)}
    lines = [("1230", "N01", "", 1200, 0), ("4000", "N01", "", 0, 1200)]
    urn = clerk.company.journal(lines, **about, user_name="FINANCE", posted_at=AT)
    assert clerk.lines(urn) == [("1230", "N01", 1200), ("4000", "N01", -1200)]
    with pytest.raises(Refused, match="does not balance"):
        clerk.company.journal(lines[:1], **about, user_name="FINANCE", posted_at=AT)


def test_an_allocation_settles_both_sides_and_never_more_than_is_outstanding(clerk):
    clerk.post("sales_invoices", sale(clerk.company))
    clerk.post("sales_receipts", money(clerk.company))
    lines = [{"posted_tran_id": 1, "value_to_allocate": 12}, {"posted_tran_id": 2, "value_to_allocate": 12}]
    body = {"customer_id": clerk.company.customer_id("NORTH"), "allocation_lines": lines}
    clerk.company.allocate(body, user_name="CLERK", posted_at=AT)
    assert clerk.rows("select gross_pence, allocated_pence from sales_transactions order by id") == [
        (1200, 1200),
        (-1200, -1200),
    ]
    with pytest.raises(Refused, match="outstanding"):
        clerk.company.allocate(body, user_name="CLERK", posted_at=AT)


def test_stock_moves_leave_a_movement_and_a_holding(clerk):
    about = {"transaction_date": date(2011, 1, 5), "reference": "D1", "user_name": "SHOP", "at": AT}
    clerk.company.move_stock("85123A", "NORTH", -2000, transaction_type="Goods Out", **about)
    assert clerk.rows("select quantity_thousandths from product_transactions") == [(-2000,)]
    assert clerk.rows("select sum(quantity_thousandths) from warehouse_holdings") == [(-2000,)]


def test_a_seed_that_names_an_unknown_account_is_refused_and_leaves_no_file(tmp_path):
    seed = tmp_path / "seed"
    seed.mkdir()
    for file in SEED.iterdir():
        (seed / file.name).write_bytes(file.read_bytes())
    (seed / "banks.csv").write_text(
        "code,description,sort_code,account_no,nominal_reference,nominal_cost_centre,nominal_department\n"
        "CASHX,Nowhere,,,1299,,\n",
        encoding="utf-8",
    )
    with pytest.raises(BadSeed, match="CASHX names nominal 1299"):
        SageCompany.create(tmp_path / "x.sqlite", seed, site_id="s", company_id=1, company_name="x")
    assert not (tmp_path / "x.sqlite").exists()
