"""What must hold of the sales ledger's documents as read (`sage200/sales_posted_transactions`)."""

from __future__ import annotations

from expectations.suite import InSet, Present, Rule, Suite, Within

_WHICH = "id {id}, URN {urn}, reference {reference}"

DOCUMENT_TYPES: tuple[str, ...] = (
    "TradingAccountEntryTypePurchasePaymentSalesReceipt",
    "TradingAccountEntryTypePurchaseReceiptSalesPayment",
    "TradingAccountEntryTypeInvoice",
    "TradingAccountEntryTypeCreditNote",
    "TradingAccountEntryTypeOpeningBalanceInvoice",
    "TradingAccountEntryTypeOpeningBalanceCreditNote",
)

RULES: tuple[Rule, ...] = (
    Rule(
        rule_id="INT-41",
        title="Ledger document has no URN",
        why="The URN joins a document to its nominal lines; without it nothing shows where it landed.",
        owner="integration",
        severity="block",
        remedy="Read the document again; ask Sage support if the URN stays empty.",
        runbook="ledger_row_unsound",
        check=Present("urn"),
        observed=_WHICH,
        failing_example={"urn": None},
    ),
    Rule(
        rule_id="INT-42",
        title="Ledger document has no date",
        why="Without a date a document belongs to no store-day and no period.",
        owner="integration",
        severity="block",
        remedy="Read the document again; check the date format Sage answers with.",
        runbook="ledger_row_unsound",
        check=Present("transaction_date"),
        observed=_WHICH,
        failing_example={"transaction_date": None},
    ),
    Rule(
        rule_id="INT-43",
        title="Ledger document has no customer",
        why="The customer is the first evidence of the store a document belongs to.",
        owner="integration",
        severity="block",
        remedy="Read the document again; check that the customer was not deleted in Sage.",
        runbook="ledger_row_unsound",
        check=Present("customer_id"),
        observed=_WHICH,
        failing_example={"customer_id": None},
    ),
    Rule(
        rule_id="INT-44",
        title="Goods and tax do not make gross",
        why="A document read wrongly would be reported as a difference that Sage does not have.",
        owner="integration",
        severity="block",
        remedy="Compare the document with its screen in Sage; check for settlement discount.",
        runbook="ledger_row_unsound",
        check=Within("residual_pence", 0, 0),
        observed="goods {document_goods_value}, tax {document_tax_value}, gross {document_gross_value}: "
        + _WHICH,
        failing_example={"document_tax_value": "2.01"},
    ),
    Rule(
        rule_id="INT-45",
        title="Ledger document has no gross value",
        why="A document without a value can be neither matched nor counted.",
        owner="integration",
        severity="block",
        remedy="Read the document again; check the fields the reading asks Sage for.",
        runbook="ledger_row_unsound",
        check=Present("document_gross_value"),
        observed=_WHICH,
        failing_example={"document_gross_value": None},
    ),
    Rule(
        rule_id="INT-46",
        title="Ledger document is of an unknown type",
        why="The type says whether the document is an invoice or money; an unknown one would be left out.",
        owner="integration",
        severity="block",
        remedy="Find out from Sage's release notes what the type is and teach the reading.",
        runbook="ledger_row_unsound",
        check=InSet("document_type", DOCUMENT_TYPES),
        observed="{document_type}: " + _WHICH,
        failing_example={"trader_transaction_type": "TradingAccountEntryTypeDeletedRecord"},
    ),
)

SALES_DOCUMENTS = Suite(
    name="sage200_sales_documents",
    reads="sage200/sales_posted_transactions",
    promise="What must hold of each document read from the sales ledger.",
    columns={
        "source_key": "VARCHAR",
        "source_file": "VARCHAR",
        "source_row": "BIGINT",
        "id": "BIGINT",
        "customer_id": "BIGINT",
        "trader_transaction_type": "VARCHAR",
        "reference": "VARCHAR",
        "transaction_date": "DATE",
        "document_goods_value": "DECIMAL(18,2)",
        "document_tax_value": "DECIMAL(18,2)",
        "document_gross_value": "DECIMAL(18,2)",
        "urn": "BIGINT",
    },
    facts={
        "residual_pence": (
            "cast((document_goods_value + document_tax_value - document_gross_value) * 100 as bigint)"
        ),
        "document_type": "coalesce(trader_transaction_type, 'none given')",
    },
    row_id="source_key",
    has_tombstones=True,
    blank_is_null=True,
    rules=RULES,
    sound_row={
        "source_key": "document-1",
        "source_file": "sales_posted_transactions",
        "source_row": 1,
        "id": 7001,
        "customer_id": 11,
        "trader_transaction_type": "TradingAccountEntryTypeInvoice",
        "reference": "POS-S01-536365",
        "transaction_date": "2011-01-05",
        "document_goods_value": "10.00",
        "document_tax_value": "2.00",
        "document_gross_value": "12.00",
        "urn": 9001,
    },
)
