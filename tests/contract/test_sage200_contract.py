"""The sandbox against what is known of Sage 200's REST API, over HTTP; each test names its section.

Sections are those of the Sage 200 reference this project works from: 1 authentication, 2 queries, 3 verbs,
4 nominal ledger, 5 tax codes, 6 sales ledger, 7 cash book, 9 stock, 10 errors, 13 what a sandbox must do.
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx
import pytest

from sandbox.company import SageCompany
from sandbox.server import Running, serving

SEED = Path(__file__).parent.parent / "sandbox" / "seed"
SITE = "0c7e5d4e-66a2-4f0c-9c55-3b1f6f3f7a01"
AT = datetime(2011, 2, 1, 10)  # noqa: DTZ001 - naive UTC, as everywhere


NUMBERS = itertools.count(1)


class Papers:
    """Bodies with a new reference each, so that tests do not meet each other's documents."""

    def __init__(self, company: SageCompany) -> None:
        self.company = company

    def reference(self) -> str:
        return f"C{next(NUMBERS):05d}"

    def sale(self, **changes: Any) -> dict[str, Any]:
        tax = {"id": self.company.tax_code_id(1), "goods_amount": 10, "tax_amount": 2}
        body = {
            "customer_id": self.company.customer_id("NORTH"),
            "transaction_date": "2011-01-05T00:00:00Z",
            "reference": self.reference(),
            "second_reference": "N01 536365",
            "document_goods_value": 10,
            "document_tax_value": 2,
            "tax_analysis_items": [tax],
            "nominal_analysis_items": [
                {"code": "4000", "cost_centre": "N01", "value": 10, "narrative": "N01 gifts"}
            ],
        }
        return {**body, **changes}

    def cash(self, **changes: Any) -> dict[str, Any]:
        body = {
            "customer_id": self.company.customer_id("NORTH"),
            "bank_id": self.company.bank_id("CASHN"),
            "cheque_value": 12,
            "transaction_date": "2011-01-05T00:00:00Z",
            "reference": self.reference(),
        }
        return {**body, **changes}

    def z_read(self, **changes: Any) -> dict[str, Any]:
        item = {"code": "4000", "cost_centre": "N01", "gross_value": 12, "tax_value": 2}
        body = {
            "bank_id": self.company.bank_id("CASHN"),
            "transaction_date": "2011-01-05T00:00:00Z",
            "reference": self.reference(),
            "second_reference": "Z 17",
            "narrative": "till 1",
            "nominal_analysis_items": [{**item, "tax_code_id": self.company.tax_code_id(1)}],
        }
        return {**body, **changes}


class Site(Papers):
    """One client of one running sandbox."""

    def __init__(self, running: Running, client: httpx.Client, company: SageCompany) -> None:
        super().__init__(company)
        self.running = running
        self.client = client

    def get(self, path: str, **params: str) -> Any:
        answer = self.client.get(path, params={f"${name}": value for name, value in params.items()})
        assert answer.status_code == 200, answer.text
        return json.loads(answer.text, parse_float=Decimal)

    def post(self, resource: str, body: dict[str, Any]) -> httpx.Response:
        return self.client.post(resource, json=body)

    def accepted(self, resource: str, body: dict[str, Any]) -> int:
        answer = self.post(resource, body)
        assert answer.status_code == 200, answer.text
        return int(answer.json()["urn"])

    def refused(self, resource: str, body: dict[str, Any]) -> dict[str, Any]:
        before = self.get("system_settings")[0]["next_urn"]
        answer = self.post(resource, body)
        assert answer.status_code == 400, answer.text
        assert self.get("system_settings")[0]["next_urn"] == before, "a refusal must book nothing"
        said: dict[str, Any] = answer.json()
        return said

    def lines(self, urn: int) -> list[dict[str, Any]]:
        return self.get("nominal_transaction_enquiry_views", filter=f"urn eq {urn}")


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Running, Path]]:
    path = tmp_path_factory.mktemp("sage") / "company.sqlite"
    SageCompany.create(path, SEED, site_id=SITE, company_id=7, company_name="North & South").close()
    with serving(path, clock="2011-02-01T10:00:00") as sandbox:
        yield sandbox, path


