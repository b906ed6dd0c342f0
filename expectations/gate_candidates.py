"""What the gate reads: the contract with the dbt model `gate_candidates`, one row per leg.

The model looks the facts up and puts them beside each leg; a NULL means that the fact does not apply to
the leg; a fact about the whole document may stand on one of its legs only. Tests of the model hold it to
these columns, types and closed sets.
"""

from __future__ import annotations

GATE_COLUMNS: dict[str, str] = {
    "gate_row_id": "VARCHAR",
    "posting_key": "VARCHAR",
    "event_id": "VARCHAR",
    "company_id": "VARCHAR",
    "store_id": "VARCHAR",
    "receipt_no": "VARCHAR",
    "business_date": "DATE",
    "document_date": "DATE",
    "document_kind": "VARCHAR",
    "leg_no": "INTEGER",
    "leg_type": "VARCHAR",
    "category": "VARCHAR",
    "skus": "VARCHAR",
    "store_status": "VARCHAR",
    "sku_status": "VARCHAR",
    "sku_case_status": "VARCHAR",
    "nominal_code": "VARCHAR",
    "cost_centre": "VARCHAR",
    "department": "VARCHAR",
    "nominal_mapping_status": "VARCHAR",
    "nominal_account_status": "VARCHAR",
    "nominal_account_type": "VARCHAR",
    "till_tax_code": "VARCHAR",
    "tax_code": "INTEGER",
    "tax_mapping_status": "VARCHAR",
    "tax_code_status": "VARCHAR",
    "tax_rate_required": "DECIMAL(6,3)",
    "tax_rate_in_sage": "DECIMAL(6,3)",
    "tax_rate_status": "VARCHAR",
    "till_rate_status": "VARCHAR",
    "document_sign": "VARCHAR",
    "tender_type": "VARCHAR",
    "tender_status": "VARCHAR",
    "bank_code": "VARCHAR",
    "bank_status": "VARCHAR",
    "customer_reference": "VARCHAR",
    "customer_status": "VARCHAR",
    "customer_no": "VARCHAR",
    "customer_hold_status": "VARCHAR",
    "period_status": "VARCHAR",
    "lines_sum_status": "VARCHAR",
    "tenders_sum_status": "VARCHAR",
    "key_status": "VARCHAR",
    "currency_status": "VARCHAR",
}
"""Column -> DuckDB type of `gate_candidates`, in order; one row per leg."""

GATE_VALUES: dict[str, tuple[str, ...]] = {
    "leg_type": ("nominal", "bank", "customer"),
    "store_status": ("mapped", "unmapped"),
    "sku_status": ("mapped", "unmapped"),
    "sku_case_status": ("same", "differs"),
    "nominal_mapping_status": ("mapped", "unmapped"),
    "nominal_account_status": ("active", "hidden", "missing"),
    "nominal_account_type": ("posting", "memo", "group"),
    "tax_mapping_status": ("mapped", "unmapped", "no_outside_scope_code"),
    "tax_code_status": ("known", "missing"),
    "tax_rate_status": ("agrees", "differs"),
    "till_rate_status": ("agrees", "not_compared", "differs", "vat_outside_scope", "beyond_its_goods"),
    "document_sign": ("positive", "negative"),
    "tender_status": ("mapped", "unmapped"),
    "bank_status": ("active", "hidden", "missing"),
    "customer_status": ("active", "hidden", "missing", "unmapped"),
    "customer_hold_status": ("free", "on_hold"),
    "period_status": ("open", "late_by_policy", "closed", "future", "unknown"),
    "lines_sum_status": ("adds_up", "differs"),
    "tenders_sum_status": ("adds_up", "differs"),
    "key_status": ("free", "used"),
    "currency_status": ("home", "foreign"),
}
"""Column -> the only values it may hold besides NULL (for the model's accepted_values)."""

