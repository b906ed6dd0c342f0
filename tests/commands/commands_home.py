"""What the homes of these tests are made of."""

from __future__ import annotations

COMPANIES = (
    "company_id,name,currency,ledger_kind,suspense_nominal_code,grace_hours,late_policy,tax_rounding_cap_pence\n"
    "DGS,Demo Gift Stores,GBP,sage200,9998,2,hold,5\n"
)
STORES = (
    "company_id,store_id,store_code,name,zone,day_cutoff_minutes,currency,till_customer_reference,"
    "cost_centre,department,valid_from,valid_to\n"
    "DGS,S01,S01,Leeds,Europe/London,0,GBP,TILL01,S01,,2010-01-01,\n"
    "DGS,S02,S02,York,Europe/London,0,GBP,TILL02,S02,,2010-01-01,\n"
)
SIGNED = ("--by", "Fay Finance", "--reason", "go live [agreed]")