@pytest.fixture(scope="module")
def company(running: tuple[Running, Path]) -> Iterator[SageCompany]:
    with SageCompany.open(running[1]) as company:
        yield company


@pytest.fixture
def site(running: tuple[Running, Path], company: SageCompany) -> Iterator[Site]:
    sandbox = running[0]
    sandbox.faults()
    with sandbox.client() as client:
        yield Site(sandbox, client, company)


@pytest.fixture
def settings(site: Site) -> Iterator[Any]:
    """Changes company settings for one test."""
    before = site.company.lookups().settings

    def change(**wanted: str) -> None:
        site.running.calls.put(site.running.admin_url + "/settings", json=wanted).raise_for_status()

    yield change
    change(
        **{key: before[key] for key in ("hidden_nominal", "unknown_nominal", "closed_period_classification")}
    )


# -- 1 authentication, headers, base URLs -----------------------------------------------------------


def test_s1_the_base_path_is_that_of_the_professional_edition(site: Site) -> None:
    assert httpx.URL(site.running.base_url).path == "/uk/sage200extra/accounts/v1/"


def test_s1_sites_needs_a_token_and_no_site_and_is_a_plain_array(site: Site) -> None:
    bearer = {"authorization": site.client.headers["authorization"]}
    (row,) = site.running.calls.get(site.running.base_url + "sites", headers=bearer).json()
    assert (row["company_id"], row["site_id"], row["company_name"]) == (7, SITE, "North & South")
    assert site.running.calls.get(site.running.base_url + "sites").status_code == 401


@pytest.mark.parametrize(
    "wrong",
    [
        {"x-site": ""},
        {"x-site": "other"},
        {"x-company": ""},
        {"x-company": "8"},
        {"authorization": "Bearer x"},
    ],
)
def test_s1_a_missing_or_unknown_site_company_or_token_is_401_with_an_empty_body(
    site: Site, wrong: dict
) -> None:
    answer = site.client.get("customers", headers=wrong)
    assert (answer.status_code, answer.content) == (401, b"")


def test_s1_the_subscription_key_is_ignored(site: Site) -> None:
    assert site.client.get("customers", headers={"ocp-apim-subscription-key": "anything"}).status_code == 200


def test_s1_refresh_tokens_rotate_and_the_reply_says_how_long_the_access_token_lives(site: Site) -> None:
    form = {
        "grant_type": "refresh_token",
        "client_id": site.running.client_id,
        "client_secret": site.running.client_secret,
        "refresh_token": site.running.refresh_token,
    }
    first = site.running.calls.post(site.running.token_url, data=form)
    assert first.json()["expires_in"] == 28_800
    assert first.json()["refresh_token"] != form["refresh_token"]
    assert site.running.calls.post(site.running.token_url, data=form).json()["error"] == "invalid_grant"
    form["refresh_token"] = first.json()["refresh_token"]
    assert site.running.calls.post(site.running.token_url, data=form).status_code == 200


# -- 2 query conventions ----------------------------------------------------------------------------


def test_s2_collections_are_bare_arrays_and_single_gets_are_objects(site: Site) -> None:
    codes = site.get("tax_codes")
    assert site.get(f"tax_codes/{codes[0]['id']}") == codes[0]


def test_s2_collections_may_come_wrapped(running: tuple[Running, Path]) -> None:
    with serving(running[1], wrap=True) as sandbox, sandbox.client() as client:
        assert list(client.get("tax_codes").json()) == ["value"]
        assert list(client.get("ledger_types").json()) == ["value"]


