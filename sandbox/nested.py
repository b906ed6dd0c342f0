"""The nested arrays that posted documents carry, all found by URN (sage200.md §4.3, §6.5, §7.4).

Cross joins keep the URN's own rows outermost, so that an array keeps posting order.
"""

from __future__ import annotations

from sandbox.catalogue import array, date_json, money_json


def nominal_analysis_items(urn: str) -> str:
    """Lines of one URN that are in the nominal ledger, debit positive; deferred lines are not there."""
    return array(
        {
            "code": "n.reference",
            "cost_centre": "n.cost_centre",
            "department": "n.department",
            "name": "n.name",
            "location": "'Posted'",
            "reference": "x.reference",
            "narrative": "x.narrative",
            "value": money_json("x.value_pence"),
            "base_value": money_json("x.value_pence"),
            "transaction_analysis_code": "''",
            "source": "x.source",
        },
        f"nominal_lines x cross join nominal_codes n on n.id = x.nominal_id where x.urn = {urn}",
    )


def tax_analysis_items(urn: str) -> str:
    """Tax lines of one URN; amounts carry the document's sign."""
    return array(
        {
            "id": "x.tax_code_id",
            "code": "t.code",
            "name": "t.name",
            "entry_type": "x.entry_type",
            "goods_amount": money_json("x.goods_pence"),
            "tax_amount": money_json("x.tax_pence"),
            "tax_discount_amount": money_json("0"),
        },
        f"tax_items x cross join tax_codes t on t.id = x.tax_code_id where x.urn = {urn}",
    )


def bank_items(urn: str) -> str:
    return array(
        {
            "bank_code": "b.code",
            "name": "b.description",
            "bank_entry_type": "replace(x.bank_transaction_type, 'BankAccountEntryType', '')",
            "reference": "x.reference",
            "cheque_value": money_json("x.cheque_pence"),
            "statement_date": date_json("x.last_statement_date"),
            "statement_page_number": "x.statement_page_number",
            "urn": "x.urn",
        },
        f"bank_transactions x cross join banks b on b.id = x.bank_id where x.urn = {urn}",
    )


def trade_items(urn: str) -> str:
    return array(
        {
            "account_number": "c.reference",
            "account_name": "c.name",
            "trading_entry_type": "x.trader_transaction_type",
            "entry_type_string": "replace(x.trader_transaction_type, 'TradingAccountEntryType', '')",
            "reference": "x.reference",
            "gross_value": money_json("x.gross_pence"),
            "tax_value": money_json("x.tax_pence"),
            "transaction_date": date_json("x.transaction_date"),
            "urn": "x.urn",
        },
        f"sales_transactions x cross join customers c on c.id = x.customer_id where x.urn = {urn}",
    )


def allocation_session_items(transaction_id: str) -> str:
    """The other side of every allocation session this transaction took part in."""
    return array(
        {
            "user_name": "y.user_name",
            "ledger_type": "'LedgerSales'",
            "urn": "other.urn",
            "allocation_date": date_json("y.allocation_date"),
            "trader_transaction_type": "other.trader_transaction_type",
            "reference": "other.reference",
            "value": money_json("other.gross_pence"),
            "allocation_value": money_json("y.value_pence"),
        },
        "allocations x cross join allocations y on y.session_urn = x.session_urn and y.id <> x.id"
        " cross join sales_transactions other on other.id = y.sales_transaction_id"
        f" where x.sales_transaction_id = {transaction_id}",
    )


def allocation_history_items(transaction_id: str) -> str:
    return array(
        {
            "id": "x.id",
            "entry_date": date_json("x.allocation_date"),
            "allocation_value": money_json("x.value_pence"),
            "nominal_updated": "json('true')",
        },
        f"allocations x where x.sales_transaction_id = {transaction_id}",
    )
