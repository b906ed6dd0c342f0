"""Opening mappings for a home that decides: one company, two stores, VAT codes, and the connector posting."""

from __future__ import annotations

from pathlib import Path

from orchestration.operations import Operations

FILES = {
    "companies": "company_id,name,currency,ledger_kind,suspense_nominal_code,grace_hours,late_policy,"
    "tax_rounding_cap_pence\nDGS,Demo Gift Stores,GBP,sage200,9998,2,hold,5\n",
    "stores": "company_id,store_id,store_code,name,zone,day_cutoff_minutes,currency,till_customer_reference,"
    "cost_centre,department,valid_from,valid_to\n"
    "DGS,S01,S01,Leeds,Europe/London,0,GBP,TILL01,S01,,2010-01-01,\n"
    "DGS,S02,S02,=York,Europe/London,0,GBP,TILL02,S02,,2010-01-01,\n",
    "tax_mappings": "company_id,till_tax_code,tax_code,required_rate,valid_from,valid_to\nDGS,S,1,20,2011-01-04,\n",
    "writers_of_record": "company_id,store_id,writer,valid_from,valid_to\nDGS,*,connector,2010-01-01,\n",
}


def take_in(home: Path, folder: Path) -> None:
    """Into the home's operations store, and switch posting on."""
    folder.mkdir()
    for name, text in FILES.items():
        (folder / f"{name}.csv").write_text(text, encoding="utf-8")
    with Operations.open(home / "operations.sqlite") as operations:
        operations.import_mappings(folder, "Ann", "first import")
        operations.enable_posting("DGS", "Fay", "go live")