def test_s2_top_is_500_when_left_out_and_has_a_maximum(tmp_path: Path) -> None:
    path = tmp_path / "many.sqlite"
    with (
        SageCompany.create(path, SEED, site_id=SITE, company_id=7, company_name="Many") as company,
        company.bulk(),
    ):
        for _ in range(400):
            company.post("sales_receipts", Papers(company).cash(), user_name="X", posted_at=AT)
    with serving(path, greatest_top=700) as sandbox, sandbox.client() as client:
        ledger = "nominal_transaction_enquiry_views?$select=id"
        assert len(client.get(ledger).json()) == 500
        assert len(client.get(ledger + "&$top=5000").json()) == 700
        assert client.get(ledger + "&$skip=799").json() == [{"id": 800}]


def test_s2_dates_go_out_as_midnight_and_stamps_as_utc(site: Site) -> None:
    reference = site.reference()
    site.accepted("sales_invoices", site.sale(reference=reference))
    (row,) = site.get("sales_posted_transactions", filter=f"reference eq '{reference}'")
    assert row["transaction_date"] == "2011-01-05T00:00:00"
    assert row["date_time_updated"].endswith("Z")


def test_s2_a_time_in_a_filter_must_be_utc(site: Site) -> None:
    where = {"$filter": "date_time_updated gt 2011-01-01T09:52:11.452"}
    assert site.client.get("customers", params=where).status_code == 400
    assert site.get("customers", filter="date_time_updated gt 2011-01-01T09:52:11.452Z") == []


def test_s2_an_enum_is_filtered_by_its_string_or_its_integer_in_quotes(site: Site) -> None:
    site.accepted("sales_credit_notes", site.sale())
    by_name = site.get(
        "sales_posted_transactions", filter="trader_transaction_type eq 'TradingAccountEntryTypeCreditNote'"
    )
    assert by_name
    assert by_name == site.get("sales_posted_transactions", filter="trader_transaction_type eq '5'")


def test_s2_a_bare_date_a_null_and_an_over_long_string_are_refused(site: Site) -> None:
    assert "date" in site.refused("sales_invoices", site.sale(transaction_date="2011-01-05"))["message"]
    assert site.refused("sales_invoices", site.sale(due_date=None))["type"] == "SageNullFieldException"
    assert "20" in site.refused("sales_invoices", site.sale(reference="x" * 21))["message"]


def test_s2_lookup_resources_have_id_description_and_value(site: Site) -> None:
    for name in ("ledger_types", "trader_transaction_types", "account_status_types"):
        assert {tuple(row) for row in site.get(name)} == {("id", "description", "value")}


@pytest.mark.parametrize(
    "resource",
    ["nominal_transaction_enquiry_views", "nominal_code_views", "nominal_period_value_views",
     "financial_year_period_views", "bank_views"],
)  # fmt: skip
def test_s2_some_views_have_no_update_stamp(site: Site, resource: str) -> None:
    answer = site.client.get(resource, params={"$filter": "date_time_updated gt 2011-01-01"})
    assert answer.status_code == 400


# -- 3 verbs ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "nominal_journals"),
        ("POST", "nominal_transaction_enquiry_views"),
        ("DELETE", "sales_posted_transactions/1"),
        ("GET", "sales_invoices"),
        ("POST", "product_groups"),
        ("POST", "tax_codes"),
        ("PUT", "product_price_views"),
        ("POST", "stock_write_offs"),
    ],
)
def test_s3_what_sage_does_not_have_is_404(site: Site, method: str, path: str) -> None:
    assert site.client.request(method, path, json={}).status_code == 404


def test_s3_a_posted_transaction_can_only_be_queried(site: Site) -> None:
    urn = site.accepted("sales_invoices", site.sale())
    (row,) = site.get("sales_posted_transactions", filter=f"urn eq {urn}")
    path = f"sales_posted_transactions/{row['id']}"
    assert site.client.put(path, json={"queried": "Q"}).status_code == 200
    assert site.client.put(path, json={"reference": "other"}).status_code == 400
    after = site.get(path)
    assert (after["queried"], after["reference"]) == ("Q", row["reference"])
    assert after["date_time_updated"] > row["date_time_updated"]


