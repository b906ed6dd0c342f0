"""The bodies Sage's ledger POSTs take, field by field with their lengths (sage200.md §6.2-4, §7, §10.5)."""

from __future__ import annotations

from sandbox.bodies import DATE, FLAG, RATE, Shape, integer, items, money, text

REFERENCES = {"reference": text(20), "second_reference": text(20), "transaction_date": DATE}
ACCOUNT = {"code": text(8, required=True), "cost_centre": text(3), "department": text(3)}

TAX_ITEM = Shape(
    {
        "id": integer(required=True),
        "goods_amount": money(),
        "discount_amount": money(),
        "tax_amount": money(),
        "tax_discount_amount": money(),
    }
)
SALES_NOMINAL_ITEM = Shape(
    {**ACCOUNT, "narrative": text(6000), "value": money(), "transaction_analysis_code": text(20)}
)
BANK_NOMINAL_ITEM = Shape(
    {
        **ACCOUNT,
        "narrative": text(6000),
        "gross_value": money(),
        "goods_value": money(),
        "tax_code_id": integer(),
        "tax_value": money(),
        "transaction_date": DATE,
        "reference": text(20),
        "transaction_analysis_code": text(20),
    }
)
CREDIT_NOTE = Shape(
    {
        "customer_id": integer(required=True),
        **REFERENCES,
        "exchange_rate": RATE,
        "settled_immediately": FLAG,
        "document_goods_value": money(),
        "document_tax_value": money(),
        "document_discount_value": money(),
        "document_tax_discount_value": money(),
        "discount_percent": RATE,
        "discount_days": integer(),
        "triangular_transaction": FLAG,
        "tax_analysis_items": items(TAX_ITEM),
        "nominal_analysis_items": items(SALES_NOMINAL_ITEM),
    }
)
INVOICE = Shape({**CREDIT_NOTE.fields, "due_date": DATE})
TRADER_MONEY = Shape(
    {
        "customer_id": integer(required=True),
        "bank_id": integer(required=True),
        "cheque_currency_id": integer(),
        "cheque_value": money(required=True),
        "customer_cheque_value": money(),
        **REFERENCES,
        "exchange_rate": RATE,
        "bank_exchange_rate": RATE,
        "cheque_exchange_rate": RATE,
        "settlement_discount_value": money(),
        "nominal_analysis_items": items(SALES_NOMINAL_ITEM),
    }
)
BANK_MONEY = Shape(
    {
        "bank_id": integer(required=True),
        **REFERENCES,
        "tax_registration_number": text(30),
        "narrative": text(6000),
        "exchange_rate": RATE,
        "cheque_currency_id": integer(),
        "cheque_exchange_rate": RATE,
        "tax_code_id": integer(),
        "cheque_value": money(),
        "cheque_goods_value": money(),
        "cheque_tax_value": money(),
        "nominal_analysis_items": items(BANK_NOMINAL_ITEM),
        "nominal_journal_items": items(BANK_NOMINAL_ITEM),
    }
)
BANK_TRANSFER = Shape(
    {
        "bank_from_id": integer(required=True),
        "bank_to_id": integer(required=True),
        "narrative": text(6000),
        **REFERENCES,
        "payment_value": money(required=True),
        "receipt_value": money(),
        "exchange_rate": RATE,
        "commission_value": money(),
        "commission_code": text(8),
        "commission_cost_centre": text(3),
        "commission_department": text(3),
        "commission_payer": text(20),
    }
)
ALLOCATION = Shape(
    {
        "customer_id": integer(required=True),
        "allocation_date": DATE,
        "allocation_lines": items(
            Shape({"posted_tran_id": integer(required=True), "value_to_allocate": money(required=True)}),
            required=True,
        ),
    }
)
ORDER_LINE = Shape(
    {
        "line_type": text(50, required=True),
        "product_id": integer(),
        "warehouse_id": integer(),
        "code": text(30),
        "description": text(6000),
        "line_quantity": RATE,
        "selling_unit_price": RATE,
        "tax_code_id": integer(),
        "nominal_reference": text(8),
        "nominal_cost_centre": text(3),
        "nominal_department": text(3),
    }
)
ORDER = Shape(
    {
        "customer_id": integer(required=True),
        "document_no": text(20),
        "customer_document_no": text(30),
        "document_date": DATE,
        "is_editing": FLAG,
        "override_on_hold": FLAG,
        "analysis_code_1": text(60),
        "lines": items(ORDER_LINE, required=True),
    }
)
QUERIED = Shape({"queried": text(1, required=True)})
DATE_TO_VALIDATE = Shape({"date": DATE, "ledger_type": text(30, required=True)})
