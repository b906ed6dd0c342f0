"""The query subset, against the books themselves: each question is asked of the file and answered in JSON."""

from __future__ import annotations

import json
from decimal import Decimal

import pytest
from paperwork import money, sale

from sandbox.odata import parse_query
from sandbox.reading import ReadPool, count, page_sql, pages
from sandbox.reads_nominal import NOMINAL_TRANSACTION_ENQUIRY_VIEWS, TAX_CODES
from sandbox.reads_sales import CUSTOMERS, RESOURCES
from sandbox.refusals import Refused

POSTED = next(one for one in RESOURCES if one.name == "sales_posted_transactions")


@pytest.fixture
def ask(clerk):
    clerk.post("sales_invoices", sale(clerk.company, reference="R1"))
    clerk.post("sales_receipts", money(clerk.company, reference="R1-1"))
    clerk.post("sales_credit_notes", sale(clerk.company, reference="R2 O'Neil", second_reference="50%_off"))
    clerk.post("sales_invoices", sale(clerk.company, reference="r1", transaction_date="2011-02-03T00:00:00Z"))
    pool = ReadPool(clerk.company.path)

    def asked(resource=POSTED, **options):
        query = parse_query(
            resource, {f"${name}": text for name, text in options.items()}, default_top=500, greatest_top=1000
        )
        rows = b"[" + b"".join(pages(pool, resource, query)) + b"]"
        return json.loads(rows, parse_float=Decimal)

    yield asked
    pool.close()


def references(rows):
    return [row["reference"] for row in rows]


@pytest.mark.parametrize(
    ("question", "answer"),
    [
        ("reference eq 'R1'", ["R1"]),
        ("reference ne 'R1'", ["R1-1", "R2 O'Neil", "r1"]),
        ("reference eq 'R2 O''Neil'", ["R2 O'Neil"]),
        ("id gt 1 and id le 3", ["R1-1", "R2 O'Neil"]),
        ("id lt 2 or id ge 4", ["R1", "r1"]),
        ("id eq 1 or id eq 2 and id eq 3", ["R1"]),  # and binds tighter
        ("(id eq 1 or id eq 2) and id eq 2", ["R1-1"]),
        ("startswith(reference,'R1')", ["R1", "R1-1"]),
        ("endswith(reference, '1')", ["R1", "R1-1", "r1"]),
        ("contains(second_reference,'%_')", ["R2 O'Neil"]),
        ("document_gross_value eq 12", ["R1", "r1"]),
        ("document_gross_value lt 0", ["R1-1", "R2 O'Neil"]),
        ("document_gross_value gt 11.995", ["R1", "r1"]),  # between two pence
        ("document_gross_value eq 11.995", []),
        ("transaction_date gt 2011-01-05", ["r1"]),
        ("transaction_date eq 2011-01-05T00:00:00Z and urn lt 32", ["R1"]),
        ("date_time_updated ge 2011-02-01T10:00:00Z", ["R1", "R1-1", "R2 O'Neil", "r1"]),
        ("date_time_updated gt 2011-02-01T10:00:00.000Z", []),
        ("trader_transaction_type eq '5'", ["R2 O'Neil"]),
        ("trader_transaction_type eq 'TradingAccountEntryTypeCreditNote'", ["R2 O'Neil"]),
        ("settled_immediately eq false and id eq 1", ["R1"]),
    ],
)
def test_a_filter_keeps_exactly_what_it_says(ask, question, answer):
    assert references(ask(filter=question)) == answer


@pytest.mark.parametrize(
    "question",
    [
        "reference eq",
        "reference eq 'R1",
        "nothing eq 1",
        "reference like 'R%'",
        "id eq 'one'",
        "id eq 1; drop table customers",
        "tax_analysis_items eq 1",
        "date_time_updated gt 2011-02-01T10:00:00",  # without Z
        "transaction_date eq 2011-02-31",
        "(" * 60 + "id eq 1" + ")" * 60,
        "id eq 1)",
        "contains(id,'1')",
    ],
)
def test_what_is_outside_the_subset_is_refused(ask, question):
    with pytest.raises(Refused) as refusal:
        ask(filter=question)
    assert refusal.value.status == 400