# -- 4 nominal ledger -------------------------------------------------------------------------------


def test_s4_2_a_hidden_account_is_active_or_hidden_and_taking_it_is_a_switch(
    site: Site, settings: Any
) -> None:
    (account,) = site.get("nominal_codes", filter="reference eq '4015'")
    assert account["account_status_type"] == "AccountStatusHidden"
    on_hidden = [{"code": "4015", "cost_centre": "N01", "value": 10}]
    settings(hidden_nominal="accept")
    site.accepted("sales_invoices", site.sale(nominal_analysis_items=on_hidden))
    settings(hidden_nominal="refuse")
    assert "hidden" in site.refused("sales_invoices", site.sale(nominal_analysis_items=on_hidden))["message"]


def test_s4_2_an_unknown_account_is_400_or_goes_to_suspense(site: Site, settings: Any) -> None:
    elsewhere = [{"code": "4000", "cost_centre": "N02", "value": 10}]
    site.refused("sales_invoices", site.sale(nominal_analysis_items=elsewhere))
    settings(unknown_nominal="suspense")
    urn = site.accepted("sales_invoices", site.sale(nominal_analysis_items=elsewhere))
    suspense = site.get("control_nominal_codes", filter="control_nominal_code_type eq 'Suspense'")
    assert suspense[0]["account_number"] in {
        item["code"] for item in site.lines(urn)[0]["nominal_analysis_items"]
    }


def test_s4_3_a_posting_appears_as_balanced_lines_with_its_urn_and_reference(site: Site) -> None:
    body = site.sale()
    urn = site.accepted("sales_invoices", body)
    lines = site.lines(urn)
    assert {(line["urn"], line["reference"], line["source"]) for line in lines} == {
        (urn, body["reference"], "LedgerSales")
    }
    assert sum(line["debit"] - line["credit"] for line in lines) == 0
    assert "N01 gifts" in {line["narrative"] for line in lines}
    assert all((line["debit"] == 0) != (line["credit"] == 0) for line in lines)


def test_s4_3_a_line_has_no_account_code_no_second_reference_and_no_stamps_of_its_own(site: Site) -> None:
    urn = site.accepted("sales_invoices", site.sale())
    line = site.lines(urn)[0]
    assert not {"reference_code", "second_reference", "posted_date", "date_time_updated"} & line.keys()
    assert site.get(f"nominal_codes/{line['nominal_code_id']}")["reference"] == "1100"
    assert {"nominal_analysis_items", "bank_items", "tax_analysis_items", "trade_items"} <= line.keys()


def test_s4_3_period_values_are_the_sums_of_the_lines(site: Site) -> None:
    urn = site.accepted("sales_invoices", site.sale())
    line = site.lines(urn)[1]
    period_id = line["accounting_period_id"]
    where = f"nominal_code_id eq {line['nominal_code_id']} and accounting_period_id eq {period_id}"
    (total,) = site.get("nominal_period_value_views", filter=where)
    lines = site.get(f"nominal_codes/{line['nominal_code_id']}/nominal_transaction_enquiry_views", top="5000")
    in_period = [one for one in lines if one["accounting_period_id"] == period_id]
    assert total["nominal_period_value_actual_value"] == sum(
        one["debit"] - one["credit"] for one in in_period
    )


def test_s4_4_a_closed_period_posts_to_the_next_open_one_and_keeps_the_document_date(site: Site) -> None:
    urn = site.accepted("sales_invoices", site.sale(transaction_date="2010-12-31T00:00:00Z"))
    line = site.lines(urn)[0]
    assert (line["transaction_date"], line["period_number"]) == ("2010-12-31T00:00:00", 1)
    assert line["financial_year_start_date"] == "2011-01-01T00:00:00"


