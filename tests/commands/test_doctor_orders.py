"""The doctor says what a company that enters its sales as orders still lacks, and nothing to any other."""

from __future__ import annotations

from pathlib import Path

from orchestration.doctor import _orders
from orchestration.operations import REMEDIES, Operations, PostingPolicy
from orchestration.settings import load

COMPANY = (
    "company_id,name,currency,ledger_kind,suspense_nominal_code,grace_hours,late_policy,tax_rounding_cap_pence,"
    "sales_posted_as\nDGS,Demo Gift Stores,GBP,sage200,9998,2,hold,5,{}\n"
)
STORES = (
    "company_id,store_id,store_code,name,zone,day_cutoff_minutes,currency,till_customer_reference,cost_centre,"
    "department,warehouse,valid_from,valid_to\n"
    "DGS,S01,S01,Leeds,Europe/London,0,GBP,TILL01,S01,,SHOP-S01,2010-01-01,\n"
    "DGS,S02,S02,York,Europe/London,0,GBP,TILL02,S02,,{},2010-01-01,\n"
    "DGS,S03,S03,Bath,Europe/London,0,GBP,TILL03,S03,,,2010-01-01,2010-12-31\n"
)


def described(home: Path, form: str, warehouse: str) -> None:
    folder = home / "mappings"
    folder.mkdir(exist_ok=True)
    (folder / "companies.csv").write_text(COMPANY.format(form), encoding="utf-8")
    (folder / "stores.csv").write_text(STORES.format(warehouse), encoding="utf-8")
    with Operations.open(load(home).operations) as operations:
        operations.import_mappings(folder, "Ann", "set-up")


def test_what_orders_need_is_told_until_it_is_there(tmp_path):
    told = tmp_path / "tillproof.toml"
    told.write_text('company_id = "DGS"\n', encoding="utf-8")
    described(tmp_path, "invoice", "")
    assert list(_orders(load(tmp_path))) == []
    described(tmp_path, "order", "")
    (finding,) = _orders(load(tmp_path))
    assert not finding.is_well
    assert finding.seen == (
        "sop_order_numbers of [sage200] is unset; the policy does not allow post_order; no warehouse is named for S02"
    )
    told.write_text('company_id = "DGS"\n[sage200]\nsop_order_numbers = "automatic"\n', encoding="utf-8")
    described(tmp_path, "order", "SHOP-S02")
    with Operations.open(load(tmp_path).operations) as operations:
        operations.set_posting_policy("DGS", PostingPolicy(remedies=frozenset(REMEDIES)), "Fay", "orders too")
    (finding,) = _orders(load(tmp_path))
    assert finding.is_well and finding.seen == "set up"
    (tmp_path / "mappings" / "store_grains.csv").write_text(
        "company_id,store_id,grain,valid_from,valid_to\nDGS,S02,store_day,2011-01-01,\n", encoding="utf-8"
    )
    described(tmp_path, "order", "SHOP-S02")
    (finding,) = _orders(load(tmp_path))
    assert finding.is_well and finding.seen == "set up; posted by day, so still as summaries: S02"