DOCUMENT_FACTS: dict[str, str] = {
    "has_store": "bool_or(store_status is not null)",
    "has_unmapped_store": "coalesce(bool_or(store_status <> 'mapped'), false)",
    "has_key": "bool_or(key_status is not null)",
    "has_period": "bool_or(period_status is not null)",
    "has_currency": "bool_or(currency_status is not null)",
}
"""What was looked up for any leg of a document: name -> SQL over its legs."""

FACT_STATUS = """
case
    when leg_type is null then 'leg_type is missing'
    when not has_store then 'store_status is missing'
    when has_unmapped_store then 'complete'
    when not has_key then 'key_status is missing'
    when not has_period then 'period_status is missing'
    when not has_currency then 'currency_status is missing'
    when leg_type = 'nominal' and sku_status is null and category is null then 'sku_status is missing'
    when leg_type = 'nominal' and nominal_account_status is null
        and coalesce(sku_status, '') <> 'unmapped' and coalesce(nominal_mapping_status, '') <> 'unmapped'
        then 'nominal_account_status is missing'
    when leg_type = 'nominal' and nominal_account_status = 'active' and nominal_account_type is null
        then 'nominal_account_type is missing'
    when leg_type = 'nominal' and till_tax_code is not null and tax_mapping_status is null
        then 'tax_mapping_status is missing'
    when leg_type = 'nominal' and tax_code is not null and tax_code_status is null
        then 'tax_code_status is missing'
    when leg_type = 'nominal' and tax_code_status = 'known' and tax_rate_required is not null
        and tax_rate_status is null
        then 'tax_rate_status is missing'
    when leg_type = 'nominal' and till_rate_status is null then 'till_rate_status is missing'
    when leg_type = 'customer' and document_sign is null then 'document_sign is missing'
    when leg_type = 'bank' and bank_status is null and coalesce(tender_status, '') <> 'unmapped'
        then 'bank_status is missing'
    -- what a till counted over or short is between a bank and an account, and each has a leg
    when leg_type = 'customer' and customer_status is null and bank_status is null
        and coalesce(document_kind, '') not in ('bank_receipt', 'bank_payment')
        then 'customer_status is missing'
    when leg_type = 'customer' and customer_status = 'active' and customer_hold_status is null
        then 'customer_hold_status is missing'
    else 'complete'
end
"""
"""SQL over the columns and DOCUMENT_FACTS: which fact should have been looked up and was not; `complete` when none."""

SOUND_LEG: dict[str, object] = {
    "gate_row_id": "TP0000000000000N010P:1",
    "posting_key": "TP0000000000000N010P",
    "event_id": "pos:S01:1:536365:2011-01-05:1",
    "company_id": "DGS",
    "store_id": "S01",
    "receipt_no": "536365",
    "business_date": "2011-01-05",
    "document_date": "2011-01-05",
    "document_kind": "invoice",
    "leg_no": 1,
    "leg_type": "nominal",
    "category": "GIFT",
    "skus": "85123A",
    "store_status": "mapped",
    "sku_status": "mapped",
    "sku_case_status": "same",
    "nominal_code": "4000",
    "cost_centre": "S01",
    "department": "",
    "nominal_mapping_status": "mapped",
    "nominal_account_status": "active",
    "nominal_account_type": "posting",
    "till_tax_code": "S",
    "tax_code": 1,
    "tax_mapping_status": "mapped",
    "tax_code_status": "known",
    "tax_rate_required": "20.000",
    "tax_rate_in_sage": "20.000",
    "tax_rate_status": "agrees",
    "till_rate_status": "agrees",
    "document_sign": "positive",
    "tender_type": "CARD",
    "tender_status": "mapped",
    "bank_code": "CARD01",
    "bank_status": "active",
    "customer_reference": "TILL01",
    "customer_status": "active",
    "customer_no": None,
    "customer_hold_status": "free",
    "period_status": "open",
    "lines_sum_status": "adds_up",
    "tenders_sum_status": "adds_up",
    "key_status": "free",
    "currency_status": "home",
}
"""A leg no rule flags; it has every fact, those of all three leg types."""