def test_s4_4_a_closed_period_is_refused_where_the_company_says_so(site: Site, settings: Any) -> None:
    settings(closed_period_classification="Unacceptable")
    site.refused("sales_invoices", site.sale(transaction_date="2010-12-31T00:00:00Z"))


def test_s4_4_a_future_period_updates_the_account_and_not_the_nominal_ledger(site: Site) -> None:
    customer = site.company.customer_id("NORTH")
    before = site.get(f"customers/{customer}")["balance"]
    urn = site.accepted("sales_invoices", site.sale(transaction_date="2011-03-15T00:00:00Z"))
    assert site.get(f"customers/{customer}")["balance"] == before + 12
    assert site.lines(urn) == []
    (row,) = site.get("sales_posted_transactions", filter=f"urn eq {urn}")
    assert row["nominal_analysis_items"] == []


@pytest.mark.parametrize(
    ("day", "classification", "word"),
    [
        ("2011-01-05", "Normal", ""),
        ("2010-12-31", "Acceptable", "closed"),
        ("2011-03-15", "Acceptable", "future"),
    ],
)
def test_s4_4_date_validation_classifies_a_date(site: Site, day: str, classification: str, word: str) -> None:
    body = {"date": f"{day}T00:00:00Z", "ledger_type": "LedgerSales"}
    said = site.post("transaction_date_validation", body).json()
    assert said["classification"] == classification
    assert word in said["message"]


def test_s4_4_periods_have_no_open_or_closed_flag(site: Site) -> None:
    for period in site.get("financial_year_period_views"):
        assert not [name for name in period if "state" in name or "status" in name or "open" in name]


# -- 5 tax codes ------------------------------------------------------------------------------------


def test_s5_a_tax_code_has_an_id_that_is_not_its_code_and_a_rate_in_percent(site: Site) -> None:
    (code,) = site.get("tax_codes", filter="code eq 3")
    assert code["id"] != 3
    assert code["tax_rate"] == Decimal("17.50")


# -- 6 sales ledger ---------------------------------------------------------------------------------


def test_s6_2_an_invoice_answers_with_a_urn_as_text(site: Site) -> None:
    said = site.post("sales_invoices", site.sale()).json()
    assert list(said) == ["urn"]
    assert isinstance(said["urn"], str)


def test_s6_2_without_analysis_the_customers_defaults_take_the_whole(site: Site) -> None:
    body = {name: value for name, value in site.sale().items() if not name.endswith("_items")}
    urn = site.accepted("sales_invoices", body)
    (row,) = site.get("sales_posted_transactions", filter=f"urn eq {urn}")
    assert [item["code"] for item in row["nominal_analysis_items"]] == ["1100", "4000", "2200"]
    assert row["tax_analysis_items"][0]["code"] == 1


@pytest.mark.parametrize("resource", ["sales_invoices", "sales_credit_notes"])
def test_s6_2_items_that_do_not_sum_to_the_header_are_refused(site: Site, resource: str) -> None:
    tax = site.company.tax_code_id(1)
    site.refused(resource, site.sale(document_goods_value=11))
    site.refused(resource, site.sale(document_tax_value=1))
    short = [{"id": tax, "goods_amount": 9, "tax_amount": 2}]
    site.refused(resource, site.sale(tax_analysis_items=short))


def test_s6_2_unknown_ids_and_a_tax_item_without_one_are_refused(site: Site) -> None:
    site.refused("sales_invoices", site.sale(customer_id=1))
    site.refused(
        "sales_invoices", site.sale(tax_analysis_items=[{"id": 1, "goods_amount": 10, "tax_amount": 2}])
    )
    said = site.refused(
        "sales_invoices", site.sale(tax_analysis_items=[{"goods_amount": 10, "tax_amount": 2}])
    )
    assert said["type"] == "SageNullFieldException"


