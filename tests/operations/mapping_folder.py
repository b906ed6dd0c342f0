"""A folder of mapping files that is right, to be spoilt one cell at a time."""

from __future__ import annotations

from pathlib import Path

FILES = {
    "companies": (
        "company_id,name,currency,ledger_kind,"
        "suspense_nominal_code,grace_hours,late_policy,tax_rounding_cap_pence\n"
        "DGS,Demo Gift Stores,GBP,sage200,9998,24,original_date,50\n"
    ),
    "stores": (
        "company_id,store_id,store_code,name,zone,day_cutoff_minutes,currency,till_customer_reference,"
        "cost_centre,department,valid_from,valid_to\n"
        "DGS,S01,S01,High Street,Europe/London,0,GBP,TILL01,S01,,2010-01-01,\n"
        "DGS,S02,S02,Station,Europe/London,0,GBP,TILL02,S02,,2010-01-01,\n"
    ),
    "tax_mappings": (
        "company_id,till_tax_code,tax_code,required_rate,valid_from,valid_to\n"
        "DGS,S,3,17.5,2010-01-01,2011-01-03\n"
        "DGS,S,1,20,2011-01-04,\n"
    ),
    "writers_of_record": (
        "company_id,store_id,writer,valid_from,valid_to\n"
        "DGS,*,connector,2010-01-01,\n"
        "DGS,S02,tillproof,2011-02-01,2011-02-28\n"
    ),
    "cutovers": "company_id,store_id,cutover_date\nDGS,*,2010-12-01\n",
    "connector_patterns": (
        "company_id,connector,pattern,retry_window_hours,day_pattern\n"
        "DGS,CONNECTOR,^POS-(S[0-9]{2})-([0-9]+)(?:-([0-9]+))?$,6,^DAY-(S[0-9]{2})-([0-9]{8})()$\n"
    ),
}


def write_folder(folder: Path, **changed: str) -> Path:
    """The right files, with some replaced."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in {**FILES, **changed}.items():
        (folder / f"{name}.csv").write_text(text, encoding="utf-8")
    return folder
