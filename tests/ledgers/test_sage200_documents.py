"""A document in Sage 200's words: exact, nothing null, nothing that identifies ever cut."""

import json
from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest

from orchestration.ledgers.ledger import Document, NominalLine, TaxLine
from orchestration.ledgers.sage200_documents import Ids, UnpostableError, request_of
from orchestration.ledgers.sage200_wire import to_json

IDS = Ids({"TILL01": 11}.__getitem__, {"CASH01": 21}.__getitem__, {1: 31, 2: 32, 9: 39}.__getitem__)
INVOICE = Document(
    company_id="DGS",
    posting_key="TPABCDEFGHJKMNPN011P",
    document_kind="invoice",
    document_date=date(2011, 2, 3),
    customer_reference="TILL01",
    bank_code=None,
    gross_pence=1700,
    net_pence=1500,
    tax_pence=200,
    second_reference="S01 536365 and more than twenty",
    narrative="Receipt 536365",
    nominal_lines=(NominalLine("4000", "S01", "", 1000), NominalLine("2250", "", "", 500, "voucher")),
    tax_lines=(TaxLine(1, 1000, 200), TaxLine(9, 500, 0)),
)
RECEIPT = replace(
    INVOICE,
    document_kind="receipt",
    bank_code="CASH01",
    net_pence=1700,
    tax_pence=0,
    nominal_lines=(),
    tax_lines=(),
)
OVER = replace(
    RECEIPT,
    document_kind="bank_receipt",
    customer_reference=None,
    gross_pence=5,
    net_pence=5,
    nominal_lines=(NominalLine("4990", "S01", "", 3), NominalLine("4990", "S01", "", 2)),
    tax_lines=(TaxLine(9, 5, 0),),
)


def test_an_invoice_is_said_line_by_line():
    resource, body = request_of(INVOICE, IDS)
    assert resource == "sales_invoices"
    assert body == {
        "customer_id": 11,
        "transaction_date": "2011-02-03T00:00:00Z",
        "reference": "TPABCDEFGHJKMNPN011P",
        "second_reference": "S01 536365 and more ",
        "document_goods_value": Decimal("15.00"),
        "document_tax_value": Decimal("2.00"),
        "tax_analysis_items": [
            {"id": 31, "goods_amount": Decimal("10.00"), "tax_amount": Decimal("2.00")},
            {"id": 39, "goods_amount": Decimal("5.00"), "tax_amount": Decimal("0.00")},
        ],
        "nominal_analysis_items": [
            {
                "code": "4000",
                "cost_centre": "S01",
                "department": "",
                "narrative": "Receipt 536365",
                "value": Decimal("10.00"),
            },
            {
                "code": "2250",
                "cost_centre": "",
                "department": "",
                "narrative": "voucher",
                "value": Decimal("5.00"),
            },
        ],
    }


@pytest.mark.parametrize(
    ("kind", "resource"),
    [("credit_note", "sales_credit_notes"), ("payment", "sales_payments"), ("receipt", "sales_receipts")],
)
def test_each_kind_goes_to_its_own_resource(kind, resource):
    document = replace(INVOICE if kind == "credit_note" else RECEIPT, document_kind=kind)
    assert request_of(document, IDS)[0] == resource


def test_a_receipt_names_customer_bank_and_amount():
    _, body = request_of(RECEIPT, IDS)
    assert (body["customer_id"], body["bank_id"], body["cheque_value"]) == (11, 21, Decimal("17.00"))


def test_a_bank_receipt_gives_each_line_its_tax():
    resource, body = request_of(OVER, IDS)
    assert resource == "bank_receipt"
    assert [(item["gross_value"], item["tax_code_id"]) for item in body["nominal_analysis_items"]] == [
        (Decimal("0.03"), 39),
        (Decimal("0.02"), 39),
    ]
    taxed = replace(OVER, gross_pence=6, tax_pence=1, tax_lines=(TaxLine(1, 3, 1), TaxLine(2, 2, 0)))
    items = request_of(taxed, IDS)[1]["nominal_analysis_items"]
    assert [(item["goods_value"], item["tax_value"], item["tax_code_id"]) for item in items] == [
        (Decimal("0.03"), Decimal("0.01"), 31),
        (Decimal("0.02"), Decimal("0.00"), 32),
    ]
    with pytest.raises(UnpostableError, match="one tax line for each"):
        request_of(replace(taxed, tax_lines=(TaxLine(1, 5, 1),)), IDS)


def test_a_transfer_names_both_banks_and_what_each_sees():
    transfer = replace(
        RECEIPT, document_kind="transfer", customer_reference=None, bank_code="CLEAR", to_bank_code="CASH01"
    )
    ids = replace(IDS, bank={"CLEAR": 25, "CASH01": 21}.__getitem__)
    resource, body = request_of(transfer, ids)
    assert resource == "bank_transfer"
    assert (body["bank_from_id"], body["bank_to_id"]) == (25, 21)
    assert body["payment_value"] == body["receipt_value"] == Decimal("17.00")
    assert body["reference"] == transfer.posting_key


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"posting_key": "T" * 21}, "reference"),
        ({"posting_key": ""}, "reference"),
        ({"gross_pence": 1701}, "make the gross"),
        ({"gross_pence": 0, "net_pence": 0, "tax_pence": 0}, "more than nothing"),
        ({"nominal_lines": (NominalLine("4000", "S01", "", 1499),)}, "nominal lines"),
        ({"tax_lines": (TaxLine(1, 1500, 199),)}, "make the tax"),
        ({"tax_lines": (TaxLine(1, 1499, 200),)}, "tax lines do not make the net"),
        ({"nominal_lines": (NominalLine("400000000", "", "", 1500),)}, "nominal code"),
        ({"nominal_lines": (NominalLine("4000", "LEEDS", "", 1500),)}, "LEEDS"),
        ({"customer_reference": None}, "needs a customer"),
        ({"document_kind": "receipt"}, "needs a bank"),
        ({"document_kind": "transfer"}, "a bank that it goes to"),
        ({"document_kind": "journal"}, "not posted"),
    ],
)
def test_what_does_not_add_up_or_fit_is_not_sent(change, words):
    with pytest.raises(UnpostableError, match=words):
        request_of(replace(INVOICE, **change), IDS)


def test_no_body_holds_a_null_or_a_bare_date():
    for document in (INVOICE, RECEIPT, OVER, replace(OVER, narrative="", second_reference="")):
        text = to_json(request_of(document, IDS)[1])
        assert "null" not in text
        assert json.loads(text)["transaction_date"].endswith("T00:00:00Z")