def test_s6_3_a_credit_note_is_sent_positive_and_reads_negative(site: Site) -> None:
    urn = site.accepted("sales_credit_notes", site.sale())
    (row,) = site.get("sales_posted_transactions", filter=f"urn eq {urn}")
    assert (row["document_goods_value"], row["document_tax_value"], row["document_gross_value"]) == (
        -10,
        -2,
        -12,
    )
    assert row["trader_transaction_type"] == "TradingAccountEntryTypeCreditNote"


def test_s6_4_receipts_read_negative_payments_positive_and_both_show_in_the_cash_book(site: Site) -> None:
    expected = {
        "sales_receipts": (-12, 12, "TradingAccountEntryTypePurchasePaymentSalesReceipt"),
        "sales_payments": (12, -12, "TradingAccountEntryTypePurchaseReceiptSalesPayment"),
    }
    for resource, (gross, cheque, kind) in expected.items():
        urn = site.accepted(resource, site.cash())
        (row,) = site.get("sales_posted_transactions", filter=f"urn eq {urn}")
        assert (row["document_gross_value"], row["trader_transaction_type"]) == (gross, kind)
        assert row["bank_items"][0]["bank_code"] == "CASHN"
        (bank,) = site.get("bank_posted_transactions", filter=f"urn eq {urn}")
        assert (bank["cheque_value"], bank["source"]) == (cheque, "LedgerSales")


def test_s6_4_a_receipt_needs_a_customer_a_bank_and_a_value(site: Site) -> None:
    for name in ("customer_id", "bank_id", "cheque_value"):
        site.refused("sales_receipts", {key: value for key, value in site.cash().items() if key != name})
    site.refused("sales_receipts", site.cash(bank_id=1))


def test_s6_4_an_allocation_sets_a_receipt_against_an_invoice(site: Site) -> None:
    urns = [site.accepted("sales_invoices", site.sale()), site.accepted("sales_receipts", site.cash())]
    rows = [site.get("sales_posted_transactions", filter=f"urn eq {urn}")[0] for urn in urns]
    halves = [
        {"posted_tran_id": row["id"], "value_to_allocate": value} for row in rows for value in (12, 0.01)
    ]
    site.refused("sales_allocations", {"customer_id": rows[0]["customer_id"], "allocation_lines": halves})
    lines = [{"posted_tran_id": row["id"], "value_to_allocate": 12} for row in rows]
    site.accepted("sales_allocations", {"customer_id": rows[0]["customer_id"], "allocation_lines": lines})
    after = [site.get(f"sales_posted_transactions/{row['id']}") for row in rows]
    assert [row["document_outstanding_value"] for row in after] == [0, 0]
    assert after[0]["allocation_session_items"][0]["urn"] == urns[1]


def test_s6_5_a_document_is_found_by_reference_customer_or_urn_and_keeps_both_references(site: Site) -> None:
    body = site.sale()
    urn = site.accepted("sales_invoices", body)
    where = f"reference eq '{body['reference']}' and customer_id eq {body['customer_id']}"
    (row,) = site.get("sales_posted_transactions", filter=where)
    assert (row["urn"], row["second_reference"]) == (urn, "N01 536365")
    under = site.get(f"customers/{body['customer_id']}/sales_posted_transactions", filter=f"urn eq {urn}")
    assert [one["id"] for one in under] == [row["id"]]
    (view,) = site.get("sales_transaction_views", filter=f"urn eq {urn}")
    assert view["posted_customer_transaction_id"] == row["id"]


def test_s6_5_archived_rows_move_to_the_historical_transactions(tmp_path: Path) -> None:
    path = tmp_path / "old.sqlite"
    with SageCompany.create(path, SEED, site_id=SITE, company_id=7, company_name="Old") as company:
        company.post("sales_receipts", Papers(company).cash(reference="OLD"), user_name="X", posted_at=AT)
        company.archive_sales(AT.date(), at=AT)
    with serving(path) as sandbox, sandbox.client() as client:
        assert client.get("sales_posted_transactions").json() == []
        (row,) = client.get("sales_historical_transactions").json()
        assert row["reference"] == "OLD"