def test_a_quote_in_a_filter_is_only_a_quote(ask):
    assert ask(filter="reference eq ''' or 1 eq 1 --'") == []


def test_select_gives_those_fields_in_that_order_and_nothing_nested(ask):
    assert list(ask(select="urn, reference", top="1")[0]) == ["urn", "reference"]


def test_nested_arrays_come_unless_select_leaves_them_out(ask):
    assert [item["value"] for item in ask(top="1")[0]["nominal_analysis_items"]] == [12, -6, -4, -2]


def test_an_object_comes_only_when_expanded(ask):
    assert "customer" not in ask(top="1")[0]
    assert ask(top="1", select="id", expand="customer")[0]["customer"]["reference"] == "NORTH"


def test_order_ties_are_settled_by_id_so_that_pages_neither_repeat_nor_lose(ask):
    rows = [
        ask(orderby="document_gross_value desc", top="1", skip=str(skip), select="id")[0]["id"]
        for skip in range(4)
    ]
    assert rows == [1, 4, 2, 3]


@pytest.mark.parametrize(
    "options", [{"top": "-1"}, {"skip": "x"}, {"orderby": "id sideways"}, {"select": "nope"}]
)
def test_an_option_that_makes_no_sense_is_refused(ask, options):
    with pytest.raises(Refused):
        ask(**options)


def test_top_is_capped_and_has_a_default():
    assert parse_query(CUSTOMERS, {}, default_top=500, greatest_top=1000).top == 500
    assert parse_query(CUSTOMERS, {"$top": "9999"}, default_top=500, greatest_top=1000).top == 1000


def test_count_counts_what_the_filter_leaves_not_the_page(ask, clerk):
    query = parse_query(POSTED, {"$filter": "id gt 1", "$top": "1"}, default_top=1, greatest_top=1)
    assert count(ReadPool(clerk.company.path), POSTED, query) == 3


def test_money_is_written_from_pence_with_two_decimals(ask):
    text = str(ask(select="document_gross_value")[1]["document_gross_value"])
    assert text == "-12.00"
    assert str(ask(TAX_CODES, select="tax_rate")[3]["tax_rate"]) == "17.50"


@pytest.mark.parametrize(
    ("resource", "options", "plan"),
    [
        (
            NOMINAL_TRANSACTION_ENQUIRY_VIEWS,
            {"$filter": "id gt 9", "$orderby": "id asc"},
            "INTEGER PRIMARY KEY (rowid>?)",
        ),
        (
            POSTED,
            {"$filter": "startswith(reference,'TP')"},
            "sales_transactions_by_reference (reference>? AND reference<?)",
        ),
        (POSTED, {"$filter": "reference eq 'TP'"}, "sales_transactions_by_reference (reference=?)"),
        (
            POSTED,
            {
                "$filter": " or ".join(f"startswith(reference,'TP{number}')" for number in range(15)),
                "$orderby": "id asc",
            },
            "MULTI-INDEX OR",
        ),
        (POSTED, {"$orderby": "date_time_updated asc"}, "sales_transactions_by_update"),
    ],
)
def test_the_questions_a_client_asks_most_are_index_scans(clerk, resource, options, plan):
    query = parse_query(resource, {**options, "$select": "id"}, default_top=5000, greatest_top=5000)
    parameters = [*query.parameters, query.top, query.skip]
    steps = [row[3] for row in clerk.rows("explain query plan " + page_sql(resource, query), *parameters)]
    assert plan in steps[0]
    by_name = "reference" in options.get("$filter", "")
    assert by_name or not any("TEMP B-TREE FOR ORDER BY" in step for step in steps)