# -- 7 cash book ------------------------------------------------------------------------------------


def test_s7_1_a_bank_receipt_needs_no_customer_and_carries_goods_and_vat_by_line(site: Site) -> None:
    urn = site.accepted("bank_receipt", site.z_read())
    (row,) = site.get("bank_posted_transactions", filter=f"urn eq {urn}")
    assert (row["cheque_value"], row["second_reference"], row["source"]) == (12, "Z 17", "LedgerCashBook")
    assert [(tax["code"], tax["goods_amount"], tax["tax_amount"]) for tax in row["tax_analysis_items"]] == [
        (1, 10, 2)
    ]
    assert [item["value"] for item in row["nominal_analysis_items"]] == [12, -10, -2]


def test_s7_1_the_older_synonym_is_read_only_when_the_newer_name_is_absent(site: Site) -> None:
    body = site.z_read()
    items = body.pop("nominal_analysis_items")
    site.accepted("bank_receipt", {**body, "nominal_journal_items": items})
    ignored = [{"code": "9999", "gross_value": 1}]
    site.accepted("bank_receipt", {**body, "nominal_analysis_items": items, "nominal_journal_items": ignored})
    site.refused("bank_receipt", body)


def test_s7_2_a_bank_payment_reads_negative(site: Site) -> None:
    urn = site.accepted("bank_payment", site.z_read())
    (row,) = site.get("bank_posted_transactions", filter=f"urn eq {urn}")
    assert row["cheque_value"] == -12


def test_s7_3_a_transfer_shows_on_both_banks_under_one_urn(site: Site) -> None:
    banks = {"bank_from_id": site.company.bank_id("CASHN"), "bank_to_id": site.company.bank_id("CURRENT")}
    urn = site.accepted("bank_transfer", {**banks, "payment_value": 5, "reference": site.reference()})
    rows = site.get("bank_posted_transactions", filter=f"urn eq {urn}")
    assert {(row["bank_id"], row["cheque_value"]) for row in rows} == {
        (banks["bank_from_id"], -5),
        (banks["bank_to_id"], 5),
    }


def test_s7_4_a_bank_names_its_ledger_account(site: Site) -> None:
    (bank,) = site.get("banks", filter="code eq 'CASHN'")
    assert (bank["bank_account_nominal_reference"], bank["bank_account_nominal_cost_centre"]) == (
        "1230",
        "N01",
    )


# -- 9 stock ----------------------------------------------------------------------------------------


def test_s9_products_groups_warehouses_and_holdings_can_be_read(site: Site) -> None:
    (product,) = site.get("products", filter="code eq '22150'", expand="product_group")
    assert product["product_group"]["code"] == "BOOK"
    assert [house["name"] for house in site.get("warehouses")] == ["HOME", "NORTH"]
    assert len(site.get(f"products/{product['id']}/warehouse_holdings")) == 2
    assert site.get("product_transaction_views") == []


# -- 10 errors, locks, idempotency ------------------------------------------------------------------


def test_s10_1_an_unknown_id_is_404(site: Site) -> None:
    assert site.client.get("customers/1").status_code == 404
    assert site.client.get("customers/x").status_code == 404


def test_s10_2_a_refusal_has_a_type_and_a_message_and_may_be_a_bare_string_or_empty(
    running: Any, site: Site
) -> None:
    assert set(site.refused("sales_invoices", {})) == {"type", "message"}
    site.running.faults("server_error:count=1,body=text", "server_error:count=1,body=empty")
    assert site.client.get("banks").text == "An unexpected error has occurred."
    assert site.client.get("banks").text == ""


@pytest.mark.parametrize("status", [400, 409, 423])
def test_s10_3_a_locked_account_refuses_in_several_ways_and_books_nothing(site: Site, status: int) -> None:
    site.running.faults(f"lock:count=1,account=NORTH,status={status}")
    body = site.sale()
    assert site.post("sales_invoices", body).status_code == status
    assert site.get("sales_posted_transactions", filter=f"reference eq '{body['reference']}'") == []
    site.accepted("sales_invoices", body)


def test_s10_4_the_same_reference_is_taken_twice(site: Site) -> None:
    body = site.sale()
    assert site.accepted("sales_invoices", body) != site.accepted("sales_invoices", body)


# -- 13 what a faithful sandbox does ----------------------------------------------------------------


@pytest.mark.parametrize(
    ("fault", "status", "saved"),
    [
        ("throttled:retry_after_s=2", 429, 0),
        ("gateway_timeout_before_commit", 504, 0),
        ("gateway_timeout_after_commit", 504, 1),
        ("server_error", 500, 0),
        ("error_but_saved", 500, 1),
        ("ghost_success", 200, 0),
        ("token_expired", 401, 0),
        ("slow:delay_ms=10", 200, 1),
    ],
)
def test_s13_a_fault_answers_one_thing_and_books_another(
    site: Site, fault: str, status: int, saved: int
) -> None:
    kind, _, rest = fault.partition(":")
    site.running.faults(f"{kind}:" + ",".join(filter(None, ["count=1", "method=POST", rest])))
    body = site.sale()
    assert site.post("sales_invoices", body).status_code == status
    with site.running.client() as afresh:
        where = {"$filter": f"reference eq '{body['reference']}'", "$select": "id"}
        assert len(afresh.get("sales_posted_transactions", params=where).json()) == saved


def test_s13_a_token_that_expired_is_cured_by_refreshing(site: Site) -> None:
    site.running.faults("token_expired:count=1")
    assert site.client.get("banks").status_code == 401
    assert site.client.get("banks").status_code == 401
    with site.running.client() as afresh:
        assert afresh.get("banks").status_code == 200


def test_s13_documents_can_be_diverted_to_suspense_or_deferred(site: Site) -> None:
    site.running.faults("to_suspense:count=1")
    urn = site.accepted("sales_invoices", site.sale())
    (row,) = site.get("sales_posted_transactions", filter=f"urn eq {urn}")
    assert [item["code"] for item in row["nominal_analysis_items"]] == ["1100", "9998", "2200"]
    site.running.faults("deferred:count=1")
    deferred = site.accepted("sales_invoices", site.sale())
    assert site.lines(deferred) == []
    site.running.calls.post(
        site.running.admin_url + "/release_deferred", json={"everything": True}
    ).raise_for_status()
    assert len(site.lines(deferred)) == 3


def test_s13_an_account_can_be_closed_in_the_middle_of_a_batch(site: Site, settings: Any) -> None:
    settings(hidden_nominal="refuse")
    site.running.faults("hide_nominal:after=2,count=1,nominal=4010/N01")
    on_books = [{"code": "4010", "cost_centre": "N01", "value": 10}]
    answers = [site.post("sales_invoices", site.sale(nominal_analysis_items=on_books)) for _ in range(3)]
    assert [answer.status_code for answer in answers] == [200, 200, 400]
    site.company.set_nominal_status("4010", "N01", "", "AccountStatusActive")


def test_s13_everything_booked_here_balances_by_urn(site: Site) -> None:
    site.accepted("sales_invoices", site.sale())
    assert site.company.unbalanced_urns() == []
    totals: dict[int, Decimal] = {}
    for line in site.get("nominal_transaction_enquiry_views", top="5000", select="urn,debit,credit"):
        totals[line["urn"]] = totals.get(line["urn"], Decimal(0)) + line["debit"] - line["credit"]
    assert set(totals.values()) == {Decimal(0)}
